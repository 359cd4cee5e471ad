-- One row of everything that the dashboard keeps of people, alerts and the site.
insert into sign_in_steps values ('5678', 1, 1795341720);
insert into invitations values ('9abc', 'bob@example.com', 'company_manager', 42, null, 'ada@example.com', 1795341720, 1795428120);
insert into saved_views values (1, 1, 42, 'Overdue', 'status=in_progress', 1795341720);
insert into alerts values (1, 'sync_failed', 'high', 42, '', 'The sync of Acme failed.', '{}', 'open', 1795341720, 1795341720, 1, null, null, null, null, 'high', 1795341720, null);
insert into alert_deliveries values (1, 1, 'alert', 'email', 'ada@example.com', 'sent', 1, '', 1795341720, null, 1795341720);
insert into site_settings values ('alerts_cooldown_minutes', '60', 1795341720, 'ada@example.com');
