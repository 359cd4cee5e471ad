//! Tokens of a copy: what was taken from them since the copy was made stays taken.

use diesel::prelude::*;

use crate::db::Conn;
use crate::error::Result;
use crate::schema::api_tokens;
use crate::tokens::{Scope, Scopes};

/// How far a token opens, known by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = api_tokens, treat_none_as_null = true)]
pub(super) struct Reach {
    hash: String,
    scopes: String,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    networks: Option<String>,
    refusal: Option<String>,
}

impl Reach {
    /// The narrower of both, field by field: the earlier end, the scopes that both have, and of networks and refusals
    /// those of the present store where it has any. Without a scope in common the token is revoked at `now`.
    fn narrowed(&self, present: &Self, now: i64) -> Result<Self> {
        let scopes = common(self.scopes.parse()?, present.scopes.parse()?);
        let revoked_at = self.revoked_at.or(present.revoked_at);
        Ok(Self {
            hash: self.hash.clone(),
            scopes: match scopes.is_empty() {
                true => self.scopes.clone(),
                false => scopes.to_string(),
            },
            expires_at: [self.expires_at, present.expires_at]
                .into_iter()
                .flatten()
                .min(),
            revoked_at: revoked_at.or(scopes.is_empty().then_some(now)),
            networks: present.networks.clone().or(self.networks.clone()),
            refusal: present.refusal.clone().or(self.refusal.clone()),
        })
    }
}

fn common(one: Scopes, other: Scopes) -> Scopes {
    let both = |scope: &Scope| one.has(*scope) && other.has(*scope);
    Scope::ALL.iter().copied().filter(both).collect()
}

/// How far every token opens.
pub(super) fn reaches(conn: &mut Conn) -> Result<Vec<Reach>> {
    let all = api_tokens::table.select(Reach::as_select());
    Ok(all.load(conn)?)
}

/// Narrows the tokens that the present store knows; gives how many were revoked, and how many narrowed otherwise.
pub(super) fn take_away(conn: &mut Conn, present: &[Reach], now: i64) -> Result<(usize, usize)> {
    let (mut revoked, mut narrowed) = (0, 0);
    for then in reaches(conn)? {
        let Some(today) = present.iter().find(|one| one.hash == then.hash) else {
            continue;
        };
        let left = then.narrowed(today, now)?;
        if left == then {
            continue;
        }
        match then.revoked_at == left.revoked_at {
            true => narrowed += 1,
            false => revoked += 1,
        }
        diesel::update(api_tokens::table.filter(api_tokens::hash.eq(&then.hash)))
            .set(&left)
            .execute(conn)?;
    }
    Ok((revoked, narrowed))
}
