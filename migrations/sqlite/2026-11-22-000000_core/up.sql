-- The reporting store: what Moodle said at the last sync of each company, and every step that led there.
-- Times are UTC: seconds, or milliseconds where the name ends in _ms.

-- One row per IOMAD company that a sync or a look at Moodle has found.
create table companies (
    id bigint primary key not null,
    name text not null,
    shortname text not null,
    suspended boolean not null,
    cache_minutes integer not null default 60
);

-- One row per company: the version its clients are served, and the totals of that version.
create table company_state (
    company_id bigint primary key not null references companies (id),
    seq bigint not null,
    stamp text not null,
    synced_at bigint,
    run_id text,
    learners bigint not null,
    courses bigint not null,
    enrolments bigint not null,
    completed bigint not null,
    in_progress bigint not null
);

-- One row per company, user and course: current, or a tombstone whose state says why it ended.
create table progress (
    company_id bigint not null references companies (id),
    user_id bigint not null,
    course_id bigint not null,
    firstname text not null,
    lastname text not null,
    email text not null,
    username text not null,
    coursename text not null,
    status text not null,
    percentage double precision,
    timecompleted bigint,
    timestarted bigint,
    enrolled_at bigint,
    state text not null,
    seq bigint not null,
    first_seen_seq bigint not null,
    changed_at bigint not null,
    primary key (company_id, user_id, course_id)
) without rowid;
-- Company page: the courses to choose from, and the rows of one course.
create index progress_by_course on progress (company_id, course_id, user_id);

-- One row per sync run, from the click to its end. The id is made of company and idempotency key.
create table sync_runs (
    id text primary key not null,
    company_id bigint not null references companies (id),
    mode text not null,
    hours_back integer,
    trigger text not null,
    requested_by text not null,
    state text not null,
    requested_at_ms bigint not null,
    started_at_ms bigint,
    finished_at_ms bigint,
    lease_until_ms bigint,
    runner text,
    records_created bigint,
    records_updated bigint,
    records_deleted bigint,
    records_unchanged bigint,
    cache_cleared bigint,
    errors text not null default '[]',
    error_detail text,
    version_before bigint,
    version_after bigint,
    snapshot_at bigint
);
-- At most one run of a company is running, and at most one waits behind it.
create unique index sync_runs_one_running on sync_runs (company_id) where state = 'running';
create unique index sync_runs_one_queued on sync_runs (company_id) where state = 'queued';
-- History page: newest runs of one company, and of all.
create index sync_runs_by_company on sync_runs (company_id, requested_at_ms desc, id desc);
create index sync_runs_by_time on sync_runs (requested_at_ms desc, id desc);

-- One row per idempotency key that joined a run which waited already; a run's own key is its id.
create table sync_keys (
    id text primary key not null,
    run_id text not null references sync_runs (id),
    mode text not null,
    hours_back integer
);

-- One row per changed row of a run. before and after are JSON objects: of an update, only what moved.
create table sync_changes (
    company_id bigint not null references companies (id),
    seq bigint not null,
    run_id text not null references sync_runs (id),
    user_id bigint not null,
    course_id bigint not null,
    kind text not null,
    before text,
    after text,
    primary key (company_id, seq)
) without rowid;
-- Run page: what one run changed, in order.
create index sync_changes_by_run on sync_changes (run_id, seq);

-- One row per API token. The token itself is shown once and never stored.
create table api_tokens (
    id integer primary key autoincrement not null,
    company_id bigint not null references companies (id),
    name text not null,
    prefix text not null,
    hash text not null unique,
    scopes text not null,
    created_at bigint not null,
    created_by text not null,
    expires_at bigint,
    revoked_at bigint,
    last_used_at bigint
);
create index api_tokens_by_company on api_tokens (company_id);

-- One row per person who may sign in to the dashboard.
create table admins (
    id integer primary key autoincrement not null,
    email text not null unique,
    password_hash text not null,
    created_at bigint not null
);

-- One row per signed-in browser. The cookie's value is stored as its hash only.
create table sessions (
    hash text primary key not null,
    admin_id bigint not null references admins (id) on delete cascade,
    csrf text not null,
    created_at bigint not null,
    expires_at bigint not null
);

-- One row per failed sign-in, kept for the length of the limit's window.
create table login_failures (
    id integer primary key autoincrement not null,
    email text not null,
    address text not null,
    failed_at bigint not null
);
create index login_failures_by_time on login_failures (failed_at);

-- One row per fact about the store itself, such as which secret key its tokens were made with.
create table store_facts (
    name text primary key not null,
    value text not null
);
