//! Whose minute it is: of several instances on one store, one looks.

use diesel::prelude::*;

use crate::db::{Conn, Db};
use crate::error::Result;
use crate::schema::store_facts;

/// The fact that says when it was last looked.
const FACT: &str = "alerts_looked_at";
/// How long a turn lasts: a little less than the clock's minute.
const TURN: i64 = 50;

/// Whether this instance may look now; then nobody else may for most of a minute. Blocking.
///
/// A turn that lies ahead was taken by a clock that ran ahead, and does not count.
pub fn take(db: &Db, now: i64) -> Result<bool> {
    db.write(|conn| take_in(conn, now))
}

fn take_in(conn: &mut Conn, now: i64) -> Result<bool> {
    let fact = store_facts::table.find(FACT);
    let last: Option<String> = fact
        .select(store_facts::value)
        .get_result(conn)
        .optional()?;
    let Some(last) = last else {
        // Two at once meet at the key: one of them runs again and finds the fact.
        let new = (
            store_facts::name.eq(FACT),
            store_facts::value.eq(now.to_string()),
        );
        diesel::insert_into(store_facts::table)
            .values(new)
            .execute(conn)?;
        return Ok(true);
    };
    let at: i64 = last.parse().unwrap_or(0);
    if (now - TURN..=now).contains(&at) {
        return Ok(false);
    }
    let taken = diesel::update(fact.filter(store_facts::value.eq(&last)))
        .set(store_facts::value.eq(now.to_string()))
        .execute(conn)?;
    Ok(taken == 1)
}
