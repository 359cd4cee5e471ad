//! What every test stands on: a store of its own and a real server on a free port.

pub mod acme;
pub mod admin;
pub mod browser;
pub mod client;
pub mod crawl;
pub mod files;
pub mod furnished;
pub mod html;
pub mod moodle;
pub mod phone;
pub mod press;
pub mod proxy;
pub mod sinks;
pub mod store;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alx_report_api::app::App;
use alx_report_api::config::{Config, Secret};
use alx_report_api::db::{Conn, Kind};
use alx_report_api::ids::CompanyId;
use alx_report_api::requests::list::{self, Filter, Logged};
use alx_report_api::settings::delivery as stored;
use alx_report_api::time::now_ms;
use alx_report_api::{delivery, server};
use clap::Parser;
use tempfile::TempDir;

use store::TestStore;

/// One instance with a store, a Moodle and a folder of its own, served until it is dropped.
pub struct TestApp {
    /// For looking behind the scenes; tests go in through `url`.
    pub app: Arc<App>,
    /// Where it is served, such as `http://127.0.0.1:40123`.
    pub url: String,
    /// Its folder, with the Moodle in it.
    pub folder: TempDir,
    server: actix_web::dev::ServerHandle,
    store: TestStore,
}

/// Only the settings of the command line.
#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

/// The default settings, with a data folder.
pub fn config(folder: &Path) -> Config {
    let arguments = ["test", "--listen", "127.0.0.1:0", "--data-dir"];
    let arguments = arguments
        .map(Into::into)
        .into_iter()
        .chain([folder.as_os_str().to_owned()]);
    Settings::parse_from(arguments).config
}

impl TestApp {
    /// Starts one whose Moodle is the file `moodle.db` in its folder, made by `moodle`.
    pub async fn with_moodle(moodle: impl FnOnce(&Path)) -> Self {
        Self::start(moodle, |_| {}).await
    }

    /// Starts one that has no Moodle.
    pub async fn without_moodle() -> Self {
        Self::start(|_| {}, |_| {}).await
    }

    /// Whether its store is the embedded one, which makes its own backups.
    pub fn is_embedded(&self) -> bool {
        self.app.db.kind() == Kind::Sqlite
    }

    /// Starts one with other settings.
    pub async fn start(moodle: impl FnOnce(&Path), change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = TestStore::create();
        let file = folder.path().join("moodle.db");
        moodle(&file);
        let mut config = config(folder.path());
        config.database_url = Some(store.url());
        config.moodle_url = file
            .exists()
            .then(|| Secret::new(format!("sqlite://{}", file.display())));
        change(&mut config);
        let open = move || App::open(config.prepared()?);
        let app = actix_web::rt::task::spawn_blocking(open)
            .await
            .expect("no panic")
            .expect("the app opens");
        let (url, server) = serve(&app);
        Self {
            app,
            url,
            folder,
            server,
            store,
        }
    }

    /// Another instance on the same store and Moodle, as a second process would be.
    pub async fn second(&self) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config {
            data_dir: folder.path().to_owned(),
            ..self.app.config.clone()
        };
        let config = Config {
            secret_key: Some(self.secret_key()),
            ..config
        };
        let open = move || App::open(config);
        let app = actix_web::rt::task::spawn_blocking(open)
            .await
            .expect("no panic")
            .expect("the app opens");
        let (url, server) = serve(&app);
        Self {
            app,
            url,
            folder,
            server,
            store: self.store.share(),
        }
    }

    /// Sets how a company's rows are delivered (company 0: the defaults); what is not named stays as it is.
    pub async fn deliver(&self, company: CompanyId, settings: serde_json::Value) {
        let change = move |conn: &mut Conn| {
            let mut own = stored::own(conn, company)?;
            for (name, value) in settings.as_object().expect("an object") {
                own.set(name, (!value.is_null()).then(|| value.clone()));
            }
            delivery::change(conn, company, &own, "test", now_ms())
        };
        self.app.db.change(change).await.expect("settings");
    }

    /// Writes down what waits to be written: the log of requests and the counts of the limits.
    pub async fn write_down(&self) {
        let app = self.app.clone();
        let write = move || app.requests.flush(&app.db, &app.quota);
        actix_web::rt::task::spawn_blocking(write)
            .await
            .expect("no panic");
    }

    /// The log of requests, oldest first.
    pub async fn log(&self) -> Vec<Logged> {
        self.write_down().await;
        let read = |conn: &mut Conn| list::page(conn, &Filter::default(), None, 100);
        let mut calls = self.app.db.run(read).await.expect("the log").calls;
        calls.reverse();
        calls
    }

    /// The latest calls of the log, oldest first, as soon as there is one of a caller who left.
    pub async fn calls_until_left(&self) -> Vec<Logged> {
        for _ in 0..500 {
            let calls = self.log().await;
            let left = |call: &Logged| call.error.as_deref() == Some("caller-left");
            if calls.iter().any(left) {
                return calls;
            }
            actix_web::rt::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nobody left");
    }

    fn secret_key(&self) -> Secret {
        let key = std::fs::read_to_string(self.folder.path().join("secret.key"))
            .expect("the key of the first");
        Secret::new(key.trim_end().to_owned())
    }

    /// The Moodle file.
    pub fn moodle_file(&self) -> std::path::PathBuf {
        self.folder.path().join("moodle.db")
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

fn serve(app: &Arc<App>) -> (String, actix_web::dev::ServerHandle) {
    let (send, receive) = std::sync::mpsc::channel::<(SocketAddr, actix_web::dev::ServerHandle)>();
    let app = app.clone();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            let server = server::bind(&app, false).expect("a free port");
            send.send((server.addresses[0], server.handle()))
                .expect("the test waits");
            server.run().await.expect("the server ends in order");
        });
    });
    let (address, handle) = receive.recv().expect("the server starts");
    (format!("http://{address}"), handle)
}

/// Writes a line that the test runner shows even when the test passes.
pub fn say(line: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "{line}").expect("standard error is open");
}
