//! The page Health, backups and the support text.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use alx_report_api::config::Secret;
use alx_report_api::jobs;
use alx_report_api::schema::{admins, audit_log, store_facts};
use alx_report_api::settings::site::Setting;
use alx_report_api::site;
use alx_report_api::time::{now, now_ms};
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, Answer, EMAIL};
use crate::support::client::{ACME, Client, two_companies};

/// Gives the admin of the tests another role.
async fn become_a(app: &TestApp, role: &'static str, company: Option<i64>) {
    let change = app.app.db.change(move |conn| {
        let me = admins::table.filter(admins::email.eq(EMAIL));
        let values = (admins::role.eq(role), admins::company_id.eq(company));
        Ok(diesel::update(me).set(values).execute(conn)?)
    });
    change.await.unwrap();
}

/// What the page says of one check: its state, and what was found.
fn line(page: &Answer, name: &str) -> String {
    page.between(&format!("<th scope=\"row\">{name}</th>"), "</tr>")
}

fn backups(app: &TestApp) -> Vec<String> {
    let folder = app.folder.path().join("backups");
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[actix_web::test]
async fn that_the_store_takes_writes_is_said_after_it_has_taken_one() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let before = now();

    let page = admin.get("/health").await;

    assert!(line(&page, "Writing").contains("The store takes writes."));
    let written = app.app.db.run(|conn| {
        let fact = store_facts::table.find("written_at");
        Ok(fact.select(store_facts::value).get_result::<String>(conn)?)
    });
    let at: i64 = written.await.unwrap().parse().unwrap();
    assert!((before..=now()).contains(&at));
}

#[actix_web::test]
async fn the_page_says_of_every_part_whether_it_works_and_what_to_do() {
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read,sync").await;
    acme.sync().await;
    acme.get("/api/v1/progress").await;
    acme.get("/api/v1/progress").await;
    app.write_down().await;
    let admin = Admin::signed_in(&app).await;

    let silent = admin.get("/health").await;
    app.app.pulse.tick(now());
    let page = admin.get("/health").await;

    assert_eq!(page.status, 200);
    for name in [
        "Store",
        "Tables",
        "Writing",
        "Moodle&#39;s database",
        "Syncs",
        "Log of API calls",
        "Kept",
    ] {
        assert!(
            line(&page, name).contains("\"status ok\">OK"),
            "{name}: {}",
            page.body
        );
    }
    assert!(line(&silent, "Clock of the schedules").contains("\"status problem\">Error"));
    assert!(line(&page, "Clock of the schedules").contains("It ticked "));
    assert!(
        line(&page, "Cached answers").contains("1 of 2 answers since the start (50 %)"),
        "{}",
        page.body
    );
    assert!(line(&page, "Moodle&#39;s database").contains("SQLite"));
    assert!(line(&page, "Log of API calls").contains("calls; the oldest is"));
    assert!(
        line(&page, "Kept")
            .contains("calls are kept: 90; lines of the change log: 400. Backups: 10.")
    );
    if cfg!(target_os = "linux") {
        let resources = line(&page, "Memory and files");
        assert!(
            (resources.contains(" MB") || resources.contains(" GB")) && !resources.contains('?'),
            "{resources}"
        );
    }
}

#[actix_web::test]
async fn a_moodle_that_does_not_answer_is_one_wrong_line_and_its_address_is_not_shown() {
    let nowhere = "mysql://moodle:s3cret@127.0.0.1:1/moodle";
    let app = TestApp::start(
        |_| {},
        |config| config.moodle_url = Some(Secret::from(nowhere)),
    )
    .await;
    let admin = Admin::signed_in(&app).await;

    let page = admin.get("/health").await;

    let source = line(&page, "Moodle&#39;s database");
    assert!(
        page.status == 200 && source.contains("\"status problem\">Error"),
        "{source}"
    );
    assert!(source.contains("alx-report-api check") && !source.contains("127.0.0.1"));
    assert!(page.says("Something does not work: see what is marked."));
    assert!(line(&page, "Store").contains("\"status ok\">OK"));
}

#[actix_web::test]
async fn a_backup_is_made_with_a_click_and_listed() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    if !app.is_embedded() {
        let page = admin.get("/health").await;
        assert!(page.says("pg_dump --format=custom --file=alx.dump") && !page.says("Back up now"));
        assert_eq!(admin.post("/health", &[]).await.status, 409);
        return;
    }
    assert!(admin.get("/health").await.says("There is no backup yet."));

    let made = admin.post("/health", &[]).await;

    assert_eq!((made.status, made.location()), (303, "/health#backups"));
    let page = admin.get("/health").await;
    let [name] = &backups(&app)[..] else {
        panic!("one backup, but {:?}", backups(&app));
    };
    assert!(
        page.says("The backup is made.") && page.says("just now"),
        "{}",
        page.body
    );
    assert!(page.body.contains(&format!("<code>{name}</code>")));
    assert!(line(&page, "Last backup").contains("\"status ok\">OK"));
    let about = std::fs::metadata(app.folder.path().join("backups").join(name)).unwrap();
    assert_eq!(about.permissions().mode() & 0o077, 0);
}

