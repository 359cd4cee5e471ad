//! The pages of a company: their names, their addresses, and which one the reader is on.

use crate::ids::CompanyId;

/// A page of a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its rows: where a company begins.
    Progress,
    /// Its courses with their numbers.
    Courses,
    /// Its learners with theirs.
    People,
    /// Its syncs and its schedule.
    Sync,
    /// Which rows count, what programs get, and what holds of both.
    Settings,
    /// Its API tokens.
    Tokens,
    /// Its cached responses.
    Cache,
    /// Calls of its tokens.
    Requests,
    /// Its change log.
    Changes,
    /// What Moodle has against what is stored.
    Coverage,
    /// The kit for Power BI.
    PowerBi,
}

const PARTS: [(Part, &str, &str); 11] = [
    (Part::Progress, "Progress", ""),
    (Part::Courses, "Courses", "/courses"),
    (Part::People, "People", "/people"),
    (Part::Sync, "Sync", "/sync"),
    (Part::Settings, "Settings", "/settings"),
    (Part::Tokens, "Tokens", "/tokens"),
    (Part::Cache, "Cache", "/cache"),
    (Part::Requests, "Requests", "/requests"),
    (Part::Changes, "Changes", "/changes"),
    (Part::Coverage, "Coverage", "/coverage"),
    (Part::PowerBi, "Power BI", "/power-bi"),
];

/// The links of `companies/_nav.html`, as `nav`.
#[derive(Debug, Clone, Copy)]
pub struct Nav {
    company: CompanyId,
    part: Part,
    current: &'static str,
}

impl Part {
    /// The navigation of this very page.
    pub fn of(self, company: &CompanyId) -> Nav {
        Nav {
            company: *company,
            part: self,
            current: "page",
        }
    }

    /// The navigation of a page that lies below this one.
    pub fn below(self, company: &CompanyId) -> Nav {
        Nav {
            current: "true",
            ..self.of(company)
        }
    }
}

impl Nav {
    /// Every page of the company: its name, its address, and what `aria-current` says of it, if anything.
    pub fn links(&self) -> Vec<(&'static str, String, &'static str)> {
        let link = |(part, label, path): &(Part, &'static str, &'static str)| {
            let current = if *part == self.part { self.current } else { "" };
            (
                *label,
                format!("/companies/{}{path}", self.company),
                current,
            )
        };
        PARTS.iter().map(link).collect()
    }
}
