//! The tables of the API monitor: by company, by token, by address, by data version.

use std::collections::HashMap;

use diesel::prelude::*;

use super::monitor_view::{By, View};
use super::{Downloads, requests_view};
use crate::db::Conn;
use crate::error::Result;
use crate::ids::{CompanyId, TokenId};
use crate::language::Said;
use crate::requests::stats::Report;
use crate::requests::tally::Tally;
use crate::schema::{api_tokens, companies};

/// Lines of a table on the page; the file has all of them.
const SHOWN: usize = 50;

crate::words! {
    /// What calls are counted by.
    Kind {
        /// The company of the token.
        Company = "companies",
        /// The token.
        Token = "tokens",
        /// The pattern of the address.
        Route = "routes",
        /// The company and the data version that was shown.
        Version = "versions",
    }
}

/// One line.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is about, hostile text.
    pub name: Said,
    /// What tells it from others of the same name.
    pub note: Option<Said>,
    /// The same calls in the log.
    pub address: String,
    /// Their numbers.
    pub tally: Tally,
}

/// One table.
pub struct Table {
    /// What its lines are.
    pub kind: Kind,
    /// The first of them.
    pub lines: Vec<Line>,
    /// How many there are.
    pub total: usize,
    /// The heads of its columns.
    pub heads: Vec<Head>,
    /// Its files.
    pub download: Downloads,
}

impl Table {
    /// As the page shows it.
    pub fn of(kind: Kind, mut lines: Vec<Line>, view: &View, sort: By) -> Self {
        let total = lines.len();
        lines.truncate(SHOWN);
        let files = view.address(&format!("/monitor/{kind}"), &[]);
        Self {
            kind,
            lines,
            total,
            heads: HEADS
                .iter()
                .map(|head| Head::of(head, kind, view, sort))
                .collect(),
            download: match kind {
                Kind::Company => Downloads::at("calls by company", files),
                Kind::Token => Downloads::at("calls by token", files),
                Kind::Route => Downloads::at("calls by address", files),
                Kind::Version => Downloads::at("calls by data version", files),
            },
        }
    }
}

/// The head of a column.
pub struct Head {
    /// A text of the source.
    pub title: &'static str,
    /// Whether numbers stand below it.
    pub is_number: bool,
    /// What `aria-sort` says; empty where the table is not sorted by it.
    pub sorted: &'static str,
    /// The same page, sorted by it.
    pub address: Option<String>,
}

/// The columns: title, whether they hold numbers, and what sorts by them.
const HEADS: [(&str, bool, Option<By>); 11] = [
    ("Name", false, Some(By::Name)),
    ("Calls", true, Some(By::Calls)),
    ("Errors", true, Some(By::Errors)),
    ("Refused by a limit", true, None),
    ("Success rate", true, None),
    ("p50 ms", true, None),
    ("p95 ms", true, Some(By::Duration)),
    ("p99 ms", true, None),
    ("Cache hit rate", true, Some(By::Hits)),
    ("Bytes", true, Some(By::Bytes)),
    ("Latest call", false, Some(By::Latest)),
];

impl Head {
    fn of(head: &(&'static str, bool, Option<By>), kind: Kind, view: &View, sort: By) -> Self {
        let (title, is_number, by) = *head;
        let address = |by: By| {
            let page = view.address("/monitor", &[("sort", by.as_str())]);
            format!("{page}#{kind}")
        };
        Self {
            title,
            is_number,
            sorted: match by {
                Some(By::Name) if sort == By::Name => "ascending",
                Some(by) if by == sort => "descending",
                _ => "",
            },
            address: by.map(address),
        }
    }
}

/// What the ids of a report are called.
pub struct Names {
    companies: HashMap<CompanyId, String>,
    tokens: HashMap<TokenId, (CompanyId, String, String)>,
}

impl Names {
    /// Of everything that a report counted.
    pub fn read(conn: &mut Conn, report: &Report) -> Result<Self> {
        let known: Vec<(CompanyId, String)> = companies::table
            .select((companies::id, companies::name))
            .load(conn)?;
        let ids: Vec<i64> = report.tokens.keys().flatten().map(|id| id.0).collect();
        let mut tokens = HashMap::new();
        for some in ids.chunks(5000) {
            let found: Vec<(TokenId, CompanyId, String, String)> = api_tokens::table
                .filter(api_tokens::id.eq_any(some))
                .select((
                    api_tokens::id,
                    api_tokens::company_id,
                    api_tokens::name,
                    api_tokens::prefix,
                ))
                .load(conn)?;
            let named = |(id, company, name, prefix)| (id, (company, name, prefix));
            tokens.extend(found.into_iter().map(named));
        }
        Ok(Self {
            companies: known.into_iter().collect(),
            tokens,
        })
    }

