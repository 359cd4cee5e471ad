//! Settings of the site: what an admin sets here, and what the operator set when the server was started.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::labels::Label as _;
use super::meanwhile::{self, Otherwise};
use super::rights;
use super::{
    Chrome, Flash, PageError, SignedIn, Submitted, Tab, filters, page, see_other, site_confirm,
    site_fixed,
};
use crate::app::App;
use crate::config::{Listed, Origin};
use crate::db::Conn;
use crate::error::Result;
use crate::language::Said;
use crate::settings::keeping::Configured;
use crate::settings::site::{self, Group, Kind, Setting, Site};
use crate::site as change;
use crate::time::now_ms;

/// The settings.
#[derive(Template)]
#[template(path = "site/settings.html")]
pub struct SettingsPage {
    chrome: Chrome,
    fields: Vec<Line>,
    sign_in: Vec<Line>,
    syncs: Vec<Line>,
    listed: Vec<Listed>,
    may_change: bool,
    changed: Option<(i64, String)>,
    error: Option<Said>,
    /// What somebody else has saved since the form was opened.
    otherwise: Vec<Otherwise>,
}

impl SettingsPage {
    /// What is kept without a setting, and for how long.
    fn fixed(&self) -> Vec<(&'static str, Said)> {
        site_fixed::lines()
    }
}

/// A setting of the page.
struct Line {
    setting: Setting,
    label: &'static str,
    help: &'static str,
    /// The words of a choice; empty for a number.
    words: &'static [&'static str],
    unit: &'static str,
    least: i64,
    most: i64,
    default: i64,
    value: String,
    /// What the store had when the form was made that was sent; else what it has.
    seen: String,
    wrong: Option<Said>,
    /// Where the operator set it, which wins.
    fixed: Option<Origin>,
    variable: String,
}

/// The fields of the form, as they were typed.
pub(super) type Fields = BTreeMap<String, String>;

/// `GET /settings`
pub async fn show_settings(
    admin: SignedIn,
    app: Data<App>,
    request: HttpRequest,
) -> std::result::Result<HttpResponse, PageError> {
    let page = settings_page(&admin, &app, &Fields::new(), None, Vec::new()).await?;
    Ok(page::with_status(StatusCode::OK, &page, &request))
}

/// `POST /settings`: saves what can be set here, all or nothing. Where less would be kept than now, a page says first what
/// goes, and nothing is saved yet.
pub async fn save_settings(
    app: Data<App>,
    request: HttpRequest,
    form: Submitted<Fields>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = form;
    let here = editable(Configured::of(&app.config));
    let wanted = typed(&here, &form);
    if wanted
        .iter()
        .any(|(one, typed)| one.checked(typed).is_err())
    {
        let why = Said::new("Nothing was saved: correct what is marked.");
        let page = settings_page(&admin, &app, &form, Some(why), Vec::new()).await?;
        return Ok(page::with_status(
            StatusCode::UNPROCESSABLE_ENTITY,
            &page,
            &request,
        ));
    }
    let is_confirmed = form.contains_key(site_confirm::CONFIRMED);
    if !is_confirmed && !site_confirm::lowered(&app.db.run(site::read).await?, &wanted).is_empty() {
        return Ok(see_other(&site_confirm::address(&here, &form)).finish());
    }
    let (seen, actor) = (form.clone(), admin.session.email.clone());
    let save = move |conn: &mut Conn| {
        site::lock(conn)?;
        let sent = |name: &str| seen.get(name).map(String::as_str);
        let otherwise = meanwhile::otherwise(&site::read(conn)?, &here, sent);
        if otherwise.is_empty() {
            change::change(conn, &wanted, &actor, now_ms())?;
        }
        Ok(otherwise)
    };
    let otherwise = app.db.change(save).await?;
    if !otherwise.is_empty() {
        let renewed = meanwhile::renewed(&otherwise, |name| form.get(name).map(String::as_str));
        let mut shown = form.clone();
        shown.extend(renewed);
        let page = settings_page(&admin, &app, &shown, None, otherwise).await?;
        return Ok(page::with_status(StatusCode::CONFLICT, &page, &request));
    }
    Ok(see_other("/settings")
        .cookie(Flash::SiteSaved.cookie(&app))
        .finish())
}

/// The settings that can be set here: those that the operator has not set.
pub(super) fn editable(configured: Configured) -> Vec<Setting> {
    let all = Setting::of(Group::Keeping).into_iter();
    let all = all.chain(Setting::of(Group::SignIn));
    let all = all.chain(Setting::of(Group::Syncs));
    all.filter(|one| configured.fixed(*one).is_none()).collect()
}

/// What was typed for these settings.
pub(super) fn typed(settings: &[Setting], form: &Fields) -> Vec<(Setting, String)> {
    let typed = |one: &Setting| Some((*one, form.get(one.as_str())?.clone()));
    settings.iter().filter_map(typed).collect()
}

async fn settings_page(
    admin: &SignedIn,
    app: &App,
    typed: &Fields,
    error: Option<Said>,
    otherwise: Vec<Otherwise>,
) -> Result<SettingsPage> {
    let keeping = Setting::of(Group::Keeping);
    let read = app
        .db
        .run(move |conn| Ok((site::read(conn)?, site::last_change(conn, &keeping)?)));
    let (site, changed) = read.await?;
    let configured = Configured::of(&app.config);
    let listed = app.config.listed();
    let lines = |group| {
        let all = Setting::of(group).into_iter();
        all.map(|setting| line(setting, &site, configured, typed))
            .collect()
    };
    let may_change = rights::may_send(admin.session.role, "/settings");
    Ok(SettingsPage {
        chrome: admin.chrome(Tab::Site),
        fields: lines(Group::Keeping),
        sign_in: lines(Group::SignIn),
        syncs: lines(Group::Syncs),
        listed,
        may_change,
        changed,
        error,
        otherwise,
    })
}

fn line(setting: Setting, site: &Site, configured: Configured, typed: &Fields) -> Line {
    let field = setting.field();
    let (least, most, unit) = match field.kind {
        Kind::Number(least, most, unit) => (least, most, unit),
        _ => (0, 0, ""),
    };
    let words = match field.kind {
        Kind::Choice(words) => words,
        _ => &[],
    };
    let fixed = configured.fixed(setting);
    let stored = site.text(setting).to_owned();
    let seen = typed.get(&meanwhile::seen(setting));
    let seen = seen.unwrap_or(&stored).clone();
    let typed = typed.get(setting.as_str()).cloned();
    Line {
        label: field.label,
        help: field.help,
        default: field.default_number(),
        wrong: typed
            .as_ref()
            .and_then(|typed| setting.checked(typed).err()),
        value: fixed.map_or(typed.unwrap_or(stored), |(days, _)| days.to_string()),
        seen,
        fixed: fixed.map(|(_, origin)| origin),
        variable: format!("ALX_{}", setting.as_str().to_uppercase()),
        setting,
        words,
        unit,
        least,
        most,
    }
}
