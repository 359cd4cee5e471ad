//! A company's numbers are the same wherever they stand: pages, files, the API, and OData.

use serde_json::{Value, json};

use crate::support::admin::Admin;
use crate::support::client::{ACME, Client};
use crate::support::files::objects;
use crate::support::furnished::furnished;

/// Learners, courses, enrolments, completed, in progress, not started.
type Numbers = [i64; 6];

const NAMES: [&str; 6] = [
    "learners",
    "courses",
    "enrolments",
    "completed",
    "in_progress",
    "not_started",
];

async fn lines(admin: &Admin, file: &str) -> Vec<Value> {
    let answer = admin.get(file).await;
    assert_eq!(answer.status, 200, "{file}: {}", answer.body);
    objects(&answer.body)
}

async fn total(acme: &Client, what: &str) -> i64 {
    let reply = acme.get(&format!("/odata/v4/{what}")).await;
    reply.body.parse().expect("a number")
}

fn sum(items: &[Value], name: &str) -> i64 {
    items
        .iter()
        .map(|one| one[name].as_i64().expect(name))
        .sum()
}

/// As the rows say it that a client gets.
async fn counted(acme: &Client) -> Numbers {
    let rows = acme
        .get_with("/api/v1/progress", "accept", "application/x-ndjson")
        .await;
    let rows = objects(&rows.body);
    let distinct = |name: &str| {
        let all = rows.iter().map(|row| row[name].as_i64());
        all.collect::<std::collections::BTreeSet<_>>().len() as i64
    };
    let of = |status: &str| rows.iter().filter(|row| row["status"] == status).count() as i64;
    [
        distinct("userid"),
        distinct("courseid"),
        rows.len() as i64,
        of("completed"),
        of("in_progress"),
        of("not_started"),
    ]
}

#[actix_web::test]
async fn every_place_tells_the_same_numbers_of_a_company() {
    let (app, admin) = furnished().await;
    app.deliver(ACME, json!({"calls_per_token": 0})).await;
    let acme = Client::new(&app, ACME, "read").await;
    let rows = counted(&acme).await;
    assert!(rows.iter().all(|number| *number > 0), "{rows:?}");

    let summary = acme.get("/api/v1/summary").await.json();
    assert_eq!(NAMES.map(|name| summary[name].as_i64().unwrap()), rows);

    let by_course = acme.get("/api/v1/summary/courses?limit=1000").await.json();
    let by_course = by_course["items"].as_array().unwrap();
    let file = lines(&admin, "/companies/42/courses/export.ndjson").await;
    for courses in [by_course, &file] {
        let found: Vec<i64> = NAMES[2..].iter().map(|name| sum(courses, name)).collect();
        assert_eq!((courses.len() as i64, &found[..]), (rows[1], &rows[2..]));
    }

    let companies = lines(&admin, "/companies/export.ndjson").await;
    let ours = companies
        .iter()
        .find(|one| one["company_id"] == 42)
        .unwrap();
    assert_eq!(NAMES.map(|name| ours[name].as_i64().unwrap()), rows);

    let people = lines(&admin, "/companies/42/people/export.ndjson").await;
    let progress = lines(&admin, "/companies/42/progress/export.ndjson").await;
    assert_eq!(
        [people.len() as i64, progress.len() as i64],
        [rows[0], rows[2]]
    );

    let odata = [
        total(&acme, "Users/$count").await,
        total(&acme, "Courses/$count").await,
        total(&acme, "Progress/$count").await,
        total(&acme, "Progress/$count?$filter=Status eq 'completed'").await,
        total(&acme, "Progress/$count?$filter=Status eq 'in_progress'").await,
        total(&acme, "Progress/$count?$filter=Status eq 'not_started'").await,
    ];
    assert_eq!(odata, rows);

    let page = admin.get("/companies/42").await;
    let said = |label: &str| page.between(&format!("<dt>{label}</dt><dd>"), "<");
    let facts = ["Enrolments", "Completed"].map(|label| said(label).trim().to_owned());
    assert_eq!(
        facts,
        [2, 3].map(|place| rows[place].to_string()),
        "{}",
        page.body
    );
}
