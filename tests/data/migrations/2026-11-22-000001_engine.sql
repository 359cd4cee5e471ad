-- One row of everything the sync engine keeps.
insert into sync_plan_lines values ('run', 1, 17, 5, 'removed', '{"state":"active"}', '{"state":"left"}');
insert into sync_run_courses values ('run', 5, 'Fire safety', 1, 1, 0, 0, 0);
insert into sync_unread values ('run', 18, 5, 'its completion time is no time');
insert into sync_batches values ('batch', 'full', null, false, 'manual', 'ada@example.com', 1795341720000, 1795342020000);
insert into sync_batch_runs values ('batch', 42, 'run', '');
insert into sync_schedules values (42, 'minutes', 15, 0, 'UTC', 'changes', null, null, 1795342620, 0, 1795341720, 'ada@example.com');
insert into sync_settings values (42, '{}', 1795341720, 'ada@example.com');
insert into erasures values (99, 1795341720, 'ada@example.com', 1, 2);
insert into audit_log (at_ms, actor, company_id, action, subject) values (1795341720000, 'ada@example.com', 42, 'removals_confirmed', 'run');
