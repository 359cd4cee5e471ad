//! Acme: the company of the dashboard's tests, its Moodle and its cache.

use std::path::Path;
use std::time::Duration;

use alx_report_api::app::App;
use alx_report_api::cache::{Answer as Cached, Key, Loaded};
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::{CourseId, UserId};
use alx_report_api::time::now;

use super::TestApp;
use super::admin::Admin;
use super::client::ACME;

/// Acme has three learners in two courses; Ada has completed Fire safety, Bob has begun it.
pub fn acme(file: &Path) {
    let mut moodle = MoodleBuilder::open(file).unwrap();
    moodle.company_as(ACME, "Acme").unwrap();
    let fire = course(&mut moodle, "Fire safety");
    let aid = course(&mut moodle, "First aid");
    for (id, first, last) in [
        (1, "Ada", "Byron"),
        (2, "Bob", "Stone"),
        (3, "Zoe", "Quinn"),
    ] {
        let user = moodle.user_as(UserId(100 + id), first, last).unwrap();
        moodle.member(ACME, user).unwrap();
        moodle.enrol(user, fire, now() - 90_000).unwrap();
        moodle.enrol(user, aid, now() - 90_000).unwrap();
    }
    moodle.complete(UserId(101), fire, now() - 80_000).unwrap();
    moodle.done(UserId(102), fire, 1, now() - 80_000).unwrap();
}

fn course(moodle: &mut MoodleBuilder, name: &str) -> CourseId {
    let course = moodle.course(name).unwrap();
    moodle.activities(course, 4).unwrap();
    moodle.give_course(ACME, course).unwrap();
    course
}

/// An instance that has synced Acme, and an admin who is signed in.
pub async fn synced_app() -> (TestApp, Admin) {
    let app = TestApp::with_moodle(acme).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    admin.synced(42, "full").await;
    (app, admin)
}

/// Puts some entries into the company's group, as that many different requests would.
pub async fn fill_cache(app: &App, count: usize) {
    for number in 0..count {
        let key = Key {
            stamp: "a stamp".into(),
            view: "test",
            query: number.to_string(),
        };
        let answer = Cached {
            version: 0,
            rows: 0,
            body: "[]".into(),
            headers: [].into(),
        };
        let loaded = Loaded {
            stamp: key.stamp.clone(),
            answer,
        };
        let kept = app
            .cache
            .answer(ACME, Duration::from_secs(60), key, || async {
                Ok::<_, ()>(loaded)
            });
        kept.await.unwrap();
    }
}

/// The id of a course.
pub fn course_named(moodle: &mut MoodleBuilder, name: &str) -> i64 {
    moodle
        .number(&format!(
            "select id as number from mdl_course where fullname = '{name}'"
        ))
        .unwrap()
}
