-- The dashboard's people and what they keep: roles, second factors, invitations, saved views, alerts, site settings.

-- What an admin may do. A company manager's company_id names the one company they see; all others have none. totp_secret
-- is the second factor's key, encrypted with the instance's key; totp_step the last step it was used for; recovery holds
-- the hashes of the codes that are left, as JSON. zone, language and theme are how pages look for them.
alter table admins add column role text not null default 'admin';
alter table admins add column company_id bigint;
alter table admins add column disabled_at bigint;
alter table admins add column totp_secret text;
alter table admins add column totp_step bigint not null default 0;
alter table admins add column recovery text;
alter table admins add column zone text not null default 'UTC';
alter table admins add column language text not null default 'en';
alter table admins add column theme text not null default 'system';

-- Where a browser signed in from, and when it was seen last: the page of one's sessions.
alter table sessions add column address text not null default '';
alter table sessions add column agent text not null default '';
alter table sessions add column used_at bigint not null default 0;

-- One row per sign-in whose password was right and whose second factor is not there yet. The cookie's value is never
-- stored, only its hash.
create table sign_in_steps (
    hash text primary key not null,
    admin_id bigint not null references admins (id) on delete cascade,
    expires_at bigint not null
) without rowid;

-- One row per link that lets somebody choose a password: a new admin's, or with admin_id one who forgot it. The link's
-- value is never stored, only its hash.
create table invitations (
    hash text primary key not null,
    email text not null,
    role text not null,
    company_id bigint references companies (id),
    admin_id bigint references admins (id) on delete cascade,
    invited_by text not null,
    created_at bigint not null,
    expires_at bigint not null
) without rowid;

-- One row per list of a company's progress that an admin wants to see again: its filters, columns and order.
create table saved_views (
    id integer primary key not null,
    admin_id bigint not null references admins (id) on delete cascade,
    company_id bigint not null references companies (id),
    name text not null,
    query text not null,
    created_at bigint not null,
    unique (admin_id, company_id, name)
);

-- One row per thing that needs somebody: open, acknowledged or closed. subject tells apart what one type can be about (a
-- token, a route); seen counts how often it was found; data holds its numbers as JSON; told is the severity that somebody
-- was last told of, told_at when; note says why it was closed.
create table alerts (
    id integer primary key not null,
    type text not null,
    severity text not null,
    company_id bigint references companies (id),
    subject text not null,
    message text not null,
    data text not null,
    state text not null,
    opened_at bigint not null,
    seen_at bigint not null,
    seen bigint not null,
    acknowledged_at bigint,
    acknowledged_by text,
    closed_at bigint,
    closed_by text,
    told text,
    told_at bigint,
    note text
);
-- At most one alert of a thing is not closed; 0 is the whole site.
create unique index alerts_unclosed on alerts (type, coalesce(company_id, 0), subject) where state <> 'closed';
-- The inbox: newest first.
create index alerts_by_time on alerts (opened_at desc, id desc);

-- One row per message that somebody is owed of an alert: that it opened, or (event) that it is over; next_at is when a
-- failed one is tried again.
create table alert_deliveries (
    id integer primary key not null,
    alert_id bigint not null references alerts (id) on delete cascade,
    event text not null,
    channel text not null,
    target text not null,
    state text not null,
    attempts integer not null,
    detail text not null,
    created_at bigint not null,
    next_at bigint,
    done_at bigint
);
-- The alert's page, and what waits to be sent.
create index alert_deliveries_by_alert on alert_deliveries (alert_id);
create index alert_deliveries_waiting on alert_deliveries (next_at) where next_at is not null;

-- One row per setting of the whole site that somebody has changed; the others have their defaults.
create table site_settings (
    name text primary key not null,
    value text not null,
    changed_at bigint not null,
    changed_by text not null
) without rowid;

-- The page of the audit log: newest first, of one company.
create index audit_log_by_company on audit_log (company_id, at_ms desc, id desc);

-- Overview: completions over time.
create index progress_completions on progress (timecompleted, company_id) where state = 'active' and status = 'completed';
-- API monitor: calls that a limit refused.
create index request_log_refused on request_log (at_ms desc) where status = 429 or error = 'ratelimitexceeded';
-- Overview: what waits for an admin.
create index sync_runs_undecided on sync_runs (requested_at_ms) where state = 'needs_confirmation';
