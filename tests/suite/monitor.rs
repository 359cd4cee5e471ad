//! The API monitor: every number against a log made by hand, and the same number wherever it is shown.

use alx_report_api::ids::{CompanyId, TokenId};
use alx_report_api::requests::stats::{Report, Window, report};
use alx_report_api::requests::sums::{Glance, glance};
use alx_report_api::requests::tally::Tally;
use alx_report_api::requests::{Request, store};
use alx_report_api::time::buckets::{Step, buckets};
use alx_report_api::time::now_ms;
use chrono_tz::Tz;
use serde_json::json;

use crate::support::TestApp;
use crate::support::admin::{Admin, EMAIL};
use crate::support::client::{ACME, Client, OTHER, synced, two_companies};
use crate::support::files::records;

/// 2026-03-29 00:00 in Berlin, the day on which summer time begins there.
const SPRING: i64 = 1_774_738_800;

fn call(company: Option<CompanyId>, at_ms: i64) -> Request {
    Request {
        at_ms,
        company,
        token: company.map(|company| TokenId(company.0)),
        method: "GET",
        route: "/api/v1/progress".into(),
        status: 200,
        error: None,
        rows: None,
        bytes: 10,
        duration_us: 1000,
        cache: None,
        version: None,
        request_id: "planted".into(),
    }
}

async fn plant(app: &TestApp, calls: Vec<Request>) {
    let planted = app.app.db.change(move |conn| store::record(conn, &calls));
    planted.await.unwrap();
}

async fn counted(
    app: &TestApp,
    (from, until): (i64, i64),
    company: Option<CompanyId>,
    step: Step,
    zone: Tz,
) -> (Glance, Report) {
    let cut = buckets((from, until), step, zone);
    let window = Window {
        from_ms: from * 1000,
        until_ms: until * 1000,
        most: 1_000_000,
    };
    let read = app.app.db.run(move |conn| {
        let glance = glance(conn, window, company, &cut)?;
        Ok((glance, report(conn, window, company, &cut)?))
    });
    let (glance, report) = read.await.unwrap();
    let per_bucket = |tallies: &[Tally]| tallies.iter().map(|one| one.calls).collect::<Vec<_>>();
    assert_eq!(per_bucket(&glance.over_time), per_bucket(&report.over_time));
    (glance, report)
}

/// Makes the admin of the tests see one company only, or in another zone.
pub async fn become_manager(app: &TestApp, company: i64) {
    use alx_report_api::schema::admins;
    use diesel::prelude::*;
    let changed = app.app.db.change(move |conn| {
        let admin = admins::table.filter(admins::email.eq(EMAIL));
        diesel::update(admin)
            .set((
                admins::role.eq("company_manager"),
                admins::company_id.eq(Some(company)),
            ))
            .execute(conn)?;
        Ok(())
    });
    changed.await.unwrap();
}

fn cells(body: &str) -> Vec<Vec<String>> {
    let row = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    records(body).into_iter().map(row).collect()
}

#[actix_web::test]
async fn a_window_holds_its_first_moment_and_not_its_last() {
    let app = TestApp::without_moodle().await;
    let ends = [-1, 0, 3_599_999, 3_600_000];
    let calls = ends.map(|at| call(None, SPRING * 1000 + at));
    plant(&app, calls.to_vec()).await;

    let (hour, _) = counted(&app, (SPRING, SPRING + 3600), None, Step::Minutes, Tz::UTC).await;

    assert_eq!(hour.total.calls, 2);
    assert_eq!(hour.over_time.len(), 12);
    assert_eq!((hour.over_time[0].calls, hour.over_time[11].calls), (1, 1));
}

#[actix_web::test]
async fn a_day_is_the_readers_also_where_its_clocks_change() {
    let app = TestApp::without_moodle().await;
    let hours = [-1, 0, 22, 23];
    let calls = hours.map(|hour| call(None, (SPRING + hour * 3600) * 1000));
    plant(&app, calls.to_vec()).await;
    let days = (SPRING - 86_400, SPRING + 47 * 3600);

    let (berlin, _) = counted(&app, days, None, Step::Day, Tz::Europe__Berlin).await;
    let per_day: Vec<i64> = berlin.over_time.iter().map(|day| day.calls).collect();

    assert_eq!(per_day, [1, 2, 1], "the second day has 23 hours");
}

