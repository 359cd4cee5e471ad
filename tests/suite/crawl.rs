//! Every link leads somewhere and every button does something, for everybody who may see them, whatever they type.

use std::collections::BTreeSet;

use alx_report_api::admins::Role;

use crate::rights::patterns_with;
use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL};
use crate::support::client::ACME;
use crate::support::crawl::walk;
use crate::support::furnished::furnished;
use crate::support::html;
use crate::support::press::Presser;

/// Somebody of a role, in a site where there is everything; the admin is the one who furnished it.
async fn somebody(role: Role) -> (TestApp, Admin, String) {
    let (app, admin) = furnished().await;
    if role == Role::Admin {
        return (app, admin, EMAIL.to_owned());
    }
    let company = (role == Role::CompanyManager).then_some(ACME);
    let reader = Admin::with_role(&app, role, company).await;
    (app, reader, format!("{role}@example.com"))
}

/// Where nobody comes by following links alone: a change of the defaults, about to be confirmed.
const CHANGED_DEFAULTS: &str =
    "/settings/rows/confirm?learners=roles&role=5&suspended=yes&enrolled=ever&completed=ever";

/// What is sent from states that a furnished site does not have, or that end with the first answer: a run that goes on,
/// the other answer to a question, nobody's sign-in, a second factor, somebody else's session. Tests of their own press these.
const ELSEWHERE: [&str; 13] = [
    "/account/second-factor/codes?",
    "/account/second-factor/confirm?",
    "/account/second-factor/off?",
    "/admins/*/second-factor?",
    "/admins/*/sessions?",
    "/companies/*/settings/preview/*?",
    "/invitation?",
    "/setup?",
    "/sign-in/code?",
    "/sign-in?",
    "/sync/batches/*/cancel?",
    "/sync/runs/*/cancel?",
    "/sync/runs/*/confirm?",
];

/// Follows every link, then presses every button; gives the kinds of addresses that something was sent to.
async fn everything(role: Role, pages: usize) -> BTreeSet<String> {
    let (app, reader, email) = somebody(role).await;
    let from = match role {
        Role::Admin => vec!["/", CHANGED_DEFAULTS],
        _ => vec!["/"],
    };
    let walk = walk(&reader, &from).await;
    let (seen, found) = (walk.pages.len(), walk.wrong.clone());

    let mut presser = Presser::new(&app, reader, &email);
    presser.press(walk).await;

    assert!(found.is_empty(), "{role}: {found:#?}");
    assert!(presser.wrong.is_empty(), "{role}: {:#?}", presser.wrong);
    assert!(seen >= pages, "{role}: only {seen} pages");
    for (from, page) in &presser.after {
        let injected = html::injected(&page.body);
        assert!(injected.is_empty(), "{role}: after {from}: {injected:#?}");
    }
    presser.sent
}

/// The kinds of addresses that take forms, as `routes.rs` has them.
fn addresses_of_forms() -> BTreeSet<String> {
    let posts = patterns_with(".post(").into_iter();
    let blank = |part: &str| match part.starts_with('{') {
        true => "*".to_owned(),
        false => part.to_owned(),
    };
    posts
        .map(|pattern| pattern.split('/').map(blank).collect::<Vec<_>>().join("/") + "?")
        .collect()
}

#[actix_web::test]
async fn every_link_and_button_of_an_admin_does_what_it_may_do() {
    let sent = everything(Role::Admin, 90).await;

    let all = addresses_of_forms();
    let never: Vec<&String> = all.difference(&sent).collect();
    let never: Vec<&&String> = never
        .iter()
        .filter(|one| !ELSEWHERE.contains(&one.as_str()))
        .collect();
    assert!(
        all.len() > 50 && never.is_empty(),
        "never pressed: {never:#?}"
    );
}

#[actix_web::test]
async fn every_link_and_button_of_an_operator_does_what_it_may_do() {
    let sent = everything(Role::Operator, 60).await;

    assert!(sent.len() >= 12, "{sent:#?}");
}

#[actix_web::test]
async fn every_link_and_button_of_a_viewer_does_what_it_may_do() {
    let sent = everything(Role::Viewer, 50).await;

    assert!(sent.len() >= 5, "{sent:#?}");
}

#[actix_web::test]
async fn every_link_and_button_of_a_company_manager_does_what_it_may_do() {
    let sent = everything(Role::CompanyManager, 40).await;

    assert!(sent.len() >= 10, "{sent:#?}");
}

#[actix_web::test]
async fn the_furnished_site_has_every_state() {
    let (_app, admin) = furnished().await;
    let mut lacks = Vec::new();

    for (page, expected) in [
        ("/", "Companies that were never synced."),
        ("/", "The latest sync did not succeed:"),
        ("/", "Syncs wait for your word"),
        ("/", "Alerts that nobody sees to yet:"),
        ("/", "API tokens end soon."),
        ("/companies/7/schedule", "Resume"),
        ("/companies/42/schedule", ">Pause<"),
        ("/alerts?state=open", "Open"),
        ("/alerts?state=acknowledged", "Acknowledged"),
        ("/alerts?state=closed", "Closed"),
        ("/sync/history", "Undo"),
        ("/sync/history", "Preview"),
        ("/people/erasures", "17"),
        ("/companies/42/views", "Nightly"),
        ("/companies/42/tokens", "ends in "),
        ("/companies/42/tokens", "Nightly 1"),
        ("/admins", "new@example.com"),
        ("/admins", "Company manager"),
        ("/requests", "404"),
    ] {
        let answer = admin.get(page).await;
        if answer.status != 200 || !answer.says(expected) {
            lacks.push(format!("{page}, {}: {expected}", answer.status));
        }
    }
    assert!(lacks.is_empty(), "{lacks:#?}");
}
