//! Schedules: set on their pages, kept by the clock.

use std::path::Path;
use std::time::Duration;

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::error::Result;
use alx_report_api::ids::CompanyId;
use alx_report_api::schema::{audit_log, sync_runs, sync_schedules};
use alx_report_api::sync::schedule::{self, Schedule};
use alx_report_api::sync::{Mode, Request, Run, RunState, Trigger, request};
use alx_report_api::time::now;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::acme::{acme, synced_app};
use crate::support::admin::{Admin, EMAIL};
use crate::support::client::ACME;
use crate::support::html;

const EVERY_15: [(&str, &str); 6] = [
    ("rhythm", "minutes"),
    ("every_minutes", "15"),
    ("minute", "0"),
    ("time", "02:00"),
    ("zone", "UTC"),
    ("mode", "changes"),
];

/// `EVERY_15` with other fields.
fn fields<'a>(other: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = EVERY_15
        .into_iter()
        .filter(|(name, _)| !other.iter().any(|(changed, _)| changed == name));
    usual.chain(other.iter().copied()).collect()
}

async fn set(admin: &Admin, other: &[(&str, &str)]) {
    let answer = admin.post("/companies/42/schedule", &fields(other)).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

/// Blocking work where drivers may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> T {
    let done = actix_web::rt::task::spawn_blocking(work).await;
    done.unwrap().unwrap()
}

async fn tick(app: &TestApp, at: i64) -> usize {
    let app = app.app.clone();
    blocking(move || schedule::tick(&app, at)).await
}

async fn checks(app: &TestApp, at: i64) -> usize {
    let app = app.app.clone();
    blocking(move || schedule::checks::due_checks(&app, at)).await
}

async fn schedule_of(app: &TestApp) -> Schedule {
    let found = app.app.db.run(|conn| schedule::store::find(conn, ACME));
    found.await.unwrap().expect("a schedule")
}

async fn set_next(app: &TestApp, at: i64) {
    let change = move |conn: &mut _| {
        let set = diesel::update(sync_schedules::table).set(sync_schedules::next_run_at.eq(at));
        Ok(set.execute(conn)?)
    };
    app.app.db.change(change).await.unwrap();
}

