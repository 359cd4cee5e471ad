//! Chrome: what surrounds every page.

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::Flash;
use crate::app::App;
use crate::time::now;

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Companies.
    Companies,
    /// Run Manual Sync.
    Sync,
    /// Schedules.
    Schedules,
    /// Sync history.
    History,
    /// Change log.
    Changes,
    /// Demo Moodle.
    Demo,
    /// None of the tabs.
    None,
}

/// The frame of a page: tabs, who is signed in, the message of the last form.
#[derive(Debug, Clone)]
pub struct Chrome {
    /// The tab to mark.
    pub tab: Tab,
    /// The admin's email; without one there are no tabs.
    pub email: Option<String>,
    /// The session's token, for every form.
    pub csrf: String,
    /// What the last form did.
    pub flash: Option<Flash>,
    /// When the page was made, in UTC seconds; ages are told against it.
    pub now: i64,
    /// Whether there is a demo Moodle to click in.
    pub demo: bool,
}

impl Chrome {
    /// Label, address and whether the reader is there, of each tab.
    pub fn tabs(&self) -> Vec<(&'static str, &'static str, bool)> {
        let all = [
            (Tab::Companies, "Companies", "/"),
            (Tab::Sync, "Manual sync", "/sync"),
            (Tab::Schedules, "Schedules", "/schedules"),
            (Tab::History, "Sync history", "/sync/history"),
            (Tab::Changes, "Changes", "/changes"),
            (Tab::Demo, "Demo Moodle", "/demo"),
        ];
        let there = all
            .into_iter()
            .filter(|(tab, ..)| *tab != Tab::Demo || self.demo);
        there
            .map(|(tab, label, address)| (label, address, tab == self.tab))
            .collect()
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
            ..Self::nobody()
        }
    }

    /// Around a page about which nothing is known but the time.
    pub fn nobody() -> Self {
        Self {
            tab: Tab::None,
            email: None,
            csrf: String::new(),
            flash: None,
            now: now(),
            demo: false,
        }
    }
}
