-- An older program knows no fields, networks and refusals: a token that has any would open more than it may.
update api_tokens set revoked_at = created_at
    where revoked_at is null and (fields is not null or networks is not null or refusal is not null);
drop index progress_by_seq;
drop table data_versions;
drop table request_log;
drop table quota_days;
alter table api_tokens drop column replaces;
alter table api_tokens drop column refusal;
alter table api_tokens drop column networks;
alter table api_tokens drop column fields;
drop table delivery_settings;
alter table companies drop column delivery;
