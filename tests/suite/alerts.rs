//! Rules: each finds what it is for at its threshold and not below, once, and lets go of it by itself.

use alx_report_api::alerts::{Alert, State, list};
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::{CompanyId, TokenId};
use alx_report_api::requests::{Request, store};
use alx_report_api::schema::{company_state, quota_days, request_log, sync_runs};
use alx_report_api::settings::site::Setting;
use alx_report_api::sync::RunState;
use alx_report_api::time::now;
use alx_report_api::{site, watch};
use diesel::prelude::*;
use serde_json::json;

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::{ACME, Client, OTHER, synced};

/// Looks as the clock does, at a moment.
pub async fn look(app: &TestApp, at: i64) {
    let app = app.app.clone();
    let looked = actix_web::rt::task::spawn_blocking(move || watch::look(&app, at));
    looked.await.unwrap().unwrap();
}

/// Sets settings of the site.
pub async fn set(app: &TestApp, settings: &[(&str, &str)]) {
    let wanted: Vec<(Setting, String)> = settings
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), (*value).to_owned()))
        .collect();
    let change = app
        .app
        .db
        .change(move |conn| site::change(conn, &wanted, "test", now() * 1000));
    change.await.unwrap();
}

/// Every alert that there ever was, newest first.
pub async fn alerts(app: &TestApp) -> Vec<Alert> {
    let filter = list::Filter {
        state: list::Shown::All,
        ..list::Filter::default()
    };
    let read = app
        .app
        .db
        .run(move |conn| list::page(conn, filter, 0, 1000));
    read.await.unwrap()
}

/// The types and severities that are not closed, in alphabetic order.
pub async fn open(app: &TestApp) -> Vec<String> {
    let unclosed = alerts(app).await.into_iter().filter(Alert::is_open);
    let mut said: Vec<String> = unclosed
        .map(|alert| format!("{} {}", alert.kind, alert.severity))
        .collect();
    said.sort();
    said
}

/// Only these rules look.
pub async fn only(app: &TestApp, rules: &[&str]) {
    let off: Vec<(&str, &str)> = Setting::ALL
        .iter()
        .filter(|setting| setting.as_str().starts_with("rule_") && setting.field().default == "on")
        .map(|setting| {
            (
                setting.as_str(),
                if rules.contains(&&setting.as_str()[5..]) {
                    "on"
                } else {
                    "off"
                },
            )
        })
        .collect();
    set(app, &off).await;
}

