//! Delta links of OData: what moved, what ended, and when to begin anew.

use alx_report_api::api::cursor;
use alx_report_api::api::delta::Delta;
use alx_report_api::companies::{State, store};
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::fields::Fields;
use alx_report_api::ids::{CompanyId, UserId};
use alx_report_api::schema::{data_versions, progress, sync_changes};
use alx_report_api::time::now;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::client::{ACME, Client, Reply, complete, synced, two_companies};

const TRACK: &str = "odata.track-changes";

fn link(app: &TestApp, document: &Value, name: &str) -> String {
    let link = document[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {document}"));
    link.strip_prefix(&app.url).expect("our host").to_owned()
}

fn leave(app: &TestApp, user: i64) {
    let mut moodle = MoodleBuilder::open(&app.moodle_file()).unwrap();
    moodle
        .all_or_nothing(|moodle| moodle.leave(CompanyId(ACME.0), UserId(user)))
        .unwrap();
}

/// The store as a copy of version 6 would be.
async fn put_back(app: &TestApp) {
    let back = |conn: &mut _| {
        diesel::delete(data_versions::table.filter(data_versions::seq.gt(6))).execute(conn)?;
        diesel::delete(sync_changes::table.filter(sync_changes::seq.gt(6))).execute(conn)?;
        diesel::update(progress::table.filter(progress::seq.gt(6)))
            .set(progress::seq.eq(1))
            .execute(conn)?;
        let state = store::state(conn, ACME)?;
        store::publish_unsynced(conn, &State { seq: 6, ..state })
    };
    app.app.db.change(back).await.expect("an older store");
}

fn must_begin_anew(reply: &Reply) {
    assert_eq!(reply.status, 410, "{}", reply.body);
    let error = reply.json()["error"].clone();
    assert_eq!(error["code"], "resync-required");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("store-restored"),
        "{error}"
    );
}

#[actix_web::test]
async fn a_delta_link_gives_what_moved_and_what_ended() {
    let (app, acme) = synced().await;
    let first = acme.get_with("/odata/v4/Progress", "prefer", TRACK).await;
    assert_eq!(first.header("preference-applied"), TRACK);
    let delta = link(&app, &first.json(), "@odata.deltaLink");

    let quiet = acme.get(&delta).await.json();
    complete(&app, 17, "Fire safety");
    leave(&app, 18);
    acme.sync().await;
    let moved = acme.get(&delta).await.json();
    let after = acme
        .get(&link(&app, &moved, "@odata.deltaLink"))
        .await
        .json();

    assert_eq!(quiet["value"], json!([]));
    let changes = moved["value"].as_array().unwrap();
    assert_eq!(changes.len(), 3, "{moved}");
    let ended: Vec<&Value> = changes
        .iter()
        .filter(|one| one.get("@removed").is_some())
        .collect();
    assert_eq!(ended.len(), 2);
    assert_eq!(ended[0]["@removed"]["reason"], "deleted");
    assert_eq!(
        (&ended[0]["UserId"], ended[0].get("FirstName")),
        (&json!(18), None)
    );
    assert!(
        ended[0]["id"]
            .as_str()
            .unwrap()
            .contains("Progress(UserId=18,CourseId=")
    );
    let upsert = changes
        .iter()
        .find(|one| one.get("@removed").is_none())
        .unwrap();
    assert_eq!(
        (&upsert["UserId"], &upsert["Status"]),
        (&json!(17), &json!("completed"))
    );
    assert_eq!(after["value"], json!([]));
}

