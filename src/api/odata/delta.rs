//! What moved since a delta link was given.

use actix_web::{HttpRequest, HttpResponse};

use super::format::Preferences;
use super::list::{OF_CHANGES, changes_of};
use super::options::{OF_LIST, Options};
use super::token::{Mark, Signer};
use super::{ODataError, Writer};
use crate::api::delta::{self, Delta};
use crate::api::reply::{Content, Question, cached};
use crate::api::{Client, empty};
use crate::companies::State;
use crate::db::Conn;
use crate::odata::changes::{self, Span};
use crate::odata::document;
use crate::odata::{PAGE, Set};
use crate::time::now;
use crate::tokens::Scope;

/// Answers with one page of changes.
pub async fn answer(
    request: &HttpRequest,
    client: Client,
    writer: Writer,
    options: Options,
    token: String,
) -> Result<(HttpResponse, Preferences), ODataError> {
    client.must(Scope::Changes)?;
    let signer = Signer::of(&client);
    let list = changes_of(&options);
    let mark: Option<Mark> = signer.read(&list, &token);
    let mark = mark.filter(|_| writer.set == Set::Progress);
    let mark = mark.ok_or(ODataError::Gone("it is of another list"))?;
    mark.known.must_lead_on(&client).await?;
    let size = writer
        .preferences
        .page_size
        .unwrap_or(mark.size)
        .clamp(1, PAGE);
    let applied = Preferences {
        page_size: writer.preferences.page_size.map(|_| size),
        track_changes: false,
    };
    let (fields, day) = (client.fields, delta::day(now()));
    let (style, content_type) = (writer.style(options.select.clone()), writer.content_type());
    let question = Question {
        view: "odata-changes",
        query: format!(
            "{}|{}|{}|{size}|{day}|{}",
            style.root,
            style.detail,
            style.numbers_as_text,
            options.written.canonical(OF_LIST)
        ),
    };
    let load = move |conn: &mut Conn, state: &State| {
        let filter = options.filter.as_ref();
        mark.known.must_be_of(conn, state.company_id)?;
        let span = Span {
            after: mark.known.position,
            limit: size,
        };
        let (changes, last) = changes::read(conn, state.company_id, fields, filter, span)?;
        let link = |mark: &Mark| {
            let again = options.written.again(&OF_CHANGES);
            let token = signer.write(&list, mark);
            format!("{}{}?{again}$deltatoken={token}", style.root, style.set)
        };
        let position = last.unwrap_or(state.seq);
        let known = Delta::at(conn, state, position, (fields, day))?;
        let size = mark.size;
        let further = link(&Mark { known, size });
        let (next, delta) = match last {
            Some(_) => (Some(further), None),
            None => (None, Some(further)),
        };
        let document = document::Delta {
            style: &style,
            changes: &changes,
            next,
            delta,
        };
        let empty = changes.is_empty();
        let why = empty.then(|| empty::of_changes(state, &mark.known));
        let content = Content::json(&document, changes.len(), why);
        Ok(Content {
            content_type,
            ..content
        })
    };
    Ok((cached(request, client, question, load).await?, applied))
}
