//! Pages by offset: right at every offset, and as cheap far behind as at the beginning.

use std::sync::{Arc, Mutex};

use alx_report_api::companies::{self, State};
use alx_report_api::db::{Conn, Kind};
use alx_report_api::ids::{CourseId, UserId};
use alx_report_api::moodle::RowState;
use alx_report_api::progress::{Content, Offsets, Row, write};
use alx_report_api::words::Status;
use diesel::connection::{Connection as _, InstrumentationEvent, SimpleConnection as _};

use crate::support::client::{ACME, Client, Reply, synced};
use crate::support::{TestApp, say};

async fn call(client: &Client, limit: i64, offset: i64) -> Reply {
    let function = "wsfunction=local_alx_report_api_get_course_progress&moodlewsrestformat=json";
    let form = format!(
        "wstoken={}&{function}&limit={limit}&offset={offset}",
        client.token
    );
    client.legacy(&form).await
}

fn users(reply: &Reply) -> Vec<i64> {
    let rows = reply.json();
    let rows = rows.as_array().unwrap_or_else(|| panic!("{}", reply.body));
    rows.iter()
        .filter_map(|row| row["userid"].as_i64())
        .collect()
}

/// Adds people from 1000 on, one row each, under the next version.
async fn add_rows(app: &TestApp, from: i64, count: i64, state: RowState) {
    let row = move |user: i64| Row {
        company_id: ACME,
        user_id: UserId(user),
        course_id: CourseId(1),
        content: Content {
            firstname: "Somebody".into(),
            lastname: format!("Number {user}"),
            email: format!("user{user}@example.com"),
            username: format!("user{user}"),
            coursename: "Fire safety".into(),
            status: Status::NotStarted,
            percentage: Some(0.0),
            timecompleted: None,
            timestarted: None,
            enrolled_at: None,
        },
        state,
        seq: 7,
        first_seen_seq: 7,
        changed_at: 1,
    };
    let add = move |conn: &mut Conn| {
        let users: Vec<i64> = (from..from + count).collect();
        for some in users.chunks(20_000) {
            let rows: Vec<Row> = some.iter().map(|user| row(*user)).collect();
            write(conn, &rows)?;
        }
        let known = companies::store::state(conn, ACME)?;
        let next = State {
            seq: known.seq + 1,
            ..known
        };
        companies::store::publish_unsynced(conn, &next)
    };
    app.app.db.change(add).await.expect("rows");
}

#[actix_web::test]
async fn a_page_is_the_same_slice_of_the_list_at_every_offset() {
    let (app, acme) = synced().await;
    app.deliver(ACME, serde_json::json!({"calls_per_token": 0}))
        .await;
    add_rows(&app, 1000, 2500, RowState::Active).await;
    add_rows(&app, 5000, 10, RowState::Left).await;
    let mut all: Vec<i64> = [17, 17, 18, 18, 21, 21].into();
    all.extend(1000..3500);

    for offset in [
        0,
        1,
        993,
        994,
        999,
        1000,
        1001,
        1994,
        2000,
        2505,
        2506,
        3000,
        9000,
        i64::MAX,
    ] {
        let page = users(&call(&acme, 1000, offset).await);
        let rest = all
            .iter()
            .skip(usize::try_from(offset).unwrap_or(usize::MAX));
        assert_eq!(
            page,
            rest.take(1000).copied().collect::<Vec<_>>(),
            "{offset}"
        );
    }
    add_rows(&app, 100, 700, RowState::Active).await;
    let moved = users(&call(&acme, 2, 2000).await);
    assert_eq!(moved, [2294, 2295], "a new version is counted anew");
}

/// What the store is asked for some page, with its values, once the marks are made.
async fn statements(app: &TestApp, offset: i64) -> Vec<String> {
    let offsets = Offsets::default();
    let read = move |conn: &mut Conn| {
        let known = companies::store::state(conn, ACME)?;
        let page = |conn: &mut Conn| offsets.page(conn, ACME, &known.stamp, (offset, 1000));
        page(conn)?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                noted.lock().unwrap().push(query.to_string());
            }
        });
        let rows = page(conn);
        conn.set_instrumentation(|_: InstrumentationEvent<'_>| {});
        assert_eq!(rows?.len(), 1000);
        let asked = asked.lock().unwrap().clone();
        Ok(asked)
    };
    app.app.db.run(read).await.expect("statements")
}