/// Every run that the clock asked for, oldest first, once all have ended.
async fn scheduled(app: &TestApp) -> Vec<Run> {
    for _ in 0..400 {
        let list = |conn: &mut _| {
            let runs: Vec<Run> = sync_runs::table
                .filter(sync_runs::trigger.eq(Trigger::Scheduled))
                .order((sync_runs::requested_at_ms, sync_runs::started_at_ms))
                .select(Run::as_select())
                .load(conn)?;
            Ok(runs)
        };
        let runs = app.app.db.run(list).await.unwrap();
        if runs.iter().all(Run::ended) {
            return runs;
        }
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the runs do not end");
}

/// Lets every run so far have ended a day and an hour ago.
async fn a_day_passes(app: &TestApp) {
    let moved = |conn: &mut _| {
        let earlier = sync_runs::finished_at_ms - 25 * 3_600_000_i64;
        let set = diesel::update(sync_runs::table).set(sync_runs::finished_at_ms.eq(earlier));
        Ok(set.execute(conn)?)
    };
    app.app.db.change(moved).await.unwrap();
}

#[actix_web::test]
async fn an_admin_sets_a_schedule_and_sees_what_the_clock_will_do() {
    let (app, admin) = synced_app().await;

    let none = admin.get("/companies/42/sync").await;
    let berlin = [
        ("rhythm", "daily"),
        ("time", "02:30"),
        ("zone", "Europe/Berlin"),
    ];
    set(&admin, &berlin).await;
    let page = admin.get("/companies/42/schedule").await;
    let company = admin.get("/companies/42/sync").await;

    assert!(
        none.says("No schedule: this company is synced only"),
        "{}",
        none.body
    );
    assert!(page.says("daily at 02:30 (Europe/Berlin)"), "{}", page.body);
    assert!(page.says("The schedule is set."));
    assert_eq!(page.body.matches("02:30 CE").count(), 5, "{}", page.body);
    let next = schedule_of(&app).await.next_run_at.expect("a next run");
    let shown = alx_report_api::time::rfc3339(next).unwrap();
    let shown = shown[..16].replace('T', " ");
    assert!(page.says(&shown) && company.says(&shown), "{shown}");
    assert!(company.says("daily at 02:30 (Europe/Berlin)"));
}

#[actix_web::test]
async fn what_is_wrong_with_a_schedule_stands_at_its_field() {
    let (_app, admin) = synced_app().await;
    for (wrong, id) in [
        (&[("every_minutes", "4")][..], "every-error"),
        (&[("every_minutes", "soon")], "every-error"),
        (&[("rhythm", "hourly"), ("minute", "60")], "minute-error"),
        (&[("rhythm", "daily"), ("time", "25:00")], "time-error"),
        (
            &[("rhythm", "daily"), ("zone", "Mars/Olympus<b>")],
            "zone-error",
        ),
        (&[("rhythm", "weekly")], "rhythm-error"),
        (&[("mode", "undo")], "mode-error"),
    ] {
        let page = admin.post("/companies/42/schedule", &fields(wrong)).await;

        assert_eq!(page.status, 422, "{wrong:?}");
        assert!(
            page.body.contains(&format!("id=\"{id}\"")),
            "{wrong:?} {}",
            page.body
        );
        assert!(!page.body.contains("Olympus<b>"));
        assert_eq!(html::mistakes(&page.body), (1, vec![]), "{wrong:?}");
    }
    let unknown = admin.post("/companies/999/schedule", &fields(&[])).await;
    assert_eq!(unknown.status, 404);
}

#[actix_web::test]
async fn nobodys_schedule_is_lost_to_a_form_that_was_opened_before() {
    let (app, admin) = synced_app().await;
    let page = "/companies/42/schedule";
    let seen = admin
        .get(page)
        .await
        .between("name=\"seen\" value=\"", "\"");
    let hourly = [("rhythm", "hourly"), ("minute", "7"), ("seen", &*seen)];
    let daily = [("rhythm", "daily"), ("time", "04:30"), ("seen", &*seen)];

    let hourly = fields(&hourly);
    let (one, two) = futures_util::join!(admin.post(page, &hourly), admin.post(page, &hourly));
    let refused = admin.post(page, &fields(&daily)).await;
    let kept = schedule_of(&app).await;
    let seen = refused.between("name=\"seen\" value=\"", "\"");
    let on_purpose = [daily[0], daily[1], ("seen", &*seen)];
    let again = admin.post(page, &fields(&on_purpose)).await;

    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409], "one of two that are sent at once");
    assert_eq!(refused.status, 409);
    assert!(
        refused.says("Nothing was saved.")
            && refused.says("Somebody else has changed this schedule")
            && refused.says("Saved now: hourly at minute 07 (UTC)"),
        "{}",
        refused.body
    );
    assert!(refused.says("value=\"04:30\""), "what was typed stays");
    assert_eq!(
        kept.rhythm.in_words().to_string(),
        "hourly at minute 07 (UTC)"
    );
    assert_eq!(again.status, 303, "on purpose: {}", again.body);
    assert_eq!(
        schedule_of(&app).await.rhythm.in_words().to_string(),
        "daily at 04:30 (UTC)"
    );
}

#[actix_web::test]
async fn two_instances_that_look_at_once_ask_for_one_run() {
    let (app, admin) = synced_app().await;
    let other = app.second().await;
    set(&admin, &[]).await;

    for round in 1..=5 {
        let due = now() - 100 + round;
        set_next(&app, due).await;
        let (one, two) = futures_util::join!(tick(&app, now()), tick(&other, now()));

        assert_eq!(one + two, 1, "round {round}");
        assert_eq!(scheduled(&app).await.len(), round as usize);
    }
}

#[actix_web::test]
async fn what_was_missed_runs_once_and_then_as_usual() {
    let (app, admin) = synced_app().await;
    set(&admin, &[]).await;
    set_next(&app, now() - 3 * 86_400).await;

    let first = tick(&app, now()).await;
    let second = tick(&app, now()).await;

    assert_eq!((first, second), (1, 0));
    let next = schedule_of(&app).await.next_run_at.unwrap();
    assert!(next > now() && next <= now() + 900, "{next}");
    assert_eq!(scheduled(&app).await[0].state, RunState::Succeeded);
}

