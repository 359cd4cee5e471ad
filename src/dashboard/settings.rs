//! What shapes a company's rows: the form of its settings, and the dry run that tries them out.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::company_nav::Part;
use super::error_words;
use super::settings_checked::Mistakes;
use super::settings_form::{Pairs, Typed};
use super::settings_glance::{Glance, glance};
use super::settings_lists::{self, Ticks, ticks};
use super::settings_words as words;
use super::{Chrome, Page, PageError, SignedIn, Submitted, Tab, filters, page, see_other};
use crate::app::App;
use crate::companies::{self, Company};
use crate::error::{Error, Result};
use crate::ids::{CompanyId, CourseId, RunId};
use crate::language::Said;
use crate::moodle::{Lists, Shape};
use crate::progress;
use crate::settings::{DEFAULTS, Field, Overrides, store};
use crate::sync::{self, Mode, Request, Trigger};

/// How long the answer waits for a dry run, so that most readers see its end at once.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);

/// The settings of one company.
#[derive(Template)]
#[template(path = "settings/company.html")]
pub struct SettingsPage {
    chrome: Chrome,
    company: Company,
    changed: Option<(i64, String)>,
    fields: Fields,
    note: Option<Said>,
    /// Whether somebody else has saved settings since the form was made that was sent.
    is_outdated: bool,
    glance: Vec<Glance>,
}

/// The fields of a form, ready to be shown.
pub struct Fields {
    /// As they were typed.
    pub typed: Typed,
    /// What is wrong with them.
    pub mistakes: Mistakes,
    /// What there is to tick.
    pub ticks: Ticks,
    /// What the defaults say, field by field; `None` on their own page.
    pub defaults: Option<Defaults>,
}

impl Fields {
    /// What the defaults say of a moment, where there are defaults to follow.
    pub(super) fn default_of(&self, group: &str) -> Option<&Said> {
        let defaults = self.defaults.as_ref()?;
        Some(match group {
            "enrolled" => &defaults.enrolled,
            _ => &defaults.completed,
        })
    }

    /// How many courses show.
    pub(super) fn courses_shown(&self) -> usize {
        self.ticks.courses.iter().filter(|tick| tick.shown).count()
    }

    /// How many courses are ticked.
    pub(super) fn courses_on(&self) -> usize {
        self.ticks.courses.iter().filter(|tick| tick.ticked).count()
    }
}

/// The defaults in words.
pub struct Defaults {
    /// Who is a learner.
    pub learners: Said,
    /// Whether suspended enrolments count.
    pub suspended: Said,
    /// Enrolled since.
    pub enrolled: Said,
    /// Completed since.
    pub completed: Said,
}

impl Defaults {
    fn of(shape: &Shape, lists: Option<&Lists>) -> Self {
        let of = |field| words::of(field, shape, lists);
        Self {
            learners: of(Field::Learners),
            suspended: of(Field::Suspended),
            enrolled: of(Field::Enrolled),
            completed: of(Field::Completed),
        }
    }
}

/// What the store knows of a company's settings.
struct Known {
    company: Company,
    own: Overrides,
    defaults: Shape,
    changed: Option<(i64, String)>,
    basis: String,
    courses: Vec<(CourseId, String)>,
}

/// The form as it shall be shown.
struct Shown {
    known: Known,
    typed: Typed,
    mistakes: Mistakes,
    note: Option<Said>,
    is_outdated: bool,
}

impl Shown {
    fn of(known: Known, typed: Typed) -> Self {
        Self {
            known,
            typed,
            mistakes: Mistakes::default(),
            note: None,
            is_outdated: false,
        }
    }
}

/// `GET /companies/{company}/settings`
pub async fn show_settings(
    admin: SignedIn,
    app: Data<App>,
    company: Path<CompanyId>,
) -> std::result::Result<Page<SettingsPage>, PageError> {
    let known = known(&app, company.into_inner()).await?;
    let typed = Typed {
        basis: known.basis.clone(),
        ..Typed::of(&known.own, true)
    };
    Ok(Page(
        form_page(&admin, &app, Shown::of(known, typed)).await?,
    ))
}

/// `POST /companies/{company}/settings`: tries the settings out with a dry run and leads to its page. Saves nothing.
///
/// Its other buttons find courses, tick those that show or untick them, and show the form again. So does 409 where somebody
/// else has saved settings since the form was made.
pub async fn try_settings(
    app: Data<App>,
    company: Path<CompanyId>,
    request: HttpRequest,
    submitted: Submitted<Pairs>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = submitted;
    let id = company.into_inner();
    let known = known(&app, id).await?;
    let typed = Typed::read(&form)?;
    let (status, shown) = match tried(&app, &admin, Shown::of(known, typed)).await? {
        Tried::Run(address) => return Ok(see_other(&address).finish()),
        Tried::Again(status, shown) => (status, shown),
    };
    let form = form_page(&admin, &app, *shown).await?;
    Ok(page::with_status(status, &form, &request))
}

