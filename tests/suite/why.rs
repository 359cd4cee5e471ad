//! Why this value? One page per row: what is stored, what Moodle says, and whether they agree.

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::{CompanyId, CourseId, UserId};
use alx_report_api::moodle::RowState;
use alx_report_api::schema::progress;
use alx_report_api::settings::{Overrides, Since};
use alx_report_api::sync;
use alx_report_api::time::now;

use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::acme::{course_named, synced_app};
use crate::support::client::ACME;

const ADA: UserId = UserId(101);
const BOB: UserId = UserId(102);

fn moodle(app: &TestApp) -> MoodleBuilder {
    MoodleBuilder::open(&app.moodle_file()).unwrap()
}

fn fire(app: &TestApp) -> CourseId {
    CourseId(course_named(&mut moodle(app), "Fire safety"))
}

fn page_of(user: UserId, course: CourseId) -> String {
    format!("/companies/42/people/{user}/courses/{course}")
}

#[actix_web::test]
async fn the_progress_table_leads_to_every_rows_page() {
    let (app, admin) = synced_app().await;
    let page = page_of(ADA, fire(&app));

    let company = admin.get("/companies/42").await;

    assert!(
        company.says(&format!("<a href=\"{page}\">why?")),
        "{}",
        company.body
    );
    assert_eq!(admin.get(&page).await.status, 200);
}

#[actix_web::test]
async fn a_row_is_proved_by_what_moodle_says_now() {
    let (app, admin) = synced_app().await;

    let page = admin.get(&page_of(BOB, fire(&app))).await;

    for said in [
        "The store agrees with Moodle.",
        "25 %: 1 of 4 activities",
        "Bob Stone",
        "<bdi>Student</bdi> in the course: counts as a learner",
        "<bdi>Authenticated user</bdi> on the site, as everybody does: says nothing",
        "Membership: department <bdi>Top</bdi>",
        "<bdi>manual</bdi></th><td>active</td>",
        "Tracking is on for the site and on for the course.",
        "Activities that count: 1 of 4 done",
        "course module",
        "given to the company",
    ] {
        assert!(page.says(said), "{said}: {}", page.body);
    }
}

#[actix_web::test]
async fn what_the_next_sync_will_change_is_said_before_it_does() {
    let (app, admin) = synced_app().await;
    let course = fire(&app);
    moodle(&app).done(BOB, course, 2, now()).unwrap();

    let page = admin.get(&page_of(BOB, course)).await;
    admin.synced(42, "full").await;
    let after = admin.get(&page_of(BOB, course)).await;

    assert!(
        page.says("The next full sync will change this row."),
        "{}",
        page.body
    );
    assert!(page.says("<del><bdi>25 %</bdi></del>") && page.says("<ins><bdi>50 %</bdi></ins>"));
    assert!(
        after.says("The store agrees with Moodle."),
        "{}",
        after.body
    );
    assert!(after.says("Its changes (2)"), "{}", after.body);
    let newest = after.body.find("50 %</bdi></ins>").unwrap();
    let oldest = after.body.rfind("Created").unwrap();
    assert!(newest < oldest, "newest first");
}

#[actix_web::test]
async fn a_tombstone_says_why_it_is_not_active() {
    let (app, admin) = synced_app().await;
    let course = fire(&app);
    moodle(&app).suspend(BOB, now()).unwrap();

    let page = admin.get(&page_of(BOB, course)).await;
    admin.synced(42, "full").await;
    let after = admin.get(&page_of(BOB, course)).await;

    assert!(
        page.says("The next full sync will remove this row: suspended."),
        "{}",
        page.body
    );
    assert!(
        after.says("Clients do not see this row: <strong>suspended</strong>."),
        "{}",
        after.body
    );
    assert!(
        after.says("Account: suspended on the site."),
        "{}",
        after.body
    );
}

