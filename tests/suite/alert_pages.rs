//! The inbox, one alert, and the rules: what they show, what they save, and whom they show it to.

use alx_report_api::admins::Role;
use alx_report_api::alerts::Kind;
use alx_report_api::alerts::store::{self, Finding};
use alx_report_api::ids::CompanyId;
use alx_report_api::schema::{admins, audit_log};
use alx_report_api::settings::site::Setting;
use alx_report_api::time::now;
use alx_report_api::words::Severity;
use diesel::prelude::*;

use crate::alert_messages::{by_email, many_calls, send};
use crate::alerts::{alerts, calls, calls_before, look, only, set};
use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::client::{ACME, OTHER, synced};
use crate::support::html;
use crate::support::sinks::Sink;

/// Two companies that call too often, and a site whose calls fail.
async fn alarmed() -> (TestApp, Admin) {
    let (app, _acme) = synced().await;
    only(&app, &["high_api_usage", "high_error_rate"]).await;
    calls(
        &app,
        vec![
            (Some(ACME), "/a", 201, 100, 1),
            (Some(OTHER), "/a", 201, 100, 1),
        ],
    )
    .await;
    look(&app, now()).await;
    let admin = Admin::signed_in(&app).await;
    (app, admin)
}

async fn audited(app: &TestApp) -> Vec<(String, Option<CompanyId>, String)> {
    let read = app.app.db.run(|conn| {
        let about = audit_log::table.order(audit_log::id);
        Ok(about
            .filter(audit_log::actor.ne("test"))
            .filter(audit_log::action.ne("signed_in"))
            .select((audit_log::action, audit_log::company_id, audit_log::subject))
            .load(conn)?)
    });
    read.await.unwrap()
}

/// Sends the form of the rules as it stands, but for some fields.
async fn save(admin: &Admin, changed: &[(&str, &str)]) -> Answer {
    let mut fields: Vec<(&str, &str)> = changed.to_vec();
    for setting in Setting::ALL
        .iter()
        .map(|setting| (setting.as_str(), setting.field().default))
    {
        if !changed.iter().any(|(name, _)| *name == setting.0) {
            fields.push(setting);
        }
    }
    admin.post("/alerts/rules", &fields).await
}

/// The form of the rules as a page has it, with these values typed.
fn typed(page: &Answer, changed: &[(&str, &str)]) -> Vec<(String, String)> {
    let forms = html::forms(&page.body, "/alerts/rules");
    let form = forms.into_iter().find(|one| one.action == "/alerts/rules");
    let mut fields = form.expect("the form of the rules").fields;
    fields.retain(|(name, _)| name != "csrf");
    for (name, value) in &mut fields {
        if let Some((_, new)) = changed.iter().find(|(one, _)| one == name) {
            *value = (*new).to_owned();
        }
    }
    fields
}

#[actix_web::test]
async fn rules_that_somebody_else_saved_meanwhile_are_not_overwritten() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let page = admin.get("/alerts/rules").await;
    let post = async |fields: Vec<(String, String)>| {
        let fields = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        admin
            .post("/alerts/rules", &fields.collect::<Vec<_>>())
            .await
    };
    let text = async |setting: Setting| {
        let site = app.app.db.run(alx_report_api::settings::site::read).await;
        site.unwrap().text(setting).to_owned()
    };
    let first = [
        ("alerts_recipients", "ada@example.com"),
        ("rule_no_sync_hours", "30"),
    ];
    let wrong = [("rule_no_sync_hours", "x")];
    let second = [("rule_no_sync_hours", "40")];

    let saved = post(typed(&page, &first)).await;
    let refused = post(typed(&page, &wrong)).await;
    let stale = post(typed(&refused, &second)).await;
    let kept = text(Setting::AlertsRecipients).await;
    let again = post(typed(&stale, &[])).await;

    assert_eq!(
        (saved.status, refused.status, stale.status),
        (303, 422, 409),
        "{}",
        stale.body
    );
    assert!(
        stale.says("Somebody else has changed these settings")
            && stale.says("saved now: <bdi>ada@example.com</bdi>")
            && stale.says(">Not synced for long: High after</a>: saved now: <bdi>30</bdi>")
            && stale.says("value=\"40\""),
        "{}",
        stale.body
    );
    assert_eq!(kept, "ada@example.com");
    assert_eq!(again.status, 303, "who has read it may save");
    assert_eq!(text(Setting::AlertsRecipients).await, "ada@example.com");
    assert_eq!(text(Setting::NoSyncHours).await, "40");
}

