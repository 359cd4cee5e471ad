//! Everything that can be sent on the dashboard leaves its line in the audit log, or changes nothing that is asked about.

use std::collections::BTreeSet;

use alx_report_api::audit;
use alx_report_api::dashboard::{audit_words, rights};
use alx_report_api::schema::{admins, audit_log};
use alx_report_api::time::now_ms;
use alx_report_api::tokens::store;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::shape::{SETTINGS, decide, preview, save_defaults};
use crate::support::TestApp;
use crate::support::acme::acme;
use crate::support::admin::{Admin, Answer, EMAIL, PASSWORD};
use crate::support::client::{ACME, Client, complete};
use crate::support::html::forms;

/// What is sent without a line, and why.
const WITHOUT: [(&str, &str); 7] = [
    (
        "/account/second-factor",
        "asks for codes of an app; second_factor.rs sends it and reads its line",
    ),
    (
        "/account/second-factor/codes",
        "asks for codes of an app; second_factor.rs sends it and reads its line",
    ),
    (
        "/account/second-factor/confirm",
        "asks for codes of an app; second_factor.rs sends it and reads its line",
    ),
    (
        "/account/second-factor/off",
        "asks for codes of an app; second_factor.rs sends it and reads its line",
    ),
    (
        "/admins/{admin}/second-factor",
        "asks for codes of an app; second_factor.rs sends it and reads its line",
    ),
    (
        "/sign-in/code",
        "asks for codes of an app; second_factor.rs sends it and reads its line",
    ),
    (
        "/demo/complete",
        "the made-up Moodle, which anybody may click in",
    ),
];

const DEFAULTS: [(&str, &str); 5] = [
    ("learners", "moodle"),
    ("suspended", "no"),
    ("enrolled", "since"),
    ("enrolled_day", "2020-01-01"),
    ("completed", "ever"),
];

/// Every address that takes a form, as `routes.rs` has it.
fn posts() -> BTreeSet<&'static str> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/routes.rs");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, dashboard) = text.split_once("\nfn dashboard(").unwrap();
    let takes = |pattern: &&str| {
        let line = format!("resource(\"{pattern}\")");
        let line = dashboard.lines().find(|one| one.contains(&line));
        line.is_some_and(|line| line.contains(".post("))
    };
    rights::known().filter(takes).collect()
}

/// A walk through the addresses.
struct Walk {
    app: TestApp,
    admin: Admin,
    done: BTreeSet<&'static str>,
}

impl Walk {
    async fn newest(&self) -> Option<(i64, String, String)> {
        let read = self.app.app.db.run(|conn| {
            let newest = audit_log::table.order(audit_log::id.desc());
            let columns = (audit_log::id, audit_log::action, audit_log::actor);
            Ok(newest.select(columns).first(conn).optional()?)
        });
        read.await.unwrap()
    }

    /// Whether sending wrote the line, in words, of who did it.
    async fn wrote(&mut self, pattern: &'static str, before: i64, answer: &Answer, action: &str) {
        let what = format!("{pattern}: {} {}", answer.status, answer.body);
        assert!(matches!(answer.status, 200 | 303), "{what}");
        let (id, written, actor) = self.newest().await.expect("a line");
        assert!(id > before, "no line for {what}");
        assert_eq!(written, action, "{what}");
        assert_eq!(actor, EMAIL, "{what}");
        assert!(audit_words::is_known(action), "{action} has no name");
        assert!(posts().contains(pattern), "{pattern} takes no form");
        self.done.insert(pattern);
    }

    async fn before(&self) -> i64 {
        self.newest().await.map_or(0, |(id, ..)| id)
    }

    /// Sends fields.
    async fn send(
        &mut self,
        pattern: &'static str,
        address: &str,
        fields: &[(&str, &str)],
        action: &str,
    ) -> Answer {
        let before = self.before().await;
        let answer = self.admin.post(address, fields).await;
        self.wrote(pattern, before, &answer, action).await;
        answer
    }

