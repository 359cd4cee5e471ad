//! `GET /api/v1/companies/me`: what the token is, what it sees, and how its limits stand.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::query::{MOST, Query};
use super::reply::{fresh, has_condition, unchanged};
use super::rows::AsOf;
use super::{ApiError, Client};
use crate::companies::{self, Company};
use crate::fields::{Field, Fields};
use crate::ids::{CompanyId, CourseId};
use crate::moodle::Shape;
use crate::requests::Standing;
use crate::settings;
use crate::time::{now, rfc3339};
use crate::tokens::Scope;

/// Everything that decides what a token sees.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// Whose rows.
    company: Whose,
    /// The token of this call.
    token: TokenItem,
    /// The fields that this token sees, by the old plugin's names. Rows have each time once: those in `_unix` are for its door.
    #[schema(value_type = Vec<Field>)]
    fields: Fields,
    /// How many calls it has.
    limits: LimitsItem,
    /// The zone whose midnight ends a day of calls; dates of the old plugin's door are in it.
    zone: String,
    /// Which rows count.
    rows: RowSettings,
    /// The version that is served now.
    as_of: AsOf,
}

/// The company.
#[derive(Debug, Serialize, ToSchema)]
pub struct Whose {
    /// Moodle's id of the company.
    #[schema(value_type = i64)]
    id: CompanyId,
    /// Its name.
    name: String,
    /// Its short name.
    shortname: String,
    /// Whether it is suspended in Moodle.
    suspended: bool,
}

/// The token. `expires_in` is in seconds.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenItem {
    /// How the token begins.
    prefix: String,
    /// What it may do.
    scopes: Vec<Scope>,
    /// Where it may come from, in CIDR notation with commas between; null for anywhere.
    networks: Option<String>,
    /// When it ends, RFC 3339; null for never.
    expires_at: Option<String>,
    /// Seconds until then.
    expires_in: Option<i64>,
}

/// The limits of a day; null where there is none.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsItem {
    /// Calls of this token a day.
    calls_per_token: Option<u32>,
    /// Calls of all the company's tokens a day.
    calls_per_company: Option<u32>,
    /// Most items of a page.
    items_per_page: i64,
    /// The limit that is reached first.
    nearest: Option<StandingItem>,
}

/// How the limit stands that is reached first. `resets_in` is in seconds.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingItem {
    /// Whose limit: `token` or `company`.
    of: &'static str,
    /// Calls a day.
    limit: u32,
    /// Calls of this day that counted, this one too.
    used: i64,
    /// Calls that are left today.
    left: i64,
    /// Seconds until the next day begins.
    resets_in: i64,
}

/// Which rows count. Null means that nothing is left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowSettings {
    /// Moodle's ids of the roles whose holders count; null for whoever Moodle tracks.
    learner_roles: Option<Vec<i64>>,
    /// Moodle's ids of the departments whose people count; null for all.
    departments: Option<Vec<i64>>,
    /// Whether suspended enrolments count.
    suspended_enrolments: bool,
    /// Only rows enrolled at this moment or later, RFC 3339.
    enrolled_since: Option<String>,
    /// Only completions at this moment or later, RFC 3339; rows without one stay.
    completed_since: Option<String>,
    /// Moodle's ids of the courses that are left out.
    #[schema(value_type = Vec<i64>)]
    courses_off: Vec<CourseId>,
}

/// What the token is and sees, how its limits stand, and which settings shape the company's rows.
///
/// Any valid token may ask, whatever its scopes.
#[utoipa::path(
    get, path = "/api/v1/companies/me", operation_id = "showMe", tag = "summary",
    security(("token" = [])),
    responses(
        (status = 200, description = "As things are for this call, which counts.", body = Me),
        (status = 304, description = "The client has this very reply."),
        (status = 400, description = "This address takes no parameters; `errors` names each."),
    )
)]
pub async fn show_me(client: Client, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Query::read(request.query_string(), &[]).finish()?;
    if !has_condition(&request) {
        client.admit().await?; // nothing is read for a token whose calls are used up
    }
    let id = client.caller.company;
    let read = move |conn: &mut _| {
        let (company, state) = companies::store::get(conn, id)?;
        Ok((company, state, settings::store::shape(conn, id)?))
    };
    let (company, state, shape) = client.read(read).await?;
    let mut me = Me {
        company: Whose::from(company),
        token: TokenItem::of(&client, now()),
        fields: client.fields,
        limits: LimitsItem::of(&client, client.standing().await?),
        zone: client.delivery.zone.into(),
        rows: RowSettings::from(shape),
        as_of: AsOf::from(&state),
    };
    if let Some(reply) = unchanged(&request, &client, &state, &me) {
        return Ok(reply);
    }
    client.admit().await?; // so that the answer counts itself
    me.limits = LimitsItem::of(&client, client.call.known().standing);
    fresh(&request, &client, &state, StatusCode::OK, &me).await
}

impl LimitsItem {
    fn of(client: &Client, standing: Option<Standing>) -> Self {
        Self {
            calls_per_token: some(client.delivery.calls_per_token),
            calls_per_company: some(client.delivery.calls_per_company),
            items_per_page: MOST,
            nearest: standing.map(StandingItem::from),
        }
    }
}

/// A limit of 0 is none.
fn some(limit: u32) -> Option<u32> {
    (limit > 0).then_some(limit)
}

impl TokenItem {
    fn of(client: &Client, now: i64) -> Self {
        let caller = &client.caller;
        let scopes = Scope::ALL.iter().copied();
        Self {
            prefix: caller.prefix.clone(),
            scopes: scopes.filter(|scope| caller.scopes.has(*scope)).collect(),
            networks: caller.networks.as_ref().map(ToString::to_string),
            expires_at: caller.expires_at.and_then(rfc3339),
            expires_in: caller.expires_at.map(|end| end - now),
        }
    }
}

impl From<Company> for Whose {
    fn from(company: Company) -> Self {
        Self {
            id: company.id,
            name: company.name,
            shortname: company.shortname,
            suspended: company.suspended,
        }
    }
}

impl From<Standing> for StandingItem {
    fn from(standing: Standing) -> Self {
        Self {
            of: if standing.of_company {
                "company"
            } else {
                "token"
            },
            limit: standing.limit,
            used: standing.used,
            left: standing.left(),
            resets_in: standing.resets_in,
        }
    }
}

impl From<Shape> for RowSettings {
    fn from(shape: Shape) -> Self {
        Self {
            learner_roles: shape.learner_roles,
            departments: shape.departments,
            suspended_enrolments: shape.suspended_enrolments,
            enrolled_since: shape.enrolled_since.and_then(rfc3339),
            completed_since: shape.completed_since.and_then(rfc3339),
            courses_off: shape.courses_off,
        }
    }
}
