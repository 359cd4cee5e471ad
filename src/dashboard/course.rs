//! One course of a company: its numbers, its learners by progress, and when they completed it.

use actix_web::web::{Data, Path};
use askama::Template;

use super::bars::{Bar, bars, share};
use super::company_nav::Part;
use super::{Chrome, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::error::OrNotFound;
use crate::ids::{CompanyId, CourseId};
use crate::progress::Band;
use crate::progress::courses::{self, CourseNumbers, Which};
use crate::progress::months::{self, Month};
use crate::time::now;

/// Months shown; what was before is one number.
const MONTHS: usize = 36;

/// A course.
#[derive(Template)]
#[template(path = "companies/course.html")]
pub struct CoursePage {
    chrome: Chrome,
    company: Company,
    state: State,
    course: CourseNumbers,
    months: Vec<Month>,
    /// Completions before the months that are shown.
    earlier: i64,
    /// Completions that Moodle dates after the present month.
    later: i64,
}

impl CoursePage {
    /// The bar of its learners by progress.
    fn bars(&self, course: &CourseNumbers) -> Vec<Bar> {
        bars(&course.bands)
    }

    /// How wide a month's bar is beside the largest one, in hundredths.
    fn share(&self, month: &Month) -> f64 {
        let largest = self.months.iter().map(|month| month.completed).max();
        share(month.completed, largest.unwrap_or(0))
    }
}

/// `GET /companies/{company}/courses/{course}`; not found where the company has no active row in it.
pub async fn show_course(
    admin: SignedIn,
    app: Data<App>,
    path: Path<(CompanyId, CourseId)>,
) -> Result<Page<CoursePage>, PageError> {
    let (company, course) = path.into_inner();
    let (zone, now) = (admin.session.reading.zone, now());
    let read = app.db.run(move |conn| {
        let (company, state) = companies::store::get(conn, company)?;
        let numbers = courses::with_days(conn, company.id, Which::One(course))?.pop();
        let months = months::completions(conn, company.id, course, now, zone)?;
        Ok((company, state, numbers.or_not_found("the course")?, months))
    });
    let (company, state, course, (mut months, later)) = read.await?;
    let before = months.len().saturating_sub(MONTHS);
    let earlier = months.drain(..before).map(|month| month.completed).sum();
    months.reverse();
    Ok(Page(CoursePage {
        chrome: admin.chrome(Tab::Companies),
        company,
        state,
        course,
        months,
        earlier,
        later,
    }))
}
