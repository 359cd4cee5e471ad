//! A store that commits and never says so: what the history says of a run is what happened.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::SeqCst;

use alx_report_api::config::Secret;
use alx_report_api::schema::{progress, sync_changes};
use alx_report_api::sync::{self, Mode, Request, Run, RunState, Trigger, history};
use diesel::prelude::*;

use super::{CROWD, change, crowd};
use crate::support::client::ACME;
use crate::support::{TestApp, proxy, say};

/// Asks until the store answers.
async fn ask<T>(mut question: impl AsyncFnMut() -> alx_report_api::error::Result<T>) -> T {
    for _ in 0..400 {
        match question().await {
            Ok(answer) => return answer,
            Err(_) => actix_web::rt::time::sleep(std::time::Duration::from_millis(25)).await,
        }
    }
    panic!("the store does not come back");
}

/// The run, once it has ended and its purge is counted.
async fn ended(app: &TestApp, id: &alx_report_api::ids::RunId) -> Run {
    for _ in 0..400 {
        let find = async || {
            let id = id.clone();
            app.app
                .db
                .run(move |conn| history::get(conn, ACME, &id))
                .await
        };
        let run = ask(find).await;
        let counted = !run.published() || run.counts.cache_cleared.is_some();
        if run.ended() && counted {
            return run;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(25)).await;
        sync::wake(&app.app).unwrap(); // as the clock does
    }
    panic!("the run {id} does not end, or its purge is not counted");
}

/// The names that the rows have, and whether the log has as many lines as versions.
async fn look(app: &TestApp) -> (Vec<String>, i64, Option<i64>) {
    let read = async || {
        app.app
            .db
            .run(|conn| {
                let names = progress::table
                    .select(progress::firstname)
                    .distinct()
                    .load(conn)?;
                let lines = sync_changes::table.count().get_result(conn)?;
                let last = sync_changes::table
                    .select(diesel::dsl::max(sync_changes::seq))
                    .get_result(conn)?;
                Ok((names, lines, last))
            })
            .await
    };
    ask(read).await
}

#[actix_web::test]
async fn what_the_history_says_of_a_run_is_what_happened_though_a_commit_was_never_answered() {
    let mut limits = None;
    let through_a_proxy = |config: &mut alx_report_api::config::Config| {
        let url = config
            .database_url
            .as_ref()
            .map(Secret::reveal)
            .unwrap_or_default();
        if url.starts_with("postgres") {
            let (url, made) = proxy::before(url, 5432);
            config.database_url = Some(url);
            config.sync_lease_seconds = 1;
            limits = Some(made);
        }
    };
    let app = TestApp::start(crowd, through_a_proxy).await;
    let Some(limits) = limits else {
        say(
            "NOT RUN: a commit without an answer needs ALX_TEST_DATABASE_URL (a PostgreSQL server)",
        );
        return;
    };
    let request = || Request::of(ACME, Mode::Full, Trigger::Manual, "ada".into());
    let first = sync::start(&app.app, request()).await.unwrap().run;
    assert_eq!(ended(&app, &first).await.state, RunState::Succeeded);
    let mut ends = BTreeMap::<&str, u32>::new();

    for round in 1..=12_u64 {
        let name = format!("Round {round}");
        change(&app, &format!("update mdl_user set firstname = '{name}'"));
        let wish = request();
        limits.unanswered_commit.store(round, SeqCst);
        let id = ask(async || sync::start(&app.app, wish.clone()).await)
            .await
            .run;

        let run = ended(&app, &id).await;

        let (names, lines, last) = look(&app).await;
        let happened = run.state == RunState::Succeeded;
        assert_eq!(
            names == [name],
            happened,
            "round {round}: {:?} {names:?}",
            run.state
        );
        assert_eq!(Some(lines), last, "every change is in the log, once");
        assert_eq!(lines % CROWD, 0, "all rows or none");
        limits.lift();
        *ends.entry(run.state.as_str()).or_default() += 1;
    }

    say(&format!(
        "12 runs of which a commit was never answered: {ends:?}"
    ));
}