#[actix_web::test]
async fn every_number_is_what_its_definition_says() {
    let app = TestApp::without_moodle().await;
    let at = SPRING * 1000;
    let mut calls = Vec::new();
    for number in 1..=100 {
        let mut one = call(Some(ACME), at + number);
        one.duration_us = number * 1000;
        one.cache = match number {
            1..=30 => Some("hit"),
            31..=40 => Some("miss"),
            _ => None,
        };
        one.status = match number {
            50 => 304,
            51 => 429,
            52 => 500,
            53 => 404,
            _ => 200,
        };
        one.version = (number > 90).then_some(7);
        calls.push(one);
    }
    calls[53].error = Some("invalidlimit".into()); // the old plugin's door answers 200
    calls[54].error = Some("ratelimitexceeded".into());
    calls.push(Request {
        token: None,
        status: 401,
        error: Some("invalid-token".into()),
        ..call(None, at)
    });
    plant(&app, calls).await;

    let (every, all) = counted(&app, (SPRING, SPRING + 60), None, Step::Minutes, Tz::UTC).await;
    let (glance, acme) = counted(
        &app,
        (SPRING, SPRING + 60),
        Some(ACME),
        Step::Minutes,
        Tz::UTC,
    )
    .await;
    let tally = &glance.total;

    assert_eq!((every.total.calls, tally.calls), (101, 100));
    assert_eq!((tally.errors, tally.refused), (5, 2), "304 is no error");
    assert_eq!(tally.success_rate(), Some(95.0));
    assert_eq!(tally.hit_rate(), Some(75.0), "60 said nothing of it");
    let quantiles = tally.quantiles().map(|(_, found)| found);
    assert_eq!(quantiles, [Some(50_000), Some(95_000), Some(99_000)]);
    assert_eq!(tally.bytes, 1000);
    assert_eq!(all.companies[&None].errors, 1);
    assert_eq!(all.companies[&None].hit_rate(), None);
    assert_eq!(acme.versions[&(ACME, 7)].calls, 10);
    assert_eq!(acme.routes["/api/v1/progress"].calls, 100);
    assert_eq!(acme.tokens[&Some(TokenId(42))].calls, 100);
}

#[actix_web::test]
async fn without_calls_there_is_no_data_and_never_zero_milliseconds() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    let page = admin.get("/monitor").await;
    let (nothing, _) = counted(&app, (0, 60), None, Step::Minutes, Tz::UTC).await;
    let nothing = nothing.total;

    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.says("No program called within this time."));
    assert!(
        page.says("no data yet") && !page.says("0.0 ms") && !page.says("0 %"),
        "{}",
        page.body
    );
    assert!(page.says("href=\"/api/v1/docs\""));
    assert!(nothing.quantile(50).is_none() && nothing.success_rate().is_none());
}

#[actix_web::test]
async fn page_file_overview_and_metrics_say_the_same() {
    let (app, acme) = synced().await;
    acme.get("/api/v1/progress?limit=2").await;
    acme.get("/api/v1/progress?limit=2").await;
    acme.get("/api/v1/progress?limit=x").await;
    app.write_down().await;
    let admin = Admin::signed_in(&app).await;
    let metrics = acme.get("/metrics").await.body;
    let count = |outcome: &str| {
        let name = format!("alx_api_calls_total{{outcome=\"{outcome}\"}} ");
        let rest = metrics.split_once(&name).unwrap().1;
        rest.lines().next().unwrap().parse::<i64>().unwrap()
    };
    let (well, refused) = (count("ok"), count("refused"));
    let fact = |name: &str, value: String| format!("<dt>{name}</dt><dd>{value}</dd>");

    let monitor = admin.get("/monitor").await;
    let overview = admin.get("/").await;
    let file = admin.get("/monitor/companies/export.csv").await;

    for page in [&monitor, &overview] {
        assert!(
            page.says(&fact("Calls", (well + refused).to_string())),
            "{}",
            page.body
        );
        assert!(page.says(&fact("Errors", refused.to_string())));
        let rate = fact("Cache hit rate", "33.33 %".into()); // a sync, a miss and a hit
        assert!(page.says(&rate), "{}", page.body);
        assert!(page.says("<svg role=\"img\" aria-labelledby=\"calls-title calls-about\""));
        assert!(!page.body.contains(" style="), "the policy forbids it");
    }
    let line: Vec<String> = cells(&file.body)[0].clone();
    let told = [&line[0], &line[2], &line[3]];
    assert_eq!(
        told,
        ["Acme", &(well + refused).to_string(), &refused.to_string()]
    );
    assert!(
        monitor.says("href=\"/requests?company=42&#38;from="),
        "{}",
        monitor.body
    );
    assert!(monitor.says("href=\"/requests?route=%2Fapi%2Fv1%2Fprogress&#38;part=whole&#38;from="));
}

