//! What programs get, of one company and by default: the form, and saving it.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::company_nav::Part;
use super::delivery_form::DeliveryForm;
use super::settings_form::Pairs;
use super::{Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, page, see_other};
use crate::app::App;
use crate::companies::{self, Company};
use crate::db::Conn;
use crate::delivery;
use crate::error::{Error, Result};
use crate::fields::Field;
use crate::ids::CompanyId;
use crate::language::Said;
use crate::settings::DEFAULTS;
use crate::settings::delivery::{self as stored, Delivery, DeliveryOverrides};
use crate::time::now_ms;

/// The settings of one company, or the defaults.
#[derive(Template)]
#[template(path = "delivery/delivery.html")]
pub struct DeliveryPage {
    chrome: Chrome,
    /// Whose; `None` for the defaults.
    company: Option<Company>,
    changed: Option<(i64, String)>,
    form: DeliveryForm,
    basis: String,
    note: Option<Said>,
    /// Whom the defaults hold for; on their own page.
    followers: Option<Followers>,
}

/// Whom the defaults hold for.
struct Followers {
    /// How many companies: all that are known, because some settings are the same for every company.
    all: usize,
    /// Those of them with settings of their own, by name.
    own: Vec<(CompanyId, String)>,
}

impl DeliveryPage {
    /// Whether the reader may change what they see.
    fn may_save(&self) -> bool {
        self.chrome.may_send(match self.company {
            Some(_) => "/companies/{company}/settings/delivery",
            None => "/settings/delivery",
        })
    }

    /// Where the form is sent.
    fn address(&self) -> String {
        address(self.company.as_ref().map(|company| company.id))
    }
}

/// `GET /companies/{company}/settings/delivery`
pub async fn show_company(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
) -> std::result::Result<Page<DeliveryPage>, PageError> {
    let company = company.into_inner();
    Ok(Page(known(&admin, &app, Some(company)).await?))
}

/// `GET /settings/delivery`
pub async fn show_defaults(
    admin: SignedIn,
    app: Data<App>,
) -> std::result::Result<Page<DeliveryPage>, PageError> {
    Ok(Page(known(&admin, &app, None).await?))
}

/// `POST /companies/{company}/settings/delivery`: saves what was typed, or ticks every field or none.
pub async fn save_company(
    app: Data<App>,
    company: Path<CompanyId>,
    request: HttpRequest,
    submitted: Submitted<Pairs>,
) -> std::result::Result<HttpResponse, PageError> {
    save(&app, Some(company.into_inner()), &request, submitted).await
}

/// `POST /settings/delivery`: the same for the defaults.
pub async fn save_defaults(
    app: Data<App>,
    request: HttpRequest,
    submitted: Submitted<Pairs>,
) -> std::result::Result<HttpResponse, PageError> {
    save(&app, None, &request, submitted).await
}

async fn save(
    app: &App,
    company: Option<CompanyId>,
    request: &HttpRequest,
    submitted: Submitted<Pairs>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = submitted;
    let mut shown = known(&admin, app, company).await?;
    shown.form = shown.form.sent(form);
    let again = |status, shown: &DeliveryPage| Ok(page::with_status(status, shown, request));
    let pressed = |action| shown.form.typed.has("action", action);
    if pressed("all_on") || pressed("all_off") {
        let on = pressed("all_on");
        shown.basis = shown.form.typed.text("basis").to_owned();
        shown.form.tick_all(on);
        return again(StatusCode::OK, &shown);
    }
    let Some(wanted) = shown.form.checked() else {
        shown.basis = shown.form.typed.text("basis").to_owned();
        return again(StatusCode::UNPROCESSABLE_ENTITY, &shown);
    };
    let basis = shown.form.typed.text("basis").to_owned();
    match write(app, company, wanted, basis, &admin).await {
        Ok(otherwise) => Ok(see_other(&address(company))
            .cookie(Flash::DeliverySaved(otherwise).cookie(app))
            .finish()),
        Err(Error::Conflict(_)) => {
            shown.note = Some(Said::new(
                "Somebody has changed these settings, or the defaults, since this form was opened.",
            ));
            again(StatusCode::CONFLICT, &shown)
        }
        Err(error) => Err(error.into()),
    }
}

/// Saves settings; gives for how many companies something is otherwise now.
async fn write(
    app: &App,
    company: Option<CompanyId>,
    wanted: DeliveryOverrides,
    basis: String,
    admin: &SignedIn,
) -> Result<usize> {
    let email = admin.session.email.clone();
    let saved = app.db.change(move |conn| {
        let (level, now) = (company.unwrap_or(DEFAULTS), now_ms());
        delivery::check_basis(conn, level, &basis)?;
        let otherwise = delivery::change(conn, level, &wanted, &email, now)?;
        Ok(otherwise.len())
    });
    saved.await
}

fn address(company: Option<CompanyId>) -> String {
    company.map_or("/settings/delivery".into(), |company| {
        format!("/companies/{company}/settings/delivery")
    })
}

/// The page as things are saved.
async fn known(admin: &SignedIn, app: &App, company: Option<CompanyId>) -> Result<DeliveryPage> {
    let tab = company.map_or(Tab::Delivery, |_| Tab::Companies);
    let chrome = admin.chrome(tab);
    let read = app.db.run(move |conn| {
        let level = company.unwrap_or(DEFAULTS);
        let known = company
            .map(|id| companies::store::get(conn, id))
            .transpose()?;
        let known = known.map(|(company, _)| company);
        let (saved, defaults) = (stored::own(conn, level)?, stored::own(conn, DEFAULTS)?);
        let base = match company {
            Some(_) => defaults.held_over(&DeliveryOverrides::default())?,
            None => Delivery::default(),
        };
        let held = saved.held_over(&defaults)?;
        Ok(DeliveryPage {
            chrome,
            changed: stored::last_change(conn, level)?,
            form: DeliveryForm::of(saved, base, &held, known.is_some()),
            company: known,
            basis: delivery::basis(conn, level)?,
            note: None,
            followers: match company {
                Some(_) => None,
                None => Some(followers(conn)?),
            },
        })
    });
    read.await
}

fn followers(conn: &mut Conn) -> Result<Followers> {
    let mut own = companies::store::names(conn, None)?;
    let (all, with_own) = (own.len(), stored::with_own(conn)?);
    own.retain(|(id, _)| with_own.contains(id));
    Ok(Followers { all, own })
}
