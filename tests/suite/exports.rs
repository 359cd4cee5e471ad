//! The change log as a file: whole, safe to open, and gone when nobody takes it.

use std::time::{Duration, Instant};

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::schema::{company_state, progress, sync_changes, sync_runs};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use crate::support::admin::Admin;
use crate::support::client::{ACME, Client, OTHER, complete, two_companies};
use crate::support::files::{objects, records, sheet};
use crate::support::{TestApp, say};

/// ACME with a name that is a formula, a completion since the first sync, and another company.
async fn changed() -> (TestApp, Admin) {
    let app = TestApp::with_moodle(|file| {
        two_companies(file);
        let mut moodle = MoodleBuilder::open(file).unwrap();
        let formula = "update mdl_user set firstname = '=HYPERLINK(\"http://x\",\"y\")', lastname = '\u{202e}مرحبا, \"Quoted\"' where id = 18";
        moodle.execute(formula).unwrap();
    })
    .await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    acme.sync().await;
    Client::new(&app, OTHER, "read,changes,sync")
        .await
        .sync()
        .await;
    complete(&app, 17, "Fire safety");
    acme.sync().await;
    let admin = Admin::signed_in(&app).await;
    (app, admin)
}

#[actix_web::test]
async fn the_csv_holds_every_line_that_the_filter_keeps() {
    let (_app, admin) = changed().await;

    let all = admin.get("/changes/export.csv").await;
    let acme = admin.get("/companies/42/changes/export.csv").await;
    let one = admin
        .get("/changes/export.csv?learner=lovelace&kind=updated")
        .await;

    assert_eq!(
        (records(&all.body).len(), records(&acme.body).len()),
        (8, 7)
    );
    assert_eq!(all.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(all.headers["cache-control"], "no-store");
    let today = chrono::Utc::now().format("%Y-%m-%d");
    assert_eq!(
        acme.headers["content-disposition"].to_str().unwrap(),
        format!("attachment; filename=\"changes-acme-42-{today}.csv\"")
    );
    assert_eq!(
        all.headers["content-disposition"].to_str().unwrap(),
        format!("attachment; filename=\"changes-all-companies-{today}.csv\"")
    );
    let lines = records(&one.body);
    assert_eq!(lines.len(), 1);
    let at = chrono::DateTime::parse_from_rfc3339(&lines[0][0]).expect("RFC 3339");
    assert_eq!(at.offset().local_minus_utc(), 0);
    assert_eq!(
        (&lines[0][1], &lines[0][2], &lines[0][3], &lines[0][5]),
        ("42", "Acme", "17", "Lovelace")
    );
    assert!(
        lines[0][11].contains("status: not started") && lines[0][12].contains("status: completed"),
        "{:?}",
        lines[0]
    );
    assert_eq!(&lines[0][13], "7");
}

#[actix_web::test]
async fn no_cell_of_an_export_is_a_formula() {
    let (_app, admin) = changed().await;

    let body = admin.get("/changes/export.csv?learner=18").await.body;

    for record in records(&body) {
        assert_eq!(&record[4], "'=HYPERLINK(\"http://x\",\"y\")");
        assert_eq!(&record[5], "\u{202e}مرحبا, \"Quoted\"");
        assert!(
            record
                .iter()
                .all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r']))
        );
    }
}

#[actix_web::test]
async fn the_workbook_holds_the_same_lines() {
    let (app, admin) = changed().await;
    let cookie_free = reqwest::get(format!("{}/changes/export.xlsx", app.url))
        .await
        .unwrap();
    assert!(
        cookie_free.url().path().starts_with("/s"),
        "only for admins"
    );

    let bytes = admin
        .bytes("/companies/42/changes/export.xlsx?learner=18")
        .await;

    let sheet = sheet(bytes);
    assert_eq!(sheet.matches("<row ").count(), 3, "{sheet}");
    assert!(
        sheet.contains("'=HYPERLINK(&quot;") || sheet.contains("'=HYPERLINK(\""),
        "{sheet}"
    );
    assert!(
        sheet.contains("state=\"frozen\"") && sheet.contains("<autoFilter ref=\"A1:O3\""),
        "{sheet}"
    );
    assert!(sheet.contains("published (UTC)"), "{sheet}");
    let published = sheet.split("<c r=\"A2\" s=\"").nth(1).unwrap();
    let day = published.split(['>', '<']).nth(3).unwrap();
    assert!(day.parse::<f64>().unwrap() > 45_000.0, "a date: {day}");
    assert!(
        !sheet.contains("<f>") && sheet.contains("مرحبا") && sheet.contains("Acme"),
        "{sheet}"
    );
}

#[actix_web::test]
async fn an_export_of_what_is_not_there_is_refused() {
    let (_app, admin) = changed().await;

    for (path, status) in [
        ("/changes/export.pdf", 404),
        ("/companies/4711/changes/export.csv", 404),
        ("/changes/export.csv?kind=new", 400),
        ("/changes/export.csv?company=x", 400),
    ] {
        assert_eq!(admin.get(path).await.status, status, "{path}");
    }
    let nothing = admin.get("/changes/export.csv?learner=nobody").await;
    assert_eq!((nothing.status, records(&nothing.body).len()), (200, 0));
}

/// Puts so many lines into ACME's log, as if one run had made them.
async fn plant(app: &TestApp, lines: i64) {
    let planted = app.app.db.change(move |conn| {
        let run: String = sync_runs::table.filter(sync_runs::company_id.eq(ACME)).order(sync_runs::version_after).select(sync_runs::id).limit(1).get_result(conn)?;
        let (row, start): (i64, i64) = (
            progress::table.filter(progress::company_id.eq(ACME)).select(diesel::dsl::max(progress::course_id)).get_result::<Option<i64>>(conn)?.unwrap(),
            sync_changes::table.filter(sync_changes::company_id.eq(ACME)).select(diesel::dsl::max(sync_changes::seq)).get_result::<Option<i64>>(conn)?.unwrap(),
        );
        let end = start + lines;
        conn.batch_execute(&format!(
            "with recursive n(i) as (select {start} + 1 union all select i + 1 from n where i < {end})
             insert into sync_changes (company_id, seq, run_id, user_id, course_id, kind, before, after)
             select {ACME}, i, '{run}', case i % 3 when 0 then 17 when 1 then 18 else 21 end, {row}, 'updated', '{{\"percentage\":0.0}}', '{{\"percentage\":50.0}}' from n"
        ))?;
        diesel::update(sync_runs::table.find(run)).set(sync_runs::version_after.eq(end)).execute(conn)?;
        diesel::update(company_state::table.find(ACME)).set(company_state::seq.eq(end)).execute(conn)?;
        Ok(())
    });
    planted.await.unwrap();
}

/// One test looks for threads that export, so those of long exports take turns.
static LONG_EXPORTS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn threads_that_export() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
    };
    tasks
        .filter_map(name)
        .filter(|name| name.trim() == "export")
        .count()
}

