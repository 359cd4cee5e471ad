//! What shapes rows where a company says nothing itself: the form of the defaults.

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

/// The defaults.
#[derive(Template)]
#[template(path = "settings/defaults.html")]
pub struct DefaultsPage {
    chrome: Chrome,
    changed: Option<(i64, String)>,
    fields: Fields,
    own_settings: Vec<(CompanyId, String)>,
}

/// `GET /settings/rows`
pub async fn show_defaults(
    admin: SignedIn,
    app: Data<App>,
) -> std::result::Result<Page<DefaultsPage>, PageError> {
    let own = app.db.run(|conn| store::own(conn, DEFAULTS)).await?;
    let typed = Typed::of(&own, false);
    Ok(Page(
        form_page(&admin, &app, typed, Mistakes::default()).await?,
    ))
}

/// The form with what was typed.
pub(super) async fn form_page(
    admin: &SignedIn,
    app: &App,
    typed: Typed,
    mistakes: Mistakes,
) -> std::result::Result<DefaultsPage, Error> {
    let read = app.db.run(|conn| {
        let mut own_settings = companies::store::names(conn, None)?;
        let own = store::all(conn)?;
        own_settings.retain(|(id, _)| own.get(id).is_some_and(|own| *own != Overrides::default()));
        Ok((store::last_change(conn, DEFAULTS)?, own_settings))
    });
    let (changed, own_settings) = read.await?;
    let reader = Some(admin.session.role);
    let offered = settings_lists::offered(app, None).await?;
    let offered = offered.map_err(|error| error_words::said_to(reader, &error));
    Ok(DefaultsPage {
        chrome: admin.chrome(Tab::Rows),
        changed,
        own_settings,
        fields: Fields {
            ticks: ticks(&typed, offered, Vec::new()),
            typed,
            mistakes,
            defaults: None,
        },
    })
}
