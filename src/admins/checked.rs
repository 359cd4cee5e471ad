//! A password that was right a moment ago, and whether it still is when something comes of it.

use diesel::prelude::*;

use super::{password, store};
use crate::db::{Conn, Db, off_thread};
use crate::error::{Error, Result};
use crate::ids::AdminId;
use crate::schema::admins;

/// Whose password was right, and by which hash: checking takes long enough for somebody to change it meanwhile.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Whose it is.
    pub admin: AdminId,
    hash: String,
}

impl Checked {
    /// Whether the password is the same and its owner may sign in. Call it in the transaction that begins something: until
    /// that ends, whoever changes the account waits, and ends afterwards what was begun.
    pub fn still_holds(&self, conn: &mut Conn) -> Result<bool> {
        hold(conn, self.admin)?;
        let same = admins::table
            .find(self.admin)
            .filter(admins::password_hash.eq(&self.hash))
            .filter(admins::disabled_at.is_null());
        let found: i64 = same.count().get_result(conn)?;
        Ok(found == 1)
    }
}

/// Lets whoever changes an account wait until this transaction ends. SQLite has one writer anyway.
pub fn hold(conn: &mut Conn, admin: AdminId) -> Result<()> {
    if let Conn::Pg(conn) = conn {
        let held = admins::table.find(admin).select(admins::id).for_share();
        held.get_result::<AdminId>(conn).optional()?;
    }
    Ok(())
}

/// Checks the password of an email; `None` for a wrong one, for an email that nobody has, and for somebody who may not sign
/// in, all with the same work. At most two are checked at once.
pub async fn check(db: &Db, email: String, password: String) -> Result<Option<Checked>> {
    let found = db.run(move |conn| store::find_by_email(conn, &email));
    let admin = found.await?;
    let hash = admin.as_ref().map(|admin| admin.password_hash.clone());
    let right = is_right(password, hash).await?;
    let admin = admin.filter(|admin| right && !admin.disabled);
    Ok(admin.map(|admin| Checked {
        admin: admin.id,
        hash: admin.password_hash,
    }))
}

/// Whether a password belongs to a hash, with the same work for a missing one.
async fn is_right(password: String, hash: Option<String>) -> Result<bool> {
    let turn = password::CHECKS.acquire().await;
    let _turn = turn.map_err(Error::unavailable)?;
    off_thread(move || password::matches(&password, hash.as_deref())).await
}
