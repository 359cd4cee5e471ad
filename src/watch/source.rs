//! The rule about Moodle's database, which is asked outside of any transaction.

use super::rules::{Looked, values};
use crate::alerts::Kind;
use crate::app::App;
use crate::error::Error;
use crate::settings::site::Site;
use crate::words::Severity;

/// Follows the rule. Where no Moodle is configured nothing is wrong with it.
pub fn look<'a>(app: &App, site: &'a Site) -> Looked<'a> {
    let mut looked = Looked::with(site);
    let on = looked.follows(Kind::SourceUnreachable);
    let Some(moodle) = app.moodle.as_ref().filter(|_| on) else {
        return looked;
    };
    match moodle.greet() {
        Err(Error::MoodleUnavailable(why) | Error::MoodleUnreadable(why)) => {
            let values = values([("error", why.to_string())]);
            looked.find(Kind::SourceUnreachable, Severity::High, "", values);
        }
        Err(error) => {
            looked.followed.clear(); // what was found before stays
            log::warn!(error:? = error; "Moodle could not be asked whether it is there");
        }
        Ok(_) => {}
    }
    looked
}
