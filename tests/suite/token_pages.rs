//! Tokens on their pages: made for a purpose, rotated without a gap, and never forgotten before they end.

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::{CompanyId, TokenId};
use alx_report_api::schema::{api_tokens, audit_log};
use alx_report_api::time::now;
use diesel::prelude::*;
use serde_json::Value;

use crate::support::TestApp;
use crate::support::acme::synced_app;
use crate::support::admin::{Admin, Answer, EMAIL};
use crate::support::client::{ACME, Client};

const DAY: i64 = 86_400;

/// Sends the form; a page that shows a token gives its text.
async fn create(admin: &Admin, fields: &[(&str, &str)]) -> Answer {
    admin.post("/companies/42/tokens", fields).await
}

fn shown(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.between("id=\"token\">", "<")
}

async fn rotate(admin: &Admin, token: i64, hours: &str) -> Answer {
    let path = format!("/companies/42/tokens/{token}/rotate");
    admin.post(&path, &[("overlap_hours", hours)]).await
}

async fn set_end(app: &TestApp, token: i64, created_at: i64, expires_at: i64) {
    let set = app.app.db.change(move |conn| {
        diesel::update(api_tokens::table.find(token))
            .set((
                api_tokens::created_at.eq(created_at),
                api_tokens::expires_at.eq(expires_at),
            ))
            .execute(conn)?;
        Ok(())
    });
    set.await.unwrap();
}

/// Id, end, and whose place it takes, of each token, oldest first.
async fn tokens(app: &TestApp) -> Vec<(i64, Option<i64>, Option<i64>)> {
    let read = app.app.db.run(|conn| {
        let all = api_tokens::table.order(api_tokens::id);
        let all = all.select((api_tokens::id, api_tokens::expires_at, api_tokens::replaces));
        Ok(all.load(conn)?)
    });
    read.await.unwrap()
}

async fn audited(app: &TestApp) -> Vec<(String, String, Option<String>)> {
    let read = app.app.db.run(|conn| {
        let about = audit_log::table
            .filter(audit_log::action.like("token%"))
            .order(audit_log::id);
        let about = about.select((audit_log::action, audit_log::actor, audit_log::after));
        Ok(about.load(conn)?)
    });
    read.await.unwrap()
}

#[actix_web::test]
async fn a_token_may_what_the_form_says_and_no_more() {
    let (app, admin) = synced_app().await;
    let fields = [
        ("name", "Power BI"),
        ("read", "on"),
        ("days", "90"),
        ("fields", "some"),
        ("field", "userid"),
        ("field", "status"),
        ("networks", "127.0.0.0/8, ::1"),
    ];

    let client = Client::with_token(&app, &shown(&create(&admin, &fields).await));
    let row = client.get("/api/v1/progress?limit=1").await.json()["items"][0].clone();
    let page = admin.get("/companies/42/tokens/1").await;

    assert!(
        row.get("status").is_some() && row.get("email").is_none(),
        "{row}"
    );
    for said in [
        "Completion status <code>status</code>",
        "127.0.0.0/8,::1",
        "<dd>read</dd>",
        "1 of 100 calls",
        "99 left",
    ] {
        assert!(page.says(said), "{said}: {}", page.body);
    }
    assert!(!page.says("<code>email</code>"), "{}", page.body);
    let (id, end, _) = tokens(&app).await[0];
    assert!(id == 1 && end.is_some_and(|end| (end - now() - 90 * DAY).abs() < 60));
    let log = audited(&app).await;
    assert_eq!(
        (log[0].0.as_str(), log[0].1.as_str()),
        ("token_created", EMAIL)
    );
    let after: Value = serde_json::from_str(log[0].2.as_deref().unwrap()).unwrap();
    assert_eq!(after["networks"], "127.0.0.0/8,::1");
    assert!(!log[0].2.as_deref().unwrap().contains(&client.token));
}

#[actix_web::test]
async fn a_token_from_elsewhere_is_refused_and_its_page_shows_the_call() {
    let (app, admin) = synced_app().await;
    let fields = [("name", "bi"), ("read", "on"), ("networks", "203.0.113.7")];
    let client = Client::with_token(&app, &shown(&create(&admin, &fields).await));

    let refused = client.get("/api/v1/progress").await;
    app.write_down().await;
    let page = admin.get("/companies/42/tokens/1").await;

    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(page.says("failed\">403</span>"), "{}", page.body);
    assert!(page.says("0 of 100 calls"), "a refused call costs nothing");
}

