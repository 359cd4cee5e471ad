//! Settings that shape rows: changed through their pages, tried before they are saved, and followed by the next sync.

use alx_report_api::companies;
use alx_report_api::demo::builder::{MoodleBuilder, TEACHER};
use alx_report_api::ids::{CompanyId, UserId};
use alx_report_api::settings::{DEFAULTS, Overrides, store};

use crate::support::TestApp;
use crate::support::acme::{course_named, synced_app};
use crate::support::admin::{Admin, Answer};
use crate::support::client::ACME;
use crate::support::html;

pub const SETTINGS: &str = "/companies/42/settings";

/// The form of a company that follows the defaults in everything.
const FOLLOWING: [(&str, &str); 5] = [
    ("learners", "inherit"),
    ("suspended", "inherit"),
    ("enrolled", "inherit"),
    ("completed", "inherit"),
    ("departments", "all"),
];

/// The same with some fields instead.
pub fn form<'a>(instead: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = FOLLOWING
        .into_iter()
        .filter(|(name, _)| !instead.iter().any(|(other, _)| other == name));
    let action = [("action", "preview")];
    let named = instead.iter().any(|(name, _)| *name == "action");
    let action = action.into_iter().filter(|_| !named);
    kept.chain(instead.iter().copied()).chain(action).collect()
}

/// What a form of settings was made of.
pub fn basis(form: &Answer) -> String {
    form.between("name=\"basis\" value=\"", "\"")
}

/// Tries settings and gives the finished preview with its address.
pub async fn preview(admin: &Admin, instead: &[(&str, &str)]) -> (String, Answer) {
    let basis = basis(&admin.get(SETTINGS).await);
    let fields = [&form(instead)[..], &[("basis", &*basis)]].concat();
    let tried = admin.post(SETTINGS, &fields).await;
    assert_eq!(tried.status, 303, "{}", tried.body);
    let address = tried.location().to_owned();
    let page = admin.get(&address).await;
    assert_eq!(page.status, 200, "{}", page.body);
    (address, page)
}

/// Presses a button of a preview.
pub async fn decide(admin: &Admin, address: &str, action: &str) -> Answer {
    let (path, query) = address.split_once('?').unwrap();
    let sent = url::form_urlencoded::parse(query.as_bytes());
    let sent: Vec<(String, String)> = sent.into_owned().collect();
    let mut fields: Vec<(&str, &str)> = sent
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    fields.push(("action", action));
    admin.post(path, &fields).await
}

/// The page between the form of the defaults and saving them.
pub async fn confirm(admin: &Admin, defaults: &[(&str, &str)]) -> Answer {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(defaults);
    let query = query.finish();
    admin.get(&format!("/settings/rows/confirm?{query}")).await
}

/// Changes the defaults as an admin does, by way of the page between.
pub async fn save_defaults(admin: &Admin, defaults: &[(&str, &str)]) -> Answer {
    let between = confirm(admin, defaults).await;
    let basis = basis(&between);
    admin
        .post("/settings/rows", &[defaults, &[("basis", &basis)]].concat())
        .await
}

fn fact(page: &Answer, name: &str) -> String {
    page.between(&format!("<dt>{name}</dt><dd>"), "</dd>")
}

async fn stamp(app: &TestApp) -> String {
    let read = app.app.db.run(|conn| companies::store::state(conn, ACME));
    read.await.unwrap().stamp
}

/// What a company, or the defaults, say themselves.
pub async fn own(app: &TestApp, company: CompanyId) -> Overrides {
    let read = app.app.db.run(move |conn| store::own(conn, company));
    read.await.unwrap()
}

pub fn moodle(app: &TestApp) -> MoodleBuilder {
    MoodleBuilder::open(&app.moodle_file()).unwrap()
}

