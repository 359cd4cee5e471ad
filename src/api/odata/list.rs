//! A page of a set, with the link to the next one or to later changes.

use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse};

use super::format::{Json, Preferences};
use super::options::{OF_LIST, Options};
use super::token::{Mark, Signer, Skip, place, written};
use super::{ODataError, Writer, reply};
use crate::api::delta::{self, Delta};
use crate::api::reply::{Content, Question};
use crate::api::{Client, empty};
use crate::companies::State;
use crate::db::Conn;
use crate::error::Result;
use crate::fields::Fields;
use crate::odata::document::{List, Style};
use crate::odata::{self, Ask, Datum, Order, PAGE, Set, page};
use crate::time::now;
use crate::tokens::Scope;

/// The options that every further page needs again.
const AGAIN: [&str; 5] = ["$filter", "$orderby", "$select", "$top", "$format"];
/// The options that later changes need again.
pub const OF_CHANGES: [&str; 3] = ["$filter", "$select", "$format"];

/// Answers with one page.
pub async fn answer(
    request: &HttpRequest,
    client: Client,
    writer: Writer,
    options: Options,
) -> std::result::Result<(HttpResponse, Preferences), ODataError> {
    let list = Reading::new(&client, writer, options)?;
    if let Some(known) = list.known() {
        known.must_lead_on(&client).await?;
    }
    let applied = list.applied();
    let set = list.style.set;
    let question = Question {
        view: "odata",
        query: list.question(),
    };
    let content_type = list.content_type.clone();
    let load = move |conn: &mut Conn, state: &State| {
        let found = list.read(conn, state)?;
        let rows = found.page.entities.len();
        let empty = (rows == 0).then(|| empty::of_set(conn, state, set));
        let content = Content::json(&list.document(&found), rows, empty.transpose()?);
        Ok(Content {
            content_type,
            ..content
        })
    };
    Ok((reply(request, client, set, question, load).await?, applied))
}

/// What one request reads.
struct Reading {
    style: Style,
    content_type: HeaderValue,
    preferences: Preferences,
    options: Options,
    signer: Signer,
    skip: Option<Skip>,
    ask: Ask,
    track: bool,
    fields: Fields,
    day: i64,
}

/// What was found.
struct Found {
    page: odata::Page,
    count: Option<i64>,
    next: Option<String>,
    delta: Option<String>,
}

impl Reading {
    fn new(
        client: &Client,
        writer: Writer,
        options: Options,
    ) -> std::result::Result<Self, ODataError> {
        let (signer, set) = (Signer::of(client), writer.set);
        let read = |token: &str| {
            let skip: Option<Skip> = signer.read(&options.list(set), token);
            let place = skip
                .as_ref()
                .and_then(|skip| place(&options.order, &skip.place));
            let why = "not of this list; begin again without it";
            let both = skip.zip(place);
            both.ok_or_else(|| ODataError::option("$skiptoken", why))
        };
        let token = options.written.text("$skiptoken");
        let (skip, after) = token.map(read).transpose()?.unzip();
        let wanted = writer.preferences.page_size;
        let size = wanted.or(skip.as_ref().map(|skip| skip.size));
        let size = size.unwrap_or(PAGE).clamp(1, PAGE);
        let given = skip.as_ref().map_or(0, |skip| skip.given);
        let left = options.top.map_or(i64::MAX, |top| (top - given).max(0));
        let whole = options.top.is_none()
            && options.skip == 0
            && options.order == Order::usual(set)
            && set == Set::Progress;
        let track = whole
            && client.caller.scopes.has(Scope::Changes)
            && match &skip {
                Some(skip) => skip.known.is_some(),
                None => writer.preferences.track_changes,
            };
        let ask = Ask {
            set,
            filter: options.filter.clone(),
            order: options.order.clone(),
            skip: if skip.is_some() { 0 } else { options.skip },
            after,
            limit: size.min(left),
        };
        Ok(Self {
            style: writer.style(options.select.clone()),
            content_type: writer.content_type(),
            preferences: writer.preferences,
            fields: client.fields,
            day: delta::day(now()),
            signer,
            skip,
            ask,
            track,
            options,
        })
    }

