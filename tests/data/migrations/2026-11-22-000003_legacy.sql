-- One row of everything that the door of the old plugin keeps.
insert into legacy_windows values (1, 1, 42, 'full', 0, 2, '0123456789abcdef0123456789abcdef', 'fff', '', 1, 1, 1795341720, true, false);
insert into legacy_window_keys values (1, 1, 0, '');
insert into tokens_without_company values ('0123', 1795341720);
