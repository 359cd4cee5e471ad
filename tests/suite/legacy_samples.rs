//! Recorded calls of the old plugin, replayed: errors byte for byte, rows by their keys.

use reqwest::Method;

use crate::support::client::{Client, Reply, synced};
use crate::support::say;

const DOOR: &str = "/webservice/rest/server.php";
const KEYS: [&str; 12] = [
    "userid",
    "firstname",
    "lastname",
    "email",
    "username",
    "coursename",
    "timecompleted",
    "timecompleted_unix",
    "timestarted",
    "timestarted_unix",
    "percentage",
    "status",
];

#[actix_web::test]
async fn recorded_calls_get_the_recorded_answers() {
    let Some(folder) = std::env::var_os("ALX_TEST_SAMPLES") else {
        say(
            "NOT RUN: set ALX_TEST_SAMPLES to the folder with the recorded calls of the old plugin",
        );
        return;
    };
    let (_app, acme) = synced().await;
    let mut compared = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        if path.extension().is_none_or(|ending| ending != "txt") || !is_comparable(&name) {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text");
        let sample = Sample::read(&text).unwrap_or_else(|| panic!("{name} is no sample"));
        let reply = sample.replay(&acme).await;
        assert_eq!(reply.header("content-type"), sample.content_type, "{name}");
        assert_eq!(reply.status, 200, "{name}");
        if name.starts_with("ok_") && sample.body.starts_with('[') {
            assert_eq!(keys(&reply.body), keys(sample.body), "{name}");
        } else {
            assert_eq!(reply.body, sample.body, "{name}");
        }
        compared += 1;
    }
    eprintln!("{compared} recorded calls compared");
    assert!(compared > 25, "{compared}");
}

/// Left out: what depends on settings, people or limits that later work brings, and Moodle's debugging texts.
fn is_comparable(name: &str) -> bool {
    let others = [
        "debug",
        "rate_limit",
        "suspended",
        "no_company",
        "disabled_service",
        "expired",
        "ip_restricted",
        "no_rest_capability",
        "other_service",
        "maintenance",
        "rest_disabled",
        "webservices_disabled",
        "invalid_response",
        "fields_off",
        "get_enabled",
        "seq",
        "zz_",
        "xml_default",
        "empty_company",
        "last_page",
    ];
    !others.iter().any(|other| name.contains(other))
}

/// The keys of the first row, in order.
fn keys(body: &str) -> Vec<&'static str> {
    let first = body.split("},{").next().unwrap_or_default();
    let place = |name: &str| first.find(&format!("\"{name}\":"));
    let mut found: Vec<_> = KEYS
        .iter()
        .filter_map(|name| Some((place(name)?, *name)))
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

/// One recorded call: `# curl …`, `---`, the raw answer.
struct Sample<'a> {
    method: &'a str,
    query: &'a str,
    body_sent: Option<(&'static str, String)>,
    content_type: &'a str,
    body: &'a str,
}

impl<'a> Sample<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (command, answer) = text.split_once("\n---\n")?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let content_type = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Type: "))?;
        let url = command
            .split(' ')
            .find(|word| word.starts_with("http://"))?;
        let method = match command.split_once(" -X ") {
            Some((_, rest)) => rest.split(' ').next()?,
            None if command.contains(" -I ") => "HEAD",
            None => "GET",
        };
        let body_sent = if command.contains(" -F ") {
            let part = |field: &str| {
                let (name, value) = field.split_once('=').unwrap_or_default();
                format!(
                    "--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{}\r\n",
                    value.trim()
                )
            };
            let parts: String = command.split(" -F ").skip(1).map(part).collect();
            Some((
                "multipart/form-data; boundary=X",
                format!("{parts}--X--\r\n"),
            ))
        } else {
            let data = command.split_once(" -d ").map(|(_, data)| data.to_owned());
            let is_json = command.contains("application/json");
            data.map(|data| {
                if is_json {
                    ("application/json", data)
                } else {
                    ("application/x-www-form-urlencoded", data)
                }
            })
        };
        Some(Self {
            method,
            query: url.split_once('?').map_or("", |(_, query)| query),
            body_sent,
            content_type,
            body,
        })
    }

    /// Sends the call with our token in place of any that was good then.
    async fn replay(&self, client: &Client) -> Reply {
        let ours = |text: &str| {
            let good = |word: &str| {
                word.len() == 32
                    && word.bytes().all(|byte| byte.is_ascii_hexdigit())
                    && !word.starts_with("0000")
            };
            let mut text = text.to_owned();
            let words: Vec<String> = text
                .split(|letter: char| !letter.is_ascii_alphanumeric())
                .filter(|word| good(word))
                .map(str::to_owned)
                .collect();
            for word in words {
                text = text.replace(&word, &client.token);
            }
            text
        };
        let method = Method::from_bytes(self.method.as_bytes()).expect("a method");
        let path = format!("{DOOR}?{}", ours(self.query));
        client
            .send(method, &path, |request| match &self.body_sent {
                Some((kind, body)) => request.header("content-type", *kind).body(ours(body)),
                None => request,
            })
            .await
    }
}