#[actix_web::test]
async fn a_preview_says_what_settings_would_do_and_changes_nothing() {
    let (app, admin) = synced_app().await;
    let fire = course_named(&mut moodle(&app), "Fire safety").to_string();
    let aid = course_named(&mut moodle(&app), "First aid").to_string();
    let before = stamp(&app).await;

    let shown = [
        ("listed", fire.as_str()),
        ("listed", &aid),
        ("course", &aid),
    ];
    let (address, page) = preview(&admin, &shown).await;

    assert!(page.says("3 rows would change."), "{}", page.body);
    assert_eq!(fact(&page, "Rows removed"), "3");
    assert_eq!(fact(&page, "Rows added"), "0");
    assert_eq!(fact(&page, "Rows unchanged"), "3");
    assert!(page.says("<del><bdi>none</bdi></del>"), "{}", page.body);
    assert!(
        page.says("<ins><bdi>Fire safety</bdi></ins>"),
        "{}",
        page.body
    );
    assert_eq!(stamp(&app).await, before);
    let company = admin.get("/companies/42").await;
    assert!(company.says("of 6 rows"), "{}", company.body);
    let run = page.between("<p><a href=\"/sync/runs/", "\"");
    assert!(address.contains(&run), "{address}");
}

#[actix_web::test]
async fn saving_and_syncing_leaves_out_what_is_switched_off_and_says_why() {
    let (app, admin) = synced_app().await;
    let fire = course_named(&mut moodle(&app), "Fire safety").to_string();
    let before = stamp(&app).await;

    let (address, _) = preview(&admin, &[("listed", &fire)]).await;
    let saved = decide(&admin, &address, "sync").await;

    assert_eq!(saved.status, 303, "{}", saved.body);
    let run = admin.get(saved.location()).await;
    assert!(run.says("left out by the settings"), "{}", run.body);
    assert_ne!(stamp(&app).await, before);
    let company = admin.get("/companies/42").await;
    assert!(company.says("of 3 rows"), "{}", company.body);
    assert!(!company.body.contains("Fire safety</bdi></td>"));
    let form = admin.get(SETTINGS).await;
    assert!(!form.says(&format!("name=\"course\" value=\"{fire}\" checked")));
    assert!(form.says("Last changed"), "{}", form.body);
}

#[actix_web::test]
async fn saving_alone_renews_the_stamp_and_is_audited() {
    let (app, admin) = synced_app().await;
    let before = stamp(&app).await;

    let chosen = [
        ("suspended", "yes"),
        ("enrolled", "since"),
        ("enrolled_day", "2020-01-31"),
    ];
    let (address, page) = preview(&admin, &chosen).await;
    let saved = decide(&admin, &address, "save").await;

    assert!(page.says("No row would change."), "{}", page.body);
    assert_eq!(saved.location(), SETTINGS);
    assert_ne!(stamp(&app).await, before);
    let form = admin.get(SETTINGS).await;
    assert!(form.says("value=\"2020-01-31\""), "{}", form.body);
    let entry = audited(&app).await;
    assert_eq!(entry.0, "settings_changed");
    assert_eq!(entry.1.as_deref(), Some("{}"));
    let after = r#"{"enrolled":{"moment":1580428800},"suspended_enrolments":true}"#;
    assert_eq!(entry.2.as_deref(), Some(after));
}

/// The last entry of the audit log: what, before, after.
async fn audited(app: &TestApp) -> (String, Option<String>, Option<String>) {
    use alx_report_api::schema::audit_log;
    use diesel::prelude::*;
    let read = app.app.db.run(|conn| {
        Ok(audit_log::table
            .order(audit_log::id.desc())
            .limit(1)
            .select((audit_log::action, audit_log::before, audit_log::after))
            .get_result(conn)?)
    });
    read.await.unwrap()
}

#[actix_web::test]
async fn every_mistake_is_said_at_its_field_and_nothing_is_started() {
    let (_app, admin) = synced_app().await;

    let wrong = [
        ("learners", "roles"),
        ("suspended", ""),
        ("enrolled", "since"),
        ("enrolled_day", "soon"),
        ("departments", "some"),
    ];
    let answer = admin.post(SETTINGS, &form(&wrong)).await;

    assert_eq!(answer.status, 422);
    for (field, why) in [
        ("learners", "Choose at least one role."),
        ("suspended", "Choose one of these."),
        (
            "enrolled",
            "Give a day from 1970 to 2199, such as 2026-01-31.",
        ),
        ("departments", "Choose at least one department."),
    ] {
        let said = format!("id=\"{field}-wrong\">{why}");
        assert!(answer.says(&said), "{said}: {}", answer.body);
        assert!(answer.says(&format!("<a href=\"#{field}\">")), "{field}");
    }
    assert!(answer.says(">Who is a learner</a>: Choose at least one role."));
    assert_eq!(html::astray(&answer.body), Vec::<String>::new());
    assert!(answer.says("value=\"soon\""), "what was typed stays");
    let history = admin.get("/sync/history").await;
    assert!(!history.says("trial of settings"), "{}", history.body);
}

