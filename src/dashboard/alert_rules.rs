//! Rules and channels: when alerts open, who is told, by which way; and trying the ways out.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use serde_json::json;

use super::meanwhile::{self, Otherwise};
use super::rules::{self, Rule};
use super::settings_form::Pairs;
use super::typed::{Mistakes, Typed};
use super::{Chrome, Flash, Page, PageError, SignedIn, Submitted, Tab, filters, page, see_other};
use crate::app::App;
use crate::audit;
use crate::db::{Conn, off_thread};
use crate::error::Result;
use crate::language::Said;
use crate::settings::site::{self as stored, Group, Kind as FieldKind, Setting};
use crate::site;
use crate::time::{now, now_ms};
use crate::watch::send::{self, Tested};

/// The groups of settings that this page shows.
const GROUPS: [Group; 4] = [Group::Alerts, Group::Email, Group::Webhook, Group::Rules];

/// The form.
#[derive(Template)]
#[template(path = "alerts/rules.html")]
pub struct RulesPage {
    chrome: Chrome,
    form: Form,
    /// What somebody else has saved since the form was opened.
    otherwise: Vec<Otherwise>,
    changed: Option<(i64, String)>,
    has_password: bool,
    has_secret: bool,
}

/// What came of a test.
#[derive(Template)]
#[template(path = "alerts/tested.html")]
pub struct TestedPage {
    chrome: Chrome,
    by_email: bool,
    tested: Vec<Tested>,
}

/// The fields as they were typed, and what is wrong with them.
pub struct Form {
    typed: Typed,
    mistakes: Mistakes<Said>,
}

impl Form {
    /// What stands in a field.
    fn text(&self, setting: &Setting) -> &str {
        self.typed.text(setting.as_str())
    }

    /// What the store had when the form was made.
    fn seen(&self, setting: &Setting) -> &str {
        self.typed.text(&meanwhile::seen(*setting))
    }

    /// What is wrong with it.
    fn wrong(&self, setting: &Setting) -> Option<&Said> {
        self.mistakes.of(setting.as_str())
    }

    /// The fields that are wrong, for the summary, with what they are called there.
    fn wrongs(&self) -> Vec<(Setting, Said, &Said)> {
        let wrong = |setting: Setting| {
            let why = self.mistakes.of(setting.as_str())?;
            Some((setting, rules::name(setting), why))
        };
        settings().into_iter().filter_map(wrong).collect()
    }

    /// The settings of the groups before the rules.
    fn of(&self, group: Group) -> Vec<Setting> {
        Setting::of(group)
    }

    /// The rules, each for a fieldset.
    fn rules(&self) -> Vec<Rule> {
        rules::all()
    }

    /// What was typed, checked; `None` and notes where something is wrong.
    fn checked(&mut self) -> Option<Vec<(Setting, String)>> {
        let mut wanted = Vec::new();
        for setting in settings() {
            let checked = setting.checked(self.typed.text(setting.as_str()));
            if let Some(value) = self.mistakes.keep(setting.as_str(), checked) {
                wanted.push((setting, value));
            }
        }
        (!self.mistakes.any()).then_some(wanted)
    }
}

fn settings() -> Vec<Setting> {
    GROUPS.into_iter().flat_map(Setting::of).collect()
}

/// `GET /alerts/rules`
pub async fn show_rules(
    admin: SignedIn,
    app: Data<App>,
) -> std::result::Result<Page<RulesPage>, PageError> {
    Ok(Page(known(&admin, &app).await?))
}

