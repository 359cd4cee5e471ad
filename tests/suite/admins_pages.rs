//! The page of admins: invitations, roles, and who may not be taken away.

use alx_report_api::admins::Role;
use alx_report_api::schema::{admins, audit_log, invitations};
use alx_report_api::time::now;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::acme::acme;
use crate::support::admin::{Admin, EMAIL, PASSWORD};

const GUEST: &str = "ada@example.com";
const CHOSEN: &str = "another long one";

async fn invited(app: &TestApp, admin: &Admin, role: &str, company: &str) -> String {
    let fields = [("email", GUEST), ("role", role), ("company", company)];
    let page = admin.post("/admins", &fields).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let address = page.between("id=\"link\">", "<");
    address.replace(&app.url, "")
}

async fn accept(app: &TestApp, link: &str, password: &str) -> u16 {
    let token = link.split_once("token=").unwrap().1;
    let fields = [
        ("token", token),
        ("password", password),
        ("repeated", password),
    ];
    Admin::stranger(app)
        .post("/invitation", &fields)
        .await
        .status
}

async fn id_of(app: &TestApp, email: &'static str) -> i64 {
    let found = app.app.db.run(move |conn| {
        let theirs = admins::table.filter(admins::email.eq(email));
        Ok(theirs.select(admins::id).get_result::<i64>(conn)?)
    });
    found.await.unwrap()
}

#[actix_web::test]
async fn an_invited_viewer_chooses_a_password_once_and_only_looks() {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;

    let link = invited(&app, &admin, "viewer", "").await;
    let page = Admin::stranger(&app).get(&link).await;
    let short = accept(&app, &link, "short").await;
    let first = accept(&app, &link, CHOSEN).await;
    let second = accept(&app, &link, CHOSEN).await;

    assert!(
        page.says(GUEST) && page.says("You were invited"),
        "{}",
        page.body
    );
    assert_eq!((short, first, second), (422, 303, 404));
    let mut viewer = Admin::stranger(&app);
    assert_eq!(viewer.sign_in(GUEST, CHOSEN).await.status, 303);
    assert_eq!(viewer.get("/changes").await.status, 200);
    assert_eq!(viewer.get("/admins").await.status, 403);
    assert_eq!(viewer.get("/sync").await.status, 403);
}

#[actix_web::test]
async fn the_store_has_no_link_and_the_list_shows_who_waits() {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;

    let link = invited(&app, &admin, "operator", "").await;

    let token = link.split_once("token=").unwrap().1.to_owned();
    let kept = app.app.db.run(|conn| {
        Ok(invitations::table
            .select(invitations::hash)
            .load::<String>(conn)?)
    });
    let kept = kept.await.unwrap();
    assert!(kept.len() == 1 && kept[0] != token);
    let list = admin.get("/admins").await;
    assert!(list.says(GUEST) && !list.body.contains(&token));
    let revoke = format!("/admins/invitations/{}/revoke", kept[0]);
    assert_eq!(admin.post(&revoke, &[]).await.status, 303);
    assert_eq!(accept(&app, &link, CHOSEN).await, 404);
}

#[actix_web::test]
async fn a_link_opens_for_seven_days() {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;
    let link = invited(&app, &admin, "viewer", "").await;

    let aged = app.app.db.change(|conn| {
        diesel::update(invitations::table)
            .set(invitations::expires_at.eq(now()))
            .execute(conn)?;
        Ok(())
    });
    aged.await.unwrap();

    assert_eq!(Admin::stranger(&app).get(&link).await.status, 404);
    assert_eq!(accept(&app, &link, CHOSEN).await, 404);
}

