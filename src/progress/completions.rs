//! Completions over time: when people completed their courses.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::time::buckets::{Bucket, SLOT};

#[derive(QueryableByName)]
struct Slot {
    #[diesel(sql_type = BigInt)]
    slot: i64,
    #[diesel(sql_type = BigInt)]
    completed: i64,
}

/// How many rows were completed in each bucket, of one company or of all: active rows whose completion time in Moodle lies
/// in it. The buckets are in order and without gaps.
///
/// The store counts them by quarters of an hour, of which the days of every zone are made.
pub fn completions(
    conn: &mut Conn,
    company: Option<CompanyId>,
    buckets: &[Bucket],
) -> Result<Vec<i64>> {
    let mut found = vec![0; buckets.len()];
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
        return Ok(found);
    };
    for Slot { slot, completed } in slots(conn, company, (first.from, last.until))? {
        let after = buckets.partition_point(|bucket| bucket.from <= slot * SLOT);
        if let Some(count) = found.get_mut(after.max(1) - 1) {
            *count += completed; // a slot in which the stretch begins is of its first bucket
        }
    }
    Ok(found)
}

fn slots(
    conn: &mut Conn,
    company: Option<CompanyId>,
    (from, until): (i64, i64),
) -> Result<Vec<Slot>> {
    // The words are in the text: the index of completions is of these rows only.
    let of_company = company.map_or(String::new(), |id| format!(" and company_id = {}", id.0));
    let counted = sql_query(format!(
        "select timecompleted / {SLOT} as slot, count(*) as completed from progress \
         where state = 'active' and status = 'completed' and timecompleted >= $1 and timecompleted < $2{of_company} \
         group by timecompleted / {SLOT}"
    ));
    let counted = counted.bind::<BigInt, _>(from).bind::<BigInt, _>(until);
    Ok(counted.load(conn)?)
}
