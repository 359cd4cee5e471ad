-- What API clients get: how rows are delivered, what tokens may see, quotas, the log of requests, the names of versions.
-- Times are UTC: seconds, or milliseconds where the name ends in _ms.

-- How a company's rows are delivered, as JSON: its own settings over the defaults, ready for each request.
alter table companies add column delivery text not null default '{}';

-- One row per company with delivery settings of its own, and one with company 0 for the defaults.
create table delivery_settings (
    company_id bigint primary key not null,
    overrides text not null,
    changed_at bigint not null,
    changed_by text not null
);

-- The defaults are always there: their row is what changes of settings wait for each other at.
insert into delivery_settings values (0, '{}', 0, '');

-- A token may see some fields only, and from some networks only; null means all. A token that was adopted from Moodle
-- although Moodle refuses it says why (refusal). A token that takes the place of another one names it (replaces).
alter table api_tokens add column fields text;
alter table api_tokens add column networks text;
alter table api_tokens add column refusal text;
alter table api_tokens add column replaces bigint;

-- One row per day on which a token with a limit called, and per company with a limit (token 0). day counts days since
-- 1970-01-01 in the company's zone.
create table quota_days (
    company_id bigint not null references companies (id),
    token_id bigint not null,
    day bigint not null,
    used bigint not null,
    primary key (company_id, token_id, day)
) without rowid;

-- One row per call of the API. It holds nothing about people: no address, no parameters.
create table request_log (
    id integer primary key autoincrement not null,
    at_ms bigint not null,
    company_id bigint,
    token_id bigint,
    method text not null,
    route text not null,
    status integer not null,
    error text,
    rows bigint,
    bytes bigint not null,
    duration_us bigint not null,
    cache text,
    version bigint,
    request_id text not null
);
-- Requests page: the latest calls, of all and of one company.
create index request_log_by_time on request_log (at_ms desc, id desc);
create index request_log_by_company on request_log (company_id, at_ms desc, id desc);

-- One row per version of a company's data: a random name that a restored copy cannot bring back for another version.
create table data_versions (
    company_id bigint not null references companies (id),
    seq bigint not null,
    name text not null,
    published_at bigint not null,
    primary key (company_id, seq)
) without rowid;
insert into data_versions (company_id, seq, name, published_at)
    select company_id, seq, stamp, coalesce(synced_at, 0) from company_state where seq > 0;

-- Changes of a company since a version, in order.
create index progress_by_seq on progress (company_id, seq);
