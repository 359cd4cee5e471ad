//! Wording that repeats in templates: counts, times, ages, percentages, people.

use std::any::Any;
use std::borrow::Borrow;

use actix_web::{HttpMessage as _, HttpRequest};
use askama::filters::Safe;
use askama::{Result, Values};

use super::assets;
use super::labels::Label;
use super::markup::Markup;
use super::phrases::{age, capital, end, hashed, sentence_text, time_tag};
use crate::admins::Reading;
use crate::alerts;
use crate::language::{self, Number, Numeric, Said};
use crate::moodle::RowState;
use crate::progress::Row;
use crate::sync;

/// What filters know of the reader while a page is made.
pub fn values(request: &HttpRequest) -> (&'static str, Box<dyn Any>) {
    reading(reader_of(request))
}

/// Who reads the answer to a request.
pub fn reader_of(request: &HttpRequest) -> Reading {
    let found = request.extensions().get::<Reading>().copied();
    found.unwrap_or_default()
}

/// What filters know of a reader.
pub fn reading(reader: Reading) -> (&'static str, Box<dyn Any>) {
    (READER, Box::new(reader))
}

const READER: &str = "reader";

fn reader(values: &dyn Values) -> Reading {
    let found = askama::get_value::<Reading>(values, READER);
    found.copied().unwrap_or_default()
}

/// A text of the source in the reader's language.
#[askama::filter_fn]
pub fn t(text: impl AsRef<str>, values: &dyn Values) -> Result<String> {
    Ok(reader(values).language.translated(text.as_ref()))
}

/// A text with something in the place of `{name}`.
#[askama::filter_fn]
pub fn put(text: impl AsRef<str>, _: &dyn Values, name: &str, value: &str) -> Result<String> {
    Ok(text.as_ref().replace(&format!("{{{name}}}"), value))
}

/// A text with markup, such as a `<time>`, in the place of `{name}`: the text is escaped, the markup stays.
#[askama::filter_fn]
pub fn put_html(
    text: impl Markup,
    _: &dyn Values,
    name: &str,
    value: &Safe<String>,
) -> Result<Safe<String>> {
    let place = format!("{{{name}}}");
    Ok(Safe(text.markup().replace(&place, &value.0)))
}

/// A text within a tag such as `bdi`, `strong` or `code`.
#[askama::filter_fn]
pub fn tagged(text: impl Markup, _: &dyn Values, tag: &str) -> Result<Safe<String>> {
    Ok(Safe(format!("<{tag}>{}</{tag}>", text.markup())))
}

/// A text that leads to an address.
#[askama::filter_fn]
pub fn link(text: impl Markup, _: &dyn Values, address: &str) -> Result<Safe<String>> {
    let (address, text) = (address.markup(), text.markup());
    Ok(Safe(format!("<a href=\"{address}\">{text}</a>")))
}

/// A text with a capital first, where one stands by itself that is a part of sentences elsewhere.
#[askama::filter_fn]
pub fn capitalized(text: impl AsRef<str>, _: &dyn Values) -> Result<String> {
    Ok(capital(text.as_ref()))
}

/// A text with values, in the reader's language.
#[askama::filter_fn]
pub fn told(said: impl AsRef<Said>, values: &dyn Values) -> Result<String> {
    Ok(said.as_ref().in_language(reader(values).language))
}

/// Why a run ended as it did, as the store keeps it.
#[askama::filter_fn]
pub fn reason(kept: impl AsRef<str>, values: &dyn Values) -> Result<String> {
    let said = sync::reasons::reason(kept.as_ref());
    Ok(said.in_language(reader(values).language))
}

/// Bytes in the largest fitting unit.
#[askama::filter_fn]
pub fn bytes(count: impl Count, values: &dyn Values) -> Result<String> {
    Ok(Number::Bytes(count.number()).in_language(reader(values).language))
}

/// The sentence of an alert with a value in the place of each `{name}`; numbers as the reader's language writes them.
#[askama::filter_fn]
pub fn fill(
    text: impl AsRef<str>,
    values: &dyn Values,
    filling: &alerts::Values,
) -> Result<String> {
    let language = reader(values).language;
    let mut filling = filling.clone();
    for (name, value) in &mut filling {
        if name == "error" {
            *value = sync::reasons::reason(value).in_language(language);
        } else if alerts::NUMBERS.contains(&name.as_str())
            && let Ok(count) = value.parse::<i64>()
        {
            *value = Number::Whole(count).in_language(language);
        }
    }
    Ok(alerts::filled(text.as_ref(), &filling))
}

/// `1 change`, `2 changes`, `1,204 entries`.
#[askama::filter_fn]
pub fn counted(count: impl Count, values: &dyn Values, noun: &str) -> Result<String> {
    Ok(language::counted(
        reader(values).language,
        count.number(),
        noun,
    ))
}

