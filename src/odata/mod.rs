//! OData: the company's rows as entity sets, the questions asked of them, and the documents that answer.
//!
//! Nothing here knows who asks: the API's door and the dashboard's kit for Power BI use the same code.

pub mod changes;
pub mod csdl;
pub mod document;
pub mod filter;
pub mod lexer;
pub mod model;
pub mod order;
pub mod page;
mod parser;
mod rows;
mod sql;

pub use filter::Filter;
pub use model::{Datum, Property, Set};
pub use order::Order;
pub use page::{Ask, Page};

/// Most entities of one page: 100,000 rows are 20 calls.
pub const PAGE: i64 = 5_000;
