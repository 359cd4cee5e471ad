-- What the look for alerts asks every minute, and what it leaves out; how long answers are kept becomes a delivery setting.

-- Whether Moodle did not have the company any more when it was looked at last. It keeps its rows and its history.
alter table companies add column gone boolean not null default false;

-- The look for alerts: the limits of today and yesterday, and what was told within the cool-down.
create index quota_days_by_day on quota_days (day);
create index alerts_told on alerts (told_at) where told_at is not null;
-- Owing a message: how many a recipient has had, and waits for.
create index alert_deliveries_by_state on alert_deliveries (channel, target, state);
create index alert_deliveries_by_end on alert_deliveries (channel, target, done_at);

-- cache_minutes is what holds for a company now; what it says itself stands with its other delivery settings. Until now
-- every company had its own: those that are not the default are said.
insert into delivery_settings (company_id, overrides, changed_at, changed_by)
    select id, '{}', 0, '' from companies where cache_minutes <> 60
    and id not in (select company_id from delivery_settings);
update delivery_settings set overrides = json_set(overrides, '$.cache_minutes',
    (select cache_minutes from companies where id = delivery_settings.company_id))
    where company_id in (select id from companies where cache_minutes <> 60);
update companies set delivery = json_set(delivery, '$.cache_minutes', cache_minutes) where cache_minutes <> 60;
