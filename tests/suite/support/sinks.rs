//! Other sides for messages: a mail server and a program behind a webhook, which keep what they were sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// One that listens on a free port until the test ends.
pub struct Sink {
    /// Its port.
    pub port: u16,
    /// What it answers: 0 takes everything.
    pub refuses: Arc<AtomicU16>,
    got: Arc<Kept>,
}

/// What was taken: kept before it is said to be, so that whoever hears so finds it.
type Kept = Mutex<Vec<String>>;

impl Sink {
    /// A mail server without TLS.
    pub fn mail() -> Self {
        Self::start(take_mail)
    }

    /// A program that takes POSTs; `refuses` is the status of its answers.
    pub fn web() -> Self {
        Self::start(take_post)
    }

    fn start(take: fn(TcpStream, u16, &Kept) -> std::io::Result<()>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (refuses, got) = (
            Arc::new(AtomicU16::new(0)),
            Arc::new(Mutex::new(Vec::new())),
        );
        let (says, keeps) = (refuses.clone(), got.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = take(stream, says.load(SeqCst), &keeps); // the other side sees for itself
            }
        });
        Self { port, refuses, got }
    }

    /// Everything it took so far.
    pub fn got(&self) -> Vec<String> {
        self.got.lock().expect("no panic").clone()
    }
}

/// One session of SMTP: the recipient and the message, if it was taken.
fn take_mail(stream: TcpStream, refuses: u16, kept: &Kept) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    let mut rcpt = String::new();
    out.write_all(b"220 sink\r\n")?;
    while let Some(line) = lines.next() {
        let line = line?;
        let answer: String = match line.to_uppercase().split(' ').next().unwrap_or_default() {
            "EHLO" => "250-sink\r\n250 8BITMIME".into(),
            "MAIL" if refuses > 0 => format!("{refuses} no room today"),
            "RCPT" => {
                rcpt.clone_from(&line);
                "250 ok".into()
            }
            "DATA" => {
                out.write_all(b"354 go on\r\n")?;
                let mut text = format!("{rcpt}\n");
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
                let whole = text.replace("=\n", ""); // lines that were broken for the way
                kept.lock().expect("no panic").push(whole);
                "250 taken as 42".into()
            }
            "QUIT" => {
                out.write_all(b"221 bye\r\n")?;
                break;
            }
            _ => "250 ok".into(),
        };
        out.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}

/// One request: its head in lower case, and its body as it is.
fn take_post(stream: TcpStream, status: u16, kept: &Kept) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.is_empty() {
            break;
        }
        head.push_str(&line);
        head.push('\n');
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let status = if status == 0 { 200 } else { status };
    let answer = format!(
        "HTTP/1.1 {status} Said\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 8\r\nconnection: close\r\n\r\nthe sink"
    );
    let whole = format!("{head}\n{}", String::from_utf8_lossy(&body));
    kept.lock().expect("no panic").push(whole);
    out.write_all(answer.as_bytes())
}