#[actix_web::test]
async fn a_clock_that_was_set_back_delays_nothing_and_repeats_nothing() {
    let (app, admin) = synced_app().await;
    set(&admin, &[]).await;
    set_next(&app, now() + 10 * 86_400).await;

    assert_eq!(tick(&app, now()).await, 0);
    let next = schedule_of(&app).await.next_run_at.unwrap();
    assert!(next <= now() + 900, "computed anew: {next}");

    let due = now() - 5;
    set_next(&app, due).await;
    assert_eq!(tick(&app, now()).await, 1);
    set_next(&app, due).await;
    assert_eq!(
        tick(&app, now()).await,
        0,
        "the same due time is the same run"
    );
    assert_eq!(scheduled(&app).await.len(), 1);
}

#[actix_web::test]
async fn a_due_time_that_a_clock_ahead_has_used_comes_again() {
    let (app, admin) = synced_app().await;
    set(&admin, &[]).await;
    let due = now() + 7200;
    set_next(&app, due).await;
    assert_eq!(tick(&app, due + 86_400).await, 1); // a day too early
    scheduled(&app).await;

    set_next(&app, due).await;
    assert_eq!(tick(&app, due).await, 1);

    assert_eq!(scheduled(&app).await.len(), 2);
}

#[actix_web::test]
async fn a_run_that_waits_already_is_the_scheduled_one() {
    let (app, admin) = synced_app().await;
    set(&admin, &[]).await;
    let (db, wish) = (
        app.app.db.clone(),
        Request::of(ACME, Mode::Full, Trigger::Api, "alx_123".into()),
    );
    blocking(move || request::record(&db, &wish, now() * 1000)).await;
    set_next(&app, now() - 1).await;

    assert_eq!(tick(&app, now()).await, 0);

    assert!(schedule_of(&app).await.next_run_at.unwrap() > now());
    assert_eq!(scheduled(&app).await.len(), 0);
}

#[actix_web::test]
async fn a_smaller_run_that_waits_is_not_the_scheduled_one() {
    let (app, admin) = synced_app().await;
    set(&admin, &[("mode", "full")]).await;
    let (db, wish) = (
        app.app.db.clone(),
        Request {
            hours_back: Some(1),
            ..Request::of(ACME, Mode::Changes, Trigger::Api, "alx_123".into())
        },
    );
    blocking(move || request::record(&db, &wish, now() * 1000)).await;
    set_next(&app, now() - 1).await;

    assert_eq!(tick(&app, now()).await, 0);

    let again = schedule_of(&app).await.next_run_at.unwrap();
    assert!(
        again > now() && again <= now() + 60,
        "soon, not a day later"
    );
}

#[actix_web::test]
async fn a_check_that_waits_makes_room_for_the_schedule() {
    let (app, admin) = synced_app().await;
    set(&admin, &[]).await;
    let (db, check) = (
        app.app.db.clone(),
        Request {
            dry_run: true,
            ..Request::of(ACME, Mode::Full, Trigger::Scheduled, "daily check".into())
        },
    );
    blocking(move || request::record(&db, &check, now() * 1000)).await;
    set_next(&app, now() - 1).await;

    assert_eq!(tick(&app, now()).await, 1);

    let runs = scheduled(&app).await;
    let check = runs.iter().find(|run| run.dry_run).unwrap();
    assert_eq!(check.state, RunState::Cancelled);
    assert_eq!(check.errors(), ["It made room for a sync of its schedule."]);
    assert!(runs.iter().any(|run| !run.dry_run));
}

#[actix_web::test]
async fn a_schedule_of_changes_reads_everything_at_least_once_a_day() {
    let (app, admin) = synced_app().await;
    set(&admin, &[]).await;
    set_next(&app, now() - 3).await;
    tick(&app, now()).await;
    assert_eq!(scheduled(&app).await[0].mode, Mode::Changes);

    a_day_passes(&app).await;
    set_next(&app, now() - 2).await;
    tick(&app, now()).await;
    let modes: Vec<Mode> = scheduled(&app).await.iter().map(|run| run.mode).collect();

    assert_eq!(modes, [Mode::Changes, Mode::Full]);
}

