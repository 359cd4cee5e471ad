//! Changing the defaults: whom it would concern, what previews of it said, and saving.

use std::collections::HashSet;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::paging::Pages;
use super::settings::dry_run;
use super::settings_checked::Mistakes;
use super::settings_defaults::{Shown, form_page};
use super::settings_form::{Pairs, Typed};
use super::settings_lists;
use super::settings_words::{Moved, moved};
use super::{Chrome, Flash, PageError, SignedIn, Submitted, Tab, filters, page, see_other};
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::language::Said;
use crate::moodle::Shape;
use crate::settings::{DEFAULTS, Overrides, store};
use crate::sync::{self, Run, Statistics};
use crate::time::now_ms;

/// Companies on one page.
const PER_PAGE: i64 = 50;

/// Whom a change of the defaults would concern.
#[derive(Template)]
#[template(path = "settings/confirm.html")]
pub struct ConfirmPage {
    chrome: Chrome,
    moved: Vec<Moved>,
    typed: Typed,
    /// How many companies.
    affected: usize,
    /// Those of this page.
    shown: Vec<Concerned>,
    pages: Pages,
}

impl ConfirmPage {
    /// Whether a preview is being made.
    fn is_moving(&self) -> bool {
        let mut trials = self.shown.iter().filter_map(|one| one.trial.as_ref());
        trials.any(|run| !run.ended())
    }
}

/// A company that a change concerns, and the latest preview of just this change.
struct Concerned {
    company: Company,
    state: State,
    trial: Option<Run>,
}

impl Concerned {
    /// What the preview found, where it has ended and did not fail.
    fn plan(&self) -> Option<Statistics> {
        let plan = self.trial.as_ref().and_then(Run::statistics);
        plan.filter(|plan| plan.success)
    }
}

/// `GET /settings/rows/confirm`: changes nothing. An address that does not say what its form was made of begins from what is
/// saved now.
pub async fn show_confirm(
    admin: SignedIn,
    app: Data<App>,
    request: HttpRequest,
    form: Query<Pairs>,
) -> std::result::Result<HttpResponse, PageError> {
    let typed = Typed::read(&form)?;
    let defaults = match understood(&app, &typed).await? {
        Ok(defaults) => defaults,
        Err(shown) => return again(&admin, &app, &request, shown).await,
    };
    let wanted = defaults.applied_to(Shape::default());
    let page = field(&form, "page").parse().unwrap_or(1);
    let read = app.db.run(move |conn| {
        let mut typed = typed;
        if typed.basis.is_empty() {
            typed.basis = sync::settings::basis(conn, DEFAULTS)?;
        }
        let present = store::own(conn, DEFAULTS)?.applied_to(Shape::default());
        let ids = sync::settings::affected(conn, DEFAULTS, &defaults)?;
        let pages = Pages::new(page, PER_PAGE, ids.len() as i64, address(&typed));
        let shown = concerned(conn, &ids, &pages, &defaults)?;
        Ok((typed, present, ids.len(), shown, pages))
    });
    let (typed, present, affected, shown, pages) = read.await?;
    let lists = settings_lists::offered(&app, None).await?.ok();
    let confirm = ConfirmPage {
        chrome: admin.chrome(Tab::Rows),
        moved: moved(&present, &wanted, lists.as_ref()),
        typed,
        affected,
        shown,
        pages,
    };
    Ok(page::with_status(StatusCode::OK, &confirm, &request))
}

/// `POST /settings/rows/preview`: tries the defaults out on one company and leads back, where its figures are shown.
/// Saves nothing.
pub async fn try_defaults(
    app: Data<App>,
    request: HttpRequest,
    submitted: Submitted<Pairs>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = submitted;
    let typed = Typed::read(&form)?;
    let defaults = match understood(&app, &typed).await? {
        Ok(defaults) => defaults,
        Err(shown) => return again(&admin, &app, &request, shown).await,
    };
    let company = field(&form, "company").parse();
    let company: CompanyId =
        company.map_err(|_| PageError::BadRequest(Said::new("the company is missing")))?;
    let shape = app.db.run(move |conn| {
        companies::store::get(conn, company)?;
        sync::settings::proposed(conn, company, DEFAULTS, &defaults)
    });
    dry_run(&app, company, shape.await?, &admin).await?;
    let page = field(&form, "page").parse().unwrap_or(1);
    let back = format!(
        "{}&page={}#company-{company}",
        address(&typed),
        i64::max(page, 1)
    );
    Ok(see_other(&back).finish())
}

