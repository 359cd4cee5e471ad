//! Syncs of all companies: one run each, one page for all.

use std::path::Path;
use std::time::Duration;

use alx_report_api::admins::Role;
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::CompanyId;
use alx_report_api::schema::{audit_log, company_state, sync_batches, sync_runs};
use alx_report_api::sync::batch;
use alx_report_api::sync::{Mode, Request, RunState, Trigger, request};
use alx_report_api::time::{now, now_ms};
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::acme::fill_cache;
use crate::support::admin::{Admin, Answer, EMAIL};
use crate::support::client::ACME;
use crate::support::html;

const COMPANIES: i64 = 30;
const FIRST: i64 = ACME.0;

/// Thirty companies with one learner in one course each.
fn thirty(file: &Path) {
    let fill = |moodle: &mut MoodleBuilder| {
        for id in FIRST..FIRST + COMPANIES {
            let company = moodle.company_as(CompanyId(id), &format!("Shop {id}"))?;
            let course = moodle.course(&format!("Course {id}"))?;
            moodle.activities(course, 1)?;
            moodle.give_course(company, course)?;
            let user = moodle.user("Ada", &format!("No {id}"))?;
            moodle.member(company, user)?;
            moodle.enrol(user, course, now() - 90_000)?;
        }
        Ok(())
    };
    MoodleBuilder::open(file)
        .unwrap()
        .all_or_nothing(fill)
        .unwrap();
}

async fn shops() -> (TestApp, Admin) {
    let app = TestApp::with_moodle(thirty).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    (app, admin)
}

async fn confirmed(admin: &Admin) -> (Answer, String) {
    let page = admin.get("/sync/batches/confirm?mode=full").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let key = page.between("name=\"key\" value=\"", "\"");
    (page, key)
}

async fn started(admin: &Admin) -> String {
    let (_, key) = confirmed(admin).await;
    let answer = admin
        .post("/sync/batches", &[("mode", "full"), ("key", &key)])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location().to_owned()
}

