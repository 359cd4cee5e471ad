//! Putting a copy in the place of an embedded store: checked first, swapped at once, the present store kept aside.

use std::fs::File;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Conn, backup, migrate};
use crate::error::{Error, Result};

/// What SQLite keeps beside a store.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Reads something, and waits for a process that is closing the store: it holds all of it for a moment.
const READ: &str = "pragma busy_timeout = 10000; select count(*) from sqlite_master";

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// Copies a copy beside the store that it shall become, for nobody but this user, and gives where it lies.
///
/// Fails where it is the file of a store in use, which is not whole without what lies beside it.
pub fn fetch(from: &Path, store: &Path) -> Result<PathBuf> {
    let unwritten = beside(from, "-wal");
    if std::fs::metadata(&unwritten).is_ok_and(|wal| wal.len() > 0) {
        return Err(Error::Setup(format!(
            "{} is the file of a store in use, not a copy: {} holds a part of it; make a copy with “alx-report-api backup”",
            from.display(),
            unwritten.display()
        )));
    }
    let fresh = beside(store, ".restoring");
    discard(&fresh)?;
    let copied = std::fs::copy(from, &fresh);
    copied.map_err(|cause| Error::Setup(format!("{} cannot be read: {cause}", from.display())))?;
    #[cfg(unix)]
    std::fs::set_permissions(&fresh, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(fresh)
}

/// Refuses a file that is damaged, is no store, or is one of a newer binary.
pub fn check(fresh: &Path) -> Result<()> {
    let path = fresh.to_str().unwrap_or_default();
    let damaged =
        |cause: &dyn std::fmt::Display| Error::Setup(format!("the copy is damaged: {cause}"));
    let mut conn = diesel::SqliteConnection::establish(path).map_err(|cause| damaged(&cause))?;
    let asked = diesel::sql_query("pragma integrity_check").load::<Said>(&mut conn);
    for said in asked.map_err(|cause| damaged(&cause))? {
        if said.integrity_check != "ok" {
            return Err(damaged(&said.integrity_check));
        }
    }
    let broken = "select count(*) as integrity_check from pragma_foreign_key_check()";
    let broken = diesel::sql_query(format!(
        "select cast(integrity_check as text) as integrity_check from ({broken})"
    ));
    let broken: Said = broken
        .get_result(&mut conn)
        .map_err(|cause| damaged(&cause))?;
    if broken.integrity_check != "0" {
        let text = format!(
            "{} rows belong to rows that are missing",
            broken.integrity_check
        );
        return Err(damaged(&text));
    }
    migrate::refuse_unknown(&mut Conn::Sqlite(conn))
}

/// Whether a store is there and can be opened at all. Whoever is just closing it is waited for.
pub fn is_readable(store: &Path) -> bool {
    let path = store.to_str().unwrap_or_default();
    store.is_file()
        && diesel::SqliteConnection::establish(path)
            .and_then(|mut conn| {
                conn.batch_execute(READ)
                    .map_err(diesel::ConnectionError::CouldntSetupConfiguration)
            })
            .is_ok()
}

/// Puts a checked copy in the place of the store, which is kept under another name. Nobody may use either.
///
/// At every moment there is a whole store under its name, before or after.
pub fn swap(fresh: &Path, store: &Path, aside: &Path) -> Result<()> {
    if std::fs::metadata(beside(fresh, "-wal")).is_ok_and(|wal| wal.len() > 0) {
        let text = "the copy is still being used; nothing was changed, try again";
        return Err(Error::Setup(text.into()));
    }
    File::open(fresh)?.sync_all()?;
    if store.exists() {
        keep(store, aside)?;
    }
    for ending in BESIDE {
        let (from, to) = (beside(store, ending), beside(aside, ending));
        if std::fs::metadata(&from).is_ok_and(|file| file.len() > 0) {
            keep(&from, &to)?;
        }
        remove(&from)?; // what lies beside the old store must never be taken for the new one's
    }
    std::fs::rename(fresh, store)?;
    discard(fresh)?;
    let folder = store
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}

/// Removes a copy that was fetched, and what was made beside it.
pub fn discard(fresh: &Path) -> Result<()> {
    remove(fresh)?;
    remove(&fresh.with_extension("lock"))?;
    BESIDE
        .iter()
        .try_for_each(|ending| remove(&beside(fresh, ending)))
}

/// Gives a file a second name, or, on another disk, a copy.
fn keep(from: &Path, to: &Path) -> Result<()> {
    if std::fs::hard_link(from, to).is_err() {
        backup::whole(to, |fresh| Ok(std::fs::copy(from, fresh).map(drop)?))?;
    }
    Ok(())
}

fn remove(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(cause.into()),
        _ => Ok(()),
    }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(ending);
    path.into()
}
