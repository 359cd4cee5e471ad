//! Figures of the API: `cargo bench --bench http` loads pages of 100 and 1,000 rows, as they are and compressed, from the
//! cache and from the store, and replies without a body, and beside each a bare actix handler that sends the same bytes,
//! with `wrk`, in interleaved rounds; the ratio is what counts. `-- 100` runs the cases with that in their name.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App as Site, HttpResponse, HttpServer, web};
use alx_report_api::app::App;
use alx_report_api::config::Config;
use alx_report_api::db::Conn;
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::{CompanyId, CourseId, UserId};
use alx_report_api::settings::delivery::DeliveryOverrides;
use alx_report_api::sync::{Mode, Request, Trigger};
use alx_report_api::time::{now, now_ms};
use alx_report_api::tokens::{self, NewToken, Scopes};
use alx_report_api::{delivery, server, sync};
use clap::Parser;
use diesel::connection::SimpleConnection as _;

const ROUNDS: usize = 5;
const COMPANY: CompanyId = CompanyId(42);
/// When everything happened: 2025-10-01 09:00:00 UTC.
const LONG_AGO: i64 = 1_759_309_200;

/// Only the settings of the command line.
#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let (app, token) = prepare(folder.path());
    actix_web::rt::System::new().block_on(compare(app, token));
}

fn prepare(folder: &Path) -> (Arc<App>, String) {
    let moodle = folder.join("moodle.db");
    let mut filled = MoodleBuilder::open(&moodle).expect("a new Moodle");
    filled.all_or_nothing(fill).expect("it is filled");
    let url = format!("sqlite://{}", moodle.display());
    let data = folder.display().to_string();
    let arguments = [
        "bench",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        &data,
        "--moodle-url",
        &url,
    ];
    let app = App::open(Settings::parse_from(arguments).config).expect("the app opens");
    sync::learn_companies(&app).expect("companies");
    let new = NewToken::of(COMPANY, "bench", Scopes::all(), "bench");
    let mut unlimited = DeliveryOverrides::default();
    unlimited.set("calls_per_token", Some(0.into()));
    let made = app.db.write(|conn| {
        delivery::change(conn, COMPANY, &unlimited, "bench", now_ms())?;
        tokens::store::create(conn, &app.key, &new, now())
    });
    let (token, _) = made.expect("a token");
    (app, token.reveal().to_owned())
}

/// One kind of request.
struct Case {
    name: &'static str,
    rows: u32,
    gzip: bool,
    /// Whether the company's replies are kept.
    kept: bool,
    /// Whether the client has the reply already.
    known: bool,
}

const fn case(name: &'static str, rows: u32, gzip: bool, kept: bool, known: bool) -> Case {
    Case {
        name,
        rows,
        gzip,
        kept,
        known,
    }
}

const CASES: [Case; 10] = [
    case("hit, 100 rows, identity", 100, false, true, false),
    case("hit, 100 rows, gzip", 100, true, true, false),
    case("hit, 1,000 rows, identity", 1000, false, true, false),
    case("hit, 1,000 rows, gzip", 1000, true, true, false),
    case("miss, 100 rows, identity", 100, false, false, false),
    case("miss, 100 rows, gzip", 100, true, false, false),
    case("miss, 1,000 rows, identity", 1000, false, false, false),
    case("miss, 1,000 rows, gzip", 1000, true, false, false),
    case("304, 100 rows", 100, false, true, true),
    case("304, 1,000 rows", 1000, false, true, true),
];

/// 1,000 rows: 200 people in 5 courses.
fn fill(moodle: &mut MoodleBuilder) -> alx_report_api::error::Result<()> {
    moodle.company_as(COMPANY, "Acme")?;
    let courses: Vec<CourseId> = (1..=5)
        .map(|number| moodle.course(&format!("Course number {number}")))
        .collect::<Result<_, _>>()?;
    for course in &courses {
        moodle.give_course(COMPANY, *course)?;
        moodle.activities(*course, 4)?;
    }
    for number in 1..=200 {
        let user = moodle.user_as(
            UserId(1000 + number),
            "Łukasz",
            &format!("Kowalski {number}"),
        )?;
        moodle.member(COMPANY, user)?;
        for (place, course) in (1..).zip(&courses) {
            moodle.enrol(user, *course, LONG_AGO)?;
            moodle.done(
                user,
                *course,
                usize::try_from((number + place) % 5).expect("small"),
                LONG_AGO,
            )?;
        }
    }
    Ok(())
}