/// `POST /alerts/rules`: saves, or keeps what was typed and says what is wrong, or what somebody else has saved meanwhile.
pub async fn save_rules(
    app: Data<App>,
    request: HttpRequest,
    submitted: Submitted<Pairs>,
) -> std::result::Result<HttpResponse, PageError> {
    let Submitted { admin, form } = submitted;
    let mut form = Form {
        typed: Typed::new(form),
        mistakes: Mistakes::none(),
    };
    let Some(wanted) = form.checked() else {
        let shown = RulesPage {
            form,
            ..known(&admin, &app).await?
        };
        return Ok(page::with_status(
            StatusCode::UNPROCESSABLE_ENTITY,
            &shown,
            &request,
        ));
    };
    let (email, typed) = (admin.session.email.clone(), form.typed.clone());
    let change = app.db.change(move |conn| {
        stored::lock(conn)?;
        let otherwise =
            meanwhile::otherwise(&stored::read(conn)?, &settings(), |name| typed.sent(name));
        if !otherwise.is_empty() {
            return Ok(Err(otherwise));
        }
        Ok(Ok(site::change(conn, &wanted, &email, now_ms())?.len()))
    });
    let changed = match change.await? {
        Ok(changed) => changed,
        Err(otherwise) => return again(&admin, &app, &request, form, otherwise).await,
    };
    Ok(see_other("/alerts/rules")
        .cookie(Flash::RulesSaved(changed).cookie(&app))
        .finish())
}

/// The form again: what was typed stays, what somebody else has saved is told, and the next save knows of it.
async fn again(
    admin: &SignedIn,
    app: &App,
    request: &HttpRequest,
    mut form: Form,
    otherwise: Vec<Otherwise>,
) -> std::result::Result<HttpResponse, PageError> {
    for (name, value) in meanwhile::renewed(&otherwise, |name| form.typed.sent(name)) {
        form.typed.set(&name, value);
    }
    let shown = RulesPage {
        form,
        otherwise,
        ..known(admin, app).await?
    };
    Ok(page::with_status(StatusCode::CONFLICT, &shown, request))
}

/// Which way to try out.
#[derive(Debug, Deserialize)]
pub struct Way {
    channel: String,
}

/// `POST /alerts/rules/test`: sends a test by one way, as it is saved, and shows what the other side answered.
pub async fn send_test(
    app: Data<App>,
    submitted: Submitted<Way>,
) -> std::result::Result<Page<TestedPage>, PageError> {
    let Submitted { admin, form } = submitted;
    let by_email = form.channel == "email";
    let (held, by) = (app.db.run(stored::read).await?, admin.session.email.clone());
    let app = app.into_inner();
    let tested = off_thread(move || {
        let tested: Vec<Tested> = match by_email {
            true => send::test_email(&app, &held, &by, now()),
            false => send::test_webhook(&app, &held, &by, now())
                .into_iter()
                .collect(),
        };
        app.db
            .write(|conn| note_test(conn, &form.channel, &by, &tested))?;
        Ok(tested)
    });
    Ok(Page(TestedPage {
        tested: tested.await?,
        chrome: admin.chrome(Tab::AlertRules),
        by_email,
    }))
}

/// Who tried a channel out, and how many took the message, in the audit log.
fn note_test(conn: &mut Conn, channel: &str, by: &str, tested: &[Tested]) -> Result<()> {
    let is_taken = |one: &&Tested| matches!(one.said, Some(Ok(_)));
    let taken = tested.iter().filter(is_taken).count();
    let entry = audit::Entry {
        actor: by,
        company: None,
        action: "test_message_sent",
        subject: if channel == "email" {
            "e-mail"
        } else {
            "webhook"
        },
        before: None,
        after: Some(json!({ "recipients": tested.len(), "taken": taken })),
    };
    audit::record(conn, &entry, now_ms())
}

/// The page as things are saved.
async fn known(admin: &SignedIn, app: &App) -> Result<RulesPage> {
    let read = app.db.run(|conn| {
        let site = stored::read(conn)?;
        Ok((site, stored::last_change(conn, &settings())?))
    });
    let (site, changed) = read.await?;
    let mut typed = Typed::default();
    for setting in settings() {
        typed.set(setting.as_str(), site.text(setting));
        typed.set(&meanwhile::seen(setting), site.text(setting));
    }
    Ok(RulesPage {
        chrome: admin.chrome(Tab::AlertRules),
        form: Form {
            typed,
            mistakes: Mistakes::none(),
        },
        otherwise: Vec::new(),
        changed,
        has_password: app.config.smtp_password.is_some(),
        has_secret: app.config.webhook_secret.is_some(),
    })
}
