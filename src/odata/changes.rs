//! What moved in `Progress` after a version: entities as they are now, and keys that ended.

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::filter::Filter;
use super::model::{Datum, Set};
use super::page;
use super::rows::ProgressRow;
use super::sql::Statement;
use crate::db::Conn;
use crate::error::Result;
use crate::fields::Fields;
use crate::ids::CompanyId;

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The entity is new or different.
    Upsert(Vec<Datum>),
    /// The entity is no part of what is asked for any more.
    Remove {
        /// Its values, of which only the key says something.
        entity: Vec<Datum>,
        /// Whether the row still exists, and the filter leaves it out.
        exists: bool,
    },
}

/// Which changes to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// After this data version.
    pub after: i64,
    /// How many at most.
    pub limit: i64,
}

#[derive(QueryableByName)]
struct Changed {
    #[diesel(embed)]
    now: ProgressRow,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Text)]
    shown: String,
}

/// Changes after a data version, in the order they happened, and the version of the last one where there are more.
pub fn read(
    conn: &mut Conn,
    company: CompanyId,
    fields: Fields,
    filter: Option<&Filter>,
    span: Span,
) -> Result<(Vec<Change>, Option<i64>)> {
    let Span { after, limit } = span;
    let mut statement = Statement::new(conn);
    statement.say("select progress.*, case when state <> 'active' then 'ended' when ");
    statement.filter(filter.unwrap_or(&Filter::Always(true)));
    statement.say(" then 'yes' else 'no' end as shown from progress where company_id = ");
    statement.bind(company.0).say(" and seq > ").bind(after);
    statement.say(" order by seq limit ").bind(limit + 1);
    let mut found: Vec<Changed> = statement.finish().load(conn)?;
    let most = usize::try_from(limit).unwrap_or_default();
    let more = found.len() > most;
    found.truncate(most);
    let last = found.last().filter(|_| more).map(|change| change.seq);
    let change = |changed: Changed| {
        let mut entity = [Vec::from(changed.now)];
        page::mask(Set::Progress, fields, &mut entity);
        let [entity] = entity;
        match changed.shown.as_str() {
            "yes" => Change::Upsert(entity),
            shown => Change::Remove {
                entity,
                exists: shown == "no",
            },
        }
    };
    Ok((found.into_iter().map(change).collect(), last))
}
