//! A client's program: a token, and what comes back for it.

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::{CompanyId, UserId};
use alx_report_api::schema::sync_runs;
use alx_report_api::sync::{self, Mode, RunState, Trigger};
use alx_report_api::time::{now, now_ms};
use alx_report_api::tokens::{NewToken, Scopes, store};
use diesel::prelude::*;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::TestApp;

/// The company most tests are about.
pub const ACME: CompanyId = CompanyId(42);
/// Another company, whose rows ACME's clients must never see.
pub const OTHER: CompanyId = CompanyId(7);
/// When everything in the test Moodle happened: 2025-10-01 09:00:00 UTC.
pub const LONG_AGO: i64 = 1_759_309_200;

/// A Moodle of two companies: three learners in two courses in ACME, one in one in OTHER.
pub fn two_companies(file: &std::path::Path) {
    let fill = |moodle: &mut MoodleBuilder| {
        let fire = moodle.course("Fire safety")?;
        let privacy = moodle.course("Données / Privacy <b>")?;
        moodle.activities(fire, 2)?;
        moodle.activities(privacy, 12)?;
        for (company, name) in [(ACME, "Acme"), (OTHER, "Other")] {
            moodle.company_as(company, name)?;
        }
        moodle.give_course(ACME, fire)?;
        moodle.give_course(ACME, privacy)?;
        moodle.share_course(fire, 1)?;
        for (id, first, last) in [
            (17, "Ada", "Lovelace"),
            (18, "Łukasz", "Kowalski"),
            (21, "Zoë", "D'Arc"),
        ] {
            let user = moodle.user_as(UserId(id), first, last)?;
            moodle.member(ACME, user)?;
            moodle.enrol(user, fire, LONG_AGO)?;
            moodle.enrol(user, privacy, LONG_AGO)?;
        }
        moodle.done(UserId(18), privacy, 5, LONG_AGO)?;
        moodle.complete(UserId(21), fire, LONG_AGO)?;
        let stranger = moodle.user_as(UserId(99), "Secret", "Stranger")?;
        moodle.member(OTHER, stranger)?;
        moodle.enrol(stranger, fire, LONG_AGO)
    };
    let mut moodle = MoodleBuilder::open(file).expect("a new Moodle");
    moodle.all_or_nothing(fill).expect("it is filled");
}

/// Completes the course called `name` for a user, as Moodle would record it now.
pub fn complete(app: &TestApp, user: i64, name: &str) {
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).expect("the test's Moodle");
    let find = format!("select id as number from mdl_course where fullname = '{name}'");
    let course = moodle.number(&find).expect("the course is there");
    moodle
        .complete(UserId(user), alx_report_api::ids::CourseId(course), now())
        .expect("it is completed");
}

/// One token of one company.
#[derive(Clone)]
pub struct Client {
    url: String,
    /// The token's text.
    pub token: String,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A header, empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// A field of every item of a page.
    pub fn each(&self, field: &str) -> Vec<Value> {
        let page = self.json();
        let items = page["items"].as_array().expect("a page");
        items.iter().map(|item| item[field].clone()).collect()
    }
}

impl Client {
    /// A client of a company that Moodle has, with a new token.
    pub async fn new(app: &TestApp, company: CompanyId, scopes: &str) -> Self {
        Self::expiring(app, company, scopes, None).await
    }

    /// A client whose token ends at a time.
    pub async fn expiring(
        app: &TestApp,
        company: CompanyId,
        scopes: &str,
        expires_at: Option<i64>,
    ) -> Self {
        let (shared, scopes): (_, Scopes) = (app.app.clone(), scopes.parse().expect("scopes"));
        let make = move || {
            sync::learn_companies(&shared)?;
            let new = NewToken {
                company,
                name: "test".into(),
                scopes,
                created_by: "test".into(),
                expires_at,
                fields: None,
                networks: None,
            };
            shared
                .db
                .write(|conn| store::create(conn, &shared.key, &new, now()))
        };
        let (token, _) = actix_web::rt::task::spawn_blocking(make)
            .await
            .expect("no panic")
            .expect("a token");
        Self::with_token(app, token.reveal())
    }