#[actix_web::test]
async fn a_source_that_is_away_is_tried_again_later_each_time_until_it_is_back() {
    let (app, admin) = synced_app().await;
    let half_a_day = alx_report_api::time::rfc3339(now() + 12 * 3600).unwrap();
    set(
        &admin,
        &[("rhythm", "daily"), ("time", &half_a_day[11..16])],
    )
    .await;
    let regular = schedule_of(&app).await.next_run_at.unwrap();
    let away = app.folder.path().join("away.db");
    let rename = |from: &Path, to: &Path| std::fs::rename(from, to).unwrap();
    rename(&app.moodle_file(), &away);

    for (attempt, minutes) in [(1, 1), (2, 2), (3, 4)] {
        set_next(&app, now() - 10 + i64::from(attempt)).await;
        assert_eq!(tick(&app, now()).await, 1);
        let runs = scheduled(&app).await;
        let schedule = schedule_of(&app).await;

        assert_eq!(runs.last().unwrap().state, RunState::Failed);
        assert_eq!(schedule.attempts, attempt);
        let wait = schedule.next_run_at.unwrap() - now();
        assert!(
            (minutes * 47..=minutes * 73).contains(&wait),
            "attempt {attempt} waits {wait}"
        );
    }
    let told = admin.get("/companies/42/schedule").await;
    assert!(
        told.says("<dt>Failed in a row</dt><dd>3</dd>"),
        "{}",
        told.body
    );

    rename(&away, &app.moodle_file());
    set_next(&app, now() - 1).await;
    tick(&app, now()).await;
    let runs = scheduled(&app).await;
    let schedule = schedule_of(&app).await;

    assert_eq!(runs.last().unwrap().state, RunState::Succeeded);
    assert_eq!(
        (schedule.attempts, schedule.next_run_at),
        (0, Some(regular))
    );
}

#[actix_web::test]
async fn a_scheduled_run_whose_process_died_is_tried_again_soon() {
    let (app, admin) = synced_app().await;
    set(&admin, &[("rhythm", "minutes"), ("every_minutes", "1440")]).await;
    let lost = |conn: &mut _| {
        diesel::insert_into(sync_runs::table)
            .values((
                sync_runs::id.eq("80000000000000000000000000000000"),
                sync_runs::company_id.eq(ACME),
                sync_runs::mode.eq(Mode::Changes),
                sync_runs::trigger.eq(Trigger::Scheduled),
                sync_runs::requested_by.eq("schedule"),
                sync_runs::state.eq(RunState::Running),
                sync_runs::requested_at_ms.eq(1),
                sync_runs::started_at_ms.eq(1),
                sync_runs::lease_until_ms.eq(2),
                sync_runs::runner.eq("dead"),
            ))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(lost).await.unwrap();

    alx_report_api::sync::wake(&app.app).unwrap();
    let runs = scheduled(&app).await;

    assert_eq!(runs[0].state, RunState::Abandoned);
    let schedule = schedule_of(&app).await;
    assert_eq!(schedule.attempts, 1);
    assert!(schedule.next_run_at.unwrap() <= now() + 75);
}

#[actix_web::test]
async fn a_paused_schedule_rests_and_says_who_paused_it() {
    let (app, admin) = synced_app().await;
    set(&admin, &[]).await;

    let paused = admin.post("/companies/42/schedule/pause", &[]).await;
    let page = admin.get("/companies/42/schedule").await;
    let far = tick(&app, now() + 86_400).await;
    set(&admin, &[("every_minutes", "30")]).await;
    let still = schedule_of(&app).await;
    admin.post("/companies/42/schedule/resume", &[]).await;

    assert_eq!(paused.status, 303);
    assert!(
        page.says(&format!("<strong>Paused</strong> by <bdi>{EMAIL}</bdi>")),
        "{}",
        page.body
    );
    assert_eq!(far, 0);
    assert!(still.paused.is_some() && still.next_run_at.is_none());
    assert!(schedule_of(&app).await.next_run_at.is_some());
    let noted = |conn: &mut _| {
        Ok(audit_log::table
            .filter(audit_log::action.like("schedule%"))
            .order(audit_log::id)
            .select(audit_log::action)
            .load::<String>(conn)?)
    };
    assert_eq!(
        app.app.db.run(noted).await.unwrap(),
        [
            "schedule_set",
            "schedule_paused",
            "schedule_set",
            "schedule_resumed"
        ]
    );
}

#[actix_web::test]
async fn run_now_asks_for_a_run_at_once() {
    let (_app, admin) = synced_app().await;
    set(&admin, &[]).await;
    let key = admin
        .get("/companies/42/schedule")
        .await
        .between("name=\"key\" value=\"", "\"");

    let first = admin
        .post("/companies/42/schedule/run", &[("key", &key)])
        .await;
    let again = admin
        .post("/companies/42/schedule/run", &[("key", &key)])
        .await;

    assert_eq!(first.status, 303);
    assert!(first.location().starts_with("/sync/runs/"));
    assert_eq!(first.location(), again.location());
}

#[actix_web::test]
async fn one_schedule_is_set_for_all_companies_that_have_none() {
    let app = TestApp::with_moodle(|file| {
        acme(file);
        let mut moodle = MoodleBuilder::open(file).unwrap();
        for id in 1..=60 {
            moodle
                .company_as(CompanyId(1000 + id), &format!("Shop {id}"))
                .unwrap();
        }
    })
    .await;
    let admin = Admin::signed_in(&app).await;
    let empty = admin.get("/schedules").await;
    admin.post("/companies/look-up", &[]).await;
    set(&admin, &[]).await;

    let before = admin.get("/schedules").await;
    let wrong = admin
        .post("/schedules", &fields(&[("every_minutes", "1")]))
        .await;
    let answer = admin
        .post(
            "/schedules",
            &fields(&[("rhythm", "hourly"), ("minute", "7")]),
        )
        .await;
    let after = admin.get("/schedules").await;

    assert!(empty.says("No company was found yet."));
    assert!(
        before.says("1–50 of 61 companies, 60 without a schedule"),
        "{}",
        before.body
    );
    assert_eq!((wrong.status, answer.status), (422, 303));
    assert!(
        after.says("The schedule is set for 60 companies."),
        "{}",
        after.body
    );
    assert!(after.says("hourly at minute 07 (UTC)") && after.says("every 15 minutes"));
    assert!(after.says("61 companies, 0 without a schedule"));
}

#[actix_web::test]
async fn a_company_that_nothing_compared_for_a_day_is_checked_once() {
    let (app, _admin) = synced_app().await;
    assert_eq!(checks(&app, now()).await, 0, "it was compared just now");

    a_day_passes(&app).await;
    let other = app.second().await;
    let (one, two) = futures_util::join!(checks(&app, now()), checks(&other, now()));
    let runs = scheduled(&app).await;

    assert!(one + two >= 1);
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].mode, runs[0].dry_run), (Mode::Full, true));
    assert_eq!(checks(&app, now()).await, 0);
}

