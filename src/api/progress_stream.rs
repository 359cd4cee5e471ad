//! `GET /api/v1/progress` as NDJSON, CSV or a workbook: every row of one snapshot, written while it is read.

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock};

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use super::accept::Form;
use super::delta::{self, Delta};
use super::progress_lines::Lines;
use super::progress_query::{canonical, of_stream};
use super::reply::{EMPTY_REASON, Version, etag_of, headers_of, in_hand, not_modified};
use super::{ApiError, Client, Encoding, empty};
use crate::cache::Found;
use crate::companies::{self, State};
use crate::db::Conn;
use crate::error::Result;
use crate::export;
use crate::fields::Fields;
use crate::ids::CompanyId;
use crate::progress::feed::{self, Filter};
use crate::time::now;

/// Where a client that read every row goes on from: a cursor of `/api/v1/changes`.
const DELTA_CURSOR: HeaderName = HeaderName::from_static("alx-delta-cursor");

/// What a stream is asked for.
#[derive(Clone)]
struct Wanted {
    form: Form,
    filter: Filter,
    fields: Fields,
    day: i64,
    gzip: bool,
}

/// What a snapshot shows, known before its first row.
#[derive(Clone)]
struct Seen {
    state: State,
    delta: Option<Delta>,
    empty: Option<&'static str>,
}

/// Every row that the filters keep.
pub async fn all(
    client: Client,
    request: HttpRequest,
    form: Form,
) -> std::result::Result<HttpResponse, ApiError> {
    let wanted = Wanted {
        form,
        filter: of_stream(request.query_string(), &client)?,
        fields: client.fields,
        day: delta::day(now()),
        gzip: form != Form::Xlsx && Encoding::takes_gzip(request.headers()),
    };
    let version = client.caller.seq;
    client.call.note(|known| known.version = Some(version)); // until a snapshot shows another one
    let etag = wanted.etag(&client.caller.stamp);
    if let Some(found) = in_hand(&request, &etag) {
        let headers = headers_of(&Version::of_caller(&client.caller));
        return Ok(not_modified(headers, etag, found));
    }
    if request.method() == Method::HEAD {
        client.admit().await?;
        let (company, asked) = (client.caller.company, wanted.clone());
        let seen = client.read(move |conn| asked.see(conn, company)).await?;
        return Ok(reply(&client, &wanted, &seen).streaming(stream::empty::<Piece>()));
    }
    let body = begin(&client, &wanted).await?;
    Ok(reply(&client, &wanted, &body.0).streaming(body.1))
}

type Piece = std::io::Result<bytes::Bytes>;

/// Starts the thread that writes; what its snapshot shows is known when the first bytes are.
async fn begin(
    client: &Client,
    wanted: &Wanted,
) -> std::result::Result<(Seen, export::Body), ApiError> {
    let company = client.caller.company;
    let place = client.app.lanes.stream(company).ok_or(ApiError::Busy)?;
    client.admit().await?;
    let (seen, written) = (Arc::new(OnceLock::new()), Arc::new(AtomicI64::new(0)));
    let lines = wanted.lines(client, written.clone());
    client.call.note(|known| known.streamed = Some(written));
    let (db, asked, tell) = (client.app.db.clone(), wanted.clone(), seen.clone());
    let body = export::written(place, move |pieces| {
        db.own_snapshot(|conn| {
            let seen = asked.see(conn, company)?;
            let _ = tell.set(seen); // nobody else sets it
            lines.write(conn, pieces)
        })
    });
    let body = body.await?;
    let seen = seen.get().cloned().expect("it is set before the first row");
    Ok((seen, body))
}

impl Wanted {
    fn lines(&self, client: &Client, written: Arc<AtomicI64>) -> Lines {
        Lines {
            company: client.caller.company,
            filter: self.filter.clone(),
            fields: self.fields,
            form: self.form,
            gzip: self.gzip,
            folder: client.app.config.data_dir.clone(),
            written,
        }
    }

    fn see(&self, conn: &mut Conn, company: CompanyId) -> Result<Seen> {
        let state = companies::store::state(conn, company)?;
        let usual = self.filter.is_usual();
        let known = (self.fields, self.day);
        let delta = usual.then(|| Delta::after_page(conn, &state, None, known));
        let delta = delta.transpose()?;
        let has_rows = feed::has_any(conn, company, &self.filter)?;
        let empty = (!has_rows).then(|| empty::of_list(conn, &state, &self.filter));
        let empty = empty.transpose()?;
        Ok(Seen {
            state,
            delta,
            empty,
        })
    }

    fn etag(&self, stamp: &str) -> HeaderValue {
        let fields = self.fields.code();
        let (filter, day) = (canonical(&self.filter), self.day.to_string());
        let way = if self.gzip { "gzip" } else { "identity" };
        let parts = [stamp, self.form.content_type(), &filter, &fields, &day, way];
        etag_of(&parts)
    }
}

fn reply(client: &Client, wanted: &Wanted, seen: &Seen) -> actix_web::HttpResponseBuilder {
    let Seen {
        state,
        delta,
        empty,
    } = seen;
    client.call.note(|known| known.version = Some(state.seq));
    let mut reply = HttpResponse::Ok();
    for header in headers_of(&Version::of_state(state)) {
        reply.insert_header(header);
    }
    if let Some(delta) = delta {
        let cursor = delta.cursor(&client.app.key, client.caller.company);
        reply.insert_header((DELTA_CURSOR, cursor));
    }
    if let Some(reason) = empty {
        reply.insert_header((EMPTY_REASON, *reason));
    }
    if wanted.gzip {
        reply.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    reply
        .insert_header((header::CONTENT_TYPE, wanted.form.content_type()))
        .insert_header((header::ETAG, wanted.etag(&state.stamp)));
    super::reply::common(&mut reply, Found::Miss);
    reply
}
