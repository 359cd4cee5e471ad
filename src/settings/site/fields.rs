//! Every setting of the site: what it is called, what it may be, and what it is while nobody says otherwise.

use super::Kind;

/// What a form needs to know of a setting. Label and help are texts of the source: show them through `t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The part of the settings it belongs to.
    pub group: Group,
    /// What it is called.
    pub label: &'static str,
    /// What it does, in a sentence.
    pub help: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is while nobody says otherwise, as a form would send it.
    pub default: &'static str,
}

impl Field {
    /// The default of a number.
    pub fn default_number(&self) -> i64 {
        self.default.parse().unwrap_or(0)
    }
}

/// A part of the settings: one page or fieldset shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Whether anybody is told, who, and how often.
    Alerts,
    /// The way to the mail server.
    Email,
    /// The way to a program that takes alerts.
    Webhook,
    /// When alerts open.
    Rules,
    /// How long things are kept.
    Keeping,
    /// What a sign-in needs.
    SignIn,
    /// What holds for every sync.
    Syncs,
}

crate::words! {
    /// A setting of the whole site, by the name that the store has for it.
    Setting {
        /// Whether anything is looked for.
        AlertsOn = "alerts_on",
        /// Whether alerts are told by e-mail.
        AlertsEmail = "alerts_email",
        /// Whether alerts are told to the webhook.
        AlertsWebhook = "alerts_webhook",
        /// From which severity on somebody is told.
        AlertsThreshold = "alerts_threshold",
        /// Who is told by e-mail.
        AlertsRecipients = "alerts_recipients",
        /// How long after a message the next of the same type and company waits.
        AlertsCooldownMinutes = "alerts_cooldown_minutes",
        /// Whether those who were told of an alert are told that it is over.
        AlertsOver = "alerts_over",
        /// Most messages of a channel within an hour.
        AlertsPerHour = "alerts_per_hour",

        /// The mail server.
        SmtpHost = "smtp_host",
        /// Its port.
        SmtpPort = "smtp_port",
        /// How the way to it is protected.
        SmtpSecurity = "smtp_security",
        /// The name to sign in with.
        SmtpUser = "smtp_user",
        /// Whose name messages carry.
        SmtpFrom = "smtp_from",

        /// Where alerts are posted to.
        WebhookUrl = "webhook_url",

        /// Whether the rule looks.
        RateLimit = "rule_rate_limit_exceeded",
        /// Whether the rule looks.
        Quota = "rule_quota_warning",
        /// Per cent of a limit: low.
        QuotaLowPercent = "rule_quota_low_percent",
        /// Per cent of a limit: medium.
        QuotaMediumPercent = "rule_quota_medium_percent",
        /// Whether the rule looks.
        FailedAuth = "rule_repeated_failed_auth",
        /// Refusals within an hour: high.
        FailedAuthPerHour = "rule_failed_auth_per_hour",
        /// Whether the rule looks.
        ErrorRate = "rule_high_error_rate",
        /// Failed calls per hundred: high.
        ErrorRateHighPercent = "rule_error_rate_high_percent",
        /// Failed calls per hundred: critical.
        ErrorRateCriticalPercent = "rule_error_rate_critical_percent",
        /// Calls within the hour below which a rate says nothing.
        ErrorRateLeastCalls = "rule_error_rate_least_calls",
        /// Whether the rule looks.
        SlowResponse = "rule_slow_response_time",
        /// Milliseconds: medium.
        SlowMediumMs = "rule_slow_medium_ms",
        /// Milliseconds: critical.
        SlowCriticalMs = "rule_slow_critical_ms",
        /// Whether the rule looks.
        CompanyErrors = "rule_company_high_errors",
        /// Failed calls per hundred: medium.
        CompanyErrorsPercent = "rule_company_errors_percent",
        /// Whether the rule looks.
        EndpointErrors = "rule_endpoint_high_errors",
        /// Failed calls per hundred: medium.
        EndpointMediumPercent = "rule_endpoint_medium_percent",
        /// Failed calls per hundred: high.
        EndpointHighPercent = "rule_endpoint_high_percent",
        /// Whether the rule looks.
        HighUsage = "rule_high_api_usage",
        /// Calls of a company within an hour: medium.
        HighUsagePerHour = "rule_high_usage_per_hour",
        /// Whether the rule looks.
        SyncFailed = "rule_sync_failed",
        /// Whether the rule looks.
        GuardWaiting = "rule_guard_waiting",
        /// Whether the rule looks.
        NoSync = "rule_no_sync",
        /// Hours without a sync: high.
        NoSyncHours = "rule_no_sync_hours",
        /// Whether the rule looks.
        TokenExpiring = "rule_token_expiring",
        /// Days left: low.
        TokenLowDays = "rule_token_low_days",
        /// Days left: medium.
        TokenMediumDays = "rule_token_medium_days",
        /// Whether the rule looks.
        SourceUnreachable = "rule_source_unreachable",
        /// Whether the rule looks.
        DiskLow = "rule_disk_low",
        /// Per cent that are free: high.
        DiskFreePercent = "rule_disk_free_percent",
        /// Megabytes that are free: high.
        DiskFreeMegabytes = "rule_disk_free_megabytes",
        /// Whether the rule looks.
        BackupOld = "rule_backup_old",
        /// Days since the newest backup: medium.
        BackupOldDays = "rule_backup_old_days",
        /// Whether the rule looks.
        SlowStore = "rule_slow_store",
        /// Milliseconds: medium.
        StoreMediumMs = "rule_store_medium_ms",
        /// Milliseconds: high.
        StoreHighMs = "rule_store_high_ms",

        /// Days that calls are kept. Read it by [`crate::settings::keeping`]: the operator may have set it.
        RequestsDays = "requests_days",
        /// Days that lines of the change log are kept; the same holds.
        ChangesDays = "changes_days",
        /// Days that closed alerts are kept, with the messages about them.
        AlertsDays = "alerts_days",
        /// Days that entries of the audit log are kept.
        AuditDays = "audit_days",
        /// Days that the audit log keeps who signed in, out or failed to, and from where.
        SignInsDays = "sign_ins_days",
        /// Copies that the page Health keeps of those made there.
        BackupsKept = "backups_kept",

        /// Who must have a second factor.
        SecondFactorFor = "second_factor_for",

        /// Most seconds of one sync; 0 is no limit.
        LongestSync = "sync_seconds",
    }
}

