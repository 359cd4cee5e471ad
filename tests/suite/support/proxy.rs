//! A proxy that cuts connections, to stand before a database.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use alx_report_api::config::Secret;

/// How many bytes each connection may carry in each direction; 0 is without end.
#[derive(Clone, Default)]
pub struct Limits {
    /// From us to the database.
    pub to_server: Arc<AtomicU64>,
    /// From the database to us.
    pub to_client: Arc<AtomicU64>,
    /// The how-manieth commit from now on reaches the database but is never answered; 0 is none.
    pub unanswered_commit: Arc<AtomicU64>,
}

impl Limits {
    /// Cuts nothing any more.
    pub fn lift(&self) {
        self.to_server.store(0, SeqCst);
        self.to_client.store(0, SeqCst);
        self.unanswered_commit.store(0, SeqCst);
    }
}

/// The address of a database, by way of a new proxy.
pub fn before(url: &str, usual_port: u16) -> (Secret, Limits) {
    let mut url = url::Url::parse(url).expect("an address");
    let host = url.host_str().expect("a host");
    let target = format!("{host}:{}", url.port().unwrap_or(usual_port));
    let limits = Limits::default();
    let port = listen(target, limits.clone());
    url.set_port(Some(port)).expect("a port");
    url.set_host(Some("127.0.0.1")).expect("a host");
    (Secret::new(url.to_string()), limits)
}

fn listen(target: String, limits: Limits) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(&target) else {
                continue;
            };
            let (from, to) = (client.try_clone(), server.try_clone());
            let (Ok(from), Ok(to)) = (from, to) else {
                continue;
            };
            let (there, back) = (limits.clone(), limits.clone());
            let answers = client.try_clone().expect("a handle");
            std::thread::spawn(move || {
                pump(from, to, &there.to_server, |bytes| {
                    there.cuts_after(bytes, &answers)
                });
            });
            std::thread::spawn(move || pump(server, client, &back.to_client, |_| false));
        }
    });
    port
}

impl Limits {
    /// Whether the connection ends after these bytes: they hold the commit that must stay without an answer.
    fn cuts_after(&self, bytes: &[u8], answers: &TcpStream) -> bool {
        if self.unanswered_commit.load(SeqCst) == 0 || !bytes.windows(6).any(|six| six == b"commit")
        {
            return false;
        }
        let is_it = self.unanswered_commit.fetch_sub(1, SeqCst) == 1;
        if is_it {
            let _ = answers.shutdown(Shutdown::Write);
        }
        is_it
    }
}

fn pump(
    mut from: TcpStream,
    mut to: TcpStream,
    limit: &AtomicU64,
    cuts_after: impl Fn(&[u8]) -> bool,
) {
    let (mut buffer, mut sent) = ([0; 512], 0);
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        sent += read as u64;
        let limit = limit.load(SeqCst);
        if (limit > 0 && sent > limit) || to.write_all(&buffer[..read]).is_err() {
            break;
        }
        if cuts_after(&buffer[..read]) {
            std::thread::sleep(Duration::from_millis(100)); // the database does it
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
