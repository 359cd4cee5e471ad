//! The service document and the metadata: what a client sees before it asks for rows.

use serde_json::{Value, json};

use super::model::Set;
use crate::fields::Fields;

/// The namespace of the types.
pub const NAMESPACE: &str = "AlxReports";

/// The names of the sets, with the address that the metadata has.
pub fn service_document(root: &str) -> Value {
    let sets: Vec<Value> = Set::ALL
        .iter()
        .map(|set| json!({"name": set.as_str(), "kind": "EntitySet", "url": set.as_str()}))
        .collect();
    json!({"@odata.context": format!("{root}$metadata"), "value": sets})
}

/// CSDL as XML. A property that the reader may not see is there and can be null: reports keep their columns.
pub fn metadata(fields: Fields) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\n\
         <edmx:DataServices>\n\
         <Schema Namespace=\"{NAMESPACE}\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n"
    );
    for set in Set::ALL {
        entity_type(&mut xml, *set, fields);
    }
    xml.push_str("<EntityContainer Name=\"Container\">\n");
    for set in Set::ALL {
        let entity = set.entity();
        let line = format!("<EntitySet Name=\"{set}\" EntityType=\"{NAMESPACE}.{entity}\"/>\n");
        xml.push_str(&line);
    }
    xml.push_str("</EntityContainer>\n</Schema>\n</edmx:DataServices>\n</edmx:Edmx>\n");
    xml
}

fn entity_type(xml: &mut String, set: Set, fields: Fields) {
    xml.push_str(&format!("<EntityType Name=\"{}\">\n<Key>", set.entity()));
    for name in set.key() {
        xml.push_str(&format!("<PropertyRef Name=\"{name}\"/>"));
    }
    xml.push_str("</Key>\n");
    for property in set.properties() {
        let edm = property.kind.edm();
        let never_null = !property.nullable && property.shows(fields);
        let nullable = if never_null {
            " Nullable=\"false\""
        } else {
            ""
        };
        let name = property.name;
        xml.push_str(&format!(
            "<Property Name=\"{name}\" Type=\"{edm}\"{nullable}/>\n"
        ));
    }
    xml.push_str("</EntityType>\n");
}
