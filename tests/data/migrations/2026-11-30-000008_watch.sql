-- A company that Moodle has no more, whose answers are kept for ten minutes.
insert into companies (id, name, shortname, suspended, cache_minutes, delivery, gone) values (43, 'Gone & Co', 'gone', false, 10, '{"cache_minutes":10}', true);
insert into delivery_settings values (43, '{"cache_minutes":10}', 1795341720, 'ada@example.com');
