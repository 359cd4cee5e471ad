//! Reading a set: pages in an order, one entity, a count.

use diesel::prelude::*;

use super::filter::{Comparison, Filter, Operand};
use super::model::{Datum, Property, Set};
use super::order::{Order, place};
use super::rows::{self, Number};
use super::sql::Statement;
use crate::db::Conn;
use crate::error::Result;
use crate::fields::Fields;
use crate::ids::CompanyId;

/// One page of a set.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Which set.
    pub set: Set,
    /// Which entities.
    pub filter: Option<Filter>,
    /// In which order.
    pub order: Order,
    /// After this place of the order.
    pub after: Option<Vec<Datum>>,
    /// How many to pass over first.
    pub skip: i64,
    /// How many to give at most.
    pub limit: i64,
}

impl Ask {
    /// The first entities of a set in the order of its key.
    pub fn first(set: Set, limit: i64) -> Self {
        Self {
            set,
            filter: None,
            order: Order::usual(set),
            after: None,
            skip: 0,
            limit,
        }
    }
}

/// Entities, each a list of values in the order of the set's properties.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The entities, without what the reader may not see.
    pub entities: Vec<Vec<Datum>>,
    /// The place of the last one, where there are more.
    pub last: Option<Vec<Datum>>,
}

/// Reads one page.
pub fn read(conn: &mut Conn, company: CompanyId, fields: Fields, ask: &Ask) -> Result<Page> {
    let mut statement = Statement::new(conn);
    statement.say("select *").source(ask.set, company);
    statement.say("where ");
    statement.filter(ask.filter.as_ref().unwrap_or(&Filter::Always(true)));
    if let Some(place) = &ask.after {
        statement.say(" and ").after(&ask.order, place);
    }
    statement.order(&ask.order);
    statement.say(" limit ").bind(ask.limit + 1);
    statement.say(" offset ").bind(ask.skip);
    let mut entities = rows::load(conn, ask.set, statement.finish())?;
    let more = entities.len() > usize::try_from(ask.limit).unwrap_or_default();
    entities.truncate(usize::try_from(ask.limit).unwrap_or_default());
    let last = entities.last().filter(|_| more);
    let last = last.map(|entity| place(ask.set, &ask.order, entity));
    mask(ask.set, fields, &mut entities);
    Ok(Page { entities, last })
}

/// How many entities of a set a filter keeps.
pub fn count(
    conn: &mut Conn,
    company: CompanyId,
    set: Set,
    filter: Option<&Filter>,
) -> Result<i64> {
    let mut statement = Statement::new(conn);
    statement
        .say("select count(*) as number")
        .source(set, company);
    statement.say("where ");
    statement.filter(filter.unwrap_or(&Filter::Always(true)));
    let found: Number = statement.finish().get_result(conn)?;
    Ok(found.number)
}

/// The entity with a key.
pub fn find(
    conn: &mut Conn,
    company: CompanyId,
    fields: Fields,
    set: Set,
    key: &[(&'static Property, Operand)],
) -> Result<Option<Vec<Datum>>> {
    let equal = |(property, value): &(&'static Property, Operand)| {
        Filter::Compare(Operand::Property(property), Comparison::Eq, value.clone())
    };
    let ask = Ask {
        filter: Some(Filter::And(key.iter().map(equal).collect())),
        ..Ask::first(set, 1)
    };
    Ok(read(conn, company, fields, &ask)?.entities.pop())
}

/// Leaves out what a reader of these fields may not see.
pub fn mask(set: Set, fields: Fields, entities: &mut [Vec<Datum>]) {
    let hidden = set.properties().iter().enumerate();
    let hidden = hidden.filter(|(_, property)| !property.shows(fields));
    for (place, _) in hidden {
        for entity in entities.iter_mut() {
            if let Some(value) = entity.get_mut(place) {
                *value = Datum::Null;
            }
        }
    }
}