#[actix_web::test]
async fn what_moves_between_pages_arrives_with_the_changes() {
    let (app, acme) = synced().await;
    let prefer = "odata.track-changes,odata.maxpagesize=4";
    let first = acme
        .get_with("/odata/v4/Progress", "prefer", prefer)
        .await
        .json();
    assert_eq!(first.get("@odata.deltaLink"), None);
    complete(&app, 17, "Fire safety");
    acme.sync().await;

    let last = acme
        .get(&link(&app, &first, "@odata.nextLink"))
        .await
        .json();
    let changes = acme
        .get(&link(&app, &last, "@odata.deltaLink"))
        .await
        .json();

    assert_eq!(last["value"].as_array().unwrap().len(), 2);
    assert_eq!(changes["value"][0]["UserId"], 17);
    assert_eq!(changes["value"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn a_filter_holds_for_changes_too_and_pages_of_them_are_whole() {
    let (app, acme) = synced().await;
    let path = "/odata/v4/Progress?$filter=Status ne 'completed'&$select=UserId,Status";
    let first = acme
        .get_with(path, "prefer", "odata.track-changes,odata.maxpagesize=1")
        .await;
    let mut document = first.json();
    while document.get("@odata.nextLink").is_some() {
        document = acme
            .get(&link(&app, &document, "@odata.nextLink"))
            .await
            .json();
    }
    complete(&app, 17, "Fire safety");
    complete(&app, 18, "Fire safety");
    leave(&app, 21);
    acme.sync().await;

    let mut found = Vec::new();
    let mut path = link(&app, &document, "@odata.deltaLink");
    loop {
        let page = acme.get(&path).await.json();
        found.extend(page["value"].as_array().unwrap().clone());
        if page.get("@odata.nextLink").is_none() {
            break;
        }
        path = link(&app, &page, "@odata.nextLink");
    }

    let reasons: Vec<&str> = found
        .iter()
        .map(|one| one["@removed"]["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons.iter().filter(|why| **why == "changed").count(), 2);
    assert_eq!(reasons.iter().filter(|why| **why == "deleted").count(), 2);
}

#[actix_web::test]
async fn a_delta_link_that_is_no_good_is_gone() {
    let (app, acme) = synced().await;
    let first = acme
        .get_with("/odata/v4/Progress", "prefer", TRACK)
        .await
        .json();
    let delta = link(&app, &first, "@odata.deltaLink");
    let reader = Client::new(&app, alx_report_api::ids::CompanyId(7), "read,changes").await;

    let forged = acme.get("/odata/v4/Progress?$deltatoken=AAAA").await;
    let foreign = reader.get(&delta).await;
    let other = acme
        .get(&delta.replace("Progress?", "Progress?$filter=UserId eq 17&"))
        .await;
    app.deliver(ACME, json!({"fields": ["userid", "status"]}))
        .await;
    let masked = acme.get(&delta).await;

    for reply in [forged, foreign, other, masked] {
        assert_eq!(reply.status, 410, "{}", reply.body);
        assert_eq!(reply.json()["error"]["code"], "resync-required");
    }
}

#[actix_web::test]
async fn changes_are_tracked_for_those_who_may_and_for_whole_lists_only() {
    let (app, acme) = synced().await;
    let reader = Client::new(&app, ACME, "read").await;

    let may_not = reader.get_with("/odata/v4/Progress", "prefer", TRACK).await;
    let top = acme
        .get_with("/odata/v4/Progress?$top=2", "prefer", TRACK)
        .await;
    let users = acme.get_with("/odata/v4/Users", "prefer", TRACK).await;

    for reply in [may_not, top, users] {
        assert_eq!(
            (reply.status, reply.header("preference-applied")),
            (200, "")
        );
        assert_eq!(reply.json().get("@odata.deltaLink"), None);
    }
}

#[actix_web::test]
async fn a_list_begins_anew_where_another_field_shows_between_two_pages() {
    let (app, acme) = synced().await;
    app.deliver(ACME, json!({"fields": ["userid", "status"]}))
        .await;
    let prefer = "odata.track-changes,odata.maxpagesize=4";
    let first = acme
        .get_with("/odata/v4/Progress", "prefer", prefer)
        .await
        .json();
    let next = link(&app, &first, "@odata.nextLink");
    let good = acme.get(&next).await;

    app.deliver(ACME, json!({"fields": ["userid", "status", "lastname"]}))
        .await;
    let with_another = acme.get(&next).await;
    let changes = acme
        .get(&link(&app, &good.json(), "@odata.deltaLink"))
        .await;

    assert_eq!(good.status, 200, "{}", good.body);
    for reply in [with_another, changes] {
        assert_eq!(reply.status, 410, "{}", reply.body);
        let error = reply.json()["error"].clone();
        assert_eq!(error["code"], "resync-required");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("view-changed"), "{message}");
    }
}

#[actix_web::test]
async fn a_delta_link_lives_as_long_as_changes_are_kept() {
    let app = TestApp::start(two_companies, |config| config.changes_days = 30).await;
    let acme = Client::new(&app, ACME, "read,changes,sync").await;
    acme.sync().await;
    let link_of = |days: i64| {
        let then = Delta::beginning(Fields::all(), now() - days * 86_400);
        let mark = json!({"known": then, "size": 5}).to_string();
        let token = cursor::write(&app.app.key, ACME, "odata-changes?", mark.as_bytes());
        format!("/odata/v4/Progress?$deltatoken={token}")
    };

    let good = acme.get(&link_of(30)).await;
    let old = acme.get(&link_of(31)).await;

    assert_eq!(good.status, 200, "{}", good.body);
    assert_eq!(old.status, 410, "{}", old.body);
    assert!(old.body.contains("expired"), "{}", old.body);
}

#[actix_web::test]
async fn a_list_whose_later_pages_a_restored_store_lost_begins_anew() {
    let (app, acme) = synced().await;
    let prefer = |size: usize| format!("odata.track-changes,odata.maxpagesize={size}");
    let first = acme
        .get_with("/odata/v4/Progress", "prefer", &prefer(2))
        .await
        .json();
    complete(&app, 17, "Fire safety");
    acme.sync().await;
    let path = link(&app, &first, "@odata.nextLink");
    let second = acme.get(&path).await.json();
    let rest = acme.get_with(&path, "prefer", &prefer(5)).await.json();
    let quiet = acme
        .get(&link(&app, &rest, "@odata.deltaLink"))
        .await
        .json();
    assert_eq!(
        quiet["value"][0]["UserId"], 17,
        "the changes since page one"
    );

    put_back(&app).await;
    let next = acme.get(&link(&app, &second, "@odata.nextLink")).await;
    let delta = acme.get(&link(&app, &rest, "@odata.deltaLink")).await;
    let good = acme.get(&path).await;
    complete(&app, 18, "Fire safety");
    acme.sync().await;
    let other = acme.get(&link(&app, &rest, "@odata.deltaLink")).await;

    for lost in [next, delta, other] {
        must_begin_anew(&lost);
    }
    assert_eq!(good.status, 200, "page one is of a version that is there");
}

#[actix_web::test]
async fn changes_whose_first_page_a_restored_store_lost_begin_anew() {
    let (app, acme) = synced().await;
    let first = acme
        .get_with("/odata/v4/Progress", "prefer", TRACK)
        .await
        .json();
    let delta = link(&app, &first, "@odata.deltaLink");
    complete(&app, 17, "Fire safety");
    complete(&app, 18, "Fire safety");
    acme.sync().await;
    let page = acme
        .get_with(&delta, "prefer", "odata.maxpagesize=1")
        .await
        .json();

    put_back(&app).await;
    let next = acme.get(&link(&app, &page, "@odata.nextLink")).await;
    let old = acme.get(&delta).await;

    must_begin_anew(&next);
    assert_eq!(old.status, 200, "that version is there");
}

#[actix_web::test]
async fn the_usual_order_may_be_spelled_out_and_its_changes_followed() {
    let (app, acme) = synced().await;
    for order in ["UserId", "UserId asc,CourseId", "CourseId desc"] {
        let path = format!("/odata/v4/Progress?$orderby={order}&$filter=UserId ne 21");
        let list = acme.get_with(&path, "prefer", TRACK).await;
        if order == "CourseId desc" {
            assert_eq!(list.header("preference-applied"), "");
            continue;
        }
        let delta = link(&app, &list.json(), "@odata.deltaLink");

        let changes = acme.get(&delta).await;

        assert_eq!(changes.status, 200, "{order}: {}", changes.body);
        assert_eq!(changes.json()["value"], json!([]));
    }
}