#[actix_web::test]
async fn the_oldest_backups_made_here_go_and_the_page_and_the_audit_log_say_so() {
    let app = TestApp::without_moodle().await;
    if !app.is_embedded() {
        return;
    }
    let admin = Admin::signed_in(&app).await;
    let keep = vec![(Setting::BackupsKept, "2".to_owned())];
    let set = app
        .app
        .db
        .change(move |conn| site::change(conn, &keep, "test", now_ms()));
    set.await.unwrap();
    let folder = app.folder.path().join("backups");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("alx-20200101T000000000Z-by-hand.db"), "kept").unwrap();

    admin.post("/health", &[]).await;
    let first = backups(&app).pop().unwrap();
    admin.post("/health", &[]).await;
    let quiet = admin.get("/health").await;
    admin.post("/health", &[]).await;
    let page = admin.get("/health").await;

    assert!(
        !quiet.says("removed, as the settings")
            && page.says("1 older one removed, as the settings of the site say."),
        "{}",
        page.body
    );
    let left = backups(&app);
    assert!(left.len() == 3 && !left.contains(&first), "{left:?}");
    assert!(
        left[0].ends_with("-by-hand.db"),
        "what was not made here stays"
    );
    let told = app.app.db.run(|conn| {
        let made = audit_log::table.filter(audit_log::action.eq("backup_made"));
        Ok(made
            .order(audit_log::id.desc())
            .select(audit_log::after)
            .limit(1)
            .get_result::<Option<String>>(conn)?)
    });
    assert!(told.await.unwrap().unwrap().contains(&first));
}

#[actix_web::test]
async fn who_may_not_see_or_change_the_site_does_not() {
    let app = TestApp::with_moodle(two_companies).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;

    become_a(&app, "viewer", None).await;
    assert!(!admin.get("/health").await.says("Back up now"));
    let refused = admin.post("/health", &[]).await;
    assert!(refused.status == 403 && refused.says("Your role does not allow this"));
    become_a(&app, "company_manager", Some(42)).await;
    for page in ["/health", "/health/support.txt", "/settings"] {
        assert_eq!(admin.get(page).await.status, 403, "{page}");
    }
    assert_eq!(backups(&app), Vec::<String>::new());
}

#[actix_web::test]
async fn the_support_text_tells_how_things_stand_and_names_nobody() {
    let app = TestApp::start(two_companies, |config| {
        config.public_url = Some("https://reports.acme.example".into());
        config.origins.insert(
            "public_url".into(),
            alx_report_api::config::Origin::Environment,
        );
        config.secret_key = Some(Secret::from("a key that is long enough for everybody"));
    })
    .await;
    let acme = Client::new(&app, ACME, "read,sync").await;
    acme.sync().await;
    let recipients = vec![(Setting::AlertsRecipients, "boss@example.com".to_owned())];
    let set = app
        .app
        .db
        .change(move |conn| site::change(conn, &recipients, "test", now_ms()));
    set.await.unwrap();
    let admin = Admin::signed_in(&app).await;

    let answer = admin.get("/health/support.txt").await;

    let text = &answer.body;
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    for there in [
        "alx-report-api 0.1.0, ",
        "companies: 2, synced: 1, rows: 6",
        "company 42 full api succeeded, ",
        "ALX_CACHE_MB: 64",
        "ALX_PUBLIC_URL: set, not shown",
        "alerts_recipients: set, not shown",
        "Store: ",
    ] {
        assert!(text.contains(there), "{there}: {text}");
    }
    let folder = app.folder.path().display().to_string();
    for secret in [
        "@",
        "Acme",
        "acme",
        "Ada",
        "Lovelace",
        "grace",
        "a key that",
        &acme.token[..8],
        &folder,
        "postgres://",
        "sqlite://",
    ] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[test]
fn the_support_text_comes_from_the_command_line_too_without_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let support = |folder: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alx-report-api"));
        command
            .env_clear()
            .env("ALX_MOODLE_URL", "mysql://ada:s3cret@127.0.0.1:1/moodle");
        command.env("ALX_SECRET_KEY", "a key that is long enough for everybody");
        command
            .arg("--data-dir")
            .arg(folder)
            .arg("support")
            .output()
            .unwrap()
    };

    let without = support(folder.path());
    let left = folder.path().join("alx.db").exists();
    let mut command = Command::new(env!("CARGO_BIN_EXE_alx-report-api"));
    command
        .env_clear()
        .env("ALX_SECRET_KEY", "a key that is long enough for everybody");
    command
        .arg("--data-dir")
        .arg(folder.path())
        .arg("migrate")
        .output()
        .unwrap();
    let with = support(folder.path());

    assert!(!without.status.success() && !left, "it makes no store");
    let text = String::from_utf8(with.stdout).unwrap();
    assert!(!with.status.success(), "Moodle does not answer: {text}");
    assert!(
        text.contains("problem  Moodle's database: Failed: the Moodle database cannot be reached."),
        "{text}"
    );
    assert!(text.contains("ALX_MOODLE_URL: set, not shown"), "{text}");
    for secret in ["s3cret", "ada", "127.0.0.1", "a key that"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[actix_web::test]
async fn a_job_of_the_clock_that_breaks_off_ends_alone_and_health_says_so_until_it_works_again() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let job = "the schedules could not be looked at";
    app.app.pulse.tick(now());

    jobs::run(&app.app, job, |_| panic!("on purpose"));
    let broken = admin.get("/health").await;
    jobs::run(&app.app, job, |_| Ok(()));
    let mended = admin.get("/health").await;

    let (before, after) = (
        line(&broken, "Clock of the schedules"),
        line(&mended, "Clock of the schedules"),
    );
    assert!(
        before.contains("broke off") && before.contains(job),
        "{before}"
    );
    assert!(!before.contains("on purpose"), "{before}");
    assert!(after.contains("It ticked"), "{after}");
}
