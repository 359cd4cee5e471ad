//! The tables of the pages as files: every page offers all three, with the filters of the page.

use std::path::Path;

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::schema::{progress, sync_unread};
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::client::{ACME, Client, OTHER, complete, two_companies};
use crate::support::files::{objects, records, sheet};

/// Templates with a table that is no file, and why.
const NO_FILE: &[(&str, &str)] = &[
    (
        "api/_objects.html",
        "what the API answers; it is a file already, openapi.json",
    ),
    (
        "api/docs.html",
        "what the API is; it is a file already, openapi.json",
    ),
    (
        "companies/power_bi.html",
        "what a program would see; the rows are in the company's file",
    ),
    (
        "requests/request.html",
        "one call in words; it is in the file of its list",
    ),
    (
        "alerts/alert.html",
        "one alert; it is in the file of the inbox",
    ),
    (
        "batches/confirm.html",
        "asks for a click; the overview has its companies",
    ),
    (
        "settings/confirm.html",
        "asks for a click; each preview has its rows",
    ),
    (
        "people/erase.html",
        "asks for a click; the rows are in the person's file",
    ),
    (
        "why/_stored.html",
        "one row in words; it is in the person's file",
    ),
    (
        "why/_moodle.html",
        "what Moodle says at this moment; nothing of it is stored",
    ),
    (
        "sync/_statistics.html",
        "one run in words; its numbers are in the history's file",
    ),
    ("demo/moodle.html", "a table of buttons"),
    (
        "sync/_calendar.html",
        "counts per day; the runs are in the history's file",
    ),
    (
        "health/_checks.html",
        "what is true now; it is in the support text",
    ),
    (
        "health/_backups.html",
        "names of files on the server; they hold personal data",
    ),
    ("site/confirm.html", "a question, gone when it is answered"),
    (
        "site/_listed.html",
        "what the server was started with; it is in the support text",
    ),
    (
        "charts/_over_time.html",
        "the numbers of a chart; what they count is in the files of its page",
    ),
    (
        "charts/_shares.html",
        "the numbers of a chart; what they count is in the files of its page",
    ),
    (
        "companies/course.html",
        "one course in numbers; its bands are in the file of all courses, each completion in that of the progress",
    ),
    (
        "settings/_glance.html",
        "settings in words; the forms hold them",
    ),
];

