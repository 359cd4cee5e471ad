//! The store's tables, as the migrations make them on both databases.

diesel::table! {
    companies (id) {
        id -> BigInt,
        name -> Text,
        shortname -> Text,
        suspended -> Bool,
        cache_minutes -> Integer,
        delivery -> Text,
        gone -> Bool,
    }
}

diesel::table! {
    company_state (company_id) {
        company_id -> BigInt,
        seq -> BigInt,
        stamp -> Text,
        synced_at -> Nullable<BigInt>,
        changed_at -> BigInt,
        run_id -> Nullable<Text>,
        learners -> BigInt,
        courses -> BigInt,
        enrolments -> BigInt,
        completed -> BigInt,
        in_progress -> BigInt,
    }
}

diesel::table! {
    progress (company_id, user_id, course_id) {
        company_id -> BigInt,
        user_id -> BigInt,
        course_id -> BigInt,
        firstname -> Text,
        lastname -> Text,
        email -> Text,
        username -> Text,
        coursename -> Text,
        status -> Text,
        percentage -> Nullable<Double>,
        timecompleted -> Nullable<BigInt>,
        timestarted -> Nullable<BigInt>,
        enrolled_at -> Nullable<BigInt>,
        state -> Text,
        seq -> BigInt,
        first_seen_seq -> BigInt,
        changed_at -> BigInt,
    }
}

