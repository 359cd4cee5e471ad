//! Whether a token opens anything, and whether it will end soon.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{Token, store};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::CompanyId;
use crate::schema::api_tokens;

const DAY: i64 = 86_400;
/// How many days before its end a token is worth a notice.
pub const NOTICE_DAYS: i64 = 30;

/// What has become of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It opens, and will for more than [`NOTICE_DAYS`].
    Usable,
    /// It opens, and ends within so many days.
    Ending(i64),
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

impl Life {
    /// Whether the token opens anything.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Usable | Self::Ending(_))
    }
}

impl Token {
    /// What has become of it at `now` (UTC seconds).
    pub fn life(&self, now: i64) -> Life {
        match self.expires_at {
            _ if self.revoked_at.is_some() => Life::Revoked,
            Some(end) if end <= now => Life::Expired,
            Some(end) if end <= now + NOTICE_DAYS * DAY => Life::Ending((end - now) / DAY),
            _ => Life::Usable,
        }
    }

    /// The token of this list that took its place, or the place of one that did, and still opens something.
    pub fn successor<'a>(&self, all: &'a [Self], now: i64) -> Option<&'a Self> {
        let mut before = vec![self.id];
        loop {
            // A later token has a higher id, so this ends.
            let took = |one: &&Self| {
                let place = one.replaces.filter(|id| *id < one.id);
                place.is_some_and(|id| before.contains(&id))
            };
            let after: Vec<&Self> = all.iter().filter(took).collect();
            let open = after.iter().find(|one| one.life(now).is_open());
            if open.is_some() || after.is_empty() {
                return open.copied();
            }
            before = after.iter().map(|one| one.id).collect();
        }
    }

    /// Whether somebody should see to it: it ends soon, and no other one took its place. Tokens that live for less than
    /// a day are nobody's business.
    pub fn needs_care(&self, all: &[Self], now: i64) -> bool {
        let is_ending = matches!(self.life(now), Life::Ending(_));
        let short = self
            .expires_at
            .is_some_and(|end| end - self.created_at < DAY);
        is_ending && !short && self.successor(all, now).is_none()
    }
}

/// How many tokens of each company need care at `now` (UTC seconds), and when the first of them ends.
pub fn ending(conn: &mut Conn, now: i64) -> Result<HashMap<CompanyId, (usize, i64)>> {
    let companies: Vec<i64> = api_tokens::table
        .filter(api_tokens::revoked_at.is_null())
        .filter(api_tokens::expires_at.gt(now))
        .filter(api_tokens::expires_at.le(now + NOTICE_DAYS * DAY))
        .select(api_tokens::company_id)
        .distinct()
        .load(conn)?;
    let mut ending = HashMap::new();
    for (company, all) in store::list_of(conn, &companies)? {
        let careless = all.iter().filter(|token| token.needs_care(&all, now));
        let ends: Vec<i64> = careless.filter_map(|token| token.expires_at).collect();
        if let Some(first) = ends.iter().min() {
            ending.insert(company, (ends.len(), *first));
        }
    }
    Ok(ending)
}

#[cfg(test)]
mod tests {
    use super::super::{Scopes, Token};
    use super::*;
    use crate::ids::TokenId;

    fn token(id: i64, expires_at: Option<i64>) -> Token {
        Token {
            id: TokenId(id),
            company: CompanyId(42),
            name: "bi".into(),
            prefix: "alx_012345".into(),
            scopes: Scopes::all(),
            created_at: 0,
            created_by: "ada".into(),
            expires_at,
            revoked_at: None,
            last_used_at: None,
            fields: None,
            networks: None,
            refusal: None,
            replaces: None,
        }
    }

    #[test]
    fn a_token_that_ends_soon_needs_care_until_another_takes_its_place() {
        let now = 100 * DAY;
        let old = token(1, Some(now + 12 * DAY));
        let new = Token {
            replaces: Some(old.id),
            ..token(2, None)
        };

        assert_eq!(old.life(now), Life::Ending(12));
        assert_eq!(old.life(now + 12 * DAY), Life::Expired);
        assert_eq!(token(3, Some(now + 31 * DAY)).life(now), Life::Usable);
        assert!(old.needs_care(std::slice::from_ref(&old), now));
        assert!(!old.needs_care(&[old.clone(), new.clone()], now));
        let revoked = Token {
            revoked_at: Some(now),
            ..new
        };
        assert!(old.needs_care(&[old.clone(), revoked.clone()], now));
        let newest = Token {
            replaces: Some(revoked.id),
            ..token(3, None)
        };
        let all = [newest.clone(), revoked, old.clone()];
        assert_eq!(old.successor(&all, now), Some(&newest));
        assert!(!old.needs_care(&all, now));
    }
}