/// `8,245`, as the reader's language writes it.
#[askama::filter_fn]
pub fn number(number: impl Numeric, values: &dyn Values) -> Result<String> {
    Ok(number.figure().in_language(reader(values).language))
}

/// A time in UTC seconds, to the minute, for people and for programs.
#[askama::filter_fn]
pub fn moment(seconds: &i64, values: &dyn Values) -> Result<Safe<String>> {
    Ok(Safe(time_tag(
        *seconds,
        reader(values).zone,
        "%Y-%m-%d %H:%M %Z",
    )))
}

/// A time in UTC milliseconds, to the second.
#[askama::filter_fn]
pub fn moment_ms(milliseconds: &i64, values: &dyn Values) -> Result<Safe<String>> {
    Ok(Safe(time_tag(
        milliseconds.div_euclid(1000),
        reader(values).zone,
        "%Y-%m-%d %H:%M:%S %Z",
    )))
}

/// A day in the reader's zone, or a dash that is read as “none”.
#[askama::filter_fn]
pub fn day(seconds: &Option<i64>, values: &dyn Values) -> Result<Safe<String>> {
    let Some(at) = seconds else {
        let none = Said::new("date|none").in_language(reader(values).language);
        return Ok(dashed(&none));
    };
    Ok(Safe(time_tag(*at, reader(values).zone, "%Y-%m-%d")))
}

/// A dash in a table where there is nothing to show, read as the text by whoever listens.
#[askama::filter_fn]
pub fn dash(text: impl AsRef<str>, _: &dyn Values) -> Result<Safe<String>> {
    Ok(dashed(text.as_ref()))
}

/// A name of a plain span would not be read: ARIA forbids it.
fn dashed(text: &str) -> Safe<String> {
    let text = text.markup();
    Safe(format!(
        "<span class=\"none\"><span aria-hidden=\"true\">–</span><span class=\"hidden\">{text}</span></span>"
    ))
}

/// How long ago: `just now`, `5 minutes ago`, `3 days ago`.
#[askama::filter_fn]
pub fn ago(seconds: &i64, values: &dyn Values, now: &i64) -> Result<String> {
    Ok(age(now - seconds).in_language(reader(values).language))
}

/// When something that lies ahead ends: `ends in 12 days`.
#[askama::filter_fn]
pub fn ends(seconds: &i64, values: &dyn Values, now: &i64) -> Result<String> {
    Ok(end(seconds - now).in_language(reader(values).language))
}

/// Microseconds as milliseconds: `12.3`, `1,204`.
#[askama::filter_fn]
pub fn milliseconds(microseconds: &i64, values: &dyn Values) -> Result<String> {
    Ok(Number::Milliseconds(*microseconds).in_language(reader(values).language))
}

/// `41.67 %`, or `not tracked` where Moodle tracks nothing.
#[askama::filter_fn]
pub fn percent(value: impl Borrow<Option<f64>>, values: &dyn Values) -> Result<String> {
    let said = value.borrow().map_or_else(
        || Said::new("not tracked"),
        |value| Said::figure(Number::Percent(value)),
    );
    Ok(said.in_language(reader(values).language))
}

/// An email as an address. What Moodle puts there when it deletes somebody is not one.
#[askama::filter_fn]
pub fn mailbox(email: &str, values: &dyn Values) -> Result<String> {
    if hashed(email) {
        return Ok(Said::new("deleted account").in_language(reader(values).language));
    }
    Ok(email.to_owned())
}

/// A message as a sentence.
#[askama::filter_fn]
pub fn sentence(text: impl AsRef<str>, _: &dyn Values) -> Result<String> {
    Ok(sentence_text(text.as_ref()))
}

/// Who a row is about, as hostile text, or what is left to say of somebody who was erased.
#[askama::filter_fn]
pub fn person(row: &Row, values: &dyn Values) -> Result<String> {
    if row.state == RowState::Erased {
        let erased = Said::new("Erased person {id}").with("id", row.user_id.to_string());
        return Ok(erased.in_language(reader(values).language));
    }
    let content = &row.content;
    Ok(format!("{} {}", content.firstname, content.lastname))
}

/// What a word of the store is called.
#[askama::filter_fn]
pub fn label(word: &impl Label, values: &dyn Values) -> Result<String> {
    Ok(reader(values).language.translated(word.label()))
}

/// The address of a file under `static/`.
#[askama::filter_fn]
pub fn asset(name: &str, _: &dyn Values) -> Result<String> {
    assets::address(name).map_err(|cause| askama::Error::Custom(Box::new(cause)))
}

/// Whatever counts things.
pub trait Count {
    /// How many.
    fn number(&self) -> i64;
}

impl<T: Count> Count for &T {
    fn number(&self) -> i64 {
        (*self).number()
    }
}

macro_rules! counts {
    ($($kind:ty),+) => {$(
        impl Count for $kind {
            fn number(&self) -> i64 {
                *self as i64
            }
        }
    )+};
}

counts!(i64, i32, u64, u32, usize);
