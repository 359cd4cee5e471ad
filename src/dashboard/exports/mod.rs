//! The tables of the pages as files: whole, with the filters of the page, one file of this folder per noun.
//!
//! A handler takes a [`Download`], which only signed-in admins get, and sends a [`Sheet`]: a name, columns, and whatever
//! puts the rows, one at a time, out of one snapshot of the store.

pub mod admins;
pub mod alerts;
mod attachment;
pub mod audit;
pub mod batches;
pub mod changes;
pub mod companies;
pub mod courses;
mod links;
pub mod monitor;
mod noted;
pub mod people;
pub mod progress;
pub mod requests;
pub mod runs;
pub mod schedules;
mod sheet;
pub mod tokens;

pub use links::Downloads;

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use bytes::Bytes;
use chrono_tz::Tz;
use futures_util::stream;

use self::noted::Wish;
use self::sheet::{Lines, Sheet};
use super::{PageError, SignedIn, signed_in};
use crate::app::{App, LongPlace};
use crate::companies::store;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::export::{self, Format, Table};
use crate::ids::CompanyId;
use crate::time::{now, rfc3339};

/// An admin's wish for a file, in the format that ends the address.
pub struct Download {
    /// Who asks for it.
    admin: SignedIn,
    /// What the audit log says of it.
    wish: Wish,
    app: Data<App>,
    format: Format,
    /// The zone that days of a filter begin in: the reader's.
    zone: Tz,
    /// Whether only the head of the answer is wanted: then no file is made.
    head: bool,
    /// The one company that the reader may see; `None` is all.
    only: Option<CompanyId>,
    /// The company whose page it is of; `None` is a page about all of them.
    of: Option<CompanyId>,
}

impl FromRequest for Download {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let admin = SignedIn::of(&request)?;
            let format = request.match_info().query("format").parse();
            Ok(Self {
                app: signed_in::app(&request)?,
                format: format.map_err(|_| Error::NotFound("this page"))?,
                zone: admin.session.reading.zone,
                head: request.method() == Method::HEAD,
                only: admin.only(),
                of: request.match_info().query("company").parse().ok(),
                wish: Wish::of(&request, &admin.session.email),
                admin,
            })
        })
    }
}

impl Download {
    /// The company that a file of all is narrowed to, as [`SignedIn::narrowed`] says.
    fn narrowed(&self, chosen: Option<CompanyId>) -> Result<Option<CompanyId>> {
        signed_in::narrowed(self.only, chosen)
    }

    /// Runs one read before the file begins: what it does not find becomes an error page.
    async fn look_up<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.app.db.run(work).await
    }

    /// A company as the names of its files say it: its name and its id.
    async fn whose(&self, company: CompanyId) -> Result<String> {
        let known = self.look_up(move |conn| store::get(conn, company));
        let (company, _) = known.await?;
        Ok(named(&company.name, company.id))
    }

    /// Streams a sheet whose rows `put` reads in one snapshot of the store, so that the file shows one moment.
    async fn send<T: 'static>(
        self,
        sheet: Sheet<T>,
        put: impl FnOnce(&mut Conn, &mut Lines<'_, T>) -> Result<()> + Send + 'static,
    ) -> std::result::Result<HttpResponse, PageError> {
        let mut response = HttpResponse::Ok();
        response
            .content_type(self.format.content_type())
            .insert_header(self.named(&sheet))
            .insert_header((header::CACHE_CONTROL, "no-store"));
        if self.head {
            return Ok(response.streaming(stream::empty::<std::io::Result<Bytes>>()));
        }
        let place = self.place()?;
        let (wish, file) = (
            self.wish,
            [sheet.name, &sheet.whose].join(" ").trim().to_owned(),
        );
        let note = move |conn: &mut Conn| wish.record(conn, &file);
        self.app.db.change(note).await?;
        let (db, columns) = (self.app.db.clone(), sheet.columns);
        let table = Table {
            name: sheet.name,
            columns: columns.iter().map(|(name, _)| *name).collect(),
            rows: Box::new(move |rows| {
                db.own_snapshot(|conn| put(conn, &mut Lines::new(rows, columns)))
            }),
        };
        let folder = self.app.config.data_dir.clone();
        let body = export::stream(self.format, table, folder, place).await?;
        Ok(response.streaming(body))
    }

    /// A place to make the file in: of its company's, else of those for all.
    fn place(&self) -> Result<LongPlace> {
        let place = self.app.lanes.file(self.of.or(self.only));
        place.ok_or_else(|| {
            let busy = "enough exports are being made already; try again when one has ended";
            Error::Conflict(busy.into())
        })
    }

    fn named<T>(&self, sheet: &Sheet<T>) -> header::ContentDisposition {
        let today = rfc3339(now()).unwrap_or_default();
        let day = &today[..today.len().min(10)];
        attachment::attachment(&[sheet.name, &sheet.whose, day], self.format)
    }
}

/// A company in the name of a file; a long name must not push its id out.
fn named(name: &str, company: CompanyId) -> String {
    let short: String = name.chars().take(40).collect();
    format!("{short} {company}")
}
