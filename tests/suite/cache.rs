//! The cache groups: what is kept, for how long, for whom, and what a purge counts.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{pending, ready};
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use actix_web::rt::time::sleep;
use alx_report_api::cache::{Answer, Found, Groups, Key, Limits, Loaded};
use alx_report_api::ids::CompanyId;
use bytes::Bytes;
use tokio::sync::Notify;

const ACME: CompanyId = CompanyId(42);
const OTHER: CompanyId = CompanyId(7);
const HOUR: Duration = Duration::from_secs(3600);

fn groups() -> Arc<Groups> {
    Arc::new(Groups::new(Limits {
        entries_per_group: 100,
        bytes: 1 << 20,
    }))
}

fn key(stamp: &str, query: &str) -> Key {
    Key {
        stamp: stamp.into(),
        view: "progress",
        query: query.into(),
    }
}

fn loaded(stamp: &str, body: impl Into<Bytes>) -> Loaded {
    Loaded {
        stamp: stamp.into(),
        answer: Answer {
            rows: 0,
            version: 0,
            body: body.into(),
            headers: Arc::new([]),
        },
    }
}

/// Asks for stamp `s`, ready to load `body`; gives the body that came and whether it was a hit.
async fn ask(
    groups: &Groups,
    company: CompanyId,
    query: &str,
    body: impl Into<Bytes>,
) -> (Bytes, Found) {
    ask_for(groups, company, HOUR, query, body).await
}

async fn ask_for(
    groups: &Groups,
    company: CompanyId,
    ttl: Duration,
    query: &str,
    body: impl Into<Bytes>,
) -> (Bytes, Found) {
    let load = || ready(Ok::<_, Infallible>(loaded("s", body)));
    let Ok((answer, found)) = groups.answer(company, ttl, key("s", query), load).await;
    (answer.body, found)
}

#[actix_web::test]
async fn the_second_request_is_a_hit_and_loads_nothing() {
    let groups = groups();

    let first = ask(&groups, ACME, "a", "rows").await;
    let second = ask(&groups, ACME, "a", "never loaded").await;

    assert_eq!(first, ("rows".into(), Found::Miss));
    assert_eq!(second, ("rows".into(), Found::Hit));
    assert_eq!(groups.loads(), 1);
    let report = groups.report(ACME);
    assert_eq!((report.hits, report.misses, report.entries), (1, 1, 1));
    assert!(report.oldest.is_some() && report.bytes > 4);
}

#[actix_web::test]
async fn another_stamp_view_query_or_company_is_another_entry() {
    let groups = groups();
    ask(&groups, ACME, "a", "rows").await;

    let of_other_company = ask(&groups, OTHER, "a", "other rows").await;
    let of_other_query = ask(&groups, ACME, "b", "page b").await;
    let newer = || ready(Ok::<_, Infallible>(loaded("t", "newer")));
    let Ok((of_newer_stamp, _)) = groups.answer(ACME, HOUR, key("t", "a"), newer).await;
    let mut other_view = key("s", "a");
    other_view.view = "legacy";
    let legacy = || ready(Ok::<_, Infallible>(loaded("s", "legacy")));
    let Ok((of_other_view, _)) = groups.answer(ACME, HOUR, other_view, legacy).await;

    assert_eq!(of_other_company.0, "other rows");
    assert_eq!(of_other_query.0, "page b");
    assert_eq!(of_newer_stamp.body, "newer");
    assert_eq!(of_other_view.body, "legacy");
    assert_eq!(groups.loads(), 5);
}

#[actix_web::test]
async fn a_purge_returns_the_number_of_live_entries_and_leaves_other_companies_alone() {
    let groups = groups();
    for query in ["a", "b", "c", "d", "e"] {
        ask(&groups, ACME, query, "rows").await;
    }
    ask(&groups, OTHER, "a", "rows").await;

    assert_eq!(groups.purge(ACME), 5);
    assert_eq!(groups.purge(ACME), 0);
    assert_eq!(groups.purge(CompanyId(1)), 0);
    assert_eq!(ask(&groups, OTHER, "a", "").await.1, Found::Hit);
    assert_eq!(ask(&groups, ACME, "a", "again").await.0, "again");
}

#[actix_web::test]
async fn expired_entries_are_not_served_not_counted_and_removed() {
    let groups = groups();
    let short = Duration::from_millis(30);
    for query in ["a", "b", "c"] {
        ask_for(&groups, ACME, short, query, "rows").await;
    }
    ask(&groups, ACME, "long", "rows").await;

    sleep(Duration::from_millis(50)).await;

    let again = ask_for(&groups, ACME, short, "a", "newer").await;
    assert_eq!(again, ("newer".into(), Found::Miss));
    sleep(Duration::from_millis(50)).await;
    assert_eq!(groups.sweep(), 1, "the insert already removed the others");
    assert_eq!(groups.purge(ACME), 1, "only the long one lives");
    assert_eq!(groups.bytes(), 0);
}

#[actix_web::test]
async fn a_purge_does_not_count_expired_entries() {
    let groups = groups();
    ask_for(&groups, ACME, Duration::from_millis(10), "a", "rows").await;

    sleep(Duration::from_millis(20)).await;

    assert_eq!(groups.purge(ACME), 0);
}

#[actix_web::test]
async fn a_shorter_time_to_live_holds_for_entries_that_are_there() {
    let groups = groups();
    ask(&groups, ACME, "a", "rows").await;

    sleep(Duration::from_millis(20)).await;
    let found = ask_for(&groups, ACME, Duration::from_millis(10), "a", "newer").await;

    assert_eq!(found, ("newer".into(), Found::Miss));
}

