//! The last backup.

use super::said::{Check, span};
use crate::app::App;
use crate::db::{Kind, backup};
use crate::language::{Number, Said};

/// A backup that is older is worth a look, seconds.
const OLD: i64 = 8 * 86_400;

/// When the newest copy in the data folder was made, how big it is, and where it lies.
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
    let Some(newest) = copies.first() else {
        return Check::warning(name, Said::new("There is none in the data folder."), advice);
    };
    let found = Said::new("{span} ago, {size}: backups/{name}.")
        .saying("span", span(now - newest.at))
        .number(
            "size",
            Number::Bytes(i64::try_from(newest.bytes).unwrap_or(i64::MAX)),
        )
        .with("name", &newest.name);
    if now - newest.at > OLD {
        return Check::warning(name, found, advice);
    }
    Check::ok(name, found)
}