#[actix_web::test]
async fn what_is_wrong_with_an_invitation_is_said() {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;

    for (email, role, company, said) in [
        ("nobody", "viewer", "", "name@example.com"),
        (EMAIL, "viewer", "", "has an account already"),
        (GUEST, "company_manager", "", "needs a company"),
        (GUEST, "king", "", "Choose a role"),
    ] {
        let fields = [("email", email), ("role", role), ("company", company)];
        let page = admin.post("/admins", &fields).await;
        assert_eq!(page.status, 422, "{email} {role}");
        assert!(page.says(said), "{said}: {}", page.body);
        assert!(page.body.contains(&format!("value=\"{email}\"")));
    }
    let link = invited(&app, &admin, "company_manager", "42").await;
    assert_eq!(accept(&app, &link, CHOSEN).await, 303);
    let mut manager = Admin::stranger(&app);
    manager.sign_in(GUEST, CHOSEN).await;
    assert_eq!(manager.get("/companies/42").await.status, 200);
    assert_eq!(manager.get("/companies/7").await.status, 404);
}

#[actix_web::test]
async fn the_last_admin_cannot_be_disabled_demoted_or_removed() {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;
    Admin::with_role(&app, Role::Operator, None).await;
    let me = id_of(&app, EMAIL).await;

    for (what, fields) in [
        ("disable", &[][..]),
        ("remove", &[]),
        ("role", &[("role", "viewer")]),
    ] {
        let page = admin.post(&format!("/admins/{me}/{what}"), fields).await;
        assert_eq!(page.status, 409, "{what}: {}", page.body);
        assert!(page.says("the last admin") || page.says("This is the last admin"));
    }
    assert_eq!(admin.get("/admins").await.status, 200);
}

#[actix_web::test]
async fn two_admins_who_remove_each_other_at_once_leave_one() {
    let app = TestApp::with_moodle(acme).await;
    let one = Admin::signed_in(&app).await;
    let other = Admin::with_role(&app, Role::Admin, None).await;
    let first = format!("/admins/{}/remove", id_of(&app, EMAIL).await);
    let second = format!("/admins/{}/remove", id_of(&app, "admin@example.com").await);

    futures_util::future::join(one.post(&second, &[]), other.post(&first, &[])).await;

    let left = app
        .app
        .db
        .run(|conn| Ok(admins::table.count().get_result::<i64>(conn)?));
    assert_eq!(left.await.unwrap(), 1);
}

#[actix_web::test]
async fn a_disabled_admin_is_out_at_once_and_comes_back_when_enabled() {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;
    let mut operator = Admin::with_role(&app, Role::Operator, None).await;
    let id = id_of(&app, "operator@example.com").await;

    admin.post(&format!("/admins/{id}/disable"), &[]).await;
    let out = operator.get("/changes").await;
    let refused = operator.sign_in("operator@example.com", PASSWORD).await;
    admin.post(&format!("/admins/{id}/enable"), &[]).await;
    let back = operator.sign_in("operator@example.com", PASSWORD).await;

    assert_eq!((out.status, refused.status, back.status), (303, 403, 303));
}

#[actix_web::test]
async fn a_link_for_another_password_ends_the_sessions() {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;
    let mut operator = Admin::with_role(&app, Role::Operator, None).await;
    let id = id_of(&app, "operator@example.com").await;

    let page = admin.post(&format!("/admins/{id}/password"), &[]).await;
    let link = page.between("id=\"link\">", "<").replace(&app.url, "");
    let before = operator.get("/changes").await.status;
    let used = accept(&app, &link, CHOSEN).await;

    assert_eq!((before, used), (200, 303));
    assert_eq!(operator.get("/changes").await.status, 303);
    let old = operator.sign_in("operator@example.com", PASSWORD).await;
    let new = operator.sign_in("operator@example.com", CHOSEN).await;
    assert_eq!((old.status, new.status), (403, 303));
}

