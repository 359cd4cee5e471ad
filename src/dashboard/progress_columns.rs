//! The columns of the progress table: which there are, which are shown, and how each is sorted by.

use super::labels::{Choice, Label};
use super::progress_view::View;
use super::sorted::Column;
use crate::ids::CompanyId;
use crate::progress::list::{Order, Sort};

crate::words! {
    /// A column that can be chosen. The learner always stands first.
    Shown {
        /// Name of the course.
        Course = "course",
        /// Completed, in progress, not started.
        Status = "status",
        /// Percentage, with why it is so.
        Percentage = "percentage",
        /// When it was enrolled.
        Enrolled = "enrolled",
        /// When it was begun.
        Started = "started",
        /// When it was completed.
        Completed = "completed",
        /// When it last changed.
        Changed = "changed",
        /// Sign-in name in Moodle.
        Username = "username",
        /// Moodle's id of the learner.
        UserId = "user_id",
        /// Moodle's id of the course.
        CourseId = "course_id",
        /// The data version that the row came with.
        Version = "version",
    }
}

impl Shown {
    /// What is shown until somebody chooses.
    pub const USUAL: &'static [Self] = &[
        Self::Course,
        Self::Status,
        Self::Percentage,
        Self::Completed,
        Self::Changed,
    ];

    fn sort(self) -> Option<Sort> {
        match self {
            Self::Course => Some(Sort::Course),
            Self::Status => Some(Sort::Status),
            Self::Percentage => Some(Sort::Percentage),
            Self::Enrolled => Some(Sort::Enrolled),
            Self::Started => Some(Sort::Started),
            Self::Completed => Some(Sort::Completed),
            Self::Changed => Some(Sort::Changed),
            _ => None,
        }
    }

    fn is_number(self) -> bool {
        let numbers = [
            Self::Percentage,
            Self::UserId,
            Self::CourseId,
            Self::Version,
        ];
        numbers.contains(&self)
    }
}

impl Label for Shown {
    fn label(&self) -> &'static str {
        match self {
            Self::Course => "Course",
            Self::Status => "Status",
            Self::Percentage => "Progress",
            Self::Enrolled => "Enrolled",
            Self::Started => "Started",
            Self::Completed => "date|Completed",
            Self::Changed => "Changed",
            Self::Username => "User name",
            Self::UserId => "User id",
            Self::CourseId => "Course id",
            Self::Version => "Data version",
        }
    }
}

/// The columns of a view, with the present order marked.
pub fn columns(view: &View, company: CompanyId, order: Order) -> Vec<Column> {
    let learner = ("Learner", Some(Sort::Name), false);
    let others = view.shown().iter();
    let others = others.map(|one| (one.label(), one.sort(), one.is_number()));
    let column = |(label, sort, numeric): (&'static str, Option<Sort>, bool)| {
        let present = sort == Some(order.sort);
        let address = |turned: &str| sort.map(|sort| view.address(company, sort.as_str(), turned));
        Column::new(label, numeric, present.then_some(order.descending), address)
    };
    std::iter::once(learner).chain(others).map(column).collect()
}

/// Every column as a box to tick.
pub fn boxes(view: &View) -> Vec<Choice> {
    let choice = |one: &Shown| Choice {
        value: one.to_string(),
        label: one.label().into(),
        selected: view.shown().contains(one),
    };
    Shown::ALL.iter().map(choice).collect()
}
