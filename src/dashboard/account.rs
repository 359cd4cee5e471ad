//! One's own account: how pages look, the password, and where one is signed in.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono_tz::{TZ_VARIANTS, Tz};
use serde::Deserialize;

use super::labels::{self, Choice, Label as _};
use super::{
    Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, page, see_other, sign_in,
};
use crate::admins::sessions::{self, Open};
use crate::admins::{self, MIN_LENGTH, Reading, Theme, Tried, second_factor};
use crate::app::App;
use crate::db::{Conn, off_thread};
use crate::error::{Error, Result};
use crate::language::Language;
use crate::language::Said;
use crate::staff::arrivals::{self, Which};
use crate::staff::{self, proof};
use crate::time::{now, now_ms};

type Answer = std::result::Result<HttpResponse, PageError>;

/// The account.
#[derive(Template)]
#[template(path = "account/account.html")]
pub struct AccountPage {
    chrome: Chrome,
    email: String,
    role: &'static str,
    zones: Vec<Choice>,
    languages: Vec<Choice>,
    themes: Vec<Choice>,
    sessions: Vec<Open>,
    /// The session that the page is read in.
    this: String,
    min_length: usize,
    /// Recovery codes that are left; `None` without a second factor.
    codes_left: Option<usize>,
    /// What is wrong with the password's form.
    wrong: Option<Wrong>,
}

