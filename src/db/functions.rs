//! SQL functions that both databases have; SQLite's are replaced where they stop at ASCII.

use diesel::sql_types::Text;
use diesel::{QueryResult, SqliteConnection};

#[diesel::declare_sql_function]
extern "SQL" {
    /// Letters without their case.
    fn lower(text: Text) -> Text;
}

/// Gives a SQLite connection a `lower` that knows every alphabet.
pub(super) fn register(conn: &mut SqliteConnection) -> QueryResult<()> {
    lower_utils::register_impl(conn, |mut text: String| match text.is_ascii() {
        true => {
            text.make_ascii_lowercase(); // where it is: a search asks for every row
            text
        }
        false => text.to_lowercase(),
    })
}
