//! The log of calls: what programs asked for and what they got, of one company or of all, newest first.

use std::collections::HashMap;

use actix_web::web::{Data, Path, Query};
use askama::Template;

use super::company_field::{self, CompanyField};
use super::company_nav::Part;
use super::labels::{self, Choice};
use super::requests_view::View;
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies::{self, Company};
use crate::db::Conn;
use crate::error::{Error, OrNotFound as _, Result};
use crate::ids::CompanyId;
use crate::requests::list::{self, Filter, Logged, SPAN};
use crate::requests::tally::is_error;
use crate::tokens::{self, Token};

/// Calls on one page.
const PER_PAGE: i64 = 50;

/// The log.
#[derive(Template)]
#[template(path = "requests/requests.html")]
pub struct RequestsPage {
    chrome: Chrome,
    /// Whose log it is; `None` for that of all companies.
    company: Option<Company>,
    path: String,
    view: View,
    companies: CompanyField,
    tokens: Vec<Choice>,
    calls: Vec<Call>,
    newest: Option<String>,
    older: Option<String>,
    days: Option<i64>,
}

/// One call, everything that is remembered of it.
#[derive(Template)]
#[template(path = "requests/request.html")]
pub struct RequestPage {
    chrome: Chrome,
    call: Call,
}

/// A call, and the names of what it was about.
pub struct Call {
    /// As logged.
    pub logged: Logged,
    /// The name of its company: hostile text. Empty where there is none.
    pub company: String,
    /// Its token, unless it is not there any more or never was one.
    pub token: Option<Token>,
}

impl Call {
    /// Whether it was answered as it wished.
    pub fn is_good(&self) -> bool {
        !is_error(self.logged.status, self.logged.error.as_deref())
    }

    /// The log of calls to the same address which have this in common too: `company`, `token` (of the company), `status`,
    /// or nothing.
    fn alike(&self, what: &str) -> String {
        let company = self.logged.company_id.map(|id| id.to_string());
        let token = self.logged.token_id.map(|id| id.to_string());
        let is_narrow = what == "company" || what == "token";
        let text = |wanted: bool, text: Option<String>| text.filter(|_| wanted).unwrap_or_default();
        let view = View {
            company: text(is_narrow, company),
            token: text(what == "token", token),
            status: text(what == "status", Some(self.logged.status.to_string())),
            route: self.logged.route.clone(),
            part: "whole".into(),
            ..View::default()
        };
        view.address("/requests", None)
    }
}

impl RequestsPage {
    fn downloads(&self) -> Downloads {
        let address = self.view.address(&self.path, None);
        Downloads::at("calls", address).filtered(self.view.is_filtered())
    }
}

/// `GET /requests`: those of all companies, or of the one that the form chose.
pub async fn show_requests(
    admin: SignedIn,
    app: Data<App>,
    view: Query<View>,
) -> std::result::Result<Page<RequestsPage>, PageError> {
    let mut view = view.into_inner();
    company_field::resolve(&admin, &app, &mut view.company).await?;
    let chosen = admin.narrowed(view.company()?)?;
    show(admin, &app, None, chosen, view).await
}

/// `GET /companies/{company}/requests`
pub async fn show_company_requests(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
    view: Query<View>,
) -> std::result::Result<Page<RequestsPage>, PageError> {
    let company = company.into_inner();
    let mut view = view.into_inner();
    view.company.clear();
    view.stranger.clear();
    show(admin, &app, Some(company), Some(company), view).await
}

/// `GET /requests/{id}`
pub async fn show_request(
    admin: SignedIn,
    app: Data<App>,
    id: Path<i64>,
) -> std::result::Result<Page<RequestPage>, PageError> {
    let read = app.db.run(move |conn| {
        let found = list::find(conn, *id)?.or_not_found("the call")?;
        calls(conn, vec![found])?.pop().or_not_found("the call")
    });
    Ok(Page(RequestPage {
        call: read.await?,
        chrome: admin.chrome(Tab::Requests),
    }))
}

async fn show(
    admin: SignedIn,
    app: &App,
    own: Option<CompanyId>,
    chosen: Option<CompanyId>,
    view: View,
) -> std::result::Result<Page<RequestsPage>, PageError> {
    let zone = admin.session.reading.zone;
    let (filter, place) = (view.filter(chosen, zone)?, view.place()?);
    let (token, only) = (filter.token, admin.only());
    let read = app.db.run(move |conn| {
        let company = own.map(|id| companies::store::get(conn, id)).transpose()?;
        let tokens = offered(conn, chosen)?;
        let filter = fitting(conn, own, filter)?;
        let found = list::page(conn, &filter, place, PER_PAGE)?;
        let older = found.older;
        let known = companies::store::names(conn, only)?;
        Ok((
            company.map(|(company, _)| company),
            tokens,
            calls(conn, found.calls)?,
            older,
            known,
        ))
    });
    let (company, tokens, calls, older, known) = read.await?;
    let path = own.map_or("/requests".into(), |id| format!("/companies/{id}/requests"));
    let named = |token: Token| (token.id, format!("{} ({}…)", token.name, token.prefix));
    Ok(Page(RequestsPage {
        chrome: admin.chrome(Tab::Requests),
        companies: CompanyField::of(known, chosen),
        tokens: labels::named(tokens.into_iter().map(named).collect(), token),
        newest: place.map(|_| view.address(&path, None)),
        older: older.map(|mark| view.address(&path, Some(mark))),
        days: app.keeping().await?.requests_days,
        company,
        path,
        view,
        calls,
    }))
}

/// The tokens to choose from: those of the company that was chosen.
fn offered(conn: &mut Conn, company: Option<CompanyId>) -> Result<Vec<Token>> {
    let Some(company) = company else {
        return Ok(Vec::new());
    };
    tokens::store::list(conn, company)
}

/// The filter with a token of its company only: the form of all companies keeps the token when another company is chosen,
/// and it is dropped then; below a company's own address it is not found.
pub(super) fn fitting(conn: &mut Conn, own: Option<CompanyId>, filter: Filter) -> Result<Filter> {
    let (Some(company), Some(token)) = (filter.company, filter.token) else {
        return Ok(filter);
    };
    match tokens::store::get(conn, company, token) {
        Err(Error::NotFound(_)) if own.is_none() => Ok(Filter {
            token: None,
            ..filter
        }),
        found => found.map(|_| filter),
    }
}

/// Calls with the names of what they were about.
pub(super) fn calls(conn: &mut Conn, logged: Vec<Logged>) -> Result<Vec<Call>> {
    let mut known: HashMap<CompanyId, (String, Vec<Token>)> = HashMap::new();
    let mut calls = Vec::with_capacity(logged.len());
    for logged in logged {
        if let Some(company) = logged.company_id.filter(|id| !known.contains_key(id)) {
            let name = companies::store::find(conn, company)?;
            let name = name.map_or(String::new(), |(company, _)| company.name);
            known.insert(company, (name, tokens::store::list(conn, company)?));
        }
        let about = logged.company_id.and_then(|id| known.get(&id));
        let (name, tokens) = about.map_or(("", &[][..]), |(name, tokens)| (name, tokens));
        let token = tokens.iter().find(|one| Some(one.id) == logged.token_id);
        calls.push(Call {
            company: name.to_owned(),
            token: token.cloned(),
            logged,
        });
    }
    Ok(calls)
}
