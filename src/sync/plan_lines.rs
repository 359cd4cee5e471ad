//! Writing the lines of a plan that is not carried out.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::changes::sides;
use super::plan::{Change, Kind};
use crate::db::{Conn, PgConnection};
use crate::error::Result;
use crate::ids::{CourseId, RunId, UserId};
use crate::moodle::RowState;
use crate::schema::sync_plan_lines;

/// One planned change, ready to be kept.
#[derive(Debug, Insertable)]
#[diesel(table_name = sync_plan_lines)]
pub struct PlanLine {
    run_id: RunId,
    place: i64,
    user_id: UserId,
    course_id: CourseId,
    kind: Kind,
    before: Option<String>,
    after: Option<String>,
}

impl PlanLine {
    /// The line of a change at its place; `left` says why a removed row would end.
    pub fn of(run: &RunId, place: i64, change: &Change, left: RowState) -> Result<Self> {
        let (before, after) = sides(change, left)?;
        Ok(Self {
            run_id: run.clone(),
            place,
            user_id: change.key.user,
            course_id: change.key.course,
            kind: change.kind(),
            before,
            after: Some(after),
        })
    }
}

/// Keeps lines.
pub fn record(conn: &mut Conn, lines: &[PlanLine]) -> Result<()> {
    match conn {
        Conn::Sqlite(conn) => {
            for line in lines {
                diesel::insert_into(sync_plan_lines::table)
                    .values(line)
                    .execute(conn)?;
            }
        }
        Conn::Pg(conn) => record_arrays(conn, lines)?,
    }
    Ok(())
}

fn record_arrays(conn: &mut PgConnection, lines: &[PlanLine]) -> QueryResult<()> {
    macro_rules! column {
        ($line:ident => $value:expr) => {
            lines.iter().map(|$line| $value).collect::<Vec<_>>()
        };
    }
    let insert = "insert into sync_plan_lines (run_id, place, user_id, course_id, kind, before, after) \
        select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[])";
    diesel::sql_query(insert)
        .bind::<Array<Text>, _>(column!(line => line.run_id.0.as_str()))
        .bind::<Array<BigInt>, _>(column!(line => line.place))
        .bind::<Array<BigInt>, _>(column!(line => line.user_id))
        .bind::<Array<BigInt>, _>(column!(line => line.course_id))
        .bind::<Array<Text>, _>(column!(line => line.kind.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column!(line => line.before.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column!(line => line.after.as_deref()))
        .execute(conn)
        .map(drop)
}
