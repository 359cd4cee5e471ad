//! What the server refuses, whoever knocks: slow, big and encoded bodies, hanging connections.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpResponse, rt};
use alx_report_api::server::{self, Settings};

/// A server with little patience, and two handlers: one reads its body, one does not.
struct Server {
    address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
}

impl Server {
    fn start() -> Self {
        let settings = Settings {
            workers: Some(1),
            max_connections: 8,
            signals: false,
            head_timeout: Duration::from_millis(1000), // actix's clock ticks twice a second
            body_timeout: Duration::from_millis(300),
            keep_alive: Duration::from_millis(1000),
            quiet_timeout: Duration::from_millis(1500),
            ..Settings::new("127.0.0.1:0")
        };
        let (server, addresses) = server::start(&settings, routes).expect("it starts");
        let handle = server.handle();
        rt::spawn(server);
        Self {
            address: addresses[0],
            handle,
        }
    }

    /// Sends text in pieces with a pause after each, and gives all that comes back and how long it took.
    async fn talk(&self, pieces: Vec<Vec<u8>>, pause: Duration) -> (String, Duration) {
        let address = self.address;
        web::block(move || {
            let started = Instant::now();
            let mut stream = TcpStream::connect(address).expect("it listens");
            let mut reader = stream.try_clone().expect("a second handle");
            reader
                .set_read_timeout(Some(Duration::from_secs(8)))
                .expect("a timeout");
            let reading = std::thread::spawn(move || {
                let mut text = Vec::new();
                let _ = reader.read_to_end(&mut text); // a reset also ends the talk
                (
                    String::from_utf8_lossy(&text).into_owned(),
                    started.elapsed(),
                )
            });
            for piece in pieces {
                if stream.write_all(&piece).is_err() || reading.is_finished() {
                    break;
                }
                std::thread::sleep(pause);
            }
            reading.join().expect("the reader ends")
        })
        .await
        .expect("the talk ends")
    }

    async fn send(&self, text: &str) -> String {
        let pieces = vec![text.as_bytes().to_vec()];
        self.talk(pieces, Duration::ZERO).await.0
    }
}

fn routes(config: &mut ServiceConfig) {
    config
        .route(
            "/read",
            web::post().to(|body: Bytes| async move { HttpResponse::Ok().body(body) }),
        )
        .route("/ignore", web::post().to(HttpResponse::Ok))
        .route(
            "/page",
            web::get().to(|| async { HttpResponse::Ok().content_type("text/html").body("<p>") }),
        );
}

const PATIENT: Duration = Duration::from_secs(4);

#[actix_web::test]
async fn an_encoded_body_is_refused_before_any_of_it_is_read() {
    let server = Server::start();

    let head = "POST /read HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 1000000\r\n\r\n";
    let reply = server.send(head).await; // the body is never sent

    assert!(reply.starts_with("HTTP/1.1 415 "), "{reply}");
    assert!(
        reply.contains("application/problem+json") && reply.contains("\"status\":415"),
        "{reply}"
    );
    let plain = "POST /read HTTP/1.1\r\nHost: x\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nok";
    let reply = server.send(plain).await;
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
}

