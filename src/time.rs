//! Moments: UTC seconds or milliseconds, and how they are written.

pub mod buckets;
pub mod day;

use chrono::{DateTime, SecondsFormat, Utc};

/// Now, in UTC seconds.
pub fn now() -> i64 {
    Utc::now().timestamp()
}

/// Now, in UTC milliseconds.
pub fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}

/// UTC seconds as RFC 3339, such as `2026-11-22T10:42:00Z`; `None` beyond the years that it can write.
pub fn rfc3339(seconds: i64) -> Option<String> {
    let moment = DateTime::<Utc>::from_timestamp(seconds, 0)?;
    (0..10_000)
        .contains(&chrono::Datelike::year(&moment))
        .then(|| moment.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// UTC milliseconds as RFC 3339 with milliseconds.
pub fn rfc3339_ms(milliseconds: i64) -> Option<String> {
    Some(
        DateTime::<Utc>::from_timestamp_millis(milliseconds)?
            .to_rfc3339_opts(SecondsFormat::Millis, true),
    )
}
