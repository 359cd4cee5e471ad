//! A cached page of 100 rows against a bare handler that sends the same bytes: requests per second, as a ratio.
//!
//! Both servers run in this process and take turns, round by round, with the same load on them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::KeepAlive;
use actix_web::web::{self, Bytes};
use actix_web::{App as Actix, HttpResponse, HttpServer, rt};
use alx_report_api::app::App;
use alx_report_api::config::Config;
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::{CompanyId, UserId, random_hex};
use alx_report_api::server;
use alx_report_api::sync::{self, Mode, Request, Trigger};
use alx_report_api::time::now;
use alx_report_api::tokens::{NewToken, Scopes, store};
use clap::Parser;

const ACME: CompanyId = CompanyId(42);
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(3);
const CONNECTIONS: usize = 16;

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let (app, token) = prepare(folder.path());
    let ours = serve_ours(&app);
    let call = format!(
        "GET /api/v1/progress?limit=100 HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    let (_, body) = once(ours, &call);
    let bare = serve_bare(body.clone().into());
    println!("a page of 100 rows: {} bytes", body.len());
    let mut ratios: Vec<f64> = (1..=ROUNDS)
        .map(|round| {
            let plain = load(bare, "GET / HTTP/1.1\r\nHost: bench\r\n\r\n");
            let cached = load(ours, &call);
            println!(
                "round {round}: bare {plain:.0}/s, cached {cached:.0}/s, ratio {:.2}",
                cached / plain
            );
            cached / plain
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!("median ratio: {:.2} (aim: 0.70)", ratios[ROUNDS / 2]);
}

/// An instance with 200 synced rows in one company, and a token for it.
fn prepare(folder: &Path) -> (Arc<App>, String) {
    let moodle = folder.join("moodle.db");
    fill(&moodle);
    let mut config = Settings::parse_from(["bench"]).config;
    config.listen = "127.0.0.1:0".into();
    config.data_dir = folder.to_owned();
    config.database_url = None;
    config.moodle_url = Some(format!("sqlite://{}", moodle.display()).as_str().into());
    let app = App::open(config.prepared().expect("a folder")).expect("it opens");
    let wish = Request {
        company: ACME,
        mode: Mode::Full,
        hours_back: None,
        trigger: Trigger::CommandLine,
        requested_by: "bench".into(),
        idempotency_key: random_hex::<16>(),
    };
    sync::learn_companies(&app).expect("Moodle answers");
    rt::System::new().block_on(async {
        let run = sync::start(&app, wish).await.expect("it is recorded").run;
        let ended = sync::wait(&app, ACME, &run, Duration::from_secs(60)).await;
        assert!(ended.expect("the store answers").is_some(), "it ends");
    });
    let new = NewToken {
        company: ACME,
        name: "bench".into(),
        scopes: Scopes::all(),
        created_by: "bench".into(),
        expires_at: None,
    };
    let made = app
        .db
        .write(|conn| store::create(conn, &app.key, &new, now()));
    let (token, _) = made.expect("a token");
    (app, token.reveal().to_owned())
}

fn fill(file: &Path) {
    let mut moodle = MoodleBuilder::open(file).expect("a new Moodle");
    let work = |moodle: &mut MoodleBuilder| {
        let course = moodle.course("Fire safety")?;
        moodle.activities(course, 3)?;
        moodle.company_as(ACME, "Acme")?;
        moodle.give_course(ACME, course)?;
        for number in 0..200 {
            let user = moodle.user_as(UserId(1000 + number), "Ada", "Lovelace")?;
            moodle.member(ACME, user)?;
            moodle.enrol(user, course, 1_700_000_000)?;
            moodle.done(user, course, (number % 3) as usize, 1_700_000_000)?;
        }
        Ok(())
    };
    moodle.all_or_nothing(work).expect("it is filled");
}

fn serve_ours(app: &Arc<App>) -> SocketAddr {
    let (send, receive) = std::sync::mpsc::channel();
    let app = app.clone();
    std::thread::spawn(move || {
        rt::System::new().block_on(async {
            let server = server::bind(&app, false).expect("a free port");
            send.send(server.addresses[0]).expect("main waits");
            server.run().await
        })
    });
    receive.recv().expect("it starts")
}

fn serve_bare(body: Bytes) -> SocketAddr {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        rt::System::new().block_on(async {
            let server = HttpServer::new(move || {
                let body = body.clone();
                let send = move || {
                    let body = body.clone();
                    async move {
                        HttpResponse::Ok()
                            .content_type("application/json")
                            .body(body)
                    }
                };
                Actix::new().route("/", web::get().to(send))
            })
            .keep_alive(KeepAlive::Timeout(Duration::from_secs(30)))
            .disable_signals()
            .bind("127.0.0.1:0")
            .expect("a free port");
            send.send(server.addrs()[0]).expect("main waits");
            server.run().await
        })
    });
    receive.recv().expect("it starts")
}

/// Requests per second over some connections that each wait for their answer.
fn load(address: SocketAddr, call: &str) -> f64 {
    let (done, stop) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            let (done, stop) = (done.clone(), stop.clone());
            scope.spawn(move || {
                let mut stream = TcpStream::connect(address).expect("it listens");
                let mut buffer = vec![0; 1 << 17];
                while !stop.load(Ordering::Relaxed) {
                    exchange(&mut stream, call, &mut buffer);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(ROUND);
        stop.store(true, Ordering::Relaxed);
    });
    done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}

fn once(address: SocketAddr, call: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let mut buffer = vec![0; 1 << 17];
    let (head, whole) = exchange(&mut stream, call, &mut buffer);
    let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
    (text, buffer[head..whole].to_vec())
}

/// Sends a call and reads one answer into the buffer; gives where its head and its body end.
fn exchange(stream: &mut TcpStream, call: &str, buffer: &mut [u8]) -> (usize, usize) {
    stream
        .write_all(call.as_bytes())
        .expect("it takes the call");
    let mut filled = 0;
    let mut ends = None;
    loop {
        filled += match stream.read(&mut buffer[filled..]).expect("it answers") {
            0 => panic!("the server hung up"),
            read => read,
        };
        ends = ends.or_else(|| ends_of(&buffer[..filled]));
        match ends {
            Some((head, whole)) if filled >= whole => return (head, whole),
            _ => {}
        }
    }
}

fn ends_of(answer: &[u8]) -> Option<(usize, usize)> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).ok()?;
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    let length = text.to_ascii_lowercase();
    let (_, length) = length.split_once("content-length: ")?;
    let length: usize = length.split("\r\n").next()?.parse().ok()?;
    Some((head, head + length))
}
