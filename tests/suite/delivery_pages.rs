//! What programs get, set on its pages: it holds at once, and nobody's change is lost.

use alx_report_api::admins::Role;
use alx_report_api::ids::CompanyId;
use alx_report_api::schema::audit_log;
use diesel::prelude::*;
use serde_json::json;

use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::client::{ACME, Client, synced};
use crate::support::html::astray;

const COMPANY: &str = "/companies/42/settings/delivery";
const DEFAULTS: &str = "/settings/delivery";
/// What a browser sends where nothing was touched on a company's page.
const UNTOUCHED: [(&str, &str); 8] = [
    ("fields", "inherit"),
    ("mode", "inherit"),
    ("courseid_for_username", "inherit"),
    ("window_hours", ""),
    ("calls_per_token", ""),
    ("calls_per_company", ""),
    ("zone", ""),
    ("cache_minutes", ""),
];
/// The same of the defaults.
const USUAL: [(&str, &str); 10] = [
    ("fields", "own"),
    ("mode", "full"),
    ("courseid_for_username", "no"),
    ("window_hours", "24"),
    ("calls_per_token", "100"),
    ("calls_per_company", "0"),
    ("zone", "UTC"),
    ("max_records", "1000"),
    ("allow_get", "no"),
    ("cache_minutes", "60"),
];
const ALL: [&str; 12] = [
    "userid",
    "firstname",
    "lastname",
    "email",
    "username",
    "coursename",
    "timecompleted",
    "timecompleted_unix",
    "timestarted",
    "timestarted_unix",
    "percentage",
    "status",
];

/// Sends the form as it stands on the page, but for some of its fields.
async fn save(admin: &Admin, path: &str, ticked: &[&str], changed: &[(&str, &str)]) -> Answer {
    let basis = admin
        .get(path)
        .await
        .between("name=\"basis\" value=\"", "\"");
    save_from(admin, path, &basis, ticked, changed).await
}

async fn save_from(
    admin: &Admin,
    path: &str,
    basis: &str,
    ticked: &[&str],
    changed: &[(&str, &str)],
) -> Answer {
    let untouched: &[(&str, &str)] = if path == COMPANY { &UNTOUCHED } else { &USUAL };
    let kept = untouched
        .iter()
        .filter(|(name, _)| !changed.iter().any(|(new, _)| new == name));
    let mut fields: Vec<(&str, &str)> = kept.chain(changed).copied().collect();
    fields.extend(ticked.iter().map(|field| ("field", *field)));
    fields.push(("basis", basis));
    admin.post(path, &fields).await
}

async fn audited(app: &TestApp) -> Vec<(String, Option<CompanyId>, Option<String>)> {
    let read = app.app.db.run(|conn| {
        let done = audit_log::table.filter(audit_log::action.like("%_changed"));
        let about = done.order(audit_log::id).select((
            audit_log::action,
            audit_log::company_id,
            audit_log::after,
        ));
        Ok(about.load(conn)?)
    });
    read.await.unwrap()
}

async fn row(client: &Client) -> serde_json::Value {
    client.get("/api/v1/progress?limit=1").await.json()["items"][0].clone()
}

#[actix_web::test]
async fn what_is_saved_holds_from_the_next_call_on() {
    let (app, acme) = synced().await;
    let admin = Admin::signed_in(&app).await;
    let before = acme.get("/api/v1/progress?limit=1").await;
    assert!(row(&acme).await.get("email").is_some());

    let only = [
        ("fields", "own"),
        ("calls_per_token", "7"),
        ("zone", "Europe/Berlin"),
    ];
    let saved = save(&admin, COMPANY, &["userid", "status"], &only).await;
    let told = admin.get(COMPANY).await;
    let after = acme.get("/api/v1/progress?limit=1").await;

    assert_eq!(
        (saved.status, saved.location()),
        (303, COMPANY),
        "{}",
        saved.body
    );
    assert!(
        told.says("Saved. It holds for 1 company from the next call on"),
        "{}",
        told.body
    );
    assert!(
        told.says("2 of 12 ticked") && told.says("value=\"Europe/Berlin\""),
        "{}",
        told.body
    );
    assert!(row(&acme).await.get("email").is_none() && row(&acme).await.get("status").is_some());
    assert_eq!(after.header("ratelimit-policy"), "\"token\";q=7;w=86400");
    assert_ne!(before.header("etag"), after.header("etag"));
    let log = audited(&app).await;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (log[0].0.as_str(), log[0].1),
        ("delivery_changed", Some(ACME))
    );

    let back = save(&admin, COMPANY, &["userid", "status"], &[]).await;
    assert_eq!(
        back.status, 303,
        "what was saved may stay ticked: {}",
        back.body
    );
    assert!(row(&acme).await.get("email").is_some());
    let same = save(&admin, COMPANY, &ALL, &[]).await;
    assert_eq!(same.status, 303);
    assert!(
        admin
            .get(COMPANY)
            .await
            .says("Programs get what they got before.")
    );
    assert_eq!(
        audited(&app).await.len(),
        2,
        "what is as it was leaves no trace"
    );
}

