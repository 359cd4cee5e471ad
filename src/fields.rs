//! The fields of a row that a company, or a token, can leave out of what programs get.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

crate::words! {
    /// One field, by the name that the old plugin gave it.
    Field {
        /// Moodle's id of the person.
        UserId = "userid",
        /// First name.
        FirstName = "firstname",
        /// Last name.
        LastName = "lastname",
        /// E-mail address.
        Email = "email",
        /// Name to sign in to Moodle with.
        Username = "username",
        /// Course name.
        CourseName = "coursename",
        /// Completion time, written.
        TimeCompleted = "timecompleted",
        /// Completion time in UTC seconds.
        TimeCompletedUnix = "timecompleted_unix",
        /// Start time, written.
        TimeStarted = "timestarted",
        /// Start time in UTC seconds.
        TimeStartedUnix = "timestarted_unix",
        /// Percentage.
        Percentage = "percentage",
        /// Status.
        Status = "status",
    }
}

impl Field {
    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Which fields show; as text and as JSON, their names in the plugin's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "Vec<Field>", from = "Vec<Field>")]
pub struct Fields(u16);

impl Fields {
    /// Every field.
    pub fn all() -> Self {
        Field::ALL.iter().copied().collect()
    }

    /// Whether this one shows.
    pub fn has(self, field: Field) -> bool {
        self.0 & field.bit() != 0
    }

    /// Those that show in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all are left out.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether none is left out.
    pub fn is_all(self) -> bool {
        self == Self::all()
    }

    /// Whether the completion time shows, in whatever spelling.
    pub fn has_completion(self) -> bool {
        self.has(Field::TimeCompleted) || self.has(Field::TimeCompletedUnix)
    }

    /// Whether the start time shows, in whatever spelling.
    pub fn has_start(self) -> bool {
        self.has(Field::TimeStarted) || self.has(Field::TimeStartedUnix)
    }

    /// The fields that show, in the plugin's order.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL
            .iter()
            .copied()
            .filter(move |field| self.has(*field))
    }

    /// A short spelling for keys: equal sets, equal texts.
    pub fn code(self) -> String {
        format!("{:03x}", self.0)
    }
}

impl FromIterator<Field> for Fields {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        Self(fields.into_iter().fold(0, |set, field| set | field.bit()))
    }
}

impl From<Vec<Field>> for Fields {
    fn from(fields: Vec<Field>) -> Self {
        fields.into_iter().collect()
    }
}

impl From<Fields> for Vec<Field> {
    fn from(fields: Fields) -> Self {
        fields.iter().collect()
    }
}

impl FromStr for Fields {
    type Err = String;

    /// Names with blanks or commas between; the error names the word that is none.
    fn from_str(text: &str) -> Result<Self, String> {
        let named = |name: &str| {
            let field = name.parse::<Field>();
            field.map_err(|why| format!("{name:?} is no field: {why}"))
        };
        text.split([' ', ','])
            .filter(|name| !name.is_empty())
            .map(named)
            .collect()
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Field::as_str).collect();
        out.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_survive_being_written_and_read() {
        let some: Fields = "status, userid".parse().expect("both are known");

        assert_eq!(some.to_string(), "userid status");
        assert_eq!(
            serde_json::to_string(&some).expect("a list"),
            r#"["userid","status"]"#
        );
        assert_eq!(some.to_string().parse(), Ok(some));
        assert!("userid courseid".parse::<Fields>().is_err());
        assert!(Fields::all().is_all() && !some.is_all());
    }
}
