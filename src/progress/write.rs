//! Writing many rows: one prepared upsert per row on SQLite, arrays on PostgreSQL.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Double, Nullable, Text};
use diesel::sqlite::Sqlite;

use super::Row;
use crate::db::{Conn, PgConnection};
use crate::error::Result;

const COLUMNS: &str = "company_id, user_id, course_id, firstname, lastname, email, username, coursename, status, \
    percentage, timecompleted, timestarted, enrolled_at, state, seq, first_seen_seq, changed_at";

/// What an existing row takes over; `first_seen_seq` stays as it was.
const REPLACE: &str = " on conflict (company_id, user_id, course_id) do update set \
    firstname = excluded.firstname, lastname = excluded.lastname, email = excluded.email, \
    username = excluded.username, coursename = excluded.coursename, status = excluded.status, \
    percentage = excluded.percentage, timecompleted = excluded.timecompleted, timestarted = excluded.timestarted, \
    enrolled_at = excluded.enrolled_at, state = excluded.state, seq = excluded.seq, changed_at = excluded.changed_at";

/// Inserts rows or replaces those with the same key. No key may come twice in one call.
pub fn write(conn: &mut Conn, rows: &[Row]) -> Result<()> {
    match conn {
        Conn::Sqlite(conn) => {
            for row in rows {
                Upsert(row).execute(conn)?;
            }
        }
        Conn::Pg(conn) => write_arrays(conn, rows)?,
    }
    Ok(())
}

/// One row's upsert; its text never changes, so SQLite parses it once per connection.
struct Upsert<'a>(&'a Row);

impl QueryId for Upsert<'_> {
    type QueryId = Upsert<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> diesel::query_dsl::RunQueryDsl<C> for Upsert<'_> {}

impl QueryFragment<Sqlite> for Upsert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let Row { content, .. } = self.0;
        out.push_sql("insert into progress (");
        out.push_sql(COLUMNS);
        out.push_sql(") values (");
        out.push_bind_param::<BigInt, _>(&self.0.company_id)?;
        macro_rules! bind {
            ($($kind:ty: $value:expr;)+) => {$(
                out.push_sql(", ");
                out.push_bind_param::<$kind, _>($value)?;
            )+};
        }
        bind! {
            BigInt: &self.0.user_id; BigInt: &self.0.course_id;
            Text: &content.firstname; Text: &content.lastname; Text: &content.email; Text: &content.username;
            Text: &content.coursename; Text: &content.status; Nullable<Double>: &content.percentage;
            Nullable<BigInt>: &content.timecompleted; Nullable<BigInt>: &content.timestarted;
            Nullable<BigInt>: &content.enrolled_at; Text: &self.0.state;
            BigInt: &self.0.seq; BigInt: &self.0.first_seen_seq; BigInt: &self.0.changed_at;
        }
        out.push_sql(")");
        out.push_sql(REPLACE);
        Ok(())
    }
}

fn write_arrays(conn: &mut PgConnection, rows: &[Row]) -> QueryResult<()> {
    let arrays = "bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], \
        $9::text[], $10::double precision[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[], \
        $15::bigint[], $16::bigint[], $17::bigint[]";
    macro_rules! column {
        ($row:ident => $value:expr) => {
            rows.iter().map(|$row| $value).collect::<Vec<_>>()
        };
    }
    diesel::sql_query(format!(
        "insert into progress ({COLUMNS}) select * from unnest($1::{arrays}){REPLACE}"
    ))
    .bind::<Array<BigInt>, _>(column!(row => row.company_id))
    .bind::<Array<BigInt>, _>(column!(row => row.user_id))
    .bind::<Array<BigInt>, _>(column!(row => row.course_id))
    .bind::<Array<Text>, _>(column!(row => row.content.firstname.as_str()))
    .bind::<Array<Text>, _>(column!(row => row.content.lastname.as_str()))
    .bind::<Array<Text>, _>(column!(row => row.content.email.as_str()))
    .bind::<Array<Text>, _>(column!(row => row.content.username.as_str()))
    .bind::<Array<Text>, _>(column!(row => row.content.coursename.as_str()))
    .bind::<Array<Text>, _>(column!(row => row.content.status.as_str()))
    .bind::<Array<Nullable<Double>>, _>(column!(row => row.content.percentage))
    .bind::<Array<Nullable<BigInt>>, _>(column!(row => row.content.timecompleted))
    .bind::<Array<Nullable<BigInt>>, _>(column!(row => row.content.timestarted))
    .bind::<Array<Nullable<BigInt>>, _>(column!(row => row.content.enrolled_at))
    .bind::<Array<Text>, _>(column!(row => row.state.as_str()))
    .bind::<Array<BigInt>, _>(column!(row => row.seq))
    .bind::<Array<BigInt>, _>(column!(row => row.first_seen_seq))
    .bind::<Array<BigInt>, _>(column!(row => row.changed_at))
    .execute(conn)
    .map(drop)
}
