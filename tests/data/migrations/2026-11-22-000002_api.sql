-- One row of everything that the API keeps.
insert into delivery_settings values (42, '{"fields":["userid","status"]}', 1795341720, 'ada@example.com');
insert into quota_days values (42, 1, 20779, 17);
insert into request_log (at_ms, company_id, token_id, method, route, status, rows, bytes, duration_us, cache, version, request_id)
    values (1795341720000, 42, 1, 'GET', '/api/v1/progress', 200, 100, 2048, 350, 'hit', 2, 'abc');
insert into data_versions values (42, 3, '0123456789abcdef0123456789abcdef', 1795341720);
insert into api_tokens (company_id, name, prefix, hash, scopes, created_at, created_by, fields)
    values (42, 'masked', 'alx_masked', 'masked', 'read', 1795341720, 'ada@example.com', 'userid');
