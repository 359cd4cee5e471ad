//! `restore`: puts a copy in the place of the embedded store, while nobody uses it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::instance;
use crate::app::App;
use crate::config::{Config, Secret};
use crate::db::{self, Db, restore as files};
use crate::error::{Error, Result, with_causes};
use crate::restore::{self, Carried, Since};
use crate::say;
use crate::time::now_ms;

/// Which copy.
#[derive(Debug, Args)]
pub struct Options {
    /// A copy that `backup` made, or the page Health. It is not changed.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
}

/// Checks the copy, makes it fit to be served, and swaps it in. Whatever fails before leaves the store as it is.
pub fn restore(config: Config, options: &Options) -> Result<ExitCode> {
    let url = config.store_url();
    let Some(path) = url.reveal().strip_prefix("sqlite://") else {
        return Err(Error::Setup(POSTGRES.into()));
    };
    let store = Path::new(path);
    let _folder = instance::take(&config.data_dir)?;
    let _lock = db::alone(store)?.ok_or_else(|| Error::Setup(IN_USE.into()))?;
    refuse_itself(&options.from, store)?;
    let fresh = files::fetch(&options.from, store)?;
    let made = make_fit(&config, &options.from, &fresh, store);
    let carried = made.inspect_err(|_| {
        if let Err(cause) = files::discard(&fresh) {
            log::warn!("{} cannot be removed: {cause}", fresh.display());
        }
    })?;
    let aside = aside(&config.data_dir)?;
    let was_there = store.exists();
    files::swap(&fresh, store, &aside)?;
    tell(&carried, was_there.then_some(aside.as_path()));
    Ok(ExitCode::SUCCESS)
}

const POSTGRES: &str = "the store is PostgreSQL: stop every server, put the copy back with \
    pg_restore --clean --if-exists --no-owner --dbname=\"$ALX_DATABASE_URL\" FILE, and start them again";
const NO_ADMIN: &str = "WARNING: no admin can sign in now. Make one, with an email that has no account yet: \
    alx-report-api admin create --email you@example.com --password-file FILE";
const IN_USE: &str = "a server or a command uses this store; stop it first";

fn refuse_itself(from: &Path, store: &Path) -> Result<()> {
    let same = from.canonicalize().ok() == store.canonicalize().ok() && from.exists();
    if same {
        let text = "this is the store itself; name a copy, such as one in the folder backups";
        return Err(Error::Setup(text.into()));
    }
    Ok(())
}

/// Checks the copy where it will be used, and carries over what was taken away since it was made.
fn make_fit(config: &Config, from: &Path, fresh: &Path, store: &Path) -> Result<Carried> {
    files::check(fresh)?;
    let since = since(config, store)?;
    let config = Config {
        database_url: Some(Secret::new(format!("sqlite://{}", fresh.display()))),
        ..config.clone()
    };
    let app = App::open(config)?;
    let name = from.file_name().unwrap_or_default().to_string_lossy();
    restore::make_fit(&app, since.as_ref(), &name, now_ms())
}

/// What the present store knows of the time since; `None` where there is none, or it cannot be read.
fn since(config: &Config, store: &Path) -> Result<Option<Since>> {
    if !store.exists() {
        return Ok(None);
    }
    let read = || -> Result<Since> {
        if !files::is_readable(store) {
            return Err(Error::Setup("it is damaged".into()));
        }
        let present = Db::open_existing(&config.store_url())?;
        present.forget_what_was_written()?; // so that its file alone is whole when it is put aside
        Since::of(&present)
    };
    match read() {
        Ok(since) => Ok(Some(since)),
        Err(cause) => {
            say!(
                "warning: the present store cannot be read ({}): people erased, tokens ended and admins shut out \
                 since the copy was made are as in the copy; look through them",
                with_causes(&cause)
            );
            Ok(None)
        }
    }
}

fn aside(data_dir: &Path) -> Result<PathBuf> {
    let folder = data_dir.join("backups");
    std::fs::create_dir_all(&folder)?;
    let time = chrono::Utc::now().format("%Y%m%dT%H%M%S%3fZ");
    Ok(folder.join(format!("alx-{time}-before-restore.db")))
}

fn tell(carried: &Carried, aside: Option<&Path>) {
    say!("the store is as it was when the copy was made; clients will read everything again");
    say!("its rows are as old as the copy: run a full sync of all companies once it serves");
    if carried.erased > 0 {
        say!("people erased since were erased again: {}", carried.erased);
    }
    if carried.revoked > 0 {
        say!(
            "tokens revoked since were revoked again: {}",
            carried.revoked
        );
    }
    if carried.narrowed > 0 {
        say!(
            "tokens that end earlier or open less again, as today: {}",
            carried.narrowed
        );
    }
    if carried.hidden > 0 {
        say!(
            "companies (or the defaults) whose programs see fewer fields again, as today: {}",
            carried.hidden
        );
    }
    if carried.disabled > 0 {
        say!("admins who may not sign in any more: {}", carried.disabled);
    }
    if carried.invitations > 0 {
        say!(
            "links for a password that open nothing any more: {}; make new ones",
            carried.invitations
        );
    }
    if !carried.has_admin {
        say!("{NO_ADMIN}");
    }
    if let Some(aside) = aside {
        say!("the store before is kept: {}", aside.display());
    }
}
