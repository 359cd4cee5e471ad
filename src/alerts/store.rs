//! Alerts in the store: opened, seen again, acknowledged, closed, told. At most one of a thing is not closed.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{Alert, Kind, State, Values, filled};
use crate::db::Conn;
use crate::error::{Error, OrNotFound as _, Result};
use crate::ids::{AlertId, CompanyId};
use crate::schema::alerts;
use crate::words::Severity;

/// A thing that was found to need somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub kind: Kind,
    /// How much it matters now.
    pub severity: Severity,
    /// Whose; `None` is the whole site.
    pub company: Option<CompanyId>,
    /// What of it; empty where the type is about one thing only.
    pub subject: String,
    /// The values of its sentence.
    pub values: Values,
}

impl Finding {
    fn message(&self) -> String {
        filled(self.kind.sentence(&self.subject), &self.values)
    }

    fn data(&self) -> Result<String> {
        serde_json::to_string(&self.values).map_err(|cause| Error::Machine(cause.into()))
    }
}

/// Those that are not closed, oldest first.
pub fn unclosed(conn: &mut Conn) -> Result<Vec<Alert>> {
    let found = alerts::table
        .filter(alerts::state.ne(State::Closed))
        .order(alerts::id)
        .select(Alert::as_select())
        .load(conn)?;
    Ok(found)
}

/// One alert; where `only` names a company, another company's and the site's are not found.
pub fn get(conn: &mut Conn, id: AlertId, only: Option<CompanyId>) -> Result<Alert> {
    let found: Option<Alert> = alerts::table
        .find(id)
        .select(Alert::as_select())
        .get_result(conn)
        .optional()?;
    let seen = found.filter(|alert| only.is_none() || alert.company_id == only);
    seen.or_not_found("the alert")
}

/// Opens an alert. The index lets nobody open a second one of the same thing.
pub fn open(conn: &mut Conn, found: &Finding, now: i64) -> Result<()> {
    diesel::insert_into(alerts::table)
        .values((
            alerts::kind.eq(found.kind),
            alerts::severity.eq(found.severity),
            alerts::company_id.eq(found.company),
            alerts::subject.eq(&found.subject),
            alerts::message.eq(found.message()),
            alerts::data.eq(found.data()?),
            alerts::state.eq(State::Open),
            alerts::opened_at.eq(now),
            alerts::seen_at.eq(now),
            alerts::seen.eq(1),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes that a thing was found again: it says what it says now, and may matter more, never less.
pub fn see(conn: &mut Conn, alert: &Alert, found: &Finding, now: i64) -> Result<()> {
    let severity = match found.severity.reaches(alert.severity) {
        true => found.severity,
        false => alert.severity,
    };
    diesel::update(alerts::table.find(alert.id))
        .set((
            alerts::severity.eq(severity),
            alerts::message.eq(found.message()),
            alerts::data.eq(found.data()?),
            alerts::seen_at.eq(now),
            alerts::seen.eq(alerts::seen + 1),
        ))
        .execute(conn)?;
    Ok(())
}

/// Says that somebody sees to it; `false` where it was not open.
pub fn acknowledge(conn: &mut Conn, id: AlertId, by: &str, now: i64) -> Result<bool> {
    let open = alerts::table.find(id).filter(alerts::state.eq(State::Open));
    let done = diesel::update(open)
        .set((
            alerts::state.eq(State::Acknowledged),
            alerts::acknowledged_at.eq(now),
            alerts::acknowledged_by.eq(by),
        ))
        .execute(conn)?;
    Ok(done == 1)
}

/// Closes it; `false` where it was closed already.
pub fn close(conn: &mut Conn, id: AlertId, by: &str, note: &str, now: i64) -> Result<bool> {
    let unclosed = alerts::table
        .find(id)
        .filter(alerts::state.ne(State::Closed));
    let done = diesel::update(unclosed)
        .set((
            alerts::state.eq(State::Closed),
            alerts::closed_at.eq(now),
            alerts::closed_by.eq(by),
            alerts::note.eq(note),
        ))
        .execute(conn)?;
    Ok(done == 1)
}

/// Notes that messages about it are on their way.
pub fn tell(conn: &mut Conn, alert: &Alert, now: i64) -> Result<()> {
    diesel::update(alerts::table.find(alert.id))
        .set((alerts::told.eq(alert.severity), alerts::told_at.eq(now)))
        .execute(conn)?;
    Ok(())
}

/// The gravest that somebody was told of since a moment, of each type and company.
pub fn told_since(
    conn: &mut Conn,
    since: i64,
) -> Result<HashMap<(Kind, Option<CompanyId>), Severity>> {
    let told: Vec<(Kind, Option<CompanyId>, Severity)> = alerts::table
        .filter(alerts::told_at.gt(since))
        .filter(alerts::told.is_not_null())
        .select((
            alerts::kind,
            alerts::company_id,
            alerts::told.assume_not_null(),
        ))
        .load(conn)?;
    let mut gravest = HashMap::new();
    for (kind, company, severity) in told {
        let known = gravest.entry((kind, company)).or_insert(severity);
        if severity.reaches(*known) {
            *known = severity;
        }
    }
    Ok(gravest)
}