/// Calls of a company's address: how many, how many of them failed, and how long each took.
pub type Group = (Option<CompanyId>, &'static str, usize, usize, i64);

/// In place of the log: calls of a minute ago.
pub async fn calls(app: &TestApp, groups: Vec<Group>) {
    calls_before(app, now(), groups).await;
}

/// In place of the log: calls of a minute before a moment.
pub async fn calls_before(app: &TestApp, moment: i64, groups: Vec<Group>) {
    app.write_down().await; // nothing real comes later
    let change = move |conn: &mut _| {
        diesel::delete(request_log::table).execute(conn)?;
        for group in &groups {
            store::record(conn, &of_group(*group, moment))?;
        }
        Ok(())
    };
    app.app.db.change(change).await.unwrap();
}

fn of_group((company, route, all, failed, ms): Group, moment: i64) -> Vec<Request> {
    let call = |number: usize| Request {
        at_ms: moment * 1000 - 60_000,
        company,
        token: company.map(|_| TokenId(1)),
        method: "GET",
        route: route.into(),
        status: if number < failed { 400 } else { 200 },
        error: (number < failed).then(|| "bad-request".into()),
        rows: None,
        bytes: 1,
        duration_us: ms * 1000,
        cache: None,
        version: None,
        request_id: "r".into(),
    };
    (0..all).map(call).collect()
}

#[actix_web::test]
async fn each_rule_about_calls_finds_its_threshold_and_nothing_below() {
    let (app, _acme) = synced().await;
    only(
        &app,
        &[
            "repeated_failed_auth",
            "high_error_rate",
            "slow_response_time",
            "company_high_errors",
            "endpoint_high_errors",
            "high_api_usage",
        ],
    )
    .await;
    let (acme, other) = (Some(ACME), Some(OTHER));
    let cases: Vec<(&str, Vec<_>, Vec<&str>)> = vec![
        ("no calls", vec![], vec![]),
        (
            "19 calls say nothing",
            vec![(acme, "/a", 19, 18, 1)],
            vec![],
        ),
        (
            "two that fail say nothing",
            vec![(acme, "/a", 2, 2, 1)],
            vec![],
        ),
        (
            "three that all fail say that their program does not work",
            vec![(acme, "/a", 3, 3, 1)],
            vec!["company_high_errors medium"],
        ),
        ("10 % is not above", vec![(acme, "/a", 20, 2, 1)], vec![]),
        (
            "15 % of the site",
            vec![(acme, "/a", 20, 3, 1)],
            vec!["high_error_rate high"],
        ),
        (
            "20 % of a company is not above",
            vec![(acme, "/a", 20, 4, 1)],
            vec!["endpoint_high_errors medium", "high_error_rate high"],
        ),
        (
            "25 % of the site is not critical",
            vec![(acme, "/a", 20, 5, 1)],
            vec![
                "company_high_errors medium",
                "endpoint_high_errors medium",
                "high_error_rate high",
            ],
        ),
        (
            "30 % of an address is not high",
            vec![(acme, "/a", 20, 6, 1)],
            vec![
                "company_high_errors medium",
                "endpoint_high_errors medium",
                "high_error_rate critical",
            ],
        ),
        (
            "35 %",
            vec![(acme, "/a", 20, 7, 1)],
            vec![
                "company_high_errors medium",
                "endpoint_high_errors high",
                "high_error_rate critical",
            ],
        ),
        (
            "one company of two",
            vec![(acme, "/a", 30, 9, 1), (other, "/a", 170, 0, 1)],
            vec!["company_high_errors medium"],
        ),
        (
            "one address of two",
            vec![(acme, "/a", 170, 0, 1), (acme, "/b", 30, 9, 1)],
            vec!["endpoint_high_errors medium"],
        ),
        ("200 calls", vec![(acme, "/a", 200, 0, 1)], vec![]),
        (
            "201 calls",
            vec![(acme, "/a", 201, 0, 1)],
            vec!["high_api_usage medium"],
        ),
        ("2000 ms", vec![(acme, "/a", 20, 0, 2000)], vec![]),
        (
            "2001 ms",
            vec![(acme, "/a", 20, 0, 2001)],
            vec!["slow_response_time medium"],
        ),
        (
            "5001 ms",
            vec![(acme, "/a", 20, 0, 5001)],
            vec!["slow_response_time critical"],
        ),
        (
            "a slow twentieth is not enough",
            vec![(acme, "/a", 95, 0, 1), (acme, "/b", 5, 0, 9000)],
            vec![],
        ),
        (
            "more than a twentieth is",
            vec![(acme, "/a", 94, 0, 1), (acme, "/b", 6, 0, 9000)],
            vec!["slow_response_time critical"],
        ),
        ("9 unknown tokens", vec![(None, "/a", 9, 9, 1)], vec![]),
        (
            "10 unknown tokens, and nothing but them",
            vec![(None, "/a", 100, 100, 9000)],
            vec!["repeated_failed_auth high"],
        ),
    ];

    for (case, groups, expected) in cases {
        calls(&app, vec![]).await;
        look(&app, now()).await;
        assert_eq!(open(&app).await, Vec::<String>::new(), "before {case}");
        calls(&app, groups).await;
        look(&app, now()).await;
        assert_eq!(open(&app).await, expected, "{case}");
    }
}

#[actix_web::test]
async fn calls_of_more_than_an_hour_ago_do_not_count() {
    let (app, _acme) = synced().await;
    only(&app, &["high_api_usage"]).await;
    calls(&app, vec![(Some(ACME), "/a", 201, 0, 1)]).await;

    look(&app, now() + 3500).await;
    let within = open(&app).await;
    look(&app, now() + 3600).await;

    assert_eq!(within, ["high_api_usage medium"]);
    assert_eq!(open(&app).await, Vec::<String>::new());
}

#[actix_web::test]
async fn real_calls_are_found_as_their_programs_made_them() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"calls_per_token": 5})).await;
    only(
        &app,
        &[
            "rate_limit_exceeded",
            "quota_warning",
            "repeated_failed_auth",
        ],
    )
    .await;
    let stranger = Client::with_token(&app, "alx_unknown");
    for _ in 0..10 {
        assert_eq!(stranger.get("/api/v1/progress").await.status, 401);
    }
    while acme.get("/api/v1/progress").await.status == 200 {}
    app.write_down().await;

    look(&app, now()).await;
    let page = Admin::signed_in(&app).await.get("/alerts").await;

    assert_eq!(
        open(&app).await,
        ["rate_limit_exceeded high", "repeated_failed_auth high"]
    );
    assert!(
        page.says("The token test has used all 5 calls of today."),
        "{}",
        page.body
    );
    assert!(
        page.says("10 calls of the last hour came with a token"),
        "{}",
        page.body
    );
}

