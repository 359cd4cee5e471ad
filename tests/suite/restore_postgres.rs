//! A PostgreSQL store is put back from a copy by exactly the commands that `docs/backup.md` and the page Health give.

use std::path::Path;
use std::process::Command;

use alx_report_api::config::Secret;
use alx_report_api::schema::api_tokens;
use alx_report_api::time::now;
use diesel::prelude::*;

use crate::support::admin::Admin;
use crate::support::client::{ACME, Client, complete, two_companies};
use crate::support::store::TestStore;
use crate::support::{TestApp, say};

/// The command of the page about backups that begins so.
fn documented(beginning: &str) -> &'static str {
    let page = include_str!("../../docs/backup.md");
    let mut lines = page.lines().map(str::trim);
    let found = lines.find(|line| line.starts_with(beginning));
    found.expect("docs/backup.md has the command")
}

/// Types it into a shell, where the store's address is known.
fn typed(command: &str, store: &TestStore, folder: &Path) {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(folder);
    shell.env("ALX_DATABASE_URL", store.url().reveal());
    let output = shell.output().unwrap();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {wrong}");
}

/// Whatever was revoked since comes back with the copy, which the page says.
async fn revoke_all(app: &TestApp) {
    let revoke = |conn: &mut _| {
        let revoked = api_tokens::revoked_at.eq(now());
        diesel::update(api_tokens::table)
            .set(revoked)
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(revoke).await.unwrap();
}

#[actix_web::test]
async fn a_postgresql_store_that_is_put_back_serves_the_rows_of_the_copy() {
    if std::env::var("ALX_TEST_DATABASE_URL").is_err() {
        say("NOT RUN: pg_dump and pg_restore need ALX_TEST_DATABASE_URL (a PostgreSQL server)");
        return;
    }
    let (store, folder) = (TestStore::create(), tempfile::tempdir().unwrap());
    let (dump, restore) = (documented("pg_dump"), documented("pg_restore"));
    let app = TestApp::start(two_companies, |config| {
        config.database_url = Some(store.url());
    })
    .await;
    let key = std::fs::read_to_string(app.folder.path().join("secret.key")).unwrap();
    let client = Client::new(&app, ACME, "read,changes,sync").await;
    client.sync().await;
    let before = client.get("/api/v1/progress").await;

    typed(dump, &store, folder.path());
    complete(&app, 17, "Fire safety");
    client.sync().await;
    let after = client.get("/api/v1/progress").await;
    let cursor = client.get("/api/v1/changes").await.json()["next_cursor"].clone();
    let health = Admin::signed_in(&app).await.get("/health").await;
    revoke_all(&app).await;
    drop(app);
    typed(restore, &store, folder.path());
    let app = TestApp::start(
        |_| {},
        |config| {
            config.database_url = Some(store.url());
            config.secret_key = Some(Secret::new(key.trim().to_owned()));
        },
    )
    .await;

    let client = client.at(&app);
    let restored = client.get("/api/v1/progress").await;
    assert_eq!(restored.status, 200, "{}", restored.body);
    assert_eq!(restored.json()["items"], before.json()["items"]);
    assert_ne!(restored.json()["items"], after.json()["items"]);
    let cursor = cursor.as_str().unwrap();
    let gone = client
        .get(&format!("/api/v1/changes?cursor={cursor}"))
        .await;
    assert_eq!(gone.status, 410, "{}", gone.body);
    assert!(gone.body.contains("store-restored"), "{}", gone.body);
    assert!(health.says(dump) && health.says(restore));
    assert!(health.says("tokens that were revoked and admins who were shut out since"));
}