#[actix_web::test]
async fn every_alert_leads_to_a_page_that_opens_for_everybody_who_sees_it() {
    let (app, acme) = synced().await;
    let run = acme.sync().await["id"].as_str().unwrap().to_owned();
    let of_site = [
        Kind::FailedAuth,
        Kind::ErrorRate,
        Kind::SlowResponse,
        Kind::EndpointErrors,
        Kind::SourceUnreachable,
        Kind::DiskLow,
        Kind::BackupOld,
        Kind::SlowStore,
    ];
    let found: Vec<Finding> = Kind::ALL
        .iter()
        .map(|kind| Finding {
            kind: *kind,
            severity: Severity::High,
            company: (!of_site.contains(kind)).then_some(ACME),
            subject: match kind {
                Kind::GuardWaiting => run.clone(),
                Kind::EndpointErrors => "/api/v1/progress".into(),
                Kind::TokenExpiring => "token:1".into(),
                _ => String::new(),
            },
            values: Default::default(),
        })
        .collect();
    let opened = app.app.db.change(move |conn| {
        found
            .iter()
            .try_for_each(|one| store::open(conn, one, now()))
    });
    opened.await.unwrap();

    for role in Role::ALL {
        let company = (*role == Role::CompanyManager).then_some(ACME);
        let reader = Admin::with_role(&app, *role, company).await;
        for alert in alerts(&app).await {
            if company.is_some() && alert.company_id.is_none() {
                continue;
            }
            let page = reader.get(&format!("/alerts/{}", alert.id)).await;
            let place = page.between("<p><a class=\"button\" href=\"", "\"");
            let place = place.replace("&#38;", "&").replace("&amp;", "&");
            let (path, anchor) = place.split_once('#').unwrap_or((&place, ""));
            let there = reader.get(path).await;
            assert_eq!(there.status, 200, "{role}: {} leads to {place}", alert.kind);
            let id = format!("id=\"{anchor}\"");
            assert!(anchor.is_empty() || there.body.contains(&id), "{place}");
        }
    }
}

#[actix_web::test]
async fn an_alert_about_calls_leads_to_those_of_its_hour() {
    let (app, acme) = synced().await;
    only(&app, &["company_high_errors", "slow_response_time"]).await;
    let then = now() - 7200;
    let slow = 9000;
    calls_before(&app, then, vec![(Some(ACME), "/old", 30, 20, slow)]).await;
    look(&app, then).await;
    let wrong = acme.get("/api/v1/progress?state=gone").await;
    app.write_down().await;
    let admin = Admin::signed_in(&app).await;

    let mut places = Vec::new();
    for alert in alerts(&app).await {
        let page = admin.get(&format!("/alerts/{}", alert.id)).await;
        let place = page.between("<p><a class=\"button\" href=\"", "\"");
        let place = place.replace("&#38;", "&");
        places.push((alert.kind, admin.get(&place).await, place));
    }

    assert_eq!((wrong.status, places.len()), (400, 2));
    let of = |wanted| places.iter().find(|(kind, ..)| *kind == wanted).unwrap();
    let (_, errors, _) = of(Kind::CompanyErrors);
    assert!(errors.says("20 calls on this page"), "{}", errors.body);
    let (_, monitor, place) = of(Kind::SlowResponse);
    assert!(place.starts_with("/monitor?sort=duration&from="), "{place}");
    assert!(
        monitor.says("/old") && !monitor.says("/api/v1/progress"),
        "{}",
        monitor.body
    );
    let from = monitor.between("type=\"datetime-local\" step=\"any\" value=\"", "\"");
    assert!(place.contains(&from), "the form keeps the hour: {from}");
}

#[actix_web::test]
async fn an_alert_about_an_address_leads_to_the_calls_of_that_address_only() {
    let (app, _acme) = synced().await;
    only(&app, &["endpoint_high_errors"]).await;
    let (syncs, one) = ("/api/v1/syncs", "/api/v1/syncs/{id}");
    calls(
        &app,
        vec![(Some(ACME), syncs, 30, 20, 1), (Some(ACME), one, 100, 4, 1)],
    )
    .await;
    look(&app, now()).await;
    let admin = Admin::signed_in(&app).await;

    let known = alerts(&app).await;
    let page = admin.get(&format!("/alerts/{}", known[0].id)).await;
    let place = page.between("<p><a class=\"button\" href=\"", "\"");
    let list = admin.get(&place.replace("&#38;", "&")).await;

    assert_eq!((known.len(), known[0].subject.as_str()), (1, syncs));
    assert!(list.says("20 calls on this page"), "{}", list.body);
}