#[actix_web::test]
async fn limits_warn_at_their_shares_and_end_with_the_day() {
    let (app, _acme) = synced().await;
    only(&app, &["rate_limit_exceeded", "quota_warning"]).await;
    app.deliver(ACME, json!({"calls_per_company": 100})).await;
    let used = |count: i64| {
        let change = move |conn: &mut _| {
            diesel::delete(quota_days::table).execute(conn)?;
            let row = (
                quota_days::company_id.eq(ACME),
                quota_days::token_id.eq(TokenId(0)),
                quota_days::day.eq(now() / 86_400),
                quota_days::used.eq(count),
            );
            Ok(diesel::insert_into(quota_days::table)
                .values(row)
                .execute(conn)?)
        };
        app.app.db.change(change)
    };

    for (count, expected) in [
        (79, vec![]),
        (80, vec!["quota_warning low"]),
        (94, vec!["quota_warning low"]),
        (95, vec!["quota_warning medium"]),
        (100, vec!["rate_limit_exceeded high"]),
    ] {
        used(count).await.unwrap();
        look(&app, now()).await;
        assert_eq!(open(&app).await, expected, "{count} of 100");
    }
    look(&app, now() + 86_400).await;
    assert_eq!(open(&app).await, Vec::<String>::new(), "a new day");
}

/// Makes the latest run of ACME end otherwise.
async fn end_as(app: &TestApp, state: RunState) {
    let change = move |conn: &mut _| {
        let runs = sync_runs::table.filter(sync_runs::company_id.eq(ACME));
        Ok(diesel::update(runs)
            .set((
                sync_runs::state.eq(state),
                sync_runs::errors.eq("[\"Moodle was away.\"]"),
            ))
            .execute(conn)?)
    };
    app.app.db.change(change).await.unwrap();
}

#[actix_web::test]
async fn a_failed_sync_waits_for_the_next_good_one_and_removals_for_somebody() {
    let (app, acme) = synced().await;
    only(&app, &["sync_failed", "guard_waiting"]).await;
    look(&app, now()).await;
    assert_eq!(open(&app).await, Vec::<String>::new());

    end_as(&app, RunState::Failed).await;
    look(&app, now()).await;
    let admin = Admin::signed_in(&app).await;
    assert_eq!(open(&app).await, ["sync_failed high"]);
    assert!(
        admin
            .get("/alerts")
            .await
            .says("The latest sync failed: Moodle was away.")
    );
    end_as(&app, RunState::NeedsConfirmation).await;
    look(&app, now()).await;
    assert_eq!(open(&app).await, ["guard_waiting medium"]);
    end_as(&app, RunState::Rejected).await;
    end_as(&app, RunState::Abandoned).await;
    look(&app, now()).await;
    assert_eq!(open(&app).await, ["sync_failed high"]);
    acme.sync().await;
    look(&app, now()).await;
    assert_eq!(open(&app).await, Vec::<String>::new());
    let closed = alerts(&app).await;
    assert!(
        closed
            .iter()
            .all(|alert| alert.closed_by.as_deref() == Some("system")
                && alert.note.as_deref() == Some("It is not so any more."))
    );
}