/// What came of a form.
enum Tried {
    /// A dry run, to be judged at this address.
    Run(String),
    /// The form is shown again.
    Again(StatusCode, Box<Shown>),
}

async fn tried(app: &Data<App>, admin: &SignedIn, mut shown: Shown) -> Result<Tried> {
    let again = |status, shown| Ok(Tried::Again(status, Box::new(shown)));
    if shown.typed.asks_for_courses() {
        return again(StatusCode::OK, shown);
    }
    let company = shown.known.company.id;
    let checked = settings_lists::checked(app, Some(company), &shown.typed, &shown.known.own);
    let settings = match checked.await? {
        Ok(settings) => settings,
        Err(mistakes) => {
            shown.mistakes = mistakes;
            return again(StatusCode::UNPROCESSABLE_ENTITY, shown);
        }
    };
    if shown.typed.basis != shown.known.basis {
        shown.typed.basis.clone_from(&shown.known.basis);
        shown.is_outdated = true;
        return again(StatusCode::CONFLICT, shown);
    }
    if settings == shown.known.own {
        shown.note = Some(Said::new(
            "Nothing differs from the settings that are saved.",
        ));
        return again(StatusCode::OK, shown);
    }
    let shape = settings.applied_to(shown.known.defaults.clone());
    match dry_run(app, company, shape, admin).await {
        Ok(run) => {
            let address = preview_address(company, &run, &settings, &shown.known.basis);
            Ok(Tried::Run(address))
        }
        Err(Error::Conflict(why)) => {
            shown.note = Some(why);
            again(StatusCode::CONFLICT, shown)
        }
        Err(error) => Err(error),
    }
}

/// Starts a dry run of a whole company with a shape of its own, and waits a little for its end.
pub(super) async fn dry_run(
    app: &Data<App>,
    company: CompanyId,
    shape: Shape,
    admin: &SignedIn,
) -> Result<RunId> {
    let email = admin.session.email.clone();
    let request = Request {
        dry_run: true,
        shape: Some(shape),
        ..Request::of(company, Mode::Full, Trigger::Manual, email)
    };
    let app = app.clone().into_inner();
    let run = sync::start(&app, request).await?.run;
    sync::wait(&app, company, &run, PATIENCE).await?;
    Ok(run)
}

/// Where a trial is judged. The address says which fields are the company's own and what they began from; the run holds
/// their values.
fn preview_address(company: CompanyId, run: &RunId, settings: &Overrides, basis: &str) -> String {
    let own: Vec<&str> = settings.own().into_iter().map(Field::as_str).collect();
    format!(
        "/companies/{company}/settings/preview/{run}?own={}&basis={basis}",
        own.join(",")
    )
}

async fn known(app: &App, id: CompanyId) -> Result<Known> {
    let read = app.db.run(move |conn| {
        Ok(Known {
            company: companies::store::get(conn, id)?.0,
            own: store::own(conn, id)?,
            defaults: store::own(conn, DEFAULTS)?.applied_to(Shape::default()),
            changed: store::last_change(conn, id)?,
            basis: sync::settings::basis(conn, id)?,
            courses: progress::list::courses(conn, id, &progress::States::default())?,
        })
    });
    read.await
}

async fn form_page(admin: &SignedIn, app: &App, shown: Shown) -> Result<SettingsPage> {
    let (known, typed) = (shown.known, shown.typed);
    let reader = Some(admin.session.role);
    let offered = settings_lists::offered(app, Some(known.company.id)).await?;
    let offered = offered.map_err(|error| error_words::said_to(reader, &error));
    let defaults = Some(Defaults::of(&known.defaults, offered.as_ref().ok()));
    let ticks = ticks(&typed, offered, known.courses);
    let fields = Fields {
        typed,
        mistakes: shown.mistakes,
        ticks,
        defaults,
    };
    let (all, off) = (fields.ticks.courses.len(), known.own.courses_off.len());
    let courses = (all.saturating_sub(off), off);
    Ok(SettingsPage {
        glance: glance(app, known.company.id, courses).await?,
        chrome: admin.chrome(Tab::Companies),
        company: known.company,
        changed: known.changed,
        fields,
        note: shown.note,
        is_outdated: shown.is_outdated,
    })
}
