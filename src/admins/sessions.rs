//! Sessions: one row per signed-in browser. The cookie's value is never stored, only its hash.

use diesel::dsl::IsNotNull;
use diesel::prelude::*;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Reading, Role, Theme};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{AdminId, CompanyId, hex, random_hex};
use crate::language::{Language, Said};
use crate::schema::{admins, sessions};

/// A session without a request for this long is over.
pub const IDLE_SECONDS: i64 = 8 * 3600;
/// A session is over after this long, used or not.
pub const LONGEST_SECONDS: i64 = 7 * 24 * 3600;
/// How often a session in use is prolonged at most.
const PROLONG_EVERY: i64 = 10 * 60;

/// A signed-in browser.
#[derive(Debug, Clone)]
pub struct Session {
    /// SHA-256 of the cookie's value.
    pub hash: String,
    /// Who signed in.
    pub admin: AdminId,
    /// Their email.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// The one company that they may see; `None` is all.
    pub only: Option<CompanyId>,
    /// How pages look for them.
    pub reading: Reading,
    /// Whether they have a second factor.
    pub second_factor: bool,
    /// What every form of this session carries.
    pub csrf: String,
    created_at: i64,
    expires_at: i64,
}

impl Session {
    /// Whether a form carries this session's token; takes the same time for every wrong one.
    pub fn owns(&self, csrf: &str) -> bool {
        self.csrf.as_bytes().ct_eq(csrf.as_bytes()).into()
    }

    /// Whether [`prolong`] has something to do.
    pub fn is_due(&self, now: i64) -> bool {
        prolonged(self.created_at, now) >= self.expires_at + PROLONG_EVERY
    }
}

/// Where a browser signs in from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visit {
    /// Its address.
    pub address: String,
    /// What it says it is: hostile text without control characters, at most 200 characters.
    pub agent: String,
}

impl Visit {
    /// A visit with what the browser says of itself, made fit to be kept.
    pub fn new(address: String, agent: &str) -> Self {
        let plain = agent.chars().filter(|letter| !letter.is_control());
        Self {
            address,
            agent: plain.take(200).collect(),
        }
    }
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct Open {
    /// SHA-256 of the cookie's value.
    pub hash: String,
    /// Where it began.
    pub address: String,
    /// What the browser said it is: hostile text.
    pub agent: String,
    /// When it began, UTC seconds.
    pub created_at: i64,
    /// When it was used last, UTC seconds, to ten minutes or so.
    pub used_at: i64,
}

impl Open {
    /// What its browser called itself.
    pub fn browser(&self) -> Said {
        match self.agent.as_str() {
            "" => Said::new("unknown browser"),
            agent => Said::as_it_is(agent),
        }
    }

    /// Where it began.
    pub fn place(&self) -> Said {
        match self.address.as_str() {
            "" => Said::new("an unknown address"),
            address => Said::as_it_is(address),
        }
    }
}

/// An admin's sessions that last, the one used last first.
pub fn of_admin(conn: &mut Conn, admin: AdminId, now: i64) -> Result<Vec<Open>> {
    let open = sessions::table
        .filter(sessions::admin_id.eq(admin))
        .filter(sessions::expires_at.gt(now))
        .order((sessions::used_at.desc(), sessions::hash))
        .select(Open::as_select())
        .load(conn)?;
    Ok(open)
}

/// Ends one of an admin's sessions, and says how many that were.
pub fn end_one(conn: &mut Conn, admin: AdminId, hash: &str) -> Result<usize> {
    let one = sessions::table
        .find(hash)
        .filter(sessions::admin_id.eq(admin));
    Ok(diesel::delete(one).execute(conn)?)
}

/// Ends an admin's sessions except one, or all of them, and says how many that were.
pub fn end_others(conn: &mut Conn, admin: AdminId, except: Option<&str>) -> Result<usize> {
    let others = sessions::table
        .filter(sessions::admin_id.eq(admin))
        .filter(sessions::hash.ne(except.unwrap_or_default()));
    Ok(diesel::delete(others).execute(conn)?)
}

/// Begins a session and gives back the value for the cookie.
pub fn start(conn: &mut Conn, admin: AdminId, visit: &Visit, now: i64) -> Result<String> {
    remove_expired(conn, now)?;
    let cookie = random_hex::<32>();
    diesel::insert_into(sessions::table)
        .values((
            sessions::hash.eq(hash_of(&cookie)),
            sessions::admin_id.eq(admin),
            sessions::csrf.eq(random_hex::<32>()),
            sessions::created_at.eq(now),
            sessions::expires_at.eq(prolonged(now, now)),
            sessions::address.eq(&visit.address),
            sessions::agent.eq(&visit.agent),
            sessions::used_at.eq(now),
        ))
        .execute(conn)?;
    Ok(cookie)
}

/// The session of a cookie, unless it is over or its admin may not sign in any more.
pub fn find(conn: &mut Conn, cookie: &str, now: i64) -> Result<Option<Session>> {
    let found: Option<Row> = sessions::table
        .inner_join(admins::table)
        .filter(sessions::hash.eq(hash_of(cookie)))
        .filter(sessions::expires_at.gt(now))
        .filter(admins::disabled_at.is_null())
        .select(Row::as_select())
        .get_result(conn)
        .optional()?;
    let whole =
        |row: &Row| row.admin.role != Role::CompanyManager || row.admin.company_id.is_some();
    Ok(found.filter(whole).map(Session::from)) // a manager of no company may see nothing
}

/// A session and its admin, as the store keeps them.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct Row {
    hash: String,
    csrf: String,
    created_at: i64,
    expires_at: i64,
    #[diesel(embed)]
    admin: Owner,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = admins)]
struct Owner {
    id: AdminId,
    email: String,
    role: Role,
    company_id: Option<CompanyId>,
    zone: String,
    language: Language,
    theme: Theme,
    #[diesel(select_expression = admins::totp_secret.is_not_null())]
    #[diesel(select_expression_type = IsNotNull<admins::totp_secret>)]
    second_factor: bool,
}

impl From<Row> for Session {
    fn from(row: Row) -> Self {
        let owner = row.admin;
        Self {
            hash: row.hash,
            admin: owner.id,
            email: owner.email,
            role: owner.role,
            only: owner
                .company_id
                .filter(|_| owner.role == Role::CompanyManager),
            reading: Reading::of(&owner.zone, owner.language, owner.theme),
            second_factor: owner.second_factor,
            csrf: row.csrf,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

/// Moves the end of a session that is in use, never beyond its longest life.
pub fn prolong(conn: &mut Conn, session: &Session, now: i64) -> Result<()> {
    diesel::update(sessions::table.filter(sessions::hash.eq(&session.hash)))
        .set((
            sessions::expires_at.eq(prolonged(session.created_at, now)),
            sessions::used_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// Ends the session of a cookie. Nothing happens where there is none.
pub fn end(conn: &mut Conn, cookie: &str) -> Result<()> {
    diesel::delete(sessions::table.filter(sessions::hash.eq(hash_of(cookie)))).execute(conn)?;
    Ok(())
}

/// Takes every session away that is over; returns how many.
pub fn remove_expired(conn: &mut Conn, now: i64) -> Result<usize> {
    let over = sessions::table.filter(sessions::expires_at.le(now));
    Ok(diesel::delete(over).execute(conn)?)
}

fn prolonged(created_at: i64, now: i64) -> i64 {
    (now + IDLE_SECONDS).min(created_at + LONGEST_SECONDS)
}

fn hash_of(cookie: &str) -> String {
    hex(&Sha256::digest(cookie.as_bytes()))
}
