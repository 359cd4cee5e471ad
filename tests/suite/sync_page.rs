//! Run Manual Sync: how things stand, and a form for each kind of sync.

use alx_report_api::schema::{admins, sync_runs};
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::acme::synced_app;
use crate::support::admin::{Admin, Answer};
use crate::support::client::two_companies;

/// The part of the page that is about one kind of sync.
fn form(page: &Answer, mode: &str) -> String {
    page.between(&format!("<h2 id=\"{mode}\">"), "</section>")
}

#[actix_web::test]
async fn the_page_shows_how_things_stand_and_three_forms() {
    let (_app, admin) = synced_app().await;

    let page = admin.get("/sync").await;

    assert!(
        page.says("<dt>Total records</dt><dd>6</dd>"),
        "{}",
        page.body
    );
    assert!(page.says("<dt>Companies</dt><dd>1</dd>") && page.says("0 running, 0 waiting"));
    let status = page.between("Last successful sync", "</dd>");
    assert!(status.contains("<time datetime="), "{status}");
    for (mode, title) in [
        ("changes", "Sync Recent Changes"),
        ("full", "Full Company Sync"),
        ("cleanup", "Cleanup Orphaned Records"),
    ] {
        let form = form(&page, mode);
        assert!(
            form.contains(title) && form.contains(&format!("name=\"mode\" value=\"{mode}\"")),
            "{form}"
        );
        assert!(
            form.contains("name=\"dry_run\"") && form.contains("It cannot")
                || form.contains("Recent changes miss"),
            "{form}"
        );
        assert_eq!(form.contains("name=\"hours_back\""), mode == "changes");
    }
    assert!(
        form(&page, "full").contains("Last time</a>: "),
        "{}",
        form(&page, "full")
    );
    assert!(form(&page, "cleanup").contains("It has not run yet"));
}

#[actix_web::test]
async fn the_last_successful_sync_is_the_one_that_ended_last_though_all_were_asked_for_at_once() {
    let app = TestApp::with_moodle(two_companies).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    let (acme, other) = (admin.sync(42, "full").await, admin.sync(7, "full").await);
    for run in [&acme, &other] {
        admin.get(run).await; // waits for its end
    }

    for (first, last) in [(&acme, &other), (&other, &acme)] {
        end_at(&app, first, 1_000_000_060_000).await;
        end_at(&app, last, 1_000_000_120_000).await;
        let page = admin.get("/sync").await;

        let status = page.between("Last successful sync", "</dd>");
        assert!(status.contains(&format!("href=\"{last}\"")), "{status}");
        assert!(status.contains("2001-09-09T01:48:40"), "{status}");
    }
}

/// Lets a run have been asked for at one moment with all others, and have ended at another.
async fn end_at(app: &TestApp, run: &str, at_ms: i64) {
    let id = run.rsplit_once('/').unwrap().1.to_owned();
    let change = app.app.db.change(move |conn| {
        let values = (
            sync_runs::requested_at_ms.eq(1_000_000_000_000_i64),
            sync_runs::finished_at_ms.eq(at_ms),
        );
        let run = sync_runs::table.filter(sync_runs::id.eq(&id));
        Ok(diesel::update(run).set(values).execute(conn)?)
    });
    assert_eq!(change.await.unwrap(), 1);
}

#[actix_web::test]
async fn a_wish_is_filled_into_its_own_form_and_a_mistake_stands_there() {
    let (_app, admin) = synced_app().await;

    let page = admin
        .get("/sync?company=42&mode=cleanup&dry_run=true")
        .await;
    let wrong = admin.get("/sync/confirm?company=&mode=full").await;
    let none = admin.get("/sync/confirm?company=42").await;

    assert!(
        form(&page, "cleanup").contains("value=\"42\" selected")
            && form(&page, "cleanup").contains(" checked")
    );
    assert!(!form(&page, "full").contains(" checked"));
    assert_eq!((wrong.status, none.status), (422, 422));
    assert!(
        form(&wrong, "full").contains("Choose a company.")
            && !form(&wrong, "changes").contains("Choose a company.")
    );
    assert!(wrong.says("<title>Error: Run Manual Sync"));
    assert!(none.says("Choose what to read."));
}

#[actix_web::test]
async fn a_company_manager_syncs_their_own_company_only() {
    let app = TestApp::with_moodle(two_companies).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    admin.sync(7, "full").await;
    let change = app.app.db.change(|conn| {
        let values = (
            admins::role.eq("company_manager"),
            admins::company_id.eq(42),
        );
        Ok(diesel::update(admins::table).set(values).execute(conn)?)
    });
    change.await.unwrap();

    let page = admin.get("/sync").await;

    assert!(
        page.says("Acme") && !page.says("Other") && !page.says("All companies"),
        "{}",
        page.body
    );
    assert!(page.says("<dt>Total records</dt><dd>0</dd>") && page.says("<dd>never</dd>"));
    assert_eq!(
        admin.get("/sync/confirm?company=7&mode=full").await.status,
        404
    );
    assert_eq!(
        admin
            .get("/sync/confirm?company=all&mode=full")
            .await
            .status,
        303
    );
    let other = [("company", "7"), ("mode", "full"), ("key", "k")];
    assert_eq!(admin.post("/sync", &other).await.status, 404);
    admin.sync(42, "full").await;
    let history = admin.get("/sync/history").await;
    assert!(
        history.says("1 run on this page") && !history.says("Other"),
        "{}",
        history.body
    );
    assert_eq!(admin.get("/sync/history?company=7").await.status, 404);
    let file = admin.get("/sync/history/export.csv").await;
    assert!(
        file.body.contains("Acme") && !file.body.contains("Other"),
        "{}",
        file.body
    );
    assert_eq!(
        admin.get("/sync/history/export.csv?company=7").await.status,
        404
    );
}
