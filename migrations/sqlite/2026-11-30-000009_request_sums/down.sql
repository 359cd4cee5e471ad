drop index request_log_refused;
create index request_log_refused on request_log (at_ms desc) where status = 429 or error = 'ratelimitexceeded';
drop index request_log_by_company;
create index request_log_by_company on request_log (company_id, at_ms desc, id desc);
drop index request_log_by_time;
create index request_log_by_time on request_log (at_ms desc, id desc);
drop table request_sums;
