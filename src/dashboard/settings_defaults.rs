//! What shapes rows where a company says nothing itself: the form of the defaults, and whom a change would concern.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::settings::{Fields, dry_run};
use super::settings_form::{Mistakes, Pairs, Typed};
use super::settings_lists::{self, ticks};
use super::settings_words::{Moved, moved};
use super::{Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, page, see_other};
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::moodle::Shape;
use crate::settings::{DEFAULTS, Overrides, store};
use crate::sync;
use crate::time::now_ms;

/// The defaults.
#[derive(Template)]
#[template(path = "settings/defaults.html")]
pub struct DefaultsPage {
    chrome: Chrome,
    changed: Option<(i64, String)>,
    fields: Fields,
    own_settings: Vec<Company>,
}

/// Whom a change of the defaults would concern.
#[derive(Template)]
#[template(path = "settings/confirm.html")]
pub struct ConfirmPage {
    chrome: Chrome,
    moved: Vec<Moved>,
    typed: Typed,
    affected: Vec<(Company, State)>,
}

/// `GET /settings/rows`
pub async fn show_defaults(
    admin: SignedIn,
    app: Data<App>,
) -> std::result::Result<Page<DefaultsPage>, PageError> {
    let own = app.db.run(|conn| store::own(conn, DEFAULTS)).await?;
    let typed = Typed::of(&own, false);
    Ok(Page(
        form_page(&admin, &app, typed, Mistakes::default()).await?,
    ))
}

/// `GET /settings/rows/confirm`: changes nothing.
pub async fn show_confirm(
    admin: SignedIn,
    app: Data<App>,
    request: HttpRequest,
    form: Query<Pairs>,
) -> std::result::Result<HttpResponse, PageError> {
    let typed = Typed::read(&form)?;
    let defaults = match checked(&typed) {
        Ok(defaults) => defaults,
        Err(mistakes) => {
            let form = form_page(&admin, &app, typed, mistakes).await?;
            return Ok(page::with_status(
                StatusCode::UNPROCESSABLE_ENTITY,
                &form,
                &request,
            ));
        }
    };
    let wanted = defaults.applied_to(Shape::default());
    let read = app.db.run(move |conn| {
        let present = store::own(conn, DEFAULTS)?.applied_to(Shape::default());
        Ok((present, concerned(conn, &defaults)?))
    });
    let (present, affected) = read.await?;
    let lists = settings_lists::offered(&app, None).await?.ok();
    let confirm = ConfirmPage {
        chrome: admin.chrome(Tab::Companies),
        moved: moved(&present, &wanted, lists.as_ref()),
        typed,
        affected,
    };
    Ok(page::with_status(StatusCode::OK, &confirm, &request))
}

/// `POST /settings/rows/preview`: tries the defaults out on one company and leads to the dry run. Saves nothing.
pub async fn try_defaults(
    app: Data<App>,
    submitted: Submitted<Pairs>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = submitted;
    let defaults = accepted(&form)?;
    let company = form.iter().find(|(name, _)| name == "company");
    let company = company.and_then(|(_, id)| id.parse().ok());
    let company: CompanyId =
        company.ok_or_else(|| PageError::BadRequest("the company is missing".into()))?;
    let shape = app.db.run(move |conn| {
        companies::store::get(conn, company)?;
        sync::settings::proposed(conn, company, DEFAULTS, &defaults)
    });
    let run = dry_run(&app, company, shape.await?, &admin).await?;
    Ok(see_other(&format!("/sync/runs/{run}")).finish())
}

/// `POST /settings/rows`
pub async fn save_defaults(
    app: Data<App>,
    submitted: Submitted<Pairs>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = submitted;
    let defaults = accepted(&form)?;
    let email = admin.session.email;
    let saved = app
        .db
        .change(move |conn| sync::settings::change(conn, DEFAULTS, &defaults, &email, now_ms()));
    saved.await?;
    let saved = see_other("/settings/rows")
        .cookie(Flash::SettingsSaved.cookie(&app))
        .finish();
    Ok(saved)
}

/// The defaults that were typed. They have no departments or courses, and nothing to follow.
fn checked(typed: &Typed) -> std::result::Result<Overrides, Mistakes> {
    let mut typed = typed.clone();
    let choices = [
        &mut typed.learners,
        &mut typed.suspended,
        &mut typed.enrolled.0,
        &mut typed.completed.0,
    ];
    for choice in choices {
        if choice == "inherit" {
            choice.clear();
        }
    }
    Ok(typed.checked()?.as_defaults())
}

/// The same of a form that was accepted once already.
fn accepted(form: &Pairs) -> std::result::Result<Overrides, PageError> {
    let refused = |_| PageError::BadRequest("the form is not one of ours".into());
    checked(&Typed::read(form)?).map_err(refused)
}

fn concerned(conn: &mut Conn, defaults: &Overrides) -> Result<Vec<(Company, State)>> {
    let ids = sync::settings::affected(conn, DEFAULTS, defaults)?;
    let mut all = companies::store::list(conn)?;
    all.retain(|(company, _)| ids.contains(&company.id));
    Ok(all)
}

async fn form_page(
    admin: &SignedIn,
    app: &App,
    typed: Typed,
    mistakes: Mistakes,
) -> std::result::Result<DefaultsPage, Error> {
    let read = app.db.run(|conn| {
        let companies = companies::store::list(conn)?;
        let mut own_settings = Vec::new();
        for (company, _) in companies {
            if store::own(conn, company.id)? != Overrides::default() {
                own_settings.push(company);
            }
        }
        Ok((store::last_change(conn, DEFAULTS)?, own_settings))
    });
    let (changed, own_settings) = read.await?;
    let offered = settings_lists::offered(app, None).await?;
    Ok(DefaultsPage {
        chrome: admin.chrome(Tab::Companies),
        changed,
        own_settings,
        fields: Fields {
            ticks: ticks(&typed, offered, Vec::new()),
            typed,
            mistakes,
            defaults: None,
        },
    })
}
