//! Opening a window: what its list is, read in one snapshot and then kept in one transaction.

use super::keys::Chunks;
use super::names::Names;
use super::{Asked, Kind, RowKey, Window, store};
use crate::companies::{self, store::version_name};
use crate::db::Conn;
use crate::error::Result;
use crate::progress;

/// What a call with offset 0 opens, until it is kept.
#[derive(Debug)]
pub struct Plan {
    asked: Asked,
    /// The newest window when it was planned.
    newest: Head,
    /// A new window; `None` opens the newest one once more: nothing has moved since it was opened, and nobody has come to
    /// its end.
    new: Option<(Window, Chunks)>,
}

/// Which window is the newest, and whether something may build on it.
type Head = Option<(i64, bool)>;

/// The next window of a token, read in one snapshot.
pub fn plan(conn: &mut Conn, asked: &Asked) -> Result<Plan> {
    let known = store::list(conn, asked.token)?;
    Ok(Plan {
        asked: asked.clone(),
        newest: head(known.last()),
        new: next(conn, asked, &known)?,
    })
}

impl Plan {
    /// Makes it the token's newest window, in one transaction; `false` where another call came before, so that the next
    /// window has to be planned anew: a late one must not take a client's place.
    pub fn keep(&self, conn: &mut Conn) -> Result<bool> {
        let token = self.asked.token;
        let newest = store::newest_alone(conn, token)?;
        if head(newest.as_ref()) != self.newest {
            return Ok(false);
        }
        let number = newest.as_ref().map_or(0, |newest| newest.number);
        let Some((window, chunks)) = &self.new else {
            store::set_answered(conn, token, number, 0, false)?;
            return Ok(true);
        };
        let mut window = window.clone();
        window.number = number + 1;
        // Names that an abandoned one may have shown stay known.
        if let Some(abandoned) = newest.filter(|newest| !newest.completed) {
            window.names.merge(&abandoned.names);
        }
        store::insert(conn, &self.asked, &window, chunks)?;
        Ok(true)
    }
}

fn head(newest: Option<&Window>) -> Head {
    newest.map(|newest| (newest.number, newest.void))
}

fn next(conn: &mut Conn, asked: &Asked, known: &[Window]) -> Result<Option<(Window, Chunks)>> {
    let state = companies::store::state(conn, asked.company)?;
    let base = base(conn, asked, known)?;
    let (kind, base_number) = match base {
        Some(base) => (Kind::Incremental, base.number),
        None => (Kind::Full, 0),
    };
    if let Some(newest) = known.last() {
        let same = newest.seq == state.seq && newest.view == asked.view;
        let alike = (newest.kind, newest.base) == (kind, base_number);
        let is_old = newest.kind == Kind::Full && is_due(newest.full_at, asked);
        if same && alike && !newest.completed && !newest.void && !is_old {
            return Ok(None);
        }
    }
    let (names, chunks, full_at) = match base {
        Some(base) => changes(conn, asked, base, known)?,
        None => everything(conn, asked)?,
    };
    let window = Window {
        number: 0,
        kind,
        base: base_number,
        seq: state.seq,
        version: version_name(conn, asked.company, state.seq)?,
        view: asked.view.clone(),
        names,
        rows: chunks.count,
        answered: 0,
        full_at,
        completed: false,
        void: false,
    };
    Ok(Some((window, chunks)))
}

/// The window that the next list can build on: the one before the last completed one, where a list of changes since then
/// says all that a client must know.
fn base<'a>(conn: &mut Conn, asked: &Asked, known: &'a [Window]) -> Result<Option<&'a Window>> {
    let usable: Vec<&Window> = known.iter().filter(|known| !known.void).collect();
    let mut completed = usable.iter().rev().filter(|known| known.completed);
    let (Some(last), Some(base)) = (completed.next(), completed.next()) else {
        return Ok(None);
    };
    if asked.key == RowKey::Nothing || is_due(last.full_at, asked) {
        return Ok(None);
    }
    for window in usable.iter().filter(|known| known.number >= base.number) {
        let is_same_store = version_name(conn, asked.company, window.seq)? == window.version;
        if window.view != asked.view || !is_same_store {
            return Ok(None);
        }
    }
    let lost = store::ended_since(conn, asked.company, base.seq)?;
    if lost || is_ambiguous(conn, asked, base, known)? {
        return Ok(None);
    }
    Ok(Some(base))
}

/// Whether a full list is due again. A clock that was set back says nothing, so it is due then.
fn is_due(full_at: i64, asked: &Asked) -> bool {
    !(full_at..full_at.saturating_add(asked.full_after)).contains(&asked.now)
}

/// Whether a client could take a changed row for another one: its course was renamed, or two courses have one name.
fn is_ambiguous(conn: &mut Conn, asked: &Asked, base: &Window, known: &[Window]) -> Result<bool> {
    let mut seen = seen_since(base, known);
    let changed = store::names_since(conn, asked.company, base.seq)?;
    let is_renamed = changed
        .iter()
        .any(|(course, name)| seen.contradict(*course, name));
    for (course, name) in &changed {
        seen.add(*course, name);
    }
    let is_shared = asked.key == RowKey::CourseName && seen.share_one();
    Ok(is_renamed || is_shared)
}

/// Every name that a client can have from a window or a later one.
fn seen_since(base: &Window, known: &[Window]) -> Names {
    let mut seen = Names::default();
    for window in known.iter().filter(|known| known.number >= base.number) {
        seen.merge(&window.names);
    }
    seen
}

fn changes(
    conn: &mut Conn,
    asked: &Asked,
    base: &Window,
    known: &[Window],
) -> Result<(Names, Chunks, i64)> {
    let mut names = seen_since(base, known);
    for (course, name) in store::names_since(conn, asked.company, base.seq)? {
        names.add(course, &name);
    }
    let mut chunks = Chunks::default();
    for key in progress::store::active_keys_since(conn, asked.company, base.seq)? {
        chunks.push(key);
    }
    let last = known
        .iter()
        .rev()
        .find(|known| known.completed && !known.void);
    let full_at = last.map_or(base.full_at, |last| last.full_at);
    Ok((names, chunks, full_at))
}

fn everything(conn: &mut Conn, asked: &Asked) -> Result<(Names, Chunks, i64)> {
    let mut names = Names::default();
    for (course, name) in progress::store::course_names(conn, asked.company)? {
        names.add(course, &name);
    }
    let mut chunks = Chunks::default();
    for key in progress::store::active_keys(conn, asked.company)? {
        chunks.push(key?);
    }
    Ok((names, chunks, asked.now))
}
