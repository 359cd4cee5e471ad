-- Sums of the log of calls, so that a day's numbers need not read a day's calls.

-- One row per company and quarter of an hour in which its programs called; slot is the quarter's beginning, UTC seconds.
-- Company 0 is all calls, also those without a known token. They are kept as long as the calls are.
create table request_sums (
    company_id bigint not null,
    slot bigint not null,
    calls bigint not null,
    errors bigint not null,
    refused bigint not null,
    bytes bigint not null,
    hits bigint not null,
    misses bigint not null,
    last_ms bigint not null,
    primary key (company_id, slot)
);
insert into request_sums (company_id, slot, calls, errors, refused, bytes, hits, misses, last_ms)
    select 0, at_ms / 900000 * 900, count(*), count(case when status >= 400 or error is not null then 1 end),
        count(case when status = 429 or error = 'ratelimitexceeded' then 1 end), sum(bytes),
        count(case when cache = 'hit' then 1 end), count(case when cache <> 'hit' then 1 end), max(at_ms)
    from request_log group by 2;
insert into request_sums (company_id, slot, calls, errors, refused, bytes, hits, misses, last_ms)
    select company_id, at_ms / 900000 * 900, count(*), count(case when status >= 400 or error is not null then 1 end),
        count(case when status = 429 or error = 'ratelimitexceeded' then 1 end), sum(bytes),
        count(case when cache = 'hit' then 1 end), count(case when cache <> 'hit' then 1 end), max(at_ms)
    from request_log where company_id is not null group by 1, 2;

-- What is let go when calls are.
create index request_sums_by_time on request_sums (slot);

-- Overview and API monitor: how long the latest calls took, without reading anything else of them.
drop index request_log_by_time;
create index request_log_by_time on request_log (at_ms desc, id desc, duration_us);
drop index request_log_by_company;
create index request_log_by_company on request_log (company_id, at_ms desc, id desc, duration_us);
-- API monitor: how many calls a limit refused, by company and token.
drop index request_log_refused;
create index request_log_refused on request_log (at_ms desc, company_id, token_id)
    where status = 429 or error = 'ratelimitexceeded';