#[actix_web::test]
async fn with_no_time_to_live_nothing_is_kept() {
    let groups = groups();

    ask_for(&groups, ACME, Duration::ZERO, "a", "rows").await;

    assert_eq!(groups.report(ACME).entries, 0);
    let again = ask_for(&groups, ACME, Duration::ZERO, "a", "newer").await;
    assert_eq!(again.1, Found::Miss);
}

#[actix_web::test]
async fn a_group_holds_so_many_entries_and_forgets_the_coldest() {
    let groups = groups();
    for n in 0..100 {
        ask(&groups, ACME, &n.to_string(), "rows").await;
    }
    ask(&groups, ACME, "0", "").await; // warm again

    ask(&groups, ACME, "one more", "rows").await;

    assert_eq!(groups.report(ACME).entries, 100);
    assert_eq!(ask(&groups, ACME, "0", "").await.1, Found::Hit);
    assert_eq!(ask(&groups, ACME, "1", "rows").await.1, Found::Miss);
}

#[actix_web::test]
async fn all_groups_together_hold_so_many_bytes() {
    let groups = groups();
    let page = || Bytes::from(vec![b'x'; 100_000]);

    for n in 0..30 {
        let company = if n % 3 == 0 { ACME } else { OTHER };
        ask(&groups, company, &n.to_string(), page()).await;
        assert!(groups.bytes() <= 1 << 20, "{} bytes", groups.bytes());
    }

    assert!(groups.bytes() > 900_000, "the room is used");
    assert!(groups.report(ACME).entries > 0 && groups.report(OTHER).entries > 0);
    let both = groups.report(ACME).bytes + groups.report(OTHER).bytes;
    assert_eq!(both, groups.bytes());
}

#[actix_web::test]
async fn an_answer_too_big_for_the_memory_is_served_but_not_kept() {
    let groups = groups();
    ask(&groups, ACME, "small", "rows").await;

    let big = ask(&groups, ACME, "big", vec![b'x'; 300_000]).await;

    assert_eq!(big.0.len(), 300_000);
    assert_eq!(groups.report(ACME).entries, 1);
}

#[actix_web::test]
async fn concurrent_misses_of_one_key_load_once() {
    let groups = groups();
    let loads = Cell::new(0);
    let load = || async {
        loads.set(loads.get() + 1);
        sleep(Duration::from_millis(20)).await;
        Ok::<_, Infallible>(loaded("s", "rows"))
    };

    let all = futures_util::future::join_all(
        (0..50).map(|_| groups.answer(ACME, HOUR, key("s", "a"), load)),
    )
    .await;

    assert_eq!(loads.get(), 1);
    for Ok((answer, found)) in all {
        assert_eq!((answer.body, found), ("rows".into(), Found::Miss));
    }
}

#[actix_web::test]
async fn a_failed_load_fails_one_request_and_the_next_one_loads() {
    let groups = groups();
    let first = groups.answer(ACME, HOUR, key("s", "a"), || async {
        sleep(Duration::from_millis(10)).await;
        Err("store down")
    });
    let second = groups.answer(ACME, HOUR, key("s", "a"), || {
        ready(Ok::<_, &str>(loaded("s", "rows")))
    });

    let (first, second) = futures_util::future::join(first, second).await;

    assert_eq!(first.err(), Some("store down"));
    assert_eq!(second.expect("the second loads").0.body, "rows");
}

#[actix_web::test]
async fn a_cancelled_load_wakes_the_next_one() {
    let groups = groups();
    let shared = groups.clone();
    let stuck = rt::spawn(async move {
        let never = || pending::<Result<Loaded, Infallible>>();
        shared
            .answer(ACME, HOUR, key("s", "a"), never)
            .await
            .is_ok()
    });
    sleep(Duration::from_millis(10)).await;
    let shared = groups.clone();
    let waiting = rt::spawn(async move { ask(&shared, ACME, "a", "rows").await });
    sleep(Duration::from_millis(10)).await;

    stuck.abort();

    assert_eq!(waiting.await.expect("it ends").0, "rows");
}

#[actix_web::test]
async fn a_load_whose_group_is_purged_reaches_its_reader_but_is_not_kept() {
    let groups = groups();
    let go = Arc::new(Notify::new());
    let (shared, wait) = (groups.clone(), go.clone());
    let reading = rt::spawn(async move {
        let load = || async {
            wait.notified().await;
            Ok::<_, Infallible>(loaded("s", "rows"))
        };
        let Ok((answer, _)) = shared.answer(ACME, HOUR, key("s", "a"), load).await;
        answer.body
    });
    sleep(Duration::from_millis(10)).await;

    assert_eq!(groups.purge(ACME), 0);
    go.notify_one();

    assert_eq!(reading.await.expect("it ends"), "rows");
    assert_eq!(groups.report(ACME).entries, 0);
}

#[actix_web::test]
async fn an_answer_is_kept_under_the_stamp_it_was_read_with() {
    let groups = groups();

    // The stamp moved from s to t between the look-up and the snapshot.
    let load = || ready(Ok::<_, Infallible>(loaded("t", "newer rows")));
    let Ok((answer, _)) = groups.answer(ACME, HOUR, key("s", "a"), load).await;

    assert_eq!(answer.body, "newer rows");
    let unused = || ready(Ok::<_, Infallible>(loaded("t", "")));
    let Ok((under_t, found)) = groups.answer(ACME, HOUR, key("t", "a"), unused).await;
    assert_eq!((under_t.body, found), ("newer rows".into(), Found::Hit));
    assert_eq!(ask(&groups, ACME, "a", "old").await.1, Found::Miss);
}
