//! Who took which file, with which filter, in the audit log.

use actix_web::HttpRequest;
use serde_json::{Map, Value};

use crate::audit::{self, Entry};
use crate::dashboard::audit_facts::A_TEXT;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::time::now_ms;

/// Fields of a filter that may hold somebody's name: that they were used is kept, what they said is not, or an erasure would
/// leave it here.
const NAMES: [&str; 3] = ["search", "learner", "who"];
/// Letters that are kept of a value.
const LONGEST: usize = 200;

/// Which file somebody asked for.
pub struct Wish {
    actor: String,
    company: Option<CompanyId>,
    format: String,
    filter: Map<String, Value>,
}

impl Wish {
    /// What a request asks for.
    pub fn of(request: &HttpRequest, actor: &str) -> Self {
        let about = request.match_info();
        let company = about.get("company").and_then(|id| id.parse().ok());
        let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
        let said = pairs.filter(|(_, value)| !value.is_empty());
        let kept = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            let value = match NAMES.contains(&name.as_ref()) {
                true => A_TEXT.to_owned(),
                false => value.chars().take(LONGEST).collect(),
            };
            (name.into_owned(), Value::String(value))
        };
        Self {
            actor: actor.to_owned(),
            company,
            format: about.query("format").to_owned(),
            filter: said.map(kept).take(20).collect(),
        }
    }

    /// Writes it down: what the file is called says what is in it.
    pub fn record(&self, conn: &mut Conn, file: &str) -> Result<()> {
        let mut after = self.filter.clone();
        after.insert("format".into(), self.format.clone().into());
        let entry = Entry {
            actor: &self.actor,
            company: self.company,
            action: "file_downloaded",
            subject: file,
            before: None,
            after: Some(Value::Object(after)),
        };
        audit::record(conn, &entry, now_ms())
    }
}