diesel::table! {
    sync_runs (id) {
        id -> Text,
        company_id -> BigInt,
        mode -> Text,
        hours_back -> Nullable<Integer>,
        trigger -> Text,
        requested_by -> Text,
        state -> Text,
        requested_at_ms -> BigInt,
        started_at_ms -> Nullable<BigInt>,
        finished_at_ms -> Nullable<BigInt>,
        lease_until_ms -> Nullable<BigInt>,
        runner -> Nullable<Text>,
        records_created -> Nullable<BigInt>,
        records_updated -> Nullable<BigInt>,
        records_deleted -> Nullable<BigInt>,
        records_unchanged -> Nullable<BigInt>,
        cache_cleared -> Nullable<BigInt>,
        errors -> Text,
        error_detail -> Nullable<Text>,
        version_before -> Nullable<BigInt>,
        version_after -> Nullable<BigInt>,
        snapshot_at -> Nullable<BigInt>,
        dry_run -> Bool,
        rank -> Integer,
        confirms -> Nullable<Text>,
        undoes -> Nullable<Text>,
        shape -> Nullable<Text>,
        read_since -> Nullable<BigInt>,
        people_read -> BigInt,
        people_total -> Nullable<BigInt>,
        rows_read -> BigInt,
        rows_planned -> BigInt,
        rows_written -> BigInt,
        cancelled_by -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        compacted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sync_plan_lines (run_id, place) {
        run_id -> Text,
        place -> BigInt,
        user_id -> BigInt,
        course_id -> BigInt,
        kind -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
    }
}

diesel::table! {
    sync_run_courses (run_id, course_id) {
        run_id -> Text,
        course_id -> BigInt,
        coursename -> Text,
        expected -> BigInt,
        stored -> BigInt,
        missing -> BigInt,
        extra -> BigInt,
        different -> BigInt,
    }
}

diesel::table! {
    sync_unread (run_id, user_id, course_id) {
        run_id -> Text,
        user_id -> BigInt,
        course_id -> BigInt,
        reason -> Text,
    }
}

diesel::table! {
    sync_batches (id) {
        id -> Text,
        mode -> Text,
        hours_back -> Nullable<Integer>,
        dry_run -> Bool,
        trigger -> Text,
        requested_by -> Text,
        requested_at_ms -> BigInt,
        until_ms -> BigInt,
    }
}

diesel::table! {
    sync_batch_runs (batch_id, company_id) {
        batch_id -> Text,
        company_id -> BigInt,
        run_id -> Nullable<Text>,
        note -> Text,
    }
}

diesel::table! {
    sync_schedules (company_id) {
        company_id -> BigInt,
        rhythm -> Text,
        every_minutes -> Integer,
        at_minute -> Integer,
        zone -> Text,
        mode -> Text,
        paused_at -> Nullable<BigInt>,
        paused_by -> Nullable<Text>,
        next_run_at -> Nullable<BigInt>,
        attempts -> Integer,
        changed_at -> BigInt,
        changed_by -> Text,
    }
}

diesel::table! {
    sync_settings (company_id) {
        company_id -> BigInt,
        shape -> Text,
        changed_at -> BigInt,
        changed_by -> Text,
    }
}

diesel::table! {
    erasures (user_id) {
        user_id -> BigInt,
        erased_at -> BigInt,
        erased_by -> Text,
        records -> BigInt,
        changes -> BigInt,
    }
}

diesel::table! {
    audit_log (id) {
        id -> BigInt,
        at_ms -> BigInt,
        actor -> Text,
        company_id -> Nullable<BigInt>,
        action -> Text,
        subject -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
    }
}

diesel::table! {
    sync_keys (id) {
        id -> Text,
        run_id -> Text,
        mode -> Text,
        hours_back -> Nullable<Integer>,
        dry_run -> Bool,
    }
}

diesel::table! {
    sync_changes (company_id, seq) {
        company_id -> BigInt,
        seq -> BigInt,
        run_id -> Text,
        user_id -> BigInt,
        course_id -> BigInt,
        kind -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> BigInt,
        company_id -> BigInt,
        name -> Text,
        prefix -> Text,
        hash -> Text,
        scopes -> Text,
        created_at -> BigInt,
        created_by -> Text,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        fields -> Nullable<Text>,
        networks -> Nullable<Text>,
        refusal -> Nullable<Text>,
        replaces -> Nullable<BigInt>,
    }
}

diesel::table! {
    delivery_settings (company_id) {
        company_id -> BigInt,
        overrides -> Text,
        changed_at -> BigInt,
        changed_by -> Text,
    }
}

diesel::table! {
    quota_days (company_id, token_id, day) {
        company_id -> BigInt,
        token_id -> BigInt,
        day -> BigInt,
        used -> BigInt,
    }
}

diesel::table! {
    request_log (id) {
        id -> BigInt,
        at_ms -> BigInt,
        company_id -> Nullable<BigInt>,
        token_id -> Nullable<BigInt>,
        method -> Text,
        route -> Text,
        status -> Integer,
        error -> Nullable<Text>,
        rows -> Nullable<BigInt>,
        bytes -> BigInt,
        duration_us -> BigInt,
        cache -> Nullable<Text>,
        version -> Nullable<BigInt>,
        request_id -> Text,
    }
}

diesel::table! {
    request_sums (company_id, slot) {
        company_id -> BigInt,
        slot -> BigInt,
        calls -> BigInt,
        errors -> BigInt,
        refused -> BigInt,
        bytes -> BigInt,
        hits -> BigInt,
        misses -> BigInt,
        last_ms -> BigInt,
    }
}

diesel::table! {
    data_versions (company_id, seq) {
        company_id -> BigInt,
        seq -> BigInt,
        name -> Text,
        published_at -> BigInt,
    }
}

diesel::table! {
    admins (id) {
        id -> BigInt,
        email -> Text,
        password_hash -> Text,
        created_at -> BigInt,
        role -> Text,
        company_id -> Nullable<BigInt>,
        disabled_at -> Nullable<BigInt>,
        totp_secret -> Nullable<Text>,
        totp_step -> BigInt,
        recovery -> Nullable<Text>,
        zone -> Text,
        language -> Text,
        theme -> Text,
    }
}

diesel::table! {
    sessions (hash) {
        hash -> Text,
        admin_id -> BigInt,
        csrf -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        address -> Text,
        agent -> Text,
        used_at -> BigInt,
    }
}

diesel::table! {
    sign_in_steps (hash) {
        hash -> Text,
        admin_id -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    invitations (hash) {
        hash -> Text,
        email -> Text,
        role -> Text,
        company_id -> Nullable<BigInt>,
        admin_id -> Nullable<BigInt>,
        invited_by -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    saved_views (id) {
        id -> BigInt,
        admin_id -> BigInt,
        company_id -> BigInt,
        name -> Text,
        query -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    alerts (id) {
        id -> BigInt,
        #[sql_name = "type"]
        kind -> Text,
        severity -> Text,
        company_id -> Nullable<BigInt>,
        subject -> Text,
        message -> Text,
        data -> Text,
        state -> Text,
        opened_at -> BigInt,
        seen_at -> BigInt,
        seen -> BigInt,
        acknowledged_at -> Nullable<BigInt>,
        acknowledged_by -> Nullable<Text>,
        closed_at -> Nullable<BigInt>,
        closed_by -> Nullable<Text>,
        told -> Nullable<Text>,
        told_at -> Nullable<BigInt>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    alert_deliveries (id) {
        id -> BigInt,
        alert_id -> BigInt,
        event -> Text,
        channel -> Text,
        target -> Text,
        state -> Text,
        attempts -> Integer,
        detail -> Text,
        created_at -> BigInt,
        next_at -> Nullable<BigInt>,
        done_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    site_settings (name) {
        name -> Text,
        value -> Text,
        changed_at -> BigInt,
        changed_by -> Text,
    }
}

diesel::table! {
    login_failures (id) {
        id -> BigInt,
        email -> Text,
        address -> Text,
        failed_at -> BigInt,
    }
}

diesel::table! {
    store_facts (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    legacy_windows (token_id, number) {
        token_id -> BigInt,
        number -> BigInt,
        company_id -> BigInt,
        kind -> Text,
        base -> BigInt,
        seq -> BigInt,
        version -> Nullable<Text>,
        view -> Text,
        names -> Binary,
        rows -> BigInt,
        answered -> BigInt,
        full_at -> BigInt,
        completed -> Bool,
        void -> Bool,
    }
}

diesel::table! {
    legacy_window_keys (token_id, number, chunk) {
        token_id -> BigInt,
        number -> BigInt,
        chunk -> BigInt,
        keys -> Binary,
    }
}

diesel::table! {
    tokens_without_company (hash) {
        hash -> Text,
        adopted_at -> BigInt,
    }
}

diesel::joinable!(company_state -> companies (company_id));
diesel::joinable!(progress -> companies (company_id));
diesel::joinable!(sync_runs -> companies (company_id));
diesel::joinable!(sync_changes -> sync_runs (run_id));
diesel::joinable!(sync_keys -> sync_runs (run_id));
diesel::joinable!(sync_plan_lines -> sync_runs (run_id));
diesel::joinable!(sync_run_courses -> sync_runs (run_id));
diesel::joinable!(sync_unread -> sync_runs (run_id));
diesel::joinable!(sync_batch_runs -> sync_batches (batch_id));
diesel::joinable!(sync_schedules -> companies (company_id));
diesel::joinable!(api_tokens -> companies (company_id));
diesel::joinable!(sessions -> admins (admin_id));
diesel::joinable!(sign_in_steps -> admins (admin_id));
diesel::joinable!(alert_deliveries -> alerts (alert_id));

diesel::allow_tables_to_appear_in_same_query!(
    companies,
    company_state,
    progress,
    sync_runs,
    sync_changes,
    sync_keys,
    sync_plan_lines,
    sync_run_courses,
    sync_unread,
    sync_batches,
    sync_batch_runs,
    sync_schedules,
    sync_settings,
    erasures,
    api_tokens,
    delivery_settings,
    quota_days,
    request_log,
    request_sums,
    data_versions,
    legacy_windows,
    legacy_window_keys,
    tokens_without_company,
    admins,
    sessions,
    sign_in_steps,
    invitations,
    saved_views,
    alerts,
    alert_deliveries,
    site_settings,
);
