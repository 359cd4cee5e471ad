//! Admins: everybody who may sign in, who was invited, and the form that invites somebody.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::company_field::{self, CompanyField};
use super::labels::{self, Choice};
use super::sign_in::Nothing;
use super::{
    Chrome, Downloads, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, page, see_other,
};
use crate::admins::invitations::{self, Guest, Invitation};
use crate::admins::{Person, Role, people};
use crate::app::{self, App};
use crate::companies;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{AdminId, CompanyId};
use crate::language::Said;
use crate::staff;
use crate::time::{now, now_ms};

/// The admins.
#[derive(Template)]
#[template(path = "admins/admins.html")]
pub struct AdminsPage {
    chrome: Chrome,
    lines: Vec<Line>,
    invited: Vec<Invitation>,
    roles: Vec<Choice>,
    companies: CompanyField,
    wish: Wish,
    error: Option<Said>,
    /// The field that the error is about.
    wrong: &'static str,
}

/// A link, shown this once.
#[derive(Template)]
#[template(path = "admins/link.html")]
pub struct LinkPage {
    pub(super) chrome: Chrome,
    pub(super) email: String,
    pub(super) address: String,
    /// Whether it is for somebody who has no account yet.
    pub(super) is_new: bool,
}

/// Somebody, with the name of their company.
pub(super) struct Line {
    pub(super) person: Person,
    /// Hostile text.
    pub(super) company: Option<String>,
    /// When they were seen last in a session that lasts, UTC seconds.
    pub(super) seen: Option<i64>,
}

/// The fields of the form, as they were typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Wish {
    email: String,
    role: String,
    company: String,
}

/// `GET /admins`
pub async fn show_admins(
    admin: SignedIn,
    app: Data<App>,
) -> std::result::Result<Page<AdminsPage>, PageError> {
    Ok(Page(
        admins_page(&admin, &app, Wish::default(), None).await?,
    ))
}

/// `POST /admins`: makes a link for somebody new and shows it this once.
pub async fn invite_admin(
    app: Data<App>,
    request: HttpRequest,
    form: Submitted<Wish>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = form;
    let by = admin.session.email.clone();
    let (made, field) = match guest(&admin, &app, &form).await {
        Err(error) => (Err(error), field_of(&form.role)),
        Ok(guest) => {
            let invite = move |conn: &mut Conn| staff::invite(conn, &guest, &by, now_ms());
            (app.db.change(invite).await, "email")
        }
    };
    match made {
        Ok(text) => {
            let shown = LinkPage {
                chrome: admin.chrome(Tab::Admins),
                email: form.email,
                address: link(&request, &app, text.reveal()),
                is_new: true,
            };
            Ok(page::with_status(StatusCode::OK, &shown, &request))
        }
        Err(Error::Invalid(why)) => {
            let shown = admins_page(&admin, &app, form, Some((why, field))).await?;
            let refused = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(page::with_status(refused, &shown, &request))
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /admins/invitations/{invitation}/revoke`
pub async fn revoke_invitation(
    app: Data<App>,
    hash: Path<String>,
    form: Submitted<Nothing>,
) -> std::result::Result<HttpResponse, PageError> {
    let by = form.admin.session.email;
    let revoke = move |conn: &mut Conn| staff::revoke_invitation(conn, &hash, &by, now_ms());
    app.db.change(revoke).await?;
    Ok(see_other("/admins")
        .cookie(Flash::InvitationRevoked.cookie(&app))
        .finish())
}

/// The address that carries a link's text.
pub(super) fn link(request: &HttpRequest, app: &App, text: &str) -> String {
    format!("{}/invitation?token={text}", app::ours(request, app))
}

/// Everybody, by email.
pub(super) fn lines(conn: &mut Conn) -> Result<Vec<Line>> {
    let known = companies::store::list(conn)?.into_iter();
    let names: HashMap<CompanyId, String> = known
        .map(|(company, _)| (company.id, company.name))
        .collect();
    let mut seen: HashMap<AdminId, i64> = HashMap::new();
    for (admin, at) in people::seen(conn)? {
        let latest = seen.entry(admin).or_insert(at);
        *latest = at.max(*latest);
    }
    let line = |person: Person| Line {
        company: person.company_id.and_then(|id| names.get(&id).cloned()),
        seen: seen.get(&person.id).copied().filter(|at| *at > 0),
        person,
    };
    Ok(people::list(conn)?.into_iter().map(line).collect())
}

/// A role and a company as a form sends them.
pub(super) async fn role_and_company(
    admin: &SignedIn,
    app: &App,
    (role, company): (&str, &str),
) -> Result<(Role, Option<CompanyId>)> {
    let role = role
        .parse()
        .map_err(|_| Error::Invalid("choose a role".into()))?;
    if role != Role::CompanyManager {
        return Ok((role, None));
    }
    let company = company_field::number(admin, app, company).await?.parse();
    let company =
        company.map_err(|_| Error::Invalid("a company manager needs a company".into()))?;
    Ok((role, Some(company)))
}

/// The field that is wrong where a role and a company as they were sent are refused.
pub(super) fn field_of(role: &str) -> &'static str {
    match role.parse::<Role>() {
        Ok(_) => "company",
        Err(_) => "role",
    }
}

async fn guest(admin: &SignedIn, app: &App, wish: &Wish) -> Result<Guest> {
    let (role, company) = role_and_company(admin, app, (&wish.role, &wish.company)).await?;
    Ok(Guest {
        email: wish.email.clone(),
        role,
        company,
        admin: None,
    })
}

async fn admins_page(
    admin: &SignedIn,
    app: &App,
    wish: Wish,
    wrong: Option<(Said, &'static str)>,
) -> Result<AdminsPage> {
    let read = app.db.run(|conn| {
        let names = companies::store::names(conn, None)?;
        Ok((lines(conn)?, invitations::list(conn, now())?, names))
    });
    let (lines, invited, names) = read.await?;
    let (error, wrong) = wrong.unzip();
    Ok(AdminsPage {
        chrome: admin.chrome(Tab::Admins),
        lines,
        invited,
        roles: labels::choices(Role::ALL, wish.role.parse().ok()),
        companies: CompanyField::of(names, wish.company.parse().ok()).or_typed(&wish.company),
        wish,
        error,
        wrong: wrong.unwrap_or_default(),
    })
}
