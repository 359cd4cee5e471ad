//! Who may open what: one line for each address of the dashboard. What has no line is for admins.

use crate::admins::Role;
use crate::language::Said;

/// Who may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Whoever knocks, signed in or not.
    Anybody,
    /// Whoever signed in; a company manager of their own company only.
    Everybody,
    /// Who may look at all companies.
    Lookers,
    /// Who may sync all companies.
    Operators,
    /// Who may sync a company: those, and its managers.
    Syncers,
    /// Admins, and the managers of the company.
    Owners,
    /// Admins.
    Admins,
}

impl Who {
    /// Whether these include somebody of a role.
    pub fn includes(self, role: Role) -> bool {
        self.roles().contains(&role)
    }

    /// Them, in plain words.
    pub fn in_words(self) -> Said {
        match self {
            Self::Anybody | Self::Everybody => Said::new("those who signed in"),
            Self::Lookers => Said::new("viewers, operators and admins"),
            Self::Operators => Said::new("operators and admins"),
            Self::Syncers => Said::new("operators, admins and the company's managers"),
            Self::Owners => Said::new("admins and the company's managers"),
            Self::Admins => Said::new("admins"),
        }
    }

    /// Their roles, the one that may least first.
    pub fn roles(self) -> &'static [Role] {
        use Role::{Admin, CompanyManager, Operator, Viewer};
        match self {
            Self::Anybody | Self::Everybody => &[CompanyManager, Viewer, Operator, Admin],
            Self::Lookers => &[Viewer, Operator, Admin],
            Self::Operators => &[Operator, Admin],
            Self::Syncers => &[CompanyManager, Operator, Admin],
            Self::Owners => &[CompanyManager, Admin],
            Self::Admins => &[Admin],
        }
    }
}

use Who::{Admins, Anybody, Everybody, Lookers, Operators, Owners, Syncers};

