//! `$filter` as a tree, whose properties are those that the reader may see.

use super::model::{Property, Set};
use crate::fields::Fields;

/// What an entity must say.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Always or never.
    Always(bool),
    /// All of these.
    And(Vec<Filter>),
    /// Any of these.
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// A comparison.
    Compare(Operand, Comparison, Operand),
    /// `in`: the operand equals one of these.
    In(Operand, Vec<Operand>),
    /// A text function of two operands.
    Text(Function, Operand, Operand),
    /// A property that is true or false by itself.
    Is(&'static Property),
}

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A property's value.
    Property(&'static Property),
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Any number.
    Double(f64),
    /// UTC seconds and nanoseconds.
    Time(i64, u32),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

crate::words! {
    /// How two values are compared.
    Comparison {
        /// Equal; null equals null.
        Eq = "eq",
        /// Not equal.
        Ne = "ne",
        /// Greater; false with null.
        Gt = "gt",
        /// Greater or equal; false with null.
        Ge = "ge",
        /// Less; false with null.
        Lt = "lt",
        /// Less or equal; false with null.
        Le = "le",
    }
}

crate::words! {
    /// A function of two texts. Letters' case counts.
    Function {
        /// The first holds the second.
        Contains = "contains",
        /// The first begins with the second.
        StartsWith = "startswith",
        /// The first ends with the second.
        EndsWith = "endswith",
    }
}

/// Why a filter is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is wrong; the text says where.
    Wrong(String),
    /// It is right, but we do not do that.
    Unsupported(String),
}

impl Filter {
    /// Reads a filter of a set; a property that the reader may not see is refused.
    pub fn read(text: &str, set: Set, fields: Fields) -> Result<Self, Refusal> {
        super::parser::read(text, set, fields)
    }
}

/// A property that the reader may see.
pub fn visible(set: Set, fields: Fields, name: &str) -> Result<&'static Property, Refusal> {
    match set.property(name) {
        Some((_, property)) if property.shows(fields) => Ok(property),
        Some(_) => Err(Refusal::Wrong(format!("{name} is not shown to this token"))),
        None => {
            let short: String = name.chars().take(40).collect();
            let text = format!("“{short}” is no property of {set}");
            Err(Refusal::Wrong(text))
        }
    }
}