#[actix_web::test]
async fn an_admin_sees_where_others_are_signed_in_and_ends_their_sessions_but_never_the_own() {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;
    let mut operator = Admin::with_role(&app, Role::Operator, None).await;
    let theirs = format!("/admins/{}", id_of(&app, "operator@example.com").await);
    let own = format!("/admins/{}", id_of(&app, EMAIL).await);
    let end = async |whose: &str, session: &str| {
        let sessions = format!("{whose}/sessions");
        let ended = admin.post(&sessions, &[("session", session)]).await;
        assert_eq!((ended.status, ended.location()), (303, whose));
    };

    let page = admin.get(&theirs).await;
    let name = page.between("name=\"session\" value=\"", "\"");
    end(&own, &name).await;
    let still = operator.get("/changes").await.status;
    end(&theirs, &name).await;
    let ended = operator.get("/changes").await.status;
    operator.sign_in("operator@example.com", PASSWORD).await;
    let forbidden = operator
        .post(&format!("{own}/sessions"), &[("session", "all")])
        .await;
    end(&theirs, "all").await;
    end(&own, "all").await;

    assert!(
        page.says("127.0.0.1") && page.says("Used last about just now."),
        "{}",
        page.body
    );
    assert_eq!(
        (still, ended, forbidden.status),
        (200, 303, 403),
        "a name opens its own account only"
    );
    assert_eq!(operator.get("/changes").await.status, 303);
    let mine = admin.get(&own).await;
    assert!(mine.says("This browser") && !mine.says("End this session"));
}

#[actix_web::test]
async fn everything_done_to_accounts_is_in_the_audit_log_without_a_secret() {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;
    let link = invited(&app, &admin, "viewer", "").await;
    accept(&app, &link, CHOSEN).await;
    let id = id_of(&app, GUEST).await;

    let role = [("role", "operator")];
    admin.post(&format!("/admins/{id}/role"), &role).await;
    admin.post(&format!("/admins/{id}/disable"), &[]).await;
    admin.post(&format!("/admins/{id}/enable"), &[]).await;
    admin.post(&format!("/admins/{id}/password"), &[]).await;
    admin.post(&format!("/admins/{id}/remove"), &[]).await;

    let read = app.app.db.run(|conn| {
        let all = audit_log::table.order(audit_log::id);
        let columns = (audit_log::action, audit_log::before, audit_log::after);
        Ok(all
            .select(columns)
            .load::<(String, Option<String>, Option<String>)>(conn)?)
    });
    let entries = read.await.unwrap();
    let actions: Vec<&str> = entries.iter().map(|(action, ..)| action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "signed_in",
            "admin_invited",
            "admin_joined",
            "admin_role_changed",
            "admin_disabled",
            "admin_enabled",
            "admin_password_link_made",
            "admin_removed"
        ]
    );
    let token = link.split_once("token=").unwrap().1;
    let text = format!("{entries:?}");
    assert!(!text.contains(token) && !text.contains("argon2") && !text.contains(CHOSEN));
    assert!(text.contains("viewer") && text.contains("operator"));
}

#[actix_web::test]
async fn the_links_of_an_admin_who_is_removed_disabled_or_demoted_open_nothing() {
    let app = TestApp::without_moodle().await;
    let grace = Admin::signed_in(&app).await;
    let demoted = [("role", "operator"), ("company", "")];
    for (what, fields) in [
        ("role", &demoted[..]),
        ("disable", &[][..]),
        ("remove", &[][..]),
    ] {
        let make =
            |conn: &mut _| alx_report_api::admins::create(conn, "bob@example.com", PASSWORD, now());
        app.app.db.change(make).await.unwrap();
        let mut bob = Admin::stranger(&app);
        assert_eq!(bob.sign_in("bob@example.com", PASSWORD).await.status, 303);
        let link = invited(&app, &bob, "admin", "").await;
        let address = format!("/admins/{}", id_of(&app, "bob@example.com").await);

        let done = grace.post(&format!("{address}/{what}"), fields).await;

        assert_eq!(done.status, 303, "{}", done.body);
        assert_eq!(accept(&app, &link, CHOSEN).await, 404, "{what}");
        if what != "remove" {
            grace.post(&format!("{address}/remove"), &[]).await;
        }
    }
    let revoked = |conn: &mut _| {
        let done = audit_log::table.filter(audit_log::after.like("%\"links_revoked\":1%"));
        Ok(done.count().get_result::<i64>(conn)?)
    };
    assert_eq!(app.app.db.run(revoked).await.unwrap(), 3);
}
