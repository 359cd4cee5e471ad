//! The audit log as admins read it.

use alx_report_api::audit;
use alx_report_api::db::Conn;
use alx_report_api::error::Result;
use alx_report_api::schema::login_failures;
use diesel::prelude::*;
use serde_json::json;

use crate::alerts::set;
use crate::support::TestApp;
use crate::support::acme::acme;
use crate::support::admin::{Admin, EMAIL};
use crate::support::client::ACME;

async fn with_entries() -> (TestApp, Admin) {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    app.deliver(ACME, json!({"calls_per_token": 7})).await;
    admin.post("/companies/42/cache/clear", &[]).await;
    (app, admin)
}

#[actix_web::test]
async fn the_log_says_who_did_what_with_before_and_after() {
    let (_app, admin) = with_entries().await;

    let page = admin.get("/audit").await;

    for said in [
        "Signed in",
        "Cache cleared",
        "Delivery settings changed",
        EMAIL,
        "Acme",
    ] {
        assert!(page.says(said), "{said}: {}", page.body);
    }
    let newest = page.body.find("<td>Cache cleared").unwrap();
    assert!(newest < page.body.find("<td>Signed in").unwrap());
}

#[actix_web::test]
async fn the_log_names_facts_and_settings_in_the_language_of_the_reader() {
    let (app, admin) = with_entries().await;
    set(
        &app,
        &[("alerts_threshold", "high"), ("rule_no_sync_hours", "30")],
    )
    .await;
    let fields = [("zone", "UTC"), ("language", "de"), ("theme", "system")];
    admin.post("/account/preferences", &fields).await;

    let page = admin.get("/audit").await;

    for said in [
        "Adresse: ",
        "Aufrufe je Token: ",
        "Lange nicht abgeglichen: Hoch nach: <del><bdi>26</bdi></del>",
        "Benachrichtigen ab diesem Schweregrad: <del><bdi>mittel</bdi></del>",
        "<ins><bdi>hoch</bdi></ins>",
    ] {
        assert!(page.says(said), "{said}: {}", page.body);
    }
}

#[actix_web::test]
async fn the_filter_of_a_downloaded_file_is_named_in_the_language_of_the_reader() {
    let (_app, admin) = with_entries().await;
    let fields = [("zone", "UTC"), ("language", "es"), ("theme", "system")];
    admin.post("/account/preferences", &fields).await;
    let file = "/audit/export.csv?who=ada&from=2020-01-01";
    assert_eq!(admin.get(file).await.status, 200);

    let page = admin.get("/audit").await;

    for said in [
        "quién: <span",
        "<ins><bdi>(un texto)</bdi></ins>",
        "desde: <span",
        "<ins><bdi>2020-01-01</bdi></ins>",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
}

#[actix_web::test]
async fn the_log_is_filtered_by_who_what_company_and_day() {
    let (_app, admin) = with_entries().await;

    for (query, kept, left_out) in [
        (
            "who=test",
            "<td>Delivery settings changed",
            "<td>Cache cleared",
        ),
        ("action=cache_cleared", "<td>Cache cleared", "<td>Signed in"),
        ("company=42", "<td>Cache cleared", "<td>Signed in"),
        ("from=2020-01-01", "<td>Signed in", "No entry matches"),
        ("to=2020-01-01", "No entry matches", "<td>Signed in"),
    ] {
        let page = admin.get(&format!("/audit?{query}")).await;
        assert!(page.body.contains(kept), "{query}: {}", page.body);
        assert!(!page.body.contains(left_out), "{query}");
        let file = admin.get(&format!("/audit/export.csv?{query}")).await;
        assert_eq!(file.status, 200);
        assert_eq!(
            file.body.contains("Signed in"),
            page.body.contains("<td>Signed in"),
            "{query}"
        );
    }
    assert_eq!(admin.get("/audit?from=yesterday").await.status, 400);
}

#[actix_web::test]
async fn a_day_of_the_log_is_the_readers() {
    let (app, admin) = with_entries().await;
    let midday = alx_report_api::time::now() / 86_400 * 86_400 + 43_200;
    let moved = app.app.db.change(move |conn| {
        use alx_report_api::schema::audit_log;
        use diesel::prelude::*;
        let entry = audit_log::table.filter(audit_log::action.eq("cache_cleared"));
        diesel::update(entry)
            .set(audit_log::at_ms.eq(midday * 1000))
            .execute(conn)?;
        Ok(())
    });
    moved.await.unwrap();
    let day = chrono::DateTime::from_timestamp(midday, 0)
        .unwrap()
        .date_naive();
    let next = day.succ_opt().unwrap();
    let address = |day| format!("/audit?action=cache_cleared&from={day}&to={day}");

    let utc = [
        admin.get(&address(day)).await,
        admin.get(&address(next)).await,
    ];
    let far = [
        ("zone", "Pacific/Kiritimati"),
        ("language", "en"),
        ("theme", "dark"),
    ];
    admin.post("/account/preferences", &far).await;
    let kiritimati = [
        admin.get(&address(day)).await,
        admin.get(&address(next)).await,
    ];
    let file = admin
        .get(&address(next).replace("/audit?", "/audit/export.csv?"))
        .await;

    let holds = |page: &crate::support::admin::Answer| page.body.contains("<td>Cache cleared");
    assert_eq!(utc.each_ref().map(holds), [true, false]);
    assert_eq!(
        kiritimati.each_ref().map(holds),
        [false, true],
        "it is 14 hours ahead"
    );
    assert!(file.body.contains("Cache cleared"), "{}", file.body);
    assert!(
        kiritimati[0].says("Days begin at midnight in Pacific/Kiritimati; both days count."),
        "{}",
        kiritimati[0].body
    );
}

#[actix_web::test]
async fn a_long_log_has_pages_without_gaps() {
    let (_app, admin) = with_entries().await;
    for _ in 0..60 {
        admin.post("/companies/42/cache/clear", &[]).await;
    }

    let first = admin.get("/audit?action=cache_cleared").await;
    let older = first.between("rel=\"next\" href=\"", "\"");
    let second = admin
        .get(&older.replace("&#38;", "&").replace("&amp;", "&"))
        .await;

    let lines = |page: &str| page.matches("<td>Cache cleared").count();
    assert_eq!((lines(&first.body), lines(&second.body)), (50, 11));
    assert!(first.says("50 entries on this page, newest first"));
    assert!(second.says("11 entries on this page, newest first"));
}

#[actix_web::test]
async fn failed_sign_ins_are_written_as_typed_and_never_fill_the_store() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let stranger = Admin::stranger(&app);
    let long = format!("Somebody\u{7} {}@example.com", "x".repeat(300));
    let guess = async |email: &str, from: &str| {
        let fields = [("email", email), ("password", "a wrong password")];
        let headers = [("x-forwarded-for", from)];
        stranger.post_with("/sign-in", "", &fields, &headers).await
    };

    guess("Ada@Example.com", "203.0.113.5").await;
    guess(&long, "203.0.113.5").await;
    let first = admin.get("/audit?action=sign_in_failed").await;

    assert!(first.says("<td>Sign-in failed</td>") && first.says("not signed in"));
    assert!(
        first.says("<bdi>Ada@Example.com</bdi>") && first.says("203.0.113.5"),
        "{}",
        first.body
    );
    let cut = format!("<bdi>Somebody {}</bdi>", "x".repeat(91));
    assert!(first.says(&cut), "{}", first.body);
    assert!(!first.body.contains("a wrong password"));
    for _ in 0..30 {
        guess("bob@example.com", "203.0.113.6").await;
        app.app.db.change(forget_failures).await.unwrap();
    }
    let of_bob = |conn: &mut _| audit::count_of(conn, "sign_in_failed", "bob@example.com", 0);
    assert_eq!(app.app.db.run(of_bob).await.unwrap(), 25);
    let newest = admin.get("/audit?action=sign_in_failed").await;
    assert!(
        newest.says("Further ones of this hour are not written down."),
        "{}",
        newest.body
    );
    let fields = [("zone", "UTC"), ("language", "de"), ("theme", "system")];
    admin.post("/account/preferences", &fields).await;
    let german = admin.get("/audit?action=sign_in_failed").await;
    assert!(
        german.says("Weitere dieser Stunde werden nicht aufgezeichnet."),
        "{}",
        german.body
    );
}

