//! The first admin, made through the link that the server prints while there is none.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::{
    Chrome, Flash, Page, PageError, PublicForm, filters, page, see_other, sign_in, signed_in,
};
use crate::admins::{self, MIN_LENGTH, Reading, Visit, people, sessions};
use crate::app::App;
use crate::error::{Error, Result};
use crate::language::Said;
use crate::staff;
use crate::time::{now, now_ms};

/// The page that asks for the first admin's email and password.
#[derive(Template)]
#[template(path = "sessions/setup.html")]
pub struct SetupPage {
    chrome: Chrome,
    token: String,
    email: String,
    min_length: usize,
    error: Option<Said>,
}

/// The token of the link.
#[derive(Deserialize)]
pub struct Key {
    #[serde(default)]
    token: String,
}

/// The fields of the form.
#[derive(Deserialize)]
pub struct FirstAdmin {
    token: String,
    email: String,
    password: String,
    repeated: String,
}

/// `GET /setup?token=…`
pub async fn show_setup(
    request: HttpRequest,
    app: Data<App>,
    key: Query<Key>,
) -> std::result::Result<Page<SetupPage>, PageError> {
    check(&app, &key.token).await?;
    let Key { token } = key.into_inner();
    Ok(Page(SetupPage {
        chrome: Chrome::visitor(&request),
        token,
        email: String::new(),
        min_length: MIN_LENGTH,
        error: None,
    }))
}

/// `POST /setup`: makes the first admin and signs them in. From then on the link opens nothing.
pub async fn create_first_admin(
    request: HttpRequest,
    app: Data<App>,
    form: PublicForm<FirstAdmin>,
) -> std::result::Result<HttpResponse, PageError> {
    let form = form.0;
    check(&app, &form.token).await?;
    let visit = sign_in::visit(&request, &app);
    match create(&app, &form, visit, filters::reader_of(&request)).await {
        Ok(session) => Ok(see_other("/")
            .cookie(signed_in::begun(&app, session))
            .cookie(Flash::Welcome.cookie(&app))
            .finish()),
        Err(Error::Invalid(why)) => {
            let shown = SetupPage {
                chrome: Chrome::visitor(&request),
                token: form.token,
                email: form.email,
                min_length: MIN_LENGTH,
                error: Some(why),
            };
            Ok(page::with_status(
                StatusCode::UNPROCESSABLE_ENTITY,
                &shown,
                &request,
            ))
        }
        Err(other) => Err(other.into()),
    }
}

async fn check(app: &App, token: &str) -> Result<()> {
    let used = app.db.run(admins::store::any).await?;
    if app.setup.opens(token) && !used {
        Ok(())
    } else {
        Err(Error::NotFound("this setup link"))
    }
}

async fn create(app: &App, form: &FirstAdmin, visit: Visit, reading: Reading) -> Result<String> {
    if form.password != form.repeated {
        let differ = Said::new("The two passwords differ.");
        return Err(Error::Invalid(differ));
    }
    let (email, password) = (form.email.clone(), form.password.clone());
    let begun = app.db.change(move |conn| {
        let admin = staff::create_first(conn, &email, &password, now_ms())?;
        people::set_reading(conn, admin, reading)?;
        let session = sessions::start(conn, admin, &visit, now())?;
        let email = people::get(conn, admin)?.email;
        staff::arrivals::signed_in(conn, &email, &visit.address, now_ms())?;
        Ok(session)
    });
    begun.await
}
