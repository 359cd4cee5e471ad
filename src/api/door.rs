//! Around every call: it is counted, its reply says how the limits stand, and the log of requests gets a line.

use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::call::{Call, Known, id_of};
use super::doors::Door;
use super::end::End;
use super::odata::ODataError;
use super::{ApiError, problem};
use crate::app::App;
use crate::error::with_causes;
use crate::requests::Standing;
use crate::time::now;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The middleware of everything that programs ask for.
pub async fn watch(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let app = request.app_data::<Data<App>>().cloned();
    let app = app.expect("the server registers the app").into_inner();
    let call = Call::of(request.request());
    let end = End::of(request.request(), &app, &call);
    let mut reply = match refused(&app, request.request()).await {
        // Not `into_response`, which forgets what the error was.
        Some(refused) => ServiceResponse::new(request.into_parts().0, refused),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    if reply.status() == StatusCode::METHOD_NOT_ALLOWED {
        identify(&app, reply.request()).await;
    }
    let error = error_of(&reply, &call.known());
    let status = reply.status().as_u16();
    if let Err(cause) = call.settle(&app, status, error.is_some()).await {
        log::error!(
            "the count of a call was not settled: {}",
            with_causes(&cause)
        );
    }
    tell_limits(&app, &call, reply.headers_mut()).await;
    for (name, value) in call.known().told {
        if !reply.headers().contains_key(&name) {
            reply.headers_mut().insert(name, value);
        }
    }
    Ok(end.with_reply(explained(reply), error))
}

/// What a request is answered with that no handler may see. It is counted and noted all the same.
async fn refused(app: &Arc<App>, request: &HttpRequest) -> Option<HttpResponse> {
    let door = Door::at(request.path())?;
    let error = door.refusal(request)?;
    identify(app, request).await;
    Some(door.refuse(request, error))
}

/// Notes whose call it is that no handler saw, at an address that there is.
async fn identify(app: &Arc<App>, request: &HttpRequest) {
    let door = Door::at(request.path()).filter(|_| request.match_pattern().is_some());
    if let Some(door) = door {
        door.identify(app, request).await;
    }
}

/// An error that says which request it answers: the body as it goes over the wire, so that its bytes are counted.
fn explained(reply: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let error = reply.response().error();
    let Some(error) = error.and_then(|error| error.as_error::<ApiError>()) else {
        return reply;
    };
    let id = id_of(reply.request());
    let document = error.document(Some(reply.request().path()), id.as_deref());
    reply.map_body(|_, _| BoxBody::new(document))
}

/// What was wrong, in one word.
fn error_of(reply: &ServiceResponse<BoxBody>, known: &Known) -> Option<String> {
    if let Some(error) = known.error {
        return Some(error.to_owned());
    }
    let error = reply.response().error();
    let named = error.and_then(|error| {
        let of_odata = || error.as_error::<ODataError>().map(ODataError::name);
        error.as_error().map(problem::name).or_else(of_odata)
    });
    let unnamed = || reply.status().as_str().to_owned();
    match named {
        Some(name) => Some(name.to_owned()),
        None => (reply.status().as_u16() >= 400).then(unnamed),
    }
}

async fn tell_limits(app: &Arc<App>, call: &Call, headers: &mut HeaderMap) {
    let known = call.known();
    let standing = match (known.standing, known.limits) {
        (None, Some(limits)) => app
            .quota
            .standing(&app.db, limits, now())
            .await
            .ok()
            .flatten(),
        (standing, _) => standing,
    };
    if let Some(standing) = standing {
        for (name, value) in limit_headers(&standing) {
            headers.insert(name, value);
        }
    }
}

/// How a limit stands, as the IETF's draft on rate limits writes it: `q` calls in `w` seconds, `r` left, `t` seconds to go.
fn limit_headers(standing: &Standing) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
    let whose = if standing.of_company {
        "company"
    } else {
        "token"
    };
    let texts = [
        (POLICY, format!("\"{whose}\";q={};w=86400", standing.limit)),
        (
            LIMIT,
            format!("\"{whose}\";r={};t={}", standing.left(), standing.resets_in),
        ),
    ];
    texts
        .into_iter()
        .filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?)))
}
