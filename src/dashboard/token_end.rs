//! The end of a token: revoked at once, or rotated, so that another one takes its place.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::company_nav::Part;
use super::sign_in::Nothing;
use super::tokens::CreatedPage;
use super::{Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, page, see_other};
use crate::access;
use crate::app::{self, App};
use crate::companies::{self, Company};
use crate::error::{OrNotFound as _, Result};
use crate::ids::{CompanyId, TokenId};
use crate::time::{now, now_ms};
use crate::tokens::rotate::{MOST_HOURS, Rotation, USUAL_HOURS, successor_end};
use crate::tokens::{self, Token};

/// What revoking will do.
#[derive(Template)]
#[template(path = "tokens/revoke.html")]
pub struct RevokePage {
    chrome: Chrome,
    company: Company,
    token: Token,
}

/// What rotating will do.
#[derive(Template)]
#[template(path = "tokens/rotate.html")]
pub struct RotatePage {
    chrome: Chrome,
    company: Company,
    token: Token,
    /// The one that took its place already.
    successor: Option<Token>,
    successor_end: Option<i64>,
    hours: String,
    is_wrong: bool,
}

/// The field of the form.
#[derive(Deserialize)]
pub struct Wish {
    #[serde(default)]
    overlap_hours: String,
}

impl Wish {
    fn hours(&self) -> Option<i64> {
        let hours = self.overlap_hours.trim().parse().ok();
        hours.filter(|hours| (0..=MOST_HOURS).contains(hours))
    }
}

/// `GET /companies/{company}/tokens/{token}/revoke`
pub async fn show_revoke(
    admin: SignedIn,
    app: Data<App>,
    path: Path<(CompanyId, TokenId)>,
) -> std::result::Result<Page<RevokePage>, PageError> {
    let (company, token, _) = known(&app, path.into_inner()).await?;
    Ok(Page(RevokePage {
        chrome: admin.chrome(Tab::Companies),
        company,
        token,
    }))
}

/// `POST /companies/{company}/tokens/{token}/revoke`
pub async fn revoke_token(
    app: Data<App>,
    path: Path<(CompanyId, TokenId)>,
    submitted: Submitted<Nothing>,
) -> std::result::Result<HttpResponse, PageError> {
    let (company, token) = path.into_inner();
    let email = submitted.admin.session.email;
    app.db
        .change(move |conn| access::revoke(conn, (company, token), &email, now_ms()))
        .await?;
    let response = see_other(&format!("/companies/{company}/tokens"))
        .cookie(Flash::TokenRevoked.cookie(&app))
        .finish();
    Ok(response)
}

/// `GET /companies/{company}/tokens/{token}/rotate`
pub async fn show_rotate(
    admin: SignedIn,
    app: Data<App>,
    path: Path<(CompanyId, TokenId)>,
) -> std::result::Result<Page<RotatePage>, PageError> {
    let hours = USUAL_HOURS.to_string();
    Ok(Page(
        rotate_page(&admin, &app, path.into_inner(), hours, false).await?,
    ))
}

/// `POST /companies/{company}/tokens/{token}/rotate`: the answer itself shows the new token.
pub async fn rotate_token(
    request: HttpRequest,
    app: Data<App>,
    path: Path<(CompanyId, TokenId)>,
    wish: Submitted<Wish>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = wish;
    let id = path.into_inner();
    let Some(hours) = form.hours() else {
        let again = rotate_page(&admin, &app, id, form.overlap_hours, true).await?;
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(page::with_status(status, &again, &request));
    };
    let key = app.key.clone();
    let rotation = Rotation {
        company: id.0,
        token: id.1,
        overlap_hours: hours,
        by: admin.session.email.clone(),
    };
    let rotated = app.db.change(move |conn| {
        let (company, _) = companies::store::get(conn, id.0)?;
        let rotated = access::rotate(conn, &key, &rotation, now_ms())?;
        Ok((company, rotated))
    });
    let (company, rotated) = rotated.await?;
    let created = CreatedPage {
        chrome: admin.chrome(Tab::Companies),
        company,
        token: rotated.token,
        text: rotated.text,
        old: Some(rotated.old),
        host: app::ours(&request, &app),
    };
    Ok(page::with_status(StatusCode::OK, &created, &request))
}

async fn rotate_page(
    admin: &SignedIn,
    app: &App,
    id: (CompanyId, TokenId),
    hours: String,
    is_wrong: bool,
) -> Result<RotatePage> {
    let (company, token, all) = known(app, id).await?;
    Ok(RotatePage {
        chrome: admin.chrome(Tab::Companies),
        company,
        successor: token.successor(&all, now()).cloned(),
        successor_end: successor_end(&token, &all, now()),
        token,
        hours,
        is_wrong,
    })
}

/// A token with its company and all tokens of it.
async fn known(
    app: &App,
    (company, token): (CompanyId, TokenId),
) -> Result<(Company, Token, Vec<Token>)> {
    let read = app.db.run(move |conn| {
        let (company, _) = companies::store::get(conn, company)?;
        let all = tokens::store::list(conn, company.id)?;
        let found = all.iter().find(|one| one.id == token).cloned();
        Ok((company, found.or_not_found("the token")?, all))
    });
    read.await
}