/// A run of ACME that was asked for after all others.
async fn later_run(app: &TestApp, state: RunState) {
    let change = move |conn: &mut _| {
        let at = now() * 1000 + 60_000;
        Ok(diesel::sql_query(format!(
            "insert into sync_runs (id, company_id, mode, trigger, requested_by, state, requested_at_ms, errors, dry_run) \
             select 'feed', company_id, mode, trigger, requested_by, '{state}', {at}, '[]', dry_run from sync_runs \
             where company_id = {ACME} limit 1"
        ))
        .execute(conn)?)
    };
    app.app.db.change(change).await.unwrap();
}

#[actix_web::test]
async fn a_cancelled_run_mends_no_failure_for_the_alert_and_for_the_overview() {
    let (app, _acme) = synced().await;
    only(&app, &["sync_failed"]).await;
    end_as(&app, RunState::Failed).await;
    later_run(&app, RunState::Cancelled).await;
    let admin = Admin::signed_in(&app).await;

    look(&app, now()).await;
    let page = admin.get("/").await;

    assert_eq!(open(&app).await, ["sync_failed high"]);
    assert!(
        page.says("The latest sync did not succeed:") && page.says("status failed\">Failing<"),
        "{}",
        page.body
    );
}

#[actix_web::test]
async fn a_company_that_moodle_has_no_more_or_has_suspended_needs_nobody() {
    let (app, acme) = synced().await;
    only(&app, &["sync_failed", "no_sync", "token_expiring"]).await;
    Client::expiring(&app, ACME, "read", Some(now() + 5 * 86_400)).await;
    let admin = Admin::signed_in(&app).await;
    let moodle = |sql: &'static str| {
        MoodleBuilder::open(&app.moodle_file())
            .unwrap()
            .execute(sql)
            .unwrap();
    };
    let all = ["no_sync high", "sync_failed high", "token_expiring medium"];
    let later = now() + 3 * 86_400;

    end_as(&app, RunState::Failed).await;
    look(&app, later).await;
    assert_eq!(open(&app).await, all);
    moodle("update mdl_company set suspended = 1 where id = 42");
    admin.post("/companies/look-up", &[]).await;
    look(&app, later).await;
    assert_eq!(open(&app).await, Vec::<String>::new());
    let page = admin.get("/").await;
    assert!(
        page.says(">Suspended in Moodle<") && !page.says("did not succeed"),
        "{}",
        page.body
    );

    moodle("update mdl_company set suspended = 0 where id = 42");
    admin.post("/companies/look-up", &[]).await;
    look(&app, later).await;
    assert_eq!(open(&app).await, all);
    moodle("update mdl_company set id = 43 where id = 42");
    let refused = acme
        .post("/api/v1/syncs?wait=30", json!({"mode": "full"}))
        .await;
    assert_eq!(refused.json()["state"], "failed", "{}", refused.body);
    look(&app, later).await;
    assert_eq!(open(&app).await, Vec::<String>::new());
    let page = admin.get("/").await;
    assert!(
        page.says(">Not in Moodle<") && !page.says("did not succeed"),
        "{}",
        page.body
    );
    assert!(
        admin
            .get("/companies/42")
            .await
            .says("Moodle does not have this company any more.")
    );
    assert!(admin.get("/?health=gone").await.says("1–1 of 1 company"));
    let in_use = admin.get("/?health=in_use").await;
    assert!(in_use.says("1–2 of 2 companies") && !in_use.says("\"/companies/42\""));

    moodle("update mdl_company set id = 42 where id = 43");
    admin.post("/companies/look-up", &[]).await;
    look(&app, later).await;
    assert_eq!(open(&app).await, all, "it is back");
}