#[actix_web::test]
async fn a_cancelled_download_frees_its_thread() {
    let _alone = LONG_EXPORTS.lock().await;
    let (app, admin) = changed().await;
    plant(&app, 200_000).await;

    let begun = admin.begin("/changes/export.csv").await;
    assert!(threads_that_export() > 0, "it waits for its reader");
    drop(begun);
    freed().await;

    let workbook = admin.begin("/changes/export.xlsx");
    let left = actix_web::rt::time::timeout(Duration::from_secs(1), workbook).await;
    assert!(left.is_err(), "a workbook of so many rows takes longer");
    freed().await;
}

/// Waits until no thread makes a file any more, for much less time than a workbook takes.
async fn freed() {
    let until = Instant::now() + Duration::from_secs(10);
    while threads_that_export() > 0 {
        assert!(Instant::now() < until, "the thread is still there");
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
}

#[actix_web::test]
async fn a_workbook_of_more_rows_than_excel_holds_is_refused_before_work_is_done_for_it() {
    let (app, admin) = changed().await;
    let run = latest_run(&app, &admin).await;
    let id = run.clone();
    let many = app.app.db.change(move |conn| {
        let run = diesel::update(sync_runs::table.find(&id));
        Ok(run
            .set(sync_runs::records_updated.eq(1_048_576))
            .execute(conn)?)
    });
    many.await.unwrap();

    let refused = admin
        .get(&format!("/sync/runs/{run}/changes/export.xlsx"))
        .await;
    let others = admin
        .get(&format!("/sync/runs/{run}/changes/export.csv"))
        .await;

    assert_eq!((refused.status, others.status), (400, 200));
    assert!(
        refused.says("at most 1,048,575 rows") && refused.says("CSV"),
        "{}",
        refused.body
    );
}

#[actix_web::test]
async fn downloads_of_one_company_leave_the_others_their_places() {
    let (app, admin) = changed().await;
    let places = [(); 2].map(|()| app.app.lanes.file(Some(ACME)).expect("a place"));

    let busy = admin.get("/companies/42/progress/export.csv").await;
    let other = admin.get("/companies/7/progress/export.csv").await;
    let all = admin.get("/changes/export.csv").await;
    drop(places);
    let free = admin.get("/companies/42/progress/export.csv").await;

    assert_eq!((busy.status, free.status), (409, 200));
    assert!(busy.says("exports are being made already"), "{}", busy.body);
    assert_eq!((other.status, all.status), (200, 200));
}

async fn latest_run(app: &TestApp, admin: &Admin) -> String {
    let history = admin.get("/sync/history/export.ndjson?company=42").await;
    assert_eq!(history.status, 200, "{}", app.url);
    objects(&history.body)[0]["sync"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[actix_web::test]
async fn a_file_that_breaks_off_does_not_look_complete() {
    let _alone = LONG_EXPORTS.lock().await;
    let (app, admin) = changed().await;
    plant(&app, 20_000).await;
    let broken = app.app.db.change(|conn| {
        let oldest = sync_changes::company_id
            .eq(ACME)
            .and(sync_changes::seq.eq(1));
        let line = diesel::update(sync_changes::table.filter(oldest));
        Ok(line.set(sync_changes::after.eq("{")).execute(conn)?)
    });
    assert_eq!(broken.await.unwrap(), 1);

    for format in ["csv", "ndjson"] {
        let begun = admin
            .begin(&format!("/companies/42/changes/export.{format}"))
            .await;
        assert_eq!(begun.status(), 200);
        let body = begun.bytes().await;
        assert!(body.is_err(), "the connection breaks off");
    }
    let workbook = admin.get("/companies/42/changes/export.xlsx").await;
    assert_eq!(workbook.status, 503, "no byte of a workbook was sent");
}

/// With figures for more lines: `ALX_LINES=1000000 cargo test --test suite -- --nocapture many_lines`.
#[actix_web::test]
async fn many_lines_are_paged_filtered_and_exported() {
    let _alone = LONG_EXPORTS.lock().await;
    let (app, admin) = changed().await;
    let lines = std::env::var("ALX_LINES").map_or(5_000, |lines| lines.parse().unwrap());
    plant(&app, lines).await;
    analyze(&app).await;
    say(&format!("at first: {}", peak_memory()));
    let run = Client::new(&app, ACME, "read")
        .await
        .get("/api/v1/syncs")
        .await
        .json();
    let of_run = format!(
        "/companies/42/changes?run={}",
        run["items"][0]["id"].as_str().unwrap()
    );
    for page in [
        "/changes",
        "/companies/42/changes",
        &of_run,
        "/companies/42/changes?course=privacy",
        "/companies/42/changes?learner=lovelace",
        "/changes?course=privacy&kind=updated",
        "/companies/42/changes?kind=removed",
        "/companies/42/changes?learner=nobody",
        "/companies/42",
    ] {
        let started = Instant::now();
        assert_eq!(admin.get(page).await.status, 200);
        say(&format!("{page}: {} ms", started.elapsed().as_millis()));
    }
    for file in [
        "/changes/export.csv",
        "/changes/export.ndjson",
        "/changes/export.xlsx",
    ] {
        let started = Instant::now();
        let mut begun = admin.begin(file).await;
        let mut bytes = 0;
        let status = begun.status();
        while let Some(piece) = begun.chunk().await.unwrap() {
            bytes += piece.len();
        }
        assert!(bytes > 0, "{file}");
        say(&format!(
            "{file}: {status}, {bytes} bytes in {:.1} s; {}",
            started.elapsed().as_secs_f64(),
            peak_memory()
        ));
    }
}

/// Lets the store count its tables, as it does by itself some time after a large sync.
async fn analyze(app: &TestApp) {
    if std::env::var("ALX_UNCOUNTED").is_ok() {
        return;
    }
    let counted = app.app.db.change(|conn| Ok(conn.batch_execute("analyze")?));
    counted.await.unwrap();
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap()
        .to_owned()
}
