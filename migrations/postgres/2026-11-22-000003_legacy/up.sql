-- The door of the old plugin: windows of its incremental answers, and adopted tokens that no company stands behind.

-- One row per window of a token: what a client pages through from one call with offset 0 to the next. At most the two
-- that were completed last and the newest stay. seq and version are the data's when it was opened; names holds the
-- courses' names that its client has seen; answered counts the rows that were asked for without a gap; full_at is when
-- the latest full list was opened; a window that is void is paged to its end, and nothing builds on it.
create table legacy_windows (
    token_id bigint not null references api_tokens (id) on delete cascade,
    number bigint not null,
    company_id bigint not null references companies (id),
    kind text not null,
    base bigint not null,
    seq bigint not null,
    version text,
    view text not null,
    names bytea not null,
    rows bigint not null,
    answered bigint not null,
    full_at bigint not null,
    completed boolean not null,
    void boolean not null,
    primary key (token_id, number)
);
-- Changed delivery settings: the windows of one company.
create index legacy_windows_by_company on legacy_windows (company_id);

-- One row per thousand keys of a token's newest window, in order, as differences to the key before.
create table legacy_window_keys (
    token_id bigint not null references api_tokens (id) on delete cascade,
    number bigint not null,
    chunk bigint not null,
    keys bytea not null,
    primary key (token_id, number, chunk)
);

-- One row per adopted token of a person who is in no company, so that it is told so.
create table tokens_without_company (
    hash text primary key not null,
    adopted_at bigint not null
);
