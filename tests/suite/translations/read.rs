//! Finding texts in templates and in code.

/// What is the same in every language.
const NAMES: &[&str] = &[
    "ALX Report API",
    "Moodle",
    "Power BI",
    "Excel",
    "CSV",
    "XLSX",
    "NDJSON",
    "OData",
    "JSON",
    "XML",
    "UTC",
    "ms",
    "KB",
    "MB",
    "ID",
    "API",
    "p50",
    "p95",
    "p99",
    "SQLite",
    "PostgreSQL",
    "MySQL",
];

/// What stands before a text in code.
const SAYING: &[&str] = &[
    "Said::new(",
    "Downloads::at(",
    ".downloads(",
    "chosen(",
    "or_not_found(",
    "NotFound(",
    "Error::Invalid(",
    "Error::Conflict(",
    "Error::MoodleUnavailable(",
    "Error::MoodleUnreadable(",
    "Check::ok(",
    "Job::every(",
];

/// Attributes that people read.
const READ: &[&str] = &["aria-label", "title", "placeholder", "alt"];

/// Words of a template that are in no expression.
pub fn bare(source: &str) -> Vec<String> {
    let source = without(&without(source, "{#", "#}"), "<code>", "</code>");
    let mut found = Vec::new();
    let plain = expressionless(&source);
    let mut rest = plain.as_str();
    while let Some((text, tag)) = rest.split_once('<') {
        found.push(text.to_owned());
        let (tag, after) = tag.split_once('>').unwrap_or((tag, ""));
        found.extend(attributes(tag));
        rest = after;
    }
    found.push(rest.to_owned());
    let mut words: Vec<String> = found.iter().map(|text| text.trim().to_owned()).collect();
    words.retain(|text| nameless(text).contains(char::is_alphabetic));
    words
}

fn nameless(text: &str) -> String {
    let names = NAMES.iter();
    names.fold(text.to_owned(), |left, name| left.replace(name, ""))
}

/// The readable attributes of a tag that have letters of their own.
fn attributes(tag: &str) -> Vec<String> {
    let values = READ.iter().filter_map(|name| {
        let (_, value) = tag.split_once(&format!("{name}=\""))?;
        Some(value.split('"').next().unwrap_or_default().to_owned())
    });
    values.collect()
}

/// A template with each expression and statement taken out.
fn expressionless(source: &str) -> String {
    let source = without(source, "{%", "%}");
    without(&source, "{{", "}}")
}

fn without(source: &str, open: &str, close: &str) -> String {
    let mut plain = String::new();
    let mut rest = source;
    while let Some((before, inside)) = rest.split_once(open) {
        plain.push_str(before);
        rest = inside.split_once(close).map_or("", |(_, after)| after);
    }
    plain + rest
}

/// The literals that a template translates, the nouns that it counts, what its files hold, and the readable ones that it
/// hands to a macro or loops over.
pub fn texts_of_template(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (open, close) in [("{{", "}}"), ("{%", "%}")] {
        for part in source.split(open).skip(1) {
            let expression = part.split(close).next().unwrap_or_default();
            if ["call ", "for "]
                .iter()
                .any(|of| expression.trim_start().starts_with(of))
            {
                found.extend(readable(expression));
            }
            for (before, literal, after) in literals(expression) {
                if translated(&after) || before.ends_with("Downloads::at(") {
                    found.push(literal);
                } else if before.ends_with("|counted(") {
                    found.push(counted(&literal));
                }
            }
        }
    }
    found
}

fn translated(after: &str) -> bool {
    let mut letters = after.strip_prefix("|t").unwrap_or("x").chars();
    !letters
        .next()
        .is_some_and(|next| next.is_alphanumeric() || next == '_')
}

/// The texts of `Said::new(…)`, what files hold, and the nouns of `counted(…)`, the last literal of the call.
pub fn texts_of_code(source: &str) -> Vec<String> {
    let found = literals(source);
    let mut texts = Vec::new();
    for (before, literal, _) in &found {
        let before = before.trim_end();
        let is_text = nameless(&without(literal, "{", "}")).contains(char::is_alphabetic);
        if is_text && SAYING.iter().any(|call| before.ends_with(call)) {
            texts.push(literal.clone());
        } else if before.ends_with(" action:") {
            texts.push(capital(&literal.replace('_', " ")));
        }
    }
    for call in source.split("counted(").skip(1) {
        let said = arguments(call).trim_end().trim_end_matches(',');
        if !said.ends_with('"') {
            continue; // the noun is handed on
        }
        if let Some((_, noun, _)) = literals(said).pop() {
            texts.push(counted(&noun));
        }
    }
    texts
}

