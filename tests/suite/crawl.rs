//! Every link leads somewhere and every button does something, for everybody who may see them, whatever they type.

use alx_report_api::admins::Role;

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

/// Follows every link, then presses every button.
async fn everything(role: Role, pages: usize, kinds: usize) {
    let (app, reader, email) = somebody(role).await;
    let walk = walk(&reader, &["/"]).await;
    let (seen, found) = (walk.pages.len(), walk.wrong.clone());

    let mut presser = Presser::new(&app, reader, &email);
    presser.press(walk).await;

    assert!(found.is_empty(), "{role}: {found:#?}");
    assert!(presser.wrong.is_empty(), "{role}: {:#?}", presser.wrong);
    assert!(seen >= pages, "{role}: only {seen} pages");
    assert!(presser.sent.len() >= kinds, "{role}: {:#?}", presser.sent);
    for (from, page) in &presser.after {
        let injected = html::injected(&page.body);
        assert!(injected.is_empty(), "{role}: after {from}: {injected:#?}");
    }
}

#[actix_web::test]
async fn every_link_and_button_of_an_admin_does_what_it_may_do() {
    everything(Role::Admin, 90, 40).await;
}

#[actix_web::test]
async fn every_link_and_button_of_an_operator_does_what_it_may_do() {
    everything(Role::Operator, 60, 12).await;
}

#[actix_web::test]
async fn every_link_and_button_of_a_viewer_does_what_it_may_do() {
    everything(Role::Viewer, 50, 5).await;
}

#[actix_web::test]
async fn every_link_and_button_of_a_company_manager_does_what_it_may_do() {
    everything(Role::CompanyManager, 40, 10).await;
}

#[actix_web::test]
async fn the_furnished_site_has_every_state() {
    let (_app, admin) = furnished().await;
    let mut lacks = Vec::new();

    for (page, expected) in [
        ("/", "Companies that were never synced."),
        ("/", "The latest sync did not succeed:"),
        ("/", "Syncs wait for your word"),
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
