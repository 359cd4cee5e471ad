//! One entity, one of its properties, and the text of a property alone.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use super::format::Preferences;
use super::options::{self, OF_DOCUMENT, OF_ENTITY, OF_VALUE, Written};
use super::reader::Reader;
use super::{Answer, ODataError, Writer, finished, reply, set_of};
use crate::api::reply::{Content, EMPTY_REASON, Question};
use crate::api::{ApiError, Client};
use crate::companies::State;
use crate::db::Conn;
use crate::error::OrNotFound as _;
use crate::odata::document::{Entity, Single, Style};
use crate::odata::filter::Operand;
use crate::odata::model::Property;
use crate::odata::order::read_key;
use crate::odata::{Datum, Set, page};

/// Why an answer has no body: there is no value.
const NO_VALUE: &str = "no-value";

/// Where an entity is.
struct Place {
    set: Set,
    written: String,
    key: Vec<(&'static Property, Operand)>,
}

/// What is shown of it.
#[derive(Clone, Copy)]
enum Part {
    Whole,
    Property(usize),
    Value(usize),
}

/// `GET /odata/v4/{set}({key})`: the entity.
pub async fn show(request: &HttpRequest, client: Client, path: &str) -> Answer {
    let written = Written::read(request.query_string(), OF_ENTITY)?;
    answer(request, client, Place::read(path)?, Part::Whole, &written).await
}

/// `GET /odata/v4/{set}({key})/{property}`: its value as JSON.
pub async fn show_property(
    Reader(client): Reader,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Answer {
    show_part(&request, client, &path, OF_DOCUMENT, Part::Property).await
}

/// `GET /odata/v4/{set}({key})/{property}/$value`: its value as a text alone.
pub async fn show_value(
    Reader(client): Reader,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Answer {
    show_part(&request, client, &path, OF_VALUE, Part::Value).await
}

async fn show_part(
    request: &HttpRequest,
    client: Client,
    (entity, property): &(String, String),
    allowed: &[&str],
    part: fn(usize) -> Part,
) -> Answer {
    let written = Written::read(request.query_string(), allowed)?;
    let place = Place::read(entity)?;
    let part = part(place.property(&client, property)?);
    answer(request, client, place, part, &written).await
}

impl Place {
    /// Reads `Courses(2)` or `Progress(UserId=1,CourseId=2)`.
    fn read(path: &str) -> Result<Self, ODataError> {
        let (name, key) = path.split_once('(').ok_or(ApiError::NoSuchPath)?;
        let key = key.strip_suffix(')').ok_or(ApiError::NoSuchPath)?;
        let set = set_of(name)?;
        Ok(Self {
            set,
            written: format!("{set}({key})"),
            key: read_key(key, set).map_err(|why| ODataError::of("key", why))?,
        })
    }

    /// The place of a property; one that the token may not see is not there.
    fn property(&self, client: &Client, name: &str) -> Result<usize, ODataError> {
        let found = self.set.property(name);
        let found = found.filter(|(_, property)| property.shows(client.fields));
        Ok(found.or_not_found("the property")?.0)
    }
}

async fn answer(
    request: &HttpRequest,
    client: Client,
    place: Place,
    part: Part,
    written: &Written,
) -> Answer {
    let writer = match part {
        Part::Value(_) => Writer::of_text(request, &client, place.set)?,
        _ => Writer::of(request, &client, place.set, written)?,
    };
    let style = writer.style(options::select(written, place.set)?);
    let question = question(&style, &place, part, written);
    let (company, fields, set) = (client.caller.company, client.fields, place.set);
    let json = writer.content_type();
    let load = move |conn: &mut Conn, _: &State| {
        let found = page::find(conn, company, fields, set, &place.key)?;
        Ok(content(
            &style,
            &found.or_not_found("the entity")?,
            part,
            json,
        ))
    };
    let reply = reply(request, client, set, question, load).await?;
    Ok(finished(without_null(reply), Preferences::default()))
}

fn question(style: &Style, place: &Place, part: Part, written: &Written) -> Question {
    let part = match part {
        Part::Whole => String::new(),
        Part::Property(at) => format!("/{at}"),
        Part::Value(at) => format!("/{at}/$value"),
    };
    let Style {
        root,
        detail,
        numbers_as_text,
        ..
    } = style;
    let (entity, options) = (&place.written, written.canonical(OF_ENTITY));
    Question {
        view: "odata-entity",
        query: format!("{root}{entity}{part}|{detail}|{numbers_as_text}|{options}"),
    }
}

fn content(style: &Style, values: &[Datum], part: Part, json: HeaderValue) -> Content {
    let written = match part {
        Part::Whole => Content::json(
            &Entity {
                style,
                values,
                context: true,
            },
            1,
            None,
        ),
        Part::Property(place) => Content::json(
            &Single {
                style,
                values,
                place,
            },
            1,
            is_null(values, place),
        ),
        Part::Value(place) => {
            return Content {
                body: values[place].plain().unwrap_or_default().into_bytes(),
                content_type: HeaderValue::from_static("text/plain; charset=utf-8"),
                empty: is_null(values, place),
                rows: 1,
            };
        }
    };
    Content {
        content_type: json,
        ..written
    }
}

fn is_null(values: &[Datum], place: usize) -> Option<&'static str> {
    (values[place] == Datum::Null).then_some(NO_VALUE)
}

/// 204 where there is no value.
fn without_null(mut reply: HttpResponse) -> HttpResponse {
    let no_value = reply
        .headers()
        .get(EMPTY_REASON)
        .is_some_and(|why| why == NO_VALUE);
    if no_value && reply.status() == StatusCode::OK {
        *reply.status_mut() = StatusCode::NO_CONTENT;
        reply.headers_mut().remove(CONTENT_TYPE);
        reply.headers_mut().remove(CONTENT_ENCODING);
        reply.headers_mut().remove(EMPTY_REASON); // said of lists
        return reply.set_body(BoxBody::new(()));
    }
    reply
}
