//! What shapes rows where a company says nothing itself: the form of the defaults.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::error_words;
use super::settings::Fields;
use super::settings_checked::Mistakes;
use super::settings_form::Typed;
use super::settings_lists::{self, ticks};
use super::{Chrome, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies;
use crate::error::Error;
use crate::ids::CompanyId;
use crate::settings::{DEFAULTS, Overrides, store};
use crate::sync;

/// The defaults.
#[derive(Template)]
#[template(path = "settings/defaults.html")]
pub struct DefaultsPage {
    chrome: Chrome,
    changed: Option<(i64, String)>,
    fields: Fields,
    /// Whether somebody else has saved the defaults since the form was made that was sent.
    is_outdated: bool,
    own_settings: Vec<(CompanyId, String)>,
}

/// The form as it shall be shown.
pub(super) struct Shown {
    typed: Typed,
    mistakes: Mistakes,
    is_outdated: bool,
}

impl Shown {
    /// With what is wrong with it, if anything is.
    pub(super) fn of(typed: Typed, mistakes: Mistakes) -> Self {
        Self {
            typed,
            mistakes,
            is_outdated: false,
        }
    }

    /// Where somebody else has saved the defaults since it was made.
    pub(super) fn outdated(typed: Typed) -> Self {
        Self {
            is_outdated: true,
            ..Self::of(typed, Mistakes::default())
        }
    }

    /// What it is answered with.
    pub(super) fn status(&self) -> StatusCode {
        match self.is_outdated {
            true => StatusCode::CONFLICT,
            false => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

/// `GET /settings/rows`
pub async fn show_defaults(
    admin: SignedIn,
    app: Data<App>,
) -> std::result::Result<Page<DefaultsPage>, PageError> {
    let read = app.db.run(|conn| {
        let own = store::own(conn, DEFAULTS)?;
        Ok((own, sync::settings::basis(conn, DEFAULTS)?))
    });
    let (own, basis) = read.await?;
    let typed = Typed {
        basis,
        ..Typed::of(&own, false)
    };
    let shown = Shown::of(typed, Mistakes::default());
    Ok(Page(form_page(&admin, &app, shown).await?))
}

/// The form with what was typed. One that is outdated, or does not say what it was made of, goes on from what is saved now.
pub(super) async fn form_page(
    admin: &SignedIn,
    app: &App,
    shown: Shown,
) -> std::result::Result<DefaultsPage, Error> {
    let Shown {
        mut typed,
        mistakes,
        is_outdated,
    } = shown;
    let read = app.db.run(|conn| {
        let mut own_settings = companies::store::names(conn, None)?;
        let own = store::all(conn)?;
        own_settings.retain(|(id, _)| own.get(id).is_some_and(|own| *own != Overrides::default()));
        let changed = store::last_change(conn, DEFAULTS)?;
        let basis = sync::settings::basis(conn, DEFAULTS)?;
        Ok((changed, own_settings, basis))
    });
    let (changed, own_settings, basis) = read.await?;
    if is_outdated || typed.basis.is_empty() {
        typed.basis = basis;
    }
    let reader = Some(admin.session.role);
    let offered = settings_lists::offered(app, None).await?;
    let offered = offered.map_err(|error| error_words::said_to(reader, &error));
    Ok(DefaultsPage {
        chrome: admin.chrome(Tab::Rows),
        changed,
        is_outdated,
        own_settings,
        fields: Fields {
            ticks: ticks(&typed, offered, Vec::new()),
            typed,
            mistakes,
            defaults: None,
        },
    })
}