#[actix_web::test]
async fn a_check_that_fails_comes_again_after_an_hour() {
    let (app, _admin) = synced_app().await;
    a_day_passes(&app).await;
    std::fs::rename(app.moodle_file(), app.folder.path().join("away.db")).unwrap();
    assert_eq!(checks(&app, now()).await, 1);
    assert_eq!(scheduled(&app).await[0].state, RunState::Failed);

    assert_eq!(checks(&app, now() + 1800).await, 0);
    assert_eq!(checks(&app, now() + 3700).await, 1);
}

#[actix_web::test]
async fn without_a_moodle_the_clock_asks_for_nothing() {
    let app = TestApp::without_moodle().await;

    assert_eq!((tick(&app, now()).await, checks(&app, now()).await), (0, 0));
}

#[actix_web::test]
async fn a_schedule_that_is_off_is_as_good_as_none_and_cannot_be_set_for_all() {
    let (app, admin) = synced_app().await;
    let proposed = admin.get("/schedules").await;
    let refused = admin
        .post("/schedules", &fields(&[("rhythm", "off")]))
        .await;
    set(&admin, &[("rhythm", "off")]).await;

    let page = admin.get("/companies/42/schedule").await;
    let pause = admin.post("/companies/42/schedule/pause", &[]).await;
    let resume = admin.post("/companies/42/schedule/resume", &[]).await;
    let list = admin.get("/schedules").await;
    let answer = admin.post("/schedules", &fields(&[])).await;

    assert!(
        !proposed.body.contains("<option value=\"off\""),
        "{}",
        proposed.body
    );
    assert_eq!(refused.status, 422);
    assert!(refused.says("Choose when:"), "{}", refused.body);
    assert!(!refused.body.contains("<option value=\"off\""));
    for button in ["Pause", "Resume"] {
        assert!(!page.body.contains(&format!(">{button}</button>")));
    }
    assert_eq!((pause.status, resume.status), (409, 409));
    assert!(list.says("1 without a schedule"), "{}", list.body);
    assert_eq!(answer.status, 303);
    assert!(
        schedule_of(&app).await.is_active(),
        "the one for all replaced it"
    );
}

