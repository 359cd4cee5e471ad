//! The pages of a company: one navigation, filters as chips, columns, courses and people with their numbers.

use alx_report_api::ids::CourseId;
use alx_report_api::progress::Band;
use alx_report_api::progress::courses::{self, CourseNumbers, Which};
use alx_report_api::schema::{company_state, progress};
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::acme::{fill_cache, synced_app};
use crate::support::admin::Admin;
use crate::support::client::{ACME, Client, LONG_AGO, two_companies};
use crate::support::files::{objects, records};

const DAY: i64 = 86_400;

/// What one row says, where the tests care.
struct Planted {
    user: i64,
    course: i64,
    status: &'static str,
    percentage: Option<f64>,
    /// Enrolled, started and completed.
    times: [Option<i64>; 3],
}

fn row(user: i64, course: i64, status: &'static str, percentage: Option<f64>) -> Planted {
    Planted {
        user,
        course,
        status,
        percentage,
        times: [Some(LONG_AGO), None, None],
    }
}

/// Puts rows into the store as a sync would, with the numbers of the company.
async fn plant(app: &TestApp, rows: Vec<Planted>) {
    let planted = app.app.db.change(move |conn| {
        for row in &rows {
            diesel::insert_into(progress::table)
                .values((
                    progress::company_id.eq(ACME),
                    progress::user_id.eq(row.user),
                    progress::course_id.eq(row.course),
                    progress::firstname.eq(format!("First{}", row.user)),
                    progress::lastname.eq(format!("Last{:05}", row.user)),
                    progress::email.eq(format!("u{}@example.com", row.user)),
                    progress::username.eq(format!("u{}", row.user)),
                    progress::coursename.eq(format!("Course {} <b>", row.course)),
                    progress::status.eq(row.status),
                    progress::percentage.eq(row.percentage),
                    (
                        progress::enrolled_at.eq(row.times[0]),
                        progress::timestarted.eq(row.times[1]),
                        progress::timecompleted.eq(row.times[2]),
                        progress::state.eq("active"),
                        progress::seq.eq(1_i64),
                        progress::first_seen_seq.eq(1_i64),
                        progress::changed_at.eq(LONG_AGO + row.user),
                    ),
                ))
                .execute(conn)?;
        }
        let totals = alx_report_api::companies::totals::count_rows(conn, ACME)?;
        diesel::update(company_state::table.find(ACME))
            .set((company_state::synced_at.eq(LONG_AGO), totals))
            .execute(conn)?;
        Ok(())
    });
    planted.await.unwrap();
}

/// An app that knows the companies, and an admin; nothing is synced.
async fn known() -> (TestApp, Admin) {
    let app = TestApp::with_moodle(two_companies).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    (app, admin)
}

async fn numbers(app: &TestApp, course: i64) -> CourseNumbers {
    let read = app
        .app
        .db
        .run(move |conn| courses::with_days(conn, ACME, Which::One(CourseId(course))));
    read.await.unwrap().pop().unwrap()
}

#[actix_web::test]
async fn every_page_of_a_company_has_its_navigation_with_the_present_page_marked() {
    let (app, admin) = synced_app().await;
    Client::new(&app, ACME, "read").await;
    let course = admin.get("/companies/42/courses").await;
    let course = course.between("href=\"/companies/42/courses/", "\"");

    for (page, label, how) in [
        ("", "Progress", "page"),
        ("/views", "Progress", "true"),
        ("/courses", "Courses", "page"),
        (&format!("/courses/{course}"), "Courses", "true"),
        ("/people", "People", "page"),
        ("/people/101", "People", "true"),
        (&format!("/people/101/courses/{course}"), "People", "true"),
        ("/sync", "Sync", "page"),
        ("/schedule", "Sync", "true"),
        ("/settings", "Settings", "page"),
        ("/settings/delivery", "Settings", "true"),
        ("/tokens", "Tokens", "page"),
        ("/tokens/1", "Tokens", "true"),
        ("/tokens/1/revoke", "Tokens", "true"),
        ("/tokens/1/rotate", "Tokens", "true"),
        ("/cache", "Cache", "page"),
        ("/requests", "Requests", "page"),
        ("/changes", "Changes", "page"),
        ("/coverage", "Coverage", "page"),
        ("/power-bi", "Power BI", "page"),
    ] {
        let answer = admin.get(&format!("/companies/42{page}")).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.body);
        let nav = answer.between("aria-label=\"Pages of this company\"", "</nav>");
        assert_eq!(nav.matches("<a ").count(), 11, "{page}: {nav}");
        let marked = format!("aria-current=\"{how}\">{label}</a>");
        assert!(nav.contains(&marked), "{page}: {nav}");
        assert_eq!(nav.matches("aria-current").count(), 1, "{page}: {nav}");
        assert_eq!(answer.body.matches("<h1").count(), 1, "{page}");
    }
    for page in [
        "courses",
        "people",
        "sync",
        "cache",
        "tokens",
        "views",
        "courses/4711",
    ] {
        let nothing = if page.contains("4711") { "42" } else { "4711" };
        let answer = admin.get(&format!("/companies/{nothing}/{page}")).await;
        assert_eq!(answer.status, 404, "{page}");
    }
}