async fn compare(app: Arc<App>, token: String) {
    let by = "bench".to_owned();
    let request = Request::of(COMPANY, Mode::Full, Trigger::CommandLine, by);
    let requested = sync::start(&app, request).await.expect("a run");
    let ended = sync::wait(&app, COMPANY, &requested.run, Duration::from_secs(60)).await;
    ended
        .expect("the store answers")
        .expect("it ends within a minute");
    let bound = server::bind(&app, false).expect("a port");
    let host = format!("http://{}", bound.addresses[0]);
    actix_web::rt::spawn(bound.run());
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    for case in CASES {
        if wanted
            .as_ref()
            .is_none_or(|wanted| case.name.contains(wanted))
        {
            measure(&app, &host, &token, &case).await;
        }
    }
}

async fn measure(app: &Arc<App>, host: &str, token: &str, case: &Case) {
    let minutes = if case.kept { 60 } else { 0 };
    let text = format!("update companies set cache_minutes = {minutes}");
    let kept = move |conn: &mut Conn| Ok(conn.batch_execute(&text)?);
    app.db.change(kept).await.expect("the store answers");
    let page = format!("{host}/api/v1/progress?limit={}", case.rows);
    let mut headers = vec![format!("Authorization: Bearer {token}")];
    if case.gzip {
        headers.push("Accept-Encoding: gzip".into());
    }
    let (etag, mut bytes) = fetch(&page, &headers).await;
    if case.known {
        headers.push(format!("If-None-Match: {etag}"));
        bytes = web::Bytes::new();
    }
    println!(
        "{}: {} bytes, against a bare handler that sends them",
        case.name,
        bytes.len()
    );
    let bare = bare_handler(bytes, case.known);
    let work = move || rounds(&page, &bare, &headers);
    actix_web::rt::task::spawn_blocking(work)
        .await
        .expect("no panic");
}

async fn fetch(page: &str, headers: &[String]) -> (String, web::Bytes) {
    let mut request = reqwest::Client::new().get(page);
    for header in headers {
        let (name, value) = header.split_once(": ").expect("a header");
        request = request.header(name, value);
    }
    let reply = request.send().await.expect("a reply");
    assert_eq!(reply.status(), 200);
    let etag = reply.headers()["etag"].to_str().expect("ASCII").to_owned();
    (etag, reply.bytes().await.expect("a body"))
}

fn bare_handler(bytes: web::Bytes, known: bool) -> String {
    let server = HttpServer::new(move || {
        let bytes = bytes.clone();
        let send = move || {
            let body = bytes.clone();
            async move {
                if known {
                    return HttpResponse::NotModified().finish();
                }
                HttpResponse::Ok()
                    .content_type("application/json")
                    .body(body)
            }
        };
        Site::new().route("/", web::get().to(send))
    })
    .bind("127.0.0.1:0")
    .expect("a port");
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.disable_signals().run());
    format!("http://{address}/")
}

fn rounds(page: &str, bare: &str, headers: &[String]) {
    let round = |_| {
        let (bare, ours) = (load(bare, headers), load(page, headers));
        (ours / bare, bare, ours)
    };
    let mut all: Vec<(f64, f64, f64)> = (1..=ROUNDS).map(round).collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (ratio, bare, ours) = all[ROUNDS / 2];
    println!(
        "  ratio: median {ratio:.3} (bare {bare:.0}/s, ours {ours:.0}/s), from {:.3} to {:.3}",
        all[0].0,
        all[ROUNDS - 1].0
    );
}

/// Requests per second that `wrk` gets out of an address in two seconds.
fn load(address: &str, headers: &[String]) -> f64 {
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c32", "-d2s"]);
    for header in headers {
        wrk.args(["-H", header]);
    }
    let out = wrk.arg(address).output();
    let text = String::from_utf8(out.expect("wrk is installed (apt-get install wrk)").stdout)
        .expect("text");
    assert!(!text.contains("Non-2xx"), "{text}");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"))
        .expect("a figure");
    line.trim().parse().expect("a number")
}
