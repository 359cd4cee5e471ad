//! What settings would do: the dry run that tried them, and the buttons that save them.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use serde::Deserialize;

use super::company_nav::Part;
use super::settings_lists;
use super::settings_words::{Moved, moved};
use super::{Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, see_other};
use crate::app::App;
use crate::companies::{self, Company};
use crate::db::Conn;
use crate::error::{Error, OrNotFound, Result};
use crate::ids::{CompanyId, RunId};
use crate::language::Said;
use crate::moodle::Shape;
use crate::settings::{Field, Overrides, store};
use crate::sync::{self, Mode, Request, Run, Statistics, Trigger, history};
use crate::time::now_ms;

/// A trial of settings.
#[derive(Template)]
#[template(path = "settings/preview.html")]
pub struct PreviewPage {
    chrome: Chrome,
    company: Company,
    run: Run,
    plan: Option<Statistics>,
    moved: Vec<Moved>,
    own: String,
    basis: String,
    is_outdated: bool,
}

impl PreviewPage {
    fn is_moving(&self) -> bool {
        !self.run.ended()
    }
}

/// Which fields are the company's own, and the settings that they began from.
#[derive(Deserialize)]
pub struct Own {
    #[serde(default)]
    own: String,
    #[serde(default)]
    basis: String,
}

/// The form of the preview.
#[derive(Deserialize)]
pub struct Decision {
    #[serde(default)]
    own: String,
    #[serde(default)]
    basis: String,
    action: String,
}

/// `GET /companies/{company}/settings/preview/{run}`
pub async fn show_preview(
    admin: SignedIn,
    app: Data<App>,
    path: Path<(CompanyId, RunId)>,
    own: Query<Own>,
) -> std::result::Result<Page<PreviewPage>, PageError> {
    let (id, run) = path.into_inner();
    let Own { own, basis } = own.into_inner();
    let fields = own_fields(&own)?;
    let began = basis.clone();
    let read = app.db.run(move |conn| {
        let (company, _) = companies::store::get(conn, id)?;
        let trial = trial(conn, id, &run, &fields)?;
        let present = store::shape(conn, id)?;
        let is_outdated = sync::settings::basis(conn, id)? != began;
        Ok((company, trial, present, is_outdated))
    });
    let (company, trial, present, is_outdated) = read.await?;
    let lists = match trial.run.ended() {
        true => settings_lists::offered(&app, Some(id)).await?.ok(),
        false => None,
    };
    let plan = trial.run.statistics().filter(|plan| plan.success);
    Ok(Page(PreviewPage {
        chrome: admin.chrome(Tab::Companies),
        company,
        plan,
        moved: moved(&present, &trial.shape, lists.as_ref()),
        is_outdated,
        run: trial.run,
        own,
        basis,
    }))
}

/// `POST /companies/{company}/settings/preview/{run}`: saves what was tried, and syncs if wanted.
pub async fn save_settings(
    app: Data<App>,
    path: Path<(CompanyId, RunId)>,
    decision: Submitted<Decision>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = decision;
    let (id, run) = path.into_inner();
    let fields = own_fields(&form.own)?;
    let and_sync = match form.action.as_str() {
        "sync" => true,
        "save" => false,
        _ => return Err(PageError::BadRequest(Said::new("the button is missing"))),
    };
    let email = admin.session.email;
    let (actor, tried) = (email.clone(), run.clone());
    let saved = app.db.change(move |conn| {
        sync::settings::check_basis(conn, id, &form.basis)?;
        let trial = trial(conn, id, &run, &fields)?;
        if !trial.run.ended() {
            let why = "the preview has not ended; wait until it says what the settings would do";
            return Err(Error::Conflict(why.into()));
        }
        sync::settings::change(conn, id, &trial.settings, &actor, now_ms())
    });
    saved.await?;
    if !and_sync {
        return Ok(saved_page(id, Flash::SettingsSaved, &app));
    }
    let request = Request {
        confirms: Some(tried), // the admin has seen which rows these settings take away
        ..Request::of(id, Mode::Full, Trigger::Manual, email)
    };
    let app = app.into_inner();
    match sync::start(&app, request).await {
        Ok(requested) => {
            let run = requested.run;
            sync::wait(&app, id, &run, super::settings::PATIENCE).await?;
            Ok(see_other(&format!("/sync/runs/{run}")).finish())
        }
        Err(Error::Conflict(_)) => Ok(saved_page(id, Flash::SettingsSavedOnly, &app)),
        Err(error) => Err(error.into()),
    }
}

fn saved_page(company: CompanyId, flash: Flash, app: &App) -> HttpResponse {
    see_other(&format!("/companies/{company}/settings"))
        .cookie(flash.cookie(app))
        .finish()
}

/// A dry run with the settings it tried.
struct Trial {
    run: Run,
    shape: Shape,
    settings: Overrides,
}

fn trial(conn: &mut Conn, company: CompanyId, run: &RunId, own: &[Field]) -> Result<Trial> {
    let run = history::get(conn, company, run)?;
    let text = run.shape.as_deref().filter(|_| run.dry_run);
    let text = text.or_not_found("the preview")?;
    let shape: Shape = serde_json::from_str(text)
        .map_err(|cause| Error::from(diesel::result::Error::DeserializationError(cause.into())))?;
    let settings = Overrides::of(&shape, own);
    Ok(Trial {
        run,
        shape,
        settings,
    })
}

fn own_fields(text: &str) -> std::result::Result<Vec<Field>, PageError> {
    let names = text.split(',').filter(|name| !name.is_empty());
    let wrong = |_| {
        PageError::BadRequest(
            Said::new("{field} cannot be “{text}”")
                .with("field", "own")
                .with("text", text),
        )
    };
    names.map(|name| name.parse().map_err(wrong)).collect()
}
