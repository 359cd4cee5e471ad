//! What one request of a program is about, noted while it is answered: for the limits and the log of requests.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::HttpMessage as _;
use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, HeaderValue};

use super::ApiError;
use crate::app::App;
use crate::error::Result;
use crate::ids::{CompanyId, TokenId};
use crate::requests::{Limits, Standing, Taken};
use crate::time::now;

/// The id that the reply to a request carries.
#[derive(Debug, Clone)]
pub struct RequestId(pub HeaderValue);

/// The id that the reply to a request carries.
pub fn id_of(request: &HttpRequest) -> Option<String> {
    let id = request.extensions().get::<RequestId>().cloned();
    id.and_then(|RequestId(id)| id.to_str().map(str::to_owned).ok())
}

/// One call. Cloning shares what is noted.
#[derive(Debug, Clone, Default)]
pub struct Call(Rc<RefCell<Known>>);

/// What is known of a call so far.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The company of its token.
    pub company: Option<CompanyId>,
    /// Its token.
    pub token: Option<TokenId>,
    /// What its token may call; `None` until the token may call at all.
    pub limits: Option<Limits>,
    /// Whether it was counted, and when.
    pub counted_at: Option<i64>,
    /// How its limit stood then.
    pub standing: Option<Standing>,
    /// Rows in its answer, where all of it is there.
    pub rows: Option<i64>,
    /// Rows in its answer so far, where it is written while it is sent.
    pub streamed: Option<Arc<AtomicI64>>,
    /// The data version that the answer shows.
    pub version: Option<i64>,
    /// What was wrong with it, where its status does not tell.
    pub error: Option<&'static str>,
    /// Headers that its reply carries, whatever it is, unless its handler set them.
    pub told: Vec<(HeaderName, HeaderValue)>,
}

impl Known {
    /// Rows in its answer, as far as it was made.
    pub fn rows(&self) -> Option<i64> {
        let so_far = |rows: &Arc<AtomicI64>| rows.load(Ordering::Relaxed);
        self.rows.or_else(|| self.streamed.as_ref().map(so_far))
    }
}

impl Call {
    /// The call that a request is.
    pub fn of(request: &HttpRequest) -> Self {
        let known = request.extensions().get::<Self>().cloned();
        known.unwrap_or_else(|| {
            let new = Self::default();
            request.extensions_mut().insert(new.clone());
            new
        })
    }

    /// Notes something.
    pub fn note(&self, note: impl FnOnce(&mut Known)) {
        note(&mut self.0.borrow_mut());
    }

    /// What is known now.
    pub fn known(&self) -> Known {
        self.0.borrow().clone()
    }

    /// Counts the call once, or refuses it where a limit is used up.
    pub async fn admit(&self, app: &Arc<App>) -> std::result::Result<(), ApiError> {
        let known = self.known();
        let Some(limits) = known.limits.filter(|_| known.counted_at.is_none()) else {
            return Ok(());
        };
        let at = now();
        let place = app.lanes.count(limits.company).await;
        let place = place.ok_or(ApiError::Busy)?;
        match app.quota.take(&app.db, limits, at, place).await? {
            Taken::Granted(standing) => {
                self.note(|known| (known.counted_at, known.standing) = (Some(at), standing));
                Ok(())
            }
            Taken::Spent(standing) => {
                self.note(|known| known.standing = Some(standing));
                Err(ApiError::LimitReached(standing))
            }
        }
    }

    /// Counts a call that was wrong in itself, and takes back the count of one that costs nothing after all. `status` is
    /// what it is answered with.
    pub async fn settle(&self, app: &Arc<App>, status: u16, wrong: bool) -> Result<()> {
        let known = self.known();
        let Some(limits) = known.limits else {
            return Ok(());
        };
        match known.counted_at {
            Some(at) if !is_theirs(status) => {
                let place = app.lanes.settle(limits.company).await;
                app.quota.give_back(&app.db, limits, at, place).await?;
            }
            // A call that its limit refused has noted how the limit stands.
            None if wrong && is_theirs(status) && known.standing.is_none() => {
                let (at, place) = (now(), app.lanes.settle(limits.company).await);
                match app.quota.take(&app.db, limits, at, place).await? {
                    Taken::Granted(standing) => self.note(|known| {
                        (known.counted_at, known.standing) = (Some(at), standing);
                    }),
                    Taken::Spent(standing) => self.note(|known| known.standing = Some(standing)),
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether an answer of this status is the caller's to pay: neither what they have already (304), nor a method that there is
/// not (405), nor a refusal (429), nor a failure of ours. 501 says that they asked for what is not offered.
fn is_theirs(status: u16) -> bool {
    (status < 500 || status == 501) && ![304, 405, 429].contains(&status)
}
