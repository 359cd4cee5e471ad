//! People who sign in: invited, given a role, kept out and removed here, each with its line in the audit log.

pub mod arrivals;
pub mod proof;
pub mod second_factor;

use serde_json::{Value, json};

use crate::admins::invitations::{self, Guest, Invitation};
use crate::admins::{Person, Reading, Role, Session, people, sessions, steps, store};
use crate::audit::{self, Entry};
use crate::companies;
use crate::config::Secret;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ids::{AdminId, CompanyId};

/// Makes a link with which somebody new chooses a password, and gives what it carries. Call it in a transaction.
///
/// [`Error::Invalid`] for an email that is none or has an account, and for a company manager without a company.
pub fn invite(conn: &mut Conn, guest: &Guest, actor: &str, now_ms: i64) -> Result<Secret> {
    let guest = Guest {
        company: fitting(conn, guest.role, guest.company)?,
        ..guest.clone()
    };
    let (text, made) = invitations::make(conn, &guest, actor, now_ms.div_euclid(1000))?;
    let after = json!({ "role": made.role, "company": made.company_id });
    record(
        conn,
        actor,
        ("admin_invited", &made.email, None, Some(after)),
        now_ms,
    )?;
    Ok(text)
}

/// Makes a link with which somebody who is here chooses another password. Call it in a transaction.
pub fn reset_password(conn: &mut Conn, id: AdminId, actor: &str, now_ms: i64) -> Result<Secret> {
    let person = people::get(conn, id)?;
    let guest = Guest {
        email: person.email.clone(),
        role: person.role,
        company: person.company_id,
        admin: Some(id),
    };
    let (text, _) = invitations::make(conn, &guest, actor, now_ms.div_euclid(1000))?;
    record(
        conn,
        actor,
        ("admin_password_link_made", &person.email, None, None),
        now_ms,
    )?;
    Ok(text)
}

/// Takes a link away before it is used. Call it in a transaction.
pub fn revoke_invitation(conn: &mut Conn, hash: &str, actor: &str, now_ms: i64) -> Result<()> {
    let gone = invitations::remove(conn, hash)?;
    record(
        conn,
        actor,
        ("admin_invitation_revoked", &gone.email, None, None),
        now_ms,
    )
}

/// Uses a link: somebody new gets an account, somebody known another password, and all older sessions end. Call it in a
/// transaction.
///
/// Somebody new reads pages as `reading` says until they choose otherwise.
pub fn accept(
    conn: &mut Conn,
    (text, hash): (&str, &str),
    reading: Reading,
    now_ms: i64,
) -> Result<AdminId> {
    people::take_turns(conn)?;
    let now = now_ms.div_euclid(1000);
    let link = invitations::open(conn, text, now)?;
    invitations::remove(conn, &link.hash)?;
    match link.admin_id {
        Some(id) => {
            set_password(conn, id, (hash, None), &link.email, now_ms)?;
            Ok(id)
        }
        None => {
            let id = join(conn, &link, hash, now_ms)?;
            people::set_reading(conn, id, reading)?;
            Ok(id)
        }
    }
}

fn join(conn: &mut Conn, link: &Invitation, hash: &str, now_ms: i64) -> Result<AdminId> {
    let id = store::add(conn, &link.email, hash, now_ms.div_euclid(1000))?;
    people::set_role(conn, id, link.role, link.company_id)?;
    let mut after = facts(&people::get(conn, id)?);
    after["invited_by"] = json!(link.invited_by);
    record(
        conn,
        &link.email,
        ("admin_joined", &link.email, None, Some(after)),
        now_ms,
    )?;
    Ok(id)
}

/// Adds somebody with a password at once, as the command line does. Call it in a transaction.
pub fn add(
    conn: &mut Conn,
    guest: &Guest,
    hash: &str,
    actor: &str,
    now_ms: i64,
) -> Result<AdminId> {
    let company = fitting(conn, guest.role, guest.company)?;
    let id = store::add(conn, &guest.email, hash, now_ms.div_euclid(1000))?;
    people::set_role(conn, id, guest.role, company)?;
    let person = people::get(conn, id)?;
    let made = (
        "admin_created",
        person.email.as_str(),
        None,
        Some(facts(&person)),
    );
    record(conn, actor, made, now_ms)?;
    Ok(id)
}

/// Sets a password by its hash and ends the person's sessions, except one. Call it in a transaction.
pub fn set_password(
    conn: &mut Conn,
    id: AdminId,
    (hash, except): (&str, Option<&str>),
    actor: &str,
    now_ms: i64,
) -> Result<()> {
    let person = people::get(conn, id)?;
    people::set_password(conn, id, hash)?;
    invitations::remove_of(conn, id)?;
    sessions::end_others(conn, id, except)?;
    steps::remove_of(conn, id)?;
    record(
        conn,
        actor,
        ("admin_password_changed", &person.email, None, None),
        now_ms,
    )
}

