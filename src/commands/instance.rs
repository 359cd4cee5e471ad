//! Instances: a server says that it is there, and where, so that commands go through it instead of beside it.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::app::App;
use crate::db::StoreLock;
use crate::error::{Error, Result};

/// How long a server waits for a command that works alone.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The data folder, for one server at a time: two would take each other's address away.
pub fn take(folder: &Path) -> Result<File> {
    std::fs::create_dir_all(folder)?;
    let lock = File::create(folder.join("lock"))?;
    lock.try_lock().map_err(|_| {
        Error::Setup(format!(
            "a server runs in {} already; use another --data-dir, or stop it first",
            folder.display()
        ))
    })?;
    Ok(lock)
}

/// The store, for a server. Waits a little for a sync from the command line, then fails with what to do.
pub fn occupy(app: &App) -> Result<StoreLock> {
    let until = Instant::now() + PATIENCE;
    let mut told = false;
    loop {
        if let Some(lock) = app.db.share()? {
            return Ok(lock);
        }
        if Instant::now() >= until {
            return Err(Error::Setup(
                "a sync from the command line is using this store; start the server again when it has ended"
                    .into(),
            ));
        }
        if !told {
            log::info!("waiting for a sync from the command line to end");
            told = true;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// A server's address in the data folder, removed with this.
pub struct Note {
    file: PathBuf,
    text: String,
}

impl Note {
    /// Writes down where a server of this machine answers. Only this user can read it.
    pub fn write(folder: &Path, address: SocketAddr) -> Result<Self> {
        let note = Self {
            file: file(folder),
            text: format!("http://{}", reachable(address)),
        };
        std::fs::write(&note.file, &note.text)?;
        Ok(note)
    }

    /// Where a server of this data folder said that it answers.
    pub fn read(folder: &Path) -> Option<String> {
        let text = std::fs::read_to_string(file(folder)).ok()?;
        Some(text.trim().to_owned()).filter(|text| text.starts_with("http://"))
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let ours = std::fs::read_to_string(&self.file).is_ok_and(|text| text == self.text);
        if ours && let Err(cause) = std::fs::remove_file(&self.file) {
            log::warn!("{} cannot be removed: {cause}", self.file.display());
        }
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("server.address")
}

/// Where this machine reaches what listens on an address.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_reached_by_loopback() {
        for (listens, reached) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("10.0.0.5:80", "10.0.0.5:80"),
            ("127.0.0.1:1", "127.0.0.1:1"),
        ] {
            let address = listens.parse().expect(listens);
            assert_eq!(reachable(address).to_string(), reached);
        }
    }
}
