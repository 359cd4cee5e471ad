update companies set delivery = json_remove(delivery, '$.cache_minutes');
update delivery_settings set overrides = json_remove(overrides, '$.cache_minutes');
drop index alert_deliveries_by_end;
drop index alert_deliveries_by_state;
drop index alerts_told;
drop index quota_days_by_day;
alter table companies drop column gone;
