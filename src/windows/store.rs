//! Queries on windows.

use diesel::prelude::*;

use super::keys::Chunks;
use super::names::Names;
use super::{Asked, Kind, Window};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, CourseId, TokenId};
use crate::moodle::RowState;
use crate::schema::{api_tokens, legacy_window_keys as keys, legacy_windows as windows, progress};

/// Nothing may build on the company's windows any more: the settings that its rows are shown by have changed.
pub fn void(conn: &mut Conn, company: CompanyId) -> Result<()> {
    let of_company = windows::table.filter(windows::company_id.eq(company));
    diesel::update(of_company)
        .set(windows::void.eq(true))
        .execute(conn)?;
    Ok(())
}

/// Lets go the windows of tokens that open nothing any more, at a moment in UTC seconds; returns how many.
pub fn forget_ended(conn: &mut Conn, now: i64) -> Result<usize> {
    let ended = || {
        let is_over = api_tokens::expires_at.le(now).assume_not_null();
        let ended = api_tokens::table.filter(api_tokens::revoked_at.is_not_null().or(is_over));
        ended.select(api_tokens::id)
    };
    diesel::delete(keys::table.filter(keys::token_id.eq_any(ended()))).execute(conn)?;
    let of_ended = windows::table.filter(windows::token_id.eq_any(ended()));
    Ok(diesel::delete(of_ended).execute(conn)?)
}

/// The windows of a token, oldest first.
pub(super) fn list(conn: &mut Conn, token: TokenId) -> Result<Vec<Window>> {
    let rows: Vec<Row> = windows::table
        .filter(windows::token_id.eq(token))
        .order(windows::number)
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Window::from).collect())
}

/// The window that a token pages through.
pub(super) fn newest(conn: &mut Conn, token: TokenId) -> Result<Option<Window>> {
    Ok(list(conn, token)?.pop())
}

/// [`newest`] for a change: until this transaction ends nobody else changes the token's windows.
pub(super) fn newest_alone(conn: &mut Conn, token: TokenId) -> Result<Option<Window>> {
    // One row that is always there is the lock: windows come and go, and locked one by one they would wait for each other.
    diesel::update(api_tokens::table.find(token))
        .set(api_tokens::prefix.eq(api_tokens::prefix))
        .execute(conn)?;
    newest(conn, token)
}

/// A stored chunk of a window's keys.
pub(super) fn chunk(
    conn: &mut Conn,
    token: TokenId,
    number: i64,
    chunk: i64,
) -> Result<Option<Vec<u8>>> {
    let stored = keys::table
        .find((token.0, number, chunk))
        .select(keys::keys);
    Ok(stored.get_result(conn).optional()?)
}

/// Writes a window with its keys, and forgets what nothing needs any more: all but the two that were completed last.
pub(super) fn insert(
    conn: &mut Conn,
    asked: &Asked,
    window: &Window,
    chunks: &Chunks,
) -> Result<()> {
    let known = list(conn, asked.token)?;
    let usable = known.iter().filter(|known| known.completed && !known.void);
    let kept: Vec<i64> = usable.rev().take(2).map(|known| known.number).collect();
    let of_token = windows::table.filter(windows::token_id.eq(asked.token));
    diesel::delete(of_token.filter(windows::number.ne_all(kept))).execute(conn)?;
    diesel::delete(keys::table.filter(keys::token_id.eq(asked.token))).execute(conn)?;
    diesel::insert_into(windows::table)
        .values((
            (
                windows::token_id.eq(asked.token),
                windows::number.eq(window.number),
                windows::company_id.eq(asked.company),
                windows::kind.eq(window.kind),
                windows::base.eq(window.base),
                windows::seq.eq(window.seq),
                windows::version.eq(&window.version),
            ),
            (
                windows::view.eq(&window.view),
                windows::names.eq(window.names.write()),
                windows::rows.eq(window.rows),
                windows::answered.eq(window.answered),
                windows::full_at.eq(window.full_at),
                windows::completed.eq(window.completed),
                windows::void.eq(window.void),
            ),
        ))
        .execute(conn)?;
    for (place, stored) in (0i64..).zip(&chunks.stored) {
        diesel::insert_into(keys::table)
            .values((
                keys::token_id.eq(asked.token),
                keys::number.eq(window.number),
                keys::chunk.eq(place),
                keys::keys.eq(stored),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Notes how far a window was asked for.
pub(super) fn set_answered(
    conn: &mut Conn,
    token: TokenId,
    number: i64,
    answered: i64,
    completed: bool,
) -> Result<()> {
    diesel::update(windows::table.find((token.0, number)))
        .set((
            windows::answered.eq(answered),
            windows::completed.eq(completed),
        ))
        .execute(conn)?;
    Ok(())
}

/// Writes the names that a window's client has seen.
pub(super) fn set_names(conn: &mut Conn, token: TokenId, number: i64, names: &Names) -> Result<()> {
    diesel::update(windows::table.find((token.0, number)))
        .set(windows::names.eq(names.write()))
        .execute(conn)?;
    Ok(())
}

/// Whether a row ended after a data version.
pub(super) fn ended_since(conn: &mut Conn, company: CompanyId, seq: i64) -> Result<bool> {
    let ended = progress::table
        .filter(progress::company_id.eq(company))
        .filter(progress::seq.gt(seq))
        .filter(progress::state.ne(RowState::Active))
        .select(progress::seq)
        .limit(1);
    Ok(!ended.load::<i64>(conn)?.is_empty())
}

/// The courses of active rows that changed after a data version, each with every name that those rows have.
pub(super) fn names_since(
    conn: &mut Conn,
    company: CompanyId,
    seq: i64,
) -> Result<Vec<(CourseId, String)>> {
    let found = progress::table
        .filter(progress::company_id.eq(company))
        .filter(progress::seq.gt(seq))
        .filter(progress::state.eq(RowState::Active))
        .select((progress::course_id, progress::coursename))
        .distinct()
        .load(conn)?;
    Ok(found)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = windows)]
struct Row {
    number: i64,
    kind: Kind,
    base: i64,
    seq: i64,
    version: Option<String>,
    view: String,
    names: Vec<u8>,
    rows: i64,
    answered: i64,
    full_at: i64,
    completed: bool,
    void: bool,
}

impl From<Row> for Window {
    fn from(row: Row) -> Self {
        Self {
            number: row.number,
            kind: row.kind,
            base: row.base,
            seq: row.seq,
            version: row.version,
            view: row.view,
            names: Names::read(&row.names),
            rows: row.rows,
            answered: row.answered,
            full_at: row.full_at,
            completed: row.completed,
            void: row.void,
        }
    }
}
