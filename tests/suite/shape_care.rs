//! Settings that shape rows: what is refused, and what pages say when settings leave rows out.

use alx_report_api::admins::Role;
use alx_report_api::schema::sync_runs;
use alx_report_api::settings::DEFAULTS;
use alx_report_api::sync::RunState;
use diesel::prelude::*;

use crate::shape::{SETTINGS, basis, confirm, decide, form, moodle, own, preview, save_defaults};
use crate::support::acme::synced_app;
use crate::support::admin::Admin;
use crate::support::client::ACME;
use crate::support::html;

/// Defaults that say nothing.
const PLAIN: [(&str, &str); 4] = [
    ("learners", "moodle"),
    ("suspended", "no"),
    ("enrolled", "ever"),
    ("completed", "ever"),
];

/// What a form says that somebody else's save has overtaken.
const OVERTAKEN: &str =
    "Somebody has changed these settings, or the defaults, since this form was opened.";

#[actix_web::test]
async fn enter_presses_the_preview_and_not_another_button() {
    let (_app, admin) = synced_app().await;

    let form = admin.get(SETTINGS).await;

    let first = form.between(&format!("action=\"{SETTINGS}\""), "</button>");
    assert!(first.contains("<button class=\"hidden\" tabindex=\"-1\" aria-hidden=\"true\" name=\"action\" value=\"preview\">"), "{first}");
}

#[actix_web::test]
async fn settings_that_somebody_else_changed_meanwhile_are_not_overwritten() {
    let (app, admin) = synced_app().await;
    let (mine, _) = preview(&admin, &[("suspended", "yes")]).await;
    let (theirs, _) = preview(&admin, &[("completed", "ever")]).await;
    assert_eq!(decide(&admin, &theirs, "save").await.status, 303);

    let page = admin.get(&mine).await;
    let saved = decide(&admin, &mine, "save").await;

    assert!(page.says("have changed since this preview was made"));
    assert!(!page.body.contains("value=\"save\""), "{}", page.body);
    assert_eq!(saved.status, 409);
    assert!(
        saved.says("have changed since these were tried"),
        "{}",
        saved.body
    );
    assert_eq!(own(&app, ACME).await.suspended_enrolments, None);
}

#[actix_web::test]
async fn defaults_that_somebody_else_changed_meanwhile_are_not_overwritten() {
    let (app, admin) = synced_app().await;
    let mine = [&PLAIN[..1], &[("suspended", "yes")], &PLAIN[2..]].concat();
    let began = basis(&confirm(&admin, &mine).await);
    let theirs = [
        &PLAIN[..2],
        &[("enrolled", "since"), ("enrolled_day", "2020-01-01")],
        &PLAIN[3..],
    ]
    .concat();
    assert_eq!(save_defaults(&admin, &theirs).await.status, 303);

    let saved = admin
        .post(
            "/settings/rows",
            &[&mine[..], &[("basis", &*began)]].concat(),
        )
        .await;

    assert_eq!(saved.status, 409);
    assert!(saved.says(OVERTAKEN), "{}", saved.body);
    assert!(saved.says("name=\"suspended\" value=\"yes\" checked"));
    assert_eq!(own(&app, DEFAULTS).await.suspended_enrolments, None);
}

#[actix_web::test]
async fn a_form_of_settings_that_another_admins_save_has_overtaken_changes_nothing() {
    let (app, admin) = synced_app().await;
    let other = Admin::with_role(&app, Role::Admin, None).await;
    let began = basis(&admin.get(SETTINGS).await);
    let (theirs, _) = preview(&other, &[("learners", "roles"), ("role", "5")]).await;
    assert_eq!(decide(&other, &theirs, "save").await.status, 303);
    let saved = own(&app, ACME).await;
    let mine = [("completed", "since"), ("completed_day", "2020-01-31")];
    let from = |basis| form(&[&mine[..], &[("basis", basis)]].concat());

    let refused = admin.post(SETTINGS, &from(began.as_str())).await;
    let unsaid = admin.post(SETTINGS, &form(&mine)).await;
    let history = admin.get("/sync/history?dry_run=yes").await;
    let now = basis(&refused);
    let again = admin.post(SETTINGS, &from(now.as_str())).await;

    assert_eq!((refused.status, unsaid.status), (409, 409));
    assert!(refused.says(OVERTAKEN), "{}", refused.body);
    assert!(refused.says("value=\"2020-01-31\""), "what was typed stays");
    assert!(saved.learners.is_some() && saved.completed.is_none());
    assert_eq!(own(&app, ACME).await, saved);
    assert_eq!(history.body.matches("trial of settings").count(), 1);
    assert_eq!(again.status, 303, "{}", again.body);
}