/// The texts of errors that are named before, as in `let why = "…"; Err(Error::Conflict(why.into()))`, and the names of
/// which no text is found.
pub fn named(source: &str) -> (Vec<String>, Vec<String>) {
    let errors = [
        "Invalid",
        "Conflict",
        "MoodleUnavailable",
        "MoodleUnreadable",
    ];
    let calls = errors.map(|error| format!("Error::{error}("));
    let handed_on = calls.iter().flat_map(|call| source.split(call).skip(1));
    let names: Vec<&str> = handed_on
        .filter_map(|rest| Some(rest.split_once(".into())")?.0))
        .filter(|name| {
            name.chars()
                .all(|letter| letter.is_alphabetic() || letter == '_')
        })
        .collect();
    let literals = literals(source);
    let (mut texts, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        let ends = [format!("let {name} ="), format!("{name}: &str =")];
        let named = literals.iter().filter(|(before, _, _)| {
            let before = before.trim_end();
            ends.iter().any(|end| before.ends_with(end))
        });
        let before = texts.len();
        texts.extend(named.map(|(_, text, _)| text.clone()));
        if texts.len() == before {
            missing.push(name.to_owned());
        }
    }
    (texts, missing)
}

/// The text of a counted noun, with its context before it where it has one.
fn counted(noun: &str) -> String {
    match noun.split_once('|') {
        Some((context, noun)) => format!("{context}|{{n}} {noun}"),
        None => format!("{{n}} {noun}"),
    }
}

/// What stands before the bracket that ends a call, or before the end of the statement.
fn arguments(call: &str) -> &str {
    let mut open = 0;
    let end = call.find(|letter| {
        open += i32::from(letter == '(') - i32::from(letter == ')');
        open < 0 || letter == ';'
    });
    end.map_or(call, |end| &call[..end])
}

/// Literals that begin with a capital, have a space, or say what they mean, as in `button|Change`.
pub fn readable(source: &str) -> Vec<String> {
    let literals = literals(source).into_iter().map(|(_, literal, _)| literal);
    let text = |literal: &String| {
        let said = literal.split_once('|').map_or(&**literal, |(_, text)| text);
        said.len() < literal.len() || said.starts_with(char::is_uppercase) || said.contains(' ')
    };
    literals.filter(text).filter(|text| speaks(text)).collect()
}

/// Literals that are words: those with letters that are no names of the store and no addresses.
pub fn words(source: &str) -> Vec<String> {
    let literals = literals(source).into_iter().map(|(_, literal, _)| literal);
    let word = |literal: &String| !literal.contains(['_', '/']) || literal.contains(' ');
    literals.filter(word).filter(|text| speaks(text)).collect()
}

/// Whether letters are left without places and names.
fn speaks(text: &str) -> bool {
    let left = without(&nameless(text), "{", "}");
    left.ends_with(" %") || left.chars().filter(|letter| letter.is_alphabetic()).count() > 1
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Each string literal with what stands before and behind it.
fn literals(source: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut rest = source;
    let mut before = "";
    while let Some(start) = opening(rest) {
        let behind = &rest[start + 1..];
        let Some(end) = closing(behind) else { break };
        before = if start > 0 { &rest[..start] } else { before };
        let after: String = behind[end + 1..].trim_start().chars().take(12).collect();
        found.push((
            before.to_owned(),
            unquoted(&rest[start..start + end + 2]),
            after,
        ));
        rest = &behind[end + 1..];
    }
    found
}

/// Where the next literal begins, comments and quotes as letters left out.
fn opening(source: &str) -> Option<usize> {
    let mut place = 0;
    for line in source.split_inclusive('\n') {
        let code = line.split("//").next().unwrap_or_default();
        if let Some(start) = code.find('"') {
            if code[..start].ends_with('\'') && code[start + 1..].starts_with('\'') {
                return opening(&source[place + start + 2..]).map(|next| next + place + start + 2);
            }
            return Some(place + start);
        }
        place += line.len();
    }
    None
}

fn closing(source: &str) -> Option<usize> {
    let mut escaped = false;
    source.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })
}

/// A literal without its quotes and with what its escapes mean.
pub fn unquoted(quoted: &str) -> String {
    let inside = quoted.trim().trim_start_matches('"').trim_end_matches('"');
    let mut plain = String::new();
    let mut letters = inside.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek().copied()) {
            ('\\', Some('\n')) => while letters.next_if(|next| next.is_whitespace()).is_some() {},
            ('\\', Some('n')) => {
                letters.next();
                plain.push('\n');
            }
            ('\\', Some(next)) => {
                letters.next();
                plain.push(next);
            }
            _ => plain.push(letter),
        }
    }
    plain
}