#[actix_web::test]
async fn each_line_of_the_monitor_leads_to_the_calls_that_it_counts() {
    let app = TestApp::start(two_companies, |_| ()).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    let berlin = [
        ("zone", "Europe/Berlin"),
        ("language", "en"),
        ("theme", "dark"),
    ];
    admin.post("/account/preferences", &berlin).await;
    let with = |route: &str, version: i64, ago: i64| Request {
        route: route.into(),
        version: Some(version),
        ..call(Some(ACME), now_ms() - ago)
    };
    let mut calls = vec![with("/api/v1/summary", 7, 9000); 3];
    calls.extend(vec![with("/api/v1/summary/courses", 8, 9000); 2]);
    calls.extend(vec![with("/api/v1/summary", 7, 3 * 3_600_000); 4]);
    plant(&app, calls).await;

    let hour = admin.get("/monitor?window=1h").await;
    let lines: Vec<(String, usize)> = hour
        .body
        .split("<th scope=\"row\" class=\"wide\"><a href=\"/requests")
        .skip(1)
        .map(|line| {
            let address = line.split_once('"').unwrap().0.replace("&#38;", "&");
            let calls = line.split_once("<td class=\"num\">").unwrap().1;
            (address, calls.split_once('<').unwrap().0.parse().unwrap())
        })
        .collect();

    let counts: Vec<usize> = lines.iter().map(|(_, calls)| *calls).collect();
    assert_eq!(counts, [5, 5, 3, 2, 3, 2], "{lines:?}");
    for (address, calls) in lines {
        let log = admin.get(&format!("/requests{address}")).await;
        let listed = log
            .body
            .matches("<tr>\n<th scope=\"row\"><a href=\"/requests/")
            .count();
        assert_eq!(listed, calls, "{address}: {}", log.body);
        let zone = log.between(
            "name=\"from\" type=\"datetime-local\" step=\"any\" value=\"",
            "\"",
        );
        let again = address.split("from=").next().unwrap();
        let again = admin.get(&format!("/requests{again}from={zone}")).await;
        assert_eq!(again.status, 200, "the form can be sent again: {zone}");
    }
}

#[actix_web::test]
async fn the_window_is_chosen_by_links_and_a_wrong_one_is_named() {
    let (app, _acme) = synced().await;
    app.write_down().await;
    let old = now_ms() - 3 * 86_400_000;
    plant(&app, vec![call(Some(OTHER), old)]).await;
    let admin = Admin::signed_in(&app).await;

    let day = admin.get("/monitor?window=24h").await;
    let week = admin.get("/monitor?window=7d&sort=latest").await;
    let other = admin.get("/monitor?window=7d&company=7").await;
    let past = admin.get("/monitor?from=2020-01-01&to=2020-01-02").await;

    assert!(
        day.says("aria-current=\"true\">Last 24 hours"),
        "{}",
        day.body
    );
    assert!(!day.says("<bdi>Other</bdi></a><small>"));
    assert!(week.says("<bdi>Other</bdi></a><small>") && week.says("aria-sort=\"descending\""));
    assert!(other.says("<dt>Calls</dt><dd>1</dd>"), "{}", other.body);
    assert!(past.says("No program called within this time.") && !past.says("data-refresh"));
    for wrong in [
        "window=2h",
        "company=x",
        "sort=x",
        "from=x",
        "from=2999-01-01",
        "from=2020-02-02&to=2020-01-01",
    ] {
        assert_eq!(
            admin.get(&format!("/monitor?{wrong}")).await.status,
            400,
            "{wrong}"
        );
    }
    assert_eq!(admin.get("/monitor/nothing/export.csv").await.status, 404);
}

#[actix_web::test]
async fn limits_of_today_are_shown_with_what_is_left_and_what_was_refused() {
    let (app, acme) = synced().await;
    app.deliver(
        ACME,
        json!({"calls_per_token": 5, "calls_per_company": 50, "zone": "Asia/Kathmandu"}),
    )
    .await;
    for _ in 0..7 {
        acme.get("/api/v1/summary").await;
    }
    app.write_down().await;
    let admin = Admin::signed_in(&app).await;

    let page = admin.get("/monitor").await;
    let overview = admin.get("/").await;
    let file = admin.get("/monitor/limits/export.csv").await;

    let lines = cells(&file.body);
    let token = lines.iter().find(|line| line[3] == "test").unwrap();
    let whole = |line: &&Vec<String>| line[2].is_empty() && line[0] == "42";
    let whole = lines.iter().find(whole).unwrap();
    assert_eq!(token[4..7], ["5", "5", "0"]);
    assert!(token[7].parse::<i64>().unwrap() >= 2, "{token:?}");
    assert_eq!(whole[7], "", "nobody knows which limit refused");
    let row = page.between("All tokens of the company", "</tr>");
    assert!(
        row.contains("–</span><span class=\"hidden\">unknown</span>"),
        "{row}"
    );
    assert_eq!([&whole[5], &whole[10]], ["50", "Asia/Kathmandu"]);
    assert!(
        page.says(">used up<") && !page.says("nearly used up"),
        "{}",
        page.body
    );
    assert!(page.says("midnight of Asia/Kathmandu"), "{}", page.body);
    assert!(
        overview.says("Limits of today that are used up, or nearly:")
            && overview.says(": 5 / 5, until"),
        "{}",
        overview.body
    );
}

