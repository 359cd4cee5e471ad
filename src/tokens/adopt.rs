//! Adopting tokens that another program made: only their keyed hash is kept.

use diesel::prelude::*;

use super::{Refusal, Scope, SecretKey, Token, store};
use crate::config::Secret;
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::proxies::Networks;
use crate::schema::{api_tokens, erasures, tokens_without_company as homeless};

/// Who makes adopted tokens.
pub const MAKER: &str = "token import";

/// A token as Moodle has it.
#[derive(Debug)]
pub struct Adoption {
    /// The token itself.
    pub text: Secret,
    /// Its id in Moodle.
    pub id: i64,
    /// The companies of its person.
    pub companies: Vec<CompanyId>,
    /// The only company that is asked for, if one is.
    pub wanted: Option<CompanyId>,
    /// When it ends, UTC seconds; `None` means never.
    pub expires_at: Option<i64>,
    /// From where it may come, where that can be kept; the inner `None` means from everywhere.
    pub networks: Option<Option<Networks>>,
    /// Why Moodle refuses it.
    pub refusal: Option<Refusal>,
}

/// What becomes of it.
#[derive(Debug)]
pub enum Fate {
    /// It is not of the company that is asked for.
    Left,
    /// It becomes ours, for this company or for none.
    New(Option<CompanyId>),
    /// It is ours already, without a company.
    Without,
    /// It is ours already.
    Known(Box<Known>),
    /// It was ours and was revoked here; it stays so.
    Revoked,
    /// Nobody can tell for which company it is.
    Several,
    /// From where it may come cannot be kept.
    UnclearNetworks,
}

/// A token that is ours already.
#[derive(Debug)]
pub struct Known {
    /// As it was stored.
    pub token: Token,
    /// What is not as it was when it was adopted.
    pub standing: Standing,
    /// Why it is refused now.
    pub refusal: Option<Refusal>,
    networks: Option<Networks>,
    expires_at: Option<i64>,
}

/// How a token that is ours stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its person is in its company.
    Member,
    /// Its person is in no company any more.
    Gone,
    /// Its person, or the one who asks, is of another company; it stays with its own.
    OtherCompany,
    /// From where it may come cannot be kept, so it may come from nowhere.
    UnclearNetworks,
}

/// What would become of a token; nothing is changed.
pub fn decide(conn: &mut Conn, key: &SecretKey, new: &Adoption) -> Result<Fate> {
    let hash = key.token_hash(new.text.reveal());
    if let Some(token) = store::with_hash(conn, &hash)? {
        return decide_known(conn, token, new);
    }
    let company = match (new.wanted, new.companies.as_slice()) {
        (Some(wanted), of) if of.contains(&wanted) => Some(wanted),
        (Some(_), _) => return Ok(Fate::Left),
        (None, []) => None,
        (None, [one]) => Some(*one),
        (None, _) => return Ok(Fate::Several),
    };
    Ok(match company {
        _ if new.networks.is_none() => Fate::UnclearNetworks,
        None if is_without_company(conn, &hash)? => Fate::Without,
        company => Fate::New(company),
    })
}

/// Of a token that is ours its company stays, and its end, which a rotation may have brought near, never moves away.
fn decide_known(conn: &mut Conn, token: Token, new: &Adoption) -> Result<Fate> {
    let is_asked = |wanted| wanted == token.company || new.companies.contains(&wanted);
    if !new.wanted.is_none_or(is_asked) {
        return Ok(Fate::Left);
    }
    if token.revoked_at.is_some() {
        return Ok(Fate::Revoked);
    }
    let standing = standing(&token, new);
    let is_wrong = !new.companies.contains(&token.company) || new.networks.is_none();
    let refusal = without_erased_name(conn, new.refusal.clone())?;
    let ends = [token.expires_at, new.expires_at].into_iter().flatten();
    let expires_at = ends.min();
    Ok(Fate::Known(Box::new(Known {
        standing,
        refusal: refusal.or(is_wrong.then_some(Refusal::Access)),
        networks: new.networks.clone().unwrap_or(token.networks.clone()),
        expires_at,
        token,
    })))
}

