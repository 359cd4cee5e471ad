//! The last backup.

use super::said::{Check, span};
use crate::app::App;
use crate::db::{Kind, backup};
use crate::language::{Number, Said};
use crate::settings::site;
use crate::site::machine;

/// When the newest copy in the data folder was made, how big it is, and where it lies; the rule of the alert `backup_old`
/// says when that is too long ago.
pub fn newest(app: &App, now: i64) -> Check {
    let name = "Last backup";
    if app.db.kind() != Kind::Sqlite {
        let found = Said::new(
            "The store is PostgreSQL: its own tools make the backups, and this server cannot see them.",
        );
        return Check::ok(name, found);
    }
    let copies = match backup::list(&app.config.data_dir.join("backups")) {
        Ok(copies) => copies,
        Err(error) => {
            return Check::failed(
                name,
                &error,
                "Look at the folder backups of the data folder.",
            );
        }
    };
    let advice = "Make one on the page Health, or by “alx-report-api backup”, and keep copies on another machine.";
    let Some((newest, days)) = machine::newest(&copies, now) else {
        return Check::warning(name, Said::new("There is none in the data folder."), advice);
    };
    let found = Said::new("{span} ago, {size}: backups/{name}.")
        .saying("span", span(now - newest.at))
        .number(
            "size",
            Number::Bytes(i64::try_from(newest.bytes).unwrap_or(i64::MAX)),
        )
        .with("name", &newest.name);
    match app.db.read(site::read) {
        Ok(site) if machine::is_old(&site, days) => Check::warning(name, found, advice),
        Ok(_) => Check::ok(name, found),
        Err(error) => Check::failed(name, &error, advice),
    }
}
