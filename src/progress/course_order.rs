//! Courses as a list shows them: searched by name, in an order.

use super::courses::CourseNumbers;

crate::words! {
    /// What courses are ordered by; equal ones keep the order of their names.
    Sort {
        /// Name.
        Name = "name",
        /// Rows.
        Enrolments = "enrolments",
        /// Completed rows.
        Completed = "completed",
        /// Rows that are begun.
        InProgress = "in_progress",
        /// Rows that are not begun.
        NotStarted = "not_started",
        /// Completion rate, unknown first.
        Rate = "rate",
        /// Average percentage, unknown first.
        Average = "average",
        /// Median of the days, unknown first.
        Median = "median",
        /// What nine in ten did not exceed, unknown first.
        P90 = "p90",
    }
}

/// The courses whose name holds a text, letters' case aside, in an order.
pub fn chosen(
    courses: Vec<CourseNumbers>,
    search: &str,
    sort: Sort,
    descending: bool,
) -> Vec<CourseNumbers> {
    let wanted = search.trim().to_lowercase();
    let mut kept: Vec<(String, CourseNumbers)> = courses
        .into_iter()
        .map(|course| (course.name.to_lowercase(), course))
        .filter(|(name, _)| name.contains(&wanted))
        .collect();
    kept.sort_by(|(left, a), (right, b)| {
        let known = |value: Option<f64>| value.unwrap_or(-1.0);
        let order = match sort {
            Sort::Name => left.cmp(right),
            Sort::Enrolments => a.enrolments().cmp(&b.enrolments()),
            Sort::Completed => a.completed.cmp(&b.completed),
            Sort::InProgress => a.in_progress.cmp(&b.in_progress),
            Sort::NotStarted => a.not_started.cmp(&b.not_started),
            Sort::Rate => known(a.completion_rate()).total_cmp(&known(b.completion_rate())),
            Sort::Average => known(a.average()).total_cmp(&known(b.average())),
            Sort::Median => a
                .days
                .map(|days| days.median)
                .cmp(&b.days.map(|days| days.median)),
            Sort::P90 => a
                .days
                .map(|days| days.p90)
                .cmp(&b.days.map(|days| days.p90)),
        };
        let turned = if descending { order.reverse() } else { order };
        turned
            .then_with(|| left.cmp(right))
            .then(a.course.cmp(&b.course))
    });
    kept.into_iter().map(|(_, course)| course).collect()
}
