//! Writers of the store that meet: both end, and nobody is told of it.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use alx_report_api::db::{Conn, Db, Kind};
use alx_report_api::error::Result;
use alx_report_api::ids::CompanyId;
use diesel::RunQueryDsl as _;

use crate::support::client::{ACME, OTHER, synced};

/// Counts in two companies, first in one and then in the other. `meet` is called between: there each writer holds what the other
/// one wants.
fn touch(conn: &mut Conn, [first, second]: [CompanyId; 2], meet: impl FnOnce()) -> Result<()> {
    let add = |conn: &mut Conn, id: CompanyId| -> Result<usize> {
        let statement =
            format!("update quota_days set used = used + 1 where company_id = {id} and day = 1");
        Ok(diesel::sql_query(statement).execute(conn)?)
    };
    assert_eq!(add(conn, first)?, 1);
    meet();
    assert_eq!(add(conn, second)?, 1);
    Ok(())
}

fn fill(db: &Db) -> Result<()> {
    db.write(|conn| {
        for id in [ACME, OTHER] {
            let statement = format!(
                "insert into quota_days (company_id, token_id, day, used) values ({id}, 1, 1, 0)"
            );
            diesel::sql_query(statement).execute(conn)?;
        }
        Ok(())
    })
}

#[actix_web::test]
async fn two_writers_that_wait_for_each_other_both_get_done() {
    let (app, _) = synced().await;
    let db = app.app.db.clone();
    let work = move || {
        fill(&db).expect("two rows");
        let (both, tries) = (Barrier::new(2), AtomicUsize::new(0));
        let write = |order: [CompanyId; 2]| {
            let mut is_first = db.kind() != Kind::Sqlite; // which has one writer
            db.write(|conn| {
                tries.fetch_add(1, Ordering::Relaxed);
                let meets = std::mem::take(&mut is_first);
                touch(conn, order, || {
                    if meets {
                        both.wait();
                    }
                })
            })
        };
        let done = std::thread::scope(|threads| {
            let other = threads.spawn(|| write([OTHER, ACME]));
            [write([ACME, OTHER]), other.join().expect("no panic")]
        });
        let least = if db.kind() == Kind::Sqlite { 2 } else { 3 };
        assert!(tries.into_inner() >= least, "they did not meet");
        done
    };

    let done = actix_web::rt::task::spawn_blocking(work)
        .await
        .expect("no panic");

    assert!(done.iter().all(Result::is_ok), "{done:?}");
}
