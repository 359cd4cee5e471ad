//! Every text of the pages can be said in every language: none stands in a template as it is, and no catalogue lacks one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use alx_report_api::config::Config;
use alx_report_api::language::Language;
use clap::Parser;

mod read;

/// Files in `src` whose literals are read by people: each that begins with a capital or has a space is a text.
const TEXTS: &[&str] = &[
    "alerts/kind.rs",
    "checks/clock.rs",
    "checks/copies.rs",
    "checks/disk.rs",
    "checks/logs.rs",
    "checks/source.rs",
    "checks/store.rs",
    "dashboard/alerts_view.rs",
    "dashboard/audit_facts.rs",
    "dashboard/audit_words.rs",
    "dashboard/calendar.rs",
    "dashboard/chrome.rs",
    "dashboard/company.rs",
    "dashboard/company_nav.rs",
    "dashboard/courses.rs",
    "dashboard/history_view.rs",
    "dashboard/learners.rs",
    "dashboard/monitor_charts.rs",
    "dashboard/monitor_tables.rs",
    "dashboard/overview.rs",
    "dashboard/page_error.rs",
    "dashboard/progress_chips.rs",
    "dashboard/progress_columns.rs",
    "dashboard/run_verdict.rs",
    "dashboard/settings_checked.rs",
    "dashboard/settings_glance.rs",
    "dashboard/settings_lists.rs",
    "dashboard/settings_words.rs",
    "dashboard/site_fixed.rs",
    "dashboard/sync.rs",
    "progress/derive.rs",
    "staff/arrivals.rs",
    "sync/batch/mod.rs",
    "sync/reasons.rs",
    "sync/undo.rs",
    "watch/settle.rs",
];

/// Files in `src` where single words are texts too.
const WORDS: &[&str] = &[
    "dashboard/labels.rs",
    "dashboard/why_words.rs",
    "settings/site/fields.rs",
];

/// Files in `src` of which only the words of one function are texts.
const IN_WORDS: &[&str] = &["sync/words.rs"];

/// Rooms whose words no page says.
const SILENT: &[&str] = &["api/", "commands/", "odata/"];

#[test]
fn no_text_of_a_template_stands_there_untranslatable() {
    let mut found = Vec::new();
    for (path, source) in templates() {
        if path.starts_with("api/") {
            continue; // the description of the API is English, as its names are
        }
        for text in read::bare(&source) {
            found.push(format!("{path}: {text}"));
        }
    }
    assert!(found.is_empty(), "not translatable:\n{}", found.join("\n"));
}

#[test]
fn german_has_every_text_and_no_other() {
    whole(Language::German);
}

#[test]
fn spanish_has_every_text_and_no_other() {
    whole(Language::Spanish);
}

#[test]
fn arabic_has_every_text_and_no_other() {
    whole(Language::Arabic);
}

fn whole(language: Language) {
    let (texts, known) = (texts(), catalogue(language));
    let missing: Vec<_> = texts
        .iter()
        .filter(|text| !known.contains_key(*text))
        .collect();
    let unused: Vec<_> = known.keys().filter(|text| !texts.contains(*text)).collect();
    assert!(missing.is_empty(), "{language} lacks {missing:#?}");
    assert!(unused.is_empty(), "{language} has for nothing {unused:#?}");
}

#[test]
fn every_translation_has_the_places_of_its_text() {
    for language in [Language::German, Language::Spanish, Language::Arabic] {
        for (text, translations) in catalogue(language) {
            for translation in translations {
                assert!(
                    !translation.trim().is_empty(),
                    "{language}: nothing for {text:?}"
                );
                assert_eq!(
                    places(&translation),
                    places(&text),
                    "{language}: {translation:?} of {text:?}"
                );
            }
        }
    }
}

/// The names in braces, without the one that a form for one or two may leave out.
fn places(text: &str) -> BTreeSet<&str> {
    let parts = text
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'));
    parts
        .map(|(name, _)| name)
        .filter(|name| *name != "n")
        .collect()
}

/// Each text of a catalogue with its translations; one with a context as `context|text`.
fn catalogue(language: Language) -> BTreeMap<String, Vec<String>> {
    let path = root().join(format!("src/language/{language}.po"));
    let source = std::fs::read_to_string(path).unwrap();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut context, mut text) = (String::new(), String::new());
    for line in source.lines() {
        let value = || {
            line.split_once(' ')
                .map(|(_, quoted)| read::unquoted(quoted))
                .unwrap()
        };
        if line.starts_with("msgctxt ") {
            context = value() + "|";
        } else if line.starts_with("msgid ") {
            text = std::mem::take(&mut context) + &value();
        } else if line.starts_with("msgstr") && !text.is_empty() {
            found.entry(text.clone()).or_default().push(value());
        }
    }
    found
}

/// What `--help` says of each setting, which the page of the settings says too.
fn helps() -> Vec<String> {
    let Run { config } = Run::parse_from(["test"]);
    let helps = config.listed().into_iter().map(|setting| setting.help);
    helps.collect()
}

#[derive(Parser)]
struct Run {
    #[command(flatten)]
    config: Config,
}

/// Every text that a page may say.
fn texts() -> BTreeSet<String> {
    let mut found: BTreeSet<String> = helps().into_iter().collect();
    for (_, source) in templates() {
        found.extend(read::texts_of_template(&source));
    }
    for (path, source) in sources() {
        if SILENT.iter().any(|room| path.starts_with(room)) {
            continue;
        }
        found.extend(read::texts_of_code(&source));
        found.extend(read::named(&source).0);
        if WORDS.contains(&path.as_str()) {
            found.extend(read::words(&source));
        }
        if IN_WORDS.contains(&path.as_str()) {
            let said = source.split("Said::new(match self {").nth(1);
            let said = said.and_then(|rest| rest.split("})").next());
            found.extend(read::words(said.unwrap_or_default()));
        }
        if TEXTS.contains(&path.as_str()) {
            found.extend(read::readable(&source));
        }
    }
    found
}

#[test]
fn no_error_of_a_room_hides_its_text() {
    let mut hidden = Vec::new();
    for (path, source) in sources() {
        let silent = SILENT.iter().any(|room| path.starts_with(room));
        if silent || TEXTS.contains(&path.as_str()) {
            continue;
        }
        let missing = read::named(&source).1;
        hidden.extend(missing.iter().map(|name| format!("{path}: {name}")));
    }
    assert!(hidden.is_empty(), "no text beside:\n{}", hidden.join("\n"));
}

fn templates() -> Vec<(String, String)> {
    files("templates", "html")
}

fn sources() -> Vec<(String, String)> {
    let mut found = files("src", "rs");
    for (_, source) in &mut found {
        if let Some(end) = source.find("#[cfg(test)]") {
            source.truncate(end);
        }
    }
    found
}

/// Each file below a folder, by its path below it.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let root = root().join(folder);
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == ending) {
                let name = path
                    .strip_prefix(&root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                found.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
