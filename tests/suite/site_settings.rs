//! Settings of the whole site: what is set here, what the operator set, and that old things really go.

use std::time::Duration;

use alx_report_api::config::{Origin, Secret};
use alx_report_api::jobs;
use alx_report_api::retention;
use alx_report_api::schema::{
    admins, alert_deliveries, alerts, audit_log, request_log, sync_changes, sync_runs,
};
use alx_report_api::time::now_ms;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL};
use crate::support::client::{ACME, Client, complete, two_companies};
use crate::support::html;

const DAY_MS: i64 = 86_400_000;
const DEFAULTS: [(&str, &str); 3] = [
    ("seen_requests_days", "90"),
    ("seen_changes_days", "400"),
    ("seen_backups_kept", "10"),
];

/// The form as it was shown first, with these values typed.
fn form<'a>(requests: &'a str, changes: &'a str, backups: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields = DEFAULTS.to_vec();
    fields.extend([
        ("requests_days", requests),
        ("changes_days", changes),
        ("backups_kept", backups),
    ]);
    fields
}

/// The same, by somebody who has read what goes.
fn confirmed<'a>(requests: &'a str, changes: &'a str, backups: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields = form(requests, changes, backups);
    fields.push(("confirmed", "yes"));
    fields
}

#[actix_web::test]
async fn every_setting_of_the_server_is_listed_with_its_source_and_no_secret() {
    let app = TestApp::start(two_companies, |config| {
        config.secret_key = Some(Secret::from("a key that is long enough for everybody"));
        config
            .origins
            .insert("secret_key".into(), Origin::Environment);
        config.cache_mb = 7;
        config.origins.insert("cache_mb".into(), Origin::Flag);
    })
    .await;
    let admin = Admin::signed_in(&app).await;

    let page = admin.get("/settings").await;

    let line = |name: &str| page.between(&format!("<code>{name}</code>"), "</tr>");
    assert!(
        line("ALX_CACHE_MB").contains("<code>7</code>")
            && line("ALX_CACHE_MB").contains("flag of the command")
    );
    assert!(
        line("ALX_CACHE_MB").contains("<code>64</code>"),
        "its default"
    );
    assert!(
        line("ALX_SECRET_KEY").contains("set, not shown")
            && line("ALX_SECRET_KEY").contains("environment")
    );
    assert!(
        line("ALX_BATCH_MINUTES").contains("default")
            && line("ALX_BATCH_MINUTES").contains("Minutes that a sync of all companies")
    );
    assert!(!page.body.contains("a key that is long enough"));
    for address in ["/settings/rows", "/settings/delivery"] {
        assert!(page.body.contains(&format!("href=\"{address}\"")));
    }
}

#[actix_web::test]
async fn what_is_saved_holds_at_once_and_is_audited() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    let saved = admin.post("/settings", &confirmed("30", "0", "3")).await;

    assert_eq!((saved.status, saved.location()), (303, "/settings"));
    let kept = app.app.keeping().await.unwrap();
    assert_eq!(
        (kept.requests_days, kept.changes_days, kept.backups),
        (Some(30), None, 3)
    );
    let page = admin.get("/settings").await;
    assert!(
        page.says("The settings are saved.")
            && page
                .body
                .contains("name=\"requests_days\" inputmode=\"numeric\" size=\"9\" value=\"30\""),
        "{}",
        page.body
    );
    assert!(
        admin
            .get("/requests")
            .await
            .says("Calls are kept for 30 days.")
    );
    assert!(
        admin
            .get("/health")
            .await
            .says("calls are kept: 30; lines of the change log: ∞. Backups: 3.")
    );
    let audited = app.app.db.run(|conn| {
        let changed = audit_log::table.filter(audit_log::action.eq("site_settings_changed"));
        Ok(changed
            .select((audit_log::actor, audit_log::before, audit_log::after))
            .load::<(String, Option<String>, Option<String>)>(conn)?)
    });
    let [(actor, before, after)] = &audited.await.unwrap()[..] else {
        panic!("one line");
    };
    assert_eq!(actor, EMAIL);
    assert!(
        before
            .as_ref()
            .unwrap()
            .contains("\"requests_days\":\"90\"")
            && after.as_ref().unwrap().contains("\"requests_days\":\"30\"")
    );
}

