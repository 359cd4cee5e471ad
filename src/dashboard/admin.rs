//! One admin: role, whether they may sign in, their password, and their account as a whole.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::account::Ending;
use super::admins::{Line, LinkPage, field_of, lines, link, role_and_company};
use super::company_field::CompanyField;
use super::labels::{self, Choice};
use super::sign_in::Nothing;
use super::{Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, page, see_other};
use crate::admins::sessions::{self, Open};
use crate::admins::{Role, people};
use crate::app::App;
use crate::companies;
use crate::db::Conn;
use crate::error::{Error, OrNotFound as _, Result};
use crate::ids::AdminId;
use crate::language::Said;
use crate::staff;
use crate::staff::arrivals::{self, Which};
use crate::time::{now, now_ms};

type Answer = std::result::Result<HttpResponse, PageError>;

/// An admin.
#[derive(Template)]
#[template(path = "admins/admin.html")]
pub struct AdminPage {
    chrome: Chrome,
    line: Line,
    roles: Vec<Choice>,
    companies: CompanyField,
    /// Whether it is the reader.
    is_me: bool,
    sessions: Vec<Open>,
    /// The session that the page is read in.
    this: String,
    /// What is wrong with the role that was sent.
    error: Option<Said>,
    /// The field that it is about.
    wrong: &'static str,
}

/// The role that somebody gets.
#[derive(Deserialize)]
pub struct Change {
    role: String,
    #[serde(default)]
    company: String,
}

/// `GET /admins/{admin}`
pub async fn show_admin(
    admin: SignedIn,
    app: Data<App>,
    id: Path<AdminId>,
) -> std::result::Result<Page<AdminPage>, PageError> {
    Ok(Page(admin_page(&admin, &app, id.into_inner(), None).await?))
}

/// `POST /admins/{admin}/role`: what cannot be understood comes back with the reason.
pub async fn change_role(
    app: Data<App>,
    request: HttpRequest,
    id: Path<AdminId>,
    form: Submitted<Change>,
) -> Answer {
    let (id, Submitted { admin, form }) = (id.into_inner(), form);
    let wanted = match role_and_company(&admin, &app, (&form.role, &form.company)).await {
        Ok(wanted) => wanted,
        Err(Error::Invalid(why)) => {
            let shown = admin_page(&admin, &app, id, Some((form, why))).await?;
            let refused = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(page::with_status(refused, &shown, &request));
        }
        Err(other) => return Err(other.into()),
    };
    let by = admin.session.email;
    let work = move |conn: &mut Conn, id| staff::change_role(conn, id, wanted, &by, now_ms());
    changed(&app, id, work).await
}

/// `POST /admins/{admin}/sessions`: ends one of the account's sessions, or all of them but the reader's own.
pub async fn end_sessions(app: Data<App>, id: Path<AdminId>, form: Submitted<Ending>) -> Answer {
    let Submitted { admin, form } = form;
    let (id, session) = (id.into_inner(), admin.session);
    let end = move |conn: &mut Conn| {
        let which = match form.session.as_str() {
            "all" => Which::AllBut(Some(&session.hash)),
            one => Which::One(one),
        };
        let email = people::get(conn, id)?.email;
        arrivals::end_sessions(conn, (id, &email), which, &session.email, now_ms())
    };
    let ended = app.db.change(end).await?;
    Ok(see_other(&format!("/admins/{id}"))
        .cookie(Flash::SessionsEnded(ended).cookie(&app))
        .finish())
}

/// `POST /admins/{admin}/disable`
pub async fn disable_admin(app: Data<App>, id: Path<AdminId>, form: Submitted<Nothing>) -> Answer {
    let by = form.admin.session.email;
    let work = move |conn: &mut Conn, id| staff::set_disabled(conn, id, true, &by, now_ms());
    changed(&app, id.into_inner(), work).await
}

/// `POST /admins/{admin}/enable`
pub async fn enable_admin(app: Data<App>, id: Path<AdminId>, form: Submitted<Nothing>) -> Answer {
    let by = form.admin.session.email;
    let work = move |conn: &mut Conn, id| staff::set_disabled(conn, id, false, &by, now_ms());
    changed(&app, id.into_inner(), work).await
}

/// `POST /admins/{admin}/password`: makes a link for another password and shows it this once.
pub async fn make_password_link(
    app: Data<App>,
    request: HttpRequest,
    id: Path<AdminId>,
    form: Submitted<Nothing>,
) -> Answer {
    let (id, by) = (id.into_inner(), form.admin.session.email.clone());
    let make = move |conn: &mut Conn| {
        let email = people::get(conn, id)?.email;
        Ok((email, staff::reset_password(conn, id, &by, now_ms())?))
    };
    let (email, text) = app.db.change(make).await?;
    let shown = LinkPage {
        chrome: form.admin.chrome(Tab::Admins),
        email,
        address: link(&request, &app, text.reveal()),
        is_new: false,
    };
    Ok(page::with_status(StatusCode::OK, &shown, &request))
}

/// `POST /admins/{admin}/remove`
pub async fn remove_admin(app: Data<App>, id: Path<AdminId>, form: Submitted<Nothing>) -> Answer {
    let (id, by) = (id.into_inner(), form.admin.session.email);
    let remove = move |conn: &mut Conn| staff::remove(conn, id, &by, now_ms());
    app.db.change(remove).await?;
    Ok(see_other("/admins")
        .cookie(Flash::AdminRemoved.cookie(&app))
        .finish())
}

/// The page of an account, with the role that was sent and what is wrong with it, if that is why it is shown.
async fn admin_page(
    admin: &SignedIn,
    app: &App,
    id: AdminId,
    wrong: Option<(Change, Said)>,
) -> Result<AdminPage> {
    let read = app.db.run(move |conn| {
        let all = lines(conn)?.into_iter();
        let line = all.into_iter().find(|line| line.person.id == id);
        let names = companies::store::names(conn, None)?;
        let line = line.or_not_found("the admin")?;
        Ok((line, names, sessions::of_admin(conn, id, now())?))
    });
    let (line, names, sessions) = read.await?;
    let (role, companies) = match &wrong {
        None => {
            let company = line.person.company_id;
            (Some(line.person.role), CompanyField::of(names, company))
        }
        Some((sent, _)) => {
            let field = CompanyField::of(names, sent.company.parse().ok());
            (sent.role.parse().ok(), field.or_typed(&sent.company))
        }
    };
    Ok(AdminPage {
        chrome: admin.chrome(Tab::Admins),
        roles: labels::choices(Role::ALL, role),
        companies,
        is_me: admin.session.admin == id,
        sessions,
        this: admin.session.hash.clone(),
        line,
        wrong: wrong.as_ref().map_or("", |(sent, _)| field_of(&sent.role)),
        error: wrong.map(|(_, why)| why),
    })
}

async fn changed(
    app: &Data<App>,
    id: AdminId,
    work: impl Fn(&mut Conn, AdminId) -> Result<()> + Send + 'static,
) -> Answer {
    app.db.change(move |conn| work(conn, id)).await?;
    Ok(see_other(&format!("/admins/{id}"))
        .cookie(Flash::AdminChanged.cookie(app))
        .finish())
}