#[actix_web::test]
async fn a_time_zone_that_is_not_known_stops_one_company_only() {
    let (app, admin) = synced_app().await;
    let other = CompanyId(43);
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).unwrap();
    moodle.company_as(other, "Other").unwrap();
    drop(moodle);
    admin.post("/companies/look-up", &[]).await;
    set(&admin, &[("rhythm", "daily")]).await;
    admin.post("/companies/43/schedule", &fields(&[])).await;
    let strange = |conn: &mut _| {
        let zone = sync_schedules::zone.eq("Mars/Olympus");
        Ok(diesel::update(sync_schedules::table.find(ACME))
            .set(zone)
            .execute(conn)?)
    };
    app.app.db.change(strange).await.unwrap();
    set_next(&app, now() - 5).await;

    let ticked = tick(&app, now()).await;
    let runs = scheduled(&app).await;
    let by_hand = admin.synced(42, "full").await;
    let pause = admin.post("/companies/42/schedule/pause", &[]).await;
    let pages = [
        admin.get("/companies/42/sync").await,
        admin.get("/companies/42/schedule").await,
        admin.get("/schedules").await,
    ];

    assert_eq!(ticked, 1, "the other company");
    assert_eq!((runs.len(), runs[0].company_id), (1, other));
    assert!(by_hand.says("Sync finished") || by_hand.says("Succeeded"));
    assert_eq!(pause.status, 409);
    for page in pages {
        assert_eq!(page.status, 200);
        assert!(
            page.says("there is no time zone “Mars/Olympus”"),
            "{}",
            page.body
        );
    }
    let zone = |conn: &mut _| {
        Ok(sync_schedules::table
            .find(ACME)
            .select(sync_schedules::zone)
            .get_result::<String>(conn)?)
    };
    assert_eq!(app.app.db.run(zone).await.unwrap(), "Mars/Olympus");
    set(&admin, &[("rhythm", "daily")]).await;
    assert!(schedule_of(&app).await.is_active());
}

#[actix_web::test]
async fn a_company_that_moodle_lost_is_checked_again_only_when_it_is_back() {
    let (app, _admin) = synced_app().await;
    a_day_passes(&app).await;
    let moodle = |sql: &str| {
        MoodleBuilder::open(&app.moodle_file())
            .unwrap()
            .execute(sql)
            .unwrap();
    };
    moodle("update mdl_company set id = 4242 where id = 42");
    assert_eq!(checks(&app, now()).await, 1, "nobody knows it yet");
    assert_eq!(scheduled(&app).await[0].state, RunState::Failed);
    let hour = (now() / 3600 + 2) * 3600;

    let gone = checks(&app, hour).await + checks(&app, hour + 3600).await;
    moodle("update mdl_company set id = 42 where id = 4242");
    let between = checks(&app, hour + 1800).await;
    let back = checks(&app, hour + 3600).await;

    assert_eq!((gone, between, back), (0, 0, 1));
    let runs = scheduled(&app).await;
    assert_eq!(
        (runs.len(), runs[1].state),
        (2, RunState::Succeeded),
        "{runs:?}"
    );
}

#[actix_web::test]
async fn a_schedule_waits_while_moodle_has_lost_or_suspended_its_company() {
    let (app, admin) = synced_app().await;
    set(&admin, &[]).await;
    let away = [
        (
            "id",
            "4242",
            5,
            "Moodle does not have this company any more.",
        ),
        (
            "suspended",
            "1",
            600,
            "This company is suspended in Moodle.",
        ),
    ];
    for (column, value, seconds, why) in away {
        look_up_with(&app, &admin, &format!("{column} = {value} where id = 42")).await;
        set_next(&app, now() - seconds).await;

        let ticked = tick(&app, now()).await;
        let page = admin.get("/companies/42/schedule").await;
        let overview = admin.get("/").await;
        let list = admin.get("/schedules").await;
        let usual = if column == "id" { "42" } else { "0" };
        let back = format!("{column} = {usual} where {column} = {value}");
        look_up_with(&app, &admin, &back).await;
        let again = tick(&app, now()).await;

        assert_eq!((ticked, again), (0, 1), "{column}");
        assert!(page.says(why) && page.says("Its schedule waits until"));
        assert!(!page.says("Next runs") && page.says("<dt>Next run</dt><dd>none</dd>"));
        assert!(overview.says("No schedule will ask for a sync."));
        assert!(!overview.says("next sync <time"), "{}", overview.body);
        let row = list.between("href=\"/companies/42\"", "</tr>");
        assert!(row.contains("in Moodle") && row.contains(">none<"), "{row}");
        scheduled(&app).await;
    }
}

