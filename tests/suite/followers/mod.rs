//! Clients that list every row and then follow the changes hold exactly the active rows, whatever happens.

mod concurrent;
mod over_http;
mod store_level;
mod world;

use serde_json::Value;
use world::Held;

/// Does what one item of a page of changes says.
fn apply(held: &mut Held, item: &Value) {
    let number = |name: &str| item[name].as_i64().expect("an id");
    let key = (number("userid"), number("courseid"));
    match item["op"].as_str() {
        Some("upsert") => {
            let mut row = item.clone();
            row.as_object_mut().expect("an object").remove("op");
            held.insert(key, row);
        }
        Some("remove") => {
            held.remove(&key);
        }
        _ => panic!("{item}"),
    }
}
