//! A company's departments, and which of them lie below which.

use std::collections::HashSet;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};

use super::snapshot::{Snapshot, harmless};
use crate::error::Result;
use crate::ids::CompanyId;

/// A department of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// `department.id`.
    pub id: i64,
    /// `department.name`: hostile text.
    pub name: String,
    /// The one above it; 0 at the top.
    pub parent: i64,
}

/// Every department of a company, by name. Reads `department`.
pub fn of(snapshot: &mut Snapshot, company: CompanyId) -> Result<Vec<Department>> {
    let query = snapshot.query(include_str!("sql/departments.sql"));
    let rows: Vec<DepartmentRow> = snapshot.load(query.number("company", company.0))?;
    let department = |row: DepartmentRow| Department {
        id: row.id,
        name: harmless(row.name),
        parent: row.parent,
    };
    Ok(rows.into_iter().map(department).collect())
}

/// The chosen departments and all below them, ascending. A circle of parents ends where it began.
pub fn below(all: &[Department], chosen: &[i64]) -> Vec<i64> {
    let mut found: HashSet<i64> = chosen.iter().copied().collect();
    let mut known = 0;
    while known < found.len() {
        known = found.len();
        let children = all.iter().filter(|one| found.contains(&one.parent));
        let children: Vec<i64> = children.map(|child| child.id).collect();
        found.extend(children);
    }
    let mut found: Vec<i64> = found.into_iter().collect();
    found.sort_unstable();
    found
}

#[derive(QueryableByName)]
struct DepartmentRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    parent: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_department_brings_all_below_it_and_a_circle_ends() {
        let tree = [(1, 0), (2, 1), (3, 2), (4, 1), (8, 9), (9, 8)];
        let all = tree.map(|(id, parent)| Department {
            id,
            name: String::new(),
            parent,
        });

        assert_eq!(below(&all, &[2]), [2, 3]);
        assert_eq!(below(&all, &[1]), [1, 2, 3, 4]);
        assert_eq!(below(&all, &[8]), [8, 9]);
        assert_eq!(below(&all, &[77]), [77], "a department that is gone");
    }
}
