//! The admin: a browser without script that keeps cookies, follows nothing by itself and sends its forms' tokens.

use alx_report_api::admins::{self, Role};
use alx_report_api::ids::CompanyId;
use alx_report_api::schema;
use alx_report_api::time::now;
use diesel::prelude::*;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, LOCATION};
use url::form_urlencoded;

use super::TestApp;

/// Who signs in in most tests.
pub const EMAIL: &str = "grace@example.com";
/// With which password.
pub const PASSWORD: &str = "a long enough one";

/// A browser.
pub struct Admin {
    client: reqwest::Client,
    url: String,
    csrf: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The page.
    pub body: String,
}

impl Answer {
    /// Where a redirect leads, or an empty text.
    pub fn location(&self) -> &str {
        self.header(LOCATION)
    }

    /// A header, or an empty text.
    pub fn header(&self, name: HeaderName) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("text"))
    }

    /// Every `Set-Cookie`.
    pub fn cookies(&self) -> Vec<&str> {
        let all = self.headers.get_all("set-cookie").iter();
        all.map(|value| value.to_str().expect("text")).collect()
    }

    /// Whether the page says this, with white space taken as one blank.
    pub fn says(&self, text: &str) -> bool {
        let plain = self.body.split_whitespace().collect::<Vec<_>>().join(" ");
        plain.contains(text) || plain.replace("&#39;", "'").contains(text)
    }

    /// What stands between two texts for the first time.
    pub fn between(&self, before: &str, after: &str) -> String {
        let rest = self
            .body
            .split_once(before)
            .unwrap_or_else(|| panic!("no {before} in {}", self.body))
            .1;
        rest.split_once(after).expect("an end").0.to_owned()
    }
}

impl Admin {
    /// A browser that nobody has signed in with.
    pub fn stranger(app: &TestApp) -> Self {
        Self::at(&app.url)
    }

    /// The same at an address.
    pub fn at(url: &str) -> Self {
        let client = reqwest::Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self {
            client,
            url: url.to_owned(),
            csrf: String::new(),
        }
    }

    /// A browser of an admin who has just signed in.
    pub async fn signed_in(app: &TestApp) -> Self {
        Self::register(app).await;
        let mut admin = Self::stranger(app);
        let answer = admin.sign_in(EMAIL, PASSWORD).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        admin
    }

    /// A browser of somebody with a role who has just signed in.
    pub async fn with_role(app: &TestApp, role: Role, company: Option<CompanyId>) -> Self {
        let email = format!("{role}@example.com");
        let made = email.clone();
        let make = app.app.db.change(move |conn| {
            let id = admins::create(conn, &made, PASSWORD, now())?;
            diesel::update(schema::admins::table.find(id))
                .set((
                    schema::admins::role.eq(role),
                    schema::admins::company_id.eq(company),
                ))
                .execute(conn)?;
            Ok(())
        });
        make.await.expect("an admin");
        let mut admin = Self::stranger(app);
        let answer = admin.sign_in(&email, PASSWORD).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        admin
    }

    /// Makes the admin's account, unless it is there.
    pub async fn register(app: &TestApp) {
        let made = app.app.db.change(|conn| {
            if admins::store::find_by_email(conn, EMAIL)?.is_none() {
                admins::create(conn, EMAIL, PASSWORD, now())?;
            }
            Ok(())
        });
        made.await.expect("an admin");
    }

    /// Sends the sign-in form and keeps the token of the new session.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        let answer = self
            .post("/sign-in", &[("email", email), ("password", password)])
            .await;
        self.keep_token(&answer).await;
        answer
    }

    /// Sends the form for the code of a sign-in and keeps the token of the new session.
    pub async fn enter_code(&mut self, code: &str) -> Answer {
        let answer = self.post("/sign-in/code", &[("code", code)]).await;
        self.keep_token(&answer).await;
        answer
    }

    async fn keep_token(&mut self, answer: &Answer) {
        if answer.status == 303 && !answer.location().starts_with("/sign-in") {
            let page = self.get("/account/second-factor").await;
            self.csrf = page.between("name=\"csrf\" value=\"", "\"");
        }
    }

    /// Asks for a page.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.client.get(format!("{}{path}", self.url)))
            .await
    }

    /// Asks for the head of a page or file.
    pub async fn head(&self, path: &str) -> Answer {
        self.send(self.client.head(format!("{}{path}", self.url)))
            .await
    }

    /// Asks with any method.
    pub async fn ask(&self, method: reqwest::Method, path: &str) -> Answer {
        let request = self.client.request(method, format!("{}{path}", self.url));
        self.send(request).await
    }

    /// Asks for a file.
    pub async fn bytes(&self, path: &str) -> Vec<u8> {
        let begun = self.begin(path).await;
        begun.bytes().await.expect("the whole file").to_vec()
    }

    /// Asks for a file and takes its head only.
    pub async fn begin(&self, path: &str) -> reqwest::Response {
        let request = self.client.get(format!("{}{path}", self.url));
        request.send().await.expect("an answer")
    }

    /// Sends a form with the session's token.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(path, &self.csrf, fields, &[]).await
    }

    /// Sends a form with another token, and with headers that browsers add.
    pub async fn post_with(
        &self,
        path: &str,
        csrf: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields).append_pair("csrf", csrf);
        let mut request = self.client.post(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let kind = "application/x-www-form-urlencoded";
        self.send(request.header(CONTENT_TYPE, kind).body(body.finish()))
            .await
    }

    /// Runs a sync through its pages and gives the address of its run.
    pub async fn sync(&self, company: i64, mode: &str) -> String {
        let confirm = self
            .get(&format!(
                "/sync/confirm?company={company}&mode={mode}&hours_back=24"
            ))
            .await;
        let key = confirm.between("name=\"key\" value=\"", "\"");
        let company = company.to_string();
        let hours = if mode == "full" { "" } else { "24" };
        let fields = [
            ("company", company.as_str()),
            ("mode", mode),
            ("hours_back", hours),
            ("key", &key),
        ];
        let started = self.post("/sync", &fields).await;
        assert_eq!(started.status, 303, "{}", started.body);
        started.location().to_owned()
    }

    /// Runs a sync and gives its page.
    pub async fn synced(&self, company: i64, mode: &str) -> Answer {
        self.get(&self.sync(company, mode).await).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.expect("text"),
        }
    }
}
