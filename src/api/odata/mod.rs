//! `/odata/v4`: the company's rows for Power BI and Excel, as OData 4.0 at its intermediate level.

mod delta;
mod entity;
mod failure;
mod format;
mod list;
mod options;
mod reader;
mod token;

pub use entity::{show_property, show_value};
pub use failure::ODataError;
pub use reader::token as token_of;

use actix_web::http::header::{HeaderName, HeaderValue, VARY};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};

use self::format::{Json, Preferences};
use self::options::{OF_DOCUMENT, OF_LIST, Options, Written};
use self::reader::Reader;
use super::reply::{Content, Question, anew, cached};
use super::{ApiError, Client};
use crate::app::ours;
use crate::companies::State;
use crate::db::Conn;
use crate::error::{self, Error};
use crate::odata::document::Style;
use crate::odata::{Set, csdl, page};

/// Stands on every answer.
const VERSION: (HeaderName, HeaderValue) = (
    HeaderName::from_static("odata-version"),
    HeaderValue::from_static("4.0"),
);
/// What an answer depends on besides its address.
const DEPENDS_ON: HeaderValue =
    HeaderValue::from_static("Authorization, Accept, Accept-Encoding, Prefer");

/// What a handler answers.
type Answer = Result<HttpResponse, ODataError>;

/// How an answer is written: where we are, of which set, in which form.
struct Writer {
    root: String,
    set: Set,
    json: Json,
    preferences: Preferences,
}

impl Writer {
    fn of(
        request: &HttpRequest,
        client: &Client,
        set: Set,
        written: &Written,
    ) -> Result<Self, ODataError> {
        format::check_version(request)?;
        Ok(Self {
            root: root(request, client),
            set,
            json: format::json(request.headers(), written.text("$format"))?,
            preferences: format::preferences(request.headers()),
        })
    }

    /// Of a text alone, whatever kinds of answers the client likes.
    fn of_text(request: &HttpRequest, client: &Client, set: Set) -> Result<Self, ODataError> {
        format::check_version(request)?;
        Ok(Self {
            root: root(request, client),
            set,
            json: Json::default(),
            preferences: Preferences::default(),
        })
    }

    fn style(&self, select: Option<Vec<usize>>) -> Style {
        Style {
            root: self.root.clone(),
            set: self.set,
            select,
            detail: self.json.detail,
            numbers_as_text: self.json.numbers_as_text,
        }
    }

    fn content_type(&self) -> HeaderValue {
        self.json.into()
    }
}

/// The address of the service on the host that the client used, with a slash at its end.
fn root(request: &HttpRequest, client: &Client) -> String {
    format!("{}/odata/v4/", ours(request, &client.app))
}

/// `GET /odata/v4/`: the sets.
pub async fn show_service(Reader(client): Reader, request: HttpRequest) -> Answer {
    let written = Written::read(request.query_string(), OF_DOCUMENT)?;
    let writer = Writer::of(&request, &client, Set::Progress, &written)?;
    let (root, content_type) = (writer.root.clone(), writer.content_type());
    let Json {
        detail,
        numbers_as_text,
    } = writer.json;
    let question = Question {
        view: "odata-service",
        query: format!("{root}|{detail}|{numbers_as_text}"),
    };
    let load = move |_: &mut Conn, _: &State| {
        let content = Content::json(&csdl::service_document(&root), 0, None);
        Ok(Content {
            content_type,
            ..content
        })
    };
    let reply = cached(&request, client, question, load).await?;
    Ok(finished(reply, Preferences::default()))
}

/// `GET /odata/v4/$metadata`: the types, as XML.
pub async fn show_metadata(Reader(client): Reader, request: HttpRequest) -> Answer {
    let written = Written::read(request.query_string(), OF_DOCUMENT)?;
    format::check_version(&request)?;
    if !matches!(
        written.text("$format"),
        None | Some("xml" | "application/xml")
    ) {
        return Err(ODataError::NotAcceptable(
            "the metadata are XML; ask for application/xml",
        ));
    }
    let fields = client.fields;
    let question = Question {
        view: "odata-metadata",
        query: String::new(),
    };
    let load = move |_: &mut Conn, _: &State| {
        Ok(Content {
            body: csdl::metadata(fields).into_bytes(),
            content_type: HeaderValue::from_static("application/xml"),
            empty: None,
            rows: 0,
        })
    };
    let reply = cached(&request, client, question, load).await?;
    Ok(finished(reply, Preferences::default()))
}

