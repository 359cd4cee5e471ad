//! The second factor: set up, asked for at sign-in, its recovery codes, turned off.

use alx_report_api::admins::Role;
use alx_report_api::dashboard::rights::{self, Who};
use alx_report_api::db::Conn;
use alx_report_api::schema::{admins, audit_log, sessions, sign_in_steps};
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL, PASSWORD};
use crate::support::phone::{Phone, begun, confirm, recovery_codes, set_up, time_passes};

type Kept = (Option<String>, Option<String>);

/// What the store has of the first admin's second factor: the secret and the recovery codes.
async fn kept(app: &TestApp) -> Kept {
    let read = app.app.db.run(|conn| {
        let columns = (admins::totp_secret, admins::recovery);
        Ok(admins::table.select(columns).first::<Kept>(conn)?)
    });
    read.await.unwrap()
}

async fn sessions(app: &TestApp) -> i64 {
    let count = |conn: &mut Conn| Ok(sessions::table.count().get_result(conn)?);
    app.app.db.run(count).await.unwrap()
}

#[actix_web::test]
async fn it_is_on_only_after_password_and_code_and_the_other_sessions_end() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let mut elsewhere = Admin::stranger(&app);
    elsewhere.sign_in(EMAIL, PASSWORD).await;

    let stolen = [("password", "a wrong password")];
    let refused = admin.post("/account/second-factor", &stolen).await;
    let page = begun(&admin).await;
    let phone = Phone::of(&page);
    let wrong = confirm(&admin, &page, &phone.wrong()).await;
    let still_off = kept(&app).await;
    let on = confirm(&admin, &wrong, &phone.code()).await;

    assert_eq!(refused.status, 422);
    assert!(refused.says("The password is wrong.") && !refused.body.contains("id=\"secret\""));
    assert!(page.body.contains("<svg class=\"qr\"") && page.body.contains("role=\"img\""));
    assert!(!page.body.contains("style="));
    assert_eq!(wrong.status, 422);
    assert!(wrong.says("This is not the code of this moment."));
    assert_eq!(Phone::of(&wrong).secret, phone.secret, "the same key again");
    assert_eq!(still_off, (None, None));
    assert_eq!(on.status, 200, "{}", on.body);
    assert_eq!(recovery_codes(&on).len(), 10);
    assert_eq!(elsewhere.get("/account").await.status, 303);
    let account = admin.get("/account/second-factor").await;
    assert!(
        account.says("Recovery codes left</dt><dd>10<"),
        "{}",
        account.body
    );
}

#[actix_web::test]
async fn a_set_up_is_of_its_session_and_cannot_be_made_up() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let viewer = Admin::with_role(&app, Role::Viewer, None).await;
    let page = begun(&admin).await;
    let phone = Phone::of(&page);

    let of_another = confirm(&viewer, &page, &phone.code()).await;
    let fields = [("sealed", "AAAA"), ("code", "000000")];
    let made_up = admin.post("/account/second-factor/confirm", &fields).await;

    for answer in [of_another, made_up] {
        assert_eq!(answer.status, 422);
        assert!(answer.says("This set-up took too long. Begin again."));
    }
    assert_eq!(confirm(&admin, &page, &phone.code()).await.status, 200);
    assert_eq!(confirm(&admin, &page, &phone.after(30)).await.status, 409);
    let again = [("password", PASSWORD)];
    let again = admin.post("/account/second-factor", &again).await;
    assert_eq!(again.status, 409);
}

#[actix_web::test]
async fn a_sign_in_needs_the_code_and_no_session_exists_before_it() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (phone, _) = set_up(&app, &admin).await;
    let mut browser = Admin::stranger(&app);
    let before = sessions(&app).await;

    let fields = [
        ("email", EMAIL),
        ("password", PASSWORD),
        ("next", "/health"),
    ];
    let half = browser.post("/sign-in", &fields).await;
    let page = browser.get(half.location()).await;
    let wrong = browser.enter_code(&phone.wrong()).await;
    let none_yet = sessions(&app).await;
    let fields = [("code", &*phone.code()), ("next", "/health")];
    let done = browser.post("/sign-in/code", &fields).await;

    assert_eq!(half.location(), "/sign-in/code?next=%2Fhealth");
    assert!(
        !half
            .cookies()
            .iter()
            .any(|one| one.contains("alx_session="))
    );
    assert!(page.says("The six digits") && page.body.contains("value=\"/health\""));
    assert_eq!((wrong.status, none_yet), (403, before));
    assert!(wrong.says("The code is wrong or was used already."));
    assert_eq!((done.status, done.location()), (303, "/health"));
    assert_eq!(browser.get("/account").await.status, 200);
    assert_eq!(sessions(&app).await, before + 1);
}

