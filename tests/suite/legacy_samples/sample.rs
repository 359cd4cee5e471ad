//! A recorded call of the old plugin: what was sent, and what came back.

use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::support::TestApp;
use crate::support::client::{Client, Reply};
use crate::support::say;

const DOOR: &str = "/webservice/rest/server.php";

/// The recorded calls by name, or `None` where the folder is not given.
pub fn all() -> Option<Vec<(String, String)>> {
    let Some(folder) = std::env::var_os("ALX_TEST_SAMPLES") else {
        say(
            "NOT RUN: set ALX_TEST_SAMPLES to the folder with the recorded calls of the old plugin",
        );
        return None;
    };
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        (name, std::fs::read_to_string(&path).expect("a text"))
    };
    Some(paths.into_iter().map(read).collect())
}

/// One recorded call: `# curl …`, `---`, the raw answer.
pub struct Sample<'a> {
    pub method: &'a str,
    pub query: &'a str,
    pub body_sent: Option<(&'static str, String)>,
    pub content_type: &'a str,
    pub body: &'a str,
}

impl<'a> Sample<'a> {
    pub fn read(text: &'a str) -> Option<Self> {
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

    /// Sends the call as it was sent then.
    pub async fn replay(&self, app: &TestApp) -> Reply {
        let method = Method::from_bytes(self.method.as_bytes()).expect("a method");
        let path = format!("{DOOR}?{}", self.query);
        let client = Client::with_token(app, "none");
        client
            .send(method, &path, |request| match &self.body_sent {
                Some((kind, body)) => request.header("content-type", *kind).body(body.clone()),
                None => request,
            })
            .await
    }

    /// The value of a parameter, wherever it was sent; empty when it was not.
    pub fn parameter(&self, name: &str) -> String {
        let sent = self.body_sent.as_ref().map_or("", |(_, body)| body);
        let marked = sent.replace(&format!("name=\"{name}\"\r\n\r\n"), &format!("&{name}="));
        let all = format!("{}&{marked}", self.query);
        let value = all.split(['&', '\r', '\n']).find_map(|pair| {
            let (known, value) = pair.split_once('=')?;
            (known == name).then(|| value.to_owned())
        });
        value.unwrap_or_default()
    }

    /// The recorded answer without what Moodle's debugging adds for developers.
    pub fn without_debugging(&self) -> String {
        match self.body.split_once(",\"debuginfo\":") {
            Some((before, _)) => format!("{before}}}"),
            None => self.body.to_owned(),
        }
    }

    /// The rows of the recorded answer; `None` where it has none.
    pub fn rows(&self) -> Option<Vec<Map<String, Value>>> {
        if self.body.starts_with("<?xml") && self.body.contains("<RESPONSE>") {
            return Some(self.body.split("<SINGLE>").skip(1).map(xml_row).collect());
        }
        let rows: Vec<Value> = serde_json::from_str(self.body).ok()?;
        let row = |row: Value| row.as_object().cloned().unwrap_or_default();
        Some(rows.into_iter().map(row).collect())
    }
}

fn xml_row(text: &str) -> Map<String, Value> {
    let pair = |part: &str| {
        let (name, rest) = part.split_once("\"><VALUE>")?;
        let text = rest.split_once("</VALUE>")?.0;
        let value = match text.parse::<serde_json::Number>() {
            Ok(number) if name != "username" => Value::Number(number),
            _ => json!(
                text.replace("&lt;", "<")
                    .replace("&gt;", ">")
                    .replace("&quot;", "\"")
                    .replace("&amp;", "&")
            ),
        };
        Some((name.to_owned(), value))
    };
    text.split("<KEY name=\"").filter_map(pair).collect()
}