#[actix_web::test]
async fn a_wrong_value_is_named_kept_and_nothing_is_saved() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    for wrong in ["-1", "36501", "1.5", "x", ""] {
        let page = admin.post("/settings", &form(wrong, "30", "3")).await;
        assert_eq!(page.status, 422, "{wrong}");
        assert!(
            page.says("<title>Error: Settings of the site")
                && page.says("Give a whole number from 0 to 36,500."),
            "{}",
            page.body
        );
        assert!(
            page.body.contains(&format!(
                "value=\"{wrong}\" aria-describedby=\"requests_days-hint requests_days-wrong\" aria-invalid=\"true\""
            )),
            "{}",
            page.body
        );
        assert!(
            page.body.contains("<a href=\"#requests_days\">") && page.body.contains("value=\"30\"")
        );
    }
    let mut fields = form("-1", "30", "3");
    fields.push(("second_factor_for", "some"));
    let page = admin.post("/settings", &fields).await;
    assert_eq!(html::mistakes(&page.body), (2, vec![]), "{}", page.body);
    assert_eq!(app.app.keeping().await.unwrap().changes_days, Some(400));
}

#[actix_web::test]
async fn what_the_operator_set_wins_and_the_page_says_where() {
    let app = TestApp::start(
        |_| {},
        |config| {
            config.requests_days = 7;
            config
                .origins
                .insert("requests_days".into(), Origin::Environment);
        },
    )
    .await;
    let admin = Admin::signed_in(&app).await;

    let saved = admin.post("/settings", &confirmed("30", "200", "3")).await;

    let page = admin.get("/settings").await;
    let kept = app.app.keeping().await.unwrap();
    assert_eq!(
        (saved.status, kept.requests_days, kept.changes_days),
        (303, Some(7), Some(200))
    );
    assert!(
        page.says("Set by ALX_REQUESTS_DAYS (environment); remove it there to change it here."),
        "{}",
        page.body
    );
    assert!(
        page.body
            .contains("value=\"7\" aria-describedby=\"requests_days-hint\" disabled")
    );
}

#[actix_web::test]
async fn what_somebody_else_changed_meanwhile_is_not_overwritten() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/settings", &confirmed("30", "400", "10")).await;

    let stale = admin.post("/settings", &confirmed("90", "100", "10")).await;

    assert_eq!(stale.status, 409);
    assert!(
        stale.says("Somebody else has changed these settings since this form was opened.")
            && stale.says("saved now: <bdi>30</bdi>"),
        "{}",
        stale.body
    );
    let fields = confirmed("90", "-1", "10");
    let wrong = admin.post("/settings", &fields).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.says("name=\"seen_requests_days\" value=\"90\""),
        "a mistake does not make the form a new one: {}",
        wrong.body
    );
    let kept = app.app.keeping().await.unwrap();
    assert_eq!(
        (kept.requests_days, kept.changes_days),
        (Some(30), Some(400))
    );
}

#[actix_web::test]
async fn who_is_no_admin_of_the_site_reads_and_saves_nothing() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let change = app.app.db.change(|conn| {
        Ok(diesel::update(admins::table)
            .set(admins::role.eq("operator"))
            .execute(conn)?)
    });
    change.await.unwrap();

    let page = admin.get("/settings").await;
    let refused = admin.post("/settings", &form("1", "1", "1")).await;

    assert!(page.says("Only admins of the site can change these.") && !page.says(">Save<"));
    assert_eq!(refused.status, 403);
    assert_eq!(app.app.keeping().await.unwrap().requests_days, Some(90));
}

/// Calls and lines of the change log that are left.
async fn left(app: &TestApp) -> (i64, i64) {
    let read = app.app.db.run(|conn| {
        Ok((
            request_log::table.count().get_result(conn)?,
            sync_changes::table.count().get_result(conn)?,
        ))
    });
    read.await.unwrap()
}