#[actix_web::test]
async fn every_page_needs_the_whole_sign_in() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    set_up(&app, &admin).await;
    let mut browser = Admin::stranger(&app);
    browser.sign_in(EMAIL, PASSWORD).await;

    for pattern in rights::known() {
        let (read, write) = rights::of(pattern);
        let address = pattern.replace(['{', '}'], "");
        for (who, answer) in [
            (read, browser.get(&address).await),
            (write, browser.post(&address, &[]).await),
        ] {
            let led = answer.status == 303 && answer.location().starts_with("/sign-in");
            assert!(led || who == Who::Anybody, "{pattern}: {}", answer.status);
        }
    }
}

#[actix_web::test]
async fn a_code_opens_once_and_none_before_it_opens_afterwards() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (phone, _) = set_up(&app, &admin).await;
    let (mut first, mut second) = (Admin::stranger(&app), Admin::stranger(&app));
    first.sign_in(EMAIL, PASSWORD).await;
    let (code, older) = (phone.code(), phone.after(-30));

    assert_eq!(first.enter_code(&code).await.status, 303);
    second.sign_in(EMAIL, PASSWORD).await;
    for replayed in [code, older] {
        let refused = second.enter_code(&replayed).await;
        assert_eq!(refused.status, 403);
        assert!(refused.says("The code is wrong or was used already."));
    }
    time_passes(&app).await;
    assert_eq!(second.enter_code(&phone.code()).await.status, 303);
}

#[actix_web::test]
async fn the_code_that_turned_it_on_is_used_up() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let page = begun(&admin).await;
    let code = Phone::of(&page).code();
    confirm(&admin, &page, &code).await;
    let mut browser = Admin::stranger(&app);
    browser.sign_in(EMAIL, PASSWORD).await;

    assert_eq!(browser.enter_code(&code).await.status, 403);
}

#[actix_web::test]
async fn a_recovery_code_signs_in_once_however_it_is_typed() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (_, codes) = set_up(&app, &admin).await;
    let mut browser = Admin::stranger(&app);
    browser.sign_in(EMAIL, PASSWORD).await;

    let used = browser.enter_code(&codes[3].replace('-', " ")).await;
    let page = browser.get("/account").await;
    let mut other = Admin::stranger(&app);
    other.sign_in(EMAIL, PASSWORD).await;
    let again = other.enter_code(&codes[3]).await;

    assert_eq!(used.status, 303, "{}", used.body);
    assert!(page.says("Recovery codes left: 9."), "{}", page.body);
    assert_eq!(again.status, 403);
    assert!(again.says("The code is wrong or was used already."));
    assert_eq!(other.enter_code(&codes[4]).await.status, 303);
}

#[actix_web::test]
async fn a_recovery_code_that_two_send_at_once_lets_one_in() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (phone, codes) = set_up(&app, &admin).await;
    for typed in [codes[0].clone(), phone.code()] {
        let (mut one, mut two) = (Admin::stranger(&app), Admin::stranger(&app));
        one.sign_in(EMAIL, PASSWORD).await;
        two.sign_in(EMAIL, PASSWORD).await;
        let fields = [("code", typed.as_str())];

        let (first, second) = futures_util::future::join(
            one.post("/sign-in/code", &fields),
            two.post("/sign-in/code", &fields),
        )
        .await;

        let mut both = [first.status, second.status];
        both.sort_unstable();
        assert_eq!(both, [303, 403]);
    }
}

#[actix_web::test]
async fn a_sign_in_that_waits_is_of_its_browser_and_of_ten_minutes() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (phone, _) = set_up(&app, &admin).await;
    let (mut browser, mut other) = (Admin::stranger(&app), Admin::stranger(&app));
    browser.sign_in(EMAIL, PASSWORD).await;

    let of_another = other.enter_code(&phone.code()).await;
    let aged = app.app.db.change(|conn| {
        let earlier = sign_in_steps::expires_at - 600;
        diesel::update(sign_in_steps::table)
            .set(sign_in_steps::expires_at.eq(earlier))
            .execute(conn)?;
        Ok(())
    });
    aged.await.unwrap();
    let too_late = browser.enter_code(&phone.code()).await;
    let page = browser.get("/sign-in/code").await;

    for answer in [of_another, too_late, page] {
        assert_eq!(answer.status, 403);
        assert!(answer.says("Begin again.") && answer.says("name=\"password\""));
    }
    browser.sign_in(EMAIL, PASSWORD).await;
    let left = |conn: &mut Conn| Ok(sign_in_steps::table.count().get_result::<i64>(conn)?);
    assert_eq!(
        app.app.db.run(left).await.unwrap(),
        1,
        "the old one is gone"
    );
}

