update companies set delivery = (delivery::jsonb - 'cache_minutes')::text;
update delivery_settings set overrides = (overrides::jsonb - 'cache_minutes')::text;
drop index alert_deliveries_by_end;
drop index alert_deliveries_by_state;
drop index alerts_told;
drop index quota_days_by_day;
alter table companies drop column gone;