/// The page of a batch once it does not look again.
async fn ended(admin: &Admin, address: &str) -> Answer {
    for _ in 0..600 {
        let page = admin.get(address).await;
        assert_eq!(page.status, 200, "{}", page.body);
        if !page.body.contains("http-equiv=\"refresh\"") {
            return page;
        }
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the batch does not end");
}

/// What the table says of a company.
fn row(page: &Answer, company: i64) -> String {
    let rest = page.body.split_once(&format!("<bdi>Shop {company}</bdi>"));
    let rest = rest.expect("the company is listed").1;
    rest.split_once("</tr>").expect("an end").0.to_owned()
}

#[actix_web::test]
async fn all_companies_are_synced_each_with_its_own_run_and_its_own_purge() {
    let (app, admin) = shops().await;
    let (confirm, _) = confirmed(&admin).await;
    admin.synced(FIRST, "full").await;
    fill_cache(&app.app, 3).await;

    let address = started(&admin).await;
    let page = ended(&admin, &address).await;
    let list = admin.get("/sync/batches").await;

    assert!(
        confirm.says("<strong>30 companies</strong> with 0 rows"),
        "{}",
        confirm.body
    );
    assert!(
        page.says("Succeeded: 30 of 30 companies succeeded"),
        "{}",
        page.body
    );
    assert!(
        page.says("29 created, 0 updated, 0 deleted, 1 unchanged, 3 cache cleared"),
        "{}",
        page.body
    );
    let numbers = |company| {
        row(&page, company)
            .split("<td class=\"num\">")
            .skip(1)
            .map(|cell| cell.split_once('<').unwrap().0.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(FIRST)[..5], ["0", "0", "0", "1", "3"]);
    assert_eq!(numbers(FIRST + 1)[..5], ["1", "0", "0", "0", "0"]);
    assert!(
        list.body.contains(&address) && list.says("Succeeded"),
        "{}",
        list.body
    );
}

#[actix_web::test]
async fn a_form_that_is_sent_twice_starts_one_batch() {
    let (app, admin) = shops().await;
    let (_, key) = confirmed(&admin).await;
    let form = [("mode", "full"), ("key", key.as_str())];

    let (one, two) = futures_util::join!(
        admin.post("/sync/batches", &form),
        admin.post("/sync/batches", &form)
    );
    let other = admin
        .post("/sync/batches", &[("mode", "cleanup"), ("key", &key)])
        .await;

    assert_eq!(
        (one.status, two.status),
        (303, 303),
        "{} {}",
        one.body,
        two.body
    );
    assert_eq!(one.location(), two.location());
    assert_eq!(other.status, 409);
    let count = app
        .app
        .db
        .run(|conn| Ok(sync_batches::table.count().get_result::<i64>(conn)?));
    assert_eq!(count.await.unwrap(), 1);
    ended(&admin, one.location()).await;
}

/// A run of a company that lasts until the test ends it, so that others wait behind it.
pub async fn hold(app: &TestApp, company: i64) {
    let hold = move |conn: &mut _| {
        diesel::insert_into(sync_runs::table)
            .values((
                sync_runs::id.eq(format!("held-{company}")),
                sync_runs::company_id.eq(company),
                sync_runs::mode.eq(Mode::Full),
                sync_runs::trigger.eq(Trigger::Manual),
                sync_runs::requested_by.eq("test"),
                sync_runs::state.eq(RunState::Running),
                sync_runs::requested_at_ms.eq(now_ms()),
                sync_runs::started_at_ms.eq(now_ms()),
                sync_runs::lease_until_ms.eq(now_ms() + 600_000),
                sync_runs::runner.eq("test"),
            ))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(hold).await.unwrap();
}

/// Lets go of what is held.
pub async fn release(app: &TestApp) {
    let release = |conn: &mut _| {
        let held = sync_runs::table.filter(sync_runs::runner.eq("test"));
        diesel::update(held)
            .set((
                sync_runs::state.eq(RunState::Cancelled),
                sync_runs::finished_at_ms.eq(now_ms()),
            ))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(release).await.unwrap();
    alx_report_api::sync::wake(&app.app).unwrap();
}

#[actix_web::test]
async fn a_batch_joins_what_waits_and_says_what_it_left_out_and_what_is_gone() {
    let (app, admin) = shops().await;
    let (joins, blocked, gone) = (FIRST, FIRST + 1, FIRST + 2);
    hold(&app, joins).await;
    hold(&app, blocked).await;
    let db = app.app.db.clone();
    let ask = move || {
        for (company, mode) in [(joins, Mode::Full), (blocked, Mode::Cleanup)] {
            let wish = Request::of(CompanyId(company), mode, Trigger::Api, "alx_123".into());
            request::record(&db, &wish, now_ms())?;
        }
        alx_report_api::error::Result::Ok(())
    };
    actix_web::rt::task::spawn_blocking(ask)
        .await
        .unwrap()
        .unwrap();
    MoodleBuilder::open(&app.moodle_file())
        .unwrap()
        .execute(&format!("delete from mdl_company where id = {gone}"))
        .unwrap();

    let address = started(&admin).await;
    let lasting = admin.get(&address).await;
    release(&app).await;
    let page = ended(&admin, &address).await;

    assert!(
        lasting.says("Running: ") || lasting.says("Queued: "),
        "{}",
        lasting.body
    );
    assert!(
        page.says(
            "Partly succeeded: 28 of 30 companies succeeded, 1 left out, 1 not in Moodle any more"
        ),
        "{}",
        page.body
    );
    assert!(row(&page, joins).contains("Succeeded"));
    assert!(
        row(&page, blocked).contains("No run: another kind of sync"),
        "{}",
        row(&page, blocked)
    );
    assert!(row(&page, gone).contains("Moodle has no such company any more"));
}

#[actix_web::test]
async fn the_confirmation_counts_no_company_that_moodle_does_not_have_any_more() {
    let (app, admin) = shops().await;
    for company in [FIRST, FIRST + 1] {
        admin.synced(company, "full").await;
    }
    MoodleBuilder::open(&app.moodle_file())
        .unwrap()
        .execute(&format!("delete from mdl_company where id = {FIRST}"))
        .unwrap();
    admin.post("/companies/look-up", &[]).await;

    let (confirm, _) = confirmed(&admin).await;

    assert!(
        confirm.says("<strong>29 companies</strong> with 1 row,"),
        "{}",
        confirm.body
    );
    assert!(confirm.says("Not in Moodle any more, and left out: 1 company."));
    assert!(confirm.says("1–29 of 29 companies") && confirm.says("Sync 29 companies"));
    let listed = |id: i64| confirm.body.contains(&format!("<bdi>Shop {id}</bdi>"));
    assert!(!listed(FIRST) && listed(FIRST + 1));
}

#[actix_web::test]
async fn what_waits_when_the_time_is_up_goes_on_behind_everything_else() {
    let app = TestApp::start(thirty, |config| config.batch_minutes = 0).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    hold(&app, FIRST).await;
    let address = started(&admin).await;

    let db = app.app.db.clone();
    let mut late = 0;
    for _ in 0..100 {
        let db = db.clone();
        let demote = move || batch::demote_late(&db, now_ms() + 1);
        late += actix_web::rt::task::spawn_blocking(demote)
            .await
            .unwrap()
            .unwrap();
        let page = admin.get(&address).await;
        if page.says(", 1 waiting") && late > 0 {
            break;
        }
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
    let page = admin.get(&address).await;
    let rank = move |conn: &mut _| {
        let waiting = sync_runs::table.filter(sync_runs::state.eq(RunState::Queued));
        Ok(waiting.select(sync_runs::rank).load::<i32>(conn)?)
    };
    let ranks = app.app.db.run(rank).await.unwrap();
    release(&app).await;
    let done = ended(&admin, &address).await;

    assert!(late >= 1);
    assert_eq!(ranks, [alx_report_api::sync::RANK_LATE]);
    assert!(page.says("Its time is up"), "{}", page.body);
    assert!(done.says("Succeeded: 30 of 30"), "{}", done.body);
}

#[actix_web::test]
async fn a_batch_that_cannot_be_is_refused_with_a_reason() {
    let (app, admin) = shops().await;
    for query in [
        "",
        "mode=undo",
        "mode=changes&hours_back=169",
        "mode=full&dry_run=perhaps",
    ] {
        let page = admin.get(&format!("/sync/batches/confirm?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
    }
    assert_eq!(admin.get("/sync/batches/nothing").await.status, 404);
    assert!(
        admin
            .get("/sync/batches")
            .await
            .says("All companies were never synced at once.")
    );

    std::fs::rename(app.moodle_file(), app.folder.path().join("away.db")).unwrap();
    let away = admin
        .post("/sync/batches", &[("mode", "full"), ("key", "k")])
        .await;
    assert_eq!(away.status, 503, "{}", away.body);
    assert!(
        admin
            .get("/sync/batches")
            .await
            .says("All companies were never synced at once.")
    );
}

#[actix_web::test]
async fn one_company_that_fails_makes_the_batch_partial_and_stops_no_other() {
    let (app, admin) = shops().await;
    let lost = FIRST + 7;
    hold(&app, lost).await;
    let address = started(&admin).await;
    MoodleBuilder::open(&app.moodle_file())
        .unwrap()
        .execute(&format!("delete from mdl_company where id = {lost}"))
        .unwrap();
    release(&app).await;

    let page = ended(&admin, &address).await;

    assert!(
        page.says("Partly succeeded: 29 of 30 companies succeeded, 1 did not"),
        "{}",
        page.body
    );
    assert!(row(&page, lost).contains("Failed"), "{}", row(&page, lost));
}

#[actix_web::test]
async fn the_longest_unsynced_company_goes_first() {
    let app = TestApp::start(thirty, |config| config.sync_parallel = 1).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    let mix = |conn: &mut _| {
        for id in FIRST..FIRST + COMPANIES {
            let synced_at = now() - (id * 7919) % 1009 - 60; // in no order of id or name
            let of_company = company_state::table.find(CompanyId(id));
            diesel::update(of_company)
                .set(company_state::synced_at.eq(synced_at))
                .execute(conn)?;
        }
        Ok(())
    };
    app.app.db.change(mix).await.unwrap();

    let address = started(&admin).await;
    ended(&admin, &address).await;

    let order = |conn: &mut _| {
        Ok(sync_runs::table
            .order((sync_runs::started_at_ms, sync_runs::finished_at_ms))
            .select(sync_runs::company_id)
            .load::<i64>(conn)?)
    };
    let went = app.app.db.run(order).await.unwrap();
    let mut longest: Vec<i64> = (FIRST..FIRST + COMPANIES).collect();
    longest.sort_by_key(|id| std::cmp::Reverse((id * 7919) % 1009));
    assert_eq!(went, longest);
}

#[actix_web::test]
async fn the_form_of_a_sync_leads_to_the_confirmation_for_all_companies() {
    let app = TestApp::with_moodle(crate::support::acme::acme).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;

    let form = admin.get("/sync?company=all").await;
    let led = admin
        .get("/sync/confirm?company=all&mode=cleanup&hours_back=24&dry_run=true")
        .await;

    assert!(
        form.body
            .contains("<option value=\"all\" selected>All companies"),
        "{}",
        form.body
    );
    assert_eq!(
        led.location(),
        "/sync/batches/confirm?mode=cleanup&hours_back=&dry_run=true"
    );
    assert_eq!(admin.get(led.location()).await.status, 200);
}

/// Starts previews of all companies and gives the address of their batch.
async fn previewed(admin: &Admin) -> String {
    let fields = [("mode", "full"), ("dry_run", "1"), ("key", "previews")];
    let answer = admin.post("/sync/batches", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location().to_owned()
}

#[actix_web::test]
async fn what_a_preview_shows_is_run_for_real_once() {
    let (app, admin) = shops().await;
    hold(&app, FIRST).await;
    let preview = previewed(&admin).await;
    let run = format!("{preview}/run");
    let early = admin.post(&run, &[]).await;
    release(&app).await;
    let page = ended(&admin, &preview).await;

    let (one, two) = futures_util::join!(admin.post(&run, &[]), admin.post(&run, &[]));
    let real = ended(&admin, one.location()).await;
    let later = admin.post(&run, &[]).await;
    let of_real = admin.post(&format!("{}/run", one.location()), &[]).await;

    assert_eq!(early.status, 409, "it lasts: {}", early.body);
    assert!(page.says("Run it for real"), "{}", page.body);
    assert_eq!((one.status, two.status), (303, 303), "{}", one.body);
    assert_eq!(one.location(), two.location());
    assert_ne!(one.location(), preview);
    assert!(real.says("Succeeded: 30 of 30"), "{}", real.body);
    assert!(real.says("30 created") && !real.says("Run it for real"));
    assert_eq!(later.location(), one.location());
    assert_eq!(of_real.status, 409);
}

#[actix_web::test]
async fn what_ended_badly_for_real_can_be_run_again() {
    let (app, admin) = shops().await;
    let preview = previewed(&admin).await;
    ended(&admin, &preview).await;
    hold(&app, FIRST).await;
    let bad = admin.post(&format!("{preview}/run"), &[]).await;
    admin.post(&format!("{}/cancel", bad.location()), &[]).await;
    release(&app).await;
    ended(&admin, bad.location()).await;

    let good = admin.post(&format!("{preview}/run"), &[]).await;
    let page = ended(&admin, good.location()).await;

    assert_ne!(good.location(), bad.location());
    assert!(page.says("Succeeded: 30 of 30"), "{}", page.body);
}

#[actix_web::test]
async fn what_has_not_finished_of_a_batch_is_cancelled_and_noted() {
    let (app, admin) = shops().await;
    for company in [FIRST, FIRST + 1] {
        hold(&app, company).await;
    }
    let address = started(&admin).await;
    for _ in 0..200 {
        if admin
            .get(&address)
            .await
            .says("28 of 30 companies succeeded")
        {
            break;
        }
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
    let viewer = Admin::with_role(&app, Role::Viewer, None).await;
    let lasting = admin.get(&address).await;
    let seen = viewer.get(&address).await;

    let sent = admin.post(&format!("{address}/cancel"), &[]).await;
    let page = admin.get(&address).await;
    let again = admin.post(&format!("{address}/cancel"), &[]).await;
    let unknown = admin.post("/sync/batches/nothing/cancel", &[]).await;
    release(&app).await;

    assert!(
        lasting.says("Cancel what has not finished")
            && lasting.says("Cancelling stops every company of it that has not ended"),
        "{}",
        lasting.body
    );
    assert!(
        seen.says("You may leave this page") && !seen.says("Cancelling stops"),
        "{}",
        seen.body
    );
    assert_eq!((sent.status, sent.location()), (303, address.as_str()));
    assert!(page.says("2 syncs cancelled."), "{}", page.body);
    assert!(
        page.says("28 of 30 companies succeeded, 2 did not"),
        "{}",
        page.body
    );
    assert!(row(&page, FIRST).contains("Cancelled"));
    assert_eq!((again.status, unknown.status), (409, 404));
    let noted = |conn: &mut _| {
        Ok(audit_log::table
            .filter(audit_log::action.eq("batch_cancelled"))
            .select((audit_log::actor, audit_log::after))
            .load::<(String, Option<String>)>(conn)?)
    };
    assert_eq!(
        app.app.db.run(noted).await.unwrap(),
        [(EMAIL.to_owned(), Some("{\"runs\":2}".to_owned()))]
    );
}

#[actix_web::test]
async fn the_page_of_a_batch_that_lasts_hears_how_far_it_is() {
    let (app, admin) = shops().await;
    hold(&app, FIRST).await;
    let address = started(&admin).await;

    let page = admin.get(&address).await;
    let mut stream = admin.begin(&format!("{address}/events")).await;
    let first = stream.chunk().await.unwrap().expect("a message");
    let unknown = admin.get("/sync/batches/nothing/events").await;
    release(&app).await;
    let mut heard = String::from_utf8_lossy(&first).into_owned();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        heard += &String::from_utf8_lossy(&chunk);
    }
    let done = ended(&admin, &address).await;

    assert!(
        page.body
            .contains(&format!("data-events=\"{address}/events\"")),
        "{}",
        page.body
    );
    assert!(page.says("http-equiv=\"refresh\"") && !html::jumps(&page.body));
    assert_eq!(unknown.status, 404);
    assert!(heard.starts_with("event: progress\ndata: "), "{heard}");
    assert!(heard.contains("of 30 companies succeeded"), "{heard}");
    assert!(heard.ends_with("event: end\ndata: \n\n"), "{heard}");
    assert!(!done.body.contains("data-events"));
    assert!(!done.body.contains("data-refresh"));
}

#[actix_web::test]
async fn a_batch_whose_purges_are_still_counted_renews_its_figures_by_script_or_by_a_refresh() {
    let (app, admin) = shops().await;
    let address = started(&admin).await;
    ended(&admin, &address).await;
    let uncounted = app.app.db.change(|conn| {
        let none = sync_runs::cache_cleared.eq(None::<i64>);
        diesel::update(sync_runs::table)
            .set((none, sync_runs::finished_at_ms.eq(now_ms())))
            .execute(conn)?;
        Ok(())
    });
    uncounted.await.unwrap();

    let page = admin.get(&address).await;

    for place in ["<div id=\"progress\"", "<div id=\"lines\""] {
        let mark = page.between(place, ">");
        assert!(mark.ends_with("data-refresh=\"2\""), "{}", page.body);
    }
    assert!(page.says("/static/live.js?v="));
    assert!(page.says("http-equiv=\"refresh\"") && !html::jumps(&page.body));
}
