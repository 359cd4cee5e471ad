//! The secret key that tokens are hashed and cursors signed with.

use std::io::Write as _;
use std::path::Path;

use diesel::prelude::*;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::config::{Config, Secret};
use crate::db::{Conn, Db};
use crate::error::{Error, Result};
use crate::ids::{hex, random_hex};
use crate::schema::store_facts;

/// Fewest characters of a key.
const SHORTEST: usize = 32;
/// The fact that remembers which key the store's hashes were made with.
const FACT: &str = "secret_key_fingerprint";

/// A key for HMAC-SHA256, ready for use. It never shows in `Debug`.
#[derive(Clone)]
pub struct SecretKey(Hmac<Sha256>);

impl SecretKey {
    /// The key as configured, else the one in `secret.key` of the data folder, which is made when missing.
    ///
    /// Two processes that start at once agree on one key. Blocking.
    pub fn load(config: &Config) -> Result<Self> {
        let text = match &config.secret_key {
            Some(set) => set.clone(),
            None => from_file(&config.data_dir.join("secret.key"))?,
        };
        Self::new(&text)
    }

    /// A key of this text; at least 32 characters.
    pub fn new(text: &Secret) -> Result<Self> {
        if text.reveal().chars().count() < SHORTEST {
            return Err(Error::Setup(format!(
                "the secret key must have at least {SHORTEST} characters"
            )));
        }
        let key = Hmac::new_from_slice(text.reveal().as_bytes());
        Ok(Self(key.expect("HMAC takes keys of any length")))
    }

    /// The keyed hash of some bytes. Hashes for one purpose mean nothing for another.
    pub fn sign(&self, purpose: &'static str, bytes: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }

    /// The hash that a token is stored as.
    pub fn token_hash(&self, token: &str) -> String {
        hex(&self.sign("api-token", token.as_bytes()))
    }

    /// Notes in the store which key its hashes are made with, and refuses another one. Blocking.
    pub fn adopt(&self, db: &Db) -> Result<()> {
        let fingerprint = hex(&self.sign("fingerprint", b"")[..16]);
        let noted = db.write(|conn| note(conn, &fingerprint))?;
        if noted == fingerprint {
            return Ok(());
        }
        Err(Error::Setup(
            "this store's tokens were made with another secret key: set ALX_SECRET_KEY to that key, \
             or put back the secret.key file that belongs to this store"
                .into(),
        ))
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[redacted]")
    }
}

fn noted(conn: &mut Conn) -> Result<Option<String>> {
    let fact = store_facts::table.find(FACT).select(store_facts::value);
    Ok(fact.get_result(conn).optional()?)
}

fn note(conn: &mut Conn, fingerprint: &str) -> Result<String> {
    if let Some(noted) = noted(conn)? {
        return Ok(noted);
    }
    diesel::insert_into(store_facts::table)
        .values((
            store_facts::name.eq(FACT),
            store_facts::value.eq(fingerprint),
        ))
        .execute(conn)?;
    Ok(fingerprint.to_owned())
}

fn from_file(path: &Path) -> Result<Secret> {
    if !path.exists() {
        make_file(path)?;
    }
    let text = std::fs::read_to_string(path).map_err(|cause| {
        Error::Setup(format!(
            "the secret key {} cannot be read: {cause}",
            path.display()
        ))
    })?;
    Ok(Secret::from(text.trim_end()))
}

/// Writes a new key beside the place and links it there whole, unless another process was first.
fn make_file(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?; // readable by its owner only
    writeln!(file, "{}", random_hex::<32>())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(failed) if failed.error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(failed.error.into())
        }
        _ => Ok(std::fs::File::open(folder)?.sync_all()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_that_start_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret.key");
        let read = || from_file(&path).expect("a key").reveal().to_owned();

        let keys: Vec<String> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..16).map(|_| scope.spawn(read)).collect();
            started
                .into_iter()
                .map(|one| one.join().expect("it ends"))
                .collect()
        });

        assert!(keys[0].len() >= SHORTEST);
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_key_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret.key");

        from_file(&path).expect("a key");

        let mode = std::fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_short_key_is_refused_and_no_key_shows() {
        assert!(SecretKey::new(&Secret::from("short")).is_err());
        let key = SecretKey::new(&Secret::from("0123456789abcdef0123456789abcdef")).expect("long");
        assert_eq!(format!("{key:?}"), "[redacted]");
    }
}