    /// A client that sends this as its token.
    pub fn with_token(app: &TestApp, token: &str) -> Self {
        Self {
            url: app.url.clone(),
            token: token.to_owned(),
            http: reqwest::Client::new(),
        }
    }

    /// The same token, sent to another instance.
    pub fn at(&self, app: &TestApp) -> Self {
        self.at_url(&app.url)
    }

    /// The same token, sent to another process.
    pub fn at_url(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..self.clone()
        }
    }

    /// `GET` with the token.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, |request| request).await
    }

    /// `GET` with the token and one more header.
    pub async fn get_with(&self, path: &str, name: &str, value: &str) -> Reply {
        self.send(Method::GET, path, |request| request.header(name, value))
            .await
    }

    /// `GET` without the token in a header.
    pub async fn get_bare(
        &self,
        path: &str,
        change: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Reply {
        let request = self.http.get(format!("{}{path}", self.url));
        answer(change(request)).await
    }

    /// `POST` of JSON with the token.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, |request| request.json(&body))
            .await
    }

    /// Any request with the token.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        change: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Reply {
        let request = self.http.request(method, format!("{}{path}", self.url));
        answer(change(request.bearer_auth(&self.token))).await
    }

    /// `GET` with the token; gives the reply before its body is read.
    pub async fn begin(
        &self,
        path: &str,
        change: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.url));
        let request = change(request.bearer_auth(&self.token));
        request.send().await.expect("an answer")
    }

    /// `POST` of a form to the door of the old plugin, without any header of ours.
    pub async fn legacy(&self, form: &str) -> Reply {
        let request = self
            .http
            .post(format!("{}/webservice/rest/server.php", self.url));
        let kind = "application/x-www-form-urlencoded";
        answer(request.header("content-type", kind).body(form.to_owned())).await
    }

    /// A full sync that must succeed; gives the run.
    pub async fn sync(&self) -> Value {
        let reply = self
            .post("/api/v1/syncs?wait=30", json!({"mode": "full"}))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let run = reply.json();
        assert_eq!(run["statistics"]["success"], true, "{run}");
        run
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Reply {
    let reply = request.send().await.expect("an answer");
    Reply {
        status: reply.status().as_u16(),
        headers: reply.headers().clone(),
        body: reply.text().await.expect("a text"),
    }
}

/// An instance, and a client of ACME that may do everything and has synced once.
pub async fn synced() -> (TestApp, Client) {
    let app = TestApp::with_moodle(two_companies).await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    acme.sync().await;
    (app, acme)
}

/// The id of a run that is planted.
pub fn planted() -> String {
    "b".repeat(32)
}

/// Plants a run that another process is busy with.
pub async fn plant_running(app: &TestApp, dry_run: bool) {
    let busy = move |conn: &mut _| {
        diesel::insert_into(sync_runs::table)
            .values((
                sync_runs::id.eq(planted()),
                sync_runs::company_id.eq(ACME),
                sync_runs::mode.eq(Mode::Full),
                sync_runs::trigger.eq(Trigger::Api),
                sync_runs::requested_by.eq("test"),
                sync_runs::state.eq(RunState::Running),
                sync_runs::dry_run.eq(dry_run),
                sync_runs::requested_at_ms.eq(now_ms()),
                sync_runs::started_at_ms.eq(now_ms()),
                sync_runs::lease_until_ms.eq(now_ms() + 3_600_000),
                sync_runs::runner.eq("another process"),
            ))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.change(busy).await.expect("a run that lasts");
}

/// The parameters that a 400 names.
pub fn bad_names(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, 400, "{}", reply.body);
    assert_eq!(reply.header("content-type"), "application/problem+json");
    let errors = reply.json()["errors"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let name = |error: &Value| error["name"].as_str().unwrap_or_default().to_owned();
    errors.iter().map(name).collect()
}