#[actix_web::test]
async fn pages_of_a_company_that_was_never_synced_say_so_and_what_to_do() {
    let (_app, admin) = known().await;

    for page in ["", "/courses", "/people", "/sync"] {
        let answer = admin.get(&format!("/companies/42{page}")).await;
        assert!(
            answer.says("This company was never synced."),
            "{page}: {}",
            answer.body
        );
        assert!(answer.says("Run a full sync"), "{page}");
    }
    assert!(
        admin
            .get("/companies/42/tokens")
            .await
            .says("No token yet.")
    );
    assert!(
        admin
            .get("/companies/42/cache")
            .await
            .says("Nothing is cached now.")
    );
}

#[actix_web::test]
async fn a_course_counts_its_learners_and_leaves_unknown_out_of_the_average() {
    let (app, admin) = known().await;
    let done = |user, days: i64| Planted {
        times: [Some(LONG_AGO), None, Some(LONG_AGO + days * DAY + 5)],
        ..row(user, 5, "completed", Some(100.0))
    };
    plant(
        &app,
        vec![
            done(1, 0),
            done(2, 3),
            done(3, 30),
            Planted {
                times: [None, Some(LONG_AGO), Some(LONG_AGO + 10 * DAY)],
                ..row(4, 5, "completed", None)
            },
            Planted {
                times: [Some(LONG_AGO + DAY), None, Some(LONG_AGO)],
                ..row(5, 5, "completed", Some(100.0))
            },
            row(6, 5, "in_progress", Some(25.0)),
            row(7, 5, "in_progress", Some(99.99)),
            row(8, 5, "not_started", Some(0.0)),
            row(9, 5, "not_started", None),
            row(1, 6, "not_started", None),
        ],
    )
    .await;

    let five = numbers(&app, 5).await;
    let six = numbers(&app, 6).await;
    let page = admin.get("/companies/42/courses").await;
    let one = admin.get("/companies/42/courses/5").await;
    let file = objects(&admin.get("/companies/42/courses/export.ndjson").await.body);

    assert_eq!(
        (
            five.enrolments(),
            five.completed,
            five.in_progress,
            five.not_started
        ),
        (9, 5, 2, 2)
    );
    let days = five.days.unwrap();
    assert_eq!(
        (days.median, days.p90, days.learners),
        (3, 30, 4),
        "from enrolment, else from the start; what was completed before is left out"
    );
    assert_eq!(five.tracked(), 7);
    let average = five.average().unwrap();
    assert!(
        (average - (4.0 * 100.0 + 25.0 + 99.99) / 7.0).abs() < 1e-9,
        "{average}"
    );
    assert_eq!(five.bands, [1, 1, 0, 0, 1, 4, 2]);
    assert_eq!(
        (six.average(), six.completion_rate(), six.days),
        (None, Some(0.0), None)
    );
    assert!(
        page.says("Course 5 &lt;b&gt;") || page.says("Course 5 &#60;b&#62;"),
        "{}",
        page.body
    );
    assert!(page.says("role=\"img\"") && page.says("not tracked: 2") && page.says("of 7 tracked"));
    assert!(page.says("<td class=\"num\">55.56 %</td>"), "{}", page.body);
    assert!(one.says("They are known of 4 learners."), "{}", one.body);
    assert!(
        one.body
            .contains("/companies/42?course=5&amp;band=76-99#list"),
        "{}",
        one.body
    );
    assert_eq!(
        (file.len(), &file[0]["median_days"], &file[0]["at_76-99"]),
        (2, &3.into(), &1.into()),
        "{}",
        file[0]
    );
    assert!(file[1]["average_percentage"].is_null(), "{}", file[1]);
}

