//! A company's API tokens: made and shown once, revoked at once.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::sign_in::Nothing;
use super::{
    Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, address, filters, see_other,
};
use crate::app::App;
use crate::companies::{self, Company};
use crate::config::Secret;
use crate::db::Conn;
use crate::error::{Error, OrNotFound, Result};
use crate::ids::{CompanyId, TokenId};
use crate::time::now;
use crate::tokens::{self, NewToken, Scope, Scopes, Token};

/// The one page that shows a new token.
#[derive(Template)]
#[template(path = "tokens/created.html")]
pub struct CreatedPage {
    chrome: Chrome,
    company: Company,
    token: Token,
    text: Secret,
    host: String,
}

/// What revoking will do.
#[derive(Template)]
#[template(path = "tokens/revoke.html")]
pub struct RevokePage {
    chrome: Chrome,
    company: Company,
    token: Token,
}

/// The fields of the form; a box that is not ticked is not sent.
#[derive(Deserialize)]
pub struct Wish {
    name: String,
    read: Option<String>,
    changes: Option<String>,
    sync: Option<String>,
    #[serde(default)]
    days: String,
}

impl Wish {
    fn scopes(&self) -> Scopes {
        let ticked = [
            (&self.read, Scope::Read),
            (&self.changes, Scope::Changes),
            (&self.sync, Scope::Sync),
        ];
        ticked
            .into_iter()
            .filter(|(box_, _)| box_.is_some())
            .map(|(_, scope)| scope)
            .collect()
    }

    fn expires_at(&self, now: i64) -> std::result::Result<Option<i64>, PageError> {
        let days: Option<u16> = super::labels::chosen("the number of days", &self.days)?;
        Ok(days.map(|days| now + i64::from(days) * 86_400))
    }
}

/// `POST /companies/{company}/tokens`: the answer itself shows the token, so that no address or cookie holds it.
pub async fn create_token(
    request: HttpRequest,
    app: Data<App>,
    company: Path<CompanyId>,
    wish: Submitted<Wish>,
) -> std::result::Result<Page<CreatedPage>, PageError> {
    let Submitted { admin, form } = wish;
    let new = NewToken {
        company: company.into_inner(),
        scopes: form.scopes(),
        expires_at: form.expires_at(now())?,
        created_by: admin.session.email.clone(),
        name: form.name,
    };
    let made = app.clone();
    let created = app.db.change(move |conn| {
        refuse_taken_name(conn, &new)?;
        let (company, _) = companies::store::get(conn, new.company)?;
        let (text, token) = tokens::store::create(conn, &made.key, &new, now())?;
        Ok((company, token, text))
    });
    let (company, token, text) = created.await?;
    Ok(Page(CreatedPage {
        chrome: admin.chrome(Tab::Companies),
        company,
        token,
        text,
        host: address::ours(&request, &app),
    }))
}

/// `GET /companies/{company}/tokens/{token}/revoke`
pub async fn show_revoke(
    admin: SignedIn,
    app: Data<App>,
    path: Path<(CompanyId, TokenId)>,
) -> std::result::Result<Page<RevokePage>, PageError> {
    let (company, token) = path.into_inner();
    let read = app.db.run(move |conn| {
        let (company, _) = companies::store::get(conn, company)?;
        let tokens = tokens::store::list(conn, company.id)?;
        let found = tokens.into_iter().find(|one| one.id == token);
        Ok((company, found.or_not_found("the token")?))
    });
    let (company, token) = read.await?;
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
    _form: Submitted<Nothing>,
) -> std::result::Result<HttpResponse, PageError> {
    let (company, token) = path.into_inner();
    app.db
        .change(move |conn| tokens::store::revoke(conn, company, token, now()))
        .await?;
    let response = see_other(&format!("/companies/{company}#tokens"))
        .cookie(Flash::TokenRevoked.cookie(&app))
        .finish();
    Ok(response)
}

/// A form sent twice, or a reload of its answer, must not leave a second token behind.
fn refuse_taken_name(conn: &mut Conn, new: &NewToken) -> Result<()> {
    let tokens = tokens::store::list(conn, new.company)?;
    let taken = tokens
        .iter()
        .any(|token| token.revoked_at.is_none() && token.name == new.name.trim());
    if taken {
        let why = "this company has a token of that name already; choose another name, or revoke the old one first";
        return Err(Error::Conflict(why.into()));
    }
    Ok(())
}
