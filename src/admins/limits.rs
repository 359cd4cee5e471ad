//! The limit on guessing: so many failed passwords and codes per email and per address in a quarter of an hour.

use std::net::{IpAddr, Ipv6Addr};

use diesel::dsl::{count_star, min};
use diesel::prelude::*;

use super::store::{LONGEST_EMAIL, take_turns};
use crate::db::Conn;
use crate::error::Result;
use crate::schema::login_failures;

/// How long a failed sign-in counts.
pub const WINDOW_SECONDS: i64 = 15 * 60;
/// How many failures of one email count before it must wait, wherever they come from.
pub const EMAIL_LIMIT: i64 = 5;
/// How many failures of one address count before it must wait, whatever emails it tries.
pub const ADDRESS_LIMIT: i64 = 20;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried<T> {
    /// It was right.
    Right(T),
    /// A password or a code is wrong, or the code was used before; which of them is not said.
    Wrong,
    /// Too many failures; the next attempt is allowed at this time (UTC seconds).
    Wait(i64),
}

impl<T> Tried<T> {
    /// The same with something else where it was right.
    pub fn map<U>(self, other: impl FnOnce(T) -> U) -> Tried<U> {
        match self {
            Self::Right(done) => Tried::Right(other(done)),
            Self::Wrong => Tried::Wrong,
            Self::Wait(until) => Tried::Wait(until),
        }
    }
}

/// What counts as one address: of IPv6 the first 64 bits, which is the least that somebody has to themselves.
pub fn counted_as(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.to_string(),
            None => {
                let [a, b, c, d, ..] = v6.segments();
                format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        },
        _ => address.to_owned(),
    }
}

/// Takes one attempt: `None` allows it, else when (UTC seconds) the next one is allowed.
///
/// The attempt is written down as failed before it is made, so that attempts made at the same
/// moment count each other; [`forgive`] takes it back.
pub fn take(conn: &mut Conn, email: &str, address: &str, now: i64) -> Result<Option<i64>> {
    let (email, address) = (&kept(email), &counted_as(address));
    take_turns(conn, "login_failures")?;
    remove_old(conn, now)?;
    let by_email = login_failures::table.filter(login_failures::email.eq(email));
    let (of_email, oldest_of_email): (i64, Option<i64>) = by_email
        .select((count_star(), min(login_failures::failed_at)))
        .get_result(conn)?;
    let by_address = login_failures::table.filter(login_failures::address.eq(address));
    let (of_address, oldest_of_address): (i64, Option<i64>) = by_address
        .select((count_star(), min(login_failures::failed_at)))
        .get_result(conn)?;
    let email_waits = oldest_of_email.filter(|_| of_email >= EMAIL_LIMIT);
    let address_waits = oldest_of_address.filter(|_| of_address >= ADDRESS_LIMIT);
    if let Some(oldest) = email_waits.max(address_waits) {
        return Ok(Some(oldest + WINDOW_SECONDS));
    }
    diesel::insert_into(login_failures::table)
        .values((
            login_failures::email.eq(email),
            login_failures::address.eq(address),
            login_failures::failed_at.eq(now),
        ))
        .execute(conn)?;
    Ok(None)
}

/// What is stored of an email: of one that is too long to be anybody's the beginning, for it counts as well.
fn kept(email: &str) -> String {
    match email.len() > LONGEST_EMAIL {
        true => email.chars().take(LONGEST_EMAIL / 4).collect(), // a letter has up to four bytes
        false => email.to_owned(),
    }
}

/// Forgets the failures of one email, after it signed in.
pub fn forgive(conn: &mut Conn, email: &str) -> Result<()> {
    diesel::delete(login_failures::table.filter(login_failures::email.eq(email))).execute(conn)?;
    Ok(())
}

/// Forgets the failures that do not count any more; returns how many.
pub fn remove_old(conn: &mut Conn, now: i64) -> Result<usize> {
    let old = login_failures::failed_at.le(now - WINDOW_SECONDS);
    Ok(diesel::delete(login_failures::table.filter(old)).execute(conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_counts_with_its_neighbours() {
        for (address, counted) in [
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
            ("::1", "::/64"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("192.0.2.7", "192.0.2.7"),
            ("", ""),
        ] {
            assert_eq!(counted_as(address), counted);
        }
    }
}
