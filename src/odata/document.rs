//! Entities as JSON, in the order and with the annotations that OData asks for.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::changes::Change;
use super::csdl::NAMESPACE;
use super::model::{Datum, Kind, Set};
use crate::time::rfc3339;

crate::words! {
    /// How much a document says about itself.
    Detail {
        /// Values and links to further pages.
        None = "none",
        /// The address of the metadata too.
        Minimal = "minimal",
        /// Types and addresses of every entity too.
        Full = "full",
    }
}

/// How entities are written.
#[derive(Debug, Clone)]
pub struct Style {
    /// The address of the service, with a slash at its end.
    pub root: String,
    /// Which set they are of.
    pub set: Set,
    /// The places of the properties that were selected; `None` means all.
    pub select: Option<Vec<usize>>,
    /// How much they say about themselves.
    pub detail: Detail,
    /// Whether whole numbers are written as texts, for readers whose numbers are floating.
    pub numbers_as_text: bool,
}

impl Style {
    /// The address of the metadata with the part that this document shows.
    fn context(&self, rest: &str) -> String {
        let select = self.select.as_ref().map(|places| {
            let names = places
                .iter()
                .map(|place| self.set.properties()[*place].name);
            format!("({})", names.collect::<Vec<_>>().join(","))
        });
        let select = select.unwrap_or_default();
        format!("{}$metadata#{}{select}{rest}", self.root, self.set)
    }

    /// The address of an entity below the service.
    fn id(&self, entity: &[Datum]) -> String {
        let key = self.set.key().iter().zip(self.set.key_places());
        let parts: Vec<String> = key
            .map(|(name, place)| {
                let value = match entity.get(place) {
                    Some(Datum::Int(number)) => number.to_string(),
                    Some(Datum::Text(text)) => format!("'{}'", text.replace('\'', "''")),
                    _ => "null".into(),
                };
                match self.set.key().len() {
                    1 => value,
                    _ => format!("{name}={value}"),
                }
            })
            .collect();
        format!("{}({})", self.set, parts.join(","))
    }
}

/// A list of entities.
pub struct List<'a> {
    /// How they are written.
    pub style: &'a Style,
    /// Entities of all pages together, where it was asked for.
    pub count: Option<i64>,
    /// The entities.
    pub entities: &'a [Vec<Datum>],
    /// Where the next page is.
    pub next: Option<String>,
    /// Where later changes are.
    pub delta: Option<String>,
}

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.style.detail != Detail::None {
            map.serialize_entry("@odata.context", &self.style.context(""))?;
        }
        if let Some(count) = self.count {
            let count = Datum::Int(count);
            map.serialize_entry("@odata.count", &Written(&count, self.style.numbers_as_text))?;
        }
        let entities = self.entities.iter().map(|values| Entity {
            style: self.style,
            values,
            context: false,
        });
        map.serialize_entry("value", &entities.collect::<Vec<_>>())?;
        if let Some(next) = &self.next {
            map.serialize_entry("@odata.nextLink", next)?;
        }
        if let Some(delta) = &self.delta {
            map.serialize_entry("@odata.deltaLink", delta)?;
        }
        map.end()
    }
}

/// One entity.
pub struct Entity<'a> {
    /// How it is written.
    pub style: &'a Style,
    /// Its values, in the order of the set's properties.
    pub values: &'a [Datum],
    /// Whether it is the whole document.
    pub context: bool,
}

impl Serialize for Entity<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (style, full) = (self.style, self.style.detail == Detail::Full);
        let mut map = serializer.serialize_map(None)?;
        if self.context && style.detail != Detail::None {
            map.serialize_entry("@odata.context", &style.context("/$entity"))?;
        }
        if full {
            let id = style.id(self.values);
            let entity = style.set.entity();
            map.serialize_entry("@odata.type", &format!("#{NAMESPACE}.{entity}"))?;
            map.serialize_entry("@odata.id", &format!("{}{id}", style.root))?;
        }
        let all = style.set.properties().iter().zip(self.values).enumerate();
        for (place, (property, datum)) in all {
            if style
                .select
                .as_ref()
                .is_some_and(|places| !places.contains(&place))
            {
                continue;
            }
            if full && matches!(property.kind, Kind::Int | Kind::Time) && *datum != Datum::Null {
                let kind = property.kind.edm().replace("Edm.", "#");
                map.serialize_entry(&format!("{}@odata.type", property.name), &kind)?;
            }
            map.serialize_entry(property.name, &Written(datum, style.numbers_as_text))?;
        }
        map.end()
    }
}