#[actix_web::test]
async fn every_mistake_keeps_what_was_typed_and_names_its_field() {
    let (app, admin) = synced_app().await;
    let fields = [
        ("name", "<b>bi</b>"),
        ("fields", "some"),
        ("networks", "10.0.0.0/8 <script>"),
        ("days", "date"),
        ("until", "2020-01-01"),
    ];

    let answer = create(&admin, &fields).await;

    assert_eq!(answer.status, 422);
    for said in [
        "<title>Error: API tokens",
        "value=\"&#60;b&#62;bi&#60;/b&#62;\"",
        "Tick at least one thing that it may.",
        "Tick at least one field.",
        "“&#60;script&#62;” is no address and no network",
        "Give a day from today on",
        "value=\"2020-01-01\"",
        "<details open>",
    ] {
        assert!(answer.says(said), "{said}: {}", answer.body);
    }
    assert!(!answer.body.contains("<script"));
    assert!(tokens(&app).await.is_empty());
}

#[actix_web::test]
async fn unticked_fields_without_their_choice_make_no_token() {
    let (app, admin) = synced_app().await;
    let fields = [
        ("name", "bi"),
        ("read", "on"),
        ("fields", "all"),
        ("field", "status"),
    ];

    let answer = create(&admin, &fields).await;

    assert_eq!(answer.status, 422);
    assert!(
        answer.says("Fields are unticked, but not chosen."),
        "{}",
        answer.body
    );
    assert!(tokens(&app).await.is_empty());
}

#[actix_web::test]
async fn forms_sent_at_once_leave_one_token() {
    let (app, admin) = synced_app().await;
    let fields = [("name", "bi"), ("read", "on")];

    let sent = (0..8).map(|_| create(&admin, &fields));
    let answers = futures_util::future::join_all(sent).await;

    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((made, tokens(&app).await.len()), (1, 1));

    let sent = (0..8).map(|_| rotate(&admin, 1, "24"));
    let answers = futures_util::future::join_all(sent).await;

    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((made, tokens(&app).await.len()), (1, 2));
    let refused = answers.iter().find(|answer| answer.status != 200).unwrap();
    assert!(refused.status == 409 && refused.says("This token was rotated already"));
}

#[actix_web::test]
async fn a_rotated_token_opens_beside_its_successor_until_the_overlap_ends() {
    let (app, admin) = synced_app().await;
    let fields = [
        ("name", "bi"),
        ("read", "on"),
        ("sync", "on"),
        ("fields", "some"),
        ("field", "status"),
        ("networks", "127.0.0.1"),
        ("days", "90"),
    ];
    let old = Client::with_token(&app, &shown(&create(&admin, &fields).await));
    set_end(&app, 1, now() - 80 * DAY, now() + 10 * DAY).await;

    let asked = admin.get("/companies/42/tokens/1/rotate").await;
    let answer = rotate(&admin, 1, "24").await;
    let new = Client::with_token(&app, &shown(&answer));

    assert!(asked.says("shown once") && asked.says("read sync") && asked.says("value=\"24\""));
    assert!(answer.says("Token rotated") && answer.says("takes the place of"));
    for client in [&old, &new] {
        let row = client.get("/api/v1/progress?limit=1").await.json()["items"][0].clone();
        assert!(
            row.get("status").is_some() && row.get("email").is_none(),
            "{row}"
        );
    }
    let all = tokens(&app).await;
    assert!((all[0].1.unwrap() - now() - DAY).abs() < 60, "{all:?}");
    assert!((all[1].1.unwrap() - now() - 90 * DAY).abs() < 60, "{all:?}");
    assert_eq!(all[1].2, Some(1));
    assert!(
        admin
            .get("/companies/42/tokens/1")
            .await
            .says("took its place")
    );
    let log = audited(&app).await;
    let after: Value = serde_json::from_str(log[1].2.as_deref().unwrap()).unwrap();
    assert_eq!(
        (log[1].0.as_str(), &after["successor"]),
        ("token_rotated", &Value::from(2))
    );
    assert_eq!(log.len(), 2);

    let again = rotate(&admin, 2, "0").await;
    assert_eq!(again.status, 200);
    assert_eq!(new.get("/api/v1/progress").await.status, 401);
    assert!(again.says("which opens nothing any more"), "{}", again.body);
}

#[actix_web::test]
async fn an_overlap_never_prolongs_a_token_and_revoking_the_successor_allows_another_one() {
    let (app, admin) = synced_app().await;
    create(&admin, &[("name", "bi"), ("read", "on")]).await;
    let soon = now() + 3600;

    for wrong in ["721", "-1", "", "many"] {
        let answer = rotate(&admin, 1, wrong).await;
        assert_eq!(answer.status, 422, "{wrong}");
        assert!(answer.says("Give a whole number from 0 to 720."));
    }
    set_end(&app, 1, now() - DAY, soon).await;
    rotate(&admin, 1, "720").await;
    assert_eq!(tokens(&app).await[0].1, Some(soon));
    admin.post("/companies/42/tokens/2/revoke", &[]).await;
    assert_eq!(rotate(&admin, 1, "720").await.status, 200);
    assert_eq!(tokens(&app).await[2].2, Some(1));

    admin.post("/companies/42/tokens/3/revoke", &[]).await;
    admin.post("/companies/42/tokens/3/revoke", &[]).await;
    let refused = rotate(&admin, 3, "24").await;
    assert!(refused.status == 409 && refused.says("This token is revoked"));
    let revoked = audited(&app).await;
    let revoked = revoked.iter().filter(|line| line.0 == "token_revoked");
    assert_eq!(revoked.count(), 2, "the second time changes nothing");
}

