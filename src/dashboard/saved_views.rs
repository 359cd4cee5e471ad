//! Saved views of a company's progress: an admin's own, kept under names, renamed and deleted.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::company_nav::Part;
use super::progress_view::View;
use super::sign_in::Nothing;
use super::{Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, page, see_other};
use crate::admins::views::{self, LONGEST, MOST, SavedView};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::companies::{self, Company};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, ViewId};
use crate::language::Said;
use crate::time::{now, now_ms};

/// An admin's views of a company.
#[derive(Template)]
#[template(path = "companies/views.html")]
pub struct ViewsPage {
    chrome: Chrome,
    company: Company,
    views: Vec<SavedView>,
    /// A form that was not accepted.
    wrong: Option<Wrong>,
}

/// What was typed, and what is wrong with it.
struct Wrong {
    /// The view that was to be renamed; `None` for a new one.
    view: Option<ViewId>,
    name: String,
    query: String,
    why: Said,
}

impl ViewsPage {
    /// What stands in the field of a view's name.
    fn name_of<'a>(&'a self, view: &'a SavedView) -> &'a str {
        self.wrong_of(view).map_or(&view.name, |wrong| &wrong.name)
    }

    fn wrong_of(&self, view: &SavedView) -> Option<&Wrong> {
        self.wrong
            .as_ref()
            .filter(|wrong| wrong.view == Some(view.id))
    }

    /// A new view that was not accepted.
    fn wrong_of_new(&self) -> Option<&Wrong> {
        self.wrong.as_ref().filter(|wrong| wrong.view.is_none())
    }
}

/// A new view.
#[derive(Deserialize)]
pub struct NewView {
    #[serde(default)]
    name: String,
    #[serde(default)]
    query: String,
}

/// Another name.
#[derive(Deserialize)]
pub struct NewName {
    #[serde(default)]
    name: String,
}

/// `GET /companies/{company}/views`
pub async fn show_views(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
) -> std::result::Result<Page<ViewsPage>, PageError> {
    Ok(Page(
        views_page(&admin, &app, company.into_inner(), None).await?,
    ))
}

/// `POST /companies/{company}/views`: keeps a query of the progress page, after it was understood.
pub async fn save_view(
    app: Data<App>,
    company: Path<CompanyId>,
    request: HttpRequest,
    submitted: Submitted<NewView>,
) -> std::result::Result<HttpResponse, PageError> {
    let (company, Submitted { admin, form }) = (company.into_inner(), submitted);
    let query = understood(&form.query, &admin)?;
    let (whose, by) = ((admin.session.admin, company), admin.session.email.clone());
    let saved = match views::checked_name(&form.name) {
        Err(why) => Err(Error::Conflict(why)),
        Ok(name) => {
            let query = query.clone();
            let save = move |conn: &mut _| {
                companies::store::get(conn, company)?;
                let view = views::save(conn, whose, &name, &query, now())?;
                note(conn, &by, (company, view), "view_saved")
            };
            app.db.change(save).await
        }
    };
    let wrong = |why| Wrong {
        view: None,
        name: form.name,
        query,
        why,
    };
    let page = (&admin, &**app, company);
    answer(page, &request, (saved, Flash::ViewSaved), wrong).await
}

/// `POST /companies/{company}/views/{view}`: gives a view another name.
pub async fn rename_view(
    app: Data<App>,
    path: Path<(CompanyId, ViewId)>,
    request: HttpRequest,
    submitted: Submitted<NewName>,
) -> std::result::Result<HttpResponse, PageError> {
    let ((company, view), Submitted { admin, form }) = (path.into_inner(), submitted);
    let (whose, by) = ((admin.session.admin, company), admin.session.email.clone());
    let renamed = match views::checked_name(&form.name) {
        Err(why) => Err(Error::Conflict(why)),
        Ok(name) => {
            let rename = move |conn: &mut _| {
                views::rename(conn, whose, view, &name)?;
                note(conn, &by, (company, view), "view_renamed")
            };
            app.db.change(rename).await
        }
    };
    let wrong = |why| Wrong {
        view: Some(view),
        name: form.name,
        query: String::new(),
        why,
    };
    let page = (&admin, &**app, company);
    answer(page, &request, (renamed, Flash::ViewRenamed), wrong).await
}

/// `POST /companies/{company}/views/{view}/delete`
pub async fn delete_view(
    app: Data<App>,
    path: Path<(CompanyId, ViewId)>,
    submitted: Submitted<Nothing>,
) -> std::result::Result<HttpResponse, PageError> {
    let (company, view) = path.into_inner();
    let session = submitted.admin.session;
    let remove = move |conn: &mut _| {
        views::remove(conn, (session.admin, company), view)?;
        note(conn, &session.email, (company, view), "view_deleted")
    };
    app.db.change(remove).await?;
    Ok(back(&app, company, Flash::ViewDeleted))
}

/// What somebody did to a view of theirs, in the audit log: its number only, for its name may be that of a person.
fn note(
    conn: &mut Conn,
    by: &str,
    (company, view): (CompanyId, ViewId),
    action: &'static str,
) -> Result<()> {
    let entry = Entry {
        actor: by,
        company: Some(company),
        action,
        subject: &view.to_string(),
        before: None,
        after: None,
    };
    audit::record(conn, &entry, now_ms())
}

/// The list again: with what was done, or with what was wrong.
async fn answer(
    (admin, app, company): (&SignedIn, &App, CompanyId),
    request: &HttpRequest,
    (done, flash): (Result<()>, Flash),
    wrong: impl FnOnce(Said) -> Wrong,
) -> std::result::Result<HttpResponse, PageError> {
    match done {
        Ok(()) => Ok(back(app, company, flash)),
        Err(Error::Conflict(why)) => {
            let again = views_page(admin, app, company, Some(wrong(why))).await?;
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(page::with_status(status, &again, request))
        }
        Err(error) => Err(error.into()),
    }
}

/// A query as the progress page writes it; fails for one that it could not read.
fn understood(query: &str, admin: &SignedIn) -> std::result::Result<String, PageError> {
    let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
    let view = View::read(pairs.collect())?;
    view.filter(admin.session.reading.zone)?;
    view.order()?;
    let query = view.query();
    if query.len() > 2000 {
        let why = Said::new("this view is too long to be saved: search for less");
        return Err(PageError::BadRequest(why));
    }
    Ok(query)
}

fn back(app: &App, company: CompanyId, flash: Flash) -> HttpResponse {
    see_other(&format!("/companies/{company}/views"))
        .cookie(flash.cookie(app))
        .finish()
}

async fn views_page(
    admin: &SignedIn,
    app: &App,
    company: CompanyId,
    wrong: Option<Wrong>,
) -> Result<ViewsPage> {
    let owner = admin.session.admin;
    let read = app.db.run(move |conn| {
        let (company, _) = companies::store::get(conn, company)?;
        let views = views::list(conn, owner, company.id)?;
        Ok((company, views))
    });
    let (company, views) = read.await?;
    Ok(ViewsPage {
        chrome: admin.chrome(Tab::Companies),
        company,
        views,
        wrong,
    })
}
