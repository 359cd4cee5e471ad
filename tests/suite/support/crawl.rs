//! A walk over every page that an admin can reach by links.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::admin::{Admin, Answer};
use super::html::{self, Form};

/// How many pages of one kind are looked at: the kind is the address without its numbers.
const OF_A_KIND: usize = 2;
/// Pages whose buttons depend on what each of them is about; all of them are looked at, as far as it goes.
const EACH_IS_OTHER: [&str; 4] = [
    "/sync/runs/*?",
    "/sync/batches/*?",
    "/admins/*?",
    "/companies/*?",
];
const OF_THESE: usize = 20;

/// What was found.
#[derive(Default)]
pub struct Walk {
    /// The address of each page, and what came.
    pub pages: Vec<(String, Answer)>,
    /// One form of each kind, with the page it was on.
    pub forms: BTreeMap<String, (String, Form)>,
    /// What is wrong: where it stands, and what.
    pub wrong: Vec<String>,
    /// Places in other pages, by the kind of page and the id: where a link to one stands, and where it leads.
    anchors: BTreeMap<(String, String), (String, String)>,
}

/// Follows every link and every form that only asks, from these addresses on.
pub async fn walk(admin: &Admin, from: &[&str]) -> Walk {
    let mut walk = Walk::default();
    let mut queue: VecDeque<(String, String)> = from
        .iter()
        .map(|address| ("the start".into(), (*address).into()))
        .collect();
    let (mut seen, mut kinds) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
    while let Some((page, address)) = queue.pop_front() {
        let kind = kind(&address);
        let most = match EACH_IS_OTHER.contains(&kind.as_str()) {
            true => OF_THESE,
            false => OF_A_KIND,
        };
        let counted = kinds.entry(kind).or_default();
        if *counted >= most || !seen.insert(address.clone()) {
            continue;
        }
        *counted += 1;
        let answer = admin.get(&address).await;
        let next = walk.take(&page, &address, answer);
        queue.extend(next.into_iter().map(|next| (address.clone(), next)));
    }
    walk.check_anchors(admin).await;
    walk
}

impl Walk {
    /// Notes an answer and gives back where it leads.
    fn take(&mut self, from: &str, address: &str, answer: Answer) -> Vec<String> {
        let to = answer.location().to_owned();
        if answer.status == 303 && !to.starts_with("/sign-in") {
            return vec![to];
        }
        if answer.status != 200 {
            let status = answer.status;
            self.wrong.push(format!(
                "{from} leads to {address}, which answers {status} {to}"
            ));
            return Vec::new();
        }
        let is_page = answer
            .header(reqwest::header::CONTENT_TYPE)
            .starts_with("text/html");
        if !is_page {
            return Vec::new();
        }
        let next = self.read(address, &answer);
        self.pages.push((address.to_owned(), answer));
        next
    }

    /// Whether pages have the places that links of other pages lead to. What does not open is noted already.
    async fn check_anchors(&mut self, admin: &Admin) {
        for ((_, id), (from, to)) in std::mem::take(&mut self.anchors) {
            let page = admin.get(&to).await;
            if page.status == 200 && !html::ids(&page.body).contains(&id) {
                self.wrong
                    .push(format!("{from} leads to {to}#{id}, which is not there"));
            }
        }
    }

    /// Notes the forms of a page, and gives back where it leads.
    pub fn read(&mut self, address: &str, answer: &Answer) -> Vec<String> {
        let here = address.split(['?', '#']).next().unwrap_or_default();
        let ids = html::ids(&answer.body);
        let mut next = Vec::new();
        for name in html::unheard(&answer.body) {
            self.wrong.push(format!("{address} has {name}"));
        }
        if html::jumps(&answer.body) {
            self.wrong.push(format!("{address} loads itself anew"));
        }
        for link in html::links(&answer.body) {
            match link.split_once('#') {
                Some(("", id)) if !ids.iter().any(|known| known == id) => {
                    self.wrong
                        .push(format!("{address} leads to #{id}, which is not there"));
                }
                Some((path, id)) if path.starts_with(['/', '?']) => {
                    let path = match path.starts_with('?') {
                        true => format!("{here}{path}"),
                        false => path.to_owned(),
                    };
                    let anchor = (kind(&path), id.to_owned());
                    let leads = (address.to_owned(), path.clone());
                    self.anchors.entry(anchor).or_insert(leads);
                    next.push(path);
                }
                None if link.starts_with('?') => next.push(format!("{here}{link}")),
                None if link.starts_with('/') => next.push(link),
                _ => {} // another site, or the same page
            }
        }
        for form in html::forms(&answer.body, here) {
            if form.method == "get" {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.extend_pairs(&form.fields);
                let path = form.action.split('#').next().unwrap_or_default();
                next.push(format!("{path}?{}", query.finish()));
            } else {
                let button = format!("{} {} {}", kind(&form.action), form.label, kind(here));
                self.forms
                    .entry(button)
                    .or_insert((address.to_owned(), form));
            }
        }
        next
    }
}

/// A page of a walk that a browser opens.
pub struct Sight {
    /// Its address.
    pub page: String,
    /// What came.
    pub answer: Answer,
    /// Whether it is the first one of its kind.
    pub is_first: bool,
}

/// The first page of each kind, and of those that are each other as many as `most` that show or offer something else.
pub fn sights(pages: Vec<(String, Answer)>, most: usize) -> Vec<Sight> {
    let mut kinds = BTreeMap::<String, BTreeSet<String>>::new();
    let mut found = Vec::new();
    for (page, answer) in pages {
        let kind = kind(&page);
        let most = match EACH_IS_OTHER.contains(&kind.as_str()) {
            true => most,
            false => 1,
        };
        let faces = kinds.entry(kind).or_default();
        let is_first = faces.is_empty();
        if faces.len() < most && faces.insert(html::face(&answer.body)) {
            found.push(Sight {
                page,
                answer,
                is_first,
            });
        }
    }
    found
}

/// An address without what tells pages of one kind apart.
pub fn kind(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let is_id = |part: &&str| {
        !part.is_empty()
            && (part.bytes().all(|byte| byte.is_ascii_digit())
                || (part.len() >= 16
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')))
    };
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| if is_id(&part) { "*" } else { part })
        .collect();
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let mut names: Vec<String> = pairs
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, _)| name.into_owned())
        .collect();
    names.sort();
    names.dedup();
    format!("{}?{}", parts.join("/"), names.join("&"))
}
