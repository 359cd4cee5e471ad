//! A company's API tokens: listed, made by a form, and shown once.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::company_nav::Part;
use super::settings_form::Pairs;
use super::token_form::TokenForm;
use super::{Chrome, Downloads, Page, PageError, SignedIn, Submitted, Tab, filters, page};
use crate::access;
use crate::app::{self, App};
use crate::companies::{self, Company};
use crate::config::Secret;
use crate::error::Error;
use crate::fields::Field;
use crate::ids::CompanyId;
use crate::language::Said;
use crate::time::{now, now_ms};
use crate::tokens::{self, Life, Token};

/// The tokens of a company, and the form of a new one.
#[derive(Template)]
#[template(path = "tokens/tokens.html")]
pub struct TokensPage {
    chrome: Chrome,
    company: Company,
    tokens: Vec<Token>,
    form: TokenForm,
}

impl TokensPage {
    /// What has become of a token.
    fn life(&self, token: &Token) -> Life {
        token.life(self.chrome.now)
    }

    /// Whether another token took its place.
    fn is_rotated(&self, token: &Token) -> bool {
        token.successor(&self.tokens, self.chrome.now).is_some()
    }

    /// The tokens that end soon and that nobody has seen to.
    fn ending(&self) -> Vec<&Token> {
        let tokens = self.tokens.iter();
        tokens
            .filter(|token| token.needs_care(&self.tokens, self.chrome.now))
            .collect()
    }
}

/// The one page that shows a new token.
#[derive(Template)]
#[template(path = "tokens/created.html")]
pub struct CreatedPage {
    pub(super) chrome: Chrome,
    pub(super) company: Company,
    pub(super) token: Token,
    pub(super) text: Secret,
    /// The token whose place it takes.
    pub(super) old: Option<Token>,
    pub(super) host: String,
}

/// `GET /companies/{company}/tokens`
pub async fn show_tokens(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
) -> Result<Page<TokensPage>, PageError> {
    let company = company.into_inner();
    Ok(Page(
        form_page(&admin, &app, company, TokenForm::empty()).await?,
    ))
}

/// `POST /companies/{company}/tokens`: the answer itself shows the token, so that no address or cookie holds it.
pub async fn create_token(
    request: HttpRequest,
    app: Data<App>,
    company: Path<CompanyId>,
    submitted: Submitted<Pairs>,
) -> Result<HttpResponse, PageError> {
    let Submitted { admin, form } = submitted;
    let (id, mut form) = (company.into_inner(), TokenForm::sent(form));
    let Some(new) = form.checked(id, &admin.session.email, now()) else {
        let form = form_page(&admin, &app, id, form).await?;
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(page::with_status(status, &form, &request));
    };
    let key = app.key.clone();
    let created = app.db.change(move |conn| {
        let (company, _) = companies::store::get(conn, new.company)?;
        let (text, token) = access::create(conn, &key, &new, now_ms())?;
        Ok((company, token, text))
    });
    let (company, token, text) = match created.await {
        Ok(created) => created,
        Err(Error::Conflict(_)) => {
            form.mistakes.add("name", Said::new(
                "This company has a token of that name already; choose another name, or revoke the old one first.",
            ));
            let form = form_page(&admin, &app, id, form).await?;
            return Ok(page::with_status(StatusCode::CONFLICT, &form, &request));
        }
        Err(error) => return Err(error.into()),
    };
    let created = CreatedPage {
        chrome: admin.chrome(Tab::Companies),
        company,
        token,
        text,
        old: None,
        host: app::ours(&request, &app),
    };
    Ok(page::with_status(StatusCode::OK, &created, &request))
}

async fn form_page(
    admin: &SignedIn,
    app: &App,
    company: CompanyId,
    form: TokenForm,
) -> Result<TokensPage, PageError> {
    let read = app.db.run(move |conn| {
        let (company, _) = companies::store::get(conn, company)?;
        let tokens = tokens::store::list(conn, company.id)?;
        Ok((company, tokens))
    });
    let (company, tokens) = read.await?;
    Ok(TokensPage {
        chrome: admin.chrome(Tab::Companies),
        company,
        tokens,
        form,
    })
}
