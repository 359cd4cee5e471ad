//! One API token: what it may, how it is used, and when it ends.

use actix_web::web::{Data, Path};
use askama::Template;

use super::company_nav::Part;
use super::requests::{Call, calls};
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies::{self, Company};
use crate::delivery::{self, today};
use crate::error::OrNotFound as _;
use crate::fields::Fields;
use crate::ids::{CompanyId, TokenId};
use crate::requests::list::{self, Filter};
use crate::requests::{Limits, Standing};
use crate::settings::delivery::Delivery;
use crate::time::now;
use crate::tokens::{self, Life, Token};

/// Calls that the page lists.
const LATEST: i64 = 10;

/// One token.
#[derive(Template)]
#[template(path = "tokens/token.html")]
pub struct TokenPage {
    chrome: Chrome,
    company: Company,
    token: Token,
    life: Life,
    delivery: Delivery,
    /// The token whose place it takes.
    predecessor: Option<Token>,
    /// The one that takes its place.
    successor: Option<Token>,
    of_token: Option<Standing>,
    of_company: Option<Standing>,
    /// From how many per hundred on a limit is nearly used up.
    near: i64,
    calls: Vec<Call>,
}

impl TokenPage {
    /// The fields that programs get with it: those of the company that it may see.
    fn fields(&self) -> Fields {
        let mask = self.token.fields.unwrap_or_else(Fields::all);
        self.delivery.fields.and(mask)
    }

    fn downloads(&self) -> Downloads {
        let (company, token) = (self.company.id, self.token.id);
        Downloads::at(
            "calls",
            format!("/companies/{company}/requests?token={token}"),
        )
    }

    /// Any of its limits, which all begin anew at the same time.
    fn standing(&self) -> Option<Standing> {
        self.of_token.or(self.of_company)
    }
}

/// `GET /companies/{company}/tokens/{token}`
pub async fn show_token(
    admin: SignedIn,
    app: Data<App>,
    path: Path<(CompanyId, TokenId)>,
) -> Result<Page<TokenPage>, PageError> {
    let (id, token) = path.into_inner();
    let now = now();
    let read = app.db.run(move |conn| {
        let (company, _) = companies::store::get(conn, id)?;
        let all = tokens::store::list(conn, id)?;
        let filter = Filter {
            company: Some(id),
            token: Some(token),
            ..Filter::default()
        };
        let found = list::page(conn, &filter, None, LATEST)?;
        let token = all.iter().find(|one| one.id == token);
        let token = token.or_not_found("the token")?.clone();
        let delivery = crate::settings::delivery::of_company(conn, id)?;
        let calls = calls(conn, found.calls)?;
        Ok((company, all, token, delivery, calls, today::near(conn)?))
    });
    let (company, all, token, delivery, calls, near) = read.await?;
    let limits = delivery::limits(id, token.id, &delivery);
    let (of_token, of_company) = standings(&app, limits, now).await?;
    Ok(Page(TokenPage {
        chrome: admin.chrome(Tab::Companies),
        life: token.life(now),
        predecessor: all
            .iter()
            .find(|one| Some(one.id) == token.replaces)
            .cloned(),
        successor: token.successor(&all, now).cloned(),
        company,
        token,
        delivery,
        of_token,
        of_company,
        near,
        calls,
    }))
}

/// How the limit of the token and that of its company stand; `None` for no limit.
async fn standings(
    app: &App,
    limits: Limits,
    now: i64,
) -> Result<(Option<Standing>, Option<Standing>), PageError> {
    let of_token = Limits {
        per_company: 0,
        ..limits
    };
    let of_company = Limits {
        per_token: 0,
        ..limits
    };
    Ok((
        app.quota.standing(&app.db, of_token, now).await?,
        app.quota.standing(&app.db, of_company, now).await?,
    ))
}
