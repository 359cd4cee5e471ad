//! How far a client knows a company's data: what a cursor of changes holds, and a link of OData.

use serde::{Deserialize, Serialize};

use super::{ApiError, Client, cursor};
use crate::companies::{self, State};
use crate::db::Conn;
use crate::error::{Error, Result, Resync};
use crate::fields::Fields;
use crate::ids::CompanyId;
use crate::time::now;
use crate::tokens::SecretKey;

/// The list's name in cursors.
const LIST: &str = "changes";
/// Counts how often a row came to show other things in the same fields: clients then have to read everything again.
const ROWS: u8 = 1;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// A place in the order of changes, and the latest version that the client was shown anything of: while the store has that
/// version, nothing that the client holds can be of a history that was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// Changes up to this one are known.
    pub position: i64,
    /// The version that the store had then.
    version: i64,
    /// When it was handed out, in whole days: a reply that is the same all day stays the same to the byte.
    day: i64,
    /// The version's random name; empty of version 0, which holds nothing.
    name: String,
    /// What rows showed.
    view: String,
}

impl Delta {
    /// Before the first change.
    pub fn beginning(fields: Fields, now: i64) -> Self {
        Self {
            position: 0,
            version: 0,
            day: day(now),
            name: String::new(),
            view: view(fields),
        }
    }

    /// After change `position` of the version that a snapshot shows.
    pub fn at(conn: &mut Conn, state: &State, position: i64, of: (Fields, i64)) -> Result<Self> {
        let (fields, day) = of;
        let name = companies::store::version_name(conn, state.company_id, state.seq)?;
        Ok(Self {
            position,
            version: state.seq,
            day,
            name: name.unwrap_or_default(),
            view: view(fields),
        })
    }

    /// After a page of a list: changes are known up to the version of its first page, and rows were seen of this one.
    ///
    /// Fails where this store does not have the version that the page before showed.
    pub fn after_page(
        conn: &mut Conn,
        state: &State,
        before: Option<&Self>,
        of: (Fields, i64),
    ) -> Result<Self> {
        let Some(before) = before else {
            return Self::at(conn, state, state.seq, of);
        };
        before.must_be_of(conn, state.company_id)?;
        Self::at(conn, state, before.position, (of.0, before.day))
    }

    /// Refuses a client that cannot go on from here, as far as that can be known without the company's rows.
    pub async fn must_lead_on(&self, client: &Client) -> std::result::Result<(), ApiError> {
        let days = client.app.keeping().await?.changes_days;
        Ok(self.must_be_good(client.fields, now(), days)?)
    }

    /// The same by fields, clock and the days that changes are kept.
    pub fn must_be_good(&self, fields: Fields, now: i64, days: Option<i64>) -> Result<()> {
        if days.is_some_and(|days| day(now) - self.day > days) {
            return Err(Error::Resync(Resync::Expired));
        }
        if self.view != view(fields) {
            return Err(Error::Resync(Resync::ViewChanged));
        }
        Ok(())
    }

    /// Refuses a client that knows a version which this store does not have.
    pub fn must_be_of(&self, conn: &mut Conn, company: CompanyId) -> Result<()> {
        if self.version == 0 {
            return Ok(());
        }
        let name = companies::store::version_name(conn, company, self.version)?;
        if name.as_ref() == Some(&self.name) {
            return Ok(());
        }
        Err(Error::Resync(Resync::StoreRestored))
    }

    /// The cursor that a client is given.
    pub fn cursor(&self, key: &SecretKey, company: CompanyId) -> String {
        cursor::write(key, company, LIST, &self.to_bytes())
    }

    /// What a cursor holds, or `None` where it is none of this company's changes.
    pub fn of_cursor(key: &SecretKey, company: CompanyId, text: &str) -> Option<Self> {
        Self::of_bytes(&cursor::read(key, company, LIST, text)?)
    }

    /// As the place of another cursor.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = cursor::of_numbers([self.position, self.version, self.day]);
        bytes.extend_from_slice(format!("{}/{}", self.view, self.name).as_bytes());
        bytes
    }

    /// What [`Delta::to_bytes`] wrote.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, words) = bytes.split_at_checked(24)?;
        let [position, version, day] = cursor::numbers(numbers)?;
        let (view, name) = std::str::from_utf8(words).ok()?.split_once('/')?;
        Some(Self {
            position,
            version,
            day,
            name: name.to_owned(),
            view: view.to_owned(),
        })
    }

    /// One spelling of it, for the cache.
    pub fn canonical(&self) -> String {
        let Self {
            position,
            version,
            day,
            name,
            view,
        } = self;
        format!("{position},{version},{day},{view},{name}")
    }
}

/// The day of a moment.
pub fn day(now: i64) -> i64 {
    now.div_euclid(DAY)
}

fn view(fields: Fields) -> String {
    format!("{ROWS}.{}", fields.code())
}
