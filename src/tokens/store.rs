//! Queries on tokens.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

use diesel::prelude::*;

use super::{Caller, NewToken, OUR_COMMAND, PREFIX, SecretKey, Token, new_text};
use crate::config::Secret;
use crate::db::Conn;
use crate::error::{Error, OrNotFound as _, Result};
use crate::ids::{CompanyId, RunId, TokenId};
use crate::proxies::Networks;
use crate::schema::{api_tokens, companies, company_state};

/// Makes a token and returns its text, which nobody can read again, with what lists show of it.
///
/// Fails for an empty or overlong name, without scopes, and for a company the store does not know.
pub fn create(
    conn: &mut Conn,
    key: &SecretKey,
    new: &NewToken,
    now: i64,
) -> Result<(Secret, Token)> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 100 || new.scopes.is_empty() {
        let what = "a token needs a name of at most 100 characters and at least one scope";
        return Err(Error::Invalid(what.into()));
    }
    let known = companies::table.find(new.company.0).select(companies::id);
    known
        .get_result::<i64>(conn)
        .optional()?
        .or_not_found("the company")?;
    let text = new_text();
    let hash = key.token_hash(text.reveal());
    diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::company_id.eq(new.company.0),
            api_tokens::name.eq(name),
            api_tokens::prefix.eq(&text.reveal()[..PREFIX]),
            api_tokens::hash.eq(&hash),
            api_tokens::scopes.eq(new.scopes.to_string()),
            api_tokens::created_at.eq(now),
            api_tokens::created_by.eq(&new.created_by),
            api_tokens::expires_at.eq(new.expires_at),
            api_tokens::fields.eq(new.fields.map(|fields| fields.to_string())),
            api_tokens::networks.eq(new.networks.as_ref().map(Networks::to_string)),
        ))
        .execute(conn)?;
    let made = api_tokens::table.filter(api_tokens::hash.eq(&hash));
    let row: Row = made.select(Row::as_select()).get_result(conn)?;
    Ok((text, row.try_into()?))
}

/// The tokens of one company, revoked ones included, newest first.
pub fn list(conn: &mut Conn, company: CompanyId) -> Result<Vec<Token>> {
    let rows: Vec<Row> = api_tokens::table
        .filter(api_tokens::company_id.eq(company.0))
        .order(api_tokens::id.desc())
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Token::try_from).collect()
}

/// The tokens of several companies, by company, each newest first.
pub fn list_of(conn: &mut Conn, companies: &[i64]) -> Result<HashMap<CompanyId, Vec<Token>>> {
    let mut found: HashMap<CompanyId, Vec<Token>> = HashMap::new();
    for some in companies.chunks(5000) {
        let rows: Vec<Row> = api_tokens::table
            .filter(api_tokens::company_id.eq_any(some))
            .order(api_tokens::id.desc())
            .select(Row::as_select())
            .load(conn)?;
        for row in rows {
            let token = Token::try_from(row)?;
            found.entry(token.company).or_default().push(token);
        }
    }
    Ok(found)
}

/// A token of this company, or `NotFound`.
pub fn get(conn: &mut Conn, company: CompanyId, id: TokenId) -> Result<Token> {
    let row: Option<Row> = api_tokens::table
        .find(id.0)
        .filter(api_tokens::company_id.eq(company.0))
        .select(Row::as_select())
        .get_result(conn)
        .optional()?;
    row.or_not_found("the token")?.try_into()
}

/// The token of this hash, revoked or not.
pub fn with_hash(conn: &mut Conn, hash: &str) -> Result<Option<Token>> {
    let row: Option<Row> = api_tokens::table
        .filter(api_tokens::hash.eq(hash))
        .select(Row::as_select())
        .get_result(conn)
        .optional()?;
    row.map(Token::try_from).transpose()
}

/// The tokens of one maker that are not revoked, each with its hash.
pub fn made_by(conn: &mut Conn, maker: &str) -> Result<Vec<(String, Token)>> {
    let rows: Vec<(String, Row)> = api_tokens::table
        .filter(api_tokens::created_by.eq(maker))
        .filter(api_tokens::revoked_at.is_null())
        .order(api_tokens::id)
        .select((api_tokens::hash, Row::as_select()))
        .load(conn)?;
    let with_hash = |(hash, row): (String, Row)| Ok((hash, Token::try_from(row)?));
    rows.into_iter().map(with_hash).collect()
}

/// Ends a token of this company at once. One that is revoked already stays as it was.
pub fn revoke(conn: &mut Conn, company: CompanyId, id: TokenId, now: i64) -> Result<Token> {
    let of_company = api_tokens::table
        .find(id.0)
        .filter(api_tokens::company_id.eq(company.0));
    diesel::update(of_company.filter(api_tokens::revoked_at.is_null()))
        .set(api_tokens::revoked_at.eq(now))
        .execute(conn)?;
    let row = of_company
        .select(Row::as_select())
        .get_result(conn)
        .optional()?;
    row.or_not_found("the token")?.try_into()
}

