//! Settings that admins change while the server runs: what shapes a company's rows.

pub mod store;
