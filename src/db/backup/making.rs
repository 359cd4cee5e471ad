//! A file that gets its name when it is whole: whoever is killed before leaves one of another name.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::Result;

/// What the name of a file ends with while it is made.
const ENDING: &str = ".part";
/// A file that nobody has written to for so long is made by nobody any more.
const LEFT_OVER: Duration = Duration::from_secs(3600);

/// Makes a file under another name, for nobody but this user, writes it to the disk, and gives it its own name then.
pub(in crate::db) fn whole(target: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let fresh = part_of(target);
    remove(&fresh)?;
    let made = private(&fresh)
        .and_then(|()| make(&fresh))
        .and_then(|()| name(&fresh, target));
    if made.is_err()
        && let Err(cause) = remove(&fresh)
    {
        log::warn!("{} cannot be removed: {cause}", fresh.display());
    }
    made
}

/// Removes what killed processes left in a folder.
pub(super) fn clear_leftovers(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = name.starts_with("alx-") && name.contains(ENDING);
        if is_ours && is_left_over(&entry.metadata()?)? {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn is_left_over(file: &std::fs::Metadata) -> Result<bool> {
    let age = SystemTime::now().duration_since(file.modified()?);
    Ok(age.is_ok_and(|age| age > LEFT_OVER))
}

fn private(file: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?;
    Ok(())
}

/// The file's bytes first, its name next: after a power cut there is no name without them.
fn name(fresh: &Path, target: &Path) -> Result<()> {
    File::open(fresh)?.sync_all()?;
    std::fs::rename(fresh, target)?;
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}

fn remove(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(cause.into()),
        _ => Ok(()),
    }
}

fn part_of(target: &Path) -> PathBuf {
    let mut path = target.as_os_str().to_owned();
    path.push(ENDING);
    path.into()
}
