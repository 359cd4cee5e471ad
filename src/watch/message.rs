//! What a message says: one alert, and the others that there was no room for.

use serde_json::{Value, json};

use crate::alerts::{Alert, Event, filled};
use crate::time::rfc3339;

/// A message about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The alert.
    pub alert: Alert,
    /// What is said of it.
    pub event: Event,
    /// The name of its company: hostile text.
    pub company: Option<String>,
    /// Others that are told in one line each.
    pub others: Vec<Alert>,
    /// Our own address, without a slash at its end.
    pub site: String,
}

impl Message {
    /// The subject, as the old plugin wrote it.
    pub fn subject(&self) -> String {
        let more = match self.others.len() {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let (kind, severity) = (self.alert.kind, self.alert.severity);
        let over = match self.event {
            Event::Alert => "",
            Event::Closed => "Over: ",
        };
        format!("[ALX Report API] {over}{severity} Alert: {kind}{more}")
    }

    /// What stands before and behind each colon of the message.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let company = self.company.clone();
        let at = |moment: i64| rfc3339(moment).unwrap_or_default();
        let mut facts = vec![
            (
                "Type",
                format!("{} ({})", self.alert.kind.title(), self.alert.kind),
            ),
            ("Severity", self.alert.severity.to_string()),
            (
                "Company",
                company.unwrap_or_else(|| "the whole site".into()),
            ),
            ("Message", said(&self.alert)),
            ("Since", at(self.alert.opened_at)),
            ("Server", self.site.clone()),
        ];
        if let Some(closed) = self.alert.closed_at {
            facts.insert(facts.len() - 1, ("Over since", at(closed)));
        }
        facts
    }

    /// What to do; of what is over, nothing.
    fn advice(&self) -> &'static str {
        match self.event {
            Event::Alert => self.alert.kind.advice(),
            Event::Closed => "Nothing: it is not so any more.",
        }
    }

    fn others(&self) -> impl Iterator<Item = String> {
        self.others.iter().map(|other| {
            let since = rfc3339(other.opened_at).unwrap_or_default();
            let closed = if other.is_open() { "" } else { " (over since)" };
            format!(
                "{}: {} {} {since}{closed}",
                other.severity,
                other.kind.title(),
                said(other)
            )
        })
    }

    fn link(&self) -> String {
        format!("{}/alerts/{}", self.site, self.alert.id)
    }

    /// The message as plain text.
    pub fn text(&self) -> String {
        let facts = self.facts().into_iter();
        let mut lines: Vec<String> = facts
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        lines.push(String::new());
        lines.push(format!("What to do: {}", self.advice()));
        lines.push(self.link());
        if !self.others.is_empty() {
            lines.push(format!(
                "\nThere were too many messages for one each. {} more:",
                self.others.len()
            ));
            lines.extend(self.others().map(|line| format!("- {line}")));
        }
        lines.join("\n") + "\n"
    }

    /// The message as HTML.
    pub fn html(&self) -> String {
        let row = |(name, value): (&str, String)| {
            format!(
                "<tr><th align=\"left\" valign=\"top\">{name}</th><td>{}</td></tr>",
                escaped(&value)
            )
        };
        let facts: String = self.facts().into_iter().map(row).collect();
        let others: String = self
            .others()
            .map(|line| format!("<li>{}</li>", escaped(&line)))
            .collect();
        let more = match self.others.is_empty() {
            true => String::new(),
            false => format!(
                "<p>There were too many messages for one each. {} more:</p><ul>{others}</ul>",
                self.others.len()
            ),
        };
        let (advice, link) = (escaped(self.advice()), escaped(&self.link()));
        format!(
            "<!doctype html><html lang=\"en\"><body><table cellpadding=\"4\">{facts}</table><p><strong>What to do:</strong> \
             {advice}</p><p><a href=\"{link}\">{link}</a></p>{more}</body></html>"
        )
    }

    /// The message for a program.
    pub fn json(&self) -> Value {
        let one = |alert: &Alert| {
            json!({
                "id": alert.id, "type": alert.kind, "severity": alert.severity, "state": alert.state,
                "company_id": alert.company_id, "subject": alert.subject, "message": said(alert),
                "values": alert.values(), "opened_at": rfc3339(alert.opened_at),
                "closed_at": alert.closed_at.and_then(rfc3339), "seen": alert.seen,
            })
        };
        let others: Vec<Value> = self.others.iter().map(one).collect();
        json!({
            "event": self.event, "alert": one(&self.alert), "company": self.company, "title": self.alert.kind.title(),
            "advice": self.advice(), "link": self.link(), "others": others,
        })
    }
}

/// An alert's sentence with its values.
fn said(alert: &Alert) -> String {
    filled(alert.sentence(), &alert.values())
}

/// Hostile text in HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
