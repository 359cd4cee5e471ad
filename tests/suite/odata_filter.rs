//! OData filters: what the store keeps is what a naive reading of the filter keeps, and hostile ones harm nobody.

use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::fields::Fields;
use alx_report_api::ids::UserId;
use alx_report_api::odata::{Filter, Order, Set};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::client::{ACME, Client, LONG_AGO};

/// A filter as the test knows it.
#[derive(Debug, Clone)]
enum Naive {
    Compare(&'static str, &'static str, Literal, bool),
    In(&'static str, Vec<Literal>),
    Text(&'static str, &'static str, &'static str),
    Not(Box<Naive>),
    Both(Box<Naive>, Box<Naive>),
    Either(Box<Naive>, Box<Naive>),
}

/// A literal: how it is written, and what it is.
#[derive(Debug, Clone)]
struct Literal(String, Value);

const TEXTS: [&str; 12] = [
    "Ada",
    "ada",
    "D'Arc",
    "100%",
    "a_b",
    "",
    "Ł",
    "completed",
    "in_progress",
    "not_started",
    "Z",
    "\\",
];
const TIMES: [i64; 5] = [
    LONG_AGO - 1,
    LONG_AGO,
    LONG_AGO + 1,
    LONG_AGO + 100,
    LONG_AGO + 1000,
];

/// Three learners more than the usual, with letters that statements could stumble over.
async fn filled() -> (TestApp, Client) {
    let app = TestApp::with_moodle(|file| {
        let mut moodle = MoodleBuilder::open(file).unwrap();
        let fill = |moodle: &mut MoodleBuilder| {
            moodle.company_as(ACME, "Acme")?;
            let mut courses = Vec::new();
            for name in ["Fire", "100% safe", "a_b", "Ada's course"] {
                let course = moodle.course(name)?;
                moodle.activities(course, 3)?;
                moodle.give_course(ACME, course)?;
                courses.push(course);
            }
            let people = [
                ("Ada", "Byron"),
                ("ada", "D'Arc"),
                ("Łukasz", "Zoë"),
                ("100%", "a\\b"),
                ("a_b", "%"),
            ];
            for (number, (first, last)) in (0..).zip(people) {
                let user = moodle.user_as(UserId(10 + number), first, last)?;
                moodle.member(ACME, user)?;
                for (place, course) in (0..).zip(&courses) {
                    moodle.enrol(user, *course, LONG_AGO + number * 50 + place)?;
                    match (number + place) % 3 {
                        0 => moodle.complete(user, *course, LONG_AGO + 100)?,
                        1 => moodle.done(
                            user,
                            *course,
                            1 + usize::try_from(place % 2).unwrap(),
                            LONG_AGO + 100,
                        )?,
                        _ => {}
                    }
                }
            }
            Ok(())
        };
        moodle.all_or_nothing(fill).unwrap();
    })
    .await;
    let acme = Client::new(&app, ACME, "read,sync").await;
    acme.sync().await;
    app.deliver(ACME, json!({"calls_per_token": 0})).await;
    (app, acme)
}

fn text() -> impl Strategy<Value = Literal> {
    prop::sample::select(TEXTS.to_vec())
        .prop_map(|text| Literal(format!("'{}'", text.replace('\'', "''")), json!(text)))
}

fn moment() -> impl Strategy<Value = Literal> {
    prop::sample::select(TIMES.to_vec()).prop_map(|at| {
        let text = alx_report_api::time::rfc3339(at).unwrap();
        Literal(text.clone(), json!(text))
    })
}

fn number() -> impl Strategy<Value = Literal> {
    prop_oneof![
        (0..16_i64).prop_map(|number| Literal(number.to_string(), json!(number as f64))),
        prop::sample::select(vec![0.5, 33.3, 66.666, 100.0, -1.0])
            .prop_map(|number: f64| Literal(format!("{number:.4}"), json!(number))),
    ]
}

fn null() -> impl Strategy<Value = Literal> {
    Just(Literal("null".into(), Value::Null))
}

fn comparison() -> impl Strategy<Value = Naive> {
    let operator = prop::sample::select(vec!["eq", "ne", "gt", "ge", "lt", "le"]);
    let texts = prop::sample::select(vec![
        "FirstName",
        "LastName",
        "CourseName",
        "Status",
        "State",
    ]);
    let times = prop::sample::select(vec![
        "TimeCompleted",
        "TimeStarted",
        "EnrolledAt",
        "ChangedAt",
    ]);
    let numbers = prop::sample::select(vec!["UserId", "CourseId", "Percentage"]);
    let pair = prop_oneof![
        (texts, prop_oneof![9 => text(), 1 => null()].boxed()),
        (times, prop_oneof![4 => moment(), 1 => null()].boxed()),
        (numbers, prop_oneof![4 => number(), 1 => null()].boxed()),
    ];
    (pair, operator, any::<bool>()).prop_map(|((name, literal), operator, turned)| {
        Naive::Compare(name, operator, literal, turned)
    })
}

fn one() -> impl Strategy<Value = Naive> {
    let names = || prop::sample::select(vec!["FirstName", "LastName", "CourseName", "Status"]);
    let functions = prop::sample::select(vec!["contains", "startswith", "endswith"]);
    let list = prop::collection::vec(prop_oneof![9 => text().boxed(), 1 => null().boxed()], 1..4);
    prop_oneof![
        3 => comparison(),
        1 => (names(), list).prop_map(|(name, list)| Naive::In(name, list)),
        1 => (functions, names(), prop::sample::select(TEXTS.to_vec()))
            .prop_map(|(function, name, part)| Naive::Text(function, name, part)),
    ]
}

fn filter() -> impl Strategy<Value = Naive> {
    one().prop_recursive(4, 12, 2, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed().prop_map(Naive::Not),
            (boxed(), boxed()).prop_map(|(left, right)| Naive::Both(left, right)),
            (boxed(), boxed()).prop_map(|(left, right)| Naive::Either(left, right)),
        ]
    })
}

