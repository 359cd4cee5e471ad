//! Rows of Moodle that cannot be right: named, and everything else is synced.

use super::{change, run, stored, synced_crowd};

#[actix_web::test]
async fn a_row_with_an_impossible_time_is_listed_and_kept_and_the_rest_is_published() {
    let (app, admin, acme) = synced_crowd().await;
    change(
        &app,
        "update mdl_user set lastname = 'Renamed' where id in (1001, 1002);
         insert into mdl_course_completions (userid, course, timeenrolled, timestarted, timecompleted, reaggregate)
         select 1001, id, 0, 0, 999999999999999, 0 from mdl_course where fullname = 'Fire safety'",
    );

    let page = run(&admin, "full", false).await;

    assert!(page.says("Partly succeeded"), "{}", page.body);
    assert!(page.says("User 1001") && page.says("its completion time is no time of the calendar"));
    let rows = acme.get("/api/v1/progress?limit=2").await.each("lastname");
    assert_eq!(rows, ["001", "Renamed"]);
    assert_eq!(stored(&app).await.0, 100);
    let coverage = admin.get("/companies/42/coverage").await;
    assert!(coverage.says("99 %: 1 different."), "{}", coverage.body);
    let run = acme.get("/api/v1/syncs?limit=1").await.json()["items"][0].clone();
    assert_eq!(
        (&run["state"], &run["statistics"]["success"]),
        (&"partial".into(), &true.into())
    );
    assert_eq!(run["statistics"]["errors"].as_array().unwrap().len(), 1);
}
