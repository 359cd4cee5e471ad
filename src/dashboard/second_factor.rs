//! One's own second factor: set up, its recovery codes, turned off.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::qr::Qr;
use super::{
    Chrome, Flash, PageError, SignedIn, Submitted, Tab, filters, gate, page, see_other, sign_in,
};
use crate::admins::{Tried, second_factor};
use crate::app::App;
use crate::language::Said;
use crate::staff::second_factor::{self as staff, Offer, Typed};
use crate::time::now;

type Answer = Result<HttpResponse, PageError>;

/// Which of them it was is not said.
const WRONG: &str = "The password or the code is wrong, or the code was used already.";

/// Where it is on or off.
#[derive(Template)]
#[template(path = "account/second_factor.html")]
pub struct SecondFactorPage {
    chrome: Chrome,
    /// How many recovery codes are left; `None` while it is off.
    left: Option<usize>,
    /// Whether nothing else opens before it is on.
    needed: bool,
    error: Option<Said>,
}

/// A set-up that waits for its first code.
#[derive(Template)]
#[template(path = "account/second_factor_set_up.html")]
pub struct SetUpPage {
    chrome: Chrome,
    qr: Qr,
    /// The secret, in groups of four.
    groups: Vec<String>,
    sealed: String,
    error: Option<Said>,
}

/// Recovery codes, shown this once.
#[derive(Template)]
#[template(path = "account/recovery_codes.html")]
pub struct CodesPage {
    chrome: Chrome,
    codes: Vec<String>,
    /// All of them as the address of a file.
    file: String,
}

/// The password.
#[derive(Deserialize)]
pub struct Password {
    password: String,
}

/// The first code of a set-up.
#[derive(Deserialize)]
pub struct FirstCode {
    sealed: String,
    code: String,
}

/// The password and a code.
#[derive(Deserialize)]
pub struct Proof {
    password: String,
    code: String,
}

/// `GET /account/second-factor`
pub async fn show_second_factor(admin: SignedIn, app: Data<App>, request: HttpRequest) -> Answer {
    let shown = factor_page(&admin, &app, None).await?;
    Ok(page::with_status(StatusCode::OK, &shown, &request))
}

/// `POST /account/second-factor`: shows a new secret where the password is right. Nothing is on yet.
pub async fn begin_set_up(
    app: Data<App>,
    request: HttpRequest,
    form: Submitted<Password>,
) -> Answer {
    let Submitted { admin, form } = form;
    let address = sign_in::visit(&request, &app).address;
    match staff::begin(&app, &admin.session, form.password, &address).await? {
        Tried::Right(offer) => {
            let shown = set_up_page(&admin, offer, None)?;
            Ok(page::with_status(StatusCode::OK, &shown, &request))
        }
        other => {
            let wrong = "The password is wrong.";
            refused(&admin, &app, &request, (other.map(|_| ()), wrong)).await
        }
    }
}

/// `POST /account/second-factor/confirm`: turns it on where the app shows the right code.
pub async fn turn_on(app: Data<App>, request: HttpRequest, form: Submitted<FirstCode>) -> Answer {
    let Submitted { admin, form } = form;
    let Some(offer) = staff::open(&app, &admin.session, form.sealed)? else {
        let error = Said::new("This set-up took too long. Begin again.");
        let shown = factor_page(&admin, &app, Some(error)).await?;
        let refused = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(page::with_status(refused, &shown, &request));
    };
    match staff::turn_on(&app, &admin.session, &offer, &form.code).await? {
        Some(codes) => Ok(codes_page(&admin, codes, &request)),
        None => {
            let error = "This is not the code of this moment. Is the clock of your phone right?";
            let shown = set_up_page(&admin, offer, Some(Said::new(error)))?;
            let refused = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(page::with_status(refused, &shown, &request))
        }
    }
}

/// `POST /account/second-factor/codes`: new recovery codes; the old ones open nothing any more.
pub async fn renew_codes(app: Data<App>, request: HttpRequest, form: Submitted<Proof>) -> Answer {
    let Submitted { admin, form } = form;
    let address = sign_in::visit(&request, &app).address;
    match staff::renew_codes(&app, &admin.session, form.typed(), &address).await? {
        Tried::Right(codes) => Ok(codes_page(&admin, codes, &request)),
        other => refused(&admin, &app, &request, (other.map(|_| ()), WRONG)).await,
    }
}

/// `POST /account/second-factor/off`
pub async fn turn_off(app: Data<App>, request: HttpRequest, form: Submitted<Proof>) -> Answer {
    let Submitted { admin, form } = form;
    let address = sign_in::visit(&request, &app).address;
    match staff::turn_off(&app, &admin.session, form.typed(), &address).await? {
        Tried::Right(()) => Ok(see_other("/account/second-factor")
            .cookie(Flash::SecondFactorOff.cookie(&app))
            .finish()),
        other => refused(&admin, &app, &request, (other, WRONG)).await,
    }
}

impl Proof {
    fn typed(self) -> Typed {
        Typed {
            password: self.password,
            code: self.code,
        }
    }
}

/// The page again, with what is wrong.
async fn refused(
    admin: &SignedIn,
    app: &App,
    request: &HttpRequest,
    (tried, wrong): (Tried<()>, &'static str),
) -> Answer {
    let (status, error, until) = match tried {
        Tried::Wait(until) => (
            StatusCode::TOO_MANY_REQUESTS,
            sign_in::wait(until),
            Some(until),
        ),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, Said::new(wrong), None),
    };
    let shown = factor_page(admin, app, Some(error)).await?;
    let mut response = page::with_status(status, &shown, request);
    if let Some(until) = until {
        let seconds = (until - now()).max(1);
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

async fn factor_page(
    admin: &SignedIn,
    app: &App,
    error: Option<Said>,
) -> Result<SecondFactorPage, PageError> {
    let id = admin.session.admin;
    let read = app
        .db
        .run(move |conn| second_factor::codes_left(conn, id))
        .await?;
    Ok(SecondFactorPage {
        chrome: admin.chrome(Tab::None),
        left: read,
        needed: read.is_none() && gate::needs_second_factor(app, admin.session.role).await?,
        error,
    })
}

fn set_up_page(
    admin: &SignedIn,
    offer: Offer,
    error: Option<Said>,
) -> Result<SetUpPage, PageError> {
    let text: Vec<char> = offer.shared.text().chars().collect();
    let group = |letters: &[char]| letters.iter().collect::<String>();
    Ok(SetUpPage {
        chrome: admin.chrome(Tab::None),
        qr: Qr::of(&offer.shared.address(&admin.session.email))?,
        groups: text.chunks(4).map(group).collect(),
        sealed: offer.sealed,
        error,
    })
}

fn codes_page(admin: &SignedIn, codes: Vec<String>, request: &HttpRequest) -> HttpResponse {
    let text = codes.join("\r\n") + "\r\n";
    let file = utf8_percent_encode(&text, NON_ALPHANUMERIC);
    let shown = CodesPage {
        chrome: admin.chrome(Tab::None),
        file: format!("data:text/plain;charset=utf-8,{file}"),
        codes,
    };
    page::with_status(StatusCode::OK, &shown, request)
}
