//! Incremental answers while a client pages: names that two courses share, names that change, people who are erased, and
//! a store that somebody else writes to.

use alx_report_api::companies::{self, State};
use alx_report_api::db::Conn;
use alx_report_api::ids::{CourseId, UserId};
use alx_report_api::moodle::RowState;
use alx_report_api::progress::{Content, Row, write};
use alx_report_api::words::Status;
use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;
use crate::support::client::{ACME, Client, Reply, synced};

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

/// Writes one row as a sync's commit does.
async fn put(app: &TestApp, user: i64, course: i64, name: &str, state: RowState) {
    let content = Content {
        firstname: "Somebody".into(),
        lastname: format!("Number {user}"),
        email: String::new(),
        username: format!("user{user}"),
        coursename: name.into(),
        status: Status::NotStarted,
        percentage: Some(0.0),
        timecompleted: None,
        timestarted: None,
        enrolled_at: None,
    };
    let put = move |conn: &mut Conn| {
        let known = companies::store::state(conn, ACME)?;
        let seq = known.seq + 1;
        let row = Row {
            company_id: ACME,
            user_id: UserId(user),
            course_id: CourseId(course),
            content: content.clone(),
            state,
            seq,
            first_seen_seq: seq,
            changed_at: 1,
        };
        write(conn, &[row])?;
        companies::store::publish_unsynced(conn, &State { seq, ..known })
    };
    app.app.db.change(put).await.expect("a row");
}

/// Six people more in a course of their own, the company in a mode, and two passes of its client.
async fn warmed_up(settings: serde_json::Value) -> (TestApp, Client) {
    let (app, acme) = synced().await;
    for user in 1000..1006 {
        put(&app, user, 900, "Ladders", RowState::Active).await;
    }
    app.deliver(ACME, settings).await;
    for _ in 0..2 {
        let all = call(&acme, 100, 0).await;
        assert_eq!(all.header("alx-sync-mode"), "full");
        assert_eq!(users(&all).len(), 12);
    }
    (app, acme)
}

#[actix_web::test]
async fn two_courses_of_one_name_make_every_list_full_unless_the_courses_id_shows() {
    for (by_id, expected) in [(false, "full"), (true, "incremental")] {
        let settings = json!({"mode": "incremental", "courseid_for_username": by_id});
        let (app, acme) = warmed_up(settings).await;
        let before = call(&acme, 100, 0).await;

        put(&app, 1000, 901, "Ladders", RowState::Active).await;
        let mut modes = Vec::new();
        for _ in 0..4 {
            let reply = call(&acme, 100, 0).await;
            modes.push(reply.header("alx-sync-mode").to_owned());
        }

        assert_eq!(before.header("alx-sync-mode"), "incremental");
        assert_eq!(modes, [expected; 4]);
    }
}

#[actix_web::test]
async fn a_page_that_erased_rows_would_make_short_fails_and_the_client_begins_anew() {
    let (app, acme) = warmed_up(json!({"mode": "auto"})).await;
    put(&app, 1000, 900, "Ladders", RowState::Left).await;
    assert_eq!(users(&call(&acme, 4, 0).await).len(), 4);

    put(&app, 1002, 900, "Ladders", RowState::Erased).await;
    let cut = call(&acme, 4, 4).await;
    let mut pages = Vec::new();
    for offset in [0, 4, 8, 12] {
        let page = call(&acme, 4, offset).await;
        assert_eq!(page.header("alx-sync-mode"), "full");
        pages.push(users(&page));
    }

    assert_eq!((cut.status, cut.header("retry-after")), (503, "10"));
    assert_eq!(cut.json()["errorcode"], "databaseerror");
    let whole: Vec<i64> = pages.iter().flatten().copied().collect();
    assert_eq!(whole[6..], [1001, 1003, 1004, 1005]);
    assert_eq!(whole.len(), 10);
}

#[actix_web::test]
async fn the_last_page_leaves_out_who_was_erased() {
    let (app, acme) = warmed_up(json!({"mode": "auto"})).await;
    put(&app, 1000, 900, "Ladders", RowState::Left).await;
    assert_eq!(users(&call(&acme, 8, 0).await).len(), 8);

    put(&app, 1005, 900, "Ladders", RowState::Erased).await;
    let last = call(&acme, 8, 8).await;

    assert_eq!(users(&last), [1003, 1004]);
}

