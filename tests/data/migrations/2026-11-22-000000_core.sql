-- One row of everything, as a store in use has it.
insert into companies (id, name, shortname, suspended, cache_minutes) values (42, 'Béta & Söhne', 'beta', false, 60);
insert into company_state (company_id, seq, stamp, synced_at, run_id, learners, courses, enrolments, completed, in_progress)
    values (42, 1, '00112233445566778899aabbccddeeff', 1795341720, 'run', 1, 1, 1, 1, 0);
insert into progress values (42, 17, 5, 'api', 'User 17', 'u17@example.com', 'u17', 'Fire safety', 'completed', 100,
    1795341600, 1795341000, 1795340000, 'active', 1, 1, 1795341720);
insert into sync_runs (id, company_id, mode, trigger, requested_by, state, requested_at_ms)
    values ('run', 42, 'full', 'manual', 'ada@example.com', 'succeeded', 1795341720000);
insert into sync_keys (id, run_id, mode) values ('key', 'run', 'full');
insert into sync_changes values (42, 1, 'run', 17, 5, 'added', null, '{"status":"completed"}');
insert into api_tokens (company_id, name, prefix, hash, scopes, created_at, created_by)
    values (42, 'bi', 'alx_012345', 'hash', 'read', 1795341720, 'ada@example.com');
insert into admins (email, password_hash, created_at) values ('ada@example.com', 'hash', 1795341720);
insert into sessions (hash, admin_id, csrf, created_at, expires_at) select 'hash', id, 'csrf', 1, 2 from admins;
insert into login_failures (email, address, failed_at) values ('ada@example.com', '127.0.0.1', 1);
insert into store_facts values ('key', 'fingerprint');