    /// Sends a form of a page as it stands there, but for some fields.
    async fn press(
        &mut self,
        pattern: &'static str,
        page: &str,
        changed: &[(&str, &str)],
        action: &str,
    ) -> Answer {
        let shown = self.admin.get(page).await;
        let form = forms(&shown.body, page)
            .into_iter()
            .find(|form| form.method == "post" && form.action != "/sign-out")
            .unwrap_or_else(|| panic!("no form on {page}: {}", shown.body));
        let kept = form
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        let fields: Vec<(&str, &str)> = kept.chain(changed.iter().copied()).collect();
        self.send(pattern, &form.action, &fields, action).await
    }

    async fn sql(&self, statements: String) {
        let run = self
            .app
            .app
            .db
            .change(move |conn| Ok(conn.batch_execute(&statements)?));
        run.await.unwrap();
    }

    /// A run of Acme in a state, in place of a real one.
    async fn run(&self, id: &str, state: &str) {
        let now = now_ms();
        self.sql(format!(
            "insert into sync_runs (id, company_id, mode, trigger, requested_by, state, requested_at_ms, lease_until_ms, runner) \
             values ('{id}', 42, 'full', 'manual', 'x', '{state}', {now}, {}, 'x')",
            now + 3_600_000
        ))
        .await;
    }
}

async fn begin() -> Walk {
    let app = TestApp::with_moodle(acme).await;
    let browser = Admin::stranger(&app);
    let link = app.app.setup.path();
    let fields = [
        ("token", link.split_once('=').unwrap().1),
        ("email", EMAIL),
        ("password", PASSWORD),
        ("repeated", PASSWORD),
    ];
    let made = browser.post("/setup", &fields).await;
    let mut walk = Walk {
        admin: Admin::stranger(&app),
        app,
        done: BTreeSet::new(),
    };
    walk.wrote("/setup", 0, &made, "signed_in").await;
    let before = walk.before().await;
    let signed_in = walk.admin.sign_in(EMAIL, PASSWORD).await;
    walk.wrote("/sign-in", before, &signed_in, "signed_in")
        .await;
    walk
}

async fn syncs(walk: &mut Walk) {
    walk.send(
        "/companies/look-up",
        "/companies/look-up",
        &[],
        "companies_looked_up",
    )
    .await;
    let asked = [("company", "42"), ("mode", "full"), ("key", "one")];
    walk.send("/sync", "/sync", &asked, "sync_requested").await;
    Client::new(&walk.app, ACME, "read,sync").await.sync().await; // what was asked for has ended
    complete(&walk.app, 103, "First aid");
    let last = Client::new(&walk.app, ACME, "read,sync").await.sync().await;
    let undo = format!("/sync/runs/{}/undo", last["id"].as_str().unwrap());
    let before = walk.before().await;
    let undone = walk.admin.post(&undo, &[]).await;
    walk.wrote("/sync/runs/{run}/undo", before, &undone, "sync_undone")
        .await;
    let (batch, preview) = (
        [("mode", "full"), ("key", "b")],
        [("mode", "full"), ("dry_run", "true"), ("key", "p")],
    );
    let started = walk
        .send("/sync/batches", "/sync/batches", &batch, "batch_requested")
        .await;
    finished(walk, started.location()).await;
    let tried = walk
        .send(
            "/sync/batches",
            "/sync/batches",
            &preview,
            "batch_requested",
        )
        .await;
    finished(walk, tried.location()).await;
    let real = format!("{}/run", tried.location());
    let real = walk
        .send("/sync/batches/{batch}/run", &real, &[], "batch_requested")
        .await;
    finished(walk, real.location()).await;
    for (id, decision, action) in [
        ("reject-me", "reject", "removals_rejected"),
        ("confirm-me", "confirm", "removals_confirmed"),
    ] {
        walk.run(id, "needs_confirmation").await;
        let address = format!("/sync/runs/{id}/{decision}");
        let pattern = if decision == "confirm" {
            "/sync/runs/{run}/confirm"
        } else {
            "/sync/runs/{run}/reject"
        };
        walk.send(pattern, &address, &[], action).await;
    }
    Client::new(&walk.app, ACME, "read,sync").await.sync().await; // what was confirmed has ended
}