/// One property of an entity.
pub struct Single<'a> {
    /// How it is written.
    pub style: &'a Style,
    /// The values of the entity, in the order of the set's properties.
    pub values: &'a [Datum],
    /// Which of them.
    pub place: usize,
}

impl Serialize for Single<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (style, property) = (self.style, &self.style.set.properties()[self.place]);
        let mut map = serializer.serialize_map(None)?;
        if style.detail != Detail::None {
            let id = style.id(self.values);
            let context = format!("{}$metadata#{id}/{}", style.root, property.name);
            map.serialize_entry("@odata.context", &context)?;
        }
        if style.detail == Detail::Full {
            map.serialize_entry("@odata.type", &property.kind.edm().replace("Edm.", "#"))?;
        }
        map.serialize_entry(
            "value",
            &Written(&self.values[self.place], style.numbers_as_text),
        )?;
        map.end()
    }
}

impl Datum {
    /// As a text alone; `None` of null.
    pub fn plain(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Int(number) => Some(number.to_string()),
            Self::Double(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::Time(seconds) => rfc3339(*seconds),
            Self::Bool(word) => Some(word.to_string()),
        }
    }
}

/// A page of changes.
pub struct Delta<'a> {
    /// How they are written.
    pub style: &'a Style,
    /// The changes.
    pub changes: &'a [Change],
    /// Where the next page is.
    pub next: Option<String>,
    /// Where later changes are.
    pub delta: Option<String>,
}

impl Serialize for Delta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.style.detail != Detail::None {
            map.serialize_entry("@odata.context", &self.style.context("/$delta"))?;
        }
        let changes = self.changes.iter().map(|change| Changed {
            style: self.style,
            change,
        });
        map.serialize_entry("value", &changes.collect::<Vec<_>>())?;
        if let Some(next) = &self.next {
            map.serialize_entry("@odata.nextLink", next)?;
        }
        if let Some(delta) = &self.delta {
            map.serialize_entry("@odata.deltaLink", delta)?;
        }
        map.end()
    }
}

struct Changed<'a> {
    style: &'a Style,
    change: &'a Change,
}

impl Serialize for Changed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let style = self.style;
        match self.change {
            Change::Upsert(values) => Entity {
                style,
                values,
                context: false,
            }
            .serialize(serializer),
            Change::Remove { entity, exists } => {
                let reason = if *exists { "changed" } else { "deleted" };
                let mut map = serializer.serialize_map(None)?;
                let context = format!("{}$metadata#{}/$deletedEntity", style.root, style.set);
                map.serialize_entry("@odata.context", &context)?;
                map.serialize_entry("@removed", &serde_json::json!({"reason": reason}))?;
                map.serialize_entry("id", &format!("{}{}", style.root, style.id(entity)))?;
                map.serialize_entry("reason", reason)?;
                for place in style.set.key_places() {
                    let name = style.set.properties()[place].name;
                    map.serialize_entry(name, &Written(&entity[place], style.numbers_as_text))?;
                }
                map.end()
            }
        }
    }
}

/// A value, and whether whole numbers are texts.
struct Written<'a>(&'a Datum, bool);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Datum::Null => serializer.serialize_none(),
            Datum::Int(number) if self.1 => serializer.collect_str(number),
            Datum::Int(number) => serializer.serialize_i64(*number),
            Datum::Double(number) => serializer.serialize_f64(*number),
            Datum::Text(text) => serializer.serialize_str(text),
            Datum::Time(seconds) => rfc3339(*seconds).serialize(serializer),
            Datum::Bool(word) => serializer.serialize_bool(*word),
        }
    }
}