#[actix_web::test]
async fn a_store_that_answers_slowly_is_an_alert_and_a_line_of_health() {
    let (app, _acme) = synced().await;
    only(&app, &["slow_store"]).await;
    let admin = Admin::signed_in(&app).await;
    let store = async || {
        admin
            .get("/health")
            .await
            .between("<th scope=\"row\">Store</th>", "</tr>")
    };
    look(&app, now()).await;
    assert_eq!(open(&app).await, Vec::<String>::new());
    assert!(store().await.contains("status ok"));

    set(&app, &[("rule_store_medium_ms", "0")]).await;
    look(&app, now()).await;

    assert_eq!(open(&app).await, ["slow_store medium"]);
    assert!(store().await.contains("status warning"));
}

#[actix_web::test]
async fn a_company_that_is_not_synced_for_26_hours_is_missed() {
    let (app, _acme) = synced().await;
    only(&app, &["no_sync"]).await;
    let read = app.app.db.run(|conn| {
        let at = company_state::table
            .find(ACME)
            .select(company_state::synced_at);
        Ok(at.get_result::<Option<i64>>(conn)?)
    });
    let at = read.await.unwrap().expect("synced");

    look(&app, at + 26 * 3600 - 1).await;
    assert_eq!(open(&app).await, Vec::<String>::new());
    look(&app, at + 26 * 3600).await;

    assert_eq!(
        open(&app).await,
        ["no_sync high"],
        "and none of a company that nobody ever synced"
    );
    assert_eq!(alerts(&app).await[0].company_id, Some(ACME));
}

#[actix_web::test]
async fn tokens_are_told_of_30_and_7_days_before_their_end() {
    let (app, _acme) = synced().await;
    only(&app, &["token_expiring"]).await;
    let (now, day) = (now(), 86_400);
    Client::expiring(&app, ACME, "read", Some(now + 31 * day)).await;

    for (days, expected) in [
        (0, vec![]),
        (1, vec!["token_expiring low"]),
        (23, vec!["token_expiring low"]),
        (24, vec!["token_expiring medium"]),
        (31, vec![]),
    ] {
        look(&app, now + days * day).await;
        assert_eq!(open(&app).await, expected, "{days} days later");
    }
}

#[actix_web::test]
async fn a_moodle_that_is_away_is_found_and_a_moodle_that_is_back_too() {
    let (app, _acme) = synced().await;
    only(&app, &["source_unreachable"]).await;
    look(&app, now()).await;
    assert_eq!(open(&app).await, Vec::<String>::new());
    let aside = app.folder.path().join("aside.db");

    std::fs::rename(app.moodle_file(), &aside).unwrap();
    look(&app, now()).await;
    assert_eq!(open(&app).await, ["source_unreachable high"]);

    std::fs::rename(&aside, app.moodle_file()).unwrap();
    look(&app, now()).await;
    assert_eq!(open(&app).await, Vec::<String>::new());
}

#[actix_web::test]
async fn a_full_disk_is_found_where_its_threshold_says_so() {
    let (app, _acme) = synced().await;
    only(&app, &["disk_low"]).await;
    set(
        &app,
        &[
            ("rule_disk_free_percent", "0"),
            ("rule_disk_free_megabytes", "0"),
        ],
    )
    .await;
    look(&app, now()).await;
    assert_eq!(open(&app).await, Vec::<String>::new());

    set(&app, &[("rule_disk_free_megabytes", "10000000")]).await;
    look(&app, now()).await;

    assert_eq!(open(&app).await, ["disk_low high"]);
    let admin = Admin::signed_in(&app).await;
    let disk = async || {
        admin
            .get("/health")
            .await
            .between("Disk of the data folder</th>", "</tr>")
    };
    assert!(
        disk().await.contains("status warning"),
        "Health has the same rule"
    );
    set(&app, &[("rule_disk_free_megabytes", "0")]).await;
    assert!(disk().await.contains("status ok"));
}

