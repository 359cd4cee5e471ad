-- The moment of the latest change.
update company_state set changed_at = 1795341720 where company_id = 42;
