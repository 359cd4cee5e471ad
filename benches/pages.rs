//! Figures of the pages that read most: `cargo bench --bench pages [-- ROWS]` plants rows and calls and asks for the pages'
//! numbers.

use std::time::Instant;

use alx_report_api::config::Config;
use alx_report_api::db::{Conn, Db, migrate};
use alx_report_api::delivery::today;
use alx_report_api::error::Result;
use alx_report_api::ids::CompanyId;
use alx_report_api::progress::courses::{self, Which};
use alx_report_api::progress::people;
use alx_report_api::requests::stats::{self, Window};
use alx_report_api::requests::{store, sums};
use alx_report_api::time::buckets::{Step, buckets};
use alx_report_api::time::now;
use chrono_tz::Tz;
use clap::Parser;
use diesel::connection::SimpleConnection;

const COMPANY: CompanyId = CompanyId(42);
const DAY: i64 = 86_400;
const CALLS: i64 = 1_000_000;
/// Calls whose durations make a day's percentiles.
const TIMED: i64 = 100_000;

/// Only the settings of the command line.
#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

fn main() {
    let rows = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(300_000);
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [
        "bench".as_ref(),
        "--data-dir".as_ref(),
        folder.path().as_os_str(),
    ];
    let config = Settings::parse_from(arguments).config;
    let db = Db::open(&config.store_url()).expect("a store");
    migrate::forward(&db, folder.path()).expect("its tables");
    db.write(|conn| plant(conn, rows)).expect("rows and calls");
    of_a_company(&db, rows);
    of_calls(&db);
}

/// What a company's pages read.
fn of_a_company(db: &Db, rows: i64) {
    println!("\na company of {rows} rows, store in SQLite");
    step("courses", db, |conn| {
        courses::with_days(conn, COMPANY, Which::All).map(|found| found.len())
    });
    for (name, search) in [("people", ""), ("people, searched", "user999")] {
        step(name, db, |conn| {
            let total = people::total(conn, COMPANY, search)?;
            people::page(conn, COMPANY, search, (people::Sort::Name, false), (0, 25))?;
            Ok(total as usize)
        });
    }
}

/// What the overview and the API monitor read. The baseline is looking at each of the calls.
fn of_calls(db: &Db) {
    println!("\n{CALLS} calls of a day, of 2,000 companies and 3,000 tokens");
    let until = now() + 1;
    let hours = buckets((until - DAY, until), Step::Hour, Tz::Europe__Berlin);
    for (name, company) in [
        ("of all companies", None),
        ("of one company", Some(COMPANY)),
    ] {
        step(&format!("each, {name}"), db, |conn| {
            let window = Window::last(DAY, until - 1, CALLS);
            let report = stats::report(conn, window, company, &hours)?;
            let calls = report.over_time.iter().map(|tally| tally.calls);
            Ok(calls.sum::<i64>() as usize)
        });
        step(&format!("sums, {name}"), db, |conn| {
            let window = Window::last(DAY, until - 1, TIMED);
            let glance = sums::glance(conn, window, company, &hours)?;
            Ok(glance.total.calls as usize)
        });
        step(&format!("limits, {name}"), db, |conn| {
            Ok(today::uses(conn, company, until - 1)?.len())
        });
        step(&format!("refused, {name}"), db, |conn| {
            let refused = store::refused(conn, company, (until - DAY) * 1000)?;
            Ok(refused.len())
        });
    }
}

fn plant(conn: &mut Conn, rows: i64) -> Result<()> {
    let now_ms = now() * 1000;
    conn.batch_execute(&format!(
        "insert into companies (id, name, shortname, suspended) values (42, 'Acme', 'acme', false);
         with recursive n(i) as (select 0 union all select i + 1 from n where i < {rows} - 1)
             insert into progress (company_id, user_id, course_id, firstname, lastname, email, username, coursename, status,
                 percentage, timecompleted, timestarted, enrolled_at, state, seq, first_seen_seq, changed_at)
             select 42, 1000 + i / 10, 1 + i % 300, 'First name', 'Last ' || (i / 10), 'user' || (i / 10) || '@example.com',
                 'user' || (i / 10), 'A course with a name ' || (i % 300),
                 case i % 3 when 0 then 'completed' when 1 then 'in_progress' else 'not_started' end, (i % 13) * 100.0 / 12,
                 case i % 3 when 0 then 1760000000 + i * 60 end, null, 1750000000 + i, 'active', i + 1, i + 1, 1760000000 + i
             from n;
         with recursive n(i) as (select 1 union all select i + 1 from n where i < {CALLS})
             insert into request_log (at_ms, company_id, token_id, method, route, status, bytes, duration_us, cache, version,
                 request_id)
             select {now_ms} - ({CALLS} - i) * 80, i % 2000, i % 3000, 'GET', '/api/v1/progress', case i % 10 when 0 then 429 else 200 end, 512, (i * 7919) % 90000,
                 case i % 3 when 0 then 'hit' when 1 then 'miss' end, i % 50, 'planted'
             from n;
         insert into request_sums select company, at_ms / 900000 * 900, count(*), count(case when status = 429 then 1 end),
                 count(case when status = 429 then 1 end), sum(bytes), count(case when cache = 'hit' then 1 end),
                 count(case when cache <> 'hit' then 1 end), max(at_ms)
             from (select 0 as company, * from request_log union all select company_id, * from request_log)
             group by 1, 2;
         analyze;"
    ))?;
    Ok(())
}

/// Reads once to warm up and then the best of three, and prints how long that took.
fn step(name: &str, db: &Db, work: impl Fn(&mut Conn) -> Result<usize>) {
    let mut best = f64::MAX;
    let mut found = 0;
    for _ in 0..4 {
        let started = Instant::now();
        found = db.snapshot(&work).expect("it is read");
        best = best.min(started.elapsed().as_secs_f64());
    }
    println!("  {name:20} {best:7.3} s  {found:9} found");
}
