-- Rows of the tables that this migration makes.
insert into request_sums values (0, 1795348800, 1, 0, 0, 512, 1, 0, 1795349000000);
insert into request_sums values (42, 1795348800, 1, 0, 0, 512, 1, 0, 1795349000000);
