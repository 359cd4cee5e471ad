//! What stands in links to further pages and to later changes: signed, for one company and one list.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ODataError;
use super::options::Written;
use crate::api::delta::Delta;
use crate::api::{Client, cursor};
use crate::ids::CompanyId;
use crate::odata::model::{Datum, Kind};
use crate::odata::order::Order;
use crate::tokens::SecretKey;

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Skip {
    /// The values of the order's properties in the last entity.
    pub place: Vec<Value>,
    /// Entities given so far, which `$top` counts.
    pub given: i64,
    /// Entities of a page.
    pub size: i64,
    /// What the reader knows after the page, where changes are tracked.
    pub known: Option<Delta>,
}

/// Where changes were read up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// What the reader has.
    pub known: Delta,
    /// Changes of a page.
    pub size: i64,
}

/// The options that have no meaning beside a token. `$count` beside `$skiptoken` is passed over: there are clients that take
/// the token out of a link and send it with all they asked for at first (angular-odata's `fetchAll`).
const NOT_BESIDE: [(&str, &[&str]); 2] = [
    (
        "$deltatoken",
        &["$orderby", "$top", "$skip", "$count", "$skiptoken"],
    ),
    ("$skiptoken", &["$skip"]),
];

/// Refuses an option beside a token that leaves it nothing to say.
pub fn check_beside(written: &Written) -> Result<(), ODataError> {
    for (token, names) in NOT_BESIDE {
        if written.text(token).is_none() {
            continue;
        }
        if let Some(name) = names.iter().find(|name| written.text(name).is_some()) {
            let reason = format!("it has no meaning beside {token}; follow the link as it is");
            return Err(ODataError::option(name, &reason));
        }
    }
    Ok(())
}

/// Signs tokens of one company.
#[derive(Clone)]
pub struct Signer {
    key: SecretKey,
    company: CompanyId,
}

impl Signer {
    /// The signer of a client's company.
    pub fn of(client: &Client) -> Self {
        Self {
            key: client.app.key.clone(),
            company: client.caller.company,
        }
    }

    /// A token of a list.
    pub fn write(&self, list: &str, content: &impl Serialize) -> String {
        let bytes = serde_json::to_vec(content).expect("numbers and texts");
        cursor::write(&self.key, self.company, list, &bytes)
    }

    /// What a token of this list holds; `None` of anything else.
    pub fn read<T: DeserializeOwned>(&self, list: &str, token: &str) -> Option<T> {
        let bytes = cursor::read(&self.key, self.company, list, token)?;
        serde_json::from_slice(&bytes).ok()
    }
}

/// A place as a token holds it.
pub fn written(place: &[Datum]) -> Vec<Value> {
    let value = |datum: &Datum| match datum {
        Datum::Null => Value::Null,
        Datum::Int(number) | Datum::Time(number) => (*number).into(),
        Datum::Double(number) => (*number).into(),
        Datum::Text(text) => text.as_str().into(),
        Datum::Bool(word) => (*word).into(),
    };
    place.iter().map(value).collect()
}

/// The place of an order in a token.
pub fn place(order: &Order, values: &[Value]) -> Option<Vec<Datum>> {
    let pairs = order.0.iter().zip(values);
    let datum = |kind, value: &Value| match (kind, value) {
        (_, Value::Null) => Some(Datum::Null),
        (Kind::Int, value) => value.as_i64().map(Datum::Int),
        (Kind::Time, value) => value.as_i64().map(Datum::Time),
        (Kind::Double, value) => value.as_f64().map(Datum::Double),
        (Kind::Text, value) => value.as_str().map(|text| Datum::Text(text.into())),
        (Kind::Bool, value) => value.as_bool().map(Datum::Bool),
    };
    let found: Option<Vec<Datum>> = pairs
        .map(|((property, _), value)| datum(property.kind, value))
        .collect();
    found.filter(|found| found.len() == order.0.len())
}
