//! A page as a browser without script has it: where it leads, and what its forms send.

use std::collections::BTreeSet;

use scraper::{ElementRef, Html, Selector};

/// What one button of a form sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// `get` or `post`.
    pub method: String,
    /// Where it goes.
    pub action: String,
    /// What is filled in, and the button itself where it has a name.
    pub fields: Vec<(String, String)>,
    /// What the button says.
    pub label: String,
    /// The names of the fields that somebody types into.
    pub typed: Vec<String>,
    /// The names of what is ticked or not.
    pub ticked: Vec<String>,
}

/// What a page says about a field: the ids that describe one that is marked as wrong, and do not exist or say nothing, and
/// how many are marked.
pub fn mistakes(page: &str) -> (usize, Vec<String>) {
    let page = Html::parse_document(page);
    let (mut marked, mut silent) = (0, Vec::new());
    for field in page.select(&selector("[aria-invalid=true], fieldset[aria-describedby]")) {
        marked += 1;
        let ids = field.attr("aria-describedby").unwrap_or_default();
        if ids.is_empty() {
            silent.push(format!("{} without a reason", field.html()));
        }
        for id in ids.split_whitespace() {
            let says = page
                .select(&selector("[id]"))
                .find(|one| one.attr("id") == Some(id))
                .is_some_and(|one| !one.text().collect::<String>().trim().is_empty());
            if !says {
                silent.push(id.to_owned());
            }
        }
    }
    (marked, silent)
}

/// What no page may have got from a name: an element or attribute of theirs.
pub fn injected(page: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let mut found = Vec::new();
    for element in page.select(&selector("*")) {
        let name = element.value().name();
        let ours = name != "script"
            || element
                .attr("src")
                .is_some_and(|src| src.starts_with("/static/live.js?v="));
        let handler = element.value().attrs().any(|(attribute, value)| {
            attribute.starts_with("on")
                || attribute == "style"
                || attribute.contains(['"', '\'', '<', '{'])
                || value.trim_start().starts_with("javascript:")
        });
        if !ours || name == "img" || handler {
            found.push(element.html().chars().take(200).collect());
        }
    }
    found
}

/// Names of elements that ARIA lets have none, so that nobody hears them.
pub fn unheard(page: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let nameless = ["span", "small", "p", "div", "strong", "em", "code"];
    let named = nameless.map(|name| format!("{name}[aria-label]:not([role])"));
    let named = selector(&named.join(", "));
    let found = page.select(&named);
    found.map(|element| element.html()).collect()
}

/// Whether the page is loaded anew under the hands of readers whose browser runs scripts.
pub fn jumps(page: &str) -> bool {
    let page = Html::parse_document(page);
    let bare = selector(":not(noscript) > meta[http-equiv=refresh]");
    page.select(&bare).next().is_some()
}

/// Every address that the page links to, in order.
pub fn links(page: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let links = selector("a[href]");
    let found = page.select(&links);
    found
        .filter_map(|link| link.attr("href"))
        .map(str::to_owned)
        .collect()
}

/// Links to places of the page that are not there.
pub fn astray(page: &str) -> Vec<String> {
    let ids = ids(page);
    let here = links(page)
        .into_iter()
        .filter_map(|link| link.strip_prefix('#').map(str::to_owned));
    here.filter(|place| !ids.contains(place)).collect()
}

/// How many buttons there are in the main part of the page, with what opens something.
pub fn buttons(page: &str) -> usize {
    let page = Html::parse_document(page);
    page.select(&selector(
        "main button:not([aria-hidden=true]), main summary",
    ))
    .count()
}

