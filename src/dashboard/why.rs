//! Why this value? One row: what is stored, by which rule, what Moodle says now, and every change it had.

use actix_web::web::{Data, Path, Query};
use askama::Template;
use serde::Deserialize;

use super::company_nav::Part;
use super::error_words;
use super::paging::Pages;
use super::run_changes::{Field, fields};
use super::why_words::{self as words, Agreement};
use super::{Chrome, Downloads, Page, PageError, SignedIn, Tab, filters};
use crate::admins::Role;
use crate::app::App;
use crate::companies::{self, Company, State};
use crate::db::{Conn, off_thread};
use crate::error::{Error, OrNotFound, Result};
use crate::ids::{CompanyId, CourseId, Key, UserId};
use crate::language::Said;
use crate::moodle::{Evidence, Moodle, RowState, Shape};
use crate::progress::derive::derive;
use crate::progress::{self, Content, Row};
use crate::settings;
use crate::sync::erase::{self, Erasure};
use crate::sync::row_history::{self, RowChange};

/// Changes on one page.
const PER_PAGE: i64 = 50;

/// A row.
#[derive(Template)]
#[template(path = "why/row.html")]
pub struct WhyPage {
    chrome: Chrome,
    company: Company,
    state: State,
    key: Key,
    stored: Option<Row>,
    live: Live,
    history: Vec<Past>,
    pages: Pages,
}

impl WhyPage {
    fn is_erased(&self) -> bool {
        matches!(self.live, Live::Erased(_))
    }

    /// The person, their email and the course, as the store has them or else Moodle.
    fn names(&self) -> Option<(String, &str, &str)> {
        if self.is_erased() {
            return None;
        }
        if let Some(row) = self
            .stored
            .as_ref()
            .filter(|row| row.state != RowState::Erased)
        {
            let content = &row.content;
            let name = format!("{} {}", content.firstname, content.lastname);
            return Some((name, &content.email, &content.coursename));
        }
        let Live::Read(now) = &self.live else {
            return None;
        };
        let evidence = now.evidence.as_ref()?;
        let (person, course) = (evidence.person.as_ref()?, evidence.course.as_ref()?);
        let name = format!("{} {}", person.firstname, person.lastname);
        Some((name, &person.email, &course.name))
    }
}

/// What Moodle says at this moment.
enum Live {
    /// It answered.
    Read(Box<Now>),
    /// It did not, for this reason.
    Away(Said),
    /// It was not asked: the person's data was erased here, and this is the proof.
    Erased(Erasure),
}

/// Moodle's answer and what it comes to.
struct Now {
    /// Moodle's clock, UTC seconds.
    read_at: i64,
    /// Whether the row is active by the company's settings, and if not, why.
    state: RowState,
    /// All of it; `None` where the person is no member of the company, whose managers read this page.
    evidence: Option<Evidence>,
    /// What a sync would make of it, where the row is active.
    content: Option<Content>,
    agreement: Agreement,
}

impl Now {
    /// Moodle's own figure, where the row is active.
    fn figure(&self) -> Option<Said> {
        let (content, evidence) = (self.content.as_ref()?, self.evidence.as_ref()?);
        let count = evidence.activities.len();
        Some(words::figure(content, words::done(evidence), count))
    }
}

/// One change, in words.
pub(super) struct Past {
    pub(super) change: RowChange,
    pub(super) fields: Vec<Field>,
}

/// Which page of the changes.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    page: i64,
}

/// What the store has of a row.
struct Stored {
    company: Company,
    state: State,
    row: Option<Row>,
    erasure: Option<Erasure>,
    shape: Shape,
    history: Vec<RowChange>,
    pages: Pages,
}

/// `GET /companies/{company}/people/{user}/courses/{course}`
pub async fn show_row(
    admin: SignedIn,
    app: Data<App>,
    path: Path<(CompanyId, UserId, CourseId)>,
    wanted: Query<Wanted>,
) -> std::result::Result<Page<WhyPage>, PageError> {
    let (company, user, course) = path.into_inner();
    let key = Key { user, course };
    let number = wanted.page;
    let read = app.db.run(move |conn| stored(conn, company, key, number));
    let stored = read.await?;
    let live = live(&app, admin.session.role, (company, key), &stored).await?;
    Ok(Page(WhyPage {
        chrome: admin.chrome(Tab::Companies),
        company: stored.company,
        state: stored.state,
        key,
        stored: stored.row,
        live,
        history: stored.history.into_iter().map(past).collect(),
        pages: stored.pages,
    }))
}

/// A change, ready for the page.
pub(super) fn past(change: RowChange) -> Past {
    Past {
        fields: fields(change.before.as_ref(), change.after.as_ref()),
        change,
    }
}

fn stored(conn: &mut Conn, company: CompanyId, key: Key, page: i64) -> Result<Stored> {
    let (known, state) = companies::store::get(conn, company)?;
    let total = row_history::count(conn, company, key)?;
    let base = format!(
        "/companies/{company}/people/{}/courses/{}?",
        key.user, key.course
    );
    let pages = Pages::new(page, PER_PAGE, total, base);
    let offset = Pages::offset(pages.number, PER_PAGE);
    Ok(Stored {
        company: known,
        state,
        row: progress::store::find(conn, company, key)?,
        erasure: erase::find(conn, key.user)?,
        shape: settings::store::shape(conn, company)?,
        history: row_history::page(conn, company, key, offset, PER_PAGE)?,
        pages,
    })
}

/// Moodle's word now. `NotFound` where neither the store nor Moodle has anything to do with the pair.
async fn live(
    app: &App,
    reader: Role,
    (company, key): (CompanyId, Key),
    stored: &Stored,
) -> Result<Live> {
    if let Some(erasure) = &stored.erasure {
        let known = stored.row.as_ref().map(|_| Live::Erased(erasure.clone()));
        return known.or_not_found("the row");
    }
    let (moodle, shape) = (app.moodle.clone(), stored.shape.clone());
    let asked = off_thread(move || ask(moodle, company, &shape, key)).await;
    let evidence = match asked {
        Ok(evidence) => evidence,
        Err(
            error @ (Error::MoodleUnavailable(_)
            | Error::MoodleUnreadable(_)
            | Error::MoodleNotConfigured),
        ) if stored.row.is_some() => {
            return Ok(Live::Away(error_words::said_to(Some(reader), &error)));
        }
        Err(error) => return Err(error),
    };
    let is_member = !evidence.memberships.is_empty();
    let has_both = evidence.person.is_some() && evidence.course.is_some();
    if stored.row.is_none() && !(has_both && is_member) {
        return Err(Error::NotFound("the row"));
    }
    let content = evidence.facts.clone().map(derive);
    Ok(Live::Read(Box::new(Now {
        read_at: evidence.read_at,
        state: evidence.state,
        agreement: words::agreement(stored.row.as_ref(), content.as_ref(), evidence.state)?,
        content,
        evidence: is_member.then_some(evidence),
    })))
}

fn ask(moodle: Option<Moodle>, company: CompanyId, shape: &Shape, key: Key) -> Result<Evidence> {
    let moodle = moodle.ok_or(Error::MoodleNotConfigured)?;
    moodle.answer(|snapshot| snapshot.evidence(company, shape, key))
}
