//! A second factor that was lost: reset by an admin and on the command line; and that the server's log has no secret.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use alx_report_api::admins::{Role, Vault, second_factor, store, totp::Shared};
use alx_report_api::db::Db;
use alx_report_api::schema::audit_log;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL, PASSWORD};
use crate::support::phone::{Phone, begun, confirm, recovery_codes, set_up};

const VIEWER: &str = "viewer@example.com";

async fn resets(app: &TestApp) -> Vec<(String, String)> {
    let read = app.app.db.run(|conn| {
        let resets = audit_log::table.filter(audit_log::action.eq("admin_second_factor_reset"));
        let columns = (audit_log::actor, audit_log::subject);
        Ok(resets.select(columns).load(conn)?)
    });
    read.await.unwrap()
}

/// The address of somebody's page.
async fn page_of(admin: &Admin, email: &str) -> String {
    let list = admin.get("/admins").await;
    let before = list
        .body
        .split_once(&format!("<bdi>{email}</bdi>"))
        .unwrap()
        .0;
    let id = before.rsplit_once("href=\"/admins/").unwrap().1;
    format!("/admins/{}", id.split_once('"').unwrap().0)
}

#[actix_web::test]
async fn an_admin_resets_the_second_factor_of_somebody_whose_sessions_end() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let viewer = Admin::with_role(&app, Role::Viewer, None).await;
    let (phone, _) = set_up(&app, &viewer).await;
    let mut waiting = Admin::stranger(&app);
    waiting.sign_in(VIEWER, PASSWORD).await;
    let page = page_of(&admin, VIEWER).await;
    let address = format!("{page}/second-factor");

    let person = admin.get(&page).await;
    let confirm = admin.get(&address).await;
    let refused = viewer.post(&address, &[]).await;
    let reset = admin.post(&address, &[]).await;

    assert!(
        person.says("<dt>Second factor</dt><dd>yes</dd>"),
        "{}",
        person.body
    );
    assert!(person.body.contains(&format!("href=\"{address}\"")));
    assert!(confirm.says("All their sessions end."), "{}", confirm.body);
    assert_eq!(refused.status, 403);
    assert_eq!((reset.status, reset.location()), (303, &*page));
    assert!(
        admin
            .get(&page)
            .await
            .says("<dt>Second factor</dt><dd>no</dd>")
    );
    assert_eq!(viewer.get("/account").await.status, 303);
    assert_eq!(waiting.enter_code(&phone.code()).await.status, 403);
    assert_eq!(waiting.sign_in(VIEWER, PASSWORD).await.location(), "/");
    assert_eq!(resets(&app).await, [(EMAIL.into(), VIEWER.into())]);
    assert_eq!(admin.post(&address, &[]).await.status, 409, "none is left");
}

#[actix_web::test]
async fn ones_own_is_not_reset_without_a_code() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    set_up(&app, &admin).await;
    let address = format!("{}/second-factor", page_of(&admin, EMAIL).await);

    let page = admin.get(&address).await;
    let refused = admin.post(&address, &[]).await;

    assert!(page.says("This is your own account.") && !page.body.contains("class=\"danger\""));
    assert_eq!(refused.status, 409);
    assert!(resets(&app).await.is_empty());
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alx-report-api"));
    command.env_clear().arg("--data-dir").arg(folder);
    command.args(arguments).output().unwrap()
}

/// Makes the last admin there is.
fn create(folder: &Path) {
    let file = folder.join("password.txt");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let file = file.display().to_string();
    let create = [
        "admin",
        "create",
        "--email",
        EMAIL,
        "--password-file",
        &file,
    ];
    assert!(run(folder, &create).status.success());
}

#[test]
fn the_command_line_lets_the_last_admin_in_again_who_lost_the_phone() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path());
    let list = || String::from_utf8(run(folder.path(), &["admin", "list"]).stdout).unwrap();
    let url = format!("sqlite://{}", folder.path().join("alx.db").display());
    let db = Db::open(&url.as_str().into()).unwrap();
    let on = db.write(|conn| {
        let id = store::find_by_email(conn, EMAIL)?.unwrap().id;
        let vault = Vault::new([1; 32], [2; 32]);
        second_factor::turn_on(conn, &vault, id, (&Shared::new(), 1))
    });
    on.unwrap();

    let before = list();
    let reset = ["admin", "reset-second-factor", "--email", EMAIL];
    let done = run(folder.path(), &reset);
    let again = run(folder.path(), &reset);

    assert!(before.contains("\tsecond factor"), "{before}");
    assert!(done.status.success(), "{done:?}");
    assert!(list().contains("\tpassword only"));
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("has no second factor"));
    let audited: Vec<String> = db
        .read(|conn| Ok(audit_log::table.select(audit_log::action).load(conn)?))
        .unwrap();
    assert!(audited.contains(&"admin_second_factor_reset".to_owned()));
}

/// The server, killed when the test ends.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn serve(folder: &Path) -> (Serving, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap().to_string();
    drop(port);
    let log = std::fs::File::create(folder.join("log.txt")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_alx-report-api"));
    command.env_clear().env("RUST_LOG", "debug");
    command
        .args(["--listen", &address, "--data-dir"])
        .arg(folder);
    let child = command.arg("serve").stdout(Stdio::null()).stderr(log);
    let serving = Serving(child.spawn().unwrap());
    let url = format!("http://{address}");
    for _ in 0..200 {
        if reqwest::get(format!("{url}/sign-in")).await.is_ok() {
            break;
        }
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
    (serving, url)
}

#[actix_web::test]
async fn the_servers_log_has_no_secret_and_no_code() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path());
    let (serving, url) = serve(folder.path()).await;
    let mut admin = Admin::at(&url);
    admin.sign_in(EMAIL, PASSWORD).await;

    let page = begun(&admin).await;
    let phone = Phone::of(&page);
    let code = phone.code();
    let done = confirm(&admin, &page, &code).await;
    let codes = recovery_codes(&done);
    let mut browser = Admin::at(&url);
    browser.sign_in(EMAIL, PASSWORD).await;
    assert_eq!(browser.enter_code(&code).await.status, 403);
    assert_eq!(browser.enter_code(&codes[0]).await.status, 303);
    drop(serving);

    let log = std::fs::read_to_string(folder.path().join("log.txt")).unwrap();
    assert!(log.contains("/sign-in/code"), "{log}");
    assert!(!log.contains("code="), "{log}");
    for hidden in codes.iter().chain([&phone.secret]) {
        assert!(!log.contains(hidden.as_str()), "{hidden}");
    }
}
