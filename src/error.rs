//! What can go wrong, named by what the caller can do about it.

use thiserror::Error;

use crate::language::Said;

/// The result of everything below the doors.
pub type Result<T> = std::result::Result<T, Error>;

crate::words! {
    /// Why a cursor of changes cannot be followed any further.
    Resync {
        /// It is older than changes are kept for.
        Expired = "expired",
        /// Rows show other fields than those that it was handed out with.
        ViewChanged = "view-changed",
        /// The store does not have the version that it was handed out with: it was put back from a copy.
        StoreRestored = "store-restored",
    }
}

/// One failure. The text is safe to show; the source is for the log.
#[derive(Debug, Error)]
pub enum Error {
    /// 404: there is no such thing, or not for this caller.
    #[error("{0} was not found")]
    NotFound(&'static str),
    /// 400: the input says what is wrong with it.
    #[error("{0}")]
    Invalid(Said),
    /// 409: the request contradicts what is stored.
    #[error("{0}")]
    Conflict(Said),
    /// 422: an idempotency key was used for another request.
    #[error("this Idempotency-Key was used with another payload")]
    KeyReused,
    /// 410: what a run changed, or would have changed, is not kept any more.
    #[error("the lines of this run are not kept any more; the run and its counts stay")]
    LinesLetGo,
    /// 409: another commit came between a run's reading and its writing.
    #[error("the company's data or settings changed meanwhile; run it again")]
    Moved,
    /// 410: what a client holds cannot be brought up to date; it has to read everything again.
    #[error(
        "changes cannot be followed from this cursor ({0}); read all rows again and go on from there"
    )]
    Resync(Resync),
    /// 409: somebody cancelled the run.
    #[error("the sync was cancelled")]
    Cancelled,
    /// 503: Moodle's database does not answer.
    #[error("the Moodle database cannot be reached: {0}")]
    MoodleUnavailable(Said),
    /// 502: Moodle's database answers, but not as a Moodle with IOMAD does.
    #[error("the Moodle database cannot be read: {0}")]
    MoodleUnreadable(Said),
    /// 503: no address of a Moodle database is configured.
    #[error("no Moodle database is configured; set ALX_MOODLE_URL")]
    MoodleNotConfigured,
    /// 503: the store does not answer.
    #[error("the store cannot be reached")]
    StoreUnavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// 503: the store answers, but refuses; the log says why.
    #[error("the store reported an error")]
    Store(#[from] diesel::result::Error),
    /// The configuration or the machine is not as it must be; the text says what to change.
    #[error("{0}")]
    Setup(String),
    /// 500: a file or thread of this machine failed.
    #[error("the machine reported an error: {0}")]
    Machine(#[from] std::io::Error),
}

impl Error {
    /// The text without anything about the operator's machines: for those who only read a company's data.
    pub fn in_public(&self) -> String {
        match self {
            Self::MoodleUnavailable(_) => "the Moodle database cannot be reached".into(),
            Self::MoodleUnreadable(_) => "the Moodle database cannot be read".into(),
            Self::Setup(_) | Self::Machine(_) => {
                "the server is not as it must be; its log says more".into()
            }
            other => other.to_string(),
        }
    }

    /// The store is out of reach, with the reason for the log.
    pub fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::StoreUnavailable(Box::new(cause))
    }
}

/// An error with everything that led to it, in one line: for the log and for operators.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let said = deeper.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = deeper.source();
    }
    text
}

/// Turns a missing row into [`Error::NotFound`].
pub trait OrNotFound<T> {
    /// The value, or an error that names what is missing.
    fn or_not_found(self, what: &'static str) -> Result<T>;
}

impl<T> OrNotFound<T> for Option<T> {
    fn or_not_found(self, what: &'static str) -> Result<T> {
        self.ok_or(Error::NotFound(what))
    }
}