fn standing(token: &Token, new: &Adoption) -> Standing {
    let is_member = new.companies.contains(&token.company);
    let is_elsewhere = !is_member && !new.companies.is_empty();
    match new.wanted.map_or(is_elsewhere, |it| it != token.company) {
        true => Standing::OtherCompany,
        false if new.networks.is_none() => Standing::UnclearNetworks,
        false if is_member => Standing::Member,
        false if is_elsewhere => Standing::OtherCompany,
        false => Standing::Gone,
    }
}

/// Moodle still knows the user name of a person who was erased here.
fn without_erased_name(conn: &mut Conn, refusal: Option<Refusal>) -> Result<Option<Refusal>> {
    let Some(Refusal::Suspended(user, _)) = refusal else {
        return Ok(refusal);
    };
    let erased = erasures::table.find(user).select(erasures::erased_at);
    Ok(match erased.get_result::<i64>(conn).optional()? {
        Some(_) => Some(Refusal::Suspended(user, String::new())),
        None => refusal,
    })
}

/// Adopts one token, or writes what Moodle says of it now. It may read, and nothing else.
pub fn adopt(conn: &mut Conn, key: &SecretKey, new: &Adoption, now: i64) -> Result<Fate> {
    let fate = decide(conn, key, new)?;
    let hash = key.token_hash(new.text.reveal());
    match &fate {
        Fate::New(Some(company)) => insert(conn, &hash, *company, new, now)?,
        Fate::New(None) => insert_homeless(conn, &hash, now)?,
        Fate::Known(known) => refresh(conn, known)?,
        _ => {}
    }
    Ok(fate)
}

/// Whether a token was adopted of a person who is in no company.
pub fn is_without_company(conn: &mut Conn, hash: &str) -> Result<bool> {
    let known = homeless::table.find(hash).select(homeless::adopted_at);
    Ok(known.get_result::<i64>(conn).optional()?.is_some())
}

/// Refuses a token that Moodle does not have any more.
pub fn refuse(conn: &mut Conn, token: &Token) -> Result<()> {
    diesel::update(api_tokens::table.find(token.id.0))
        .set(api_tokens::refusal.eq(Refusal::Access.to_string()))
        .execute(conn)?;
    Ok(())
}

/// What Moodle says of a token, as the columns hold it.
macro_rules! said {
    ($expires_at:expr, $networks:expr, $refusal:expr) => {
        (
            api_tokens::expires_at.eq($expires_at),
            api_tokens::networks.eq($networks.as_ref().map(Networks::to_string)),
            api_tokens::refusal.eq($refusal.as_ref().map(Refusal::to_string)),
        )
    };
}

fn refresh(conn: &mut Conn, known: &Known) -> Result<()> {
    diesel::update(api_tokens::table.find(known.token.id.0))
        .set(said!(known.expires_at, known.networks, known.refusal))
        .execute(conn)?;
    Ok(())
}

fn insert(conn: &mut Conn, hash: &str, company: CompanyId, new: &Adoption, now: i64) -> Result<()> {
    let read = Scope::Read.as_str();
    let networks = new.networks.clone().flatten();
    let refusal = without_erased_name(conn, new.refusal.clone())?;
    diesel::delete(homeless::table.find(hash)).execute(conn)?;
    diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::company_id.eq(company.0),
            api_tokens::name.eq(format!("Moodle token {}", new.id)),
            api_tokens::prefix.eq(format!("moodle-{}", new.id)),
            api_tokens::hash.eq(hash),
            api_tokens::scopes.eq(read),
            api_tokens::created_at.eq(now),
            api_tokens::created_by.eq(MAKER),
            said!(new.expires_at, networks, refusal),
        ))
        .execute(conn)?;
    Ok(())
}

fn insert_homeless(conn: &mut Conn, hash: &str, now: i64) -> Result<()> {
    diesel::insert_into(homeless::table)
        .values((homeless::hash.eq(hash), homeless::adopted_at.eq(now)))
        .execute(conn)?;
    Ok(())
}
