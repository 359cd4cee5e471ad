//! Many clicks at once.

use alx_report_api::ids::random_hex;
use alx_report_api::schema::sync_runs;
use diesel::prelude::*;
use futures_util::future::join_all;

use super::synced_crowd;

#[actix_web::test]
async fn sixty_four_clicks_at_once_all_end_on_a_run_that_succeeds_and_most_of_them_share_one() {
    let (app, admin, _) = synced_crowd().await;
    let click = |_| {
        let key = random_hex::<8>();
        let admin = &admin;
        async move {
            let fields = [("company", "42"), ("mode", "full"), ("key", key.as_str())];
            admin.post("/sync", &fields).await
        }
    };

    let answers = join_all((0..64).map(click)).await;

    let mut pages = Vec::new();
    for answer in &answers {
        assert_eq!(answer.status, 303, "{}", answer.body);
        pages.push(answer.location().to_owned());
    }
    pages.sort_unstable();
    pages.dedup();
    for page in &pages {
        assert!(super::ended(&admin, page).await.says("Succeeded"));
    }
    let joined = answers.iter().filter(|answer| {
        answer
            .cookies()
            .iter()
            .any(|cookie| cookie.contains("joined"))
    });
    assert!(
        joined.count() > 0,
        "some clicks met a waiting run, and are told so"
    );
    let unfinished = app.app.db.run(|conn| {
        let open = sync_runs::table.filter(sync_runs::state.eq_any(["queued", "running"]));
        Ok(open.count().get_result::<i64>(conn)?)
    });
    assert_eq!(unfinished.await.unwrap(), 0);
}
