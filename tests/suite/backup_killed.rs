//! A backup is killed while it is written: nothing takes what is left for a copy.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime};

use alx_report_api::db::backup;
use diesel::prelude::*;

use crate::restore::Place;

/// Makes the store so big that a copy takes its time.
fn fatten(place: &Place) {
    let fill = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 4000) \
        insert into audit_log (at_ms, actor, action, subject) \
        select i, 'x', 'y', hex(randomblob(8000)) from n";
    let run = |conn: &mut _| Ok(diesel::sql_query(fill).execute(conn)?);
    place.db().write(run).unwrap();
}

fn folder(place: &Place) -> PathBuf {
    place.path().join("data/backups")
}

fn files(place: &Place) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(place)).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn begin(place: &Place) -> Child {
    let mut command = place.command();
    command.arg("backup");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Begins a backup and kills it as soon as it writes.
fn kill_one(place: &Place) {
    let before = files(place).len();
    let (mut child, began) = (begin(place), Instant::now());
    while files(place).len() == before && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_backup_is_no_backup() {
    let place = Place::synced();
    fatten(&place);

    for _ in 0..5 {
        kill_one(&place);
    }

    assert!(!files(&place).is_empty(), "something was begun");
    for copy in backup::list(&folder(&place)).unwrap() {
        let path = folder(&place).join(&copy.name);
        let said = place.run(&["restore", "--from", path.to_str().unwrap()]);
        assert!(said.status.success(), "{} is listed and whole", copy.name);
    }
    let whole = place.copy();
    place.did(&["restore", "--from", &whole]);
}

#[test]
fn what_a_killed_backup_left_goes_with_a_later_one() {
    let place = Place::synced();
    std::fs::create_dir_all(folder(&place)).unwrap();
    let left = |name: &str, age: u64| {
        let path = folder(&place).join(name);
        let file = std::fs::File::create(&path).unwrap();
        let then = SystemTime::now() - Duration::from_secs(age);
        file.set_modified(then).unwrap();
        path
    };
    let old = left("alx-20261101T000000000Z-by-hand.db.part", 7200);
    let journal = left("alx-20261101T000000000Z-by-hand.db.part-journal", 7200);
    let young = left("alx-20261101T010000000Z-by-hand.db.part", 5);
    let foreign = left("notes.part", 7200);

    place.copy();

    assert!(!old.exists() && !journal.exists());
    assert!(young.exists(), "another process may be writing it");
    assert!(foreign.exists(), "not ours");
    assert_eq!(backup::list(&folder(&place)).unwrap().len(), 1);
}

#[cfg(unix)]
#[test]
fn a_copy_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::synced();

    let copy = place.copy();

    let mode = std::fs::metadata(copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
