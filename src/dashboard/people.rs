//! One person in one company: their rows in all states, and the latest changes of them.

use actix_web::web::{Data, Path};
use askama::Template;

use super::company_nav::Part;
use super::run_changes::{Change, change};
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab, filters};
use crate::app::App;
use crate::companies::{self, Company};
use crate::error::OrNotFound;
use crate::ids::{CompanyId, RunId, UserId};
use crate::moodle::RowState;
use crate::progress::{self, Row};
use crate::sync::erase::{self, Erasure};
use crate::sync::log::{self, Entry};

/// Changes shown; the change log has all of them.
const CHANGES: i64 = 20;

/// A person.
#[derive(Template)]
#[template(path = "people/person.html")]
pub struct PersonPage {
    chrome: Chrome,
    company: Company,
    user: UserId,
    /// The row that says best who they are.
    known: Row,
    rows: Vec<Row>,
    lines: Vec<Line>,
    erasure: Option<Erasure>,
}

/// One change of a row of theirs.
struct Line {
    at_ms: i64,
    run: RunId,
    change: Change,
}

/// `GET /companies/{company}/people/{user}`; not found where the company has no row of them.
pub async fn show_person(
    admin: SignedIn,
    app: Data<App>,
    path: Path<(CompanyId, UserId)>,
) -> Result<Page<PersonPage>, PageError> {
    let (company, user) = path.into_inner();
    let read = app.db.run(move |conn| {
        let (company, _) = companies::store::get(conn, company)?;
        let rows = progress::store::of_person(conn, company.id, user)?;
        let known = progress::best_known(&rows).cloned();
        let known = known.or_not_found("the person")?;
        let lines = log::of_person(conn, company.id, user, CHANGES)?;
        Ok((company, known, rows, lines, erase::find(conn, user)?))
    });
    let (company, known, rows, lines, erasure) = read.await?;
    Ok(Page(PersonPage {
        chrome: admin.chrome(Tab::Companies),
        lines: lines.into_iter().map(line).collect(),
        company,
        user,
        known,
        rows,
        erasure,
    }))
}

fn line(entry: Entry) -> Line {
    Line {
        at_ms: entry.at_ms,
        run: entry.run,
        change: change(entry.change),
    }
}
