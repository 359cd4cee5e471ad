//! What an alert can be about: what it is called, what it says, what to do and where.

use crate::ids::CompanyId;
use crate::time::rfc3339;

/// What rules about calls look back on, in seconds.
const HOUR: i64 = 3600;

crate::words! {
    /// What an alert is about. The first nine have the names that the old plugin used.
    Kind {
        /// Calls of the day are used up.
        RateLimit = "rate_limit_exceeded",
        /// Unknown tokens knock.
        FailedAuth = "repeated_failed_auth",
        /// Calls fail.
        ErrorRate = "high_error_rate",
        /// Answers take long.
        SlowResponse = "slow_response_time",
        /// Calls of a company fail.
        CompanyErrors = "company_high_errors",
        /// Calls of an address fail.
        EndpointErrors = "endpoint_high_errors",
        /// A company calls often.
        HighUsage = "high_api_usage",
        /// Calls of the day are nearly used up.
        Quota = "quota_warning",
        /// The latest sync failed.
        SyncFailed = "sync_failed",
        /// Removals wait for somebody.
        GuardWaiting = "guard_waiting",
        /// Nothing was synced for long.
        NoSync = "no_sync",
        /// A token ends.
        TokenExpiring = "token_expiring",
        /// Moodle's database does not answer.
        SourceUnreachable = "source_unreachable",
        /// The disk is nearly full.
        DiskLow = "disk_low",
        /// No copy of the store was made for long.
        BackupOld = "backup_old",
        /// The store answers slowly.
        SlowStore = "slow_store",
    }
}