#[actix_web::test]
async fn the_clock_lets_go_what_is_older_than_the_page_says() {
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read,sync").await;
    acme.sync().await;
    complete(&app, 17, "Fire safety");
    acme.sync().await;
    acme.get("/api/v1/progress").await;
    app.write_down().await;
    let (calls, lines) = left(&app).await;
    let age = app.app.db.change(|conn| {
        let old = now_ms() - 20 * DAY_MS;
        diesel::update(request_log::table.filter(request_log::route.ne("/api/v1/progress")))
            .set(request_log::at_ms.eq(old))
            .execute(conn)?;
        diesel::update(sync_runs::table.filter(sync_runs::version_before.eq(0)))
            .set(sync_runs::finished_at_ms.eq(old))
            .execute(conn)?;
        Ok(())
    });
    age.await.unwrap();
    let admin = Admin::signed_in(&app).await;
    admin.post("/settings", &confirmed("10", "15", "10")).await;

    jobs::start(&app.app).unwrap();

    for _ in 0..100 {
        if left(&app).await == (1, 1) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(calls > 1 && lines == 7, "{calls} {lines}");
    assert_eq!(left(&app).await, (1, 1));
    assert!(
        admin.get("/health").await.says("It ticked 0 s ago.")
            || app.app.pulse.ticked_at().is_some()
    );
}

/// Ages the sign-ins of the audit log, and a note about something else, and a closed alert, and a link.
async fn with_old_entries(app: &TestApp, days: i64) {
    let age = app.app.db.change(move |conn| {
        let at_ms = now_ms() - days * DAY_MS;
        diesel::update(audit_log::table)
            .set(audit_log::at_ms.eq(at_ms))
            .execute(conn)?;
        let entry = alx_report_api::audit::Entry {
            actor: EMAIL,
            company: None,
            action: "backup_made",
            subject: "old",
            before: None,
            after: None,
        };
        alx_report_api::audit::record(conn, &entry, at_ms)?;
        let at = at_ms / 1000;
        conn.batch_execute(&format!(
            "insert into alerts (id, type, severity, subject, message, data, state, opened_at, seen_at, seen, closed_at, closed_by) \
             values (1, 'disk_low', 'high', '', 'Low.', '{{}}', 'closed', {at}, {at}, 1, {at}, 'system'); \
             insert into alerts (id, type, severity, subject, message, data, state, opened_at, seen_at, seen) \
             values (2, 'disk_low', 'high', '', 'Low.', '{{}}', 'open', {at}, {at}, 1); \
             insert into alert_deliveries (id, alert_id, event, channel, target, state, attempts, detail, created_at) \
             values (1, 1, 'alert', 'email', 'ada@example.com', 'sent', 1, '', {at}); \
             insert into invitations (hash, email, role, invited_by, created_at, expires_at) \
             values ('9abc', 'bob@example.com', 'viewer', 'ada@example.com', {at}, {at});"
        ))?;
        Ok(())
    });
    age.await.unwrap();
}

async fn let_go(app: &TestApp) -> retention::Gone {
    let shared = app.app.clone();
    let work = move || retention::let_go(&shared, now_ms());
    actix_web::rt::task::spawn_blocking(work)
        .await
        .unwrap()
        .unwrap()
}

#[actix_web::test]
async fn closed_alerts_audit_entries_and_links_go_when_their_time_is_over() {
    let app = TestApp::without_moodle().await;
    let _admin = Admin::signed_in(&app).await;

    with_old_entries(&app, 170).await;
    let young = let_go(&app).await;
    let age = app.app.db.change(|conn| {
        conn.batch_execute("update audit_log set at_ms = at_ms - 86400000 * 20")?;
        conn.batch_execute(
            "update alerts set closed_at = closed_at - 86400 * 240 where state = 'closed'",
        )?;
        Ok(())
    });
    age.await.unwrap();
    let old = let_go(&app).await;
    let again = let_go(&app).await;
    let older = app
        .app
        .db
        .change(|conn| Ok(conn.batch_execute("update audit_log set at_ms = at_ms - 86400000000")?));
    older.await.unwrap();
    let oldest = let_go(&app).await;

    assert_eq!(
        (young.alerts, young.entries, young.over),
        (0, 0, 1),
        "the link"
    );
    assert_eq!((old.alerts, old.entries), (1, 1), "the sign-in goes first");
    assert_eq!(again, retention::Gone::default());
    assert_eq!((oldest.alerts, oldest.entries), (0, 1));
    let left = app.app.db.run(|conn| {
        let open: i64 = alerts::table.count().get_result(conn)?;
        let messages: i64 = alert_deliveries::table.count().get_result(conn)?;
        Ok((open, messages))
    });
    assert_eq!(
        left.await.unwrap(),
        (1, 0),
        "what is open stays; messages go with their alert"
    );
}

#[actix_web::test]
async fn the_page_lists_how_long_everything_is_kept() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    let page = admin.get("/settings").await;

    for said in [
        "From 0 to 36,500; the default is 400.",
        "From 30 to 36,500; the default is 1,095.",
        "From 7 to 36,500; the default is 180.",
        "<dt>Plans of previews</dt><dd>30 days; the preview and its counts stay.</dd>",
        "<dt>Sessions of browsers</dt><dd>8 hours without use, 7 days at most.</dd>",
        "<dt>Links to choose a password</dt><dd>Until they are used, 7 days at most.</dd>",
        "<dt>Rows of people who left</dt>",
    ] {
        assert!(page.says(said), "{said}: {}", page.body);
    }
}

