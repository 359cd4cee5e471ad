//! How long closed alerts are kept: old ones are let go, with the messages about them and whom those went to.

use diesel::prelude::*;

use super::State;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::AlertId;
use crate::schema::alerts;

type Alerts = alerts::BoxedQuery<'static, <Conn as Connection>::Backend>;

/// Those that were closed before a moment, UTC seconds.
fn old(before: i64) -> Alerts {
    alerts::table
        .filter(alerts::state.eq(State::Closed))
        .filter(alerts::closed_at.lt(before))
        .into_boxed()
}

/// How many alerts were closed before a moment, UTC seconds.
pub fn count(conn: &mut Conn, before: i64) -> Result<i64> {
    Ok(old(before).count().get_result(conn)?)
}

/// Lets some of those go that were closed before a moment (UTC seconds), the oldest first and so many at most; returns how
/// many.
pub fn forget(conn: &mut Conn, before: i64, most: i64) -> Result<usize> {
    let gone: Vec<AlertId> = old(before)
        .order(alerts::id)
        .limit(most)
        .select(alerts::id)
        .load(conn)?;
    let gone = alerts::table.filter(alerts::id.eq_any(gone));
    Ok(diesel::delete(gone).execute(conn)?)
}