#[actix_web::test]
async fn the_bands_of_a_course_are_those_of_the_filter() {
    let (app, admin) = known().await;
    let values = [
        Some(0.0),
        Some(0.5),
        Some(25.0),
        Some(26.0),
        Some(75.5),
        Some(99.9),
        Some(100.0),
        None,
    ];
    let planted = values
        .iter()
        .zip(1..)
        .map(|(value, user)| row(user, 5, "in_progress", *value));
    plant(&app, planted.collect()).await;
    let course = numbers(&app, 5).await;

    for (band, expected) in Band::ALL.iter().zip(course.bands) {
        let page = admin
            .get(&format!("/companies/42/progress/export.ndjson?band={band}"))
            .await;
        assert_eq!(objects(&page.body).len() as i64, expected, "{band}");
    }
    let page = admin.get("/companies/42?band=unknown").await;
    assert!(
        page.says("Progress: <bdi>Not tracked</bdi>"),
        "{}",
        page.body
    );
    assert_eq!(admin.get("/companies/42?band=half").await.status, 400);
}

#[actix_web::test]
async fn courses_are_searched_sorted_and_paged() {
    let (app, admin) = known().await;
    let planted = (1..=60).flat_map(|course| {
        (0..=course % 3).map(move |user| row(user + 1, course, "not_started", None))
    });
    plant(&app, planted.collect()).await;

    let first = admin.get("/companies/42/courses").await;
    let last = admin.get("/companies/42/courses?page=99").await;
    let most = admin
        .get("/companies/42/courses?sort=enrolments&order=down")
        .await;
    let found = admin.get("/companies/42/courses?search=COURSE+59").await;
    let hidden = admin.get("/companies/42/courses?search=%25").await;

    assert!(
        first.says("1–25 of 60 courses") && last.says("51–60 of 60 courses"),
        "{}",
        last.body
    );
    assert!(most.says("aria-sort=\"descending\"") && most.says("<td class=\"num\">3</td>"));
    assert!(!most.says("<td class=\"num\">1</td>"), "{}", most.body);
    assert!(found.says("1–1 of 1 course<"), "{}", found.body);
    assert!(
        hidden.says("The filter hides all courses"),
        "{}",
        hidden.body
    );
    assert_eq!(
        admin.get("/companies/42/courses?sort=nothing").await.status,
        400
    );
}

#[actix_web::test]
async fn a_completion_in_the_far_future_hides_no_month_and_is_said() {
    let (app, admin) = known().await;
    let done = |user, at| Planted {
        times: [Some(LONG_AGO), None, Some(at)],
        ..row(user, 5, "completed", Some(100.0))
    };
    let now = alx_report_api::time::now();
    plant(
        &app,
        vec![
            done(1, now),
            done(2, 253_400_000_000),
            done(3, i64::MAX / 1000),
        ],
    )
    .await;

    let page = admin.get("/companies/42/courses/5").await;
    let month = chrono::DateTime::from_timestamp(now, 0)
        .unwrap()
        .format("%Y-%m");

    assert!(
        page.says(&format!("{month}</th><td class=\"num\">1</td>")),
        "{}",
        page.body
    );
    assert!(page.says("dated later, by Moodle</th><td class=\"num\">2</td>"));
    assert!(!page.body.contains("9999-"), "{}", page.body);
}