fn forget_failures(conn: &mut Conn) -> Result<usize> {
    Ok(diesel::delete(login_failures::table).execute(conn)?)
}

#[actix_web::test]
async fn nobody_can_hide_a_failed_sign_in_behind_a_hundred_others() {
    let app = TestApp::without_moodle().await;
    let stranger = Admin::stranger(&app);
    let guess = async |email: &str, from: &str| {
        let fields = [("email", email), ("password", "a wrong password")];
        let headers = [("x-forwarded-for", from)];
        stranger.post_with("/sign-in", "", &fields, &headers).await
    };
    for number in 0..105 {
        let email = format!("{number}{}@example.com", "x".repeat(300));
        let from = format!("203.0.113.{}", number / 15 + 10);
        assert_eq!(guess(&email, &from).await.status, 403, "{number}");
    }

    guess("grace@example.com", "203.0.113.99").await;

    let of_grace = |conn: &mut _| audit::count_of(conn, "sign_in_failed", "grace@example.com", 0);
    assert_eq!(app.app.db.run(of_grace).await.unwrap(), 1);
}

#[actix_web::test]
async fn who_took_which_file_with_which_filter_is_written_without_the_names_that_were_searched() {
    let (app, admin) = with_entries().await;
    admin.synced(42, "full").await;

    for address in [
        "/companies/42/progress/export.csv?status=completed&search=Lovelace",
        "/companies/42/people/export.xlsx",
        "/companies/42/people/101/export.ndjson",
        "/changes/export.csv",
    ] {
        assert_eq!(admin.begin(address).await.status(), 200, "{address}");
    }
    admin.head("/companies/42/courses/export.csv").await;
    let page = admin.get("/audit?action=file_downloaded").await;

    assert_eq!(
        page.body.matches("<td>File downloaded</td>").count(),
        4,
        "{}",
        page.body
    );
    let oldest = page
        .body
        .rsplit("<td>File downloaded</td>")
        .next()
        .unwrap()
        .to_owned();
    assert!(
        oldest.contains("<bdi>completed</bdi>") && oldest.contains("<bdi>csv</bdi>"),
        "{oldest}"
    );
    assert!(
        oldest.contains("search: ") && !page.body.contains("Lovelace"),
        "{oldest}"
    );
    assert!(
        page.says("<bdi>Person Acme 42 101</bdi>") && page.says(EMAIL),
        "{}",
        page.body
    );
    drop(app);
}
