//! The words a row uses.

crate::words! {
    /// How far one user is in one course.
    Status {
        /// Moodle has a completion time.
        Completed = "completed",
        /// Something counted was done or tried.
        InProgress = "in_progress",
        /// Nothing yet.
        NotStarted = "not_started",
    }
}
