//! Saved views: an admin's own names for what they look at again and again.

use alx_report_api::admins;
use alx_report_api::time::now;

use crate::support::TestApp;
use crate::support::acme::synced_app;
use crate::support::admin::{Admin, PASSWORD};

const VIEWS: &str = "/companies/42/views";

async fn save(admin: &Admin, name: &str, query: &str) -> u16 {
    admin
        .post(VIEWS, &[("name", name), ("query", query)])
        .await
        .status
}

async fn another(app: &TestApp) -> Admin {
    let made = app
        .app
        .db
        .change(|conn| admins::create(conn, "ada@example.com", PASSWORD, now()));
    made.await.unwrap();
    let mut other = Admin::stranger(app);
    assert_eq!(other.sign_in("ada@example.com", PASSWORD).await.status, 303);
    other
}

#[actix_web::test]
async fn a_view_keeps_filters_order_and_columns_and_leads_back_to_them() {
    let (_app, admin) = synced_app().await;
    let query = "status=completed&sort=changed&order=down&column=course&page=3&evil=1";

    let saved = admin
        .post(VIEWS, &[("name", "  Done lately "), ("query", query)])
        .await;
    let list = admin.get(VIEWS).await;
    let company = admin.get("/companies/42").await;
    let link = company.between("<ul class=\"chips\" aria-label=\"Saved views\">", "</ul>");
    let address = link
        .split("href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let address = address.replace("&#38;", "&").replace("&amp;", "&");

    assert_eq!((saved.status, saved.location()), (303, VIEWS));
    assert!(
        list.says("The view is saved.") && list.says("1 of 50 are in use."),
        "{}",
        list.body
    );
    assert!(link.contains("<bdi>Done lately</bdi>"), "{link}");
    assert_eq!(
        address,
        "/companies/42?status=completed&sort=changed&order=down&column=course#list"
    );
    let shown = admin.get(address.split('#').next().unwrap()).await;
    assert!(
        shown.says("1–1 of 1 row, filtered from 6."),
        "{}",
        shown.body
    );
}

#[actix_web::test]
async fn a_hostile_name_is_text_and_a_bad_one_is_refused_with_what_was_typed() {
    let (_app, admin) = synced_app().await;
    let hostile = "<script>alert(1)</script> ' \" \u{202e}";

    assert_eq!(save(&admin, hostile, "").await, 303);
    let list = admin.get(VIEWS).await;
    let long = "x".repeat(81);
    let refused = admin
        .post(VIEWS, &[("name", &long), ("query", "status=completed")])
        .await;

    assert!(!list.body.contains("<script>alert"), "{}", list.body);
    assert!(list.body.contains("alert(1)"));
    assert_eq!(refused.status, 422);
    assert!(
        refused.says("Use at most 80 letters.") && refused.body.contains(&long),
        "{}",
        refused.body
    );
    assert!(
        refused
            .body
            .contains("name=\"query\" value=\"status=completed\"")
    );
    assert_eq!(save(&admin, "   ", "").await, 422);
    assert_eq!(save(&admin, hostile, "").await, 422, "the name is taken");
    assert_eq!(save(&admin, "odd", "status=nonsense").await, 400);
    assert_eq!(save(&admin, "odd", "column=password").await, 400);
}

#[actix_web::test]
async fn views_are_renamed_and_deleted_and_there_are_fifty_at_most() {
    let (_app, admin) = synced_app().await;
    for number in 1..=50 {
        assert_eq!(save(&admin, &format!("View {number:02}"), "").await, 303);
    }

    let full = admin.post(VIEWS, &[("name", "One more")]).await;
    let id = admin.get(VIEWS).await.between(
        "<form class=\"filters\" method=\"post\" action=\"/companies/42/views/",
        "\"",
    );
    let one = format!("{VIEWS}/{id}");
    let taken = admin.post(&one, &[("name", "View 50")]).await;
    let same = admin.post(&one, &[("name", "View 01")]).await;
    let renamed = admin.post(&one, &[("name", "Another")]).await;
    let list = admin.get(VIEWS).await;
    let deleted = admin.post(&format!("{one}/delete"), &[]).await;
    let again = admin.post(&format!("{one}/delete"), &[]).await;

    assert_eq!(full.status, 422);
    assert!(
        full.says("There are 50 views already: delete one first."),
        "{}",
        full.body
    );
    assert_eq!((taken.status, same.status, renamed.status), (422, 303, 303));
    assert!(
        taken.says("There is a view of that name already."),
        "{}",
        taken.body
    );
    assert!(
        list.says("The view has its new name.")
            && list.says("<bdi>Another</bdi>")
            && !list.says("<bdi>View 01</bdi>")
    );
    assert_eq!((deleted.status, again.status), (303, 404));
    assert_eq!(save(&admin, "One more", "").await, 303);
}

#[actix_web::test]
async fn views_are_nobody_elses_and_of_one_company() {
    let (app, admin) = synced_app().await;
    let other = another(&app).await;
    assert_eq!(save(&admin, "Mine", "").await, 303);
    let id = admin.get(VIEWS).await.between(
        "<form class=\"filters\" method=\"post\" action=\"/companies/42/views/",
        "\"",
    );

    let seen = other.get("/companies/42").await;
    let renamed = other
        .post(&format!("{VIEWS}/{id}"), &[("name", "Yours")])
        .await;
    let deleted = other.post(&format!("{VIEWS}/{id}/delete"), &[]).await;
    let elsewhere = admin
        .post(&format!("/companies/7/views/{id}/delete"), &[])
        .await;
    let nowhere = admin.post("/companies/4711/views", &[("name", "x")]).await;

    assert!(!seen.says("Mine"), "{}", seen.body);
    assert_eq!(
        (
            renamed.status,
            deleted.status,
            elsewhere.status,
            nowhere.status
        ),
        (404, 404, 404, 404)
    );
    assert_eq!(
        save(&other, "Mine", "").await,
        303,
        "names are taken by oneself only"
    );
    assert!(admin.get(VIEWS).await.says("<bdi>Mine</bdi>"));
}