#[actix_web::test]
async fn completions_are_counted_by_the_months_of_the_readers_zone() {
    let (app, admin) = known().await;
    let done = |user, at| Planted {
        times: [Some(LONG_AGO), None, Some(at)],
        ..row(user, 5, "completed", Some(100.0))
    };
    // 2025-10-31 23:30 UTC is in November in Berlin; December has none.
    plant(
        &app,
        vec![
            done(1, 1_761_953_400),
            done(2, 1_767_571_200),
            done(3, LONG_AGO),
        ],
    )
    .await;

    let utc = admin.get("/companies/42/courses/5").await;
    let moved = app.app.db.change(|conn| {
        use alx_report_api::schema::admins;
        diesel::update(admins::table)
            .set(admins::zone.eq("Europe/Berlin"))
            .execute(conn)?;
        Ok(())
    });
    moved.await.unwrap();
    let berlin = admin.get("/companies/42/courses/5").await;
    let day = admin
        .get("/companies/42?completed_from=2025-11-01&completed_to=2025-11-01")
        .await;
    let file = admin
        .get("/companies/42/progress/export.csv?completed_from=2025-11-01&completed_to=2025-11-01")
        .await;

    assert!(
        utc.says("2025-10</th><td class=\"num\">2</td>"),
        "{}",
        utc.body
    );
    assert!(
        utc.says("2025-12</th><td class=\"num\">0</td>")
            && utc.says("2026-01</th><td class=\"num\">1</td>")
    );
    assert!(
        berlin.says("2025-10</th><td class=\"num\">1</td>")
            && berlin.says("2025-11</th><td class=\"num\">1</td>"),
        "{}",
        berlin.body
    );
    assert!(
        day.says("1–1 of 1 row,") && day.says("midnight in Europe/Berlin"),
        "{}",
        day.body
    );
    assert_eq!(records(&file.body).len(), 1, "{}", file.body);
}

#[actix_web::test]
async fn each_filter_in_use_is_a_chip_with_a_way_out() {
    let (app, admin) = known().await;
    plant(&app, vec![row(1, 5, "not_started", Some(0.0))]).await;
    let query = "search=First&status=not_started&course=5&band=0&enrolled_from=2025-10-01&enrolled_to=2025-10-01&sort=changed&order=down&column=course";

    let page = admin.get(&format!("/companies/42?{query}")).await;

    assert!(page.says("1–1 of 1 row, filtered from 1."), "{}", page.body);
    let chips = page.between("<ul class=\"chips\"", "</ul>");
    assert_eq!(chips.matches("<li>").count(), 6, "{chips}");
    assert!(
        chips.contains("Status: <bdi>Not started</bdi>") && !chips.contains("<b>"),
        "{chips}"
    );
    for link in chips.split("href=\"").skip(1) {
        let link = link
            .split('"')
            .next()
            .unwrap()
            .replace("&#38;", "&")
            .replace("&amp;", "&");
        let fewer = admin.get(link.split('#').next().unwrap()).await;
        assert_eq!(
            fewer
                .between("<ul class=\"chips\"", "</ul>")
                .matches("<li>")
                .count(),
            5,
            "{link}"
        );
        assert!(
            link.contains("sort=changed&order=down&column=course"),
            "{link}"
        );
    }
    for wrong in [
        "enrolled_from=soon",
        "enrolled_from=2025-10-02&enrolled_to=2025-10-01",
        "column=password",
        "page=x",
    ] {
        assert_eq!(
            admin.get(&format!("/companies/42?{wrong}")).await.status,
            400,
            "{wrong}"
        );
    }
    let hidden = admin.get("/companies/42?completed_from=2030-01-01").await;
    assert!(
        hidden.says("The filter hides all 1 row of this company."),
        "{}",
        hidden.body
    );
}

#[actix_web::test]
async fn chosen_columns_stay_in_every_link_and_in_the_file() {
    let (_app, admin) = synced_app().await;

    let usual = admin.get("/companies/42").await;
    let page = admin
        .get("/companies/42?column=user_id&column=course&column=enrolled&search=byron")
        .await;
    let file = admin.get("/companies/42/progress/export.csv?search=byron&column=course&column=user_id&column=enrolled").await;

    let head = page.between("<thead>", "</thead>");
    assert_eq!(head.matches("<th ").count(), 4, "{head}");
    assert_eq!(
        usual.between("<thead>", "</thead>").matches("<th ").count(),
        6
    );
    assert!(head.contains("Enrolled") && head.contains("User id") && !head.contains("Status"));
    assert!(
        head.contains("column=course&#38;column=enrolled&#38;column=user_id")
            || head.contains("column=course&amp;column=enrolled&amp;column=user_id"),
        "{head}"
    );
    assert!(page.body.contains("/progress/export.csv?search=byron"));
    assert!(page.says("id=\"column-enrolled\" name=\"column\" value=\"enrolled\" checked"));
    let lines = records(&file.body);
    assert_eq!(
        file.body
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches('\u{feff}')
            .split(',')
            .collect::<Vec<_>>(),
        [
            "first name",
            "last name",
            "email",
            "course",
            "enrolled (UTC)",
            "user id"
        ]
    );
    assert_eq!(lines.len(), 2);
}