#[actix_web::test]
async fn enrolments_say_why_they_do_not_count() {
    let (app, admin) = synced_app().await;
    let course = fire(&app);
    let cases = [
        (
            "update mdl_user_enrolments set status = 1",
            "not active: it is suspended",
        ),
        (
            "update mdl_user_enrolments set status = 0; update mdl_enrol set status = 1",
            "not active: its method is switched off in the course",
        ),
        (
            "update mdl_enrol set status = 0; update mdl_user_enrolments set timestart = 4000000000",
            "not active: it has not begun",
        ),
        (
            "update mdl_user_enrolments set timestart = 5, timeend = 6",
            "not active: it is over",
        ),
    ];
    for (change, said) in cases {
        moodle(&app).execute(change).unwrap();

        let page = admin.get(&page_of(ADA, course)).await;

        assert!(page.says(said), "{said}: {}", page.body);
        assert!(page.says("left the company or the course"), "{}", page.body);
    }
}

#[actix_web::test]
async fn without_moodle_the_stored_part_is_shown_and_it_says_so() {
    let (app, admin) = synced_app().await;
    let course = fire(&app);
    std::fs::rename(app.moodle_file(), app.folder.path().join("away.db")).unwrap();

    let page = admin.get(&page_of(BOB, course)).await;
    let unknown = admin.get(&page_of(UserId(999), course)).await;

    assert_eq!(page.status, 200);
    assert!(page.says("Moodle does not answer now."), "{}", page.body);
    assert!(page.says("25 %"), "{}", page.body);
    assert_eq!(
        unknown.status, 503,
        "nobody knows whether there is such a row"
    );
}

#[actix_web::test]
async fn an_unknown_pair_is_not_found_unless_moodle_has_it() {
    let (app, admin) = synced_app().await;
    let course = fire(&app);
    let mut moodle = moodle(&app);
    let new = moodle.user_as(UserId(200), "Eve", "New").unwrap();
    let stranger = moodle.user_as(UserId(201), "Mallory", "Other").unwrap();
    moodle.member(ACME, new).unwrap();
    let other = moodle.company_as(CompanyId(77), "Other").unwrap();
    moodle.member(other, stranger).unwrap();

    let member = admin.get(&page_of(new, course)).await;
    moodle.enrol(new, course, now() - 100).unwrap();
    let enrolled = admin.get(&page_of(new, course)).await;

    assert!(member.says("None in this course."), "{}", member.body);
    assert!(
        member.says("Nothing: no sync ever had this row."),
        "{}",
        member.body
    );
    assert!(
        enrolled.says("The next full sync will add this row."),
        "{}",
        enrolled.body
    );
    for (user, course) in [
        (UserId(999), course),
        (new, CourseId(999)),
        (stranger, course),
    ] {
        let answer = admin.get(&page_of(user, course)).await;
        assert_eq!(answer.status, 404, "{user} {course}");
        assert!(!answer.body.contains("Mallory"));
    }
    let elsewhere = admin
        .get(&format!("/companies/404/people/{ADA}/courses/{course}"))
        .await;
    assert_eq!(elsewhere.status, 404);
}

#[actix_web::test]
async fn the_hash_of_a_deleted_account_is_not_shown() {
    let (app, admin) = synced_app().await;
    let course = fire(&app);
    let mut moodle = moodle(&app);
    moodle.delete_user(BOB, now()).unwrap();
    let hash = "0123456789abcdef0123456789abcdef";
    moodle
        .execute(&format!(
            "update mdl_user set email = '{hash}' where id = {BOB}"
        ))
        .unwrap();

    let before = admin.get(&page_of(BOB, course)).await;
    admin.synced(42, "full").await;
    let after = admin.get(&page_of(BOB, course)).await;

    for page in [before, after] {
        assert!(page.says("account deleted"), "{}", page.body);
        assert!(!page.body.contains(hash), "{}", page.body);
    }
}

#[actix_web::test]
async fn a_row_with_an_impossible_time_is_said_to_be_unreadable() {
    let (app, admin) = synced_app().await;
    let course = fire(&app);
    moodle(&app)
        .execute("update mdl_course_completions set timecompleted = 99999999999999")
        .unwrap();

    let page = admin.get(&page_of(ADA, course)).await;

    let said = "Moodle's row cannot be read: its completion time is no time of the calendar.";
    assert!(page.says(said), "{}", page.body);
    assert!(page.says("The reports keep what they said"));
    assert!(
        !page.says("The next full sync will change"),
        "{}",
        page.body
    );
}

