//! The change log: what each run did to each row, with before and after.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel::sqlite::Sqlite;
use serde_json::{Map, Value};

use super::Run;
use super::plan::{Change, Kind, Old};
use crate::db::{Conn, PgConnection};
use crate::error::{Error, Result};
use crate::ids::{CompanyId, CourseId, RunId, UserId};
use crate::moodle::RowState;
use crate::progress::{Content, Row};
use crate::schema::sync_changes;

/// One changed row, ready for the log.
#[derive(Debug, Insertable)]
#[diesel(table_name = sync_changes)]
pub struct NewChange {
    company_id: CompanyId,
    seq: i64,
    run_id: RunId,
    user_id: UserId,
    course_id: CourseId,
    kind: Kind,
    before: Option<String>,
    after: Option<String>,
}

impl NewChange {
    /// The log's line for a change; `left` says why a removed row ended.
    pub fn of(run: &Run, seq: i64, change: &Change, left: RowState) -> Result<Self> {
        let (before, after) = sides(change, left)?;
        Ok(Self {
            company_id: run.company_id,
            seq,
            run_id: run.id.clone(),
            user_id: change.key.user,
            course_id: change.key.course,
            kind: change.kind(),
            before,
            after: Some(after),
        })
    }
}

/// What a change does to its row, as two JSON objects: of a new row all of it, else only what moved.
pub fn sides(change: &Change, left: RowState) -> Result<(Option<String>, String)> {
    let state = if change.new.is_some() {
        RowState::Active
    } else {
        left
    };
    match (&change.old, &change.new) {
        (None, Some(new)) => Ok((None, serde_json::to_string(new).map_err(unwritten)?)),
        (Some(old), _) => {
            let (before, after) = moved(old, change.said(), state)?;
            let before = Value::Object(before).to_string();
            Ok((Some(before), Value::Object(after).to_string()))
        }
        (None, None) => Err(Error::Conflict("a change of nothing was planned".into())),
    }
}

impl NewChange {
    /// The log's line for a row that was erased: it says that something was there and nothing of it.
    pub fn erased(run: &RunId, row: &Row) -> Self {
        Self {
            company_id: row.company_id,
            seq: row.seq,
            run_id: run.clone(),
            user_id: row.user_id,
            course_id: row.course_id,
            kind: Kind::Removed,
            before: None,
            after: None,
        }
    }
}

type Side = Map<String, Value>;

/// What moved in a row that was known: each side holds only that. Without a new side, only the state did.
fn moved(old: &Old, new: Option<&Content>, state: RowState) -> Result<(Side, Side)> {
    let (mut before, mut after) = (Side::new(), Side::new());
    if let Some(new) = new {
        let was = object(&old.content)?;
        for (name, value) in object(new)? {
            if was[&name] != value {
                before.insert(name.clone(), was[&name].clone());
                after.insert(name, value);
            }
        }
    }
    if old.state != state {
        before.insert("state".into(), old.state.as_str().into());
        after.insert("state".into(), state.as_str().into());
    }
    Ok((before, after))
}

fn object(content: &Content) -> Result<Side> {
    let value = serde_json::to_value(content).map_err(unwritten)?;
    value
        .as_object()
        .cloned()
        .ok_or_else(|| Error::Conflict("a row was not written as an object".into()))
}

fn unwritten(cause: serde_json::Error) -> Error {
    Error::Machine(cause.into())
}

/// Appends lines to the log.
pub fn record(conn: &mut Conn, lines: &[NewChange]) -> Result<()> {
    match conn {
        Conn::Sqlite(conn) => {
            for line in lines {
                Insert(line).execute(conn)?;
            }
        }
        Conn::Pg(conn) => record_arrays(conn, lines)?,
    }
    Ok(())
}

const INSERT: &str =
    "insert into sync_changes (company_id, seq, run_id, user_id, course_id, kind, before, after) ";

/// One line's insert; its text never changes, so SQLite parses it once per connection.
struct Insert<'a>(&'a NewChange);

impl QueryId for Insert<'_> {
    type QueryId = Insert<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<C> diesel::query_dsl::RunQueryDsl<C> for Insert<'_> {}

impl QueryFragment<Sqlite> for Insert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let line = self.0;
        out.push_sql(INSERT);
        out.push_sql("values (");
        out.push_bind_param::<BigInt, _>(&line.company_id)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&line.seq)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&line.run_id)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&line.user_id)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&line.course_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&line.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&line.before)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Text>, _>(&line.after)?;
        out.push_sql(")");
        Ok(())
    }
}

fn record_arrays(conn: &mut PgConnection, lines: &[NewChange]) -> QueryResult<()> {
    macro_rules! column {
        ($line:ident => $value:expr) => {
            lines.iter().map(|$line| $value).collect::<Vec<_>>()
        };
    }
    let rows = "select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], \
                $7::text[], $8::text[])";
    diesel::sql_query(format!("{INSERT}{rows}"))
        .bind::<Array<BigInt>, _>(column!(line => line.company_id))
        .bind::<Array<BigInt>, _>(column!(line => line.seq))
        .bind::<Array<Text>, _>(column!(line => line.run_id.0.as_str()))
        .bind::<Array<BigInt>, _>(column!(line => line.user_id))
        .bind::<Array<BigInt>, _>(column!(line => line.course_id))
        .bind::<Array<Text>, _>(column!(line => line.kind.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column!(line => line.before.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column!(line => line.after.as_deref()))
        .execute(conn)
        .map(drop)
}