/// What tells pages of one kind apart: the state that each shows first, and what its buttons say.
pub fn face(page: &str) -> String {
    let page = Html::parse_document(page);
    let states = ["main .note", "main .status", "main .empty"].map(selector);
    let states = states.iter().filter_map(|one| page.select(one).next());
    let states = states.filter_map(|one| one.attr("class"));
    let buttons = selector("main button, main a.button");
    let labels = page
        .select(&buttons)
        .map(|button| button.text().collect::<String>());
    let labels: BTreeSet<String> = labels
        .map(|label| label.replace(|letter: char| letter.is_ascii_digit(), ""))
        .collect();
    format!("{:?} {labels:?}", states.collect::<Vec<_>>())
}

/// Every id of the page.
pub fn ids(page: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    let named = selector("[id]");
    let found = page.select(&named);
    found
        .filter_map(|element| element.attr("id"))
        .map(str::to_owned)
        .collect()
}

/// One form for each button of the page that sends something, filled in as it comes; what must be there and is empty gets
/// a value.
pub fn forms(page: &str, here: &str) -> Vec<Form> {
    let page = Html::parse_document(page);
    let mut found = Vec::new();
    for form in page.select(&selector("form")) {
        let action = form.attr("action").unwrap_or(here);
        let method = form.attr("method").unwrap_or("get").to_lowercase();
        let fields = fields(form);
        for button in form.select(&selector("button")) {
            let name = button.attr("name").map(str::to_owned);
            let value = button.attr("value").unwrap_or_default().to_owned();
            let own = name.map(|name| (name, value));
            found.push(Form {
                method: method.clone(),
                action: button.attr("formaction").unwrap_or(action).to_owned(),
                fields: fields.iter().cloned().chain(own).collect(),
                label: button.text().collect::<String>().trim().to_owned(),
                typed: named(form, TYPED),
                ticked: named(form, TICKED),
            });
        }
    }
    found
}

const TICKED: &str = "input[type=checkbox], input[type=radio]";
const TYPED: &str = "textarea, input:not([type=hidden]):not([type=checkbox]):not([type=radio])";

fn named(form: ElementRef<'_>, which: &str) -> Vec<String> {
    let all = selector(which);
    let names = form.select(&all).filter_map(|field| field.attr("name"));
    names.map(str::to_owned).collect()
}

fn fields(form: ElementRef<'_>) -> Vec<(String, String)> {
    let all = selector("input, select, textarea");
    let all = form.select(&all);
    all.filter_map(|field| {
        let name = field.attr("name")?.to_owned();
        let disabled = field.attr("disabled").is_some();
        value(field)
            .filter(|_| !disabled)
            .map(|value| (name, value))
    })
    .collect()
}

/// What a field sends; `None` for a box that is not ticked.
fn value(field: ElementRef<'_>) -> Option<String> {
    let said = field.attr("value").unwrap_or_default().to_owned();
    let kind = field.attr("type").unwrap_or("text");
    match (field.value().name(), kind) {
        ("select", _) => chosen(field),
        ("textarea", _) => Some(field.text().collect()),
        (_, "checkbox" | "radio") => {
            let on = field.attr("value").unwrap_or("on").to_owned();
            let wanted = field.attr("checked").is_some() || field.attr("required").is_some();
            wanted.then_some(on)
        }
        _ if said.is_empty() && field.attr("required").is_some() => Some(made_up(kind)),
        _ => Some(said),
    }
}

fn chosen(select: ElementRef<'_>) -> Option<String> {
    let text = |option: ElementRef<'_>| {
        let said = option.attr("value").map(str::to_owned);
        said.unwrap_or_else(|| option.text().collect())
    };
    let marked = select.select(&selector("option[selected]")).next();
    let options = selector("option");
    let needed = select.attr("required").is_some();
    let mut possible = select.select(&options).map(text);
    let first = possible.find(|value| !needed || !value.is_empty());
    marked.map(text).or(first)
}

fn made_up(kind: &str) -> String {
    match kind {
        "email" => "someone@example.com",
        "password" => "a long enough one",
        "number" => "1",
        "date" => "2026-01-01",
        "url" => "https://example.com/",
        _ => "\"><script>alert(1)</script> مرحبا",
    }
    .to_owned()
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).expect("a selector")
}
