//! `GET /api/v1/summary` and `/summary/courses`: the numbers of the token's company, whole and by course.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::courses::{self, Asked};
use super::query::Query;
use super::reply::{Content, Question, cached};
use super::rows::{AsOf, Page};
use super::{ApiError, Client, empty};
use crate::companies::{State, Totals};
use crate::db::Conn;
use crate::fields::{Field, Fields};
use crate::ids::{CompanyId, CourseId};
use crate::progress::courses::CourseNumbers;
use crate::tokens::Scope;

/// The views' names in cache keys and cursors.
const SUMMARY: &str = "summary";
const BY_COURSE: &str = "summary-courses";

/// Rows by status, and completed rows per hundred: null without rows. All absent where the status does not show.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Statuses {
    /// Completed rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    completed: Option<i64>,
    /// Rows in progress.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_progress: Option<i64>,
    /// Rows that are not started.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_started: Option<i64>,
    /// Completed rows per hundred rows, not rounded; null without rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, required = false)]
    completion_rate: Option<Option<f64>>,
}

/// A company's numbers. Only active rows count.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Summary {
    /// Whose numbers.
    #[schema(value_type = i64)]
    company_id: CompanyId,
    /// People with at least one active row.
    learners: i64,
    /// Courses with at least one active row.
    courses: i64,
    /// Active rows.
    enrolments: i64,
    #[serde(flatten)]
    statuses: Statuses,
    /// The version they belong to.
    as_of: AsOf,
}

/// The same numbers of one course.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CourseSummary<'a> {
    /// Moodle's id of the course.
    #[schema(value_type = i64)]
    courseid: CourseId,
    /// Full name of the course; absent where it does not show.
    #[serde(skip_serializing_if = "Option::is_none")]
    coursename: Option<&'a str>,
    /// Active rows in this course.
    enrolments: i64,
    #[serde(flatten)]
    statuses: Statuses,
}

/// The company's numbers: learners, courses, enrolments, and rows by status.
#[utoipa::path(
    get, path = "/api/v1/summary", operation_id = "showSummary", tag = "summary",
    security(("token" = ["read"])),
    responses(
        (status = 200, description = "The numbers of one version.", body = Summary, example = json!({"company_id": 42, "learners": 41, "courses": 6, "enrolments": 193, "completed": 53, "in_progress": 78, "not_started": 62, "completion_rate": 27.461139896373056, "as_of": {"version": 43, "synced_at": "2026-11-22T10:42:00Z", "changed_at": "2026-11-22T10:42:01Z", "run_id": "0123456789abcdef0123456789abcdef"}})),
        (status = 304, description = "The client has this very reply."),
        (status = 400, description = "This address takes no parameters; `errors` names each."),
    )
)]
pub async fn show_summary(client: Client, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Read)?;
    Query::read(request.query_string(), &[]).finish()?;
    let question = Question {
        view: SUMMARY,
        query: String::new(),
    };
    let fields = client.fields;
    let load = move |conn: &mut Conn, state: &State| {
        let Totals {
            learners,
            courses,
            enrolments,
            ..
        } = state.totals;
        let summary = Summary {
            company_id: state.company_id,
            learners,
            courses,
            enrolments,
            statuses: statuses(&state.totals, fields),
            as_of: AsOf::from(state),
        };
        let empty = (enrolments == 0).then(|| empty::of_company(conn, state));
        Ok(Content::json(&summary, 1, empty.transpose()?))
    };
    cached(&request, client, question, load).await
}

/// The same numbers of each course, by course id.
#[utoipa::path(
    get, path = "/api/v1/summary/courses", operation_id = "listCourseSummaries", tag = "summary",
    security(("token" = ["read"])),
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "Items of a page; 100 when not given.", example = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of courses, by id.", body = Page<CourseSummary>, example = json!({"items": [{"courseid": 2, "coursename": "Fire safety", "enrolments": 40, "completed": 10, "in_progress": 10, "not_started": 20, "completion_rate": 25.0}], "next_cursor": null, "as_of": {"version": 43, "synced_at": "2026-11-22T10:42:00Z", "changed_at": "2026-11-22T10:42:01Z", "run_id": "0123456789abcdef0123456789abcdef"}})),
        (status = 304, description = "The client has this very reply."),
        (status = 400, description = "Parameters are not as they must be; `errors` names each."),
    )
)]
pub async fn list_courses(client: Client, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    client.must(Scope::Read)?;
    let asked = Asked::read(&request, &client, BY_COURSE)?;
    let question = asked.question();
    let load = move |conn: &mut Conn, state: &State| {
        let (found, next_cursor) = asked.find(conn, state.company_id)?;
        let item = |course| CourseSummary::of(course, asked.fields);
        let page = Page {
            items: found.iter().map(item).collect(),
            next_cursor,
            as_of: Some(AsOf::from(state)),
        };
        let empty = courses::why_empty(conn, state, &found)?;
        Ok(Content::json(&page, found.len(), empty))
    };
    cached(&request, client, question, load).await
}

impl<'a> CourseSummary<'a> {
    fn of(course: &'a CourseNumbers, fields: Fields) -> Self {
        let name = course.name.as_str();
        let totals = Totals {
            learners: course.enrolments(),
            courses: 1,
            enrolments: course.enrolments(),
            completed: course.completed,
            in_progress: course.in_progress,
        };
        Self {
            courseid: course.course,
            coursename: fields.has(Field::CourseName).then_some(name),
            enrolments: course.enrolments(),
            statuses: statuses(&totals, fields),
        }
    }
}

fn statuses(totals: &Totals, fields: Fields) -> Statuses {
    let shown = fields.has(Field::Status);
    Statuses {
        completed: shown.then_some(totals.completed),
        in_progress: shown.then_some(totals.in_progress),
        not_started: shown.then_some(totals.not_started()),
        completion_rate: shown.then_some(totals.completion_rate()),
    }
}