#[actix_web::test]
async fn the_defaults_hold_for_companies_that_say_nothing_themselves() {
    let (app, acme) = synced().await;
    let admin = Admin::signed_in(&app).await;
    app.deliver(CompanyId(7), json!({"calls_per_token": 3}))
        .await;

    let new = [
        ("calls_per_token", "50"),
        ("max_records", "100"),
        ("allow_get", "yes"),
    ];
    let before = admin.get(DEFAULTS).await;
    let saved = save(&admin, DEFAULTS, &ALL, &new).await;
    let page = admin.get(DEFAULTS).await;
    let company = admin.get(COMPANY).await;
    let limited = acme.get("/api/v1/progress?limit=1").await;

    let whom = "These defaults hold for 2 companies, for 1 of them only where they say nothing";
    assert!(before.says(whom), "{}", before.body);
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert!(
        page.says("It holds for 2 companies"),
        "the most rows concern both: {}",
        page.body
    );
    assert!(page.says("Other</bdi>") && page.says("value=\"50\"") && page.says("value=\"100\""));
    assert!(company.says("Empty: the default, 50.") && company.says("placeholder=\"50\""));
    assert_eq!(limited.header("ratelimit-policy"), "\"token\";q=50;w=86400");
    assert_eq!(audited(&app).await.last().unwrap().1, None);
}

#[actix_web::test]
async fn how_long_answers_are_kept_is_set_here_and_zero_keeps_none() {
    let (app, acme) = synced().await;
    let admin = Admin::signed_in(&app).await;
    acme.get("/api/v1/progress?limit=1").await;

    let saved = save(&admin, COMPANY, &ALL, &[("cache_minutes", "0")]).await;
    for _ in 0..2 {
        let reply = acme.get("/api/v1/progress?limit=1").await;
        assert_eq!(reply.header("alx-cache"), "miss");
    }

    assert_eq!(saved.status, 303);
    assert!(
        admin
            .get("/companies/42/cache")
            .await
            .says("answers are not kept")
    );
    let log = audited(&app).await;
    assert_eq!(
        (log[0].0.as_str(), log[0].2.as_deref()),
        ("delivery_changed", Some("{\"cache_minutes\":0}"))
    );
}

#[actix_web::test]
async fn how_long_answers_are_kept_has_a_default_that_companies_follow_old_and_new() {
    let (app, acme) = synced().await;
    let admin = Admin::signed_in(&app).await;
    save(
        &admin,
        "/companies/7/settings/delivery",
        &ALL,
        &[("cache_minutes", "5")],
    )
    .await;
    let minutes = async |company: i64| {
        let page = admin.get(&format!("/companies/{company}/cache")).await;
        page.between("<dt>Kept for</dt><dd>", " <small>")
    };
    assert_eq!(
        [minutes(42).await, minutes(7).await],
        ["60 minutes", "5 minutes"]
    );

    let saved = save(&admin, DEFAULTS, &ALL, &[("cache_minutes", "0")]).await;

    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(
        [minutes(42).await, minutes(7).await],
        ["not kept", "5 minutes"]
    );
    for _ in 0..2 {
        let reply = acme.get("/api/v1/progress?limit=1").await;
        assert_eq!(reply.header("alx-cache"), "miss");
    }
    let mut moodle =
        alx_report_api::demo::builder::MoodleBuilder::open(&app.moodle_file()).unwrap();
    moodle.company_as(CompanyId(77), "New").unwrap();
    admin.post("/companies/look-up", &[]).await;
    assert_eq!(minutes(77).await, "not kept");
    let page = admin.get(COMPANY).await;
    assert!(page.says("Empty: the default, 0."), "{}", page.body);
}

#[actix_web::test]
async fn who_may_only_look_gets_no_field_that_takes_anything() {
    let (app, _acme) = synced().await;
    for role in [Role::Viewer, Role::Operator] {
        let reader = Admin::with_role(&app, role, None).await;
        for path in [
            COMPANY,
            "/companies/42/settings",
            "/settings/delivery",
            "/settings/rows",
        ] {
            let page = reader.get(path).await;
            if role == Role::Viewer && path.starts_with("/settings") {
                assert_eq!(page.status, 403);
                continue;
            }
            assert!(
                page.says("<fieldset disabled>"),
                "{role} {path}: {}",
                page.body
            );
        }
    }
    let owner = Admin::with_role(&app, Role::CompanyManager, Some(ACME)).await;
    assert!(!owner.get(COMPANY).await.says("<fieldset disabled>"));
}

