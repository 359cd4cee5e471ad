//! The objects of bodies, field by field, for the page that describes the API.

use serde_json::Value;

use super::page::{entries, list, text};

/// One object, or a set of words.
pub struct ObjectText {
    /// Its name in the description.
    pub name: String,
    /// What it is.
    pub about: String,
    /// The words that it can be; empty of an object.
    pub words: Vec<String>,
    /// Its fields, in the order of their names.
    pub fields: Vec<FieldText>,
}

/// One field.
pub struct FieldText {
    /// Its name.
    pub name: String,
    /// What its value is, such as `whole number`.
    pub kind: String,
    /// The object that its value is, to lead there.
    pub object: Option<String>,
    /// Whether it can be null.
    pub nullable: bool,
    /// What it means.
    pub about: String,
}

/// Every object that has a name. Pages of lists are all alike, and their items have names.
pub fn all(document: &Value) -> Vec<ObjectText> {
    let named = entries(&document["components"]["schemas"]);
    let objects = named.filter(|(name, _)| !name.starts_with("Page_"));
    objects
        .map(|(name, schema)| ObjectText {
            name: name.to_owned(),
            about: text(&schema["description"]),
            words: list(&schema["enum"]).map(text).collect(),
            fields: fields(schema),
        })
        .collect()
}

fn fields(schema: &Value) -> Vec<FieldText> {
    let own = entries(&schema["properties"]).map(|(name, value)| field(name, value));
    let parts = list(&schema["allOf"]).chain(list(&schema["oneOf"]));
    let parts = parts.flat_map(|part| match object_of(part) {
        Some(object) => vec![FieldText {
            name: "…".into(),
            about: "Its fields.".into(),
            kind: object.clone(),
            object: Some(object),
            nullable: false,
        }],
        None => fields(part),
    });
    own.chain(parts).collect()
}

/// One value with a name: a field, or a parameter.
pub fn field(name: &str, schema: &Value) -> FieldText {
    let alternatives: Vec<&Value> = list(&schema["oneOf"]).collect();
    let nullable = alternatives.iter().any(|one| one["type"] == "null")
        || list(&schema["type"]).any(|one| one == "null");
    let said = alternatives.iter().find(|one| one["type"] != "null");
    let value = said.copied().unwrap_or(schema);
    let about = [schema, value].map(|one| text(&one["description"]));
    FieldText {
        name: name.to_owned(),
        kind: kind(value),
        object: object_of(value).or_else(|| object_of(&value["items"])),
        nullable,
        about: about
            .into_iter()
            .find(|about| !about.is_empty())
            .unwrap_or_default(),
    }
}

/// What a value is, in words.
fn kind(schema: &Value) -> String {
    if let Some(object) = object_of(schema) {
        return object;
    }
    let types = list(&schema["type"]).map(text).find(|one| one != "null");
    match types.unwrap_or_else(|| text(&schema["type"])).as_str() {
        "string" => "text".into(),
        "integer" => format!("whole number{}", range(schema)),
        "boolean" => "true or false".into(),
        "array" => format!("list of {}", kind(&schema["items"])),
        other => other.to_owned(),
    }
}

/// Between what a number lies, in words.
fn range(schema: &Value) -> String {
    match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (None, None) => String::new(),
    }
}

/// The name of the object that a schema leads to; of a page of a list, that of its items.
pub fn object_of(schema: &Value) -> Option<String> {
    let path = schema["$ref"].as_str()?;
    let name = path.rsplit('/').next()?;
    Some(name.strip_prefix("Page_").unwrap_or(name).to_owned())
}
