//! Coverage of one company: what Moodle has against what the store has, course by course.

use actix_web::web::{Data, Path};
use askama::Template;

use super::company_nav::Part;
use super::filters;
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab};
use crate::app::App;
use crate::companies::{self, Company};
use crate::ids::{CompanyId, random_hex};
use crate::language::Said;
use crate::sync::coverage::{self, CourseCoverage, Coverage, UnreadRow};
use crate::sync::tally::CourseTally;

/// Unreadable rows shown.
const UNREAD: i64 = 100;

/// The coverage of a company.
#[derive(Template)]
#[template(path = "companies/coverage.html")]
pub struct CoveragePage {
    chrome: Chrome,
    company: Company,
    checked: Option<Checked>,
    has_moodle: bool,
    /// The key of the form that checks, so that a second click does nothing.
    check_key: String,
}

/// The last comparison.
struct Checked {
    coverage: Coverage,
    courses: Vec<CourseCoverage>,
    unread: Vec<UnreadRow>,
}

impl Checked {
    fn at(&self) -> i64 {
        self.coverage.run.snapshot_at.unwrap_or_default()
    }

    fn is_whole(&self) -> bool {
        self.coverage.total.gap() == 0
    }
}

/// `3 missing, 1 extra`: what is wrong, without what is not.
pub fn gap_text(total: &CourseTally) -> Said {
    let parts = [
        (total.missing, Said::new("{n} missing")),
        (total.extra, Said::new("{n} extra")),
        (total.different, Said::new("{n} different")),
    ];
    let wrong = parts.into_iter().filter(|(count, _)| *count > 0);
    let said = wrong.map(|(count, what)| what.number("n", count));
    let joined = |one: Said, next: Said| Said::joined(one, next);
    said.reduce(joined).unwrap_or_else(|| Said::new("nothing"))
}

/// `GET /companies/{company}/coverage`
pub async fn show_coverage(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
) -> Result<Page<CoveragePage>, PageError> {
    let id = company.into_inner();
    let read = app.db.run(move |conn| {
        let (company, _) = companies::store::get(conn, id)?;
        let Some(coverage) = coverage::latest(conn, id)? else {
            return Ok((company, None));
        };
        let courses = coverage::courses(conn, &coverage.run.id)?;
        let unread = coverage::unread(conn, &coverage.run.id, UNREAD)?;
        let unread = unread.collect::<Result<_, _>>()?;
        Ok((
            company,
            Some(Checked {
                coverage,
                courses,
                unread,
            }),
        ))
    });
    let (company, checked) = read.await?;
    Ok(Page(CoveragePage {
        chrome: admin.chrome(Tab::Companies),
        company,
        checked,
        has_moodle: app.moodle.is_some(),
        check_key: random_hex::<16>(),
    }))
}
