//! Changing settings of the whole site: checked, saved and audited together.

pub mod machine;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::audit::{self, Entry};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::settings::site::{self, Setting};

/// Saves settings; returns those that are otherwise now. Call it in a transaction.
///
/// `Invalid` where a value is none of its setting: then nothing is saved. What is as it was already leaves no trace.
pub fn change(
    conn: &mut Conn,
    wanted: &[(Setting, String)],
    actor: &str,
    now_ms: i64,
) -> Result<Vec<Setting>> {
    site::lock(conn)?;
    let held = site::read(conn)?;
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    let mut changed = Vec::new();
    for (setting, typed) in wanted {
        let value = setting
            .checked(typed)
            .map_err(|why| Error::Invalid(why.to_string()))?;
        let old = held.text(*setting);
        if old == value {
            continue;
        }
        site::write(conn, *setting, &value, actor, now_ms.div_euclid(1000))?;
        before.insert(setting.as_str(), old.to_owned());
        after.insert(setting.as_str(), value);
        changed.push(*setting);
    }
    if !changed.is_empty() {
        record(conn, json!(before), json!(after), actor, now_ms)?;
    }
    Ok(changed)
}

fn record(conn: &mut Conn, before: Value, after: Value, actor: &str, now_ms: i64) -> Result<()> {
    let entry = Entry {
        actor,
        company: None,
        action: "site_settings_changed",
        subject: "site",
        before: Some(before),
        after: Some(after),
    };
    audit::record(conn, &entry, now_ms)
}
