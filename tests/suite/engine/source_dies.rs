//! A source that dies while it is read: the run fails with a sentence, and nothing is changed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use alx_report_api::config::Secret;
use alx_report_api::ids::CompanyId;
use serde_json::json;

use crate::support::TestApp;
use crate::support::client::Client;
use crate::support::say;

/// Stands before a database and cuts every connection once the server has sent so many bytes; 0 never cuts.
fn cutting_proxy(target: String, limit: Arc<AtomicU64>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&target).unwrap();
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || pump(from, to, &AtomicU64::new(0)));
            let limit = limit.clone();
            std::thread::spawn(move || pump(server, client, &limit));
        }
    });
    port
}

fn pump(mut from: TcpStream, mut to: TcpStream, limit: &AtomicU64) {
    let (mut buffer, mut sent) = ([0; 512], 0);
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        sent += read as u64;
        let limit = limit.load(SeqCst);
        if limit > 0 && sent > limit {
            break;
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

async fn dies(variable: &str, usual_port: u16) {
    let Ok(url) = std::env::var(variable) else {
        say(&format!("NOT RUN: a source that dies needs {variable}"));
        return;
    };
    let mut url = url::Url::parse(&url).unwrap();
    let target = format!(
        "{}:{}",
        url.host_str().unwrap(),
        url.port().unwrap_or(usual_port)
    );
    let limit = Arc::new(AtomicU64::new(0));
    url.set_port(Some(cutting_proxy(target, limit.clone())))
        .unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    let moodle = Secret::new(url.to_string());
    let app = TestApp::start(|_| {}, |config| config.moodle_url = Some(moodle)).await;
    let acme = Client::new(&app, CompanyId(42), "read,sync").await;
    let (mut died, mut came_through) = (0, 0);

    for bytes in [
        2_000, 8_000, 15_000, 20_000, 30_000, 45_000, 60_000, 80_000, 100_000,
    ] {
        limit.store(bytes, SeqCst);
        let run = acme
            .post("/api/v1/syncs?wait=30", json!({"mode": "full"}))
            .await
            .json();
        let rows = acme
            .get("/api/v1/progress?limit=1000")
            .await
            .each("userid")
            .len();
        if run["state"] == "failed" {
            died += 1;
            assert_eq!(
                run["statistics"]["errors"][0].as_str().unwrap(),
                "The Moodle database cannot be reached. Nothing was changed."
            );
            assert!([0, 366].contains(&rows), "{rows} rows after {bytes} bytes");
        } else {
            came_through += 1;
            assert_eq!((run["state"].as_str().unwrap(), rows), ("succeeded", 366));
        }
    }
    limit.store(0, SeqCst);
    acme.sync().await;

    assert!(died > 2, "{died} died, {came_through} came through");
    assert_eq!(
        acme.get("/api/v1/progress?limit=1000")
            .await
            .each("userid")
            .len(),
        366
    );
}

#[actix_web::test]
async fn a_mariadb_that_dies_while_it_is_read_changes_nothing() {
    dies("ALX_TEST_MOODLE_MARIADB", 3306).await;
}

#[actix_web::test]
async fn a_postgresql_that_dies_while_it_is_read_changes_nothing() {
    dies("ALX_TEST_MOODLE_POSTGRES", 5432).await;
}
