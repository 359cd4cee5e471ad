//! Figures of the API: `cargo bench --bench http` loads a cached page of 100 rows, and beside it a bare actix handler
//! that sends the same bytes, with `wrk`, in interleaved rounds; the ratio is what counts.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App as Site, HttpResponse, HttpServer, web};
use alx_report_api::app::App;
use alx_report_api::config::Config;
use alx_report_api::ids::CompanyId;
use alx_report_api::sync::{Mode, Request, Trigger};
use alx_report_api::tokens::{self, NewToken, Scopes};
use alx_report_api::{demo, server, sync};
use clap::Parser;

const ROUNDS: usize = 7;
const COMPANY: CompanyId = CompanyId(42);

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
    demo::store::create(&moodle).expect("the demo Moodle");
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
    let new = NewToken {
        company: COMPANY,
        name: "bench".into(),
        scopes: Scopes::all(),
        created_by: "bench".into(),
        expires_at: None,
    };
    let made = app
        .db
        .write(|conn| tokens::store::create(conn, &app.key, &new, alx_report_api::time::now()));
    let (token, _) = made.expect("a token");
    (app, token.reveal().to_owned())
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
    let page = format!("http://{}/api/v1/progress?limit=100", bound.addresses[0]);
    actix_web::rt::spawn(bound.run());
    let bytes = fetch(&page, &token).await;
    println!(
        "a cached page of 100 rows, {} bytes, against a bare handler that sends them",
        bytes.len()
    );
    let bare = bare_handler(bytes);
    actix_web::rt::task::spawn_blocking(move || rounds(&page, &bare, &token))
        .await
        .expect("no panic");
}

async fn fetch(page: &str, token: &str) -> web::Bytes {
    let reply = reqwest::Client::new()
        .get(page)
        .bearer_auth(token)
        .send()
        .await
        .expect("a reply");
    assert_eq!(reply.status(), 200);
    reply.bytes().await.expect("a body")
}

fn bare_handler(bytes: web::Bytes) -> String {
    let server = HttpServer::new(move || {
        let bytes = bytes.clone();
        let send = move || {
            let body = bytes.clone();
            async move {
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

fn rounds(page: &str, bare: &str, token: &str) {
    let round = |number: usize| {
        let (bare, ours) = (load(bare, token), load(page, token));
        println!(
            "  round {number}: bare {bare:7.0}/s, ours {ours:7.0}/s, ratio {:.2}",
            ours / bare
        );
        ours / bare
    };
    let mut ratios: Vec<f64> = (1..=ROUNDS).map(round).collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "  ratio: median {:.2}, from {:.2} to {:.2}",
        ratios[ROUNDS / 2],
        ratios[0],
        ratios[ROUNDS - 1]
    );
}

/// Requests per second that `wrk` gets out of an address in three seconds.
fn load(address: &str, token: &str) -> f64 {
    let authorization = format!("Authorization: Bearer {token}");
    let out = Command::new("wrk")
        .args(["-t1", "-c32", "-d3s", "-H", &authorization, address])
        .output();
    let text = String::from_utf8(out.expect("wrk is installed (apt-get install wrk)").stdout)
        .expect("text");
    assert!(!text.contains("Non-2xx"), "{text}");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"))
        .expect("a figure");
    line.trim().parse().expect("a number")
}