impl Setting {
    /// What a form needs to know of it.
    #[rustfmt::skip]
    pub fn field(self) -> Field {
        match self {
            Self::AlertsOn => switch(Group::Alerts, "Look for problems", "Every minute. Off: nothing opens, and what is open stays as it is.", "on"),
            Self::AlertsEmail => switch(Group::Alerts, "Tell by e-mail", "Needs a mail server and at least one recipient.", "off"),
            Self::AlertsWebhook => switch(Group::Alerts, "Tell the webhook", "Needs an address.", "off"),
            Self::AlertsThreshold => field(Group::Alerts, "Tell from this severity on", "Alerts below it are in the inbox only.", Kind::Choice(&["low", "medium", "high", "critical"]), "medium"),
            Self::AlertsRecipients => field(Group::Alerts, "Recipients", "E-mail addresses, one per line or with commas between. Nobody else is ever told.", Kind::Emails, ""),
            Self::AlertsCooldownMinutes => number(Group::Alerts, "Cool-down", "So long after a message, no other of the same type about the same company is sent, unless it is more severe.", 5, 1440, "minutes", "60"),
            Self::AlertsOver => switch(Group::Alerts, "Tell when it is over", "Whoever got a message about an alert gets another one when it closes by itself.", "on"),
            Self::AlertsPerHour => number(Group::Alerts, "Most messages per hour, channel and recipient", "What is more is told in one message when there is room again.", 1, 1000, "messages", "20"),

            Self::SmtpHost => field(Group::Email, "Mail server", "Its name or address.", Kind::Host, ""),
            Self::SmtpPort => number(Group::Email, "Port", "Usually 587 for STARTTLS, 465 for TLS, 25 for none.", 1, 65_535, "", "587"),
            Self::SmtpSecurity => field(Group::Email, "Protection", "With starttls and tls nothing is sent where the server's certificate does not hold. With none, everything can be read on the way.", Kind::Choice(&["starttls", "tls", "none"]), "starttls"),
            Self::SmtpUser => field(Group::Email, "User name", "Empty: the server asks for none. The password comes from ALX_SMTP_PASSWORD.", Kind::Line(200), ""),
            Self::SmtpFrom => field(Group::Email, "sender|From", "The address that messages come from.", Kind::Email, ""),

            Self::WebhookUrl => field(Group::Webhook, "Address", "Alerts are posted there as JSON, signed with ALX_WEBHOOK_SECRET.", Kind::Web, ""),

            Self::RateLimit => rule("A token or a company has used up its calls of the day.", "on"),
            Self::Quota => rule("A token or a company has used most of its calls of the day.", "on"),
            Self::QuotaLowPercent => number(Group::Rules, "Low from", "Of the calls of the day.", 1, 99, "%", "80"),
            Self::QuotaMediumPercent => number(Group::Rules, "Medium from", "Of the calls of the day.", 1, 99, "%", "95"),
            Self::FailedAuth => rule("Calls come with tokens that are not known.", "on"),
            Self::FailedAuthPerHour => number(Group::Rules, "High from", "Refused calls of the last hour, of the whole site.", 1, 1_000_000, "calls", "10"),
            Self::ErrorRate => rule("Too many calls of the whole site fail.", "on"),
            Self::ErrorRateHighPercent => number(Group::Rules, "High above", "Of the calls of the last hour.", 0, 99, "%", "10"),
            Self::ErrorRateCriticalPercent => number(Group::Rules, "Critical above", "Of the calls of the last hour.", 0, 99, "%", "25"),
            Self::ErrorRateLeastCalls => number(Group::Rules, "From this many calls on", "With fewer calls in the last hour a share says nothing, unless all calls of a company failed, three or more. It holds for the rules about companies and addresses too.", 1, 1_000_000, "calls", "20"),
            Self::SlowResponse => rule("The slowest twentieth of the answers takes too long.", "on"),
            Self::SlowMediumMs => number(Group::Rules, "Medium above", "What 95 of 100 calls of the last hour keep below.", 1, 600_000, "ms", "2000"),
            Self::SlowCriticalMs => number(Group::Rules, "Critical above", "What 95 of 100 calls of the last hour keep below.", 1, 600_000, "ms", "5000"),
            Self::CompanyErrors => rule("Too many calls of one company fail.", "on"),
            Self::CompanyErrorsPercent => number(Group::Rules, "Medium above", "Of the company's calls of the last hour.", 0, 99, "%", "20"),
            Self::EndpointErrors => rule("Too many calls of one address fail.", "on"),
            Self::EndpointMediumPercent => number(Group::Rules, "Medium above", "Of the calls of the last hour.", 0, 99, "%", "15"),
            Self::EndpointHighPercent => number(Group::Rules, "High above", "Of the calls of the last hour.", 0, 99, "%", "30"),
            Self::HighUsage => rule("A company calls unusually often.", "on"),
            Self::HighUsagePerHour => number(Group::Rules, "Medium above", "Calls of one company within the last hour.", 1, 10_000_000, "calls", "200"),
            Self::SyncFailed => rule("The latest sync of a company failed.", "on"),
            Self::GuardWaiting => rule("A sync would remove unusually many rows and waits for somebody to confirm.", "on"),
            Self::NoSync => rule("A company was not synced for too long.", "on"),
            Self::NoSyncHours => number(Group::Rules, "High after", "Without a successful sync.", 1, 8760, "hours", "26"),
            Self::TokenExpiring => rule("A token ends soon.", "on"),
            Self::TokenLowDays => number(Group::Rules, "Low from", "Before it ends.", 1, 365, "days", "30"),
            Self::TokenMediumDays => number(Group::Rules, "Medium from", "Before it ends.", 1, 365, "days", "7"),
            Self::SourceUnreachable => rule("Moodle's database does not answer.", "on"),
            Self::DiskLow => rule("The disk of the data folder is nearly full.", "on"),
            Self::DiskFreePercent => number(Group::Rules, "High below this share", "Share of the disk that is free.", 0, 90, "%", "10"),
            Self::DiskFreeMegabytes => number(Group::Rules, "High below this free space", "That are free.", 0, 10_000_000, "MB", "1024"),
            Self::BackupOld => rule("Backups were made, and none for too long. Where nobody ever made one it stays silent: the page Health says so.", "on"),
            Self::BackupOldDays => number(Group::Rules, "Medium after", "Since the newest backup in the data folder.", 1, 365, "days", "8"),

            Self::SlowStore => rule("The store of this server answers slowly.", "on"),
            Self::StoreMediumMs => number(Group::Rules, "Medium above", "What each of three answers of the store takes, one after another.", 0, 60_000, "ms", "200"),
            Self::StoreHighMs => number(Group::Rules, "High above", "What each of three answers of the store takes, one after another.", 0, 60_000, "ms", "1000"),

            Self::RequestsDays => number(Group::Keeping, "Log of API calls", "Older calls are let go once a day; 0 keeps them for ever.", 0, 36_500, "days", "90"),
            Self::ChangesDays => number(Group::Keeping, "Change log", "Older lines, which say what each sync did to each row, are let go once a day; 0 keeps them for ever. The syncs and their counts stay.", 0, 36_500, "days", "400"),
            Self::AlertsDays => number(Group::Keeping, "Closed alerts", "Alerts that were closed longer ago are let go once a day, with the messages about them and whom they went to; 0 keeps them for ever. Open ones stay.", 0, 36_500, "days", "400"),
            Self::AuditDays => number(Group::Keeping, "Audit log", "Older entries, which say what people did, with what was before and after, are let go once a day.", 30, 36_500, "days", "1095"),
            Self::SignInsDays => number(Group::Keeping, "Sign-ins in the audit log", "Who signed in, signed out or failed to, and from which address, is let go earlier than the rest of the audit log.", 7, 36_500, "days", "180"),
            Self::BackupsKept => number(Group::Keeping, "Backups", "Of the copies that are made on the page Health so many stay; the oldest is removed when a new one is made, and the page says so. 0 keeps all.", 0, 1000, "copies", "10"),

            Self::SecondFactorFor => field(Group::SignIn, "Who must have a second factor", "Whoever must and has none is led to set it up after the next click; nothing else opens for them before.", Kind::Choice(&["nobody", "admins", "everybody"]), "nobody"),

            Self::LongestSync => number(Group::Syncs, "Longest sync", "A sync that takes longer ends as failed and changes nothing, and its schedule tries again. 0 is no limit.", 0, 86_400, "seconds", "0"),
        }
    }

    /// The value as it is stored, or a sentence that says what is wrong with it.
    pub fn checked(self, typed: &str) -> Result<String, crate::language::Said> {
        self.field().kind.checked(typed)
    }

    /// Those of a group, in the order of a form.
    pub fn of(group: Group) -> Vec<Self> {
        let all = Self::ALL.iter().copied();
        all.filter(|setting| setting.field().group == group)
            .collect()
    }
}

fn field(
    group: Group,
    label: &'static str,
    help: &'static str,
    kind: Kind,
    default: &'static str,
) -> Field {
    Field {
        group,
        label,
        help,
        kind,
        default,
    }
}

fn switch(group: Group, label: &'static str, help: &'static str, default: &'static str) -> Field {
    field(group, label, help, Kind::Switch, default)
}

fn rule(help: &'static str, default: &'static str) -> Field {
    field(Group::Rules, "Look for this", help, Kind::Switch, default)
}

#[rustfmt::skip]
#[expect(clippy::too_many_arguments, reason = "one line of a table")]
fn number(group: Group, label: &'static str, help: &'static str, least: i64, most: i64, unit: &'static str, default: &'static str) -> Field {
    field(group, label, help, Kind::Number(least, most, unit), default)
}
