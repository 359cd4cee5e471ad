//! How a client wants its answer: `$format`, `Accept`, `Prefer` and the version it knows.

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, HeaderMap};

use super::ODataError;
use crate::odata::document::Detail;

/// How JSON is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json {
    /// How much it says about itself.
    pub detail: Detail,
    /// Whether whole numbers are texts.
    pub numbers_as_text: bool,
}

impl Default for Json {
    fn default() -> Self {
        Self {
            detail: Detail::Minimal,
            numbers_as_text: false,
        }
    }
}

/// What a client would like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Entities of a page.
    pub page_size: Option<i64>,
    /// Whether the last page tells where later changes are.
    pub track_changes: bool,
}

/// Refuses clients that know only versions before 4.0.
pub fn check_version(request: &HttpRequest) -> Result<(), ODataError> {
    let Some(most) = request.headers().get("odata-maxversion") else {
        return Ok(());
    };
    let number = most.to_str().ok().and_then(|text| text.trim().parse().ok());
    if number.is_some_and(|number: f32| number >= 4.0) {
        return Ok(());
    }
    Err(ODataError::option(
        "OData-MaxVersion",
        "this service speaks 4.0",
    ))
}

/// The JSON that `$format`, else `Accept`, asks for.
pub fn json(headers: &HeaderMap, format: Option<&str>) -> Result<Json, ODataError> {
    const ONLY: &str = "the answer is JSON; ask for application/json";
    if let Some(format) = format {
        let media = if format == "json" {
            "application/json"
        } else {
            format
        };
        return of_media(media).ok_or(ODataError::NotAcceptable(ONLY));
    }
    let accepted: Vec<&str> = headers
        .get_all(ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .collect();
    if accepted.is_empty() {
        return of_media("*/*").ok_or(ODataError::NotAcceptable(ONLY));
    }
    let fitting = accepted
        .iter()
        .filter_map(|media| Some((weight(media), of_media(media)?)));
    let best = fitting
        .filter(|(weight, _)| *weight > 0)
        .rev()
        .max_by_key(|(weight, _)| *weight);
    best.map(|(_, json)| json)
        .ok_or(ODataError::NotAcceptable(ONLY))
}

fn of_media(media: &str) -> Option<Json> {
    let mut parts = media.split(';').map(str::trim);
    let kind = parts.next()?.to_ascii_lowercase();
    if !["application/json", "application/*", "*/*"].contains(&kind.as_str()) {
        return None;
    }
    let mut json = Json::default();
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "odata.metadata" | "metadata" => json.detail = value.trim().parse().ok()?,
            "ieee754compatible" => json.numbers_as_text = value.trim() == "true",
            _ => {}
        }
    }
    Some(json)
}

/// A media type's weight in thousandths.
fn weight(media: &str) -> u16 {
    let mut parts = media.split(';').map(str::trim);
    let said = parts.find_map(|part| part.strip_prefix("q="));
    let weight: Option<f32> = said.map_or(Some(1.0), |text| text.trim().parse().ok());
    let weight = weight.filter(|weight| (0.0..=1.0).contains(weight));
    weight.map_or(0, |weight| (weight * 1000.0) as u16)
}

/// What `Prefer` says; what we do not know is passed over, as HTTP wants it.
pub fn preferences(headers: &HeaderMap) -> Preferences {
    let mut wanted = Preferences::default();
    let lists = headers.get_all("prefer");
    let lists = lists.filter_map(|value| value.to_str().ok());
    for preference in lists.flat_map(|list| list.split([',', ';'])) {
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        let name = name.trim().to_ascii_lowercase();
        match name.strip_prefix("odata.").unwrap_or(&name) {
            "maxpagesize" => {
                let size = value.trim().trim_matches('"').parse().ok();
                wanted.page_size = size.filter(|size| *size > 0);
            }
            "track-changes" => wanted.track_changes = true,
            _ => {}
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn accepted(text: &'static str) -> Option<Detail> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(text));
        json(&headers, None).ok().map(|json| json.detail)
    }

    #[test]
    fn the_answer_is_json_with_the_detail_that_is_liked_best() {
        assert_eq!(accepted("*/*"), Some(Detail::Minimal));
        assert_eq!(
            accepted("application/json;odata.metadata=full"),
            Some(Detail::Full)
        );
        assert_eq!(
            accepted("application/json;odata.metadata=none;q=0.5, application/json;q=0.9"),
            Some(Detail::Minimal)
        );
        assert_eq!(
            accepted(
                "application/json;odata.metadata=minimal;q=1.0,application/json;odata.metadata=minimal;\
                 odata.streaming=true;q=0.9,application/atomsvc+xml;q=0.8,text/plain;q=0.7"
            ),
            Some(Detail::Minimal)
        );
        assert_eq!(accepted("application/atom+xml"), None);
        assert_eq!(accepted("application/json;q=0"), None);
    }
}
