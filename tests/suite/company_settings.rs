//! The settings of a company at a glance, and its courses found and ticked without script.

use alx_report_api::demo::builder::MoodleBuilder;
use serde_json::json;

use crate::support::TestApp;
use crate::support::acme::synced_app;
use crate::support::admin::{Admin, Answer};
use crate::support::client::{ACME, Client};

const SETTINGS: &str = "/companies/42/settings";

/// What a line of the glance says, from its name on.
fn line(page: &Answer, name: &str) -> String {
    let plain = page.body.split_whitespace().collect::<Vec<_>>().join(" ");
    let glance = plain
        .split_once("id=\"glance\"")
        .expect("the glance")
        .1
        .to_owned();
    let (_, rest) = glance
        .split_once(&format!("<th scope=\"row\">{name}</th>"))
        .unwrap_or_else(|| panic!("no {name} in {glance}"));
    rest.split_once("</tr>").expect("an end").0.to_owned()
}

#[actix_web::test]
async fn the_settings_say_what_holds_and_where_it_comes_from() {
    let (app, admin) = synced_app().await;

    let before = admin.get(SETTINGS).await;
    app.deliver(
        ACME,
        json!({"calls_per_token": 10, "zone": "Asia/Tokyo", "fields": ["userid", "email"]}),
    )
    .await;
    let after = admin.get(SETTINGS).await;

    assert_eq!(before.status, 200, "{}", before.body);
    let fields = line(&before, "Fields");
    assert!(
        fields.contains("12 of 12") && fields.contains("<td>default</td>"),
        "{fields}"
    );
    assert!(line(&before, "Courses").contains("2 on, 0 off"));
    assert!(line(&before, "Time zone").contains("UTC"));
    assert!(line(&before, "Cached responses").contains("on, kept for 60 minutes"));
    assert!(line(&before, "Schedule").contains("none"));
    assert!(line(&before, "Calls a day of the company").contains("no limit"));
    let zone = line(&after, "Time zone");
    assert!(
        zone.contains("Asia/Tokyo") && zone.contains("<strong>own</strong>"),
        "{zone}"
    );
    assert!(line(&after, "Fields").contains("2 of 12"));
    assert!(line(&after, "Calls a day of each token").contains("10"));
}

#[actix_web::test]
async fn todays_usage_stands_beside_the_limit_and_warns_from_four_fifths_on() {
    let (app, admin) = synced_app().await;
    let client = Client::new(&app, ACME, "read").await;
    app.deliver(ACME, json!({"calls_per_token": 5})).await;

    for _ in 0..3 {
        client.get("/api/v1/progress").await;
    }
    let three = line(&admin.get(SETTINGS).await, "Calls a day of each token");
    client.get("/api/v1/progress").await;
    let four = line(&admin.get(SETTINGS).await, "Calls a day of each token");
    client.get("/api/v1/progress").await;
    let five = line(&admin.get(SETTINGS).await, "Calls a day of each token");

    assert!(
        three.contains("Used today: 3 / 5 (60 %)") && !three.contains("nearly used up"),
        "{three}"
    );
    assert!(
        four.contains("Used today: 4 / 5 (80 %)") && four.contains("nearly used up"),
        "{four}"
    );
    assert!(five.contains(">used up<"), "{five}");
}

/// A company with 300 more courses, and the fields of its form as the page has them.
async fn many() -> (TestApp, Admin) {
    let (app, admin) = synced_app().await;
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).unwrap();
    let fill = |moodle: &mut MoodleBuilder| {
        for number in 0..300 {
            let course = moodle.course(&format!("Module {number:03}"))?;
            moodle.give_course(ACME, course)?;
        }
        Ok(())
    };
    moodle.all_or_nothing(fill).unwrap();
    (app, admin)
}

fn fields(page: &Answer) -> Vec<(String, String)> {
    let mut found = vec![];
    for input in page.body.split("<input ").skip(1) {
        let input = input.split('>').next().unwrap();
        let value = |name: &str| {
            let rest = input.split_once(&format!("{name}=\""))?.1;
            Some(rest.split('"').next().unwrap().to_owned())
        };
        let sent =
            !(input.contains("checkbox") || input.contains("radio")) || input.contains("checked");
        if let (true, Some(name), Some(value)) = (sent, value("name"), value("value"))
            && name != "csrf"
            && name != "find"
        {
            found.push((name, value));
        }
    }
    found
}

async fn press(admin: &Admin, page: &Answer, more: &[(&str, &str)]) -> Answer {
    let fields = fields(page);
    let kept = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let all: Vec<(&str, &str)> = kept.chain(more.iter().copied()).collect();
    admin.post(SETTINGS, &all).await
}

#[actix_web::test]
async fn hundreds_of_courses_are_found_and_only_those_that_show_are_ticked_or_not() {
    let (_app, admin) = many().await;

    let all = admin.get(SETTINGS).await;
    let found = press(&admin, &all, &[("find", "MODULE 29"), ("select", "find")]).await;
    let none = press(&admin, &found, &[("find", "MODULE 29"), ("select", "none")]).await;
    let back = press(&admin, &none, &[("find", ""), ("select", "find")]).await;
    let nothing = press(&admin, &back, &[("find", "<no such>"), ("select", "find")]).await;
    let every = press(&admin, &back, &[("find", ""), ("select", "all")]).await;

    assert!(all.says("302 of 302 courses ticked"), "{}", all.body);
    assert_eq!(found.body.matches("id=\"course-").count(), 10);
    assert!(
        found.says("302 of 302 courses ticked; 10 shown"),
        "{}",
        found.body
    );
    assert!(
        none.says("292 of 302 courses ticked; 10 shown"),
        "{}",
        none.body
    );
    assert_eq!(back.body.matches("id=\"course-").count(), 302);
    assert!(back.says("292 of 302 courses ticked"));
    assert!(
        nothing.says("No course has this in its name.")
            && nothing.says("292 of 302 courses ticked; 0 shown")
    );
    assert!(!nothing.body.contains("<no such>"));
    assert!(every.says("302 of 302 courses ticked"));
}

#[actix_web::test]
async fn enter_in_the_field_finds_and_starts_no_preview() {
    let (_app, admin) = many().await;
    let page = admin.get(SETTINGS).await;

    let found = press(
        &admin,
        &page,
        &[("find", "Module 001"), ("action", "preview")],
    )
    .await;
    let history = admin.get("/sync/history").await;

    assert_eq!(found.status, 200, "{}", found.body);
    assert_eq!(found.body.matches("id=\"course-").count(), 1);
    assert!(!history.says("trial of settings"), "{}", history.body);
}