/// Sets how pages look for somebody, as they choose it themselves. Call it in a transaction.
pub fn set_reading(
    conn: &mut Conn,
    session: &Session,
    reading: Reading,
    now_ms: i64,
) -> Result<()> {
    people::set_reading(conn, session.admin, reading)?;
    let email = session.email.as_str();
    let sides = (Some(looks(session.reading)), Some(looks(reading)));
    record(
        conn,
        email,
        ("preferences_saved", email, sides.0, sides.1),
        now_ms,
    )
}

fn looks(reading: Reading) -> Value {
    json!({ "zone": reading.zone.name(), "language": reading.language, "theme": reading.theme })
}

/// Gives somebody another role or company. The last admin stays one; links that somebody made who is an admin no more open
/// nothing. Call it in a transaction.
pub fn change_role(
    conn: &mut Conn,
    id: AdminId,
    (role, company): (Role, Option<CompanyId>),
    actor: &str,
    now_ms: i64,
) -> Result<()> {
    people::take_turns(conn)?;
    let company = fitting(conn, role, company)?;
    let before = people::get(conn, id)?;
    if role != Role::Admin {
        people::keep_one_admin(conn, id)?;
    }
    people::set_role(conn, id, role, company)?;
    let after = people::get(conn, id)?;
    if before == after {
        return Ok(());
    }
    let mut now = facts(&after);
    if role != Role::Admin {
        now["links_revoked"] = json!(invitations::remove_made_by(conn, &before.email)?);
    }
    let sides = (Some(facts(&before)), Some(now));
    record(
        conn,
        actor,
        ("admin_role_changed", &before.email, sides.0, sides.1),
        now_ms,
    )
}

/// Keeps somebody out at once, with every link that they made, or lets them in again. The last admin stays. Call it in a
/// transaction.
pub fn set_disabled(
    conn: &mut Conn,
    id: AdminId,
    disabled: bool,
    actor: &str,
    now_ms: i64,
) -> Result<()> {
    people::take_turns(conn)?;
    let person = people::get(conn, id)?;
    if person.disabled_at.is_some() == disabled {
        return Ok(());
    }
    let mut after = json!({ "disabled": disabled });
    let action = match disabled {
        true => {
            people::keep_one_admin(conn, id)?;
            after["links_revoked"] = json!(invitations::remove_made_by(conn, &person.email)?);
            sessions::end_others(conn, id, None)?;
            steps::remove_of(conn, id)?;
            invitations::remove_of(conn, id)?;
            "admin_disabled"
        }
        false => "admin_enabled",
    };
    people::set_disabled(conn, id, disabled.then_some(now_ms.div_euclid(1000)))?;
    let before = json!({ "disabled": !disabled });
    let done = (action, &*person.email, Some(before), Some(after));
    record(conn, actor, done, now_ms)
}

/// Removes an account, and every link that its owner made. The last admin stays. Call it in a transaction.
pub fn remove(conn: &mut Conn, id: AdminId, actor: &str, now_ms: i64) -> Result<()> {
    people::take_turns(conn)?;
    let person = people::get(conn, id)?;
    people::keep_one_admin(conn, id)?;
    people::remove(conn, id)?;
    let revoked = invitations::remove_made_by(conn, &person.email)?;
    let after = json!({ "links_revoked": revoked });
    let done = (
        "admin_removed",
        &*person.email,
        Some(facts(&person)),
        Some(after),
    );
    record(conn, actor, done, now_ms)
}

/// The company that goes with a role: a manager has one that exists, nobody else has any.
fn fitting(conn: &mut Conn, role: Role, company: Option<CompanyId>) -> Result<Option<CompanyId>> {
    if role != Role::CompanyManager {
        return Ok(None);
    }
    let needed = || Error::Invalid("a company manager needs a company".into());
    let company = company.ok_or_else(needed)?;
    let (known, _) = companies::store::get(conn, company)?;
    Ok(Some(known.id))
}

/// Makes the first admin of an instance, see [`store::create_first`]. Call it in a transaction.
pub fn create_first(conn: &mut Conn, email: &str, password: &str, now_ms: i64) -> Result<AdminId> {
    let id = store::create_first(conn, email, password, now_ms.div_euclid(1000))?;
    let person = people::get(conn, id)?;
    let email = person.email.as_str();
    let made = ("admin_created", email, None, Some(facts(&person)));
    record(conn, email, made, now_ms)?;
    Ok(id)
}

type Done<'a> = (&'a str, &'a str, Option<Value>, Option<Value>);

fn record(
    conn: &mut Conn,
    actor: &str,
    (action, subject, before, after): Done<'_>,
    now_ms: i64,
) -> Result<()> {
    let entry = Entry {
        actor,
        company: None,
        action,
        subject,
        before,
        after,
    };
    audit::record(conn, &entry, now_ms)
}

/// What the audit log says of an account: nothing that opens anything.
fn facts(person: &Person) -> Value {
    json!({ "role": person.role, "company": person.company_id })
}