impl Naive {
    fn written(&self) -> String {
        match self {
            Self::Compare(name, operator, Literal(text, _), false) => {
                format!("{name} {operator} {text}")
            }
            Self::Compare(name, operator, Literal(text, _), true) => {
                format!("{text} {operator} {name}")
            }
            Self::In(name, list) => {
                let list: Vec<&str> = list.iter().map(|Literal(text, _)| text.as_str()).collect();
                format!("{name} in ({})", list.join(","))
            }
            Self::Text(function, name, part) => {
                format!("{function}({name},'{}')", part.replace('\'', "''"))
            }
            Self::Not(inner) => format!("not ({})", inner.written()),
            Self::Both(left, right) => format!("({}) and ({})", left.written(), right.written()),
            Self::Either(left, right) => format!("({}) or ({})", left.written(), right.written()),
        }
    }

    fn holds(&self, row: &Value) -> bool {
        match self {
            Self::Compare(name, operator, Literal(_, value), turned) => {
                let (left, right) = if *turned {
                    (value, &row[name])
                } else {
                    (&row[name], value)
                };
                compare(left, operator, right)
            }
            Self::In(name, list) => list
                .iter()
                .any(|Literal(_, value)| compare(&row[name], "eq", value)),
            Self::Text(function, name, part) => {
                let text = row[name].as_str().expect("a text");
                match *function {
                    "contains" => text.contains(part),
                    "startswith" => text.starts_with(part),
                    _ => text.ends_with(part),
                }
            }
            Self::Not(inner) => !inner.holds(row),
            Self::Both(left, right) => left.holds(row) && right.holds(row),
            Self::Either(left, right) => left.holds(row) || right.holds(row),
        }
    }
}

/// As OData 4.0 says it of null: equal to itself only, and never more or less.
fn compare(left: &Value, operator: &str, right: &Value) -> bool {
    let order = match (left, right) {
        (Value::Null, Value::Null) => return operator == "eq",
        (Value::Null, _) | (_, Value::Null) => return operator == "ne",
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (left, right) => {
            let number = |value: &Value| value.as_f64().expect("a number");
            number(left).total_cmp(&number(right))
        }
    };
    match operator {
        "eq" => order.is_eq(),
        "ne" => order.is_ne(),
        "gt" => order.is_gt(),
        "ge" => order.is_ge(),
        "lt" => order.is_lt(),
        _ => order.is_le(),
    }
}

#[actix_web::test]
async fn the_store_keeps_what_a_naive_reading_keeps() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let (_app, acme) = filled().await;
    let all = acme.get("/odata/v4/Progress").await.json()["value"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(all.len(), 20);
    let mut runner = TestRunner::deterministic();
    let mut kept = 0;

    for _ in 0..300 {
        let naive = filter().new_tree(&mut runner).unwrap().current();
        let written = naive.written();
        let query = utf8_percent_encode(&written, NON_ALPHANUMERIC);
        let reply = acme
            .get(&format!("/odata/v4/Progress?$filter={query}"))
            .await;

        assert_eq!(reply.status, 200, "{written}: {}", reply.body);
        let found = reply.json()["value"].as_array().unwrap().clone();
        let wanted: Vec<Value> = all.iter().filter(|row| naive.holds(row)).cloned().collect();
        assert_eq!(found, wanted, "{written}");
        kept += usize::from(!found.is_empty() && found.len() < all.len());
    }
    assert!(kept > 60, "only {kept} filters told rows apart");
}

