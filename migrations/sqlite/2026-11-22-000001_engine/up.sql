-- The sync engine: previews, the deletion guard, batches, schedules, settings that shape rows, erasures, the audit log.
-- Times are UTC: seconds, or milliseconds where the name ends in _ms.

-- A dry run plans and writes nothing; its counts say what it would do. A run whose removals an admin confirmed names
-- the run that asked (confirms). An undo names the run it takes back (undoes). A trial carries the settings it tries
-- out (shape, JSON). rank: 0 somebody waits, 1 the clock asked, 2 a batch beyond its time.
alter table sync_runs add column dry_run boolean not null default false;
alter table sync_runs add column rank integer not null default 0;
alter table sync_runs add column confirms text;
alter table sync_runs add column undoes text;
alter table sync_runs add column shape text;
alter table sync_runs add column read_since bigint;
alter table sync_runs add column people_read bigint not null default 0;
alter table sync_runs add column people_total bigint;
alter table sync_runs add column rows_read bigint not null default 0;
alter table sync_runs add column rows_planned bigint not null default 0;
alter table sync_runs add column rows_written bigint not null default 0;
alter table sync_runs add column cancelled_by text;
alter table sync_runs add column decided_by text;
alter table sync_runs add column compacted_at bigint;
-- A key that joined a dry run asked for a dry run.
alter table sync_keys add column dry_run boolean not null default false;
-- The queue: which run is next.
create index sync_runs_waiting on sync_runs (state, rank, requested_at_ms);

-- One row per planned change of a preview, or of a run that waits for an admin to confirm its removals.
create table sync_plan_lines (
    run_id text not null references sync_runs (id) on delete cascade,
    place bigint not null,
    user_id bigint not null,
    course_id bigint not null,
    kind text not null,
    before text,
    after text,
    primary key (run_id, place)
) without rowid;

-- One row per course of a run that compared everything: what Moodle has, what the store had, and how they differed.
create table sync_run_courses (
    run_id text not null references sync_runs (id) on delete cascade,
    course_id bigint not null,
    coursename text not null,
    expected bigint not null,
    stored bigint not null,
    missing bigint not null,
    extra bigint not null,
    different bigint not null,
    primary key (run_id, course_id)
) without rowid;

-- One row per row of Moodle that a run could not read; the store kept what it had.
create table sync_unread (
    run_id text not null references sync_runs (id) on delete cascade,
    user_id bigint not null,
    course_id bigint not null,
    reason text not null,
    primary key (run_id, user_id, course_id)
) without rowid;

-- One row per "sync all companies". until_ms is the end of its time budget; what is queued then goes on behind the rest.
create table sync_batches (
    id text primary key not null,
    mode text not null,
    hours_back integer,
    dry_run boolean not null,
    trigger text not null,
    requested_by text not null,
    requested_at_ms bigint not null,
    until_ms bigint not null
);

-- One row per company of a batch: the run it got, or why it got none.
create table sync_batch_runs (
    batch_id text not null references sync_batches (id) on delete cascade,
    company_id bigint not null references companies (id),
    run_id text references sync_runs (id),
    note text not null default '',
    primary key (batch_id, company_id)
) without rowid;
-- Run page: the batch it belongs to.
create index sync_batch_runs_by_run on sync_batch_runs (run_id);

-- One row per company with a schedule. next_run_at is what the scheduler will do, null while it does nothing.
create table sync_schedules (
    company_id bigint primary key not null references companies (id),
    rhythm text not null,
    every_minutes integer not null,
    at_minute integer not null,
    zone text not null,
    mode text not null,
    paused_at bigint,
    paused_by text,
    next_run_at bigint,
    attempts integer not null default 0,
    changed_at bigint not null,
    changed_by text not null
);

-- One row per company with settings of its own that shape its rows, and one with company 0 for the defaults.
create table sync_settings (
    company_id bigint primary key not null,
    shape text not null,
    changed_at bigint not null,
    changed_by text not null
);

-- One row per person whose data was erased: no sync brings it back.
create table erasures (
    user_id bigint primary key not null,
    erased_at bigint not null,
    erased_by text not null,
    records bigint not null,
    changes bigint not null
);

-- One row per thing an admin did that somebody may ask about later. before and after are JSON.
create table audit_log (
    id integer primary key autoincrement not null,
    at_ms bigint not null,
    actor text not null,
    company_id bigint,
    action text not null,
    subject text not null,
    before text,
    after text
);
create index audit_log_by_time on audit_log (at_ms desc, id desc);

-- Page of one row, and of one learner: the history of its changes.
create index sync_changes_by_row on sync_changes (company_id, user_id, course_id, seq);
-- Change log of one course.
create index sync_changes_by_course on sync_changes (company_id, course_id, seq);
