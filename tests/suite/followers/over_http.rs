//! Histories through HTTP: pages, lines and changes with the cache between, lost answers, restarts.

use alx_report_api::fields::Fields;
use serde_json::{Value, json};

use super::apply;
use super::world::{Dice, Held, World};
use crate::support::TestApp;
use crate::support::client::{ACME, Client, Reply, two_companies};

/// What a client knows between two requests.
#[derive(Clone, Default)]
struct Known {
    held: Held,
    next_page: Option<String>,
    changes: Option<String>,
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn keep(held: &mut Held, row: &Value) {
    let number = |name: &str| row[name].as_i64().expect("an id");
    held.insert((number("userid"), number("courseid")), row.clone());
}

/// Begins with a page of the list, or with all of it as lines.
async fn begin(client: &Client, dice: &mut Dice) -> Known {
    let mut known = Known::default();
    if dice.once_in(3) {
        let reply = client
            .get_with("/api/v1/progress", "accept", "application/x-ndjson")
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        for line in reply.body.lines() {
            keep(
                &mut known.held,
                &serde_json::from_str(line).expect("a line of JSON"),
            );
        }
        known.changes = Some(reply.header("alx-delta-cursor").to_owned());
        return known;
    }
    let page = client
        .get(&format!("/api/v1/progress?limit={}", 1 + dice.roll(5)))
        .await;
    take_page(&mut known, &page);
    known
}

fn take_page(known: &mut Known, reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let page = reply.json();
    for row in page["items"].as_array().expect("items") {
        keep(&mut known.held, row);
    }
    known.changes = text(&page["delta_cursor"]);
    known.next_page = text(&page["next_cursor"]);
    assert_ne!(
        known.changes.is_some(),
        known.next_page.is_some(),
        "one of them leads on"
    );
}

/// Asks once; gives whether there was nothing more.
async fn ask(client: &Client, known: &mut Known, dice: &mut Dice) -> bool {
    let limit = 1 + dice.roll(5);
    let lost = dice.once_in(6);
    let before = known.clone();
    let done = match (known.next_page.take(), known.changes.clone()) {
        (Some(cursor), _) => {
            let page = client
                .get(&format!("/api/v1/progress?limit={limit}&cursor={cursor}"))
                .await;
            if page.status == 410 {
                begin_again(client, known, dice, &page).await;
            } else {
                take_page(known, &page);
            }
            false
        }
        (None, Some(cursor)) => {
            let reply = client
                .get(&format!("/api/v1/changes?limit={limit}&cursor={cursor}"))
                .await;
            take_changes(client, known, dice, &reply).await
        }
        (None, None) => panic!("a client knows where to go on"),
    };
    if lost {
        *known = before;
    }
    done && !lost
}

async fn take_changes(client: &Client, known: &mut Known, dice: &mut Dice, reply: &Reply) -> bool {
    if reply.status == 410 {
        begin_again(client, known, dice, reply).await;
        return false;
    }
    assert_eq!(reply.status, 200, "{}", reply.body);
    let page = reply.json();
    for item in page["items"].as_array().expect("items") {
        apply(&mut known.held, item);
    }
    known.changes = text(&page["next_cursor"]);
    page["has_more"] == false
}

async fn begin_again(client: &Client, known: &mut Known, dice: &mut Dice, reply: &Reply) {
    let problem = reply.json();
    assert_eq!(
        problem["type"],
        "urn:alx-report-api:problem:resync-required"
    );
    let reason = problem["reason"].as_str().expect("a reason");
    assert!(
        ["view-changed", "store-restored"].contains(&reason),
        "{reason}"
    );
    *known = begin(client, dice).await;
}

async fn shown(app: &TestApp) -> Fields {
    use alx_report_api::settings::delivery;
    let read = app.app.db.run(|conn| delivery::of_company(conn, ACME));
    read.await.expect("settings").fields
}

#[actix_web::test]
async fn a_program_over_http_never_diverges() {
    let app = TestApp::with_moodle(two_companies).await;
    let again = app.second().await;
    let acme = Client::new(&app, ACME, "read,changes").await;
    app.deliver(ACME, json!({"calls_per_token": 0})).await;
    let mut world = World::new(ACME);
    for seed in 1..=40 {
        let mut dice = Dice::new(seed);
        let mut known = begin(&acme, &mut dice).await;
        for _ in 0..20 {
            match dice.roll(10) {
                0..4 => {
                    let mut own = std::mem::replace(&mut world, World::new(ACME));
                    let luck = dice.roll(1 << 40);
                    let work = move |conn: &mut _| {
                        own.happen(conn, &mut Dice::new(luck))?;
                        Ok(std::mem::replace(&mut own, World::new(ACME)))
                    };
                    world = app.app.db.change(work).await.expect("it happens");
                }
                4 if dice.once_in(3) => {
                    let fields = if dice.once_in(2) {
                        json!(["userid", "status"])
                    } else {
                        Value::Null
                    };
                    app.deliver(ACME, json!({"fields": fields})).await;
                }
                _ => {
                    let asked = if dice.once_in(2) {
                        acme.at(&again)
                    } else {
                        acme.clone()
                    };
                    ask(&asked, &mut known, &mut dice).await;
                }
            }
        }
        while !ask(&acme, &mut known, &mut dice).await {}

        let fields = shown(&app).await;
        let company = World::new(ACME);
        let truth = app
            .app
            .db
            .run(move |conn| company.truth(conn, fields))
            .await
            .expect("rows");
        assert_eq!(known.held, truth, "history {seed}");
    }
}
