//! Saved views: which rows of a company an admin looks at again and again, under names of their own.

use diesel::prelude::*;

use crate::db::Conn;
use crate::error::{Error, OrNotFound, Result};
use crate::ids::{AdminId, CompanyId, ViewId};
use crate::language::Said;
use crate::schema::saved_views;

/// Most views of one admin in one company.
pub const MOST: usize = 50;
/// Most letters of a name.
pub const LONGEST: usize = 80;

/// A view under its name.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = saved_views)]
pub struct SavedView {
    /// Its id.
    pub id: ViewId,
    /// Hostile text, unique among an admin's views of a company.
    pub name: String,
    /// The query of the page's address.
    pub query: String,
}

/// An admin's views of a company, by name.
pub fn list(conn: &mut Conn, admin: AdminId, company: CompanyId) -> Result<Vec<SavedView>> {
    let found = saved_views::table
        .filter(saved_views::admin_id.eq(admin))
        .filter(saved_views::company_id.eq(company))
        .order((saved_views::name, saved_views::id))
        .select(SavedView::as_select())
        .load(conn)?;
    Ok(found)
}

/// A name without blanks around it, or what is wrong with it.
pub fn checked_name(name: &str) -> std::result::Result<String, Said> {
    let name = name.trim();
    match name.chars().count() {
        0 => Err(Said::new("Give the view a name.")),
        1..=LONGEST if name.chars().any(char::is_control) => {
            Err(Said::new("Use letters and signs that can be seen."))
        }
        1..=LONGEST => Ok(name.to_owned()),
        _ => Err(Said::new("Use at most 80 letters.")),
    }
}

/// Keeps a query under a name and gives its id; `Conflict` where the name is taken or there are [`MOST`] already. Call it in a transaction.
pub fn save(
    conn: &mut Conn,
    (admin, company): (AdminId, CompanyId),
    name: &str,
    query: &str,
    now: i64,
) -> Result<ViewId> {
    let there = list(conn, admin, company)?;
    if there.len() >= MOST {
        let why = Said::new("There are 50 views already: delete one first.");
        return Err(Error::Conflict(why));
    }
    refuse_taken(&there, None, name)?;
    diesel::insert_into(saved_views::table)
        .values((
            saved_views::admin_id.eq(admin),
            saved_views::company_id.eq(company),
            saved_views::name.eq(name),
            saved_views::query.eq(query),
            saved_views::created_at.eq(now),
        ))
        .execute(conn)?;
    let all = list(conn, admin, company)?;
    let saved = all.into_iter().find(|one| one.name == name);
    Ok(saved.or_not_found("the view")?.id)
}

/// Gives a view another name; `NotFound` where this admin has no such view, `Conflict` where the name is taken.
pub fn rename(
    conn: &mut Conn,
    (admin, company): (AdminId, CompanyId),
    view: ViewId,
    name: &str,
) -> Result<()> {
    let there = list(conn, admin, company)?;
    let own = there.iter().find(|one| one.id == view);
    own.or_not_found("the view")?;
    refuse_taken(&there, Some(view), name)?;
    diesel::update(saved_views::table.find(view))
        .set(saved_views::name.eq(name))
        .execute(conn)?;
    Ok(())
}

/// Deletes a view; `NotFound` where this admin has no such view.
pub fn remove(conn: &mut Conn, (admin, company): (AdminId, CompanyId), view: ViewId) -> Result<()> {
    let own = saved_views::table
        .find(view)
        .filter(saved_views::admin_id.eq(admin))
        .filter(saved_views::company_id.eq(company));
    let removed = diesel::delete(own).execute(conn)?;
    (removed > 0).then_some(()).or_not_found("the view")
}

fn refuse_taken(there: &[SavedView], except: Option<ViewId>, name: &str) -> Result<()> {
    let taken = there
        .iter()
        .any(|one| one.name == name && Some(one.id) != except);
    if taken {
        let why = Said::new("There is a view of that name already.");
        return Err(Error::Conflict(why));
    }
    Ok(())
}
