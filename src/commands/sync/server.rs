//! Through the server: a token of an hour, the server's own API, and nothing beside it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use super::{Wish, learn};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{CompanyId, RunId, random_hex};
use crate::language::Said;
use crate::time::now;
use crate::tokens::{self, NewToken, OUR_COMMAND, Scope};

/// How long a token opens anything, even where nobody could revoke it.
const TOKEN_SECONDS: i64 = 3600;
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);
/// How often to look whether a run has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(300);
/// How long a server may be away while a run is waited for: it may be starting again.
const AWAY: Duration = Duration::from_secs(30);
/// How long the count of the purge may take after a run's end.
const COUNTING: Duration = Duration::from_secs(3);

/// A server and the way into it.
pub struct Server {
    app: Arc<App>,
    address: String,
    agent: Agent,
}

impl Server {
    /// The server at an address.
    pub fn new(app: &Arc<App>, address: String) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(ANSWER))
            .build();
        Self {
            app: app.clone(),
            address,
            agent: config.into(),
        }
    }

    /// Asks for a run.
    pub fn ask(&self, company: CompanyId, wish: Wish) -> Result<RunId> {
        learn(&self.app, company)?;
        let token = Token::make(&self.app, company)?;
        let mut body = json!({"mode": wish.mode, "dry_run": wish.dry_run});
        if let Some(hours) = wish.hours_back {
            body["hours_back"] = json!(hours);
        }
        let asked = self
            .agent
            .post(format!("{}/api/v1/syncs", self.address))
            .header("authorization", token.bearer())
            .header("idempotency-key", random_hex::<16>())
            .send_json(&body);
        let run = self.answer(asked)?;
        let id = run["id"].as_str().ok_or_else(|| self.strange("no run"))?;
        Ok(RunId(id.to_owned()))
    }

    /// The run when it has ended or time is up, as the API writes it.
    pub fn end(&self, company: CompanyId, run: &RunId, until: Option<Instant>) -> Result<Value> {
        let mut token = Token::make(&self.app, company)?;
        let (mut heard, mut ended) = (Instant::now(), None);
        loop {
            if token.is_old() {
                token = Token::make(&self.app, company)?;
            }
            let asked = self
                .agent
                .get(format!("{}/api/v1/syncs/{run}", self.address))
                .header("authorization", token.bearer())
                .call();
            match asked {
                Err(_) if heard.elapsed() < AWAY => {}
                asked => {
                    let run = self.answer(asked)?;
                    heard = Instant::now();
                    let lasts = run["state"] == "queued" || run["state"] == "running";
                    let end = (!lasts).then(|| *ended.get_or_insert(heard));
                    let counted =
                        run["dry_run"] == true || !run["statistics"]["cache_cleared"].is_null();
                    let late = until.is_some_and(|until| heard >= until);
                    if late || end.is_some_and(|end| counted || end.elapsed() > COUNTING) {
                        return Ok(run);
                    }
                }
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn answer(
        &self,
        asked: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Value> {
        let mut response = asked.map_err(|cause| self.unreachable(&cause))?;
        let status = response.status().as_u16();
        let read = response.body_mut().read_json::<Value>();
        let body = read.map_err(|cause| self.strange(&cause.to_string()))?;
        let detail = || body["detail"].as_str().unwrap_or_default().to_owned();
        match status {
            200 | 202 => Ok(body),
            401 => Err(self.strange("it does not use this store")),
            404 => Err(Error::NotFound("the company or its run")),
            409 => Err(Error::Conflict(Said::brought(detail()))),
            _ => Err(Error::Conflict(
                Said::new("the server refused with {status}: {why}")
                    .with("status", status.to_string())
                    .with("why", detail()),
            )),
        }
    }

    fn unreachable(&self, cause: &ureq::Error) -> Error {
        Error::Setup(format!(
            "a server uses this store, but it does not answer at {}: {cause}. Start it again, or stop it, and run \
             this again",
            self.address
        ))
    }

    fn strange(&self, why: &str) -> Error {
        Error::Setup(format!(
            "what answers at {} is not the server of this store: {why}. Start the server again, or stop it, and run \
             this again",
            self.address
        ))
    }
}

/// A token for one company, revoked when it is dropped, also on errors.
struct Token {
    app: Arc<App>,
    company: CompanyId,
    token: tokens::Token,
    bearer: String,
}

impl Token {
    fn make(app: &Arc<App>, company: CompanyId) -> Result<Self> {
        let scopes = [Scope::Read, Scope::Sync].into_iter().collect();
        let new = NewToken {
            expires_at: Some(now() + TOKEN_SECONDS),
            ..NewToken::of(company, OUR_COMMAND, scopes, OUR_COMMAND)
        };
        let (text, token) = app.db.write(|conn| {
            tokens::store::forget_ended(conn, company, OUR_COMMAND, now())?;
            tokens::store::create(conn, &app.key, &new, now())
        })?;
        Ok(Self {
            app: app.clone(),
            company,
            token,
            bearer: format!("Bearer {}", text.reveal()),
        })
    }

    fn bearer(&self) -> &str {
        &self.bearer
    }

    fn is_old(&self) -> bool {
        now() > self.token.created_at + TOKEN_SECONDS / 2
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let (company, id) = (self.company, self.token.id);
        let revoked = self
            .app
            .db
            .write(|conn| tokens::store::revoke(conn, company, id, now()));
        if let Err(error) = revoked {
            log::warn!("a token was not revoked; it ends within an hour: {error}");
        }
    }
}
