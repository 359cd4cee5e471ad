//! A copy of an embedded store, taken while it is in use.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;

use super::{Db, Kind};
use crate::error::{Error, Result};

/// Copies the whole SQLite store into a new file and returns its path.
///
/// The copy is one moment of the store, needs no `-wal` file beside it, and is readable by its owner only. Fails where
/// the file exists, and on PostgreSQL, whose own tools do this better.
pub fn into_file(db: &Db, target: &Path) -> Result<PathBuf> {
    if db.kind() != Kind::Sqlite {
        return Err(Error::Setup(
            "the store is PostgreSQL: copy it with pg_dump --format=custom".into(),
        ));
    }
    if target.exists() {
        return Err(Error::Setup(format!(
            "{} exists already; name a new file",
            target.display()
        )));
    }
    let path = target
        .to_str()
        .ok_or_else(|| Error::Setup("the path of the copy is not UTF-8".into()))?;
    let escaped = path.replace('\'', "''");
    db.copier(|conn| Ok(conn.batch_execute(&format!("vacuum into '{escaped}'"))?))?;
    make_private(target)?;
    Ok(target.to_owned())
}

/// [`into_file`] with a name made of the time and a reason.
pub fn into_folder(db: &Db, folder: &Path, reason: &str) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let time = chrono::Utc::now().format("%Y%m%dT%H%M%S%3fZ");
    into_file(db, &folder.join(format!("alx-{time}-{reason}.db")))
}

fn make_private(file: &Path) -> Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    std::fs::File::open(file)?.sync_all()?;
    Ok(())
}
