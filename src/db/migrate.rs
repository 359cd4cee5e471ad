//! Migrations: forward on start, after a copy of a SQLite store, and never over a newer store.

use std::fs::File;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Conn, Db, backup};
use crate::error::{Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// One instance migrates at a time; the number only has to be ours.
const LOCK: i64 = 0x616c_785f_6d69_6772;

/// Brings the store to this binary's tables and returns the names of the migrations that ran, oldest first.
///
/// A SQLite store that already has tables is copied into `backups` first. Fails on a store that a newer binary has
/// migrated.
pub fn forward(db: &Db, backups: &Path) -> Result<Vec<String>> {
    db.writer(|conn| {
        locked(db, conn, |conn| {
            refuse_newer(conn)?;
            copy_before(db, conn, backups)?;
            let ran = match conn {
                Conn::Sqlite(conn) => conn.run_pending_migrations(SQLITE).map(names),
                Conn::Pg(conn) => conn.run_pending_migrations(POSTGRES).map(names),
            };
            ran.map_err(failed)
        })
    })
}

/// Undoes every migration, newest first. Everything stored is lost; tests use it.
pub fn back(db: &Db) -> Result<()> {
    db.writer(|conn| {
        let undone = match conn {
            Conn::Sqlite(conn) => conn.revert_all_migrations(SQLITE).map(names),
            Conn::Pg(conn) => conn.revert_all_migrations(POSTGRES).map(names),
        };
        undone.map(drop).map_err(failed)
    })
}

fn names(versions: Vec<MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

fn failed(cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Setup(format!("the store cannot be migrated: {cause}"))
}

fn applied(conn: &mut Conn) -> Result<Vec<String>> {
    let versions = match conn {
        Conn::Sqlite(conn) => conn.applied_migrations().map(names),
        Conn::Pg(conn) => conn.applied_migrations().map(names),
    };
    versions.map_err(failed)
}

fn known() -> Result<Vec<String>> {
    let ours: Vec<Box<dyn Migration<diesel::sqlite::Sqlite>>> =
        SQLITE.migrations().map_err(failed)?;
    Ok(ours
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect())
}

/// The migrations that a store has had, oldest first.
pub(super) fn applied_in(conn: &mut Conn) -> Result<Vec<String>> {
    let mut versions = applied(conn)?;
    versions.sort();
    Ok(versions)
}

/// How many migrations this binary knows.
pub(super) fn count() -> Result<usize> {
    Ok(known()?.len())
}

/// Refuses what a newer binary has migrated, and what is no store of ours.
pub(super) fn refuse_unknown(conn: &mut Conn) -> Result<()> {
    if applied(conn)?.is_empty() {
        return Err(Error::Setup(
            "it is a database, but not a store of alx-report-api".into(),
        ));
    }
    refuse_newer(conn)
}

fn refuse_newer(conn: &mut Conn) -> Result<()> {
    let known = known()?;
    match applied(conn)?
        .into_iter()
        .find(|version| !known.contains(version))
    {
        None => Ok(()),
        Some(version) => Err(Error::Setup(format!(
            "the store is newer than this binary (it has migration {version}); start the newer binary, or restore \
             the copy that was made before the migration"
        ))),
    }
}

fn copy_before(db: &Db, conn: &mut Conn, folder: &Path) -> Result<()> {
    let done = applied(conn)?;
    if !matches!(conn, Conn::Sqlite(_)) || done.is_empty() || done.len() == known()?.len() {
        return Ok(());
    }
    let copy: PathBuf = backup::into_folder(db, folder, "before-migration")?;
    log::info!(
        "the store was copied to {} before its migration",
        copy.display()
    );
    Ok(())
}

/// One process migrates at a time: a lock of the server, or of a file beside the store.
fn locked<T>(db: &Db, conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    if let Some(store) = db.file() {
        let beside = File::create(store.with_extension("lock"))?;
        beside.lock()?;
        return work(conn);
    }
    conn.batch_execute(&format!("select pg_advisory_lock({LOCK})"))?;
    let done = work(conn);
    conn.batch_execute(&format!("select pg_advisory_unlock({LOCK})"))?;
    done
}
