//! The rows of each set's source as lists of values, in the order of its properties.

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text};

use super::model::{Datum, Set};
use super::sql::Bound;
use crate::db::Conn;
use crate::error::Result;

/// Runs a statement that selects from a set's source.
pub fn load(conn: &mut Conn, set: Set, statement: Bound<'_>) -> Result<Vec<Vec<Datum>>> {
    Ok(match set {
        Set::Progress => data(statement.load::<ProgressRow>(conn)?),
        Set::Courses => data(statement.load::<CourseRow>(conn)?),
        Set::Users => data(statement.load::<UserRow>(conn)?),
        Set::SyncRuns => data(statement.load::<RunRow>(conn)?),
    })
}

fn data<T: Into<Vec<Datum>>>(rows: Vec<T>) -> Vec<Vec<Datum>> {
    rows.into_iter().map(Into::into).collect()
}

/// A statement's only number.
#[derive(QueryableByName)]
pub struct Number {
    /// The number.
    #[diesel(sql_type = BigInt)]
    pub number: i64,
}

#[derive(QueryableByName)]
struct CourseRow {
    #[diesel(sql_type = BigInt)]
    course_id: i64,
    #[diesel(sql_type = Text)]
    coursename: String,
}

impl From<CourseRow> for Vec<Datum> {
    fn from(row: CourseRow) -> Self {
        vec![Datum::Int(row.course_id), Datum::Text(row.coursename)]
    }
}

#[derive(QueryableByName)]
struct UserRow {
    #[diesel(sql_type = BigInt)]
    user_id: i64,
    #[diesel(sql_type = Text)]
    firstname: String,
    #[diesel(sql_type = Text)]
    lastname: String,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    username: String,
}

impl From<UserRow> for Vec<Datum> {
    fn from(row: UserRow) -> Self {
        vec![
            Datum::Int(row.user_id),
            Datum::Text(row.firstname),
            Datum::Text(row.lastname),
            Datum::Text(row.email),
            Datum::Text(row.username),
        ]
    }
}

/// A row of progress.
#[derive(QueryableByName)]
pub struct ProgressRow {
    #[diesel(embed)]
    user: UserRow,
    #[diesel(embed)]
    course: CourseRow,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Nullable<Double>)]
    percentage: Option<f64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    timecompleted: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    timestarted: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    enrolled_at: Option<i64>,
    #[diesel(sql_type = BigInt)]
    changed_at: i64,
    #[diesel(sql_type = Text)]
    state: String,
}

impl From<ProgressRow> for Vec<Datum> {
    fn from(row: ProgressRow) -> Self {
        let mut data = Self::from(row.user);
        data.extend(Self::from(row.course));
        data.extend([
            Datum::Text(row.status),
            row.percentage.map_or(Datum::Null, Datum::Double),
            time(row.timecompleted),
            time(row.timestarted),
            time(row.enrolled_at),
            Datum::Time(row.changed_at),
            Datum::Text(row.state),
        ]);
        data
    }
}

#[derive(QueryableByName)]
struct RunRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    mode: String,
    #[diesel(sql_type = Text)]
    trigger: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Bool)]
    dry_run: bool,
    #[diesel(sql_type = BigInt)]
    requested_at: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    started_at: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    finished_at: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    snapshot_at: Option<i64>,
    #[diesel(sql_type = Nullable<Bool>)]
    success: Option<bool>,
    #[diesel(sql_type = Nullable<BigInt>)]
    processed: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    created: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    updated: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    deleted: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    unchanged: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    cache_cleared: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    duration_seconds: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    said_wrong: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    version_before: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    version_after: Option<i64>,
}

impl From<RunRow> for Vec<Datum> {
    fn from(row: RunRow) -> Self {
        let number = |number: Option<i64>| number.map_or(Datum::Null, Datum::Int);
        vec![
            Datum::Text(row.id),
            Datum::Text(row.mode),
            Datum::Text(row.trigger),
            Datum::Text(row.state),
            Datum::Bool(row.dry_run),
            Datum::Time(row.requested_at),
            time(row.started_at),
            time(row.finished_at),
            time(row.snapshot_at),
            row.success.map_or(Datum::Null, Datum::Bool),
            number(row.processed),
            number(row.created),
            number(row.updated),
            number(row.deleted),
            number(row.unchanged),
            number(row.cache_cleared),
            number(row.duration_seconds),
            row.said_wrong.map_or(Datum::Null, Datum::Text),
            number(row.version_before),
            number(row.version_after),
        ]
    }
}

fn time(seconds: Option<i64>) -> Datum {
    seconds.map_or(Datum::Null, Datum::Time)
}
