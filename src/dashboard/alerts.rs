//! The inbox: what needs somebody, filtered, and one alert with everything that happened to it.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use serde::Deserialize;

use super::alerts_view::View;
use super::company_field::{self, CompanyField};
use super::labels::{self, Choice};
use super::paging::Pages;
use super::{
    Chrome, Downloads, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, rights, see_other,
};
use crate::alerts::list::{self, Shown};
use crate::alerts::{Alert, Channel, Delivery, DeliveryState, Event, Kind, deliveries, store};
use crate::app::App;
use crate::companies;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{AlertId, CompanyId};
use crate::settings::site::{self, Setting};
use crate::time::now_ms;
use crate::watch::decide::{self, By};
use crate::words::Severity;

/// Alerts on one page.
const PER_PAGE: i64 = 50;
/// Earlier alerts of the same thing on the page of one.
const EARLIER: i64 = 20;

/// The inbox.
#[derive(Template)]
#[template(path = "alerts/alerts.html")]
pub struct AlertsPage {
    chrome: Chrome,
    lines: Vec<Line>,
    shown: Vec<Choice>,
    severities: Vec<Choice>,
    kinds: Vec<Choice>,
    companies: CompanyField,
    filtered: bool,
    /// Whether the reader sees alerts of the whole site too.
    whole_site: bool,
    looking: bool,
    given_up: i64,
    pages: Pages,
    download: Downloads,
}

/// One alert.
#[derive(Template)]
#[template(path = "alerts/alert.html")]
pub struct AlertPage {
    chrome: Chrome,
    line: Line,
    deliveries: Vec<Delivery>,
    /// Whether the reader may know to whom messages went, and what the other side said.
    sees_targets: bool,
    earlier: Vec<Alert>,
}

impl AlertPage {
    /// To whom a message went; of a webhook only the host, for its path is a secret.
    fn target(&self, delivery: &Delivery) -> String {
        match delivery.channel {
            Channel::Email => delivery.target.clone(),
            Channel::Webhook => site::host_only(&delivery.target),
        }
    }
}

/// An alert with the name of its company.
pub struct Line {
    /// The alert.
    pub alert: Alert,
    /// The name of its company: hostile text. Empty for the whole site.
    pub company: String,
}

impl Line {
    /// The values of the alert's sentence.
    fn values(&self) -> crate::alerts::Values {
        self.alert.values()
    }

    /// Where something can be done about it.
    fn place(&self) -> String {
        let alert = &self.alert;
        alert
            .kind
            .place(alert.company_id, &alert.subject, alert.seen_at)
    }
}

/// `GET /alerts`
pub async fn show_alerts(
    admin: SignedIn,
    app: Data<App>,
    view: Query<View>,
) -> std::result::Result<Page<AlertsPage>, PageError> {
    let (mut view, only) = (view.into_inner(), admin.session.only);
    company_field::resolve(&admin, &app, &mut view.company).await?;
    let filter = view.filter(only)?;
    let wanted = view.page;
    let now = now_ms().div_euclid(1000);
    let read = app.db.run(move |conn| {
        let total = list::count(conn, filter)?;
        let pages = Pages::new(wanted, PER_PAGE, total, view.address("/alerts?"));
        let offset = Pages::offset(pages.number, PER_PAGE);
        let alerts = list::page(conn, filter, offset, PER_PAGE)?;
        let names = companies::store::names(conn, only)?;
        Ok(AlertsPage {
            chrome: admin.chrome(Tab::Alerts),
            lines: with_names(conn, alerts)?,
            shown: labels::choices(Shown::ALL, Some(filter.state)),
            severities: labels::choices(Severity::ALL, filter.severity),
            kinds: labels::choices(Kind::ALL, filter.kind),
            companies: CompanyField::of(names, filter.company),
            filtered: view.is_filtered(),
            whole_site: only.is_none(),
            looking: site::read(conn)?.is_on(Setting::AlertsOn),
            given_up: if only.is_none() {
                deliveries::given_up(conn, now)?
            } else {
                0
            },
            pages,
            download: Downloads::at("alerts", view.address("/alerts?")).filtered(true),
        })
    });
    Ok(Page(read.await?))
}

/// `GET /alerts/{id}`
pub async fn show_alert(
    admin: SignedIn,
    app: Data<App>,
    id: Path<AlertId>,
) -> std::result::Result<Page<AlertPage>, PageError> {
    let (id, only) = (id.into_inner(), admin.session.only);
    let read = app.db.run(move |conn| {
        let alert = store::get(conn, id, only)?;
        let (deliveries, earlier) = (
            deliveries::of_alert(conn, id)?,
            list::earlier(conn, &alert, EARLIER)?,
        );
        let company = name_of(conn, alert.company_id)?;
        Ok(AlertPage {
            chrome: admin.chrome(Tab::Alerts),
            sees_targets: rights::may_see(admin.session.role, "/alerts/rules"),
            line: Line { alert, company },
            deliveries,
            earlier,
        })
    });
    Ok(Page(read.await?))
}

/// What an admin says about an alert.
#[derive(Debug, Deserialize)]
pub struct Note {
    #[serde(default)]
    note: String,
}

/// `POST /alerts/{id}/acknowledge`
pub async fn acknowledge_alert(
    app: Data<App>,
    id: Path<AlertId>,
    submitted: Submitted<Note>,
) -> std::result::Result<HttpResponse, PageError> {
    let (id, by) = (id.into_inner(), by(&submitted.admin));
    let change = app
        .db
        .change(move |conn| decide::acknowledge(conn, id, &by, now_ms()));
    let flash = match change.await? {
        true => Flash::AlertAcknowledged,
        false => Flash::AlertAsItWas,
    };
    Ok(back(&app, id, flash))
}

/// `POST /alerts/{id}/close`
pub async fn close_alert(
    app: Data<App>,
    id: Path<AlertId>,
    submitted: Submitted<Note>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = submitted;
    let (id, by) = (id.into_inner(), by(&admin));
    let change = app
        .db
        .change(move |conn| decide::close(conn, id, &form.note, &by, now_ms()));
    let flash = match change.await? {
        true => Flash::AlertClosed,
        false => Flash::AlertAsItWas,
    };
    Ok(back(&app, id, flash))
}

fn by(admin: &SignedIn) -> By {
    By {
        email: admin.session.email.clone(),
        only: admin.session.only,
    }
}

fn back(app: &App, id: AlertId, flash: Flash) -> HttpResponse {
    see_other(&format!("/alerts/{id}"))
        .cookie(flash.cookie(app))
        .finish()
}

/// Alerts with the names of their companies.
pub(super) fn with_names(conn: &mut Conn, alerts: Vec<Alert>) -> Result<Vec<Line>> {
    let mut names: HashMap<CompanyId, String> = HashMap::new();
    let mut lines = Vec::with_capacity(alerts.len());
    for alert in alerts {
        if let Some(id) = alert.company_id.filter(|id| !names.contains_key(id)) {
            names.insert(id, name_of(conn, Some(id))?);
        }
        let name = alert.company_id.and_then(|id| names.get(&id));
        let company = name.cloned().unwrap_or_default();
        lines.push(Line { alert, company });
    }
    Ok(lines)
}

fn name_of(conn: &mut Conn, company: Option<CompanyId>) -> Result<String> {
    let Some(id) = company else {
        return Ok(String::new());
    };
    let found = companies::store::find(conn, id)?;
    Ok(found.map_or(String::new(), |(company, _)| company.name))
}