/// An address as `routes.rs` has it, who may look at it, and who may send something there.
///
/// `{company}`, `{run}` and a call's `{id}` are compared with a company manager's own company, see [`super::gate`]; a list
/// of all companies that managers may open is narrowed by its handler, see [`super::SignedIn::narrowed`].
///
/// The demo's addresses are for anybody because they stand for Moodle, where other people click and scripts complete
/// courses: its people are made up, only the command `demo` makes it, and anywhere else both are 404 for everybody.
#[rustfmt::skip]
const RIGHTS: &[(&str, Who, Who)] = &[
    ("/static/{name}", Anybody, Admins),
    ("/sign-in", Anybody, Anybody),
    ("/sign-in/code", Anybody, Anybody),
    ("/sign-out", Everybody, Everybody),
    ("/setup", Anybody, Anybody),
    ("/", Everybody, Admins),
    ("/companies/export.{format}", Everybody, Admins),
    ("/companies/look-up", Operators, Operators),
    ("/companies/{company}", Everybody, Admins),
    ("/companies/{company}/progress/export.{format}", Everybody, Admins),
    ("/companies/{company}/views", Everybody, Everybody),
    ("/companies/{company}/views/{view}", Everybody, Everybody),
    ("/companies/{company}/views/{view}/delete", Everybody, Everybody),
    ("/companies/{company}/courses", Everybody, Admins),
    ("/companies/{company}/courses/export.{format}", Everybody, Admins),
    ("/companies/{company}/courses/{course}", Everybody, Admins),
    ("/companies/{company}/people", Everybody, Admins),
    ("/companies/{company}/people/export.{format}", Everybody, Admins),
    ("/companies/{company}/sync", Everybody, Admins),
    ("/companies/{company}/cache", Everybody, Admins),
    ("/companies/{company}/cache/clear", Owners, Owners),
    ("/companies/{company}/tokens/export.{format}", Everybody, Admins),
    ("/companies/{company}/tokens", Everybody, Owners),
    ("/companies/{company}/tokens/{token}", Everybody, Admins),
    ("/companies/{company}/tokens/{token}/rotate", Owners, Owners),
    ("/companies/{company}/tokens/{token}/revoke", Owners, Owners),
    ("/companies/{company}/requests", Everybody, Admins),
    ("/requests", Everybody, Admins),
    ("/requests/export.{format}", Everybody, Admins),
    ("/companies/{company}/requests/export.{format}", Everybody, Admins),
    ("/requests/{id}", Everybody, Admins),
    ("/companies/{company}/settings/delivery", Everybody, Owners),
    ("/settings/delivery", Operators, Admins),
    ("/companies/{company}/schedule", Everybody, Owners),
    ("/companies/{company}/schedule/pause", Syncers, Syncers),
    ("/companies/{company}/schedule/resume", Syncers, Syncers),
    ("/companies/{company}/schedule/run", Syncers, Syncers),
    ("/schedules", Everybody, Admins),
    ("/schedules/export.{format}", Everybody, Admins),
    ("/companies/{company}/people/{user}/courses/{course}", Everybody, Admins),
    ("/companies/{company}/people/{user}/courses/{course}/export.{format}", Everybody, Admins),
    ("/companies/{company}/settings", Everybody, Owners),
    ("/companies/{company}/settings/preview/{run}", Owners, Owners),
    ("/settings/rows", Operators, Admins),
    ("/settings/rows/confirm", Admins, Admins),
    ("/settings/rows/preview", Admins, Admins),
    ("/sync", Syncers, Syncers),
    ("/sync/confirm", Syncers, Syncers),
    ("/sync/batches", Lookers, Operators),
    ("/sync/batches/confirm", Operators, Operators),
    ("/sync/batches/export.{format}", Lookers, Admins),
    ("/sync/batches/{batch}", Lookers, Admins),
    ("/sync/batches/{batch}/export.{format}", Lookers, Admins),
    ("/sync/batches/{batch}/events", Lookers, Admins),
    ("/sync/batches/{batch}/cancel", Operators, Operators),
    ("/sync/batches/{batch}/run", Operators, Operators),
    ("/sync/history", Everybody, Admins),
    ("/sync/history/export.{format}", Everybody, Admins),
    ("/sync/runs/{run}", Everybody, Admins),
    ("/sync/runs/{run}/changes/export.{format}", Everybody, Admins),
    ("/sync/runs/{run}/courses/export.{format}", Everybody, Admins),
    ("/sync/runs/{run}/unread/export.{format}", Everybody, Admins),
    ("/sync/runs/{run}/events", Everybody, Admins),
    ("/sync/runs/{run}/cancel", Syncers, Syncers),
    ("/sync/runs/{run}/confirm", Syncers, Syncers),
    ("/sync/runs/{run}/reject", Syncers, Syncers),
    ("/companies/{company}/power-bi", Everybody, Admins),
    ("/companies/{company}/power-bi/connection.pbids", Everybody, Admins),
    ("/companies/{company}/coverage", Everybody, Admins),
    ("/companies/{company}/coverage/export.{format}", Everybody, Admins),
    ("/sync/runs/{run}/undo", Syncers, Syncers),
    ("/changes", Everybody, Admins),
    ("/changes/export.{format}", Everybody, Admins),
    ("/companies/{company}/changes", Everybody, Admins),
    ("/companies/{company}/changes/export.{format}", Everybody, Admins),
    ("/companies/{company}/people/{user}", Everybody, Admins),
    ("/companies/{company}/people/{user}/export.{format}", Everybody, Admins),
    ("/people/erasures", Lookers, Admins),
    ("/people/erasures/export.{format}", Lookers, Admins),
    ("/people/{user}/erase", Admins, Admins),
    ("/people/{user}/erasure", Lookers, Admins),
    ("/people/{user}/erasure/export.{format}", Lookers, Admins),
    ("/people/{user}/erasure/lift", Admins, Admins),
    ("/alerts", Everybody, Admins),
    ("/alerts/export.{format}", Everybody, Admins),
    ("/alerts/rules", Admins, Admins),
    ("/alerts/rules/test", Admins, Admins),
    ("/alerts/{id}", Everybody, Admins),
    ("/alerts/{id}/acknowledge", Syncers, Syncers),
    ("/alerts/{id}/close", Syncers, Syncers),
    ("/monitor", Everybody, Admins),
    ("/monitor/limits/export.{format}", Everybody, Admins),
    ("/monitor/{kind}/export.{format}", Everybody, Admins),
    ("/health", Lookers, Admins),
    ("/health/support.txt", Lookers, Admins),
    ("/settings", Lookers, Admins),
    ("/settings/confirm", Admins, Admins),
    ("/invitation", Anybody, Anybody),
    ("/account", Everybody, Admins),
    ("/account/preferences", Everybody, Everybody),
    ("/account/password", Everybody, Everybody),
    ("/account/sessions", Everybody, Everybody),
    ("/account/second-factor", Everybody, Everybody),
    ("/account/second-factor/confirm", Everybody, Everybody),
    ("/account/second-factor/codes", Everybody, Everybody),
    ("/account/second-factor/off", Everybody, Everybody),
    ("/admins", Admins, Admins),
    ("/admins/export.{format}", Admins, Admins),
    ("/admins/invitations/{invitation}/revoke", Admins, Admins),
    ("/admins/{admin}", Admins, Admins),
    ("/admins/{admin}/role", Admins, Admins),
    ("/admins/{admin}/password", Admins, Admins),
    ("/admins/{admin}/second-factor", Admins, Admins),
    ("/admins/{admin}/sessions", Admins, Admins),
    ("/admins/{admin}/disable", Admins, Admins),
    ("/admins/{admin}/enable", Admins, Admins),
    ("/admins/{admin}/remove", Admins, Admins),
    ("/audit", Admins, Admins),
    ("/audit/export.{format}", Admins, Admins),
    ("/demo", Anybody, Admins),
    ("/demo/complete", Anybody, Anybody),
];

/// Who may look at an address, and who may send something there.
pub fn of(pattern: &str) -> (Who, Who) {
    let found = RIGHTS.iter().find(|(known, ..)| *known == pattern);
    found.map_or((Admins, Admins), |(_, read, write)| (*read, *write))
}

/// Whether an address opens for somebody who has to set up a second factor first.
pub fn opens_without_second_factor(pattern: &str) -> bool {
    pattern == "/sign-out" || pattern.starts_with("/account/second-factor")
}

/// Whether a role may look at an address, in whatever company of theirs.
pub fn may_see(role: Role, pattern: &str) -> bool {
    of(pattern).0.includes(role)
}

/// Whether a role may send something to an address, in whatever company of theirs.
pub fn may_send(role: Role, pattern: &str) -> bool {
    of(pattern).1.includes(role)
}

/// Every address that has a line.
pub fn known() -> impl Iterator<Item = &'static str> {
    RIGHTS.iter().map(|(pattern, ..)| *pattern)
}
