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
        let value = setting.checked(typed).map_err(Error::Invalid)?;
        let old = held.text(*setting);
        if old == value {
            continue;
        }
        site::write(conn, *setting, &value, actor, now_ms.div_euclid(1000))?;
        before.insert(setting.as_str(), loggable(*setting, old));
        after.insert(setting.as_str(), loggable(*setting, &value));
        changed.push(*setting);
    }
    if !changed.is_empty() {
        record(conn, json!(before), json!(after), actor, now_ms)?;
    }
    Ok(changed)
}

/// What the audit log says of a value: of an address that opens something only the host.
fn loggable(setting: Setting, value: &str) -> String {
    match setting {
        Setting::WebhookUrl if !value.is_empty() => site::host_only(value),
        _ => value.to_owned(),
    }
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
