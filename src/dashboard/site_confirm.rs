//! Keeping less: exactly what would go, before it is saved.

use actix_web::web::{Data, Query};
use askama::Template;

use super::meanwhile;
use super::site::{self, Fields};
use super::{Chrome, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::db::off_thread;
use crate::error::Error;
use crate::language::Said;
use crate::retention::going;
use crate::settings::keeping::Configured;
use crate::settings::site::{Group, Kind, Setting, Site, read};
use crate::time::now_ms;

/// The field that says that somebody has read what goes.
pub const CONFIRMED: &str = "confirmed";

/// What would go.
#[derive(Template)]
#[template(path = "site/confirm.html")]
pub struct ConfirmPage {
    chrome: Chrome,
    lines: Vec<Lowered>,
    /// Everything that was typed.
    fields: Vec<(String, String)>,
}

impl ConfirmPage {
    /// Whether anything goes with what there is now.
    fn is_loss(&self) -> bool {
        self.lines.iter().any(|line| line.goes > 0)
    }
}

/// A setting that would keep less, and what would go.
struct Lowered {
    setting: Setting,
    before: i64,
    after: i64,
    goes: i64,
}

impl Lowered {
    /// What goes.
    fn said(&self) -> Said {
        let all = Said::new("{n}, as things are now");
        match self.setting {
            Setting::RequestsDays => all.counted("n", self.goes, "call"),
            Setting::ChangesDays => all.counted("n", self.goes, "line"),
            Setting::AlertsDays => all.counted("n", self.goes, "alert"),
            Setting::BackupsKept => all.counted("n", self.goes, "backup"),
            _ => all.counted("n", self.goes, "entry"),
        }
    }

    /// What it is counted in.
    fn unit(&self) -> &'static str {
        match self.setting.field().kind {
            Kind::Number(_, _, unit) => unit,
            _ => "",
        }
    }
}

/// `GET /settings/confirm`: changes nothing.
pub async fn show_confirm(
    admin: SignedIn,
    app: Data<App>,
    form: Query<Fields>,
) -> std::result::Result<Page<ConfirmPage>, PageError> {
    let (form, app) = (form.into_inner(), app.into_inner());
    let here = site::editable(Configured::of(&app.config));
    let wanted = site::typed(&here, &form);
    let fields = pairs(&here, &form);
    let counted = off_thread(move || {
        let lowered = lowered(&app.db.read(read)?, &wanted);
        let line = |(setting, before, after): (Setting, String, String)| {
            let kept = setting.checked(&after).map_err(Error::Invalid)?;
            let after = kept.parse().unwrap_or(0);
            Ok(Lowered {
                setting,
                before: before.parse().unwrap_or(0),
                after,
                goes: going(&app, setting, after, now_ms())?,
            })
        };
        lowered.into_iter().map(line).collect()
    });
    Ok(Page(ConfirmPage {
        lines: counted.await?,
        chrome: admin.chrome(Tab::Site),
        fields,
    }))
}

/// The settings that would keep less than they do, with what they are and would be. 0 keeps everything.
pub(super) fn lowered(held: &Site, wanted: &[(Setting, String)]) -> Vec<(Setting, String, String)> {
    let size = |text: &str| match text.trim().parse::<i64>() {
        Ok(0) | Err(_) => i64::MAX,
        Ok(kept) => kept,
    };
    let kept = wanted
        .iter()
        .filter(|(setting, _)| setting.field().group == Group::Keeping);
    let less = kept.filter(|(setting, typed)| size(typed) < size(held.text(*setting)));
    less.map(|(setting, typed)| (*setting, held.text(*setting).into(), typed.trim().into()))
        .collect()
}

/// The address of the page that says what goes, with everything that was typed.
pub(super) fn address(here: &[Setting], form: &Fields) -> String {
    let path = "/settings/confirm?".to_owned();
    let start = path.len();
    let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
    query.extend_pairs(pairs(here, form));
    query.finish()
}

/// The fields of these settings, with what the store had when the form was made.
fn pairs(here: &[Setting], form: &Fields) -> Vec<(String, String)> {
    let names = here
        .iter()
        .flat_map(|one| [one.to_string(), meanwhile::seen(*one)]);
    let pair = |name: String| form.get(&name).cloned().map(|value| (name, value));
    names.filter_map(pair).collect()
}
