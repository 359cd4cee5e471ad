//! The options of a request, checked: what is unknown is refused, what is wrong is named.

mod aliases;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::form_urlencoded;

use super::ODataError;
use super::reader::KEY;
use crate::fields::Fields;
use crate::odata::filter::visible;
use crate::odata::{Filter, Order, Set};

/// What a link writes with a per cent sign.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'<')
    .add(b'=')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The options of a list.
pub const OF_LIST: &[&str] = &[
    "$filter",
    "$orderby",
    "$select",
    "$top",
    "$skip",
    "$count",
    "$skiptoken",
    "$deltatoken",
    "$format",
];
/// The options of one entity.
pub const OF_ENTITY: &[&str] = &["$select", "$format"];
/// The options of a text alone: none.
pub const OF_VALUE: &[&str] = &[];
/// The options of a document.
pub const OF_DOCUMENT: &[&str] = &["$format"];

/// Options of a request at most, its aliases among them.
const MOST: usize = 64;

/// Options as the client wrote them, each once.
#[derive(Debug, Clone, Default)]
pub struct Written(Vec<(String, String)>);

impl Written {
    /// Reads a query string in which only these options may stand, and the key.
    pub fn read(text: &str, known: &[&str]) -> Result<Self, ODataError> {
        let mut found = Self::default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if name == KEY {
                continue;
            }
            let is_known = known.contains(&name.as_ref()) || aliases::may_stand(&name, known);
            if !is_known {
                return Err(unknown(&name, known));
            }
            if found.0.len() == MOST {
                return Err(ODataError::option(&name, "too many options"));
            }
            if found.text(&name).is_some() {
                return Err(ODataError::option(&name, "given more than once"));
            }
            found.0.push((name.into_owned(), value.into_owned()));
        }
        aliases::put_in_place(&mut found)?;
        Ok(found)
    }

    /// An option's text.
    pub fn text(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let (_, value) = pairs.find(|(known, _)| known == name)?;
        Some(value)
    }

    /// The options with these names again, ready for a link.
    pub fn again(&self, names: &[&str]) -> String {
        let kept = self
            .0
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()));
        kept.map(|(name, value)| format!("{name}={}&", utf8_percent_encode(value, ESCAPED)))
            .collect()
    }

    /// One spelling of those with these names, for tokens and the cache.
    pub fn canonical(&self, names: &[&str]) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        for name in names {
            if let Some(value) = self.text(name) {
                text.append_pair(name, value);
            }
        }
        text.finish()
    }
}

/// 501 of whatever this service does not have, also of options that are none of OData's; 400 of one that it has elsewhere.
fn unknown(name: &str, known: &[&str]) -> ODataError {
    let short: String = name.chars().take(60).collect();
    let reason = match known {
        [] => "this address takes no options".to_owned(),
        known => format!("this address takes {}", known.join(", ")),
    };
    match OF_LIST.contains(&name) {
        true => ODataError::Option {
            name: short,
            reason,
        },
        false => ODataError::NotImplemented {
            name: short,
            reason,
        },
    }
}

/// The options of a list, understood.
#[derive(Debug, Clone)]
pub struct Options {
    /// As they were written.
    pub written: Written,
    /// Which entities.
    pub filter: Option<Filter>,
    /// In which order.
    pub order: Order,
    /// The places of the selected properties; `None` means all.
    pub select: Option<Vec<usize>>,
    /// How many entities in all.
    pub top: Option<i64>,
    /// How many to pass over.
    pub skip: i64,
    /// Whether to count those of all pages.
    pub count: bool,
}

impl Options {
    /// Understands the options of a set for a reader of these fields.
    pub fn read(written: Written, set: Set, fields: Fields) -> Result<Self, ODataError> {
        let filter = written.text("$filter");
        let filter = filter.map(|text| Filter::read(text, set, fields));
        let order = written.text("$orderby");
        let order = order.map(|text| Order::read(text, set, fields));
        Ok(Self {
            filter: filter
                .transpose()
                .map_err(|why| ODataError::of("$filter", why))?,
            order: order
                .transpose()
                .map_err(|why| ODataError::of("$orderby", why))?
                .unwrap_or_else(|| Order::usual(set)),
            select: select(&written, set)?,
            top: number(&written, "$top")?,
            skip: number(&written, "$skip")?.unwrap_or(0),
            count: match written.text("$count") {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => return Err(ODataError::option("$count", "use true or false")),
            },
            written,
        })
    }

    /// The name of this list in tokens: one of another filter or order is no good for it.
    pub fn list(&self, set: Set) -> String {
        let options = self.written.canonical(&["$filter", "$orderby"]);
        format!("odata/{set}?{options}")
    }
}

/// The properties of `$select`; one that the reader may not see can be selected, and is null.
pub fn select(written: &Written, set: Set) -> Result<Option<Vec<usize>>, ODataError> {
    let Some(text) = written.text("$select") else {
        return Ok(None);
    };
    let mut places = Vec::new();
    for name in text.split(',').map(str::trim) {
        if name == "*" {
            return Ok(None);
        }
        let found = set.property(name);
        let (place, _) = match found {
            Some(found) => found,
            None => {
                let refused = visible(set, Fields::all(), name);
                let why = refused.err().map(|why| ODataError::of("$select", why));
                return Err(why.unwrap_or_else(|| ODataError::option("$select", "unknown")));
            }
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places.sort_unstable();
    Ok(Some(places))
}

fn number(written: &Written, name: &str) -> Result<Option<i64>, ODataError> {
    let Some(text) = written.text(name) else {
        return Ok(None);
    };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<i64> = text.parse().ok().filter(|_| digits);
    let fitting = number.filter(|number| *number <= 1_000_000_000);
    let reason = "use a whole number from 0 to 1,000,000,000";
    fitting
        .map(Some)
        .ok_or_else(|| ODataError::option(name, reason))
}