#[actix_web::test]
async fn the_inbox_says_what_happened_and_is_filtered() {
    let (_app, admin) = alarmed().await;

    let all = admin.get("/alerts").await;
    let high = admin.get("/alerts?severity=critical").await;
    let acme = admin.get("/alerts?company=42&type=high_api_usage").await;
    let closed = admin.get("/alerts?state=closed").await;
    let wrong = admin.get("/alerts?severity=utter").await;

    assert!(
        all.says("1–3 of 3, newest first") && all.says("Many calls fail"),
        "{}",
        all.body
    );
    assert!(all.says("The company called 201 times in the last hour."));
    assert!(
        high.says("1–1 of 1") && high.says("200 of 402 calls of the last hour failed, 49 %."),
        "{}",
        high.body
    );
    assert!(
        acme.says("1–1 of 1") && acme.says("<bdi>Acme</bdi>"),
        "{}",
        acme.body
    );
    assert!(closed.says("No alert matches this filter."));
    assert_eq!(wrong.status, 400);
    let file = admin.get("/alerts/export.csv?company=42").await;
    assert_eq!(file.body.lines().count(), 2, "{}", file.body);
    assert!(file.body.contains("high_api_usage") && file.body.contains("Acme"));
}

#[actix_web::test]
async fn an_empty_inbox_says_why() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    let calm = admin.get("/alerts").await;
    set(&app, &[("alerts_on", "off")]).await;
    let off = admin.get("/alerts").await;

    assert!(
        calm.says("Nothing needs you.") && !calm.says("Nothing is looked for."),
        "{}",
        calm.body
    );
    assert!(off.says("Nothing is looked for."));
}

#[actix_web::test]
async fn the_inbox_leads_to_the_rules_and_promises_answers_only_where_both_open() {
    let (app, _acme) = synced().await;
    let sink = Sink::mail();
    by_email(&app, &sink).await;
    many_calls(&app, &[ACME]).await;
    look(&app, now()).await;
    set(&app, &[("alerts_on", "off"), ("alerts_recipients", "")]).await;
    assert_eq!(send(&app, now()).await, 0, "the recipient is gone");

    for role in [Role::Admin, Role::Operator, Role::Viewer] {
        let reader = Admin::with_role(&app, role, None).await;
        let inbox = reader.get("/alerts").await;
        let is_open = reader.get("/alerts/rules").await.status == 200;

        assert!(
            inbox.says("Nothing is looked for.") && inbox.says("1 were given up"),
            "{role}: {}",
            inbox.body
        );
        for said in [
            "<strong>Nothing is looked for.</strong> Alerts are switched off, so what stands here does not change. <a href=\"/alerts/rules\"",
            "href=\"/alerts/rules#test\"",
            "says what the other side answered",
        ] {
            assert_eq!(inbox.says(said), is_open, "{role}: {said}");
        }
        assert_eq!(is_open, role == Role::Admin);
    }
}

#[actix_web::test]
async fn an_alert_is_acknowledged_and_closed_with_who_and_when() {
    let (app, admin) = alarmed().await;
    let id = alerts(&app)
        .await
        .iter()
        .find(|alert| alert.company_id == Some(ACME))
        .unwrap()
        .id;
    let address = format!("/alerts/{id}");

    let page = admin.get(&address).await;
    assert!(
        page.says("What to do") && page.says("href=\"/companies/42/requests?from="),
        "{}",
        page.body
    );
    assert!(page.says("Nobody was told."));
    let seen = admin.post(&format!("{address}/acknowledge"), &[]).await;
    assert_eq!((seen.status, seen.location()), (303, address.as_str()));
    let page = admin.get(&address).await;
    assert!(
        page.says("Acknowledged. Nobody is told")
            && page.says("acknowledged by <bdi>grace@example.com</bdi>"),
        "{}",
        page.body
    );
    look(&app, now()).await;
    let known = alerts(&app)
        .await
        .into_iter()
        .find(|alert| alert.id == id)
        .unwrap();
    assert_eq!(
        (known.state.as_str(), known.seen),
        ("acknowledged", 2),
        "found again, it stays acknowledged"
    );

    admin
        .post(
            &format!("{address}/close"),
            &[("note", "Power BI <refreshed> twice")],
        )
        .await;
    let page = admin.get(&address).await;
    assert!(
        page.says("Power BI &#60;refreshed&#62; twice") && !page.says("Why it is over"),
        "{}",
        page.body
    );
    let again = admin.post(&format!("{address}/close"), &[]).await;
    assert_eq!(again.status, 303);
    assert!(admin.get(&address).await.says("somebody was quicker"));
    let log = audited(&app).await;
    let actions: Vec<&str> = log.iter().map(|(action, ..)| action.as_str()).collect();
    assert_eq!(actions, ["alert_acknowledged", "alert_closed"]);
    assert_eq!(
        (log[0].1, log[0].2.as_str()),
        (Some(ACME), format!("alert {id}").as_str())
    );
    let forged = admin
        .post_with(&format!("{address}/close"), "forged", &[], &[])
        .await;
    assert_eq!(forged.status, 403);
    look(&app, now()).await;
    let newest = alerts(&app).await.into_iter().next().unwrap();
    let page = admin.get(&format!("/alerts/{}", newest.id)).await;
    assert!(
        page.says("Earlier alerts of the same") && page.says(&format!("href=\"{address}\"")),
        "what goes on opens again: {}",
        page.body
    );
}

