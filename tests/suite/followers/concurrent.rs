//! Syncs and followers at the same time: nothing is passed by.

use alx_report_api::fields::Fields;
use serde_json::{Value, json};

use super::apply;
use super::world::{Dice, Held, World};
use crate::support::TestApp;
use crate::support::client::{ACME, Client, two_companies};

/// Follows the changes until it has seen this version.
async fn follow(
    client: Client,
    limit: u64,
    last: std::sync::Arc<std::sync::atomic::AtomicI64>,
) -> Held {
    use std::sync::atomic::Ordering::SeqCst;
    let (mut held, mut cursor, mut seen) = (Held::new(), String::new(), -1);
    loop {
        let reply = client
            .get(&format!("/api/v1/changes?limit={limit}{cursor}"))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let page = reply.json();
        let version = page["as_of"]["version"].as_i64().expect("a version");
        assert!(version >= seen, "a reader never goes back");
        seen = version;
        for item in page["items"].as_array().expect("items") {
            apply(&mut held, item);
        }
        cursor = format!(
            "&cursor={}",
            page["next_cursor"].as_str().expect("a cursor")
        );
        let end = last.load(SeqCst);
        if page["has_more"] == Value::Bool(false) && end >= 0 && seen >= end {
            return held;
        }
    }
}

#[actix_web::test]
async fn followers_miss_nothing_while_syncs_publish() {
    use std::sync::atomic::Ordering::SeqCst;
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "changes").await;
    app.deliver(ACME, json!({"calls_per_token": 0})).await;
    let last = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(-1));
    let followers: Vec<_> = [1, 3, 50]
        .map(|limit| actix_web::rt::spawn(follow(acme.clone(), limit, last.clone())))
        .into();
    let mut writers = Vec::new();
    for seed in 1..=3 {
        let db = app.app.db.clone();
        writers.push(actix_web::rt::task::spawn_blocking(move || {
            let mut dice = Dice::new(seed);
            for _ in 0..40 {
                let luck = dice.roll(1 << 40);
                let sync = |conn: &mut _| World::new(ACME).sync(conn, &mut Dice::new(luck));
                db.write(sync).expect("it publishes");
            }
        }));
    }

    for writer in writers {
        writer.await.expect("no panic");
    }
    let (truth, version) = app
        .app
        .db
        .run(|conn| {
            let state = alx_report_api::companies::store::state(conn, ACME)?;
            Ok((World::new(ACME).truth(conn, Fields::all())?, state.seq))
        })
        .await
        .expect("rows");
    last.store(version, SeqCst);

    for follower in followers {
        assert_eq!(follower.await.expect("no panic"), truth);
    }
}
