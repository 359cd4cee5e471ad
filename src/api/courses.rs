//! `GET /api/v1/courses`: the courses that the token's company has rows in.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::query::Query;
use super::reply::{Content, Question, cached};
use super::rows::{AsOf, Page};
use super::{ApiError, Client, cursor, empty};
use crate::companies::State;
use crate::db::Conn;
use crate::error;
use crate::fields::{Field, Fields};
use crate::ids::{CompanyId, CourseId};
use crate::progress::courses::{self, CourseNumbers, Which};
use crate::tokens::{Scope, SecretKey};

/// The view's name in cache keys and cursors.
const COURSES: &str = "courses";

/// A course with at least one active row.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CourseItem<'a> {
    /// Moodle's id of the course.
    #[schema(value_type = i64)]
    courseid: CourseId,
    /// Full name of the course; absent where it does not show.
    #[serde(skip_serializing_if = "Option::is_none")]
    coursename: Option<&'a str>,
    /// Active rows in this course.
    enrolments: i64,
}

/// The courses that the company has active rows in, by id.
#[utoipa::path(
    get, path = "/api/v1/courses", operation_id = "listCourses", tag = "summary",
    security(("token" = ["read"])),
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "Items of a page; 100 when not given.", example = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of courses, by id.", body = Page<CourseItem>, example = json!({"items": [{"courseid": 2, "coursename": "Fire safety", "enrolments": 40}], "next_cursor": null, "as_of": {"version": 43, "synced_at": "2026-11-22T10:42:00Z", "changed_at": "2026-11-22T10:42:01Z", "run_id": "0123456789abcdef0123456789abcdef"}})),
        (status = 304, description = "The client has this very reply."),
        (status = 400, description = "Parameters are not as they must be; `errors` names each."),
    )
)]
pub async fn list_courses(client: Client, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Read)?;
    let asked = Asked::read(&request, &client, COURSES)?;
    let question = asked.question();
    let load = move |conn: &mut Conn, state: &State| {
        let (found, next_cursor) = asked.find(conn, state.company_id)?;
        let item = |course| CourseItem::of(course, asked.fields);
        let page = Page {
            items: found.iter().map(item).collect(),
            next_cursor,
            as_of: Some(AsOf::from(state)),
        };
        let empty = why_empty(conn, state, &found)?;
        Ok(Content::json(&page, found.len(), empty))
    };
    cached(&request, client, question, load).await
}

impl<'a> CourseItem<'a> {
    fn of(course: &'a CourseNumbers, fields: Fields) -> Self {
        let name = course.name.as_str();
        Self {
            courseid: course.course,
            coursename: fields.has(Field::CourseName).then_some(name),
            enrolments: course.enrolments(),
        }
    }
}

/// A page of a list of courses, by id.
pub struct Asked {
    view: &'static str,
    limit: i64,
    after: CourseId,
    /// The fields that show.
    pub fields: Fields,
    key: SecretKey,
}

impl Asked {
    /// The checked parameters of a list of this name.
    pub fn read(
        request: &HttpRequest,
        client: &Client,
        view: &'static str,
    ) -> Result<Self, ApiError> {
        let key = client.app.key.clone();
        let mut query = Query::read(request.query_string(), &["limit", "cursor"]);
        let limit = query.limit();
        let after = query.cursor(|text| {
            let place = cursor::read(&key, client.caller.company, view, text)?;
            cursor::numbers::<1>(&place).map(|[course]| course)
        });
        query.finish()?;
        Ok(Self {
            view,
            limit,
            after: CourseId(after.unwrap_or(0)),
            fields: client.fields,
            key,
        })
    }

    /// As a question for the cache.
    pub fn question(&self) -> Question {
        let Self { limit, after, .. } = self;
        Question {
            view: self.view,
            query: format!("limit={limit}&after={after}"),
        }
    }

    /// The courses of the page and the cursor of the next one.
    pub fn find(
        &self,
        conn: &mut Conn,
        company: CompanyId,
    ) -> error::Result<(Vec<CourseNumbers>, Option<String>)> {
        let mut found = courses::numbers(conn, company, Which::After(self.after))?;
        let more = found.len() as i64 > self.limit;
        found.truncate(self.limit as usize);
        let last = found.last().filter(|_| more);
        let next = last.map(|last| {
            let place = cursor::of_numbers([last.course.0]);
            cursor::write(&self.key, company, self.view, &place)
        });
        Ok((found, next))
    }
}

/// Why a page has no courses.
pub fn why_empty(
    conn: &mut Conn,
    state: &State,
    found: &[CourseNumbers],
) -> error::Result<Option<&'static str>> {
    match (found, state.totals.enrolments) {
        ([], 0) => Ok(Some(empty::of_company(conn, state)?)),
        ([], _) => Ok(Some("filtered-out")),
        _ => Ok(None),
    }
}