#[actix_web::test]
async fn a_company_manager_sees_the_alerts_of_their_company_only() {
    let (app, admin) = alarmed().await;
    let all = alerts(&app).await;
    let of = |company| {
        all.iter()
            .find(|alert| alert.company_id == company)
            .unwrap()
            .id
    };
    let (acme, other, site) = (of(Some(ACME)), of(Some(OTHER)), of(None));
    let change = |conn: &mut _| {
        let set = (
            admins::role.eq("company_manager"),
            admins::company_id.eq(Some(ACME.0)),
        );
        Ok(diesel::update(admins::table).set(set).execute(conn)?)
    };
    app.app.db.change(change).await.unwrap();

    let inbox = admin.get("/alerts?company=7&state=all").await;
    let file = admin.get("/alerts/export.csv?company=7").await;

    assert!(
        inbox.says("1–1 of 1") && inbox.says("Acme") && !inbox.says("Other"),
        "{}",
        inbox.body
    );
    assert!(!file.body.contains("Other"), "{}", file.body);
    assert_eq!(admin.get(&format!("/alerts/{acme}")).await.status, 200);
    for hidden in [other, site] {
        assert_eq!(admin.get(&format!("/alerts/{hidden}")).await.status, 404);
        for action in ["acknowledge", "close"] {
            let refused = admin.post(&format!("/alerts/{hidden}/{action}"), &[]).await;
            assert_eq!(refused.status, 404, "{action}");
        }
    }
    assert_eq!(admin.get("/alerts/rules").await.status, 403);
    assert_eq!(save(&admin, &[]).await.status, 403);
    assert_eq!(
        admin
            .post("/alerts/rules/test", &[("channel", "email")])
            .await
            .status,
        403
    );
    let open = app
        .app
        .db
        .run(|conn| alx_report_api::alerts::open_count(conn, Some(ACME)));
    assert_eq!(open.await.unwrap(), 1);
}

#[actix_web::test]
async fn rules_are_saved_and_audited_and_what_is_as_it_was_leaves_no_trace() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    assert!(
        admin
            .get("/alerts/rules")
            .await
            .says("nobody has changed them")
    );

    let saved = save(
        &admin,
        &[
            ("alerts_cooldown_minutes", "5"),
            ("alerts_recipients", "ada@example.com\r\nbob@example.com"),
            ("rule_no_sync_hours", "50"),
        ],
    )
    .await;
    let page = admin.get("/alerts/rules").await;

    assert_eq!(
        (saved.status, saved.location()),
        (303, "/alerts/rules"),
        "{}",
        saved.body
    );
    assert!(
        page.says("Saved: 3 settings changed.")
            && page.says("value=\"50\"")
            && page.says("ada@example.com, bob@example.com"),
        "{}",
        page.body
    );
    assert!(page.says("Last changed"));
    let same = save(
        &admin,
        &[
            ("alerts_cooldown_minutes", "5"),
            ("alerts_recipients", "ada@example.com, bob@example.com"),
            ("rule_no_sync_hours", "50"),
        ],
    )
    .await;
    assert_eq!(same.status, 303);
    assert!(
        admin
            .get("/alerts/rules")
            .await
            .says("Nothing is otherwise than before.")
    );
    assert_eq!(
        audited(&app).await,
        [("site_settings_changed".into(), None, "site".into())]
    );
}

