//! What errors of the rooms below say, in any language.

use crate::admins::Role;
use crate::error::Error;
use crate::language::Said;

/// An error for a reader: what a database or the machine said of itself is for admins only, see [`Error::in_public`].
pub fn said_to(reader: Option<Role>, error: &Error) -> Said {
    if reader == Some(Role::Admin) {
        return said(error);
    }
    match error {
        Error::MoodleUnavailable(_) => Said::new("the Moodle database cannot be reached"),
        Error::MoodleUnreadable(_) => Said::new("the Moodle database cannot be read"),
        Error::Setup(_) | Error::Machine(_) => {
            Said::new("the server is not as it must be; its log says more")
        }
        other => said(other),
    }
}

/// An error as a text. What it was told by others stays as they said it, unless it is a text of ours.
fn said(error: &Error) -> Said {
    let because = |text: Said, why: &Said| text.saying("why", why.clone());
    match error {
        Error::NotFound(what) => Said::new("{what} was not found").saying("what", Said::new(what)),
        Error::Moved => Said::new("the company's data or settings changed meanwhile; run it again"),
        Error::Cancelled => Said::new("the sync was cancelled"),
        Error::MoodleUnavailable(why) => because(
            Said::new("the Moodle database cannot be reached: {why}"),
            why,
        ),
        Error::MoodleUnreadable(why) => {
            because(Said::new("the Moodle database cannot be read: {why}"), why)
        }
        Error::MoodleNotConfigured => {
            Said::new("no Moodle database is configured; set ALX_MOODLE_URL")
        }
        Error::StoreUnavailable(_) => Said::new("the store cannot be reached"),
        Error::Store(_) => Said::new("the store reported an error"),
        Error::Machine(cause) => {
            Said::new("the machine reported an error: {why}").with("why", cause.to_string())
        }
        Error::Invalid(why) | Error::Conflict(why) => why.clone(),
        other => Said::brought(other.to_string()),
    }
}
