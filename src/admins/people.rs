//! Those who may sign in, as a list, and what may be changed of one of them.

use diesel::dsl::IsNotNull;
use diesel::prelude::*;

use super::{Reading, Role, store};
use crate::db::Conn;
use crate::error::{Error, OrNotFound, Result};
use crate::ids::{AdminId, CompanyId};
use crate::schema::{admins, sessions};

/// Somebody who has an account here.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = admins)]
pub struct Person {
    /// The store's id.
    pub id: AdminId,
    /// Lower case.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// The company of a company manager.
    pub company_id: Option<CompanyId>,
    /// Since when they may not sign in, UTC seconds.
    pub disabled_at: Option<i64>,
    /// Since when they have the account, UTC seconds.
    pub created_at: i64,
    /// Whether they need a code beside the password.
    #[diesel(select_expression = admins::totp_secret.is_not_null())]
    #[diesel(select_expression_type = IsNotNull<admins::totp_secret>)]
    pub second_factor: bool,
}

/// Everybody, by email.
pub fn list(conn: &mut Conn) -> Result<Vec<Person>> {
    let everybody = admins::table
        .order(admins::email)
        .select(Person::as_select())
        .load(conn)?;
    Ok(everybody)
}

/// One of them, or `NotFound`.
pub fn get(conn: &mut Conn, id: AdminId) -> Result<Person> {
    let found = admins::table
        .find(id)
        .select(Person::as_select())
        .get_result(conn)
        .optional()?;
    found.or_not_found("the admin")
}

/// When each was seen last in a session that lasts, UTC seconds, to ten minutes or so.
pub fn seen(conn: &mut Conn) -> Result<Vec<(AdminId, i64)>> {
    let used = sessions::table
        .select((sessions::admin_id, sessions::used_at))
        .load(conn)?;
    Ok(used)
}

/// Lets whoever changes accounts wait for the other, until the transaction ends.
pub fn take_turns(conn: &mut Conn) -> Result<()> {
    store::take_turns(conn, "admins")
}

/// Refuses to go on where nobody else with every right could sign in afterwards. Call it after [`take_turns`].
pub fn keep_one_admin(conn: &mut Conn, without: AdminId) -> Result<()> {
    let others = admins::table
        .filter(admins::id.ne(without))
        .filter(admins::role.eq(Role::Admin))
        .filter(admins::disabled_at.is_null())
        .select(admins::id)
        .limit(1);
    let other: Option<AdminId> = others.get_result(conn).optional()?;
    if other.is_some() {
        return Ok(());
    }
    let why = "this is the last admin who can sign in; give somebody else the role Admin first";
    Err(Error::Conflict(why.into()))
}

/// Gives somebody a role. A company manager needs a company, and nobody else has one.
pub fn set_role(
    conn: &mut Conn,
    id: AdminId,
    role: Role,
    company: Option<CompanyId>,
) -> Result<()> {
    diesel::update(admins::table.find(id))
        .set((admins::role.eq(role), admins::company_id.eq(company)))
        .execute(conn)?;
    Ok(())
}

/// Takes the right to sign in away, or gives it back.
pub fn set_disabled(conn: &mut Conn, id: AdminId, since: Option<i64>) -> Result<()> {
    diesel::update(admins::table.find(id))
        .set(admins::disabled_at.eq(since))
        .execute(conn)?;
    Ok(())
}

/// Sets a password by its hash.
pub fn set_password(conn: &mut Conn, id: AdminId, hash: &str) -> Result<()> {
    diesel::update(admins::table.find(id))
        .set(admins::password_hash.eq(hash))
        .execute(conn)?;
    Ok(())
}

/// Sets how pages look for somebody.
pub fn set_reading(conn: &mut Conn, id: AdminId, reading: Reading) -> Result<()> {
    diesel::update(admins::table.find(id))
        .set((
            admins::zone.eq(reading.zone.name()),
            admins::language.eq(reading.language),
            admins::theme.eq(reading.theme),
        ))
        .execute(conn)?;
    Ok(())
}

/// Removes an account, with its sessions and all that belongs to it alone.
pub fn remove(conn: &mut Conn, id: AdminId) -> Result<()> {
    diesel::delete(admins::table.find(id)).execute(conn)?;
    Ok(())
}