#[actix_web::test]
async fn a_body_of_more_than_256_kilobytes_is_refused() {
    let server = Server::start();

    let announced = "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 262145\r\n\r\n";
    assert!(server.send(announced).await.starts_with("HTTP/1.1 413 "));

    let mut chunked =
        b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..5 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&[b'x'; 0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    let (reply, _) = server.talk(vec![chunked], Duration::ZERO).await;
    assert!(reply.starts_with("HTTP/1.1 413 "), "{reply}");
}

#[actix_web::test]
async fn a_slow_body_does_not_stay_open() {
    let server = Server::start();
    let mut pieces =
        vec![b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".to_vec()];
    pieces.extend(std::iter::repeat_n(b"x".to_vec(), 60));

    let (_, took) = server.talk(pieces, Duration::from_millis(100)).await;

    assert!(took < PATIENT, "{took:?}");
}

#[actix_web::test]
async fn a_slow_body_that_nobody_reads_does_not_stay_open() {
    for framing in [
        "Content-Length: 100000\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n",
    ] {
        let server = Server::start();
        let head = format!("POST /ignore HTTP/1.1\r\nHost: x\r\n{framing}");
        let mut pieces = vec![head.into_bytes()];
        pieces.extend(std::iter::repeat_n(b"1\r\nx\r\n".to_vec(), 60));

        let (reply, took) = server.talk(pieces, Duration::from_millis(100)).await;

        assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
        assert!(took < PATIENT, "{framing}: {took:?}");
    }
}

#[actix_web::test]
async fn a_slow_head_does_not_stay_open_be_it_the_first_or_the_second() {
    let slow = || std::iter::repeat_n(b"X".to_vec(), 60);
    let first = b"GET /page HTTP/1.1\r\nHost: x\r\n".to_vec();
    let second = b"GET /page HTTP/1.1\r\nHost: x\r\n\r\nGET /page HTTP/1.1\r\nHost: x\r\n".to_vec();

    for begin in [first, second] {
        let server = Server::start();
        let pieces = std::iter::once(begin).chain(slow()).collect();
        let (_, took) = server.talk(pieces, Duration::from_millis(100)).await;
        assert!(took < PATIENT, "{took:?}");
    }
}

#[actix_web::test]
async fn an_idle_connection_is_closed() {
    let server = Server::start();

    let silent = server.talk(vec![], Duration::ZERO).await.1;
    let kept = server.talk(
        vec![b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()],
        Duration::ZERO,
    );

    assert!(silent < PATIENT, "{silent:?}");
    assert!(kept.await.1 < PATIENT);
}

#[actix_web::test]
async fn more_connections_than_the_cap_wait_for_their_turn() {
    let server = Server::start();
    let held: Vec<TcpStream> = (0..8)
        .map(|_| TcpStream::connect(server.address).expect("it listens"))
        .collect();
    rt::time::sleep(Duration::from_millis(50)).await;

    let request = "GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let (reply, took) = server
        .talk(vec![request.as_bytes().to_vec()], Duration::ZERO)
        .await;

    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    assert!(took > Duration::from_millis(150), "it waited: {took:?}");
    drop(held);
}

#[actix_web::test]
async fn every_reply_carries_an_id_and_the_security_headers() {
    let server = Server::start();

    for path in ["/page", "/missing"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let reply = server.send(&request).await.to_lowercase();

        for expected in [
            "x-request-id: ",
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            "frame-ancestors 'none'",
            "referrer-policy: same-origin",
            "permissions-policy: ",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(reply.contains(expected), "{path} lacks {expected}: {reply}");
        }
        assert!(!reply.contains("unsafe-"), "{reply}");
    }
}

#[actix_web::test]
async fn a_stopping_server_finishes_what_it_has_begun() {
    let server = Server::start();
    let begun = server.talk(
        vec![
            b"POST /read HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\no"
                .to_vec(),
            b"k".to_vec(),
        ],
        Duration::from_millis(150),
    );
    let stop = async {
        rt::time::sleep(Duration::from_millis(75)).await;
        server.handle.stop(true).await;
    };

    let ((reply, _), ()) = futures_util::future::join(begun, stop).await;

    assert!(reply.ends_with("ok"), "{reply}");
}

#[actix_web::test]
async fn what_is_no_request_gets_an_answer_without_a_body_and_the_end_of_the_connection() {
    let server = Server::start();
    let endless = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}", "x".repeat(200_000));

    for (status, head) in [
        ("400 ", "no request at all\r\n\r\n"),
        (
            "400 ",
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: two\r\n\r\n",
        ),
        ("431 ", endless.as_str()),
        ("408 ", "GET / HTTP/1.1\r\nHost: x\r\n"),
    ] {
        let reply = server.send(head).await;

        let begin: String = head.chars().take(40).collect();
        if reply.is_empty() && status == "431 " {
            continue; // the connection was reset before the answer was read
        }
        assert!(
            reply.starts_with(&format!("HTTP/1.1 {status}")),
            "{begin}: {reply}"
        );
        assert!(
            reply.ends_with("\r\n\r\n"),
            "it has no body: {begin}: {reply}"
        );
        assert!(!reply.to_lowercase().contains("content-type"), "{reply}");
    }
}
