//! The audit log: what admins did, newest first, with what was before and after.

use std::collections::HashMap;

use actix_web::web::{Data, Query};
use askama::Template;
use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::Value;

use super::company_field::{self, CompanyField};
use super::labels::{self, Choice};
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab, filters};
use super::{audit_facts, audit_words};
use crate::app::App;
use crate::audit::{self, Filter, Written};
use crate::companies;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::language::Said;
use crate::time::day;

/// Entries on one page.
const PER_PAGE: usize = 50;

/// The audit log.
#[derive(Template)]
#[template(path = "audit/audit.html")]
pub struct AuditPage {
    chrome: Chrome,
    view: View,
    lines: Vec<Line>,
    actions: Vec<Choice>,
    companies: CompanyField,
    older: Option<String>,
}

/// One entry, in words.
pub(super) struct Line {
    pub(super) written: Written,
    /// Hostile text.
    pub(super) company: String,
    pub(super) action: String,
    pub(super) moved: Vec<Moved>,
}

/// One fact that an action changed.
pub(super) struct Moved {
    pub(super) name: Said,
    pub(super) before: Option<Said>,
    pub(super) after: Option<Said>,
}

/// The fields of the form, as they were typed, and the place of the page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct View {
    who: String,
    action: String,
    company: String,
    from: String,
    to: String,
    below: String,
}

impl View {
    /// What it asks for, checked. Days are those of the zone.
    pub(super) fn filter(&self, zone: Tz) -> std::result::Result<Filter, PageError> {
        let from: Option<NaiveDate> = labels::chosen("the first day", &self.from)?;
        let to: Option<NaiveDate> = labels::chosen("the last day", &self.to)?;
        let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Filter {
            actor: said(&self.who),
            action: said(&self.action),
            company: labels::chosen("the company", &self.company)?,
            from_ms: from.map(|first| day::begin(first, zone) * 1000),
            before_ms: to.map(|last| day::end(last, zone) * 1000),
        })
    }

    fn address(&self, below: Option<i64>) -> String {
        let path = "/audit?".to_owned();
        let start = path.len();
        let mut query = url::form_urlencoded::Serializer::for_suffix(path, start);
        query.extend_pairs(self.fields().iter().filter(|(_, value)| !value.is_empty()));
        if let Some(below) = below {
            query.append_pair("below", &below.to_string());
        }
        query.finish().trim_end_matches('?').to_owned()
    }

    fn is_filtered(&self) -> bool {
        self.fields().iter().any(|(_, value)| !value.is_empty())
    }

    fn fields(&self) -> [(&'static str, &str); 5] {
        [
            ("who", self.who.trim()),
            ("action", &self.action),
            ("company", &self.company),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }
}

impl AuditPage {
    fn downloads(&self) -> Downloads {
        Downloads::at("entries", self.view.address(None)).filtered(self.view.is_filtered())
    }
}

/// `GET /audit`
pub async fn show_audit(
    admin: SignedIn,
    app: Data<App>,
    view: Query<View>,
) -> std::result::Result<Page<AuditPage>, PageError> {
    let mut view = view.into_inner();
    company_field::resolve(&admin, &app, &mut view.company).await?;
    let filter = view.filter(admin.session.reading.zone)?;
    let (company, action) = (filter.company, filter.action.clone());
    let below = labels::chosen("the place", &view.below)?;
    let read = app.db.run(move |conn| {
        let found = audit::page(conn, &filter, below, PER_PAGE as i64 + 1)?;
        let known = companies::store::names(conn, None)?;
        Ok((found, audit::actions(conn)?, known))
    });
    let (mut found, actions, known) = read.await?;
    let names: HashMap<CompanyId, String> = known.iter().cloned().collect();
    let more = found.len() > PER_PAGE;
    found.truncate(PER_PAGE);
    let last = found.last().filter(|_| more).map(|last| last.id);
    let choice = |word: String| Choice {
        label: audit_words::action(&word),
        selected: action.as_ref() == Some(&word),
        value: word,
    };
    Ok(Page(AuditPage {
        chrome: admin.chrome(Tab::Audit),
        lines: found.into_iter().map(|entry| line(entry, &names)).collect(),
        actions: actions.into_iter().map(choice).collect(),
        companies: CompanyField::of(known, company),
        older: last.map(|last| view.address(Some(last))),
        view,
    }))
}

/// The names of companies by their ids.
pub(super) fn names(conn: &mut Conn) -> Result<HashMap<CompanyId, String>> {
    let known = companies::store::names(conn, None)?;
    Ok(known.into_iter().collect())
}

/// An entry with the name of its company and what it moved.
pub(super) fn line(written: Written, names: &HashMap<CompanyId, String>) -> Line {
    let company = written.company_id.and_then(|id| names.get(&id));
    Line {
        company: company.cloned().unwrap_or_default(),
        action: audit_words::action(&written.action),
        moved: moved(written.before.as_deref(), written.after.as_deref()),
        written,
    }
}

/// The facts that are not what they were.
fn moved(before: Option<&str>, after: Option<&str>) -> Vec<Moved> {
    let (before, after) = (facts(before), facts(after));
    let mut names: Vec<&String> = before.iter().chain(&after).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let value = |facts: &[(String, String)], name: &str| {
        let found = facts.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| audit_facts::value(name, value))
    };
    let all = names.into_iter().map(|name| Moved {
        name: audit_facts::name(name),
        before: value(&before, name),
        after: value(&after, name),
    });
    all.filter(|fact| fact.before != fact.after).collect()
}

/// The facts of one side; one that is no object is a fact by itself.
fn facts(side: Option<&str>) -> Vec<(String, String)> {
    match side.and_then(|text| serde_json::from_str(text).ok()) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(facts)) => {
            let facts = facts.into_iter().filter(|(_, value)| !value.is_null());
            facts.map(|(name, value)| (name, plain(&value))).collect()
        }
        Some(other) => vec![("value".into(), plain(&other))],
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_otherwise_is_shown() {
        let before = r#"{"role":"viewer","company":null,"same":1}"#;
        let after = r#"{"role":"admin","company":7,"same":1}"#;

        let moved = moved(Some(before), Some(after));

        let side = |said: &Option<Said>| said.as_ref().map_or_else(String::new, Said::to_string);
        let shown: Vec<_> = moved
            .iter()
            .map(|fact| (fact.name.to_string(), side(&fact.before), side(&fact.after)))
            .collect();
        let wanted = [("company", "", "7"), ("role", "viewer", "admin")];
        let wanted = wanted
            .map(|(name, before, after)| (name.to_owned(), before.to_owned(), after.to_owned()));
        assert_eq!(shown, wanted);
    }
}
