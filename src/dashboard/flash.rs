//! Flash messages: one sentence on the page after a form, shown once.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;
use actix_web::web::Data;

use super::cookies;
use crate::app::App;
use crate::language::Said;

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
    /// How rows are delivered is saved; for so many companies something is otherwise now.
    DeliverySaved(usize),
    /// A backup was made, and so many older ones were let go.
    BackedUp(usize),
    /// Settings of the site are saved.
    SiteSaved,
    /// A view is kept under a name.
    ViewSaved,
    /// A view has another name.
    ViewRenamed,
    /// A view is gone.
    ViewDeleted,
    /// So many settings of the alert rules are otherwise now.
    RulesSaved(usize),
    /// Somebody sees to an alert.
    AlertAcknowledged,
    /// An alert is closed.
    AlertClosed,
    /// Somebody was quicker.
    AlertAsItWas,
    /// A link opens nothing any more.
    InvitationRevoked,
    /// An admin's account is otherwise now.
    AdminChanged,
    /// An admin's account is gone.
    AdminRemoved,
    /// Somebody chose a password by a link.
    PasswordSet,
    /// The reader's password is another.
    PasswordChanged,
    /// Pages look otherwise now.
    PreferencesSaved,
    /// So many sessions are over.
    SessionsEnded(usize),
    /// The reader's second factor is off.
    SecondFactorOff,
    /// Somebody's second factor is gone.
    SecondFactorReset,
    /// A recovery code let the reader in; so many are left.
    RecoveryCodeUsed(usize),
}

impl Flash {
    /// The sentence.
    pub fn said(&self) -> Said {
        match self {
            Self::Purged(count) => Said::new("{count} purged.").counted("count", *count as i64, "cached response"),
            Self::CompaniesKnown(count) => {
                Said::new("Moodle was asked: {count} known.").counted("count", *count as i64, "company")
            }
            Self::SchedulesSet(count) => {
                Said::new("The schedule is set for {count}.").counted("count", *count as i64, "company")
            }
            Self::BatchCancelled(count) => Said::new("{count} cancelled. One that was writing ends within a second or so.").counted("count", *count as i64, "sync"),
            Self::DeliverySaved(count) if *count > 0 => Said::new("Saved. It holds for {count} from the next call on; cached replies were renewed.").counted("count", *count as i64, "company"),
            Self::BackedUp(gone) if *gone > 0 => Said::new("The backup is made. It is the first of the list; {count} removed, as the settings of the site say.").counted("count", *gone as i64, "older one"),
            Self::RulesSaved(count) if *count > 0 => Said::new("Saved: {count} changed. They hold from the next look on, within a minute.").counted("count", *count as i64, "setting"),
            Self::RecoveryCodeUsed(left) => Said::new("You signed in with a recovery code, which opens nothing any more. {count} left.").counted("count", *left as i64, "recovery code"),
            Self::SessionsEnded(count) => Said::new("{count} ended.").counted("count", *count as i64, "session"),
            Self::SignedOut => Said::new("You are signed out."),
            Self::Welcome => Said::new("Your account is ready, and you are signed in."),
            Self::Joined => Said::new(
                "A sync of this company was waiting already. It reads Moodle after your click, so this is yours too.",
            ),
            Self::SettingsSaved => {
                Said::new("The settings are saved. Rows follow them from the next sync on.")
            }
            Self::SettingsSavedOnly => Said::new(
                "The settings are saved. A sync could not be started: another kind of sync waits already. Run a full sync after it.",
            ),
            Self::TokenRevoked => Said::new("The token is revoked. It opens nothing any more."),
            Self::ScheduleSet => Said::new("The schedule is set."),
            Self::DeliverySaved(_) => Said::new("Saved. Programs get what they got before."),
            Self::BackedUp(_) => Said::new("The backup is made. It is the first of the list."),
            Self::SiteSaved => Said::new("The settings are saved."),
            Self::ViewSaved => Said::new("The view is saved."),
            Self::ViewRenamed => Said::new("The view has its new name."),
            Self::ViewDeleted => Said::new("The view is deleted."),
            Self::RulesSaved(_) => Said::new("Saved. Nothing is otherwise than before."),
            Self::AlertAcknowledged => Said::new(
                "Acknowledged. Nobody is told of this alert any more; it closes by itself when it is over.",
            ),
            Self::AlertClosed => Said::new("The alert is closed."),
            Self::AlertAsItWas => Said::new("Nothing was changed: somebody was quicker."),
            Self::InvitationRevoked => Said::new("The link is revoked. It opens nothing any more."),
            Self::AdminChanged => {
                Said::new("The account is changed. It holds from the next click on.")
            }
            Self::AdminRemoved => Said::new("The account is removed, and its sessions are over."),
            Self::PasswordSet => Said::new("Your password is set. Sign in with it."),
            Self::PasswordChanged => {
                Said::new("Your password is changed, and your other sessions are over.")
            }
            Self::SecondFactorOff => Said::new(
                "Your second factor is off. Your password alone is enough to sign in now.",
            ),
            Self::SecondFactorReset => {
                Said::new("The second factor is reset, and the sessions of the account are over.")
            }
            Self::PreferencesSaved => Said::new("Your preferences are saved."),
            Self::SchedulePaused => Said::new("The schedule is paused."),
            Self::ScheduleResumed => Said::new("The schedule goes on."),
            Self::Erased => Said::new(
                "Nothing of this person is stored any more but the id, and no sync reads them.",
            ),
            Self::ErasureLifted => {
                Said::new("The next sync reads this person again. What was erased stays erased.")
            }
            Self::Completed => Said::new(
                "Moodle recorded the completion. Run a manual sync to bring it into the reports.",
            ),
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
            Self::DeliverySaved(count) => format!("delivery-{count}"),
            Self::BackedUp(gone) => format!("backup-{gone}"),
            Self::SiteSaved => "site-saved".into(),
            Self::ViewSaved => "view-saved".into(),
            Self::ViewRenamed => "view-renamed".into(),
            Self::ViewDeleted => "view-deleted".into(),
            Self::RulesSaved(count) => format!("rules-{count}"),
            Self::AlertAcknowledged => "alert-acknowledged".into(),
            Self::AlertClosed => "alert-closed".into(),
            Self::AlertAsItWas => "alert-as-it-was".into(),
            Self::InvitationRevoked => "invitation-revoked".into(),
            Self::AdminChanged => "admin-changed".into(),
            Self::AdminRemoved => "admin-removed".into(),
            Self::PasswordSet => "password-set".into(),
            Self::PasswordChanged => "password-changed".into(),
            Self::PreferencesSaved => "preferences-saved".into(),
            Self::SecondFactorOff => "second-factor-off".into(),
            Self::SecondFactorReset => "second-factor-reset".into(),
            Self::RecoveryCodeUsed(left) => format!("recovery-{left}"),
            Self::SessionsEnded(count) => format!("sessions-{count}"),
            Self::SchedulePaused => "schedule-paused".into(),
            Self::ScheduleResumed => "schedule-resumed".into(),
        }
    }