#[actix_web::test]
async fn nobodys_change_is_lost() {
    let (app, acme) = synced().await;
    let admin = Admin::signed_in(&app).await;
    let basis = admin
        .get(COMPANY)
        .await
        .between("name=\"basis\" value=\"", "\"");
    app.deliver(ACME, json!({"calls_per_token": 3})).await;

    let mine = [("window_hours", "48")];
    let refused = save_from(&admin, COMPANY, &basis, &ALL, &mine).await;

    assert_eq!(refused.status, 409);
    assert!(
        refused.says("Nothing was saved.") && refused.says("Somebody has changed these settings")
    );
    assert!(
        refused.says("value=\"48\""),
        "what was typed stays: {}",
        refused.body
    );
    let limit = acme.get("/api/v1/progress").await;
    assert!(limit.header("ratelimit-policy").contains("q=3;"));
    let again = refused.between("name=\"basis\" value=\"", "\"");
    let again = save_from(&admin, COMPANY, &again, &ALL, &mine).await;
    assert_eq!(again.status, 303, "on purpose: {}", again.body);

    let basis = admin
        .get(COMPANY)
        .await
        .between("name=\"basis\" value=\"", "\"");
    let both = (0..2).map(|hours| {
        let hours = ["10", "20"][hours];
        let (admin, basis) = (&admin, &basis);
        async move {
            save_from(admin, COMPANY, basis, &ALL, &[("window_hours", hours)])
                .await
                .status
        }
    });
    let mut both = futures_util::future::join_all(both).await;
    both.sort_unstable();
    assert_eq!(both, [303, 409], "one of two that are sent at once");
}

#[actix_web::test]
async fn every_mistake_keeps_what_was_typed_and_names_its_field() {
    let (app, _acme) = synced().await;
    let admin = Admin::signed_in(&app).await;
    let wrong = [
        ("window_hours", "169"),
        ("calls_per_token", "\"><script>"),
        ("zone", "Mars/Olympus"),
        ("cache_minutes", "1441"),
    ];

    let refused = save(&admin, COMPANY, &["status"], &wrong).await;
    let defaults = save(&admin, DEFAULTS, &[], &[("max_records", "99")]).await;

    assert_eq!((refused.status, defaults.status), (422, 422));
    for said in [
        "<title>Error: What programs get",
        "id=\"window_hours-wrong\">Give a whole number from 1 to 168",
        "value=\"169\"",
        "id=\"calls_per_token-wrong\"",
        "id=\"zone-wrong\">Use the name of a time zone",
        "value=\"Mars/Olympus\"",
        "id=\"cache_minutes-wrong\"",
        "<a href=\"#fields\">Fields</a>: Fields are ticked otherwise, but not chosen.",
        "<a href=\"#window_hours\">Hours of the window</a>: Give a whole number",
        "<a href=\"#calls_per_token\">Calls a day of each token</a>: Give a whole number",
        "<a href=\"#zone\">Time zone</a>: Use the name of a time zone",
        "<a href=\"#cache_minutes\">Minutes that an answer is kept</a>: Give a whole number",
    ] {
        assert!(refused.says(said), "{said}: {}", refused.body);
    }
    assert!(!refused.body.contains("<script"));
    for page in [&refused, &defaults] {
        assert_eq!(astray(&page.body), Vec::<String>::new());
    }
    assert!(defaults.says("<a href=\"#max_records\">Most rows of one call</a>: Give a whole"));
    assert!(defaults.says("Tick at least one field.") && defaults.says("from 100 to 10,000"));
    assert!(audited(&app).await.is_empty());
}

#[actix_web::test]
async fn buttons_tick_every_field_or_none_and_save_nothing() {
    let (app, _acme) = synced().await;
    let admin = Admin::signed_in(&app).await;

    let none = save(
        &admin,
        COMPANY,
        &["status"],
        &[("action", "all_off"), ("zone", "Asia/Tokyo")],
    )
    .await;
    let all = save(&admin, COMPANY, &[], &[("action", "all_on")]).await;
    let forged = admin.post_with(COMPANY, "forged", &UNTOUCHED, &[]).await;

    assert!(none.status == 200 && none.says("0 of 12 ticked") && none.says("value=\"Asia/Tokyo\""));
    assert!(
        all.says("12 of 12 ticked") && all.says("value=\"own\" checked"),
        "{}",
        all.body
    );
    assert_eq!(forged.status, 403);
    assert!(audited(&app).await.is_empty());
}
