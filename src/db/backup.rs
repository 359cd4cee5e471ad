//! A copy of an embedded store, taken while it is in use.

mod making;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;

use super::{Db, Kind};
use crate::error::{Error, Result};

pub(super) use making::whole;

/// Copies the whole SQLite store into a new file and returns its path.
///
/// The copy is one moment of the store, needs no `-wal` file beside it, and is readable by its owner only. Whenever the
/// process dies, it is there as a whole or not at all. Fails where the file exists, and on PostgreSQL, whose own tools do
/// this better.
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
    whole(target, |fresh| {
        let path = fresh
            .to_str()
            .ok_or_else(|| Error::Setup("the path of the copy is not UTF-8".into()))?;
        let escaped = path.replace('\'', "''");
        db.copier(|conn| Ok(conn.batch_execute(&format!("vacuum into '{escaped}'"))?))
    })?;
    Ok(target.to_owned())
}

/// [`into_file`] with a name made of the time and a reason.
pub fn into_folder(db: &Db, folder: &Path, reason: &str) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    making::clear_leftovers(folder)?;
    let time = Utc::now().format("%Y%m%dT%H%M%S%3fZ");
    into_file(db, &folder.join(format!("alx-{time}-{reason}.db")))
}

/// Why a copy is made when an admin asks for it on a page. Only these are let go when there are too many.
pub const ASKED: &str = "asked-for";

/// A copy in the folder of copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Its file name; it says when and why.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written, UTC seconds.
    pub at: i64,
}

impl Copy {
    /// Whether an admin asked for it on a page.
    pub fn was_asked_for(&self) -> bool {
        self.name.ends_with(&format!("-{ASKED}.db"))
    }

    /// Whether it was made by itself, before something that changes the whole store.
    pub fn was_made_by_itself(&self) -> bool {
        let before = self.name.contains("-before-");
        before && !self.was_asked_for()
    }
}

/// The copies in a folder, newest first; none where there is no folder. One that is still being made is none yet.
pub fn list(folder: &Path) -> Result<Vec<Copy>> {
    let entries = match std::fs::read_dir(folder) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut copies = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let about = entry.metadata()?;
        if name.starts_with("alx-") && name.ends_with(".db") && about.is_file() {
            copies.push(Copy {
                bytes: about.len(),
                at: DateTime::<Utc>::from(about.modified()?).timestamp(),
                name,
            });
        }
    }
    copies.sort_by(|one, other| other.name.cmp(&one.name)); // the name begins with the time
    Ok(copies)
}

/// Removes the oldest of the copies that were asked for on a page, so that so many stay; gives the names of those that
/// went, and what kept the others from going. 0 keeps all. Copies made for another reason stay.
pub fn let_go(folder: &Path, keep: usize) -> (Vec<String>, Result<()>) {
    let mut gone = Vec::new();
    let done = remove_beyond(folder, keep, &mut gone);
    (gone, done)
}

fn remove_beyond(folder: &Path, keep: usize, gone: &mut Vec<String>) -> Result<()> {
    if keep == 0 {
        return Ok(());
    }
    let asked = list(folder)?.into_iter().filter(Copy::was_asked_for);
    for copy in asked.skip(keep) {
        std::fs::remove_file(folder.join(&copy.name))?;
        gone.push(copy.name);
    }
    Ok(())
}
