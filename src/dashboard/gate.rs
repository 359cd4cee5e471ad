//! The gate: every request for a page passes here first, and goes on only where its reader may go.

use actix_web::HttpMessage as _;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Path, ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::middleware::Next;

use super::rights::{self, Who};
use super::{PageError, signed_in};
use crate::admins::{Reading, Role, Session};
use crate::app::App;
use crate::error::{Error, OrNotFound as _, Result};
use crate::ids::{CompanyId, RunId};
use crate::language::Language;
use crate::requests::list;
use crate::settings::site;
use crate::sync::history;

/// The middleware of the dashboard. Who is refused gets an error page, and no handler runs.
pub async fn watch<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let visitor = visitor(&request);
    request.extensions_mut().insert(visitor);
    match admit(&request).await {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(refusal) => {
            know_the_reader(&request).await;
            Ok(request.error_response(refusal).map_into_right_body())
        }
    }
}

/// How pages look for whoever is not signed in: in the language that their browser asks for.
fn visitor(request: &ServiceRequest) -> Reading {
    let asked = request.headers().get(ACCEPT_LANGUAGE);
    let asked = asked.and_then(|header| header.to_str().ok());
    let language = asked.and_then(Language::accepted);
    Reading {
        language: language.unwrap_or(Language::English),
        ..Reading::default()
    }
}

/// What went wrong is told within the reader's menu and in their language, where they are signed in.
async fn know_the_reader(request: &ServiceRequest) {
    let is_known = request.extensions().get::<Session>().is_some();
    if is_known {
        return;
    }
    if let Ok(session) = signed_in::find(request.request()).await {
        request.extensions_mut().insert(session);
    }
}

/// Lets a request in, with its session beside it, or says why not.
async fn admit(request: &ServiceRequest) -> std::result::Result<(), PageError> {
    let path = request.match_info().as_str(); // as the router reads it, not as it was typed
    let pattern = request.resource_map().match_pattern(path);
    let pattern = pattern.or_not_found("this page")?;
    let who = wanted(&pattern, request.method());
    if who == Who::Anybody {
        return Ok(());
    }
    let session = signed_in::find(request.request()).await?;
    let (role, only, second_factor) = (session.role, session.only, session.second_factor);
    request.extensions_mut().insert(session);
    if !second_factor && !rights::opens_without_second_factor(&pattern) {
        let app = signed_in::app(request.request())?;
        if needs_second_factor(&app, role).await? {
            return Err(PageError::NoSecondFactor);
        }
    }
    if !who.includes(role) {
        return Err(PageError::NotAllowed { role, who });
    }
    if let Some(own) = only {
        let about = About::of(&pattern, path)?;
        about.check(request, own).await?;
    }
    Ok(())
}

/// Whether the site asks everybody of a role for a second factor.
pub(super) async fn needs_second_factor(app: &App, role: Role) -> Result<bool> {
    let needed = app.db.lookup(site::second_factor_for).await?;
    Ok(match needed {
        site::NeededFor::Nobody => false,
        site::NeededFor::Admins => role == Role::Admin,
        site::NeededFor::Everybody => true,
    })
}

fn wanted(pattern: &str, method: &Method) -> Who {
    let (read, write) = rights::of(pattern);
    match *method {
        Method::GET | Method::HEAD => read,
        _ => write,
    }
}

/// What an address is about, where that belongs to one company.
struct About {
    company: Option<CompanyId>,
    run: Option<RunId>,
    call: Option<i64>,
}

impl About {
    /// An id that is none is not found, as an unknown one is not.
    fn of(pattern: &str, path: &str) -> Result<Self> {
        let mut found = Path::new(path);
        ResourceDef::new(pattern).capture_match_info(&mut found);
        let part = |name: &str| found.get(name);
        let company = part("company").map(|id| id.parse().ok().or_not_found("the company"));
        let of_calls = pattern.starts_with("/requests/");
        let call = part("id").filter(|_| of_calls);
        Ok(Self {
            company: company.transpose()?,
            run: part("run").map(|id| RunId(id.to_owned())),
            call: call
                .map(|id| id.parse().ok().or_not_found("the call"))
                .transpose()?,
        })
    }

    /// Refuses what belongs to another company, in the words for what does not exist.
    async fn check(self, request: &ServiceRequest, own: CompanyId) -> Result<()> {
        if self.company.is_some_and(|company| company != own) {
            return Err(Error::NotFound("the company"));
        }
        let app = signed_in::app(request.request())?;
        if let Some(id) = self.run {
            let run = app.db.run(move |conn| history::any(conn, &id)).await?;
            let run = run.filter(|run| run.company_id == own);
            run.or_not_found("the sync run")?;
        }
        if let Some(id) = self.call {
            let call = app.db.run(move |conn| list::find(conn, id)).await?;
            let call = call.filter(|call| call.company_id == Some(own));
            call.or_not_found("the call")?;
        }
        Ok(())
    }
}