fn templates(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                templates(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn every_table_of_every_template_can_be_downloaded_or_says_why_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");

    for path in templates(&folder) {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let files = text.matches("shared/_downloads.html").count();
        let tables = text.matches("<table").count();
        if NO_FILE.iter().any(|(left_out, _)| *left_out == name) {
            assert!(
                tables > 0 && files == 0,
                "{name} has no reason to be listed"
            );
        } else {
            assert_eq!(files, tables, "tables and files of {name}");
        }
    }
}

/// A deleted learner and a hostile course; ACME with two syncs, a preview and a row that could not be read; a batch; an
/// erased person.
async fn everything() -> (TestApp, Admin) {
    let app = TestApp::with_moodle(|file| {
        two_companies(file);
        let mut moodle = MoodleBuilder::open(file).unwrap();
        moodle
            .execute("update mdl_course set fullname = '@SUM(1+1)' where fullname = 'Fire safety'")
            .unwrap();
    })
    .await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    acme.sync().await;
    Client::new(&app, OTHER, "sync").await.sync().await;
    complete(&app, 17, "@SUM(1+1)");
    let run = acme.sync().await["id"].as_str().unwrap().to_owned();
    let planted = app.app.db.change(move |conn| {
        diesel::insert_into(sync_unread::table)
            .values((
                sync_unread::run_id.eq(&run),
                sync_unread::user_id.eq(4711),
                sync_unread::course_id.eq(1),
                sync_unread::reason.eq("=it is broken"),
            ))
            .execute(conn)?;
        let hash = "0123456789abcdef0123456789abcdef";
        let learner = progress::table.filter(progress::user_id.eq(21));
        diesel::update(learner)
            .set(progress::email.eq(hash))
            .execute(conn)?;
        Ok(())
    });
    planted.await.unwrap();
    crate::alerts::calls(&app, vec![(Some(ACME), "/a", 201, 0, 1)]).await;
    crate::alerts::look(&app, alx_report_api::time::now()).await;
    let admin = Admin::signed_in(&app).await;
    let erased = admin.post("/people/99/erase", &[]).await;
    assert_eq!(erased.status, 303, "{}", erased.body);
    (app, admin)
}

/// Waits until a page does not move any more.
async fn still(admin: &Admin, path: &str) -> Answer {
    for _ in 0..400 {
        let page = admin.get(path).await;
        if page.says("Look again") || page.says("data-events") {
            actix_web::rt::time::sleep(std::time::Duration::from_millis(25)).await;
        } else {
            return page;
        }
    }
    panic!("{path} never ends")
}

/// Runs a preview and a batch, and gives their pages.
async fn moved(admin: &Admin) -> [String; 2] {
    let preview = [
        ("company", "42"),
        ("mode", "full"),
        ("dry_run", "true"),
        ("key", "preview"),
    ];
    let preview = admin.post("/sync", &preview).await;
    assert_eq!(preview.status, 303, "{}", preview.body);
    still(admin, preview.location()).await;
    let batch = [("mode", "full"), ("key", "batch")];
    let batch = admin.post("/sync/batches", &batch).await;
    assert_eq!(batch.status, 303, "{}", batch.body);
    still(admin, batch.location()).await;
    [preview.location().to_owned(), batch.location().to_owned()]
}

/// The addresses of all files that a page offers, in threes.
fn offered(page: &Answer) -> Vec<Vec<String>> {
    let group = |group: &str| {
        let links = group.split("href=\"").skip(1);
        links
            .map(|link| {
                link.split('"')
                    .next()
                    .unwrap()
                    .replace("&#38;", "&")
                    .replace("&amp;", "&")
            })
            .collect()
    };
    let groups = page.body.split("class=\"downloads\"").skip(1);
    groups
        .map(|text| group(text.split("</p>").next().unwrap()))
        .collect()
}

fn rows(sheet: &str) -> usize {
    sheet.matches("<row ").count() - 1
}

#[actix_web::test]
async fn every_page_with_a_table_has_it_in_three_formats() {
    let (app, admin) = everything().await;
    let first = objects(
        &admin
            .get("/sync/history/export.ndjson?company=42")
            .await
            .body,
    );
    let changed = format!("/sync/runs/{}", first[0]["sync"].as_str().unwrap());
    let [preview, batch] = moved(&admin).await;
    let person = admin.get("/companies/42/people/17").await;
    assert_eq!(person.status, 200);
    let row = objects(
        &admin
            .get("/companies/42/people/17/export.ndjson")
            .await
            .body,
    );
    let why = format!("/companies/42/people/17/courses/{}", row[0]["course_id"]);
    let stranger = Admin::stranger(&app);
    let mut seen = std::collections::BTreeSet::new();

    for (page, tables) in [
        ("/", 1),
        ("/companies/42", 1),
        ("/companies/42?column=course&column=enrolled&band=100", 1),
        ("/companies/42/tokens", 1),
        ("/companies/42/courses?sort=rate&order=down", 1),
        ("/companies/42/people?search=a&sort=changed", 1),
        (
            "/companies/42?status=completed&state=any&sort=changed&order=down",
            1,
        ),
        ("/companies/42/coverage", 1),
        ("/companies/42/people/17", 2),
        ("/companies/7/people/99", 2),
        (&why, 1),
        ("/changes", 1),
        ("/companies/42/changes?kind=updated", 1),
        ("/sync/history", 1),
        ("/sync/history?state=succeeded", 1),
        (&changed, 3),
        (&preview, 1),
        ("/sync/batches", 1),
        (&batch, 1),
        ("/schedules", 1),
        ("/alerts", 1),
        ("/people/erasures", 1),
        ("/people/99/erasure", 1),
    ] {
        let files = offered(&admin.get(page).await);
        assert!(files.len() >= tables, "{page} offers {files:?}");
        for links in files {
            let [csv, xlsx, ndjson] = links.as_slice() else {
                panic!("{page}: {links:?}")
            };
            same_in_all(&admin, [csv, xlsx, ndjson]).await;
            for link in &links {
                let head = admin.head(link).await;
                assert_eq!((head.status, head.body.len()), (200, 0), "{link}");
                let refused = stranger.get(link).await;
                assert_eq!(refused.status, 303, "{link}");
                assert!(refused.location().starts_with("/sign-in"), "{link}");
            }
            seen.insert(csv.split('?').next().unwrap().to_owned());
        }
    }
    assert!(seen.len() >= 17, "{seen:?}");
}

/// The three files of a table hold the same rows, and are named alike.
async fn same_in_all(admin: &Admin, [csv, xlsx, ndjson]: [&String; 3]) {
    let text = admin.get(csv).await;
    let lines = admin.get(ndjson).await;
    assert_eq!((text.status, lines.status), (200, 200), "{csv}");
    let name = |answer: &Answer| {
        answer.headers["content-disposition"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(name(&text).replace(".csv", ".ndjson"), name(&lines));
    assert_eq!(lines.headers["content-type"], "application/x-ndjson");
    let count = records(&text.body).len();
    assert_eq!(objects(&lines.body).len(), count, "{ndjson}");
    assert_eq!(rows(&sheet(admin.bytes(xlsx).await)), count, "{xlsx}");
    for record in records(&text.body) {
        let formula = |cell: &str| cell.starts_with(['=', '+', '@', '\t', '\r']);
        assert!(!record.iter().any(formula), "{csv}: {record:?}");
    }
    for body in [&text.body, &lines.body] {
        assert!(!body.contains("0123456789abcdef0123456789abcdef"), "{csv}");
        assert!(!body.contains("Stranger"), "{csv}");
    }
}

#[actix_web::test]
async fn the_progress_file_keeps_filter_search_and_order() {
    let (_app, admin) = everything().await;

    let all = admin.get("/companies/42/progress/export.ndjson").await;
    let completed = admin
        .get("/companies/42/progress/export.ndjson?status=completed&sort=name&order=down")
        .await;
    let found = admin
        .get("/companies/42/progress/export.ndjson?search=kowal")
        .await;
    let page = admin
        .get("/companies/42?status=completed&sort=name&order=down")
        .await;

    assert_eq!(objects(&all.body).len(), 6);
    let names: Vec<String> = objects(&completed.body)
        .iter()
        .map(|row| row["last_name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["Lovelace", "D'Arc"]);
    assert_eq!(objects(&found.body).len(), 2);
    let csv = &offered(&page)[0][0];
    assert_eq!(
        csv,
        "/companies/42/progress/export.csv?status=completed&sort=name&order=down"
    );
}

#[actix_web::test]
async fn values_are_typed_and_unknown_is_null() {
    let (_app, admin) = everything().await;

    let rows = objects(
        &admin
            .get("/companies/42/progress/export.ndjson?sort=name")
            .await
            .body,
    );
    let ada = rows
        .iter()
        .find(|row| row["user_id"] == 17 && row["status"] == "Completed")
        .unwrap();
    let gone = rows.iter().find(|row| row["user_id"] == 21).unwrap();
    let erased = objects(
        &admin
            .get("/companies/7/progress/export.ndjson?state=any")
            .await
            .body,
    );

    assert_eq!(
        (&ada["percentage"], &ada["course"]),
        (&100.0.into(), &"@SUM(1+1)".into())
    );
    let at = ada["completed"].as_str().unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(at).is_ok(), "{at}");
    assert_eq!(gone["email"], "deleted account");
    assert_eq!(erased.len(), 1);
    for field in [
        "first_name",
        "email",
        "user_name",
        "status",
        "percentage",
        "completed",
        "enrolled",
    ] {
        assert!(erased[0][field].is_null(), "{field} of {}", erased[0]);
    }
    assert_eq!(erased[0]["state"], "Erased");
}

#[actix_web::test]
async fn a_file_of_tokens_holds_no_secret() {
    let (app, admin) = everything().await;
    let client = Client::new(&app, ACME, "read").await;

    let file = admin.get("/companies/42/tokens/export.ndjson").await;

    let tokens = objects(&file.body);
    assert_eq!(tokens.len(), 2);
    assert!(!file.body.contains(&client.token));
    let longest = tokens
        .iter()
        .map(|token| token["begins_with"].as_str().unwrap().len());
    assert_eq!(longest.max(), Some(10));
}

#[actix_web::test]
async fn files_of_what_is_not_there_are_refused() {
    let (_app, admin) = everything().await;

    for (path, status) in [
        ("/companies/42/progress/export.pdf", 404),
        ("/companies/4711/progress/export.csv", 404),
        ("/companies/42/progress/export.csv?status=done", 400),
        ("/companies/42/people/4711/export.csv", 404),
        ("/companies/4711/tokens/export.csv", 404),
        ("/companies/4711/coverage/export.xlsx", 404),
        ("/sync/runs/none/changes/export.csv", 404),
        ("/sync/batches/none/export.csv", 404),
        ("/sync/history/export.csv?state=lost", 400),
        ("/people/17/erasure/export.csv", 404),
    ] {
        assert_eq!(admin.get(path).await.status, status, "{path}");
        assert_eq!(admin.head(path).await.status, status, "HEAD {path}");
    }
    let posted = admin.post("/companies/export.csv", &[]).await;
    assert_eq!(posted.status, 405);
}