/// The rows that a statement skips: its last value.
fn skipped(statement: &str) -> i64 {
    let last = statement.trim_end_matches(']').rsplit([' ', '[']).next();
    last.and_then(|last| last.parse().ok())
        .unwrap_or_else(|| panic!("{statement}"))
}

#[actix_web::test]
async fn a_far_page_asks_for_no_more_rows_than_a_near_one() {
    let (app, _acme) = synced().await;
    add_rows(&app, 1000, 20_000, RowState::Active).await;

    let near = statements(&app, 999).await;
    let far = statements(&app, 18_999).await;

    assert_eq!((near.len(), far.len()), (1, 1), "{near:?} {far:?}");
    assert_eq!(skipped(&near[0]), 999, "{near:?}");
    assert_eq!(skipped(&far[0]), 999, "{far:?}");
}

/// The very statement of a far page, explained: it begins at its mark and sorts nothing.
#[actix_web::test]
async fn a_far_page_seeks_by_the_index() {
    let (app, _acme) = synced().await;
    add_rows(&app, 1000, 20_000, RowState::Active).await;
    let far = statements(&app, 18_999).await;
    let (text, _) = far[0].split_once(" -- binds").expect("a text and values");
    let text = text.to_owned();

    let plan = app.app.db.run(move |conn| Ok(explain(conn, &text))).await;
    let plan = plan.expect("a plan");

    let seek = match app.app.db.kind() {
        Kind::Sqlite => "SEARCH progress USING PRIMARY KEY (company_id=? AND user_id>?)",
        _ => "Index Cond: ((company_id = 42) AND (user_id >= 5))",
    };
    assert!(plan.contains(seek), "{plan}");
    assert!(!plan.contains("B-TREE") && !plan.contains("Sort"), "{plan}");
}

/// The plan of a statement with values of ours. PostgreSQL is kept from what pays for small tables only.
fn explain(conn: &mut Conn, text: &str) -> String {
    use diesel::RunQueryDsl as _;
    match conn {
        Conn::Sqlite(conn) => {
            let plan = diesel::sql_query(format!("explain query plan {text}"));
            let lines: Vec<Line> = plan.load(conn).expect("a plan");
            lines.into_iter().map(|line| line.detail + "\n").collect()
        }
        Conn::Pg(conn) => {
            let values = ["42", "'active'", "5", "5", "5", "1", "1000", "999"];
            let mut text = text.to_owned();
            for (place, value) in values.iter().enumerate().rev() {
                text = text.replace(&format!("${}", place + 1), value);
            }
            let only = "set local enable_seqscan = off; set local enable_bitmapscan = off";
            conn.batch_execute(only).expect("settings");
            let plan = diesel::sql_query(format!("explain {text}"));
            let lines: Vec<PgLine> = plan.load(conn).expect("a plan");
            lines.into_iter().map(|line| line.detail + "\n").collect()
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[derive(diesel::QueryableByName)]
struct PgLine {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    detail: String,
}

/// Not a test of the clock: it only says how long pages take, of as many rows as `ALX_TEST_OFFSET_ROWS` says.
#[actix_web::test]
async fn pages_of_many_rows_are_measured() {
    let (app, acme) = synced().await;
    app.deliver(ACME, serde_json::json!({"calls_per_token": 0}))
        .await;
    let count = std::env::var("ALX_TEST_OFFSET_ROWS").ok();
    let count: i64 = count.and_then(|count| count.parse().ok()).unwrap_or(20_000);
    add_rows(&app, 1000, count, RowState::Active).await;
    let far = count * 9 / 10;
    let begun = std::time::Instant::now();
    assert_eq!(users(&call(&acme, 1, far).await), [far - 6 + 1000]);
    let marks = begun.elapsed();

    let mut took = [Vec::new(), Vec::new()];
    for round in 1..20 {
        for (place, offset) in [0, far].into_iter().enumerate() {
            let begun = std::time::Instant::now();
            let page = call(&acme, 1000 - round, offset).await; // never the same call twice: nothing is cached
            assert_eq!(page.header("alx-cache"), "miss");
            took[place].push(begun.elapsed());
        }
    }
    let [near, far] = took.map(|mut took| {
        took.sort();
        took[took.len() / 2]
    });
    say(&format!(
        "{count} rows by offset: {near:?} at the first, {far:?} at nine tenths, {marks:?} for the first far page"
    ));
}