#[actix_web::test]
async fn tokens_that_end_within_thirty_days_are_told_wherever_somebody_looks() {
    let (app, admin) = synced_app().await;
    for name in ["soon", "late", "hour", "gone"] {
        create(&admin, &[("name", name), ("read", "on")]).await;
    }
    set_end(&app, 1, now() - 90 * DAY, now() + 12 * DAY + 60).await;
    set_end(&app, 2, now() - DAY, now() + 31 * DAY).await;
    set_end(&app, 3, now(), now() + 3600).await;
    set_end(&app, 4, now() - 9 * DAY, now() - DAY).await;

    let first = admin.get("/").await;
    let company = admin.get("/companies/42/tokens").await;
    let token = admin.get("/companies/42/tokens/1").await;

    assert!(
        first.says("Acme</bdi></a>: 1 token, the first ends in 12 days"),
        "{}",
        first.body
    );
    assert_eq!(
        company.body.matches("The API token").count(),
        1,
        "{}",
        company.body
    );
    assert!(company.says("soon</bdi></a> ends in 12 days"));
    assert!(
        company.says("<small>ends in 12 days</small>"),
        "the list says it too"
    );
    assert!(
        token.says("This token <strong>ends in 12 days</strong>"),
        "{}",
        token.body
    );
    assert!(
        admin
            .get("/companies/42/tokens/4")
            .await
            .says("This token has ended")
    );

    rotate(&admin, 1, "720").await;
    assert!(!admin.get("/").await.says("API tokens end soon"));
    assert!(!admin.get("/companies/42").await.says("The API token"));
}

#[actix_web::test]
async fn every_company_whose_tokens_end_soon_is_found_on_the_overview() {
    let app = TestApp::with_moodle(|file| {
        let mut moodle = MoodleBuilder::open(file).unwrap();
        for id in 1..=8 {
            let name = format!("Shop {id}");
            moodle.company_as(CompanyId(id), &name).unwrap();
        }
    })
    .await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    for id in 1..=8 {
        let path = format!("/companies/{id}/tokens");
        shown(&admin.post(&path, &[("name", "bi"), ("read", "on")]).await);
        set_end(&app, id, now(), now() + 12 * DAY + id * 60).await;
    }

    let page = admin.get("/").await;

    let told = page.between("API tokens end soon.", "</details>");
    let (named, others) = told.split_once("<summary>3 more</summary>").unwrap();
    for id in 1..=8 {
        let link = format!("href=\"/companies/{id}/tokens\"");
        assert_eq!(named.contains(&link), id <= 5, "{id}: {named}");
        assert_eq!(others.contains(&link), id > 5, "{id}: {others}");
    }
}

#[actix_web::test]
async fn a_token_is_reached_by_its_own_company_and_by_forms_of_this_session_only() {
    let (app, admin) = synced_app().await;
    create(&admin, &[("name", "bi"), ("read", "on")]).await;
    let other = app.app.db.change(|conn| {
        diesel::sql_query("insert into companies (id, name, shortname, suspended, cache_minutes) values (7, 'Other', 'other', false, 60)").execute(conn)?;
        diesel::sql_query("insert into company_state (company_id, seq, stamp, learners, courses, enrolments, completed, in_progress) values (7, 0, 'x', 0, 0, 0, 0, 0)").execute(conn)?;
        Ok(())
    });
    other.await.unwrap();

    assert_eq!(admin.get("/companies/7").await.status, 200);
    for path in ["", "/rotate", "/revoke"] {
        let path = format!("/companies/7/tokens/1{path}");
        assert_eq!(admin.get(&path).await.status, 404, "{path}");
    }
    for path in ["/rotate", "/revoke"] {
        let fields = [("overlap_hours", "0")];
        let foreign = format!("/companies/7/tokens/1{path}");
        assert_eq!(admin.post(&foreign, &fields).await.status, 404, "{path}");
        let forged = format!("/companies/42/tokens/1{path}");
        let forged = admin.post_with(&forged, "forged", &fields, &[]).await;
        assert_eq!(forged.status, 403, "{path}");
    }
    assert_eq!(admin.get("/companies/7/requests?token=1").await.status, 404);
    let all = tokens(&app).await;
    assert_eq!(all, [(TokenId(1).0, None, None)]);
    assert_eq!(ACME.0, 42);
}
