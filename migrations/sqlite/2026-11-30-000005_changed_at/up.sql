-- The moment that the rows of the latest version carry as changed_at. It only grows, whatever the clock does, so that a
-- client that asks for what changed since it misses nothing. The list of rows shows it, and the next version begins there.
alter table company_state add column changed_at bigint not null default 0;
update company_state set changed_at = coalesce(
    (select max(progress.changed_at) from progress where progress.company_id = company_state.company_id), 0);
