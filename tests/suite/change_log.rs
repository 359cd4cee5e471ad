//! The change log: searched, paged by keyset, one company's apart from another's.

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::{CourseId, UserId};
use alx_report_api::time::now;
use chrono::{Days, Utc};

use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::client::{ACME, Client, OTHER, complete, two_companies};

const MARKUP: &str = "<script>alert(1)</script>";

/// Two synced companies, and in ACME one later completion.
async fn changed() -> (TestApp, Admin, Client) {
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    let other = Client::new(&app, OTHER, "read,changes,sync").await;
    acme.sync().await;
    other.sync().await;
    complete(&app, 17, "Fire safety");
    acme.sync().await;
    let admin = Admin::signed_in(&app).await;
    (app, admin, acme)
}

/// The versions on a page, from top to bottom.
fn versions(page: &Answer) -> Vec<i64> {
    let rows = page.body.split("<tr>").skip(2);
    let last = |row: &str| {
        row.rsplit("<td class=\"num\">")
            .next()?
            .split('<')
            .next()?
            .parse()
            .ok()
    };
    rows.filter_map(last).collect()
}

fn link(page: &Answer, rel: &str) -> Option<String> {
    let rest = page
        .body
        .split_once(&format!("<a rel=\"{rel}\" href=\""))?
        .1;
    Some(
        rest.split('"')
            .next()?
            .replace("&#38;", "&")
            .replace("&amp;", "&"),
    )
}

#[actix_web::test]
async fn the_log_shows_each_change_before_and_after_newest_first() {
    let (_app, admin, _) = changed().await;

    let all = admin.get("/changes").await;
    let acme = admin.get("/companies/42/changes").await;

    assert!(all.says("8 changes on this page"), "{}", all.body);
    assert_eq!(versions(&acme), [7, 6, 5, 4, 3, 2, 1]);
    assert!(acme.says("<del><bdi>not started</bdi></del> <span class=\"arrow\">→</span> <ins><bdi>completed</bdi></ins>"), "{}", acme.body);
    assert!(all.says("Secret Stranger") && all.says("Lovelace"));
    assert!(
        all.body.contains("aria-current=\"page\">Changes"),
        "the tab"
    );
}

#[actix_web::test]
async fn one_companys_log_never_shows_another_companys_lines() {
    let (_app, admin, _) = changed().await;

    for path in [
        "/companies/42/changes",
        "/changes?company=42",
        "/companies/42/changes?company=7",
        "/companies/42/changes?learner=99",
    ] {
        let page = admin.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains("Stranger"), "{path}");
    }
    let export = admin.get("/companies/42/changes/export.csv").await;
    assert!(!export.body.contains("Stranger") && export.body.contains("Lovelace"));
}

#[actix_web::test]
async fn the_log_is_searched_by_learner_course_kind_run_and_day() {
    let (_app, admin, acme) = changed().await;
    let run = acme.get("/api/v1/syncs").await.json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let today = Utc::now().date_naive();
    let tomorrow = today + Days::new(1);
    let count = async |query: &str| {
        versions(&admin.get(&format!("/companies/42/changes?{query}")).await).len()
    };

    assert_eq!(count("learner=LOVELACE").await, 3);
    assert_eq!(
        count("learner=%C5%81UKASZ").await,
        2,
        "letters' case, beyond ASCII"
    );
    assert_eq!(count("learner=ada.lovelace%40").await, 3);
    assert_eq!(count("learner=17").await, 3, "by id");
    assert_eq!(count("learner=%25").await, 0, "a wildcard means itself");
    assert_eq!(count("course=fire").await, 4);
    assert_eq!(count("kind=updated").await, 1);
    assert_eq!(count("kind=removed").await, 0);
    assert_eq!(count(&format!("run={run}")).await, 1);
    assert_eq!(count(&format!("from={today}&to={today}")).await, 7);
    assert_eq!(count(&format!("from={tomorrow}")).await, 0);
    assert_eq!(count(&format!("to={}", today - Days::new(1))).await, 0);
    assert_eq!(count("learner=lovelace&kind=added&course=privacy").await, 1);
}

#[actix_web::test]
async fn a_day_of_the_log_is_the_readers_and_the_page_names_the_zone() {
    let (app, admin, _acme) = changed().await;
    let evening = Utc::now().timestamp() / 86_400 * 86_400 + 86_400 - 60;
    let moved = app.app.db.change(move |conn| {
        use alx_report_api::schema::sync_runs;
        use diesel::prelude::*;
        diesel::update(sync_runs::table)
            .set(sync_runs::finished_at_ms.eq(evening * 1000))
            .execute(conn)?;
        Ok(())
    });
    moved.await.unwrap();
    let today = Utc::now().date_naive();
    let count = async |query: &str| versions(&admin.get(&format!("/changes?{query}")).await).len();

    let utc = count(&format!("from={today}&to={today}")).await;
    let zone = [
        ("zone", "Asia/Tokyo"),
        ("language", "en"),
        ("theme", "dark"),
    ];
    admin.post("/account/preferences", &zone).await;
    let tokyo = count(&format!("from={today}&to={today}")).await;
    let later = count(&format!("from={}", today + Days::new(1))).await;
    let page = admin.get("/changes").await;

    assert!(
        utc > 0 && tokyo == 0 && later == utc,
        "{utc} {tokyo} {later}"
    );
    assert!(page.says("Days begin at midnight in Asia/Tokyo; both days count."));
}

