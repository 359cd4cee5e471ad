//! The floors: a file uses lower floors and its own room, never a neighbour or anything above.

use std::path::{Path, PathBuf};

/// Every room and its floor, as `docs/ARCHITECTURE.md` draws them.
const FLOORS: &[(u8, &[&str])] = &[
    (10, &["main", "commands"]),
    (9, &["server"]),
    (8, &["routes"]),
    (7, &["dashboard", "api", "jobs"]),
    (
        6,
        &["demo", "odata", "watch", "checks", "restore", "retention"],
    ),
    (5, &["sync", "delivery", "access", "site", "staff"]),
    (4, &["app", "windows"]),
    (
        3,
        &[
            "companies",
            "progress",
            "tokens",
            "requests",
            "admins",
            "settings",
            "audit",
            "alerts",
        ],
    ),
    (2, &["moodle"]),
    (1, &["db", "cache", "export"]),
    (
        0,
        &[
            "error", "schema", "config", "fields", "ids", "language", "proxies", "time", "words",
        ],
    ),
];

fn floor(room: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(_, rooms)| rooms.contains(&room))
        .map(|(floor, _)| *floor)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

/// The room of a file: its first folder below `src`, or its own name.
fn room(file: &Path) -> String {
    let below = file.strip_prefix(source()).unwrap();
    let first = below
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The rooms that a text names: `crate::room` and `use crate::{room, …}`.
fn named(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split("crate::").skip(1) {
        if let Some(list) = part.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for letter in list.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => found.push(std::mem::take(&mut word)),
                    letter if depth == 0 => word.push(letter),
                    _ => {}
                }
            }
            found.push(word);
        } else {
            found.push(part.to_owned());
        }
    }
    let identifier = |text: &String| {
        text.trim()
            .chars()
            .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
            .collect()
    };
    found
        .iter()
        .map(identifier)
        .filter(|name: &String| !name.is_empty())
        .collect()
}

#[test]
fn every_room_has_a_floor() {
    let without: Vec<_> = files(&source())
        .iter()
        .map(|file| room(file))
        .filter(|room| room != "lib" && floor(room).is_none())
        .collect();

    assert_eq!(without, Vec::<String>::new());
}

#[test]
fn a_file_uses_lower_floors_and_its_own_room_only() {
    let mut wrong = Vec::new();
    for file in files(&source()) {
        let own = room(&file);
        let Some(own_floor) = floor(&own) else {
            continue;
        };
        for other in named(&std::fs::read_to_string(&file).unwrap()) {
            // The words on floor 0 may use each other.
            let above = |floor: u8| floor >= own_floor.max(1);
            if other != own && floor(&other).is_some_and(above) {
                wrong.push(format!(
                    "{} (floor {own_floor}) uses {other}",
                    file.display()
                ));
            }
        }
    }

    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_file_opens_with_one_sentence_about_itself() {
    let silent: Vec<_> = files(&source())
        .into_iter()
        .filter(|file| !std::fs::read_to_string(file).unwrap().starts_with("//! "))
        .collect();

    assert_eq!(silent, Vec::<PathBuf>::new());
}
