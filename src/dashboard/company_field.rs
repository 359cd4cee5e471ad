//! The field that narrows a list to one company: a box to choose from, or, where that would be thousands of lines, a field
//! for its name or number.

use super::labels::{self, Choice};
use super::{PageError, SignedIn};
use crate::app::App;
use crate::companies;
use crate::error::{Error, Result};
use crate::ids::CompanyId;
use crate::language::Said;

/// Most companies that a box offers.
const MOST: usize = 300;

/// The field, for a template.
pub struct CompanyField {
    /// What to choose from; nothing where there is too much.
    pub choices: Vec<Choice>,
    /// Whether there is too much.
    pub are_many: bool,
    /// The company that is chosen, as the field for a name has it.
    pub typed: String,
}

impl CompanyField {
    /// Of the companies that somebody may see, by name.
    pub fn of(known: Vec<(CompanyId, String)>, chosen: Option<CompanyId>) -> Self {
        let typed = known.iter().find(|(id, _)| Some(*id) == chosen);
        let typed = typed.map_or(String::new(), |(id, name)| format!("{name} ({id})"));
        let are_many = known.len() > MOST;
        let choices = if are_many {
            Vec::new()
        } else {
            labels::named(known, chosen)
        };
        Self {
            choices,
            are_many,
            typed,
        }
    }

    /// With what was typed, where that names no company.
    pub fn or_typed(self, text: &str) -> Self {
        let typed = if self.typed.is_empty() {
            text.to_owned()
        } else {
            self.typed
        };
        Self { typed, ..self }
    }

    /// Whether there is anything to choose.
    pub fn are_several(&self) -> bool {
        self.are_many || self.choices.len() > 1
    }
}

/// Puts a company's number in the place of its name, or of both as the field shows them: see [`number`].
pub async fn resolve(
    admin: &SignedIn,
    app: &App,
    typed: &mut String,
) -> std::result::Result<(), PageError> {
    *typed = number(admin, app, typed)
        .await
        .map_err(|error| match error {
            Error::Invalid(why) => PageError::BadRequest(why),
            other => other.into(),
        })?;
    Ok(())
}

/// The number of a company that was typed as the field shows it, by its name or by its number. What is empty stays so.
///
/// `Invalid` where no company has the name, or several have; those that the reader may not see are as unknown as any other.
pub async fn number(admin: &SignedIn, app: &App, typed: &str) -> Result<String> {
    let text = typed.trim().to_owned();
    if text.is_empty() || text.parse::<CompanyId>().is_ok() {
        return Ok(text);
    }
    let only = admin.only();
    let known = app
        .db
        .run(move |conn| companies::store::names(conn, only))
        .await?;
    let shown = |(id, name): &&(CompanyId, String)| format!("{name} ({id})") == text;
    let folded = text.to_lowercase();
    let mut alike = known
        .iter()
        .filter(|(_, name)| name.to_lowercase() == folded);
    let found = match known.iter().find(shown) {
        Some(found) => Some(found),
        None => alike.next().filter(|_| alike.next().is_none()),
    };
    let Some((id, _)) = found else {
        let why = Said::new("no company is called “{text}”, or several are: give its number");
        return Err(Error::Invalid(why.with("text", text)));
    };
    Ok(id.to_string())
}