    /// The preferences that this page heeds.
    fn applied(&self) -> Preferences {
        let wanted = self.preferences;
        Preferences {
            page_size: wanted.page_size.map(|size| size.min(PAGE)),
            track_changes: wanted.track_changes && self.track,
        }
    }

    fn question(&self) -> String {
        let Style {
            root,
            set,
            detail,
            numbers_as_text,
            ..
        } = &self.style;
        let Ask { limit, .. } = self.ask;
        let track = self.track.then_some(self.day);
        let options = self.options.written.canonical(OF_LIST);
        format!("{root}{set}|{detail}|{numbers_as_text}|{limit}|{track:?}|{options}")
    }

    fn read(&self, conn: &mut Conn, state: &State) -> Result<Found> {
        let company = state.company_id;
        let filter = self.ask.filter.as_ref();
        let count = self.options.count && self.skip.is_none();
        let count = count.then(|| page::count(conn, company, self.style.set, filter));
        let count = count.transpose()?;
        let page = page::read(conn, company, self.fields, &self.ask)?;
        let known = self.track.then(|| {
            let of = (self.fields, self.day);
            Delta::after_page(conn, state, self.known(), of)
        });
        let known = known.transpose()?;
        let given = i64::try_from(page.entities.len()).unwrap_or(i64::MAX);
        let given = self.skip.as_ref().map_or(0, |skip| skip.given) + given;
        let enough = self.options.top.is_some_and(|top| given >= top);
        let last = page.last.as_ref().filter(|_| !enough);
        Ok(Found {
            next: last.map(|last| self.next(last, given, known.clone())),
            delta: known
                .filter(|_| last.is_none())
                .map(|known| self.delta(known)),
            page,
            count,
        })
    }

    /// What the reader knew after the page before, where changes are tracked.
    fn known(&self) -> Option<&Delta> {
        let skip = self.skip.as_ref().filter(|_| self.track);
        skip.and_then(|skip| skip.known.as_ref())
    }

    fn next(&self, last: &[Datum], given: i64, known: Option<Delta>) -> String {
        let skip = Skip {
            place: written(last),
            given,
            size: self.page_size(),
            known,
        };
        let token = self.signer.write(&self.options.list(self.style.set), &skip);
        let again = self.options.written.again(&AGAIN);
        format!(
            "{}{}?{again}$skiptoken={token}",
            self.style.root, self.style.set
        )
    }

    fn delta(&self, known: Delta) -> String {
        let mark = Mark {
            known,
            size: self.page_size(),
        };
        let again = self.options.written.again(&OF_CHANGES);
        let token = self.signer.write(&changes_of(&self.options), &mark);
        let Style { root, set, .. } = &self.style;
        format!("{root}{set}?{again}$deltatoken={token}")
    }

    /// The page size that the next request should have, which a last bit of `$top` does not change.
    fn page_size(&self) -> i64 {
        let kept = self.skip.as_ref().map(|skip| skip.size);
        let size = self.preferences.page_size.or(kept);
        size.unwrap_or(PAGE).clamp(1, PAGE)
    }

    fn document<'a>(&'a self, found: &'a Found) -> List<'a> {
        List {
            style: &self.style,
            count: found.count,
            entities: &found.page.entities,
            next: found.next.clone(),
            delta: found.delta.clone(),
        }
    }
}

/// The name of a list of changes in its tokens: another filter begins anew. Changes have one order only.
pub fn changes_of(options: &Options) -> String {
    let filter = options.written.canonical(&["$filter"]);
    format!("odata-changes?{filter}")
}

impl From<Json> for HeaderValue {
    fn from(json: Json) -> Self {
        let kind = format!("application/json;odata.metadata={}", json.detail);
        let text = if json.numbers_as_text {
            format!("{kind};IEEE754Compatible=true")
        } else {
            kind
        };
        Self::try_from(text).expect("words fit a header")
    }
}