    fn company(&self, id: CompanyId) -> Said {
        let unknown = || Said::new("Company {id}").with("id", id.to_string());
        self.companies.get(&id).map_or_else(unknown, Said::as_it_is)
    }
}

/// Every line of a table, in its order. `counted` is the part of the log whose calls the report counted.
pub fn lines(
    report: &Report,
    names: &Names,
    counted: &requests_view::View,
    (kind, sort): (Kind, By),
) -> Vec<Line> {
    let mut lines: Vec<Line> = match kind {
        Kind::Company => named(&report.companies, counted, |id| of_company(*id, names)),
        Kind::Token => named(&report.tokens, counted, |id| of_token(*id, names)),
        Kind::Route => named(&report.routes, counted, |route| of_route(route)),
        Kind::Version => named(&report.versions, counted, |id| of_version(*id, names)),
    };
    lines.sort_by_cached_key(|line| {
        let note = line.note.as_ref().map(Said::to_string);
        (line.name.to_string(), note)
    });
    match sort {
        By::Name => {}
        By::Calls => lines.sort_by_key(|line| -line.tally.calls),
        By::Errors => lines.sort_by_key(|line| -line.tally.errors),
        By::Bytes => lines.sort_by_key(|line| -line.tally.bytes),
        By::Latest => lines.sort_by_key(|line| -line.tally.last_ms.unwrap_or(0)),
        By::Duration => lines.sort_by_key(|line| -line.tally.quantile(95).unwrap_or(0)),
        By::Hits => lines.sort_by(|one, next| {
            let rate = |line: &Line| line.tally.hit_rate().unwrap_or(-1.0);
            rate(next).total_cmp(&rate(one))
        }),
    }
    lines
}

/// A name, a note, and what narrows the log to the calls.
type About = (Said, Option<Said>, Vec<(&'static str, String)>);

fn named<K>(
    tallies: &HashMap<K, Tally>,
    counted: &requests_view::View,
    about: impl Fn(&K) -> About,
) -> Vec<Line> {
    let line = |(key, tally): (&K, &Tally)| {
        let (name, note, narrower) = about(key);
        Line {
            name,
            note,
            address: counted.narrowed("/requests", &narrower),
            tally: tally.clone(),
        }
    };
    tallies.iter().map(line).collect()
}

fn of_company(id: Option<CompanyId>, names: &Names) -> About {
    match id {
        Some(id) => (
            names.company(id),
            Some(Said::new("id {id}").with("id", id.to_string())),
            vec![("company", id.to_string())],
        ),
        None => nobody(),
    }
}

fn of_token(id: Option<TokenId>, names: &Names) -> About {
    match (id, id.and_then(|id| names.tokens.get(&id))) {
        (Some(id), Some((company, name, prefix))) => (
            Said::as_it_is(name),
            Some(
                Said::new("{prefix}… · {company}")
                    .with("prefix", prefix)
                    .saying("company", names.company(*company)),
            ),
            vec![("company", company.to_string()), ("token", id.to_string())],
        ),
        (Some(id), None) => (
            Said::new("Token {id}").with("id", id.to_string()),
            Some(Said::new("not kept any more")),
            vec![("token", id.to_string())],
        ),
        (None, _) => nobody(),
    }
}

/// Calls whose token is none that is known; they were refused, and the door of the old plugin does so with 200.
fn nobody() -> About {
    let name = Said::new("No known token");
    (name, None, vec![("stranger", "only".into())])
}

fn of_route(route: &str) -> About {
    let whole = vec![("route", route.to_owned()), ("part", "whole".into())];
    (Said::as_it_is(route), None, whole)
}

fn of_version((company, version): (CompanyId, i64), names: &Names) -> About {
    (
        names.company(company),
        Some(Said::new("version {version}").number("version", version)),
        vec![
            ("company", company.to_string()),
            ("version", version.to_string()),
        ],
    )
}