/// Changes the companies in Moodle and lets the admin look for them.
async fn look_up_with(app: &TestApp, admin: &Admin, change: &str) {
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).unwrap();
    let change = format!("update mdl_company set {change}");
    moodle.execute(&change).unwrap();
    let answer = admin.post("/companies/look-up", &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

#[actix_web::test]
async fn companies_that_are_not_in_use_are_not_set_with_the_others() {
    let (app, admin) = synced_app().await;
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).unwrap();
    for (id, name) in [(1001, "Shop"), (1002, "Closed"), (1003, "Lost")] {
        moodle.company_as(CompanyId(id), name).unwrap();
    }
    admin.post("/companies/look-up", &[]).await;
    moodle
        .execute("delete from mdl_company where id = 1003")
        .unwrap();
    look_up_with(&app, &admin, "suspended = 1 where id = 1002").await;

    let before = admin.get("/schedules").await;
    admin.post("/schedules", &fields(&[])).await;
    let after = admin.get("/schedules").await;

    assert!(before.says("Set it for 2 companies"), "{}", before.body);
    assert!(after.says("The schedule is set for 2 companies."));
    assert_eq!(after.body.matches("no schedule</td>").count(), 2);
}

#[actix_web::test]
async fn a_company_that_only_its_schedule_waits_for_is_found_again_within_the_hour() {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    set(&admin, &[]).await;
    look_up_with(&app, &admin, "suspended = 1 where id = 42").await;
    set_next(&app, now() - 5).await;
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).unwrap();
    moodle
        .execute("update mdl_company set suspended = 0")
        .unwrap();

    let before = tick(&app, now()).await;
    checks(&app, (now() / 3600 + 2) * 3600).await;
    let after = tick(&app, now()).await;

    assert_eq!((before, after), (0, 1));
}

#[actix_web::test]
async fn run_now_says_when_it_joined_a_sync_that_waited() {
    let (app, admin) = synced_app().await;
    set(&admin, &[]).await;
    let lasts = |conn: &mut _| {
        diesel::insert_into(sync_runs::table)
            .values((
                sync_runs::id.eq("held"),
                sync_runs::company_id.eq(ACME),
                sync_runs::mode.eq(Mode::Full),
                sync_runs::trigger.eq(Trigger::Manual),
                sync_runs::requested_by.eq("test"),
                sync_runs::state.eq(RunState::Running),
                sync_runs::requested_at_ms.eq(now() * 1000),
                sync_runs::started_at_ms.eq(now() * 1000),
                sync_runs::lease_until_ms.eq(now() * 1000 + 600_000),
                sync_runs::runner.eq("test"),
            ))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(lasts).await.unwrap();

    let first = admin
        .post("/companies/42/schedule/run", &[("key", "one")])
        .await;
    let quiet = admin.get(first.location()).await;
    let second = admin
        .post("/companies/42/schedule/run", &[("key", "two")])
        .await;
    let told = admin.get(second.location()).await;

    assert_eq!(first.location(), second.location());
    assert!(!quiet.says("was waiting already"), "{}", quiet.body);
    assert!(told.says("was waiting already"), "{}", told.body);
}

#[actix_web::test]
async fn each_company_shows_the_latest_run_of_its_own_schedule() {
    let (app, admin) = synced_app().await;
    set(&admin, &[]).await;
    for later in [0, 2] {
        set_next(&app, now() - 5 + later).await;
        tick(&app, now() + later).await;
        scheduled(&app).await;
    }
    let runs = scheduled(&app).await;

    let page = admin.get("/schedules").await;

    assert_eq!(runs.len(), 2);
    assert!(page.body.contains(&format!("/sync/runs/{}", runs[1].id)));
    assert!(!page.body.contains(&format!("/sync/runs/{}", runs[0].id)));
}