#[actix_web::test]
async fn a_course_that_was_named_back_after_a_page_showed_its_new_name_makes_the_next_list_full() {
    let (app, acme) = warmed_up(json!({"mode": "incremental"})).await;
    put(&app, 1000, 900, "Ladders", RowState::Active).await;
    put(&app, 1001, 900, "Ladders", RowState::Active).await;

    let first = call(&acme, 1, 0).await;
    put(&app, 1001, 900, "Scaffolds", RowState::Active).await;
    let second = call(&acme, 1, 1).await;
    put(&app, 1001, 900, "Ladders", RowState::Active).await;
    let last = call(&acme, 1, 2).await;
    let next = call(&acme, 100, 0).await;

    assert_eq!(first.header("alx-sync-mode"), "incremental");
    assert_eq!(second.json()[0]["coursename"], "Scaffolds");
    assert_eq!(last.body, "[]");
    assert_eq!(next.header("alx-sync-mode"), "full");
}

/// On PostgreSQL nobody waits for a writer, so nothing is shown there.
#[actix_web::test]
async fn calls_that_wait_for_the_writer_hold_no_place_among_the_companys_reads() {
    let (app, acme) = warmed_up(json!({"mode": "incremental"})).await;
    let (holds, is_held) = std::sync::mpsc::channel();
    let (release, is_released) = std::sync::mpsc::channel::<()>();
    let db = app.app.db.clone();
    let writer = std::thread::spawn(move || {
        db.write(|_| {
            let _ = holds.send(());
            let _ = is_released.recv();
            Ok(())
        })
    });
    is_held.recv().expect("the writer is held");

    let waiting: Vec<_> = (0..6)
        .map(|_| {
            let acme = acme.clone();
            actix_web::rt::spawn(async move { call(&acme, 100, 0).await })
        })
        .collect();
    let mut read = Vec::new();
    for number in 1..30 {
        let page = acme.get(&format!("/api/v1/progress?limit={number}")).await;
        read.push(page.status);
    }
    release.send(()).expect("the writer waits");

    assert_eq!(read, [200; 29]);
    assert!(writer.join().expect("the writer ends").is_ok());
    for call in waiting {
        assert!(call.await.expect("a reply").json().is_array());
    }
}

#[actix_web::test]
async fn a_call_that_gets_no_rows_moves_no_window() {
    let (app, acme) = warmed_up(json!({"mode": "auto", "allow_get": true})).await;
    put(&app, 1000, 900, "Ladders and steps", RowState::Active).await;
    let function = "wsfunction=local_alx_report_api_get_course_progress&moodlewsrestformat=json";
    let token = &acme.token;
    let path = format!("/webservice/rest/server.php?wstoken={token}&{function}&limit=100&offset=0");
    for _ in 0..3 {
        let head = acme.send(Method::HEAD, &path, |request| request).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
    }

    let next = call(&acme, 100, 0).await;

    assert_eq!(users(&next).len(), 12, "{}", next.body);
}

#[actix_web::test]
async fn a_pass_that_began_in_another_mode_is_not_cut_short_by_an_old_window() {
    let (app, acme) = warmed_up(json!({"mode": "auto"})).await;
    let quiet = call(&acme, 100, 0).await;
    assert_eq!(
        (quiet.header("alx-sync-mode"), users(&quiet).len()),
        ("incremental", 0)
    );
    app.deliver(ACME, json!({"mode": "full"})).await;
    let first = call(&acme, 4, 0).await;

    app.deliver(ACME, json!({"mode": "auto"})).await;
    let second = call(&acme, 4, 4).await;
    let anew = call(&acme, 100, 0).await;

    assert_eq!(users(&first).len(), 4);
    assert_eq!((second.status, second.header("retry-after")), (503, "10"));
    assert_eq!(anew.header("alx-sync-mode"), "full");
    assert_eq!(users(&anew).len(), 12);
}
