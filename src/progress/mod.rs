//! Progress: the status of one user in one course, as it is stored and served.

mod bands;
mod completions;
pub mod course_order;
pub mod courses;
pub mod derive;
pub mod feed;
pub mod list;
pub mod months;
mod offsets;
pub mod people;
mod states;
pub mod store;
mod write;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ids::{CompanyId, CourseId, Key, UserId};
use crate::moodle::RowState;
use crate::schema::progress;

pub use crate::words::Status;
pub use bands::Band;
pub use completions::completions;
pub use offsets::Offsets;
pub use states::States;
pub use write::write;

/// What a row says; two rows are the same when this is equal. Times are UTC seconds.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = progress)]
pub struct Content {
    /// First name, hostile text.
    pub firstname: String,
    /// Last name, hostile text.
    pub lastname: String,
    /// Possibly malformed.
    pub email: String,
    /// Sign-in name in Moodle.
    pub username: String,
    /// Full name of the course, hostile text.
    pub coursename: String,
    /// Completed, in progress or not started.
    pub status: Status,
    /// 0 to 100, unrounded; `None` where Moodle tracks nothing.
    pub percentage: Option<f64>,
    /// Only when completed.
    pub timecompleted: Option<i64>,
    /// `None` until something was done.
    pub timestarted: Option<i64>,
    /// Earliest enrolment in this course.
    pub enrolled_at: Option<i64>,
}

/// A stored row: current, or a tombstone.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = progress)]
pub struct Row {
    /// Whose.
    pub company_id: CompanyId,
    /// Who.
    pub user_id: UserId,
    /// In which course.
    pub course_id: CourseId,
    /// What Moodle said when it was read last.
    #[diesel(embed)]
    pub content: Content,
    /// Active, or why it ended.
    pub state: RowState,
    /// The company's data version that this row came with.
    pub seq: i64,
    /// The version that first had this user in this course.
    pub first_seen_seq: i64,
    /// When the change was published; within a company it only grows from one version to the next.
    pub changed_at: i64,
}

impl Row {
    /// Where the row stands in every list.
    pub fn key(&self) -> Key {
        Key {
            user: self.user_id,
            course: self.course_id,
        }
    }
}

/// The row that says best who a person is: of the active rows the latest, else of those that ended; `None` of none.
pub fn best_known(rows: &[Row]) -> Option<&Row> {
    let rank = |row: &&Row| match row.state {
        RowState::Active => (2, row.seq),
        RowState::Erased => (0, row.seq),
        _ => (1, row.seq),
    };
    rows.iter().max_by_key(rank)
}