#[actix_web::test]
async fn a_manager_of_one_company_sees_no_call_of_another() {
    let (app, _acme) = synced().await;
    let other = Client::new(&app, OTHER, "read").await;
    other.get("/api/v1/progress").await;
    app.write_down().await;
    let admin = Admin::signed_in(&app).await;
    become_manager(&app, 42).await;

    for path in ["/monitor", "/monitor?company=7", "/"] {
        let page = admin.get(path).await;
        assert!(
            page.says("<bdi>Acme</bdi>") && !page.says("<bdi>Other</bdi>"),
            "{path}: {}",
            page.body
        );
        assert!(!page.body.contains("company=7"), "{path}: {}", page.body);
    }
    for path in [
        "/monitor/companies/export.csv?company=7",
        "/monitor/limits/export.csv?company=7",
        "/companies/export.csv",
    ] {
        let file = admin.get(path).await;
        assert!(!file.body.contains("Other"), "{path}: {}", file.body);
    }
}

#[actix_web::test]
async fn every_call_of_a_stretch_is_counted_on_both_pages_and_in_its_hour() {
    let lowered = |config: &mut alx_report_api::config::Config| {
        (config.calls_listed, config.calls_timed) = (30, 20);
    };
    let app = TestApp::start(two_companies, lowered).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    let calls = |hours: i64, count: i64| {
        let first = now_ms() - hours * 3_600_000;
        (0..count).map(|n| call(Some(ACME), first + n)).collect()
    };
    let timed = "p50, p95 and p99 are of the latest 20 calls, since";
    let listed = "There are more than 30 calls: the tables and the chart of durations are of the latest, since";

    plant(&app, calls(2, 20)).await;
    let all = [admin.get("/").await, admin.get("/monitor").await];
    plant(&app, calls(20, 500)).await;
    let over = [admin.get("/").await, admin.get("/monitor").await];
    let file = admin.get("/monitor/companies/export.csv").await;

    for page in &all {
        assert!(page.says("<dt>Calls</dt><dd>20</dd>"), "{}", page.body);
        assert!(!page.says(timed) && !page.says(listed), "{}", page.body);
    }
    for page in &over {
        assert!(page.says("<dt>Calls</dt><dd>520</dd>"), "{}", page.body);
        assert!(page.says(timed) && page.says(">500<"), "{}", page.body);
    }
    assert!(!over[0].says(listed) && over[1].says(listed));
    assert_eq!(cells(&file.body)[0][2], "30");
}

#[actix_web::test]
async fn sums_are_the_log_in_every_zone_and_go_with_its_calls() {
    let app = TestApp::without_moodle().await;
    let every = 7 * 60_000 + 123; // two in most quarters
    let at = |number: i64| SPRING * 1000 - 40 * 3_600_000 + number * every;
    let planted = (0..800).map(|number| call((number % 3 > 0).then_some(ACME), at(number)));
    plant(&app, planted.collect()).await;
    let stretch = (SPRING - 30 * 3600 + 77, SPRING + 30 * 3600 + 1);

    for (zone, step) in [
        (Tz::Asia__Kathmandu, Step::Hour),
        (Tz::America__Santiago, Step::Day),
        (Tz::UTC, Step::Week),
    ] {
        for company in [None, Some(ACME)] {
            let (glance, report) = counted(&app, stretch, company, step, zone).await;
            let listed: i64 = report.companies.values().map(|one| one.calls).sum();
            assert_eq!(glance.total.calls, listed, "{zone} {company:?}");
        }
    }
    let forgotten = app
        .app
        .db
        .change(|conn| store::forget(conn, SPRING * 1000, 5000));
    let gone = forgotten.await.unwrap();
    let (glance, _) = counted(&app, stretch, None, Step::Day, Tz::UTC).await;
    assert!(gone > 0 && glance.total.calls > 0);
    assert_eq!(glance.over_time[0].calls, 0, "that day's calls are gone");
}
