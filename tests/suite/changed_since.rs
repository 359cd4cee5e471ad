//! Asking for what changed since the last look: no change is missed, whatever came between and whatever the clocks say.

use alx_report_api::schema::company_state;
use diesel::prelude::*;
use serde_json::Value;

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::{ACME, Client, complete, synced};

/// 2100-01-01 00:00:00 UTC.
const FAR_AHEAD: i64 = 4_102_444_800;

/// The moment that a look is to be passed next time.
async fn look(acme: &Client) -> String {
    let page = acme.get("/api/v1/progress?limit=1").await.json();
    let moment = page["as_of"]["changed_at"].as_str();
    moment.unwrap_or_else(|| panic!("{page}")).to_owned()
}

/// Who changed since a look, each once.
async fn since(acme: &Client, look: &str) -> Vec<Value> {
    let path = format!("/api/v1/progress?state=any&changed_since={look}");
    let mut people = acme.get(&path).await.each("userid");
    people.dedup();
    people
}

/// The clock of the server was far ahead when the company changed last.
async fn set_clock_ahead(app: &TestApp) {
    let ahead = |conn: &mut _| {
        diesel::update(company_state::table.find(ACME))
            .set(company_state::changed_at.eq(FAR_AHEAD))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(ahead).await.expect("a state");
}

#[actix_web::test]
async fn whatever_is_published_after_a_look_bears_a_later_moment_than_it() {
    let (app, acme) = synced().await;
    let admin = Admin::signed_in(&app).await;
    let first = look(&acme).await;

    complete(&app, 17, "Fire safety");
    let run = acme.sync().await["id"].as_str().expect("an id").to_owned();
    let second = look(&acme).await;
    let of_a_sync = since(&acme, &second).await;
    let undo = admin.post(&format!("/sync/runs/{run}/undo"), &[]).await;
    admin.get(undo.location()).await;
    let third = look(&acme).await;
    let of_an_undo = since(&acme, &third).await;
    admin.post("/people/18/erase", &[]).await;
    let fourth = look(&acme).await;
    let of_an_erasure = since(&acme, &fourth).await;
    acme.sync().await;

    assert!(first < second && second < third && third < fourth);
    assert_eq!(since(&acme, &first).await, [17, 18, 21], "its own version");
    assert_eq!((of_a_sync, of_an_undo), (vec![17.into()], vec![17.into()]));
    assert_eq!(of_an_erasure, [18]);
    assert_eq!(
        since(&acme, &fourth).await,
        [17, 18],
        "the sync read 17 again"
    );
}

#[actix_web::test]
async fn a_clock_that_was_set_back_hides_no_change() {
    let (app, acme) = synced().await;
    set_clock_ahead(&app).await;
    let before = look(&acme).await;
    let latest = "/odata/v4/Progress?$orderby=ChangedAt desc&$top=1&$select=UserId,ChangedAt";

    complete(&app, 17, "Fire safety");
    acme.sync().await;

    assert_eq!(since(&acme, &before).await, [17]);
    assert!(look(&acme).await > before);
    let row = acme.get(latest).await.json()["value"][0].clone();
    assert_eq!(row["UserId"], 17);
    assert!(row["ChangedAt"].as_str() > Some(before.as_str()), "{row}");
}

#[actix_web::test]
async fn a_moodle_whose_clock_is_ahead_hides_no_change() {
    let (app, acme) = synced().await;
    let ahead = |conn: &mut _| {
        diesel::update(company_state::table.find(ACME))
            .set(company_state::synced_at.eq(FAR_AHEAD))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(ahead).await.expect("a state");

    complete(&app, 17, "Fire safety");
    acme.sync().await;

    assert_eq!(since(&acme, "2100-01-01T00:00:00Z").await, [17]);
}
