//! What a client asks of `GET /api/v1/progress`: filters, checked by name and by what its token may see.

use url::form_urlencoded::Serializer;

use super::query::Query;
use super::{ApiError, Client};
use crate::fields::{Field, Fields};
use crate::ids::{CourseId, UserId};
use crate::progress::feed::Filter;

/// The names of the filters.
pub const FILTERS: [&str; 8] = [
    "status",
    "course_id",
    "user_id",
    "email",
    "changed_since",
    "completed_from",
    "completed_to",
    "state",
];

/// The filters of a query. What is wrong with them is noted in it.
///
/// Bounds are whole seconds: `changed_since` and `completed_from` keep what is at the moment or later, `completed_to` what
/// is before it, so that spans that meet share no row. A filter on a field that the token does not see is refused: whoever
/// may ask for it could guess it.
pub fn filter(query: &mut Query<'_>, fields: Fields) -> Filter {
    let filter = Filter {
        states: query.parsed("state").unwrap_or_default(),
        status: query.parsed("status"),
        course: query.id("course_id").map(CourseId),
        user: query.id("user_id").map(UserId),
        email: query.text("email").map(str::to_lowercase),
        changed_since: query.moment("changed_since"),
        completed_from: query.moment("completed_from"),
        completed_to: query.moment("completed_to"),
    };
    if filter.email.as_deref().is_some_and(str::is_empty) {
        query.blame("email", "use an e-mail address");
    }
    if let (Some(from), Some(to)) = (filter.completed_from, filter.completed_to)
        && from >= to
    {
        query.blame("completed_to", "use a moment after completed_from");
    }
    let seen = [
        ("status", fields.has(Field::Status)),
        ("email", fields.has(Field::Email)),
        ("completed_from", fields.has_completion()),
        ("completed_to", fields.has_completion()),
    ];
    for (name, seen) in seen {
        if !seen && query.text(name).is_some() {
            query.blame(name, "this token does not see the field that it filters on");
        }
    }
    filter
}

/// One spelling of a filter, for cursors and the cache.
pub fn canonical(filter: &Filter) -> String {
    let mut text = Serializer::new(String::new());
    let moment = |at: Option<i64>| at.map(|second| second.to_string());
    let said = [
        ("status", filter.status.map(|status| status.to_string())),
        ("course_id", filter.course.map(|id| id.to_string())),
        ("user_id", filter.user.map(|id| id.to_string())),
        ("email", filter.email.clone()),
        ("changed_since", moment(filter.changed_since)),
        ("completed_from", moment(filter.completed_from)),
        ("completed_to", moment(filter.completed_to)),
        ("state", Some(filter.states.to_string())),
    ];
    for (name, value) in said {
        if let Some(value) = value {
            text.append_pair(name, &value);
        }
    }
    text.finish()
}

/// The filter of a request for every row: `limit` and `cursor` have no meaning there and are refused.
pub fn of_stream(text: &str, client: &Client) -> Result<Filter, ApiError> {
    let names: Vec<&str> = FILTERS.into_iter().chain(["limit", "cursor"]).collect();
    let mut query = Query::read(text, &names);
    let filter = filter(&mut query, client.fields);
    for name in ["limit", "cursor"] {
        if query.text(name).is_some() {
            query.blame(
                name,
                "goes with pages of JSON only: this form gives every row",
            );
        }
    }
    query.finish()?;
    Ok(filter)
}
