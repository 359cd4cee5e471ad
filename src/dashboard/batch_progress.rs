//! How far a sync of all companies is: in words for every reader, and as a stream for those whose browser runs scripts.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path};
use askama::Template;
use futures_util::stream;

use super::run_progress::{END, event, events};
use super::{PageError, SignedIn, filters};
use crate::admins::Reading;
use crate::app::App;
use crate::db::Conn;
use crate::error::Error;
use crate::ids::BatchId;
use crate::language::Said;
use crate::sync::batch::{self, Batch, Tally, Totals};
use crate::time::now;

/// How often a reader hears how far a batch is, where that has changed.
const OFTEN: Duration = Duration::from_secs(1);
/// After so many looks the browser connects anew, so that no connection outlives its session for long.
const LOOKS: u32 = 300;

/// How a batch stands.
#[derive(Template)]
#[template(path = "batches/_progress.html")]
pub struct Live {
    /// The address of the stream; `None` once all has ended.
    pub events: Option<String>,
    /// How many companies stand where.
    pub tally: Tally,
    totals: Totals,
    dry_run: bool,
    is_late: bool,
}

impl Live {
    /// A batch as its runs say.
    pub fn read(conn: &mut Conn, batch: &Batch) -> Result<Self, Error> {
        let tally = batch::tally(conn, &batch.id)?;
        Ok(Self {
            events: tally
                .lasts()
                .then(|| format!("/sync/batches/{}/events", batch.id)),
            totals: batch::totals(conn, &batch.id)?,
            dry_run: batch.dry_run,
            is_late: tally.waiting > 0 && batch.until_ms / 1000 <= now(),
            tally,
        })
    }

    /// Where the companies stand that did not simply succeed.
    fn parts(&self) -> Vec<Said> {
        let tally = &self.tally;
        let parts = [
            (tally.partial, Said::new("{n} of them partly")),
            (tally.failed, Said::new("{n} did not")),
            (tally.running, Said::new("{n} running")),
            (tally.waiting, Said::new("{n} waiting")),
            (tally.left_out, Said::new("{n} left out")),
            (tally.gone, Said::new("{n} not in Moodle any more")),
        ];
        let some = parts.into_iter().filter(|(count, _)| *count > 0);
        some.map(|(count, part)| part.number("n", count)).collect()
    }

    /// What the ended runs did together.
    fn done(&self) -> Said {
        let said = if self.tally.lasts() {
            Said::new(
                "{created} created, {updated} updated, {deleted} deleted, {unchanged} unchanged, {cleared} cache cleared so far.",
            )
        } else {
            Said::new(
                "{created} created, {updated} updated, {deleted} deleted, {unchanged} unchanged, {cleared} cache cleared.",
            )
        };
        said.number("created", self.totals.created)
            .number("updated", self.totals.updated)
            .number("deleted", self.totals.deleted)
            .number("unchanged", self.totals.unchanged)
            .number("cleared", self.totals.cache_cleared)
    }
}

/// `GET /sync/batches/{batch}/events`: as the stream of a run; `end` says that every run has ended.
pub async fn stream_progress(
    admin: SignedIn,
    app: Data<App>,
    id: Path<BatchId>,
) -> Result<HttpResponse, PageError> {
    let (app, id) = (app.into_inner(), id.into_inner());
    find(&app, &id).await?;
    let place = Place {
        app,
        id,
        reading: admin.session.reading,
        looks: 0,
        said: String::new(),
    };
    Ok(events(stream::unfold(Some(place), message)))
}

/// Where a stream stands.
struct Place {
    app: Arc<App>,
    id: BatchId,
    reading: Reading,
    looks: u32,
    said: String,
}

/// The next message: what has changed, or a comment that keeps the connection open.
async fn message(place: Option<Place>) -> Option<(Result<Bytes, Error>, Option<Place>)> {
    let mut place = place.filter(|place| place.looks < LOOKS)?;
    if place.looks > 0 {
        actix_web::rt::time::sleep(OFTEN).await;
    }
    place.looks += 1;
    let live = match find(&place.app, &place.id).await {
        Ok(live) => live,
        Err(error) => return Some((Err(error), None)),
    };
    if live.events.is_none() {
        return Some((Ok(Bytes::from_static(END)), None));
    }
    let html = match live.render_with_values(&filters::reading(place.reading)) {
        Ok(html) => html,
        Err(cause) => {
            let error = Error::Machine(std::io::Error::other(cause));
            return Some((Err(error), None));
        }
    };
    if html == place.said {
        return Some((Ok(Bytes::from_static(b":\n\n")), Some(place)));
    }
    let message = Bytes::from(event("progress", &html));
    place.said = html;
    Some((Ok(message), Some(place)))
}

async fn find(app: &App, id: &BatchId) -> Result<Live, Error> {
    let id = id.clone();
    let read = app.db.run(move |conn| {
        let batch = batch::get(conn, &id)?;
        Live::read(conn, &batch)
    });
    read.await
}