#[actix_web::test]
async fn all_courses_are_ticked_or_none_without_script() {
    let (_app, admin) = synced_app().await;

    let shown = [
        ("listed", "2"),
        ("listed", "3"),
        ("course", "3"),
        ("suspended", "yes"),
    ];
    let none = admin
        .post(
            SETTINGS,
            &form(&[&shown[..], &[("select", "none")]].concat()),
        )
        .await;
    let all = admin
        .post(
            SETTINGS,
            &form(&[&shown[..], &[("select", "all")]].concat()),
        )
        .await;

    assert!(none.says("0 of 2 courses ticked"), "{}", none.body);
    assert!(all.says("2 of 2 courses ticked"), "{}", all.body);
    assert!(all.says("id=\"suspended-yes\" name=\"suspended\" value=\"yes\" checked"));
}

#[actix_web::test]
async fn roles_and_departments_have_their_names() {
    let (app, admin) = synced_app().await;
    let mut moodle = moodle(&app);
    moodle
        .execute(
            "insert into mdl_department (id, name, shortname, company, parent) select 90, 'R&D <b>', 'rd', 42, id \
             from mdl_department where company = 42;
             insert into mdl_role (id, name, shortname) values (9, 'Learner <i>', 'companylearner')",
        )
        .unwrap();

    let form = admin.get(SETTINGS).await;

    assert!(form.says("<bdi>Student (student)</bdi>"), "{}", form.body);
    assert!(form.says("<bdi>Learner &#60;i&#62; (companylearner)</bdi>"));
    assert!(form.says("depth-1"), "{}", form.body);
    assert!(form.says("<bdi>R&#38;D &#60;b&#62;</bdi>"));
}

#[actix_web::test]
async fn only_people_with_a_chosen_role_and_of_a_chosen_department_count() {
    let (app, admin) = synced_app().await;
    let mut moodle = moodle(&app);
    let fire = course_named(&mut moodle, "Fire safety");
    let context = moodle.context(alx_report_api::ids::CourseId(fire)).unwrap();
    moodle
        .assign_role(UserId(102), TEACHER, context, 1)
        .unwrap();
    moodle
        .execute(
            "insert into mdl_department (id, name, shortname, company, parent) select 90, 'Lab', 'lab', 42, id from \
             mdl_department where company = 42;
             insert into mdl_department (id, name, shortname, company, parent) values (91, 'Desk', 'desk', 42, 90);
             update mdl_company_users set departmentid = 91 where userid = 101",
        )
        .unwrap();
    let teacher = TEACHER.to_string();

    let (_, roles) = preview(&admin, &[("learners", "roles"), ("role", &teacher)]).await;
    let (_, departments) = preview(&admin, &[("departments", "some"), ("department", "90")]).await;

    assert_eq!(fact(&roles, "Rows removed"), "5");
    assert!(
        roles.says("people with the role Non-editing teacher"),
        "{}",
        roles.body
    );
    assert_eq!(fact(&departments, "Rows removed"), "4");
    assert!(departments.says("Lab and below"), "{}", departments.body);
}

#[actix_web::test]
async fn settings_can_be_saved_while_moodle_is_away() {
    let (app, admin) = synced_app().await;
    std::fs::rename(app.moodle_file(), app.folder.path().join("away.db")).unwrap();

    let form = admin.get(SETTINGS).await;
    let (address, page) = preview(&admin, &[("suspended", "yes")]).await;
    let saved = decide(&admin, &address, "save").await;

    assert!(
        form.says("The Moodle database cannot be reached"),
        "{}",
        form.body
    );
    assert!(
        form.says("<bdi>Fire safety</bdi>"),
        "courses the store knows: {}",
        form.body
    );
    assert!(page.says("The preview failed"), "{}", page.body);
    assert!(!page.body.contains("and sync</button>"));
    assert_eq!(saved.status, 303, "{}", saved.body);
    let own = own(&app, ACME).await;
    assert_eq!(own.suspended_enrolments, Some(true));
}