#[actix_web::test]
async fn every_mistake_is_in_the_summary_and_what_was_typed_stays() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    let wrong = [
        ("alerts_cooldown_minutes", "4"),
        ("alerts_recipients", "ada@example.com, \"><script>"),
        ("smtp_port", "many"),
        ("webhook_url", "file:///etc/passwd"),
        ("alerts_on", "maybe"),
        ("alerts_per_hour", "7"),
    ];
    let refused = save(&admin, &wrong).await;

    assert_eq!(refused.status, 422);
    for said in [
        "<title>Error: Alert rules",
        "href=\"#alerts_cooldown_minutes\"",
        "id=\"alerts_cooldown_minutes-wrong\">Give a whole number from 5 to 1,440.",
        "value=\"4\"",
        "is not an e-mail address.",
        "value=\"many\"",
        "id=\"webhook_url-wrong\">Give an address that begins with https:// or http://",
        "Choose one of: on, off.",
        "value=\"7\"",
    ] {
        assert!(refused.says(said), "{said}: {}", refused.body);
    }
    assert!(!refused.body.contains("<script>"));
    assert!(audited(&app).await.is_empty());
}

#[actix_web::test]
async fn a_wrong_threshold_is_named_with_its_rule_and_no_two_of_a_rule_are_called_the_same() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;

    let wrong = [
        ("rule_error_rate_high_percent", "x"),
        ("rule_store_high_ms", "x"),
        ("rule_disk_free_percent", "x"),
        ("rule_disk_free_megabytes", "x"),
        ("alerts_threshold", "utter"),
    ];
    let refused = save(&admin, &wrong).await;

    for said in [
        ">Many calls fail: High above</a>: Give a whole number",
        ">The store is slow: High above</a>",
        ">Disk nearly full: High below this share</a>",
        ">Disk nearly full: High below this free space</a>",
        ">High below this share (%)</label>",
        ">High below this free space (MB)</label>",
    ] {
        assert!(refused.says(said), "{said}: {}", refused.body);
    }
    let (marked, silent) = html::mistakes(&refused.body);
    assert_eq!((marked, silent), (wrong.len(), vec![]));
}

#[actix_web::test]
async fn what_somebody_else_has_saved_is_said_in_the_words_of_the_form() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let fields = [("zone", "UTC"), ("language", "de"), ("theme", "system")];
    admin.post("/account/preferences", &fields).await;
    let page = admin.get("/alerts/rules").await;
    set(&app, &[("alerts_on", "off"), ("alerts_threshold", "high")]).await;

    let fields = typed(&page, &[]);
    let fields = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let stale = admin
        .post("/alerts/rules", &fields.collect::<Vec<_>>())
        .await;

    assert_eq!(stale.status, 409);
    for said in [
        "jetzt gespeichert: <bdi>Aus</bdi>",
        "jetzt gespeichert: <bdi>hoch</bdi>",
    ] {
        assert!(stale.says(said), "{said}: {}", stale.body);
    }
}

#[actix_web::test]
async fn a_test_shows_what_the_other_side_answers() {
    let app = TestApp::without_moodle().await;
    let admin = Admin::signed_in(&app).await;
    let (mail, web) = (Sink::mail(), Sink::web());
    let test = |channel: &'static str| {
        let admin = &admin;
        async move {
            admin
                .post("/alerts/rules/test", &[("channel", channel)])
                .await
        }
    };

    assert!(test("email").await.says("No recipient is saved."));
    assert!(test("webhook").await.says("No address is saved."));
    set(&app, &[("alerts_recipients", "ada@example.com")]).await;
    assert!(test("email").await.says("no address to send from is set"));
    set(&app, &[("smtp_from", "alx@example.com")]).await;
    assert!(test("email").await.says("no mail server is set"));
    let (port, address) = (
        mail.port.to_string(),
        format!("http://127.0.0.1:{}/", web.port),
    );
    set(
        &app,
        &[
            ("smtp_host", "127.0.0.1"),
            ("smtp_port", &port),
            ("webhook_url", &address),
        ],
    )
    .await;
    let refused = test("email").await;
    assert!(
        refused.says("Not taken.") && mail.got().is_empty(),
        "STARTTLS is not there, so nothing is sent: {}",
        refused.body
    );
    set(&app, &[("smtp_security", "none"), ("smtp_user", "alx")]).await;
    assert!(test("email").await.says("ALX_SMTP_PASSWORD is not"));
    set(&app, &[("smtp_user", "")]).await;

    let (taken, posted) = (test("email").await, test("webhook").await);
    assert!(
        taken.says("Taken.") && taken.says("250 taken as 42"),
        "{}",
        taken.body
    );
    assert!(
        mail.got()[0].contains("grace@example.com asked for it"),
        "{:?}",
        mail.got()
    );
    assert!(
        posted.says("200 the sink") && web.got()[0].contains("\"event\":\"test\""),
        "{}",
        posted.body
    );
    web.refuses.store(500, std::sync::atomic::Ordering::SeqCst);
    assert!(test("webhook").await.says("answered 500 the sink"));
}
