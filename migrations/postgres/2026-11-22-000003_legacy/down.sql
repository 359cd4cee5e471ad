drop table tokens_without_company;
drop table legacy_window_keys;
drop table legacy_windows;
