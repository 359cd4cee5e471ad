//! Erasing a person: what is stored, the erasure itself, its proof, and its end.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::sign_in::Nothing;
use super::{
    Chrome, Downloads, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, page, see_other,
};
use crate::app::App;
use crate::companies::Company;
use crate::db::{Kind, off_thread};
use crate::error::OrNotFound;
use crate::ids::UserId;
use crate::sync::erase::{self, Erasure};
use crate::sync::stored::{self, InCompany};
use crate::sync::traces::{self, Searched};
use crate::time::now_ms;

/// What is stored of a person, and what erasing does.
#[derive(Template)]
#[template(path = "people/erase.html")]
pub struct ErasePage {
    chrome: Chrome,
    user: UserId,
    places: Vec<InCompany>,
}

/// The proof.
#[derive(Template)]
#[template(path = "people/erasure.html")]
pub struct ErasurePage {
    chrome: Chrome,
    erasure: Erasure,
    searched: Vec<Searched>,
    companies: Vec<Company>,
    /// Whether the store is PostgreSQL, which forgets later.
    on_postgres: bool,
}

impl ErasurePage {
    /// How many rows of the store still say more than the person's id.
    fn left(&self) -> i64 {
        self.searched.iter().filter_map(|table| table.telling).sum()
    }
}

/// `GET /people/{user}/erase`; who is erased already is shown the proof.
pub async fn show_erase(
    admin: SignedIn,
    app: Data<App>,
    user: Path<UserId>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let user = user.into_inner();
    erase::check(user)?;
    let read = app
        .db
        .run(move |conn| Ok((erase::find(conn, user)?, stored::of_person(conn, user)?)));
    let (erasure, places) = read.await?;
    if erasure.is_some() {
        return Ok(see_other(&format!("/people/{user}/erasure")).finish());
    }
    let page = ErasePage {
        chrome: admin.chrome(Tab::Companies),
        user,
        places,
    };
    Ok(page::with_status(StatusCode::OK, &page, &request))
}

/// `POST /people/{user}/erase`
pub async fn erase_person(
    app: Data<App>,
    user: Path<UserId>,
    form: Submitted<Nothing>,
) -> Result<HttpResponse, PageError> {
    let (user, by) = (user.into_inner(), form.admin.session.email);
    let shared = app.clone();
    off_thread(move || erase::erase(&shared, user, &by, now_ms())).await?;
    Ok(see_other(&format!("/people/{user}/erasure"))
        .cookie(Flash::Erased.cookie(&app))
        .finish())
}

/// `GET /people/{user}/erasure`: the search is made anew for each look.
pub async fn show_erasure(
    admin: SignedIn,
    app: Data<App>,
    user: Path<UserId>,
) -> Result<Page<ErasurePage>, PageError> {
    let user = user.into_inner();
    let read = app.db.run(move |conn| {
        let erasure = erase::find(conn, user)?.or_not_found("the erasure")?;
        let searched = traces::search(conn, user)?;
        Ok((erasure, searched, stored::of_person(conn, user)?))
    });
    let (erasure, searched, places) = read.await?;
    Ok(Page(ErasurePage {
        chrome: admin.chrome(Tab::Companies),
        erasure,
        searched,
        companies: places.into_iter().map(|place| place.company).collect(),
        on_postgres: app.db.kind() == Kind::Postgres,
    }))
}

/// `POST /people/{user}/erasure/lift`
pub async fn lift_erasure(
    app: Data<App>,
    user: Path<UserId>,
    form: Submitted<Nothing>,
) -> Result<HttpResponse, PageError> {
    let (user, by) = (user.into_inner(), form.admin.session.email);
    app.db
        .change(move |conn| erase::lift(conn, user, &by, now_ms()))
        .await?;
    Ok(see_other("/")
        .cookie(Flash::ErasureLifted.cookie(&app))
        .finish())
}