    fn parse(code: &str) -> Option<Self> {
        match code {
            "signed-out" => Some(Self::SignedOut),
            "welcome" => Some(Self::Welcome),
            "token-revoked" => Some(Self::TokenRevoked),
            "invitation-revoked" => Some(Self::InvitationRevoked),
            "admin-changed" => Some(Self::AdminChanged),
            "admin-removed" => Some(Self::AdminRemoved),
            "password-set" => Some(Self::PasswordSet),
            "password-changed" => Some(Self::PasswordChanged),
            "second-factor-off" => Some(Self::SecondFactorOff),
            "second-factor-reset" => Some(Self::SecondFactorReset),
            "preferences-saved" => Some(Self::PreferencesSaved),
            "erased" => Some(Self::Erased),
            "erasure-lifted" => Some(Self::ErasureLifted),
            "completed" => Some(Self::Completed),
            "joined" => Some(Self::Joined),
            "settings-saved" => Some(Self::SettingsSaved),
            "settings-saved-only" => Some(Self::SettingsSavedOnly),
            "schedule-set" => Some(Self::ScheduleSet),
            "view-saved" => Some(Self::ViewSaved),
            "view-renamed" => Some(Self::ViewRenamed),
            "view-deleted" => Some(Self::ViewDeleted),
            "alert-acknowledged" => Some(Self::AlertAcknowledged),
            "alert-closed" => Some(Self::AlertClosed),
            "alert-as-it-was" => Some(Self::AlertAsItWas),
            "schedule-paused" => Some(Self::SchedulePaused),
            "schedule-resumed" => Some(Self::ScheduleResumed),
            "site-saved" => Some(Self::SiteSaved),
            _ => match code.split_once('-')? {
                ("purged", count) => count.parse().ok().map(Self::Purged),
                ("recovery", left) => left.parse().ok().map(Self::RecoveryCodeUsed),
                ("sessions", count) => count.parse().ok().map(Self::SessionsEnded),
                ("schedules", count) => count.parse().ok().map(Self::SchedulesSet),
                ("rules", count) => count.parse().ok().map(Self::RulesSaved),
                ("delivery", count) => count.parse().ok().map(Self::DeliverySaved),
                ("cancelled", count) => count.parse().ok().map(Self::BatchCancelled),
                ("backup", gone) => gone.parse().ok().map(Self::BackedUp),
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
