//! How far a run is: in words for every reader, and as a stream for those whose browser runs scripts.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Bytes, Data, Path};
use askama::Template;
use futures_util::stream::{self, Stream};

use super::filters;
use super::{PageError, SignedIn};
use crate::admins::Reading;
use crate::app::App;
use crate::error::{Error, OrNotFound};
use crate::ids::RunId;
use crate::language::Said;
use crate::sync::{Progress, Run, RunState, history};
use crate::time::now_ms;

/// How often a reader hears how far a run is.
const OFTEN: Duration = Duration::from_millis(500);
/// After so many messages the browser connects anew, so that no connection outlives its session for long.
const MESSAGES: u32 = 600;

/// What to show of a run that lasts.
#[derive(Template)]
#[template(path = "sync/_progress.html")]
pub struct Live {
    /// The address of the stream; `None` once the run has ended.
    pub events: Option<String>,
    cancelling: bool,
    progress: Progress,
    /// What is going on, in a few words.
    what: Said,
    left: Option<Said>,
}

impl Live {
    /// A run as it is now: what this process knows of it, or what its own process told the store last.
    pub fn of(app: &App, run: &Run) -> Self {
        let meter = app.work.meter(&run.id);
        let progress = meter.map_or(run.progress, |meter| Progress::of(&meter));
        Self {
            events: (!run.ended()).then(|| format!("/sync/runs/{}/events", run.id)),
            cancelling: run.state == RunState::Running && run.cancelled_by.is_some(),
            what: what(run, progress),
            left: left(run, progress, now_ms()),
            progress,
        }
    }

    /// People read, and of how many, once that is known.
    fn people(&self) -> Option<(i64, i64)> {
        Some((self.progress.people_read, self.progress.people_total?))
    }
}

fn what(run: &Run, progress: Progress) -> Said {
    match run.state {
        RunState::Queued => Said::new("Waiting for its turn"),
        _ if progress.rows_written > 0 => Said::new("Writing: {written} of {planned} changes")
            .number("written", progress.rows_written)
            .number("planned", progress.rows_planned),
        _ if progress.people_total.is_some() => {
            Said::new("Reading Moodle: {rows}, {changes} found")
                .counted("rows", progress.rows_read, "row")
                .counted("changes", progress.rows_planned, "change")
        }
        _ => Said::new("Connecting to Moodle"),
    }
}

/// About how long the reading lasts still, from the share of people that is read.
fn left(run: &Run, progress: Progress, now_ms: i64) -> Option<Said> {
    let (read, total) = (progress.people_read, progress.people_total?);
    let spent = now_ms - run.started_at_ms?;
    if read == 0 || read >= total || spent < 2_000 {
        return None;
    }
    let seconds = spent * (total - read) / read / 1000;
    let left = Said::new("about {time} left to read");
    Some(match seconds {
        ..90 => left.counted("time", seconds.max(1), "second"),
        _ => left.counted("time", (seconds + 30) / 60, "minute"),
    })
}

/// `GET /sync/runs/{run}/events`: server-sent events. `progress` carries a piece of HTML, `end` that the run has ended.
pub async fn stream_progress(
    admin: SignedIn,
    app: Data<App>,
    run: Path<RunId>,
) -> Result<HttpResponse, PageError> {
    let (app, id) = (app.into_inner(), run.into_inner());
    find(&app, &id).await?;
    Ok(events(stream::unfold(
        Some((app, id, admin.session.reading, 0)),
        message,
    )))
}

/// An answer that goes on as long as there are messages.
pub(super) fn events(messages: impl Stream<Item = Result<Bytes, Error>> + 'static) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(messages)
}

type Place = Option<(Arc<App>, RunId, Reading, u32)>;

/// The next message, and where the stream stands then.
async fn message(place: Place) -> Option<(Result<Bytes, Error>, Place)> {
    let (app, id, reading, sent) = place.filter(|(.., sent)| *sent < MESSAGES)?;
    if sent > 0 {
        actix_web::rt::time::sleep(OFTEN).await;
    }
    let run = match find(&app, &id).await {
        Ok(run) => run,
        Err(error) => return Some((Err(error), None)),
    };
    if run.ended() {
        return Some((Ok(Bytes::from_static(END)), None));
    }
    let html = Live::of(&app, &run).render_with_values(&filters::reading(reading));
    let text = html.map_err(|cause| Error::Machine(std::io::Error::other(cause)));
    let message = text.map(|html| Bytes::from(event("progress", &html)));
    Some((message, Some((app, id, reading, sent + 1))))
}

/// The message that all has ended.
pub(super) const END: &[u8] = b"event: end\ndata: \n\n";

/// A message with a piece of HTML.
pub(super) fn event(name: &str, html: &str) -> String {
    let data: String = html.lines().map(|line| format!("data: {line}\n")).collect();
    format!("event: {name}\n{data}\n")
}

async fn find(app: &App, id: &RunId) -> Result<Run, Error> {
    let id = id.clone();
    let find = app
        .db
        .lookup(move |conn| history::any(conn, &id)?.or_not_found("the sync run"));
    find.await
}
