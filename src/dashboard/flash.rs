//! Flash messages: one sentence on the page after a form, shown once.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::web::Data;

use super::cookies;
use super::filters::counted_text;
use crate::app::App;

const NAME: &str = "flash";

/// What the last form did. The cookie carries its code, never a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flash {
    /// The session is over.
    SignedOut,
    /// The first admin is signed in.
    Welcome,
    /// So many entries of the company's group were purged.
    Purged(usize),
    /// The token opens nothing any more.
    TokenRevoked,
    /// So many companies are known after a look into Moodle.
    CompaniesKnown(usize),
    /// A person's data is erased.
    Erased,
    /// A person may be read again.
    ErasureLifted,
    /// The demo Moodle recorded a completion.
    Completed,
    /// A run was waiting already and serves this request too.
    Joined,
    /// Settings are saved.
    SettingsSaved,
    /// Settings are saved, and a sync could not be asked for.
    SettingsSavedOnly,
    /// A company's schedule is set.
    ScheduleSet,
    /// So many companies got a schedule.
    SchedulesSet(usize),
    /// So many runs of a batch were cancelled.
    BatchCancelled(usize),
    /// A schedule rests.
    SchedulePaused,
    /// A schedule goes on.
    ScheduleResumed,
}

impl Flash {
    /// The sentence.
    pub fn text(&self) -> String {
        match self {
            Self::SignedOut => "You are signed out.".into(),
            Self::Welcome => "Your account is ready, and you are signed in.".into(),
            Self::Purged(count) => {
                format!("{} purged.", counted_text(*count as i64, "cached response"))
            }
            Self::CompaniesKnown(count) => format!(
                "Moodle was asked: {} known.",
                counted_text(*count as i64, "company")
            ),
            Self::Joined => {
                "A sync of this company was waiting already. It reads Moodle after your click, so this is yours too."
                    .into()
            }
            Self::SettingsSaved => {
                "The settings are saved. Rows follow them from the next sync on.".into()
            }
            Self::SettingsSavedOnly => "The settings are saved. A sync could not be started: \
                another kind of sync waits already. Run a full sync after it."
                .into(),
            Self::TokenRevoked => "The token is revoked. It opens nothing any more.".into(),
            Self::ScheduleSet => "The schedule is set.".into(),
            Self::SchedulesSet(count) => format!(
                "The schedule is set for {}.",
                counted_text(*count as i64, "company")
            ),
            Self::BatchCancelled(count) => format!(
                "{} cancelled. One that was writing ends within a second or so.",
                counted_text(*count as i64, "sync")
            ),
            Self::SchedulePaused => "The schedule is paused.".into(),
            Self::ScheduleResumed => "The schedule goes on.".into(),
            Self::Erased => "Nothing of this person is stored any more but the id, and no sync reads them.".into(),
            Self::ErasureLifted => {
                "The next sync reads this person again. What was erased stays erased.".into()
            }
            Self::Completed => {
                "Moodle recorded the completion. Run a manual sync to bring it into the reports."
                    .into()
            }
        }
    }

    /// The part of the page it belongs to; most stand at the top.
    pub fn place(&self) -> &'static str {
        match self {
            Self::Purged(_) => "cache",
            Self::TokenRevoked => "tokens",
            _ => "top",
        }
    }

    /// The cookie that carries it to the next page.
    pub fn cookie(self, app: &App) -> Cookie<'static> {
        cookies::keep(app.config.over_tls(), NAME, self.code())
    }

    /// What the browser carries, if anything.
    pub fn sent(request: &HttpRequest) -> Option<Self> {
        let app = request.app_data::<Data<App>>()?;
        Self::parse(&cookies::sent(request, app.config.over_tls(), NAME)?)
    }

    fn code(self) -> String {
        match self {
            Self::SignedOut => "signed-out".into(),
            Self::Welcome => "welcome".into(),
            Self::Purged(count) => format!("purged-{count}"),
            Self::CompaniesKnown(count) => format!("companies-{count}"),
            Self::TokenRevoked => "token-revoked".into(),
            Self::Erased => "erased".into(),
            Self::ErasureLifted => "erasure-lifted".into(),
            Self::Completed => "completed".into(),
            Self::Joined => "joined".into(),
            Self::SettingsSaved => "settings-saved".into(),
            Self::SettingsSavedOnly => "settings-saved-only".into(),
            Self::ScheduleSet => "schedule-set".into(),
            Self::SchedulesSet(count) => format!("schedules-{count}"),
            Self::BatchCancelled(count) => format!("cancelled-{count}"),
            Self::SchedulePaused => "schedule-paused".into(),
            Self::ScheduleResumed => "schedule-resumed".into(),
        }
    }

    fn parse(code: &str) -> Option<Self> {
        match code {
            "signed-out" => Some(Self::SignedOut),
            "welcome" => Some(Self::Welcome),
            "token-revoked" => Some(Self::TokenRevoked),
            "erased" => Some(Self::Erased),
            "erasure-lifted" => Some(Self::ErasureLifted),
            "completed" => Some(Self::Completed),
            "joined" => Some(Self::Joined),
            "settings-saved" => Some(Self::SettingsSaved),
            "settings-saved-only" => Some(Self::SettingsSavedOnly),
            "schedule-set" => Some(Self::ScheduleSet),
            "schedule-paused" => Some(Self::SchedulePaused),
            "schedule-resumed" => Some(Self::ScheduleResumed),
            _ => match code.split_once('-')? {
                ("purged", count) => count.parse().ok().map(Self::Purged),
                ("schedules", count) => count.parse().ok().map(Self::SchedulesSet),
                ("cancelled", count) => count.parse().ok().map(Self::BatchCancelled),
                ("companies", count) => count.parse().ok().map(Self::CompaniesKnown),
                _ => None,
            },
        }
    }
}

/// The cookie that takes a shown message away, where there was one.
pub(super) fn shown(request: &HttpRequest) -> Option<Cookie<'static>> {
    let app = request.app_data::<Data<App>>()?;
    let tls = app.config.over_tls();
    cookies::sent(request, tls, NAME)?;
    Some(cookies::take_away(tls, NAME))
}
