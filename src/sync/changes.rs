//! The change log: what each run did to each row, with before and after.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel::sqlite::Sqlite;
use serde_json::{Map, Value};

use super::Run;
use super::plan::{Change, Kind};
use crate::db::{Conn, PgConnection};
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, RunId, UserId};
use crate::moodle::RowState;
use crate::progress::Content;
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
    pub fn of(run: &Run, seq: i64, change: &Change, left: RowState) -> Self {
        let (before, after) = sides(change, left);
        let text = |side: Map<String, Value>| Value::Object(side).to_string();
        Self {
            company_id: run.company_id,
            seq,
            run_id: run.id.clone(),
            user_id: change.key.user,
            course_id: change.key.course,
            kind: change.kind(),
            before: before.map(text),
            after: after.map(text),
        }
    }
}

type Side = Map<String, Value>;

/// Both sides of a change. A new row has no before; of any other row each side holds only what moved.
fn sides(change: &Change, left: RowState) -> (Option<Side>, Option<Side>) {
    let state = if change.new.is_some() {
        RowState::Active
    } else {
        left
    };
    let Some(old) = &change.old else {
        return (None, change.new.as_ref().map(object));
    };
    let (mut before, mut after) = (Side::new(), Side::new());
    if let Some(new) = &change.new {
        let was = object(&old.content);
        for (name, value) in object(new) {
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
    (Some(before), Some(after))
}

fn object(content: &Content) -> Side {
    match serde_json::to_value(content) {
        Ok(Value::Object(fields)) => fields,
        other => unreachable!("a struct of texts and numbers is an object: {other:?}"),
    }
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
