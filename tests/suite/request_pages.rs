//! The log of calls as admins read it, and how long it is kept.

use alx_report_api::ids::{CompanyId, TokenId};
use alx_report_api::requests::{Request, retention, store};
use alx_report_api::schema::{quota_days, request_log};
use alx_report_api::time::now_ms;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::{ACME, Client, OTHER, synced};

const DAY_MS: i64 = 86_400_000;

fn call(company: Option<CompanyId>, at_ms: i64) -> Request {
    Request {
        at_ms,
        company,
        token: company.map(|_| TokenId(1)),
        method: "GET",
        route: "/api/v1/planted".into(),
        status: 200,
        error: None,
        rows: None,
        bytes: 10,
        duration_us: 300,
        cache: None,
        version: None,
        request_id: "planted".into(),
    }
}

async fn plant(app: &TestApp, calls: Vec<Request>) {
    let planted = app.app.db.change(move |conn| store::record(conn, &calls));
    planted.await.unwrap();
}

async fn count(app: &TestApp) -> i64 {
    let counted = app
        .app
        .db
        .run(|conn| Ok(request_log::table.count().get_result(conn)?));
    counted.await.unwrap()
}

#[actix_web::test]
async fn calls_without_a_known_token_are_found_whatever_their_status() {
    let (app, acme) = synced().await;
    acme.get("/api/v1/progress?limit=2").await;
    let wrong = Client::with_token(&app, "alx_wrong");
    wrong.get("/api/v1/progress").await;
    let form =
        "wstoken=none&wsfunction=local_alx_report_api_get_course_progress&moodlewsrestformat=json";
    assert_eq!(wrong.legacy(form).await.status, 200);
    app.write_down().await;
    let admin = Admin::signed_in(&app).await;

    let page = admin.get("/requests?stranger=only").await;
    let file = admin.get("/requests/export.ndjson?stranger=only").await;
    let monitor = admin.get("/monitor").await;

    assert_eq!(
        page.body.matches("none that is known").count(),
        2,
        "{}",
        page.body
    );
    assert!(
        page.says("succeeded\">200</span>") || page.says("failed\">200</span>"),
        "{}",
        page.body
    );
    assert!(page.says("failed\">401</span>"));
    assert!(page.says("<option value=\"only\" selected>Without a known token"));
    assert_eq!(file.body.lines().count(), 2, "{}", file.body);
    assert!(
        monitor.says("href=\"/requests?stranger=only"),
        "{}",
        monitor.body
    );
}