/// `POST /settings/rows`: 409 with the form where somebody else has saved the defaults since it was made.
pub async fn save_defaults(
    app: Data<App>,
    request: HttpRequest,
    submitted: Submitted<Pairs>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = submitted;
    let typed = Typed::read(&form)?;
    let defaults = match understood(&app, &typed).await? {
        Ok(defaults) => defaults,
        Err(shown) => return again(&admin, &app, &request, shown).await,
    };
    let (email, basis) = (admin.session.email.clone(), typed.basis.clone());
    let saved = app.db.change(move |conn| {
        sync::settings::check_basis(conn, DEFAULTS, &basis)?;
        sync::settings::change(conn, DEFAULTS, &defaults, &email, now_ms())
    });
    match saved.await {
        Ok(_) => Ok(see_other("/settings/rows")
            .cookie(Flash::SettingsSaved.cookie(&app))
            .finish()),
        Err(Error::Conflict(_)) => again(&admin, &app, &request, Shown::outdated(typed)).await,
        Err(error) => Err(error.into()),
    }
}

/// The defaults that were typed; else the form to show instead, because something is wrong, or another save has overtaken it.
async fn understood(app: &App, typed: &Typed) -> Result<std::result::Result<Overrides, Shown>> {
    let defaults = match checked(app, typed).await? {
        Ok(defaults) => defaults,
        Err(mistakes) => return Ok(Err(Shown::of(typed.clone(), mistakes))),
    };
    let basis = |conn: &mut Conn| sync::settings::basis(conn, DEFAULTS);
    let is_current = typed.basis.is_empty() || typed.basis == app.db.run(basis).await?;
    Ok(match is_current {
        true => Ok(defaults),
        false => Err(Shown::outdated(typed.clone())),
    })
}

/// The defaults that were typed. They have no departments or courses, and nothing to follow.
async fn checked(app: &App, typed: &Typed) -> Result<std::result::Result<Overrides, Mistakes>> {
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
    let saved = app.db.run(|conn| store::own(conn, DEFAULTS)).await?;
    let checked = settings_lists::checked(app, None, &typed, &saved).await?;
    Ok(checked.map(Overrides::as_defaults))
}

/// The form again, with what is wrong.
async fn again(
    admin: &SignedIn,
    app: &App,
    request: &HttpRequest,
    shown: Shown,
) -> std::result::Result<HttpResponse, PageError> {
    let status = shown.status();
    let form = form_page(admin, app, shown).await?;
    Ok(page::with_status(status, &form, request))
}

fn field<'a>(form: &'a Pairs, name: &str) -> &'a str {
    let found = form.iter().find(|(field, _)| field == name);
    found.map_or("", |(_, value)| value)
}

fn address(typed: &Typed) -> String {
    let path = "/settings/rows/confirm?".to_owned();
    let start = path.len();
    let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
    query.extend_pairs(typed.pairs());
    query.finish()
}

/// The companies of one page, by name.
fn concerned(
    conn: &mut Conn,
    ids: &[CompanyId],
    pages: &Pages,
    defaults: &Overrides,
) -> Result<Vec<Concerned>> {
    let ids: HashSet<&CompanyId> = ids.iter().collect();
    let mut known = companies::store::list(conn)?;
    known.retain(|(company, _)| ids.contains(&company.id));
    let before = Pages::offset(pages.number, PER_PAGE) as usize;
    let shown = known.into_iter().skip(before).take(PER_PAGE as usize);
    let concerned = shown.map(|(company, state)| {
        let shape = sync::settings::proposed(conn, company.id, DEFAULTS, defaults)?;
        let trial = sync::settings::trial(conn, company.id, &shape)?;
        Ok(Concerned {
            company,
            state,
            trial,
        })
    });
    concerned.collect()
}
