//! The kit for Power BI: what to download, what to paste, what it will cost, and what Power BI will see.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::json;

use super::company_nav::Part;
use super::{Chrome, Page, PageError, SignedIn, Tab, filters};
use crate::app::{self, App};
use crate::companies::{self, Company, State};
use crate::ids::CompanyId;
use crate::odata::model::Kind;
use crate::odata::{Ask, Datum, PAGE, Property, Set, csdl, page};
use crate::settings::delivery::{self, Delivery};
use crate::time::rfc3339;

/// Rows of the connection test.
const SHOWN: i64 = 10;
/// How often Power BI may ask the same address during one refresh.
const REPEATS: i64 = 3;

/// The kit of a company.
#[derive(Template)]
#[template(path = "companies/power_bi.html")]
pub struct PowerBiPage {
    chrome: Chrome,
    company: Company,
    state: State,
    /// The address of the service, with a slash at its end.
    root: String,
    query: String,
    cost: Cost,
    service: String,
    columns: &'static [Property],
    rows: Vec<Vec<String>>,
}

/// What a refresh of `Progress` costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    /// Rows now.
    rows: i64,
    /// Pages of them.
    pages: i64,
    /// Calls a day; `None` means no limit.
    limit: Option<i64>,
}

impl Cost {
    fn of(rows: i64, delivery: &Delivery) -> Self {
        let limits = [delivery.calls_per_token, delivery.calls_per_company];
        let limits = limits.into_iter().filter(|limit| *limit > 0);
        Self {
            rows,
            pages: rows.div_euclid(PAGE) + i64::from(rows % PAGE > 0 || rows == 0),
            limit: limits.min().map(i64::from),
        }
    }

    /// The service document, the metadata, and every page once.
    fn calls(&self) -> i64 {
        2 + self.pages
    }

    /// The same where Power BI asks for everything as often as it may.
    fn most_calls(&self) -> i64 {
        REPEATS * self.calls()
    }

    /// Refreshes a day that fit whatever Power BI does.
    fn refreshes(&self) -> Option<i64> {
        self.limit.map(|limit| limit / self.most_calls())
    }
}

/// `GET /companies/{company}/power-bi`
pub async fn show_power_bi(
    admin: SignedIn,
    request: HttpRequest,
    app: Data<App>,
    company: Path<CompanyId>,
) -> Result<Page<PowerBiPage>, PageError> {
    let id = company.into_inner();
    let read = app.db.run(move |conn| {
        let (company, state) = companies::store::get(conn, id)?;
        let delivery = delivery::of_company(conn, id)?;
        let first = Ask::first(Set::Progress, SHOWN);
        let first = page::read(conn, id, delivery.fields, &first)?;
        let cost = Cost::of(page::count(conn, id, Set::Progress, None)?, &delivery);
        Ok((company, state, cost, first.entities))
    });
    let (company, state, cost, entities) = read.await?;
    let root = root(&request, &app);
    let service = csdl::service_document(&root).to_string();
    let rows = entities
        .iter()
        .map(|entity| entity.iter().map(text).collect());
    Ok(Page(PowerBiPage {
        chrome: admin.chrome(Tab::Companies),
        company,
        state,
        query: m_query(&root),
        cost,
        service,
        columns: Set::Progress.properties(),
        rows: rows.collect(),
        root,
    }))
}

/// `GET /companies/{company}/power-bi/connection.pbids`: opens in Power BI Desktop. It holds an address and no token.
pub async fn download_pbids(
    _admin: SignedIn,
    request: HttpRequest,
    app: Data<App>,
    company: Path<CompanyId>,
) -> Result<HttpResponse, PageError> {
    let id = company.into_inner();
    app.db
        .run(move |conn| companies::store::get(conn, id))
        .await?;
    let details = json!({"protocol": "odata", "address": {"url": root(&request, &app)}});
    let file = json!({"version": "0.1", "connections": [{"details": details, "mode": "Import"}]});
    let name = format!("attachment; filename=\"company-{id}.pbids\"");
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(file.to_string()))
}

fn root(request: &HttpRequest, app: &App) -> String {
    format!("{}/odata/v4/", app::ours(request, app))
}

/// A query to paste: pages by itself, keeps its columns whatever a token may see, and holds no token.
fn m_query(root: &str) -> String {
    let properties = Set::Progress.properties().iter();
    let names: Vec<String> = properties
        .clone()
        .map(|property| format!("\"{}\"", property.name))
        .collect();
    let types: Vec<String> = properties
        .map(|property| format!("{{\"{}\", {}}}", property.name, m_type(property.kind)))
        .collect();
    format!(
        "let\n    \
         Source = OData.Feed(\"{root}\", null, [Implementation = \"2.0\", ApiKeyName = \"key\"]),\n    \
         Progress = Source{{[Name = \"Progress\", Signature = \"table\"]}}[Data],\n    \
         Columns = Table.SelectColumns(Progress, {{{}}}, MissingField.UseNull),\n    \
         Typed = Table.TransformColumnTypes(Columns, {{\n        {}\n    }})\nin\n    Typed",
        names.join(", "),
        types.join(",\n        ")
    )
}

fn m_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "Int64.Type",
        Kind::Double => "type number",
        Kind::Text => "type text",
        Kind::Time => "type datetimezone",
        Kind::Bool => "type logical",
    }
}

fn text(datum: &Datum) -> String {
    match datum {
        Datum::Null => "null".into(),
        Datum::Int(number) => number.to_string(),
        Datum::Double(number) => number.to_string(),
        Datum::Text(text) => text.clone(),
        Datum::Time(seconds) => rfc3339(*seconds).unwrap_or_default(),
        Datum::Bool(word) => word.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_costs_two_calls_and_its_pages() {
        let delivery = Delivery {
            calls_per_token: 100,
            calls_per_company: 60,
            ..Delivery::default()
        };

        for (rows, pages) in [(0, 1), (1, 1), (5000, 1), (5001, 2), (100_000, 20)] {
            assert_eq!(Cost::of(rows, &delivery).pages, pages, "{rows}");
        }
        let cost = Cost::of(8245, &delivery);
        assert_eq!((cost.calls(), cost.most_calls()), (4, 12));
        assert_eq!((cost.limit, cost.refreshes()), (Some(60), Some(5)));
    }
}