/// `GET /odata/v4/{set}` and `/odata/v4/{set}({key})`.
pub async fn list_entities(
    Reader(client): Reader,
    request: HttpRequest,
    path: Path<String>,
) -> Answer {
    if path.contains('(') {
        return entity::show(&request, client, &path).await;
    }
    let set = set_of(&path)?;
    let written = Written::read(request.query_string(), OF_LIST)?;
    token::check_beside(&written)?;
    let writer = Writer::of(&request, &client, set, &written)?;
    let options = Options::read(written, set, client.fields)?;
    let token = options.written.text("$deltatoken").map(str::to_owned);
    let (reply, applied) = match token {
        Some(token) => delta::answer(&request, client, writer, options, token).await?,
        None => list::answer(&request, client, writer, options).await?,
    };
    Ok(finished(reply, applied))
}

/// Answers about a set: from the company's group, but runs move on without a new stamp and are read each time.
async fn reply(
    request: &HttpRequest,
    client: Client,
    set: Set,
    question: Question,
    load: impl FnOnce(&mut Conn, &State) -> error::Result<Content> + Send + 'static,
) -> Answer {
    if set != Set::SyncRuns {
        return Ok(cached(request, client, question, load).await?);
    }
    Ok(anew(request, &client, load).await?)
}

/// `GET /odata/v4/{set}/$count`: a number alone. Of the options only `$filter` matters.
pub async fn count_entities(
    Reader(client): Reader,
    request: HttpRequest,
    path: Path<String>,
) -> Answer {
    let set = set_of(&path)?;
    let written = Written::read(request.query_string(), OF_LIST)?;
    format::check_version(&request)?;
    let options = Options::read(written, set, client.fields)?;
    let company = client.caller.company;
    let question = Question {
        view: "odata-count",
        query: format!("{set}|{}", options.list(set)),
    };
    let load = move |conn: &mut Conn, _: &State| {
        let count = page::count(conn, company, set, options.filter.as_ref())?;
        Ok(Content {
            body: count.to_string().into_bytes(),
            content_type: HeaderValue::from_static("text/plain"),
            empty: None,
            rows: 0,
        })
    };
    let reply = reply(&request, client, set, question, load).await?;
    Ok(finished(reply, Preferences::default()))
}

fn set_of(name: &str) -> Result<Set, ODataError> {
    if name.starts_with('$') {
        return Err(ODataError::NotImplemented {
            name: name.chars().take(60).collect(),
            reason: "this service answers reads of its entity sets".into(),
        });
    }
    let set = name.parse().ok();
    Ok(set.ok_or(Error::NotFound("the entity set"))?)
}

/// The answer with the headers that OData asks for.
fn finished(mut reply: HttpResponse, applied: Preferences) -> HttpResponse {
    let headers = reply.headers_mut();
    headers.insert(VERSION.0, VERSION.1);
    headers.insert(VARY, DEPENDS_ON);
    let mut said = Vec::new();
    said.extend(
        applied
            .page_size
            .map(|size| format!("odata.maxpagesize={size}")),
    );
    said.extend(
        applied
            .track_changes
            .then(|| "odata.track-changes".to_owned()),
    );
    if !said.is_empty() {
        let said = HeaderValue::try_from(said.join(", ")).expect("words and numbers fit a header");
        headers.insert(HeaderName::from_static("preference-applied"), said);
    }
    reply
}

/// Answers every address of the service that nothing else answers.
pub async fn no_such_path() -> Answer {
    Err(ApiError::NoSuchPath.into())
}

/// Answers every method that is no read.
pub async fn reads_only() -> Answer {
    Err(ApiError::MethodNotAllowed("GET, HEAD").into())
}