#[actix_web::test]
async fn what_a_filter_cannot_mean_is_refused_and_what_it_hides_is_said() {
    let (_app, admin, _) = changed().await;

    for wrong in [
        "kind=new",
        "from=yesterday",
        "from=2026-02-30",
        "from=2026-02-02&to=2026-02-01",
        "before=x",
        "before=1.2.3&after=1.2.3",
        "company=x",
        "before=-9223372036854775808.1.-9223372036854775808&from=-262143-01-01",
    ] {
        let page = admin.get(&format!("/changes?{wrong}")).await;
        assert!(
            page.status == 400 || wrong.starts_with("before=-9"),
            "{wrong}: {}",
            page.status
        );
        assert!(page.status < 500, "{wrong}");
    }
    let nothing = admin.get("/changes?learner=nobody").await;
    assert!(
        nothing.says("No change matches this filter.")
            && nothing.says("href=\"/changes\">Show all")
    );
    assert_eq!(admin.get("/companies/4711/changes").await.status, 404);
    assert_eq!(admin.get("/changes?company=4711").await.status, 404);
}

#[actix_web::test]
async fn an_empty_log_says_what_will_be_in_it() {
    let app = TestApp::with_moodle(two_companies).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;

    let page = admin.get("/companies/42/changes").await;

    assert!(page.says("Nothing has changed yet."), "{}", page.body);
}

/// ACME with more changes than two pages hold, some of them in a second run, and another company in between.
fn many(file: &std::path::Path) {
    two_companies(file);
    let mut moodle = MoodleBuilder::open(file).unwrap();
    let fill = |moodle: &mut MoodleBuilder| {
        let course = CourseId(
            moodle.number("select id as number from mdl_course where fullname = 'Fire safety'")?,
        );
        for id in 1000..1120 {
            let user = moodle.user_as(UserId(id), "Many", &format!("Learner {id}"))?;
            moodle.member(ACME, user)?;
            moodle.enrol(user, course, now() - 9000)?;
        }
        Ok(())
    };
    moodle.all_or_nothing(fill).unwrap();
}

#[actix_web::test]
async fn pages_follow_each_other_there_and_back_without_a_gap_or_a_repeat() {
    let app = TestApp::with_moodle(many).await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    acme.sync().await;
    Client::new(&app, OTHER, "read,changes,sync")
        .await
        .sync()
        .await;
    complete(&app, 17, "Fire safety");
    acme.sync().await;
    let admin = Admin::signed_in(&app).await;

    for start in [
        "/changes",
        "/companies/42/changes",
        "/changes?learner=learner",
    ] {
        let (mut there, mut back) = (Vec::new(), Vec::new());
        let mut page = admin.get(start).await;
        assert_eq!(link(&page, "prev"), None, "{start}");
        loop {
            there.push(
                page.body
                    .split("<tbody>")
                    .nth(1)
                    .unwrap()
                    .split("</tbody>")
                    .next()
                    .unwrap()
                    .to_owned(),
            );
            let Some(next) = link(&page, "next") else {
                break;
            };
            page = admin.get(&next).await;
        }
        back.push(there.last().unwrap().clone());
        while let Some(previous) = link(&page, "prev") {
            page = admin.get(&previous).await;
            if !page.body.contains("<tbody>") {
                break;
            }
            back.push(
                page.body
                    .split("<tbody>")
                    .nth(1)
                    .unwrap()
                    .split("</tbody>")
                    .next()
                    .unwrap()
                    .to_owned(),
            );
        }
        back.reverse();

        assert_eq!(there.len(), 3, "{start}");
        assert_eq!(there, back, "{start}");
        let rows: Vec<&str> = there
            .iter()
            .flat_map(|page| page.split("<tr>").skip(1))
            .collect();
        let unique: std::collections::HashSet<&&str> = rows.iter().collect();
        assert_eq!(unique.len(), rows.len(), "{start}");
        assert_eq!(
            rows.len(),
            match start {
                "/changes" => 128,
                "/companies/42/changes" => 127,
                _ => 120,
            }
        );
    }
}

#[actix_web::test]
async fn hostile_names_are_text_in_the_log_and_on_the_page_of_a_person() {
    let app = TestApp::with_moodle(|file| {
        two_companies(file);
        let mut moodle = MoodleBuilder::open(file).unwrap();
        moodle.execute(&format!("update mdl_user set lastname = '{MARKUP}' where id = 17; update mdl_company set name = '{MARKUP}' where id = 42")).unwrap();
    }).await;
    Client::new(&app, ACME, "read,changes,sync")
        .await
        .sync()
        .await;
    let admin = Admin::signed_in(&app).await;

    for path in [
        "/changes",
        "/companies/42/changes",
        "/companies/42/people/17",
        "/people/17/erase",
        "/changes?learner=%3Cscript%3Ealert(1)%3C/script%3E&run=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    ] {
        let page = admin.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains(MARKUP), "{path}: {}", page.body);
    }
}

#[actix_web::test]
async fn the_pages_of_a_run_a_company_and_a_person_lead_to_their_lines() {
    let (_app, admin, acme) = changed().await;
    let run = acme.get("/api/v1/syncs").await.json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let of_run = admin.get(&format!("/sync/runs/{run}")).await;
    let of_company = admin.get("/companies/42").await;
    let person = admin.get("/companies/42/people/17").await;

    assert!(
        of_run
            .body
            .contains(&format!("/companies/42/changes?run={run}")),
        "{}",
        of_run.body
    );
    assert!(of_company.body.contains("/companies/42/changes"));
    assert!(of_company.body.contains("/companies/42/people/17"));
    assert!(
        person.says("2 rows in all states") && person.says("3 changes, newest first"),
        "{}",
        person.body
    );
    assert_eq!(
        admin.get("/companies/42/people/99").await.status,
        404,
        "a person of another company"
    );
    assert_eq!(admin.get("/companies/7/people/99").await.status, 200);
}