#[actix_web::test]
async fn a_tombstone_whose_reason_moved_does_not_agree_with_moodle() {
    let (app, admin) = synced_app().await;
    let course = fire(&app);
    moodle(&app).suspend(BOB, now()).unwrap();
    admin.synced(42, "full").await;
    moodle(&app).delete_user(BOB, now()).unwrap();

    let page = admin.get(&page_of(BOB, course)).await;
    admin.synced(42, "full").await;
    let after = admin.get(&page_of(BOB, course)).await;
    let undone = app.app.db.change(|conn| {
        let rows = progress::table.filter(progress::user_id.eq(BOB));
        diesel::update(rows)
            .set(progress::state.eq(RowState::Withdrawn))
            .execute(conn)?;
        Ok(())
    });
    undone.await.unwrap();
    let withdrawn = admin.get(&page_of(BOB, course)).await;

    let said = "The next full sync will change: state suspended → account deleted.";
    assert!(page.says(said), "{}", page.body);
    assert!(!page.says("The store agrees with Moodle."));
    assert!(after.says("The store agrees with Moodle."));
    assert!(withdrawn.says("The store agrees with Moodle."));
}

#[actix_web::test]
async fn of_an_erased_person_only_the_erasure_is_told() {
    let (app, admin) = synced_app().await;
    let course = fire(&app);
    admin.post("/people/102/erase", &[]).await;

    let page = admin.get(&page_of(BOB, course)).await;

    assert!(
        page.says("This person's data was erased <time"),
        "{}",
        page.body
    );
    assert!(
        page.says("<a href=\"/people/102/erasure\">"),
        "{}",
        page.body
    );
    for invented in ["Not started", "What is stored", "Percentage", "Its changes"] {
        assert!(!page.says(invented), "{invented}: {}", page.body);
    }
}

#[actix_web::test]
async fn a_course_that_is_switched_off_leaves_the_roles_as_they_are() {
    let (app, admin) = synced_app().await;
    let course = fire(&app);
    let own = Overrides {
        courses_off: vec![course],
        enrolled: Some(Since::Moment(4_000_000_000)),
        ..Overrides::default()
    };
    let saved = app
        .app
        .db
        .change(move |conn| sync::settings::change(conn, ACME, &own, "grace@example.com", 1));
    saved.await.unwrap();

    let page = admin.get(&page_of(BOB, course)).await;

    assert!(
        page.says("So the person counts as a learner."),
        "{}",
        page.body
    );
    assert!(
        page.says("Courses: this one is switched off."),
        "{}",
        page.body
    );
    assert!(
        page.says("Enrolled: the earliest enrolment is before 2096-10-02 (UTC)"),
        "{}",
        page.body
    );
}

#[actix_web::test]
async fn every_table_of_the_page_has_a_caption() {
    let (app, admin) = synced_app().await;

    let page = admin.get(&page_of(BOB, fire(&app))).await;

    let count = |text: &str| page.body.matches(text).count();
    assert_eq!(count("<table>"), 4);
    assert_eq!(count("<caption>"), 4);
}

#[actix_web::test]
async fn of_somebody_who_left_the_company_only_what_is_stored_is_shown() {
    let (app, admin) = synced_app().await;
    let course = fire(&app);
    let other = moodle(&app).company_as(CompanyId(77), "Other").unwrap();
    moodle(&app).member(other, BOB).unwrap();
    let leave = format!("delete from mdl_company_users where companyid = 42 and userid = {BOB}");
    moodle(&app).execute(&leave).unwrap();

    let before = admin.get(&page_of(BOB, course)).await;
    admin.synced(42, "full").await;
    let after = admin.get(&page_of(BOB, course)).await;

    for page in [&before, &after] {
        assert_eq!(page.status, 200);
        let said = "The person is not a member of this company";
        assert!(page.says(said) && page.says("Bob Stone"), "{}", page.body);
        for live in ["Enrolments", "Roles", "Activities that count", "Account:"] {
            assert!(!page.says(live), "{live}: {}", page.body);
        }
    }
    assert!(
        before.says("The next full sync will remove this row"),
        "{}",
        before.body
    );
}