impl Kind {
    /// What it becomes where it gets worse: an alert of that type about the same company and subject takes its place.
    pub fn grows_into(self) -> Option<Self> {
        (self == Self::Quota).then_some(Self::RateLimit)
    }

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::RateLimit => "Calls of the day used up",
            Self::FailedAuth => "Calls with unknown tokens",
            Self::ErrorRate => "Many calls fail",
            Self::SlowResponse => "Slow answers",
            Self::CompanyErrors => "Many calls of a company fail",
            Self::EndpointErrors => "Many calls of an address fail",
            Self::HighUsage => "Unusually many calls",
            Self::Quota => "Calls of the day nearly used up",
            Self::SyncFailed => "Sync failed",
            Self::GuardWaiting => "Removals wait for confirmation",
            Self::NoSync => "Not synced for long",
            Self::TokenExpiring => "Token ends soon",
            Self::SourceUnreachable => "Moodle cannot be reached",
            Self::DiskLow => "Disk nearly full",
            Self::BackupOld => "No backup for long",
            Self::SlowStore => "The store is slow",
        }
    }

    /// What happened, with a `{name}` for each value.
    pub fn sentence(self, subject: &str) -> &'static str {
        let of_token = subject.starts_with("token:");
        match self {
            Self::RateLimit if of_token => {
                "The token {token} has used all {limit} calls of today. Further calls are refused until midnight."
            }
            Self::RateLimit => {
                "All tokens of the company together have used all {limit} calls of today. Further calls are refused until midnight."
            }
            Self::Quota if of_token => {
                "The token {token} has used {used} of its {limit} calls of today, {percent} %."
            }
            Self::Quota => {
                "All tokens of the company together have used {used} of {limit} calls of today, {percent} %."
            }
            Self::FailedAuth => {
                "{calls} calls of the last hour came with a token that is not known."
            }
            Self::ErrorRate => "{failed} of {calls} calls of the last hour failed, {percent} %.",
            Self::SlowResponse => "One call in twenty of the last hour took longer than {ms} ms.",
            Self::CompanyErrors => {
                "{failed} of {calls} calls of the company failed in the last hour, {percent} %."
            }
            Self::EndpointErrors => {
                "{failed} of {calls} calls of {route} failed in the last hour, {percent} %."
            }
            Self::HighUsage => "The company called {calls} times in the last hour.",
            Self::SyncFailed => "The latest sync failed: {error}",
            Self::GuardWaiting => {
                "A sync would remove {rows} rows at once. It waits for somebody to confirm or reject that."
            }
            Self::NoSync => "The company was not synced for {hours} hours.",
            Self::TokenExpiring => {
                "The token {token} ends in {days} days, and none takes its place."
            }
            Self::SourceUnreachable => "Moodle's database does not answer: {error}",
            Self::DiskLow => "{free} MB of the data folder's disk are free, {percent} %.",
            Self::BackupOld => {
                "The newest backup in the data folder is {days} days old: backups/{name}."
            }
            Self::SlowStore => "The store took {ms} ms to answer, three times in a row.",
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::RateLimit | Self::Quota => {
                "Ask whoever runs the program whether it needs to call so often; following changes costs fewer calls than reading everything. Else raise the limit in the delivery settings."
            }
            Self::FailedAuth => {
                "Most often a program still uses a token that was revoked: the log of calls shows when and which address. Give it a new one. If nobody knows the calls, somebody may be guessing; tokens cannot be guessed, but the proxy in front can shut the door."
            }
            Self::ErrorRate | Self::EndpointErrors => {
                "Look at the failed calls. Errors from 500 on are ours: the server's log has the reason under the request's id. Errors from 400 on are the program's: tell whoever runs it."
            }
            Self::CompanyErrors => {
                "Look at the company's failed calls and tell whoever runs its programs what the errors say."
            }
            Self::SlowResponse => {
                "Look at the slow calls. A sync of a large company or a full disk slows answers for a while; if it stays, look at the server's processor, memory and disk."
            }
            Self::HighUsage => {
                "Look whether one program calls in a loop. A limit of calls per day protects the others."
            }
            Self::SyncFailed => {
                "The run's page says what went wrong. Where Moodle was away, the schedule tries again by itself; everything else needs somebody."
            }
            Self::GuardWaiting => {
                "Look at what would be removed. If Moodle is right, confirm; if not, reject and mend Moodle first."
            }
            Self::NoSync => "Look whether the schedule is paused or its runs fail, and run a sync.",
            Self::TokenExpiring => {
                "Rotate the token: the new one works beside the old one until the program has it."
            }
            Self::SourceUnreachable => {
                "Look whether Moodle's database runs and lets this server in; “alx-report-api check” says more. Programs get the rows of the last sync meanwhile."
            }
            Self::DiskLow => {
                "Make room: old copies of the store in the folder backups, or fewer days of logs. With a full disk nothing can be saved."
            }
            Self::BackupOld => {
                "Make one on the page Health, or by “alx-report-api backup”, and look why the usual ones are not made any more. If you copy the store in another way, switch this rule off."
            }
            Self::SlowStore => {
                "Look at the disk or the database server that the store lies on, and at what else works there now."
            }
        }
    }

    /// The address of the page where it is done. What is about calls leads to those of the hour before it was last seen
    /// (UTC seconds).
    pub fn place(self, company: Option<CompanyId>, subject: &str, seen_at: i64) -> String {
        let own = |rest: &str| match company {
            Some(company) => format!("/companies/{company}{rest}"),
            None => "/".into(),
        };
        let moment = |at| rfc3339(at).unwrap_or_default();
        let (from, to) = (moment(seen_at - HOUR), moment(seen_at + 1));
        let hour = format!("from={from}&to={to}");
        match self {
            Self::RateLimit | Self::Quota => own("/settings/delivery"),
            Self::CompanyErrors => own(&format!("/requests?errors=only&{hour}")),
            Self::HighUsage => own(&format!("/requests?{hour}")),
            Self::FailedAuth => format!("/requests?stranger=only&{hour}"),
            Self::ErrorRate => format!("/requests?errors=only&{hour}"),
            Self::EndpointErrors => {
                let route = url::form_urlencoded::byte_serialize(subject.as_bytes());
                let route: String = route.collect();
                format!("/requests?errors=only&route={route}&part=whole&{hour}")
            }
            Self::SlowResponse => format!("/monitor?sort=duration&{hour}"),
            Self::SyncFailed => match company {
                Some(company) => format!("/sync/history?company={company}"),
                None => "/sync/history".into(),
            },
            Self::GuardWaiting => format!("/sync/runs/{subject}"),
            Self::NoSync => own("/schedule"),
            Self::TokenExpiring => match subject.strip_prefix("token:") {
                Some(token) => own(&format!("/tokens/{token}")),
                None => own(""),
            },
            Self::SourceUnreachable => "/sync/history?state=failed".into(),
            Self::DiskLow | Self::SlowStore => "/health".into(),
            Self::BackupOld => "/health#backups".into(),
        }
    }

    /// What the link to that page says.
    pub fn place_label(self) -> &'static str {
        match self {
            Self::RateLimit | Self::Quota => "Delivery settings of the company",
            Self::CompanyErrors | Self::ErrorRate | Self::EndpointErrors => "The failed calls",
            Self::FailedAuth => "The refused calls",
            Self::HighUsage => "The calls",
            Self::SlowResponse => "The calls of that hour, the slowest first",
            Self::SyncFailed => "The company's syncs",
            Self::GuardWaiting => "The run",
            Self::NoSync => "The schedule",
            Self::TokenExpiring => "The token",
            Self::SourceUnreachable => "Failed syncs",
            Self::DiskLow | Self::SlowStore => "Health of the server",
            Self::BackupOld => "Backups",
        }
    }
}