#[actix_web::test]
async fn new_recovery_codes_and_turning_off_need_password_and_code() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (phone, codes) = set_up(&app, &admin).await;
    let (code, wrong) = (phone.code(), phone.wrong());

    for address in ["/account/second-factor/codes", "/account/second-factor/off"] {
        for (password, code) in [("a wrong password", &code), (PASSWORD, &wrong)] {
            let fields = [("password", password), ("code", code.as_str())];
            let refused = admin.post(address, &fields).await;
            assert_eq!(refused.status, 422, "{address}");
            assert!(refused.says("The password or the code is wrong"));
        }
    }
    let fields = [("password", PASSWORD), ("code", code.as_str())];
    let renewed = admin.post("/account/second-factor/codes", &fields).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    let new = recovery_codes(&renewed);
    assert!(new.len() == 10 && !new.contains(&codes[0]));

    let fields = [("password", PASSWORD), ("code", codes[0].as_str())];
    let old = admin.post("/account/second-factor/off", &fields).await;
    assert_eq!(old.status, 422);
    let fields = [("password", PASSWORD), ("code", new[0].as_str())];
    let off = admin.post("/account/second-factor/off", &fields).await;
    assert_eq!(off.status, 303);
    assert_eq!(kept(&app).await, (None, None));
    let mut browser = Admin::stranger(&app);
    assert_eq!(browser.sign_in(EMAIL, PASSWORD).await.location(), "/");
}

#[actix_web::test]
async fn another_password_keeps_it_and_ends_what_waits_for_a_code() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (phone, _) = set_up(&app, &admin).await;
    let mut waiting = Admin::stranger(&app);
    waiting.sign_in(EMAIL, PASSWORD).await;

    let new = "another long one";
    let fields = [("old", PASSWORD), ("password", new), ("repeated", new)];
    let changed = admin.post("/account/password", &fields).await;

    assert_eq!(changed.status, 303, "{}", changed.body);
    assert_eq!(waiting.enter_code(&phone.code()).await.status, 403);
    let half = waiting.sign_in(EMAIL, new).await;
    assert_eq!(half.location(), "/sign-in/code");
    assert_eq!(waiting.enter_code(&phone.code()).await.status, 303);
}

#[actix_web::test]
async fn a_link_for_another_password_does_not_pass_by_it() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    set_up(&app, &admin).await;
    let id = admin.get("/admins").await.between("href=\"/admins/", "\"");

    let link = admin.post(&format!("/admins/{id}/password"), &[]).await;
    let token = link.between("token=", "<");
    let new = "another long one";
    let fields = [("token", &*token), ("password", new), ("repeated", new)];
    let mut browser = Admin::stranger(&app);
    browser.post("/invitation", &fields).await;

    assert_eq!(
        browser.sign_in(EMAIL, new).await.location(),
        "/sign-in/code"
    );
}

#[actix_web::test]
async fn store_audit_log_and_files_have_no_secret_and_no_code() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (phone, codes) = set_up(&app, &admin).await;
    let mut browser = Admin::stranger(&app);
    browser.sign_in(EMAIL, PASSWORD).await;
    browser.enter_code(&codes[0]).await;
    browser.sign_in(EMAIL, PASSWORD).await;
    browser.enter_code(&phone.code()).await;

    let (secret, recovery) = kept(&app).await;
    let audited = app.app.db.run(|conn| {
        let columns = (audit_log::action, audit_log::before, audit_log::after);
        let rows = audit_log::table.select(columns).order(audit_log::id);
        Ok(rows.load::<(String, Option<String>, Option<String>)>(conn)?)
    });
    let audited = format!("{:?}", audited.await.unwrap());
    let mut everything = vec![secret.unwrap(), recovery.unwrap(), audited.clone()];
    for address in [
        "/audit",
        "/audit/export.ndjson",
        "/admins",
        "/admins/export.ndjson",
        "/account",
        "/account/second-factor",
        "/health/support.txt",
    ] {
        everything.push(admin.get(address).await.body);
    }

    for text in everything {
        for hidden in codes.iter().chain([&phone.secret]) {
            assert!(!text.contains(hidden.as_str()), "{hidden} is in {text}");
            assert!(
                !text.contains(&hidden.replace('-', "")),
                "{hidden} is in {text}"
            );
        }
    }
    for known in ["second_factor_turned_on", "recovery code", "codes_left"] {
        assert!(audited.contains(known), "{known}: {audited}");
    }
}

#[actix_web::test]
async fn who_must_have_one_is_led_to_set_it_up_before_anything_else_opens() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let viewer = Admin::with_role(&app, Role::Viewer, None).await;

    let saved = admin
        .post("/settings", &[("second_factor_for", "admins")])
        .await;

    assert_eq!(saved.status, 303, "{}", saved.body);
    for address in ["/", "/account", "/settings", "/audit/export.csv"] {
        let led = admin.get(address).await;
        assert_eq!(led.location(), "/account/second-factor", "{address}");
    }
    let sent = admin.post("/settings", &[]).await;
    assert_eq!(sent.location(), "/account/second-factor");
    assert_eq!(viewer.get("/account").await.status, 200);
    let page = admin.get("/account/second-factor").await;
    assert!(page.says("This site asks you for a second factor."));
    set_up(&app, &admin).await;
    assert_eq!(admin.get("/settings").await.status, 200);
    admin
        .post("/settings", &[("second_factor_for", "everybody")])
        .await;
    assert_eq!(viewer.get("/").await.location(), "/account/second-factor");
    assert_eq!(viewer.post("/sign-out", &[]).await.location(), "/sign-in");
    let odd = admin
        .post("/settings", &[("second_factor_for", "somebody")])
        .await;
    assert_eq!(odd.status, 422);
}
