alter table company_state drop column changed_at;