/// Waits until a batch has ended.
async fn finished(walk: &Walk, address: &str) {
    for _ in 0..200 {
        if !walk
            .admin
            .get(address)
            .await
            .says("Cancel what has not finished")
        {
            return;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{address} lasts");
}

async fn settings(walk: &mut Walk) {
    let before = walk.before().await;
    let (address, tried) = preview(
        &walk.admin,
        &[("enrolled", "since"), ("enrolled_day", "2020-01-31")],
    )
    .await;
    walk.wrote(
        "/companies/{company}/settings",
        before,
        &tried,
        "settings_tried",
    )
    .await;
    assert!(address.starts_with(SETTINGS));
    let before = walk.before().await;
    let saved = decide(&walk.admin, &address, "save").await;
    walk.wrote(
        "/companies/{company}/settings/preview/{run}",
        before,
        &saved,
        "settings_changed",
    )
    .await;
    let mut trial = DEFAULTS.to_vec();
    trial.push(("company", "42"));
    walk.send(
        "/settings/rows/preview",
        "/settings/rows/preview",
        &trial,
        "settings_tried",
    )
    .await;
    Client::new(&walk.app, ACME, "read,sync").await.sync().await;
    let before = walk.before().await;
    let saved = save_defaults(&walk.admin, &DEFAULTS).await;
    walk.wrote("/settings/rows", before, &saved, "settings_changed")
        .await;
    walk.press(
        "/companies/{company}/settings/delivery",
        "/companies/42/settings/delivery",
        &[("calls_per_token", "7")],
        "delivery_changed",
    )
    .await;
    walk.press(
        "/settings/delivery",
        "/settings/delivery",
        &[("calls_per_token", "70")],
        "delivery_changed",
    )
    .await;
    walk.send(
        "/settings",
        "/settings",
        &[("requests_days", "91")],
        "site_settings_changed",
    )
    .await;
    walk.press(
        "/alerts/rules",
        "/alerts/rules",
        &[("alerts_cooldown_minutes", "61")],
        "site_settings_changed",
    )
    .await;
    walk.send(
        "/alerts/rules/test",
        "/alerts/rules/test",
        &[("channel", "email")],
        "test_message_sent",
    )
    .await;
    let rhythm = [
        ("rhythm", "minutes"),
        ("every_minutes", "15"),
        ("minute", "0"),
        ("time", "02:00"),
        ("zone", "UTC"),
        ("mode", "changes"),
    ];
    walk.send("/schedules", "/schedules", &rhythm, "schedule_set")
        .await;
    walk.send(
        "/companies/{company}/schedule",
        "/companies/42/schedule",
        &rhythm,
        "schedule_set",
    )
    .await;
    walk.send(
        "/companies/{company}/schedule/pause",
        "/companies/42/schedule/pause",
        &[],
        "schedule_paused",
    )
    .await;
    walk.send(
        "/companies/{company}/schedule/resume",
        "/companies/42/schedule/resume",
        &[],
        "schedule_resumed",
    )
    .await;
    walk.send(
        "/companies/{company}/schedule/run",
        "/companies/42/schedule/run",
        &[("key", "now")],
        "sync_requested",
    )
    .await;
    walk.send(
        "/companies/{company}/cache/clear",
        "/companies/42/cache/clear",
        &[],
        "cache_cleared",
    )
    .await;
    let read = walk.app.app.db.run(|conn| {
        let cleared = audit_log::table.filter(audit_log::action.eq("cache_cleared"));
        Ok(cleared
            .select(audit_log::after)
            .first::<Option<String>>(conn)?)
    });
    let after = read.await.unwrap().unwrap_or_default();
    assert!(after.starts_with("{\"responses\":"), "{after}");
}

async fn tokens(walk: &mut Walk) {
    walk.send(
        "/companies/{company}/tokens",
        "/companies/42/tokens",
        &[("name", "bi"), ("read", "on")],
        "token_created",
    )
    .await;
    let read = walk.app.app.db.run(|conn| store::list(conn, ACME));
    let made = read.await.unwrap();
    let id = made.iter().find(|token| token.name == "bi").unwrap().id;
    let page = format!("/companies/42/tokens/{id}/rotate");
    walk.press(
        "/companies/{company}/tokens/{token}/rotate",
        &page,
        &[],
        "token_rotated",
    )
    .await;
    let page = format!("/companies/42/tokens/{id}/revoke");
    walk.press(
        "/companies/{company}/tokens/{token}/revoke",
        &page,
        &[],
        "token_revoked",
    )
    .await;
}

async fn people(walk: &mut Walk) {
    walk.send(
        "/people/{user}/erase",
        "/people/101/erase",
        &[],
        "person_erased",
    )
    .await;
    walk.send(
        "/people/{user}/erasure/lift",
        "/people/101/erasure/lift",
        &[],
        "erasure_lifted",
    )
    .await;
    walk.sql(
        "insert into alerts (id, type, severity, subject, message, data, state, opened_at, seen_at, seen) \
         values (901, 'disk_low', 'high', '', 'Low.', '{}', 'open', 1, 1, 1);"
            .into(),
    )
    .await;
    walk.send(
        "/alerts/{id}/acknowledge",
        "/alerts/901/acknowledge",
        &[],
        "alert_acknowledged",
    )
    .await;
    walk.send(
        "/alerts/{id}/close",
        "/alerts/901/close",
        &[("note", "done")],
        "alert_closed",
    )
    .await;
    if walk.app.is_embedded() {
        walk.send("/health", "/health", &[], "backup_made").await;
    } else {
        walk.done.insert("/health"); // PostgreSQL's own tools make copies
    }
}

async fn admins(walk: &mut Walk) {
    let guest = |email| [("email", email), ("role", "viewer"), ("company", "")];
    let invited = walk
        .send(
            "/admins",
            "/admins",
            &guest("bob@example.com"),
            "admin_invited",
        )
        .await;
    let link = invited.between("id=\"link\">", "<");
    let token = link.split_once("token=").unwrap().1.to_owned();
    let before = walk.before().await;
    let chosen = [
        ("token", token.as_str()),
        ("password", "another long one"),
        ("repeated", "another long one"),
    ];
    let joined = Admin::stranger(&walk.app)
        .post("/invitation", &chosen)
        .await;
    assert_eq!(joined.status, 303, "{}", joined.body);
    let (id, action, actor) = walk.newest().await.unwrap();
    assert_eq!(
        (id > before, action.as_str(), actor.as_str()),
        (true, "admin_joined", "bob@example.com")
    );
    walk.done.insert("/invitation");
    walk.send(
        "/admins",
        "/admins",
        &guest("eve@example.com"),
        "admin_invited",
    )
    .await;
    let list = walk.admin.get("/admins").await;
    let revoke = format!(
        "/admins/invitations/{}",
        list.between("action=\"/admins/invitations/", "\"")
    );
    walk.send(
        "/admins/invitations/{invitation}/revoke",
        &revoke,
        &[],
        "admin_invitation_revoked",
    )
    .await;
    let read = walk.app.app.db.run(|conn| {
        let bob = admins::table.filter(admins::email.eq("bob@example.com"));
        Ok(bob.select(admins::id).get_result::<i64>(conn)?)
    });
    let bob = format!("/admins/{}", read.await.unwrap());
    let role = [("role", "operator"), ("company", "")];
    walk.send(
        "/admins/{admin}/role",
        &format!("{bob}/role"),
        &role,
        "admin_role_changed",
    )
    .await;
    let mut signed_in = Admin::stranger(&walk.app);
    assert_eq!(
        signed_in
            .sign_in("bob@example.com", "another long one")
            .await
            .status,
        303
    );
    walk.send(
        "/admins/{admin}/sessions",
        &format!("{bob}/sessions"),
        &[("session", "all")],
        "sessions_ended",
    )
    .await;
    for (pattern, what, action) in [
        (
            "/admins/{admin}/password",
            "password",
            "admin_password_link_made",
        ),
        ("/admins/{admin}/disable", "disable", "admin_disabled"),
        ("/admins/{admin}/enable", "enable", "admin_enabled"),
        ("/admins/{admin}/remove", "remove", "admin_removed"),
    ] {
        walk.send(pattern, &format!("{bob}/{what}"), &[], action)
            .await;
    }
}

async fn views(walk: &mut Walk) {
    let own = "/companies/42/views";
    let view = [("name", "Ada's"), ("query", "status=completed")];
    walk.send("/companies/{company}/views", own, &view, "view_saved")
        .await;
    let newest = walk.app.app.db.run(|conn| {
        let newest = audit_log::table.order(audit_log::id.desc());
        Ok(newest.select(audit_log::subject).first::<String>(conn)?)
    });
    let id = newest.await.unwrap();
    assert!(
        id.parse::<i64>().is_ok(),
        "a name may be that of a person: {id}"
    );
    walk.send(
        "/companies/{company}/views/{view}",
        &format!("{own}/{id}"),
        &[("name", "another")],
        "view_renamed",
    )
    .await;
    walk.send(
        "/companies/{company}/views/{view}/delete",
        &format!("{own}/{id}/delete"),
        &[],
        "view_deleted",
    )
    .await;
}

async fn account(walk: &mut Walk) {
    let looks = [("zone", "UTC"), ("language", "en"), ("theme", "dark")];
    walk.send(
        "/account/preferences",
        "/account/preferences",
        &looks,
        "preferences_saved",
    )
    .await;
    let mut elsewhere = Admin::stranger(&walk.app);
    assert_eq!(elsewhere.sign_in(EMAIL, PASSWORD).await.status, 303);
    walk.send(
        "/account/sessions",
        "/account/sessions",
        &[("session", "others")],
        "sessions_ended",
    )
    .await;
    let password = [
        ("old", PASSWORD),
        ("password", "another long one"),
        ("repeated", "another long one"),
    ];
    walk.send(
        "/account/password",
        "/account/password",
        &password,
        "admin_password_changed",
    )
    .await;
}

async fn cancels(walk: &mut Walk) {
    Client::new(&walk.app, ACME, "read,sync").await.sync().await; // nothing else runs
    walk.run("lasts", "running").await;
    walk.sql(format!(
        "insert into sync_batches (id, mode, dry_run, trigger, requested_by, requested_at_ms, until_ms) \
         values ('lasting', 'full', false, 'manual', 'x', {now}, {now}); \
         insert into sync_batch_runs (batch_id, company_id, run_id) values ('lasting', 42, 'lasts');",
        now = now_ms()
    ))
    .await;
    walk.send(
        "/sync/runs/{run}/cancel",
        "/sync/runs/lasts/cancel",
        &[],
        "sync_cancelled",
    )
    .await;
    walk.send(
        "/sync/batches/{batch}/cancel",
        "/sync/batches/lasting/cancel",
        &[],
        "batch_cancelled",
    )
    .await;
    walk.send("/sign-out", "/sign-out", &[], "signed_out").await;
}

#[actix_web::test]
async fn whatever_is_sent_writes_its_line_or_is_named_here() {
    let mut walk = begin().await;

    syncs(&mut walk).await;
    settings(&mut walk).await;
    tokens(&mut walk).await;
    people(&mut walk).await;
    admins(&mut walk).await;
    views(&mut walk).await;
    account(&mut walk).await;
    cancels(&mut walk).await;

    walk.done
        .extend(WITHOUT.iter().map(|(pattern, _)| *pattern));
    let missing: Vec<_> = posts().difference(&walk.done).copied().collect();
    assert!(missing.is_empty(), "never sent: {missing:?}");
    let read = walk.app.app.db.run(audit::actions);
    let nameless: Vec<String> = read.await.unwrap();
    let nameless: Vec<_> = nameless
        .iter()
        .filter(|word| !audit_words::is_known(word))
        .collect();
    assert!(nameless.is_empty(), "{nameless:?}");
}