#[actix_web::test]
async fn the_defaults_hold_where_a_company_says_nothing() {
    let (app, admin) = synced_app().await;
    let defaults = [
        ("learners", "moodle"),
        ("suspended", "no"),
        ("enrolled", "ever"),
        ("completed", "since"),
        ("completed_day", "2199-01-01"),
    ];
    let before = stamp(&app).await;

    let confirm = confirm(&admin, &defaults).await;
    let tried = admin
        .post(
            "/settings/rows/preview",
            &[&defaults[..], &[("company", "42")]].concat(),
        )
        .await;
    let trial = admin.get(tried.location()).await;
    let saved = save_defaults(&admin, &defaults).await;

    assert!(
        confirm.says("Companies it concerns (1)"),
        "{}",
        confirm.body
    );
    assert!(confirm.says("<td class=\"num\">6</td>"), "{}", confirm.body);
    assert!(
        trial.says("0 rows added, 0 changed, 1 removed"),
        "{}",
        trial.body
    );
    let tried = trial.between("<a href=\"/sync/runs/", "\"");
    let run = admin.get(&format!("/sync/runs/{tried}")).await;
    assert!(run.says("This tries settings out and saves nothing"));
    assert!(run.says("<a href=\"/settings/rows\">") && run.says(SETTINGS));
    assert_eq!(saved.location(), "/settings/rows");
    assert_ne!(stamp(&app).await, before);
    assert_eq!(audited(&app).await.0, "settings_changed");
    let run = admin.synced(42, "full").await;
    assert!(run.says("left out by the settings"), "{}", run.body);
    let form = admin.get(SETTINGS).await;
    assert!(
        form.says("As the defaults: <em>since 2199-01-01 (UTC)</em>"),
        "{}",
        form.body
    );
}

#[actix_web::test]
async fn a_company_with_a_say_of_its_own_is_not_concerned_by_the_defaults() {
    let (app, admin) = synced_app().await;
    let (address, _) = preview(&admin, &[("completed", "ever")]).await;
    decide(&admin, &address, "save").await;
    let before = stamp(&app).await;

    let completed = [("completed", "since"), ("completed_day", "2199-01-01")];
    let others = [
        ("learners", "moodle"),
        ("suspended", "no"),
        ("enrolled", "ever"),
    ];
    let saved = save_defaults(&admin, &[&others[..], &completed].concat()).await;

    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(stamp(&app).await, before);
    let defaults = admin.get("/settings/rows").await;
    assert!(defaults.says("<bdi>Acme</bdi>"), "{}", defaults.body);
}

#[actix_web::test]
async fn a_preview_whose_defaults_have_changed_is_not_saved() {
    let (app, admin) = synced_app().await;
    let (address, _) = preview(&admin, &[("suspended", "yes")]).await;
    let defaults = [
        ("learners", "moodle"),
        ("suspended", "no"),
        ("enrolled", "since"),
        ("enrolled_day", "2020-01-01"),
        ("completed", "ever"),
    ];
    save_defaults(&admin, &defaults).await;

    let page = admin.get(&address).await;
    let saved = decide(&admin, &address, "save").await;

    assert!(
        page.says("or the defaults, have changed since this preview was made."),
        "{}",
        page.body
    );
    assert_eq!(saved.status, 409, "{}", saved.body);
    let own = own(&app, ACME).await;
    assert_eq!(own, Default::default());
}

#[actix_web::test]
async fn defaults_that_are_incomplete_are_shown_again() {
    let (_app, admin) = synced_app().await;

    let answer = admin
        .get("/settings/rows/confirm?learners=inherit&suspended=no&enrolled=ever")
        .await;

    assert_eq!(answer.status, 422);
    assert!(
        answer.says("id=\"learners-wrong\">Choose one of these."),
        "{}",
        answer.body
    );
}

#[actix_web::test]
async fn a_change_and_its_stamp_and_its_audit_are_one() {
    let (app, _admin) = synced_app().await;
    let before = stamp(&app).await;

    let failed = app.app.db.change(|conn| {
        let own = Overrides {
            suspended_enrolments: Some(true),
            ..Default::default()
        };
        alx_report_api::sync::settings::change(conn, DEFAULTS, &own, "grace@example.com", 1)?;
        companies::store::get(conn, CompanyId(404)).map(drop)
    });

    assert!(failed.await.is_err());
    assert_eq!(stamp(&app).await, before);
    let own = own(&app, DEFAULTS).await;
    assert_eq!(own, Default::default());
}