#[actix_web::test]
async fn a_form_of_the_defaults_that_another_admins_save_has_overtaken_changes_nothing() {
    let (app, admin) = synced_app().await;
    let other = Admin::with_role(&app, Role::Admin, None).await;
    let began = basis(&admin.get("/settings/rows").await);
    let theirs = [&[("learners", "roles"), ("role", "5")][..], &PLAIN[1..]].concat();
    assert_eq!(save_defaults(&other, &theirs).await.status, 303);
    let saved = own(&app, DEFAULTS).await;
    let mine = [
        &PLAIN[..3],
        &[("completed", "since"), ("completed_day", "2020-01-31")],
    ]
    .concat();
    let from = |basis| [&mine[..], &[("basis", basis)]].concat();

    let refused = confirm(&admin, &from(began.as_str())).await;
    let sent = admin.post("/settings/rows", &from(began.as_str())).await;
    let now = basis(&refused);
    let again = confirm(&admin, &from(now.as_str())).await;

    for answer in [&refused, &sent] {
        assert_eq!(answer.status, 409);
        assert!(answer.says(OVERTAKEN), "{}", answer.body);
        assert!(answer.says("value=\"2020-01-31\""), "what was typed stays");
    }
    assert_eq!(own(&app, DEFAULTS).await, saved);
    assert!(
        again.says("<dt><strong>Learners</strong>"),
        "it says that theirs would be undone: {}",
        again.body
    );
}

#[actix_web::test]
async fn settings_are_not_saved_before_their_preview_has_ended() {
    let (app, admin) = synced_app().await;
    let (address, made) = preview(&admin, &[("suspended", "yes")]).await;
    let changed = app.app.db.change(|conn| {
        let trial = sync_runs::table.filter(sync_runs::dry_run.eq(true));
        diesel::update(trial)
            .set(sync_runs::state.eq(RunState::Running))
            .execute(conn)?;
        Ok(())
    });
    changed.await.unwrap();

    let page = admin.get(&address).await;
    let saved = decide(&admin, &address, "save").await;

    for place in ["<div id=\"outcome\"", "<div id=\"change\""] {
        let mark = page.between(place, ">");
        assert!(mark.ends_with("data-refresh=\"2\""), "{}", page.body);
    }
    assert!(page.says("/static/live.js?v="));
    assert!(page.says("http-equiv=\"refresh\"") && !html::jumps(&page.body));
    assert!(!made.says("data-refresh") && !made.says("http-equiv=\"refresh\""));
    assert_eq!(saved.status, 409);
    assert!(saved.says("The preview has not ended"), "{}", saved.body);
    assert_eq!(own(&app, ACME).await, Default::default());
}

#[actix_web::test]
async fn what_is_given_without_its_choice_is_not_dropped_silently() {
    let (_app, admin) = synced_app().await;

    let given = [
        ("role", "5"),
        ("enrolled_day", "2026-01-01"),
        ("department", "1"),
    ];
    let company = admin.post(SETTINGS, &form(&given)).await;
    let defaults = confirm(&admin, &[&PLAIN[..], &given[..2]].concat()).await;

    for answer in [&company, &defaults] {
        assert_eq!(answer.status, 422);
        assert!(
            answer.says("id=\"learners-wrong\">Roles are ticked, but not chosen."),
            "{}",
            answer.body
        );
        assert!(answer.says("id=\"enrolled-wrong\">A day is given, but not chosen."));
        assert!(answer.says("aria-invalid=\"true\" aria-describedby=\"enrolled-wrong\""));
    }
    assert!(company.says("id=\"departments-wrong\">Departments are ticked, but not chosen."));
}

#[actix_web::test]
async fn roles_and_departments_that_moodle_does_not_have_are_refused() {
    let (app, admin) = synced_app().await;

    let unknown = [
        ("learners", "roles"),
        ("role", "4711"),
        ("departments", "some"),
        ("department", "4712"),
    ];
    let company = admin.post(SETTINGS, &form(&unknown)).await;
    let fields = [&unknown[..2], &PLAIN[1..]].concat();
    let asked = confirm(&admin, &fields).await;
    let saved = admin.post("/settings/rows", &fields).await;

    for answer in [&company, &asked, &saved] {
        assert_eq!(answer.status, 422);
        assert!(
            answer.says("id=\"learners-wrong\">Moodle has no such role."),
            "{}",
            answer.body
        );
    }
    assert!(company.says("id=\"departments-wrong\">The company has no such department."));
    assert_eq!(own(&app, DEFAULTS).await, Default::default());
}

#[actix_web::test]
async fn an_empty_company_says_whether_moodle_or_its_settings_left_everybody_out() {
    let (app, admin) = synced_app().await;
    let teachers = [("learners", "roles"), ("role", "4")];
    let (address, _) = preview(&admin, &teachers).await;
    decide(&admin, &address, "sync").await;
    let by_settings = admin.get("/companies/42").await;

    moodle(&app)
        .execute("delete from mdl_user_enrolments")
        .unwrap();
    admin.synced(42, "full").await;
    let (address, _) = preview(&admin, &[("learners", "moodle")]).await;
    decide(&admin, &address, "sync").await;
    let by_moodle = admin.get("/companies/42").await;

    let said = "The settings of this company leave out 6 rows, and no other row counts.";
    assert!(by_settings.says(said), "{}", by_settings.body);
    let said = "Moodle has no learner of this company in any course.";
    assert!(!by_settings.says(said));
    assert!(by_moodle.says(said), "{}", by_moodle.body);
}