#[actix_web::test]
async fn every_operator_does_what_it_says() {
    let (_app, acme) = filled().await;
    for (filter, rows) in [
        ("FirstName eq 'Ada'", 4),
        ("FirstName ne 'Ada'", 16),
        ("LastName eq 'D''Arc'", 4),
        ("UserId gt 13", 4),
        ("UserId ge 13", 8),
        ("UserId lt 11", 4),
        ("UserId le 11", 8),
        ("10 eq UserId", 4),
        ("UserId in (10,11)", 8),
        ("contains(FirstName,'%')", 4),
        ("contains(FirstName,'_')", 4),
        ("startswith(FirstName,'a')", 8),
        ("endswith(LastName,'')", 20),
        ("not startswith(FirstName,'a') and UserId lt 12", 4),
        ("UserId eq 10 or UserId eq 11 and FirstName eq 'nobody'", 4),
        (
            "(UserId eq 10 or UserId eq 11) and FirstName eq 'nobody'",
            0,
        ),
        ("TimeCompleted eq null and Status eq 'completed'", 0),
        ("TimeCompleted ne null and Status ne 'completed'", 0),
        (
            "EnrolledAt ge 2025-10-01T09:00:50Z and EnrolledAt lt 2025-10-01T09:01:40Z",
            4,
        ),
        (
            "EnrolledAt ge 2025-10-01T11:00:50%2B02:00 and EnrolledAt lt 2025-10-01T09:01:40.000Z",
            4,
        ),
        (
            "EnrolledAt gt 2025-10-01T09:00:49.5Z and EnrolledAt lt 2025-10-01T09:00:50.5Z",
            1,
        ),
        ("EnrolledAt gt 2025-10-01", 20),
        ("TimeCompleted gt EnrolledAt or true", 20),
        ("false", 0),
    ] {
        let reply = acme
            .get(&format!("/odata/v4/Progress/$count?$filter={filter}"))
            .await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (200, rows.to_string().as_str()),
            "{filter}"
        );
    }
    let runs = acme
        .get("/odata/v4/SyncRuns/$count?$filter=not DryRun and State eq 'succeeded'")
        .await;
    assert_eq!(runs.body, "1");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_fall(text in "\\PC{0,200}") {
        let _ = Filter::read(&text, Set::Progress, Fields::all());
        let _ = Order::read(&text, Set::Progress, Fields::all());
    }

    #[test]
    fn no_heap_of_words_makes_the_parser_fall(words in prop::collection::vec(prop::sample::select(vec![
        "(", ")", ",", "and", "or", "not", "eq", "in", "null", "true", "UserId", "FirstName", "'x'", "5", "contains", "1.5",
        "2026-01-01T00:00:00Z", "'", "=", "-", "DryRun",
    ]), 0..60)) {
        let text = words.join(" ");
        let _ = Filter::read(&text, Set::Progress, Fields::all());
        let _ = alx_report_api::odata::order::read_key(&text, Set::Progress);
    }
}

#[test]
fn depth_and_size_have_limits() {
    let read = |text: &str| Filter::read(text, Set::Progress, Fields::all());

    assert!(read(&format!("{}true{}", "(".repeat(40), ")".repeat(40))).is_ok());
    assert!(read(&format!("{}true{}", "(".repeat(60), ")".repeat(60))).is_err());
    assert!(read(&"(".repeat(8000)).is_err());
    assert!(read(&format!("{} true", "not ".repeat(1500))).is_err());
    assert!(read(&vec!["UserId eq 1"; 400].join(" or ")).is_ok());
    assert!(read(&vec!["UserId eq 1"; 600].join(" or ")).is_err());
    assert!(read(&vec!["contains(Email,'x')"; 50].join(" or ")).is_ok());
    assert!(read(&vec!["contains(Email,'x')"; 51].join(" or ")).is_err());
}

#[actix_web::test]
async fn more_text_functions_than_a_filter_may_have_are_refused_by_name() {
    let (_app, acme) = filled().await;
    let functions = [
        "contains(FirstName,'a')",
        "startswith(FirstName,'a')",
        "endswith(FirstName,'a')",
    ];
    let many = |count: usize| {
        let list: Vec<&str> = functions.into_iter().cycle().take(count).collect();
        format!("/odata/v4/Progress/$count?$filter={}", list.join(" or "))
    };

    let most = acme.get(&many(50)).await;
    let over = acme.get(&many(51)).await;

    assert_eq!((most.status, most.body.as_str()), (200, "16"));
    assert_eq!(over.status, 400, "{}", over.body);
    let error = over.json()["error"].clone();
    assert_eq!(error["target"], "$filter");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("more than 50 of the functions contains, startswith, endswith"),
        "{message}"
    );
}

#[actix_web::test]
async fn a_long_filter_is_answered() {
    let (_app, acme) = filled().await;
    let list: Vec<String> = (1..450).map(|number| number.to_string()).collect();
    let long = format!("UserId in ({})", list.join(","));

    let found = acme
        .get(&format!("/odata/v4/Progress/$count?$filter={long}"))
        .await;
    let deep = format!("{}UserId eq 10{}", "not (".repeat(24), ")".repeat(24));
    let deep = acme
        .get(&format!("/odata/v4/Progress/$count?$filter={deep}"))
        .await;

    assert_eq!((found.status, found.body.as_str()), (200, "20"));
    assert_eq!((deep.status, deep.body.as_str()), (200, "4"));
}
