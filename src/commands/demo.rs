//! `demo`: a made-up Moodle, an admin, a token and a first sync, then the server.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::{instance, serve, sync as run};
use crate::app::App;
use crate::config::{Config, Secret};
use crate::error::{Error, Result};
use crate::ids::{CompanyId, random_hex};
use crate::say;
use crate::sync::{Mode, Request, Trigger};
use crate::time::now;
use crate::tokens::{self, NewToken, Scopes};
use crate::{admins, companies, demo, jobs, server, sync};

const ADMIN: &str = "admin@example.com";
const COMPANY: CompanyId = CompanyId(42);

/// Serves the demo until it is told to stop. Every start begins anew, in a folder of its own.
pub fn demo(config: Config) -> Result<ExitCode> {
    let folder = config.data_dir.join("demo");
    let _lock = occupy(&folder)?;
    let app = App::open(made_up(config, &folder)?)?;
    let _shared = instance::occupy(&app)?;
    let (password, token) = sign_up(&app)?;
    jobs::start(&app)?;
    actix_web::rt::System::new().block_on(async {
        sync_all(&app).await?;
        let server = server::bind(&app, true)?;
        let _note = instance::Note::write(&app.config.data_dir, server.addresses[0])?;
        let address = format!("http://{}", server.addresses[0]);
        let serving = actix_web::rt::spawn(server.run());
        introduce(&address, &password, &token);
        serving.await.map_err(std::io::Error::other)?
    })?;
    serve::finish(&app);
    Ok(ExitCode::SUCCESS)
}

/// Takes the folder for this process and removes what an earlier demo left in it.
fn occupy(folder: &Path) -> Result<File> {
    let lock = instance::take(folder)?;
    for name in ["alx.db", "moodle.db"] {
        for ending in ["", "-wal", "-shm", "-journal"] {
            remove(&folder.join(format!("{name}{ending}")))?;
        }
    }
    Ok(lock)
}

fn remove(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(cause.into()),
        _ => Ok(()),
    }
}

/// The operator's settings, but with a store and a Moodle of the demo's own.
fn made_up(config: Config, folder: &Path) -> Result<Config> {
    let moodle: PathBuf = folder.join("moodle.db");
    demo::store::create(&moodle)?;
    Ok(Config {
        data_dir: folder.to_owned(),
        database_url: None,
        moodle_url: Some(Secret::new(format!("sqlite://{}", moodle.display()))),
        moodle_prefix: "mdl_".parse().map_err(Error::Setup)?,
        demo: Some(moodle),
        ..config
    })
}

/// An admin with a random password, and a token of company 42 that may do everything.
fn sign_up(app: &App) -> Result<(String, Secret)> {
    sync::learn_companies(app)?;
    let password = random_hex::<8>();
    let new = NewToken::of(COMPANY, "demo", Scopes::all(), "demo");
    let (token, _) = app.db.write(|conn| {
        admins::store::create(conn, ADMIN, &password, now())?;
        tokens::store::create(conn, &app.key, &new, now())
    })?;
    Ok((password, token))
}

async fn sync_all(app: &Arc<App>) -> Result<()> {
    for (company, _) in app.db.run(companies::store::list).await? {
        let request = Request::of(company.id, Mode::Full, Trigger::CommandLine, "demo".into());
        run::to_its_end(app, request).await?;
    }
    Ok(())
}

/// What a reader, and a script that reads lines, need to begin.
fn introduce(address: &str, password: &str, token: &Secret) {
    let token = token.reveal();
    say!("address: {address}");
    say!("admin: {ADMIN}");
    say!("password: {password}");
    say!("token: {token}");
    say!("curl: curl -H 'Authorization: Bearer {token}' '{address}/api/v1/progress?limit=5'");
}
