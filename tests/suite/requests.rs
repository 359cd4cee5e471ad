//! Asking for runs: one per key, one waiting per company, and no key is forgotten.

use alx_report_api::companies;
use alx_report_api::db::{Db, migrate};
use alx_report_api::error::Error;
use alx_report_api::ids::{CompanyId, RunId};
use alx_report_api::moodle::MoodleCompany;
use alx_report_api::schema::sync_runs;
use alx_report_api::sync::request::record;
use alx_report_api::sync::{How, Mode, Request, RunState, Trigger};
use diesel::prelude::*;

use crate::support::store::TestStore;

const COMPANY: CompanyId = CompanyId(42);

fn store() -> (TestStore, Db) {
    let (store, folder) = (TestStore::create(), tempfile::tempdir().unwrap());
    let db = Db::open(&store.url()).unwrap();
    migrate::forward(&db, folder.path()).unwrap();
    let company = MoodleCompany {
        id: COMPANY,
        name: "Acme".into(),
        shortname: "acme".into(),
        suspended: false,
    };
    companies::store::keep(&db, &[company]).unwrap();
    (store, db)
}

fn wish(key: &str, mode: Mode) -> Request {
    Request {
        hours_back: (mode == Mode::Changes).then_some(24),
        idempotency_key: key.into(),
        ..Request::of(COMPANY, mode, Trigger::Manual, "ada@example.com".into())
    }
}

fn end(db: &Db, run: &RunId) {
    let ended = |conn: &mut _| {
        diesel::update(sync_runs::table.find(run))
            .set(sync_runs::state.eq(RunState::Succeeded))
            .execute(conn)?;
        Ok(())
    };
    db.write(ended).unwrap();
}

/// Drivers wait on a blocking thread.
fn blocking(work: impl FnOnce() + Send + 'static) {
    std::thread::spawn(work).join().expect("no panic");
}

#[test]
fn a_key_that_joined_a_waiting_run_gets_that_run_again_after_it_has_ended() {
    blocking(|| {
        let (_store, db) = store();
        let first = record(&db, &wish("a", Mode::Full), 1).unwrap();
        let joined = record(&db, &wish("b", Mode::Full), 2).unwrap();
        end(&db, &first.run);

        let again = record(&db, &wish("b", Mode::Full), 3).unwrap();

        assert_eq!(
            (first.how, joined.how, again.how),
            (How::New, How::Joined, How::Repeated)
        );
        assert_eq!((&joined.run, &again.run), (&first.run, &first.run));
    });
}

#[test]
fn a_key_that_was_used_for_another_sync_is_refused() {
    blocking(|| {
        let (_store, db) = store();
        record(&db, &wish("a", Mode::Full), 1).unwrap();
        record(&db, &wish("b", Mode::Full), 2).unwrap();

        let own = record(&db, &wish("a", Mode::Changes), 3).unwrap_err();
        let joined = record(&db, &wish("b", Mode::Changes), 3).unwrap_err();

        for refused in [own, joined] {
            assert!(matches!(&refused, Error::KeyReused), "{refused}");
        }
    });
}

#[test]
fn another_kind_of_sync_does_not_join_the_one_that_waits() {
    blocking(|| {
        let (_store, db) = store();
        record(&db, &wish("a", Mode::Changes), 1).unwrap();

        let refused = record(&db, &wish("b", Mode::Full), 2).unwrap_err();

        assert!(
            matches!(&refused, Error::Conflict(why) if why.to_string().contains("waiting")),
            "{refused}"
        );
    });
}

#[test]
fn sixty_four_requests_at_once_make_one_run() {
    blocking(|| {
        let (_store, db) = store();
        let ask = |number: i64| {
            let db = db.clone();
            std::thread::spawn(move || {
                record(&db, &wish(&format!("key {number}"), Mode::Full), number)
                    .unwrap()
                    .run
            })
        };

        let asked: Vec<_> = (0..64).map(ask).collect();
        let runs: std::collections::HashSet<_> =
            asked.into_iter().map(|one| one.join().unwrap().0).collect();

        assert_eq!(runs.len(), 1);
    });
}