#[actix_web::test]
async fn keeping_less_is_confirmed_with_exactly_what_goes() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    with_old_entries(&app, 100).await;
    let folder = app.folder.path().join("backups");
    std::fs::create_dir_all(&folder).unwrap();
    for hour in 10..14 {
        let name = format!("alx-20261101T{hour}0000000Z-asked-for.db");
        std::fs::write(folder.join(name), "a copy").unwrap();
    }
    std::fs::write(folder.join("alx-20261101T090000000Z-by-hand.db"), "kept").unwrap();
    let mut fields = form("90", "400", "3");
    fields.extend([
        ("seen_alerts_days", "400"),
        ("alerts_days", "99"),
        ("seen_audit_days", "1095"),
        ("audit_days", "99"),
        ("seen_sign_ins_days", "180"),
        ("sign_ins_days", "101"),
    ]);

    let asked = admin.post("/settings", &fields).await;
    let confirm = admin.get(asked.location()).await;

    assert_eq!(asked.status, 303);
    assert!(
        asked.location().starts_with("/settings/confirm?"),
        "{}",
        asked.location()
    );
    let line = |label: &str| confirm.between(&format!("<th scope=\"row\">{label}</th>"), "</tr>");
    assert!(
        line("Closed alerts").contains(">1 alert,"),
        "{}",
        confirm.body
    );
    assert!(
        line("Audit log").contains(">2 entries,"),
        "{}",
        confirm.body
    );
    assert!(line("Sign-ins in the audit log").contains(">0 entries,"));
    assert!(line("Backups").contains(">1 backup,"), "{}", confirm.body);
    assert!(
        !confirm.body.contains("Log of API calls"),
        "it is as it was"
    );
    assert_eq!(
        app.app.keeping().await.unwrap().alerts_days,
        Some(400),
        "nothing is saved"
    );

    fields.push(("confirmed", "yes"));
    let saved = admin.post("/settings", &fields).await;

    assert_eq!((saved.status, saved.location()), (303, "/settings"));
    assert_eq!(app.app.keeping().await.unwrap().alerts_days, Some(99));
    let gone = let_go(&app).await;
    assert_eq!((gone.alerts, gone.entries), (1, 2));
    if !app.is_embedded() {
        return; // PostgreSQL has tools of its own for backups
    }
    assert_eq!(admin.post("/health", &[]).await.status, 303);
    let made = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(made, 4, "3 asked for and the one by hand");
}

#[actix_web::test]
async fn keeping_for_ever_and_more_than_before_needs_no_question() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    let more = admin.post("/settings", &form("91", "0", "11")).await;
    let less = admin
        .post(
            "/settings",
            &[("seen_changes_days", "0"), ("changes_days", "30")],
        )
        .await;
    let nothing = admin.get("/settings/confirm").await;

    assert_eq!((more.status, more.location()), (303, "/settings"));
    assert!(
        less.location().starts_with("/settings/confirm?"),
        "{}",
        less.location()
    );
    assert!(nothing.says("Nothing would be kept for less long than now."));
    assert_eq!(app.app.keeping().await.unwrap().changes_days, None);
}