/// Forgets a company's tokens of a name that open nothing any more, so that those made for an hour do not pile up.
pub fn forget_ended(conn: &mut Conn, company: CompanyId, name: &str, now: i64) -> Result<()> {
    let ended = api_tokens::revoked_at
        .is_not_null()
        .or(api_tokens::expires_at.le(now).assume_not_null());
    let of_name = api_tokens::table
        .filter(api_tokens::company_id.eq(company.0))
        .filter(api_tokens::name.eq(name))
        .filter(api_tokens::created_by.eq(name));
    diesel::delete(of_name.filter(ended)).execute(conn)?;
    Ok(())
}

/// Who a token of this hash speaks for, and the company's version, in one statement.
///
/// `None` for a token that is unknown or revoked: callers cannot tell which. Whether it has expired is for them to see.
pub fn find_by_hash(conn: &mut Conn, hash: &str) -> Result<Option<Caller>> {
    // For each database by itself: through both at once the text would be written anew for every request. And without
    // LIMIT, which SQLite, where it is bound, plans anew each time.
    macro_rules! find {
        ($conn:expr) => {
            api_tokens::table
                .inner_join(companies::table.inner_join(company_state::table))
                .filter(api_tokens::hash.eq(hash))
                .filter(api_tokens::revoked_at.is_null())
                .select(CallerRow::as_select())
                .get_result($conn)
        };
    }
    let found: Option<CallerRow> = match conn {
        Conn::Sqlite(conn) => find!(conn),
        Conn::Pg(conn) => find!(conn),
    }
    .optional()?;
    found.map(Caller::try_from).transpose()
}

/// Notes that tokens were used, unless a later use is noted already.
pub fn record_use(conn: &mut Conn, used: &[(TokenId, i64)]) -> Result<()> {
    for (token, at) in used {
        let older = api_tokens::last_used_at
            .is_null()
            .or(api_tokens::last_used_at.lt(at));
        diesel::update(
            api_tokens::table
                .find(token.0)
                .filter(older.assume_not_null()),
        )
        .set(api_tokens::last_used_at.eq(at))
        .execute(conn)?;
    }
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_tokens)]
struct Row {
    id: i64,
    company_id: i64,
    name: String,
    prefix: String,
    scopes: String,
    created_at: i64,
    created_by: String,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
    fields: Option<String>,
    networks: Option<String>,
    refusal: Option<String>,
    replaces: Option<i64>,
}

impl TryFrom<Row> for Token {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: TokenId(row.id),
            company: CompanyId(row.company_id),
            name: row.name,
            prefix: row.prefix,
            scopes: row.scopes.parse()?,
            created_at: row.created_at,
            created_by: row.created_by,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
            fields: stored(row.fields)?,
            networks: stored(row.networks)?,
            refusal: stored(row.refusal)?,
            replaces: row.replaces.map(TokenId),
        })
    }
}

/// What a column says, where it says something.
pub(super) fn stored<T: FromStr<Err = String>>(text: Option<String>) -> Result<Option<T>> {
    let parsed = text.map(|text| text.parse::<T>()).transpose();
    parsed
        .map_err(|why: String| Error::from(diesel::result::Error::DeserializationError(why.into())))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_tokens)]
struct CallerRow {
    id: i64,
    prefix: String,
    scopes: String,
    created_by: String,
    last_used_at: Option<i64>,
    expires_at: Option<i64>,
    fields: Option<String>,
    networks: Option<String>,
    refusal: Option<String>,
    #[diesel(embed)]
    company: CompanyRow,
    #[diesel(embed)]
    state: StateRow,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = companies)]
struct CompanyRow {
    id: i64,
    cache_minutes: i32,
    delivery: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = company_state)]
struct StateRow {
    seq: i64,
    stamp: String,
    synced_at: Option<i64>,
    run_id: Option<String>,
}

impl TryFrom<CallerRow> for Caller {
    type Error = Error;

    fn try_from(row: CallerRow) -> Result<Self> {
        let minutes = u64::try_from(row.company.cache_minutes).unwrap_or(0);
        Ok(Self {
            token: TokenId(row.id),
            prefix: row.prefix,
            scopes: row.scopes.parse()?,
            company: CompanyId(row.company.id),
            is_ours: row.created_by == OUR_COMMAND,
            cache_ttl: Duration::from_secs(minutes * 60),
            seq: row.state.seq,
            stamp: row.state.stamp,
            synced_at: row.state.synced_at,
            run_id: row.state.run_id.map(RunId),
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
            fields: stored(row.fields)?,
            networks: stored(row.networks)?,
            refusal: stored(row.refusal)?,
            delivery: row.company.delivery,
        })
    }
}
