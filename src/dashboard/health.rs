//! Health: how the server does, its backups, and the text that helps somebody to help.

use actix_web::web::Data;
use actix_web::{HttpResponse, http::header};
use askama::Template;
use serde_json::json;

use super::labels::Label as _;
use super::rights;
use super::sign_in::Nothing;
use super::{Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, see_other};
use crate::app::App;
use crate::audit;
use crate::checks::{self, Check, support};
use crate::db::{Kind, backup, off_thread};
use crate::error::{Error, Result};
use crate::moodle::Level;
use crate::time::{now, now_ms};

/// How everything is.
#[derive(Template)]
#[template(path = "health/health.html")]
pub struct HealthPage {
    chrome: Chrome,
    checks: Vec<Check>,
    copies: Vec<backup::Copy>,
    /// Copies that are kept of those made here; 0 is all.
    kept: usize,
    is_embedded: bool,
    may_back_up: bool,
    folder: String,
}

impl HealthPage {
    fn level(&self) -> Level {
        checks::worst(&self.checks)
    }

    fn of(&self, level: Level) -> usize {
        self.checks
            .iter()
            .filter(|check| check.level == level)
            .count()
    }
}

/// `GET /health`: everything is asked now.
pub async fn show_health(
    admin: SignedIn,
    app: Data<App>,
) -> std::result::Result<Page<HealthPage>, PageError> {
    let shared = app.clone();
    let looked = off_thread(move || {
        let folder = shared.config.data_dir.join("backups");
        Ok((checks::all(&shared, now()), backup::list(&folder)))
    });
    let (checks, copies) = looked.await?;
    Ok(Page(HealthPage {
        chrome: admin.chrome(Tab::Health),
        checks,
        copies: copies.unwrap_or_default(), // its check says what is wrong
        kept: app.keeping().await.map_or(0, |kept| kept.backups),
        is_embedded: app.db.kind() == Kind::Sqlite,
        may_back_up: rights::may_send(admin.session.role, "/health"),
        folder: app.config.data_dir.join("backups").display().to_string(),
    }))
}

/// `GET /health/support.txt`
pub async fn show_support(
    _admin: SignedIn,
    app: Data<App>,
) -> std::result::Result<HttpResponse, PageError> {
    let app = app.into_inner();
    let text = off_thread(move || support::text(&app, true, now())).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((
            header::CONTENT_DISPOSITION,
            "inline; filename=\"support.txt\"",
        ))
        .body(text))
}

/// `POST /health`: makes a backup, and lets the oldest go where there are more than the settings keep.
pub async fn back_up(
    app: Data<App>,
    form: Submitted<Nothing>,
) -> std::result::Result<HttpResponse, PageError> {
    let (shared, actor) = (app.clone(), form.admin.session.email);
    let kept = app.keeping().await?.backups;
    let gone = off_thread(move || make_copy(&shared, &actor, kept)).await?;
    Ok(see_other("/health#backups")
        .cookie(Flash::BackedUp(gone.len()).cookie(&app))
        .finish())
}

fn make_copy(app: &App, actor: &str, kept: usize) -> Result<Vec<String>> {
    if app.db.kind() == Kind::Postgres {
        let why = "the store is PostgreSQL: copies of it are made with its own tools";
        return Err(Error::Conflict(why.into()));
    }
    let folder = app.config.data_dir.join("backups");
    let copy = backup::into_folder(&app.db, &folder, backup::ASKED)?;
    let (gone, let_go) = backup::let_go(&folder, kept);
    let name = copy.file_name().unwrap_or_default().to_string_lossy();
    app.db.write(|conn| {
        let entry = audit::Entry {
            actor,
            company: None,
            action: "backup_made",
            subject: &name,
            before: None,
            after: Some(json!({ "removed": gone })),
        };
        audit::record(conn, &entry, now_ms())
    })?;
    let_go?; // the copy is made and has its line, whatever became of the older ones
    Ok(gone)
}
