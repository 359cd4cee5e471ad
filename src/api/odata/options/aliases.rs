//! Aliases of a filter: `$filter=UserId eq @who&@who=17`. Each stands for one value.

use super::Written;
use crate::api::odata::ODataError;
use crate::odata::filter::Refusal;
use crate::odata::lexer::{LONGEST, Token, words};

/// Whether an option is an alias, at an address that takes filters.
pub fn may_stand(name: &str, known: &[&str]) -> bool {
    known.contains(&"$filter") && name.strip_prefix('@').is_some_and(is_name)
}

/// Writes the values of aliases into the filter, so that everything else knows of none.
pub fn put_in_place(written: &mut Written) -> Result<(), ODataError> {
    let is_alias = |(name, _): &(String, String)| name.starts_with('@');
    let (aliases, rest) = std::mem::take(&mut written.0)
        .into_iter()
        .partition(is_alias);
    written.0 = rest;
    let filter = written.0.iter_mut().find(|(name, _)| name == "$filter");
    if let Some((_, filter)) = filter {
        *filter = resolved(filter, &aliases)?;
    }
    Ok(())
}

/// A filter in which each alias is its value; texts in quotes stay.
fn resolved(filter: &str, aliases: &[(String, String)]) -> Result<String, ODataError> {
    let mut text = String::new();
    for (place, part) in filter.split('\'').enumerate() {
        if place > 0 {
            text.push('\'');
        }
        match place % 2 {
            0 => put(&mut text, part, aliases)?,
            _ => text.push_str(part),
        }
    }
    Ok(text)
}

fn put(text: &mut String, part: &str, aliases: &[(String, String)]) -> Result<(), ODataError> {
    let mut pieces = part.split('@');
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece
            .find(|letter| !is_letter(letter))
            .unwrap_or(piece.len());
        let (name, rest) = piece.split_at(end);
        text.push_str(value_of(name, aliases)?);
        text.push_str(rest);
        if text.len() > LONGEST {
            let why = format!("longer than {LONGEST} bytes with what its aliases stand for");
            return Err(ODataError::option("$filter", &why));
        }
    }
    Ok(())
}

/// The value of an alias; null where the request gives it none, as OData says.
fn value_of<'a>(name: &str, aliases: &'a [(String, String)]) -> Result<&'a str, ODataError> {
    if !is_name(name) {
        return Err(ODataError::option(
            "$filter",
            "“@” begins the name of an alias",
        ));
    }
    let is_this = |known: &str| known.strip_prefix('@') == Some(name);
    let Some((known, value)) = aliases.iter().find(|(known, _)| is_this(known)) else {
        return Ok("null");
    };
    let words = words(value).map_err(|why| ODataError::option(known, &why))?;
    if matches!(words[..], [ref one] if is_value(one)) {
        return Ok(value);
    }
    let why = Refusal::Unsupported("an alias stands for one value".into());
    Err(ODataError::of(known, why))
}

fn is_value(word: &Token) -> bool {
    match word {
        Token::Name(name) => ["null", "true", "false"].contains(&name.as_str()),
        Token::Text(_) | Token::Int(_) | Token::Double(_) | Token::Time(..) => true,
        _ => false,
    }
}

fn is_name(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_alphabetic() || first == '_');
    begins && text.chars().all(is_letter)
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}
