//! One page of a window: a slice of its frozen keys, with the rows as they are now.

use std::collections::BTreeSet;

use super::keys::{self, CHUNK};
use super::names::Names;
use super::{Kind, Window, store};
use crate::companies::{self, State};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, Key, TokenId};
use crate::progress::{self, Row};

/// A page.
#[derive(Debug)]
pub struct Page {
    /// What the window's list means.
    pub kind: Kind,
    /// The rows, in (user, course) order. One that ended meanwhile shows what it said last; the next window is a full list
    /// then. One of an erased person is left out.
    pub rows: Vec<Row>,
    /// What the company's clients are served at the moment of these rows.
    pub state: State,
    /// What is to be written before the client gets the page.
    pub note: Option<Note>,
}

/// That a page was asked for, and what it showed.
#[derive(Debug)]
pub struct Note {
    token: TokenId,
    number: i64,
    slice: (i64, i64),
    names: Names,
}

/// The page of a token's newest window; `None` where it has no window.
///
/// A client takes a short page for the last one. Where rows are gone and more follow, or the pass that asks began elsewhere,
/// the page fails with [`Error::Moved`], so that the client begins anew.
pub fn page(
    conn: &mut Conn,
    token: TokenId,
    company: CompanyId,
    (offset, limit): (i64, i64),
) -> Result<Option<Page>> {
    let Some(window) = store::newest(conn, token)? else {
        return Ok(None);
    };
    if window.is_left_over(offset) {
        return Err(Error::Moved);
    }
    let state = companies::store::state(conn, company)?;
    let keys = slice(conn, token, &window, (offset, limit))?;
    let rows = progress::store::of_keys(conn, company, &keys)?;
    if rows.len() < keys.len() && offset.saturating_add(limit) < window.rows {
        return Err(Error::Moved);
    }
    let note = Note {
        token,
        number: window.number,
        slice: (offset, limit),
        names: new_names(&window, &rows),
    };
    let says_something = !note.names.is_empty() || window.after((offset, limit)).is_some();
    Ok(Some(Page {
        kind: window.kind,
        rows,
        state,
        note: says_something.then_some(note),
    }))
}

impl Note {
    /// Writes it. The names are noted of the newest window, whichever that is by now.
    pub fn write(&self, conn: &mut Conn) -> Result<()> {
        let Some(mut window) = store::newest_alone(conn, self.token)? else {
            return Ok(());
        };
        if !self.names.is_empty() {
            window.names.merge(&self.names);
            store::set_names(conn, self.token, window.number, &window.names)?;
        }
        match window.after(self.slice) {
            Some((answered, completed)) if window.number == self.number => {
                store::set_answered(conn, self.token, self.number, answered, completed)
            }
            _ => Ok(()),
        }
    }
}

/// The courses' names that a page shows and its window does not know: they came after it was opened.
fn new_names(window: &Window, rows: &[Row]) -> Names {
    let shown = rows
        .iter()
        .map(|row| (row.course_id, row.content.coursename.as_str()));
    let mut names = Names::default();
    for (course, name) in shown.collect::<BTreeSet<_>>() {
        if !window.names.has(course, name) {
            names.add(course, name);
        }
    }
    names
}

fn slice(
    conn: &mut Conn,
    token: TokenId,
    window: &Window,
    (offset, limit): (i64, i64),
) -> Result<Vec<Key>> {
    let end = offset.saturating_add(limit).min(window.rows);
    if offset >= end {
        return Ok(Vec::new());
    }
    let size = CHUNK as i64;
    let first = offset / size;
    let mut keys = Vec::new();
    for place in first..=(end - 1) / size {
        let stored = store::chunk(conn, token, window.number, place)?;
        keys.extend(stored.iter().flat_map(|stored| keys::read(stored)));
    }
    let skipped = usize::try_from(offset - first * size).unwrap_or(0);
    let wanted = usize::try_from(end - offset).unwrap_or(0);
    Ok(keys.into_iter().skip(skipped).take(wanted).collect())
}

impl Window {
    /// Whether a page from here on is of another pass: the window was void, and over or not as far, when that one began in
    /// mode `full`, which opens none.
    fn is_left_over(&self, offset: i64) -> bool {
        self.void && (self.completed || offset > self.answered)
    }

    /// How far it was asked for, and whether to its end, after a page; `None` where the page says nothing new.
    ///
    /// A window is completed by a page that its client can see to be the last, when no page before it was left out.
    fn after(&self, (offset, limit): (i64, i64)) -> Option<(i64, bool)> {
        let end = offset.saturating_add(limit);
        let follows = offset <= self.answered;
        let answered = self.answered.max(end.min(self.rows));
        let ends = end > self.rows;
        let is_new = follows && !self.completed && (ends || answered != self.answered);
        is_new.then_some((answered, ends))
    }
}