#[actix_web::test]
async fn every_call_is_listed_with_what_it_got_and_never_with_what_it_asked() {
    let (app, acme) = synced().await;
    let good = acme
        .get("/api/v1/progress?email=ada%40example.com&limit=2")
        .await;
    let plain = acme.get("/api/v1/progress?limit=2").await;
    acme.get("/api/v1/progress?limit=2").await;
    acme.get("/api/v1/progress?limt=2").await;
    Client::with_token(&app, "alx_wrong")
        .get("/api/v1/progress")
        .await;
    app.write_down().await;
    let admin = Admin::signed_in(&app).await;

    let all = admin.get("/requests").await;
    let company = admin.get("/companies/42/requests").await;

    for said in [
        "<code>GET /api/v1/progress</code>",
        "succeeded\">200</span>",
        "failed\">400</span>",
        "failed\">401</span>",
        "<td>hit</td>",
        "<td>miss</td>",
        "none that is known",
    ] {
        assert!(all.says(said), "{said}: {}", all.body);
    }
    assert!(all.body.contains(plain.header("x-request-id")));
    assert!(!all.body.contains("ada%40") && !all.body.contains("limt"));
    assert!(company.says("failed\">400</span>") && !company.says("failed\">401</span>"));
    let id = plain.header("x-request-id");
    let link = all.body.split("<tr>").find(|row| row.contains(id)).unwrap();
    let link = link
        .split("href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let page = admin.get(link).await;
    assert!(
        page.says(id) && page.says("Answered 200") && page.says("test</bdi>"),
        "{}",
        page.body
    );
    assert!(good.status == 200 || good.status == 400);
    for said in [
        "company=42&#38;token=1&#38;route=%2Fapi%2Fv1%2Fprogress&#38;part=whole\">With this token",
        "route=%2Fapi%2Fv1%2Fprogress&#38;part=whole&#38;status=200\">With this answer",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
}

#[actix_web::test]
async fn the_log_is_filtered_and_a_wrong_filter_is_named() {
    let (app, acme) = synced().await;
    let other = Client::new(&app, OTHER, "read").await;
    acme.get("/api/v1/progress").await;
    acme.get("/api/v1/syncs/none").await;
    acme.get("/api/v1/progress?limit=x").await;
    other.get("/api/v1/syncs").await;
    app.write_down().await;
    let admin = Admin::signed_in(&app).await;
    let rows = async |path: &str| {
        let page = admin.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        page.body.matches("<code>GET /api").count()
    };

    assert_eq!(rows("/requests?company=7").await, 1);
    assert_eq!(rows("/requests?route=PROG").await, 2);
    assert_eq!(
        rows("/requests?route=%25").await,
        0,
        "a percent sign is a percent sign"
    );
    assert_eq!(rows("/requests?status=400").await, 1);
    assert_eq!(rows("/requests?status=4xx&company=42").await, 2);
    assert_eq!(rows("/requests?errors=only&status=2xx").await, 0);
    assert_eq!(rows("/requests?token=2").await, 1);
    assert_eq!(
        rows("/requests?company=7&token=1").await,
        1,
        "a token of another company is let go"
    );
    assert_eq!(
        rows("/companies/42/requests?token=1&route=progress").await,
        2
    );
    assert!(
        admin
            .get("/requests?status=299")
            .await
            .says("No call matches this filter.")
    );
    for (path, said) in [
        ("/requests?status=6xx", "The status cannot be “6xx”"),
        ("/requests?status=abc", "The status cannot be “abc”"),
        ("/requests?token=x", "The token cannot be “x”"),
        ("/requests?before=x", "This page of the log does not exist"),
    ] {
        let refused = admin.get(path).await;
        assert_eq!(refused.status, 400, "{path}");
        assert!(refused.says(said), "{path}: {}", refused.body);
    }
}

#[actix_web::test]
async fn an_empty_log_says_what_comes_next() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    let empty = admin.get("/requests").await;

    assert!(empty.says("No program has called yet.") && empty.says("kept for 90 days"));
    assert!(
        empty.says("href=\"/requests\" aria-current=\"page\""),
        "{}",
        empty.body
    );
}

#[actix_web::test]
async fn pages_follow_one_another_and_lose_no_call_of_the_same_moment() {
    let (app, _acme) = synced().await;
    let at = now_ms() + 60_000;
    plant(&app, (0..120).map(|_| call(Some(ACME), at)).collect()).await;
    let admin = Admin::signed_in(&app).await;
    let (mut path, mut seen) = (
        "/companies/42/requests?route=planted".to_owned(),
        Vec::new(),
    );

    loop {
        let page = admin.get(&path).await;
        let rows = page.body.split("href=\"/requests/").skip(1);
        seen.extend(rows.map(|row| row.split('"').next().unwrap().parse::<i64>().unwrap()));
        match page.body.split("rel=\"next\" href=\"").nth(1) {
            Some(next) => path = next.split('"').next().unwrap().replace("&#38;", "&"),
            None => break,
        }
    }

    assert_eq!(seen.len(), 120);
    assert!(seen.is_sorted_by(|one, next| one > next));
}

#[actix_web::test]
async fn a_rare_filter_looks_through_so_many_calls_and_then_asks_to_go_on() {
    let (app, _acme) = synced().await;
    let at = now_ms() + 60_000;
    let mut rare = call(Some(ACME), at);
    rare.route = "/api/v1/rare".into();
    plant(&app, vec![rare]).await;
    plant(
        &app,
        (0..20_010)
            .map(|later| call(Some(ACME), at + 1 + later))
            .collect(),
    )
    .await;
    let admin = Admin::signed_in(&app).await;

    let first = admin.get("/companies/42/requests?route=rare").await;
    assert!(
        first.says("None of the 20,000 calls before this place matches."),
        "{}",
        first.body
    );
    let next = first
        .between("rel=\"next\" href=\"", "\"")
        .replace("&#38;", "&");
    let second = admin.get(&next).await;

    assert!(second.says("GET /api/v1/rare"), "{}", second.body);
}

#[actix_web::test]
async fn old_calls_are_let_go_in_small_steps_and_young_ones_stay() {
    let (app, _acme) = synced().await;
    app.write_down().await;
    let young = count(&app).await;
    let old = now_ms() - 91 * DAY_MS;
    plant(
        &app,
        (0..12_000).map(|later| call(None, old + later)).collect(),
    )
    .await;
    let kept = call(Some(ACME), now_ms() - 89 * DAY_MS);
    plant(&app, vec![kept]).await;
    let compact = |days: Option<i64>| {
        let db = app.app.db.clone();
        actix_web::rt::task::spawn_blocking(move || retention::compact(&db, days, now_ms()))
    };

    assert_eq!(compact(None).await.unwrap().unwrap(), 0, "for ever");
    let step = app
        .app
        .db
        .change(move |conn| store::forget(conn, now_ms() - 90 * DAY_MS, 5000));
    assert_eq!(
        step.await.unwrap(),
        5000,
        "the writer is free between steps"
    );
    let days = app.app.keeping().await.unwrap().requests_days;
    assert_eq!(compact(days).await.unwrap().unwrap(), 7000);
    assert_eq!(compact(days).await.unwrap().unwrap(), 0);
    assert_eq!(count(&app).await, young + 1);
}

#[actix_web::test]
async fn counts_of_the_limits_go_after_a_week_where_calls_are_kept_for_ever() {
    let (app, _acme) = synced().await;
    app.write_down().await;
    let today = now_ms().div_euclid(DAY_MS);
    let plant = app.app.db.change(move |conn| {
        for day in [today - 8, today - 6] {
            diesel::insert_into(quota_days::table)
                .values((
                    quota_days::company_id.eq(OTHER),
                    quota_days::token_id.eq(0),
                    quota_days::day.eq(day),
                    quota_days::used.eq(5),
                ))
                .execute(conn)?;
        }
        Ok(())
    });
    plant.await.unwrap();

    let db = app.app.db.clone();
    let compact = move || retention::compact(&db, None, now_ms());
    actix_web::rt::task::spawn_blocking(compact)
        .await
        .unwrap()
        .unwrap();

    let days = app.app.db.run(|conn| {
        let of_other = quota_days::table.filter(quota_days::company_id.eq(OTHER));
        Ok(of_other.select(quota_days::day).load::<i64>(conn)?)
    });
    assert_eq!(days.await.unwrap(), [today - 6]);
}

#[actix_web::test]
async fn calls_are_found_by_time_in_the_readers_zone_page_by_page_and_as_a_file() {
    const NOON: i64 = 1_774_774_800_000; // 2026-03-29 11:00 in Berlin, whose clocks changed that night
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let berlin = [
        ("zone", "Europe/Berlin"),
        ("language", "en"),
        ("theme", "system"),
    ];
    admin.post("/account/preferences", &berlin).await;
    let hour = 3_600_000;
    let mut calls: Vec<Request> = (0..60)
        .map(|second| call(None, NOON + second * 1000))
        .collect();
    calls.extend(
        [-10 * hour - 1, -10 * hour, 13 * hour - 1, 13 * hour].map(|at| call(None, NOON + at)),
    );
    plant(&app, calls).await;
    let count = |body: &str| body.matches("<code>GET /api/v1/planted</code>").count();

    let day = admin.get("/requests?from=2026-03-29&to=2026-03-29").await;
    let older = day
        .between("rel=\"next\" href=\"", "\"")
        .replace("&#38;", "&");
    let second = admin.get(&older).await;
    let minute = admin
        .get("/requests?from=2026-03-29T11:00&to=2026-03-29T11:01&errors=&status=2xx")
        .await;
    let before = admin.get("/requests?to=2026-03-28").await;
    let file = admin
        .get("/requests/export.csv?from=2026-03-29&to=2026-03-29")
        .await;
    let wrong = admin.get("/requests?from=yesterday").await;

    assert!(older.contains("from=2026-03-29&to=2026-03-29"), "{older}");
    assert_eq!((count(&day.body), count(&second.body)), (50, 12), "{older}");
    assert_eq!(count(&minute.body), 50);
    assert_eq!(count(&before.body), 1, "{}", before.body);
    assert_eq!(file.body.lines().count(), 1 + 62);
    assert!(
        day.body
            .contains("type=\"datetime-local\" step=\"any\" value=\"2026-03-29T00:00\""),
        "{}",
        day.body
    );
    assert!(
        day.body
            .contains("type=\"datetime-local\" step=\"any\" value=\"2026-03-30T00:00\"")
    );
    assert_eq!(wrong.status, 400);
    assert!(wrong.says("“yesterday” is no day"));
}
