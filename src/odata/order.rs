//! `$orderby`, keys, and where a page ended in an order.

use super::filter::{Operand, Refusal, visible};
use super::lexer::{Token, words};
use super::model::{Datum, Kind, Property, Set};
use crate::fields::Fields;

/// Most properties of an order.
const MOST: usize = 8;

/// An order of a set: what was asked for, then the key, so that no two entities are equal in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Order(pub Vec<(&'static Property, Direction)>);

crate::words! {
    /// Which end comes first.
    Direction {
        /// The smallest, null before all.
        Up = "asc",
        /// The largest, null after all.
        Down = "desc",
    }
}

impl Order {
    /// By the key alone.
    pub fn usual(set: Set) -> Self {
        let mut order = Self(Vec::new());
        order.end_with_key(set);
        order
    }

    /// Reads `Name desc,Other`.
    pub fn read(text: &str, set: Set, fields: Fields) -> Result<Self, Refusal> {
        let mut order = Self(Vec::new());
        let words = words(text).map_err(Refusal::Wrong)?;
        for part in words.split(|word| *word == Token::Comma) {
            let (name, direction) = match part {
                [Token::Name(name)] => (name, Direction::Up),
                [Token::Name(name), Token::Name(word)] => {
                    (name, word.parse().map_err(Refusal::Wrong)?)
                }
                _ => {
                    return Err(Refusal::Wrong(
                        "use names of properties, each with asc or desc".into(),
                    ));
                }
            };
            order.push(visible(set, fields, name)?, direction);
        }
        if order.0.len() > MOST {
            return Err(Refusal::Wrong(format!("more than {MOST} properties")));
        }
        order.end_with_key(set);
        Ok(order)
    }

    fn end_with_key(&mut self, set: Set) {
        for name in set.key() {
            if let Some((_, property)) = set.property(name) {
                self.push(property, Direction::Up);
            }
        }
    }

    /// What comes twice changes nothing the second time.
    fn push(&mut self, property: &'static Property, direction: Direction) {
        if !self.0.iter().any(|(known, _)| *known == property) {
            self.0.push((property, direction));
        }
    }
}

/// Reads what stands between the parentheses of one entity's address: `1`, or `UserId=1,CourseId=2` in any order.
pub fn read_key(text: &str, set: Set) -> Result<Vec<(&'static Property, Operand)>, Refusal> {
    let words = words(text).map_err(Refusal::Wrong)?;
    let mut found: Vec<(&'static Property, Operand)> = Vec::new();
    for part in words.split(|word| *word == Token::Comma) {
        let (name, value) = match part {
            [Token::Name(name), Token::Equals, value] => (name.as_str(), value),
            [value] if set.key().len() == 1 => (set.key()[0], value),
            _ => return Err(wrong_key(set)),
        };
        let known = set.key().contains(&name) && !found.iter().any(|(had, _)| had.name == name);
        let property = set.property(name).filter(|_| known);
        let (_, property) = property.ok_or_else(|| wrong_key(set))?;
        let value = match (value, property.kind) {
            (Token::Int(number), Kind::Int) => Operand::Int(*number),
            (Token::Text(text), Kind::Text) => Operand::Text(text.clone()),
            _ => return Err(wrong_key(set)),
        };
        found.push((property, value));
    }
    if found.len() == set.key().len() {
        Ok(found)
    } else {
        Err(wrong_key(set))
    }
}

fn wrong_key(set: Set) -> Refusal {
    Refusal::Wrong(format!("the key of {set} is {}", set.key().join(", ")))
}

/// A place in an order: the values of its properties in the last entity of a page.
pub fn place(set: Set, order: &Order, entity: &[Datum]) -> Vec<Datum> {
    let value = |(property, _): &(&'static Property, Direction)| {
        let (at, _) = set.property(property.name)?;
        entity.get(at).cloned()
    };
    order.0.iter().filter_map(value).collect()
}