/// A field with what is wrong with it.
type Wrong = (&'static str, Said);

impl AccountPage {
    /// Whether a field of the password's form is the wrong one.
    fn is_wrong(&self, field: &str) -> bool {
        self.wrong
            .as_ref()
            .is_some_and(|(wrong, _)| *wrong == field)
    }
}

/// How pages shall look.
#[derive(Deserialize)]
pub struct Preferences {
    zone: String,
    language: String,
    theme: String,
}

/// The fields of the password's form.
#[derive(Deserialize)]
pub struct NewPassword {
    old: String,
    password: String,
    repeated: String,
}

/// Which sessions shall end.
#[derive(Deserialize)]
pub struct Ending {
    /// The name of one, or `others`.
    pub(super) session: String,
}

/// `GET /account`
pub async fn show_account(
    admin: SignedIn,
    app: Data<App>,
) -> std::result::Result<Page<AccountPage>, PageError> {
    Ok(Page(account_page(&admin, &app, None).await?))
}

/// `POST /account/preferences`
pub async fn save_preferences(app: Data<App>, form: Submitted<Preferences>) -> Answer {
    let Submitted { admin, form } = form;
    let reading = Reading {
        zone: form
            .zone
            .parse::<Tz>()
            .map_err(|_| Error::Invalid("there is no such time zone".into()))?,
        language: form
            .language
            .parse()
            .map_err(|_| Error::Invalid("there is no such language".into()))?,
        theme: form
            .theme
            .parse()
            .map_err(|_| Error::Invalid("there is no such theme".into()))?,
    };
    let session = admin.session;
    app.db
        .change(move |conn| staff::set_reading(conn, &session, reading, now_ms()))
        .await?;
    Ok(done(&app, Flash::PreferencesSaved))
}

/// `POST /account/password`: needs the old one; every other session ends.
pub async fn change_password(
    app: Data<App>,
    request: HttpRequest,
    form: Submitted<NewPassword>,
) -> Answer {
    let Submitted { admin, form } = form;
    let address = sign_in::visit(&request, &app).address;
    let Err(refused) = set_password(&app, &admin, form, &address).await? else {
        return Ok(done(&app, Flash::PasswordChanged));
    };
    let status = match refused.until {
        Some(_) => StatusCode::TOO_MANY_REQUESTS,
        None => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let shown = account_page(&admin, &app, Some(refused.wrong)).await?;
    let mut response = page::with_status(status, &shown, &request);
    if let Some(until) = refused.until {
        let seconds = (until - now()).max(1);
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// `POST /account/sessions`: ends one of the reader's other sessions, or all of them.
pub async fn end_sessions(app: Data<App>, form: Submitted<Ending>) -> Answer {
    let Submitted { admin, form } = form;
    let (id, this, email) = (admin.session.admin, admin.session.hash, admin.session.email);
    let ended = app.db.change(move |conn| {
        let which = match form.session.as_str() {
            "others" => Which::AllBut(Some(&this)),
            one => Which::One(one),
        };
        arrivals::end_sessions(conn, (id, &email), which, &email, now_ms())
    });
    let ended = ended.await?;
    Ok(done(&app, Flash::SessionsEnded(ended)))
}

fn done(app: &App, flash: Flash) -> HttpResponse {
    see_other("/account").cookie(flash.cookie(app)).finish()
}

/// Why a password was not changed.
struct Refused {
    wrong: Wrong,
    /// When it may be tried again, UTC seconds, where that was too often.
    until: Option<i64>,
}

impl Refused {
    fn at(field: &'static str, why: Said) -> Self {
        Self {
            wrong: (field, why),
            until: None,
        }
    }

    /// The old password was wrong, or was wrong too often.
    fn old<T>(tried: &Tried<T>) -> Self {
        match tried {
            Tried::Wait(until) => Self {
                wrong: ("old", sign_in::wait(*until)),
                until: Some(*until),
            },
            _ => Self::at("old", Said::new("the old password is wrong")),
        }
    }
}

/// Sets another password, or says what is wrong with what was typed.
async fn set_password(
    app: &App,
    admin: &SignedIn,
    form: NewPassword,
    address: &str,
) -> Result<std::result::Result<(), Refused>> {
    if form.password != form.repeated {
        let why = Said::new("the two new passwords differ");
        return Ok(Err(Refused::at("repeated", why)));
    }
    match admins::check_length(&form.password) {
        Err(Error::Invalid(why)) => return Ok(Err(Refused::at("password", why))),
        checked => checked?,
    }
    let asked = (&admin.session, address);
    let checked = match proof::prove(app, asked, form.old).await? {
        Tried::Right(checked) => checked,
        other => return Ok(Err(Refused::old(&other))),
    };
    let hash = off_thread(move || admins::hash(&form.password)).await?;
    let session = admin.session.clone();
    let set = move |conn: &mut Conn| {
        let how = (hash.as_str(), Some(session.hash.as_str()));
        staff::set_password(conn, session.admin, how, &session.email, now_ms()).map(Some)
    };
    Ok(match proof::once_proved(app, asked, checked, set).await? {
        Tried::Right(()) => Ok(()),
        other => Err(Refused::old(&other)),
    })
}

async fn account_page(admin: &SignedIn, app: &App, wrong: Option<Wrong>) -> Result<AccountPage> {
    let id = admin.session.admin;
    let read = app.db.run(move |conn| {
        let sessions = sessions::of_admin(conn, id, now())?;
        Ok((sessions, second_factor::codes_left(conn, id)?))
    });
    let (sessions, codes_left) = read.await?;
    let reading = admin.session.reading;
    let zone = |zone: &Tz| Choice {
        value: zone.name().into(),
        label: zone.name().into(),
        selected: *zone == reading.zone,
    };
    let language = |language: &Language| Choice {
        value: language.to_string(),
        label: language.name().into(),
        selected: *language == reading.language,
    };
    Ok(AccountPage {
        sessions,
        codes_left,
        chrome: admin.chrome(Tab::None),
        email: admin.session.email.clone(),
        role: admin.session.role.label(),
        zones: TZ_VARIANTS.iter().map(zone).collect(),
        languages: Language::ALL.iter().map(language).collect(),
        themes: labels::choices(Theme::ALL, Some(reading.theme)),
        this: admin.session.hash.clone(),
        min_length: MIN_LENGTH,
        wrong,
    })
}
