//! Which function is called with which values, checked as Moodle and the plugin check them.

use super::exception::MoodleException;
use super::form::{Form, Value};
use super::values::int;

/// The one function there is.
const FUNCTION: &str = "local_alx_report_api_get_course_progress";
/// Names that belong to the protocol and not to the function.
const PROTOCOL: [&str; 8] = [
    "wstoken",
    "wsfunction",
    "moodlewsrestformat",
    "moodlewssettingraw",
    "moodlewssettingfilter",
    "moodlewssettingfileurl",
    "moodlewssettinglang",
    "moodlewssettingtimezone",
];
/// Rows of a call that does not say.
const USUAL: i64 = 100;

/// The function's parameters, whole numbers for sure.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    limit: i64,
    offset: i64,
}

/// Which rows a call asks for, within the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// 1 to the most that is allowed.
    pub limit: i64,
    /// From 0.
    pub offset: i64,
}

impl Call {
    /// Whether the one function is called that there is.
    pub fn check_function(form: &Form) -> Result<(), MoodleException> {
        match form.text("wsfunction") {
            FUNCTION => Ok(()),
            name if is_function_name(name) => Err(MoodleException::InvalidRecord),
            _ => Err(MoodleException::InvalidParameter),
        }
    }

    /// The parameters' types. Any other parameter is refused.
    pub fn read(form: &Form) -> Result<Self, MoodleException> {
        let mut call = Self {
            limit: USUAL,
            offset: 0,
        };
        for (name, value) in form.pairs() {
            match name {
                "limit" => call.limit = number(value)?,
                "offset" => call.offset = number(value)?,
                name if PROTOCOL.contains(&name) => {}
                _ => return Err(MoodleException::InvalidParameter),
            }
        }
        Ok(call)
    }

    /// The bounds, limit first. `most` is the largest limit.
    pub fn slice(&self, most: u32) -> Result<Slice, MoodleException> {
        let most = i64::from(most);
        match (self.limit, self.offset) {
            (..1, _) => Err(MoodleException::InvalidLimit),
            (limit, _) if limit > most => Err(MoodleException::LimitTooLarge(most)),
            (_, ..0) => Err(MoodleException::InvalidOffset),
            (limit, offset) => Ok(Slice { limit, offset }),
        }
    }
}

fn number(value: &Value) -> Result<i64, MoodleException> {
    let number = match value {
        Value::Text(text) => int(text),
        Value::Array => None,
    };
    number.ok_or(MoodleException::InvalidParameter)
}

/// What Moodle takes for a function's name before it looks for it.
fn is_function_name(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(letters)
        && !name.contains("__")
        && !name.ends_with('_')
}