#[actix_web::test]
async fn an_alert_is_opened_once_counted_raised_and_closed_by_itself() {
    let (app, _acme) = synced().await;
    only(&app, &["high_error_rate"]).await;

    calls(&app, vec![(Some(ACME), "/a", 20, 3, 1)]).await;
    look(&app, 1_000 + now()).await;
    calls(&app, vec![(Some(ACME), "/a", 20, 20, 1)]).await;
    look(&app, 1_060 + now()).await;
    calls(&app, vec![(Some(ACME), "/a", 20, 3, 1)]).await;
    look(&app, 1_120 + now()).await;
    let seen = alerts(&app).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].seen, seen[0].severity.as_str()),
        (3, "critical"),
        "the most that it ever was"
    );
    assert_eq!(
        seen[0].message, "3 of 20 calls of the last hour failed, 15 %.",
        "as it is now"
    );

    calls(&app, vec![]).await;
    look(&app, 1_180 + now()).await;
    calls(&app, vec![(Some(ACME), "/a", 20, 3, 1)]).await;
    look(&app, 1_240 + now()).await;
    let again = alerts(&app).await;
    let states: Vec<State> = again.iter().map(|alert| alert.state).collect();
    assert_eq!(states, [State::Open, State::Closed], "a new one each time");
}

#[actix_web::test]
async fn a_rule_that_is_switched_off_closes_its_alerts_and_alerts_off_leave_everything_as_it_is() {
    let (app, _acme) = synced().await;
    only(&app, &["high_api_usage"]).await;
    calls(&app, vec![(Some(ACME), "/a", 201, 0, 1)]).await;
    look(&app, now()).await;

    set(
        &app,
        &[("alerts_on", "off"), ("rule_high_api_usage", "off")],
    )
    .await;
    look(&app, now()).await;
    assert_eq!(open(&app).await, ["high_api_usage medium"]);

    set(&app, &[("alerts_on", "on")]).await;
    look(&app, now()).await;
    assert_eq!(open(&app).await, Vec::<String>::new());
    assert_eq!(
        alerts(&app).await[0].note.as_deref(),
        Some("Its rule was switched off.")
    );
}

#[actix_web::test]
async fn of_several_instances_one_looks_each_minute() {
    let app = TestApp::without_moodle().await;
    let second = app.second().await;
    let turn = |app: &TestApp, at: i64| {
        let app = app.app.clone();
        let taken = actix_web::rt::task::spawn_blocking(move || watch::take_turn(&app.db, at));
        async move { taken.await.unwrap().unwrap() }
    };
    let now = now();

    let both = futures_util::future::join(turn(&app, now), turn(&second, now)).await;
    assert!(both.0 != both.1, "one of two at once: {both:?}");
    assert!(!turn(&app, now + 50).await);
    assert!(turn(&second, now + 51).await);
    assert!(
        turn(&app, now - 1000).await,
        "a clock that ran ahead does not silence us"
    );
}

/// A copy in the folder of copies, made at this moment.
fn copy(app: &TestApp, name: &str) {
    let folder = app.folder.path().join("backups");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join(format!("alx-20261101T100000000Z-{name}.db")),
        "x",
    )
    .unwrap();
}

#[actix_web::test]
async fn backups_that_are_not_made_any_more_are_an_alert_until_there_is_a_new_one() {
    const DAY: i64 = 86_400;
    let (app, _acme) = synced().await;
    if !app.is_embedded() {
        return; // PostgreSQL's copies are its own business
    }
    only(&app, &["backup_old"]).await;
    let looked = async |days: i64| {
        look(&app, now() + days * DAY + 60).await;
        open(&app).await
    };

    let never = looked(400).await;
    copy(&app, "before-migration");
    let by_itself = looked(400).await;
    copy(&app, "by-hand");
    let young = looked(7).await;
    let old = looked(8).await;
    let said = alerts(&app).await[0].message.clone();
    set(&app, &[("rule_backup_old_days", "9")]).await;
    let new = looked(8).await;

    assert!(
        never.is_empty(),
        "who never made one makes them in another way"
    );
    assert!(by_itself.is_empty() && young.is_empty());
    assert_eq!(old, ["backup_old medium"]);
    assert!(
        said.starts_with("The newest backup in the data folder is 8 days old: backups/alx-"),
        "{said}"
    );
    assert!(new.is_empty());
}
