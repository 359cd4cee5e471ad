//! How long things are kept: what the operator set when the server was started, else what an admin set on a page.

use super::site::{self, Setting, Site};
use crate::config::{Config, Origin};
use crate::db::Conn;
use crate::error::Result;

/// What holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// Days that calls of the API are kept; `None` for ever.
    pub requests_days: Option<i64>,
    /// Days that lines of the change log are kept; `None` for ever.
    pub changes_days: Option<i64>,
    /// Days that closed alerts are kept; `None` for ever.
    pub alerts_days: Option<i64>,
    /// Days that entries of the audit log are kept.
    pub audit_days: i64,
    /// Days that sign-ins are kept in it.
    pub sign_ins_days: i64,
    /// Copies that are kept of those made on a page; 0 is all.
    pub backups: usize,
}

/// What the configuration says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Configured {
    requests: Days,
    changes: Days,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Days {
    days: i64,
    origin: Origin,
}

impl Configured {
    /// The part of the configuration that is about keeping.
    pub fn of(config: &Config) -> Self {
        let days = |setting: Setting, days: u32| Days {
            days: i64::from(days),
            origin: config.origin(setting.as_str()),
        };
        Self {
            requests: days(Setting::RequestsDays, config.requests_days),
            changes: days(Setting::ChangesDays, config.changes_days),
        }
    }

    /// What the operator set, and where: it wins over what the page says. `None` where the page decides.
    pub fn fixed(self, setting: Setting) -> Option<(i64, Origin)> {
        let Days { days, origin } = match setting {
            Setting::RequestsDays => self.requests,
            Setting::ChangesDays => self.changes,
            _ => return None,
        };
        (origin != Origin::Default).then_some((days, origin))
    }
}

/// What holds now.
pub fn read(conn: &mut Conn, configured: Configured) -> Result<Keeping> {
    let site = site::read(conn)?;
    Ok(Keeping {
        requests_days: days(&site, Setting::RequestsDays, configured.requests),
        changes_days: days(&site, Setting::ChangesDays, configured.changes),
        alerts_days: Some(site.number(Setting::AlertsDays)).filter(|days| *days > 0),
        audit_days: site.number(Setting::AuditDays),
        sign_ins_days: site.number(Setting::SignInsDays),
        backups: usize::try_from(site.number(Setting::BackupsKept)).unwrap_or(0),
    })
}

fn days(site: &Site, setting: Setting, configured: Days) -> Option<i64> {
    let by_page = configured.origin == Origin::Default && site.is_changed(setting);
    let days = if by_page {
        site.number(setting)
    } else {
        configured.days
    };
    (days > 0).then_some(days)
}
