//! What the site's roles say in one course about who appears in its completion reports.

/// What the roles say in one course.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct CourseRoles {
    /// Contexts from the site down to the course. Empty where Moodle lost the path: then nobody
    /// but a site admin has any capability.
    pub chain: Vec<i64>,
    /// Roles that make their holders count.
    pub allowing: Vec<i64>,
    /// Roles whose holders never count.
    pub prohibiting: Vec<i64>,
}

/// What one role says about appearing in the reports of a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Whoever holds it appears, unless another role forbids it.
    Counts,
    /// Nothing.
    Nothing,
    /// Nobody who holds it appears.
    Forbids,
}

impl CourseRoles {
    /// What one role says here.
    pub fn says(&self, role: i64) -> Says {
        if self.prohibiting.contains(&role) {
            Says::Forbids
        } else if self.allowing.contains(&role) {
            Says::Counts
        } else {
            Says::Nothing
        }
    }
}