#[actix_web::test]
async fn people_are_listed_with_their_counts() {
    let (app, admin) = known().await;
    let mut planted: Vec<Planted> = (1..=30)
        .map(|user| row(user, 5, "not_started", None))
        .collect();
    planted.push(row(7, 6, "completed", Some(100.0)));
    planted.push(row(7, 8, "in_progress", Some(10.0)));
    plant(&app, planted).await;

    let first = admin.get("/companies/42/people").await;
    let busiest = admin
        .get("/companies/42/people?sort=courses&order=down")
        .await;
    let found = admin.get("/companies/42/people?search=U7%40EXAMPLE").await;
    let named = admin.get("/companies/42/people?search=first12+last").await;
    let hidden = admin.get("/companies/42/people?search=%25").await;
    let file = objects(
        &admin
            .get("/companies/42/people/export.ndjson?sort=completed&order=down")
            .await
            .body,
    );

    assert!(
        first.says("1–25 of 30 learners") && first.says("Page 1 of 2"),
        "{}",
        first.body
    );
    assert!(
        busiest.body.find("Last00007") < busiest.body.find("Last00001"),
        "{}",
        busiest.body
    );
    let cells = "<td class=\"num\">3</td> <td class=\"num\">1</td> <td class=\"num\">1</td> <td class=\"num\">1</td>";
    assert!(
        found.says("1–1 of 1 learner, filtered from 30") && found.says(cells),
        "{}",
        found.body
    );
    assert!(named.says("1–1 of 1 learner"), "{}", named.body);
    assert!(
        hidden.says("The filter hides all 30 learners of this company."),
        "{}",
        hidden.body
    );
    assert_eq!(
        (file.len(), &file[0]["user_id"], &file[0]["not_started"]),
        (30, &7.into(), &1.into())
    );
}

#[actix_web::test]
async fn the_numbers_of_a_company_belong_to_it_alone() {
    let app = TestApp::with_moodle(two_companies).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    admin.synced(42, "full").await;
    admin.synced(7, "full").await;

    let courses = admin.get("/companies/7/courses").await;
    let people = admin.get("/companies/7/people").await;

    assert!(
        courses.says("1–1 of 1 course<") && !courses.says("Privacy"),
        "{}",
        courses.body
    );
    assert!(
        people.says("1–1 of 1 learner<") && people.says("Stranger") && !people.says("Lovelace")
    );
}

#[actix_web::test]
async fn the_cache_page_counts_hits_and_knows_that_nothing_was_asked_yet() {
    let (app, admin) = synced_app().await;

    let fresh = admin.get("/companies/42/cache").await;
    fill_cache(&app.app, 3).await;
    fill_cache(&app.app, 3).await;
    let page = admin.get("/companies/42/cache").await;

    assert!(
        fresh.says("nothing was asked yet") && fresh.says("Nothing is cached now."),
        "{}",
        fresh.body
    );
    assert!(
        page.says("<dt>Entries</dt><dd>3</dd>") && page.says("<dt>Hit rate</dt><dd>50 %</dd>"),
        "{}",
        page.body
    );
    assert!(page.says("60 minutes") && page.says("just now") && page.says("Clear cache"));
}

#[actix_web::test]
async fn the_sync_page_shows_the_latest_run_and_leads_to_the_next() {
    let (_app, admin) = synced_app().await;

    let page = admin.get("/companies/42/sync").await;

    assert!(
        page.says("Succeeded</a>") && page.says("<dt>Created</dt><dd>6</dd>"),
        "{}",
        page.body
    );
    assert!(
        page.body.contains("href=\"/sync/history?company=42\"")
            && page.body.contains("href=\"/sync?company=42\"")
    );
    assert!(page.says("No schedule: this company is synced only when somebody asks for it."));
}
