//! Chrome: what surrounds every page.

use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest};

use super::{Flash, filters, rights};
use crate::admins::{Reading, Role, Session};
use crate::app::App;
use crate::time::now;

/// The page of the menu that the reader is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// How everything is, and every company.
    Companies,
    /// Run Manual Sync.
    Sync,
    /// Sync history.
    History,
    /// Schedules.
    Schedules,
    /// Syncs of all companies.
    Batches,
    /// Change log.
    Changes,
    /// How the API does.
    Monitor,
    /// Log of calls.
    Requests,
    /// What needs somebody.
    Alerts,
    /// When alerts open, and who is told.
    AlertRules,
    /// Settings of the site.
    Site,
    /// Defaults for the rows.
    Rows,
    /// Defaults for what programs get.
    Delivery,
    /// Who may sign in.
    Admins,
    /// What admins did.
    Audit,
    /// How the server itself does.
    Health,
    /// Demo Moodle.
    Demo,
    /// None of them.
    None,
}

/// A part of the menu: its name and its pages, of which the first opens with it.
struct Part {
    label: &'static str,
    pages: &'static [(Tab, &'static str, &'static str)],
}

const MENU: [Part; 6] = [
    Part {
        label: "Overview",
        pages: &[(Tab::Companies, "Overview", "/")],
    },
    Part {
        label: "Sync",
        pages: &[
            (Tab::Sync, "Manual sync", "/sync"),
            (Tab::History, "Sync history", "/sync/history"),
            (Tab::Schedules, "Schedules", "/schedules"),
            (Tab::Batches, "Batches", "/sync/batches"),
            (Tab::Changes, "Changes", "/changes"),
        ],
    },
    Part {
        label: "API",
        pages: &[
            (Tab::Monitor, "Monitor", "/monitor"),
            (Tab::Requests, "Requests", "/requests"),
        ],
    },
    Part {
        label: "Alerts",
        pages: &[
            (Tab::Alerts, "Inbox", "/alerts"),
            (Tab::AlertRules, "Rules and channels", "/alerts/rules"),
        ],
    },
    Part {
        label: "Settings",
        pages: &[
            (Tab::Site, "Site", "/settings"),
            (Tab::Rows, "Which rows count", "/settings/rows"),
            (Tab::Delivery, "What programs get", "/settings/delivery"),
            (Tab::Admins, "Admins", "/admins"),
            (Tab::Audit, "Audit log", "/audit"),
            (Tab::Health, "Health", "/health"),
        ],
    },
    Part {
        label: "Demo Moodle",
        pages: &[(Tab::Demo, "Demo Moodle", "/demo")],
    },
];

/// A link of the menu.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// What it says.
    pub label: &'static str,
    /// Where it leads.
    pub address: &'static str,
    /// What `aria-current` says of it; nothing where the reader is elsewhere.
    pub current: &'static str,
}

/// The frame of a page: tabs, who is signed in, the message of the last form.
#[derive(Debug, Clone)]
pub struct Chrome {
    /// The tab to mark.
    pub tab: Tab,
    /// The admin's email; without one there are no tabs.
    pub email: Option<String>,
    /// What the reader may do; nobody may do anything.
    pub role: Option<Role>,
    /// The session's token, for every form.
    pub csrf: String,
    /// What the last form did.
    pub flash: Option<Flash>,
    /// When the page was made, in UTC seconds; ages are told against it.
    pub now: i64,
    /// Whether there is a demo Moodle to click in.
    pub demo: bool,
    /// The reader's zone, language and theme.
    pub reading: Reading,
}

impl Chrome {
    /// The parts of the menu.
    pub fn parts(&self) -> Vec<Link> {
        let there = MENU.iter().filter_map(|part| {
            let (_, _, address) = part.pages.iter().find(|page| self.has(page.0, page.2))?;
            let here = part.pages.iter().any(|(tab, ..)| *tab == self.tab);
            Some(Link {
                label: part.label,
                address,
                current: match (here, part.pages.len()) {
                    (false, _) => "",
                    (true, 1) => "page",
                    (true, _) => "true",
                },
            })
        });
        there.collect()
    }

    /// The pages of the part that the reader is in; none where it has only one.
    pub fn pages(&self) -> Vec<Link> {
        let part = MENU
            .iter()
            .find(|part| part.pages.iter().any(|(tab, ..)| *tab == self.tab));
        let pages = part.map_or(&[] as &[_], |part| part.pages);
        let there = pages.iter().filter(|page| self.has(page.0, page.2));
        let links: Vec<Link> = there
            .map(|(tab, label, address)| Link {
                label,
                address,
                current: if *tab == self.tab { "page" } else { "" },
            })
            .collect();
        if links.len() > 1 { links } else { Vec::new() }
    }

    fn has(&self, tab: Tab, address: &str) -> bool {
        self.may_see(address) && (tab != Tab::Demo || self.demo)
    }

    /// Whether the reader may look at an address, given as `routes.rs` has it.
    pub fn may_see(&self, pattern: &str) -> bool {
        self.role.is_some_and(|role| rights::may_see(role, pattern))
    }

    /// Whether the reader may send something to an address, given as `routes.rs` has it.
    pub fn may_send(&self, pattern: &str) -> bool {
        self.role
            .is_some_and(|role| rights::may_send(role, pattern))
    }

    /// Whether the reader may know what a database or the machine said of itself.
    pub fn reads_details(&self) -> bool {
        self.role == Some(Role::Admin)
    }

    /// The message of the last form, where it belongs to this part of the page.
    pub fn flash_at(&self, place: &str) -> Option<Flash> {
        self.flash.filter(|flash| flash.place() == place)
    }

    /// Around a page that nobody need sign in for.
    pub fn visitor(request: &HttpRequest) -> Self {
        let app = request.app_data::<Data<App>>();
        Self {
            flash: Flash::sent(request),
            demo: app.is_some_and(|app| app.is_demo()),
            reading: filters::reader_of(request),
            ..Self::nobody()
        }
    }

    /// Around a page that says what went wrong: for the reader, as far as they are known by then.
    pub fn around_error(request: &HttpRequest) -> Self {
        let (known, app) = (request.extensions(), request.app_data::<Data<App>>());
        let reading = known.get::<Reading>().copied().unwrap_or_default();
        let Some(session) = known.get::<Session>() else {
            return Self {
                reading,
                ..Self::nobody()
            };
        };
        Self {
            email: Some(session.email.clone()),
            role: Some(session.role),
            csrf: session.csrf.clone(),
            demo: app.is_some_and(|app| app.is_demo()),
            reading,
            ..Self::nobody()
        }
    }

    /// Around a page about which nothing is known but the time.
    pub fn nobody() -> Self {
        Self {
            tab: Tab::None,
            email: None,
            role: None,
            csrf: String::new(),
            flash: None,
            now: now(),
            demo: false,
            reading: Reading::default(),
        }
    }
}
