//! Messages: who is told, how often, what happens when the other side is away, and that none is lost.

use std::net::TcpListener;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use alx_report_api::alerts::{Delivery, DeliveryState, deliveries};
use alx_report_api::config::Secret;
use alx_report_api::ids::{CompanyId, TokenId};
use alx_report_api::jobs;
use alx_report_api::schema::{alert_deliveries, quota_days};
use alx_report_api::time::now;
use alx_report_api::watch;
use diesel::prelude::*;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::alerts::{calls, calls_before, look, only, open, set};
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::{ACME, OTHER, synced, two_companies};
use crate::support::sinks::Sink;

/// Sends what is due at a moment; gives how many messages were taken.
pub async fn send(app: &TestApp, at: i64) -> usize {
    let app = app.app.clone();
    let sent = actix_web::rt::task::spawn_blocking(move || watch::send::due(&app, at));
    sent.await.unwrap().unwrap()
}

/// Alerts go by e-mail to Ada; only the rule about many calls looks.
pub async fn by_email(app: &TestApp, sink: &Sink) {
    only(app, &["high_api_usage"]).await;
    set(
        app,
        &[
            ("alerts_email", "on"),
            ("alerts_recipients", "ada@example.com"),
            ("smtp_host", "127.0.0.1"),
            ("smtp_port", &sink.port.to_string()),
            ("smtp_security", "none"),
            ("smtp_from", "alx@example.com"),
        ],
    )
    .await;
}

pub async fn many_calls(app: &TestApp, companies: &[CompanyId]) {
    let groups = companies.iter().map(|id| (Some(*id), "/a", 201, 0, 1));
    calls(app, groups.collect()).await;
}

async fn messages(app: &TestApp) -> Vec<Delivery> {
    let read = app.app.db.run(|conn| {
        let all = alert_deliveries::table.order(alert_deliveries::id);
        Ok(all.select(Delivery::as_select()).load(conn)?)
    });
    read.await.unwrap()
}

#[actix_web::test]
async fn an_alert_is_mailed_once_to_those_who_are_listed_and_to_nobody_else() {
    let (app, _acme) = synced().await;
    let sink = Sink::mail();
    by_email(&app, &sink).await;
    set(
        &app,
        &[("alerts_recipients", "ada@example.com, bob@example.com")],
    )
    .await;
    Admin::signed_in(&app).await;
    many_calls(&app, &[ACME]).await;

    look(&app, now()).await;
    assert!(sink.got().is_empty(), "looking sends nothing");
    assert_eq!(send(&app, now()).await, 2);
    look(&app, now() + 60).await;
    assert_eq!(send(&app, now() + 60).await, 0);

    let got = sink.got();
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(got[0].contains("<ada@example.com>") && got[1].contains("<bob@example.com>"));
    for said in [
        "Subject: [ALX Report API] medium Alert: high_api_usage",
        "Type: Unusually many calls (high_api_usage)",
        "Company: Acme",
        "Message: The company called 201 times in the last hour.",
        "What to do:",
        "<table",
    ] {
        assert!(got[0].contains(said), "{said}: {}", got[0]);
    }
    let told = messages(&app).await;
    assert!(
        told.iter()
            .all(|one| one.state == DeliveryState::Sent && one.detail.contains("taken as 42"))
    );
}

#[actix_web::test]
async fn a_mail_server_that_says_nothing_holds_up_no_webhook() {
    let (app, _acme) = synced().await;
    let (silent, web) = (TcpListener::bind("127.0.0.1:0").unwrap(), Sink::web());
    let webhook = format!("http://127.0.0.1:{}/hook", web.port);
    only(&app, &["high_api_usage"]).await;
    set(
        &app,
        &[
            ("alerts_email", "on"),
            ("alerts_recipients", "ada@example.com"),
            ("smtp_host", "127.0.0.1"),
            (
                "smtp_port",
                &silent.local_addr().unwrap().port().to_string(),
            ),
            ("smtp_security", "none"),
            ("smtp_from", "alx@example.com"),
            ("alerts_webhook", "on"),
            ("webhook_url", &webhook),
        ],
    )
    .await;
    many_calls(&app, &[ACME]).await;
    look(&app, now()).await;

    let waiting = |one: &Delivery| one.state == DeliveryState::Waiting;
    let mut told = messages(&app).await;
    let begun = Instant::now();
    while told.iter().all(waiting) && begun.elapsed() < Duration::from_secs(10) {
        let shared = app.app.clone();
        let begin = move || watch::send::begin(&shared);
        actix_web::rt::task::spawn_blocking(begin)
            .await
            .unwrap()
            .unwrap();
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
        told = messages(&app).await;
    }

    assert_eq!(web.got().len(), 1, "the mail server has 15 seconds");
    assert_eq!(told.iter().filter(|one| waiting(one)).count(), 1);
}

#[actix_web::test]
async fn the_cool_down_is_of_a_type_and_a_company() {
    let (app, _acme) = synced().await;
    let sink = Sink::mail();
    by_email(&app, &sink).await;
    let start = now();
    let told = async |companies: &[CompanyId], at: i64| {
        let groups = companies.iter().map(|id| (Some(*id), "/a", 201, 0, 1));
        calls_before(&app, at, groups.collect()).await;
        look(&app, at).await;
        messages(&app).await.len()
    };

    assert_eq!(told(&[ACME], start).await, 1);
    assert_eq!(
        told(&[OTHER], start + 60).await,
        2,
        "another company at once"
    );
    assert_eq!(told(&[ACME], start + 120).await, 2, "the same again waits");
    assert_eq!(open(&app).await.len(), 1);
    assert_eq!(told(&[ACME], start + 3599).await, 2);
    assert_eq!(
        told(&[ACME], start + 3600).await,
        3,
        "until the cool-down is over"
    );

    only(&app, &["high_error_rate"]).await;
    calls_before(&app, start + 3600, vec![(Some(ACME), "/a", 20, 3, 1)]).await;
    look(&app, start + 3600).await;
    assert_eq!(messages(&app).await.len(), 4, "another type at once");
    calls_before(&app, start + 3660, vec![(Some(ACME), "/a", 20, 20, 1)]).await;
    look(&app, start + 3660).await;
    assert_eq!(messages(&app).await.len(), 5, "and what got worse");
}

#[actix_web::test]
async fn checks_run_without_recipients_and_below_the_threshold_nobody_is_told() {
    let (app, _acme) = synced().await;
    let sink = Sink::mail();
    only(&app, &["high_api_usage"]).await;
    many_calls(&app, &[ACME]).await;
    look(&app, now()).await;
    many_calls(&app, &[ACME, OTHER]).await;
    look(&app, now()).await;
    assert_eq!(
        open(&app).await.len(),
        2,
        "open alerts without recipients stop no check"
    );
    assert!(messages(&app).await.is_empty());

    by_email(&app, &sink).await;
    set(&app, &[("alerts_threshold", "high")]).await;
    look(&app, now()).await;
    assert!(messages(&app).await.is_empty());
    let admin = Admin::signed_in(&app).await;
    let id = crate::alerts::alerts(&app).await[0].id;
    admin.post(&format!("/alerts/{id}/acknowledge"), &[]).await;
    set(&app, &[("alerts_threshold", "medium")]).await;
    look(&app, now()).await;
    assert_eq!(
        messages(&app).await.len(),
        1,
        "of what somebody sees to, nobody is told"
    );
}

#[actix_web::test]
async fn a_message_that_fails_is_tried_again_and_shown_and_given_up_in_the_end() {
    let (app, _acme) = synced().await;
    let sink = Sink::mail();
    by_email(&app, &sink).await;
    sink.refuses.store(451, SeqCst);
    many_calls(&app, &[ACME]).await;
    let start = now();
    look(&app, start).await;

    let mut at = start;
    for pause in [60, 300, 1800, 7200] {
        assert_eq!(send(&app, at).await, 0);
        let waiting = messages(&app).await.remove(0);
        assert_eq!(
            (waiting.state, waiting.next_at),
            (DeliveryState::Waiting, Some(at + pause))
        );
        assert!(
            waiting.detail.contains("no room today"),
            "{}",
            waiting.detail
        );
        assert_eq!(send(&app, at + pause - 1).await, 0);
        at += pause;
        assert_eq!(
            messages(&app).await[0].attempts,
            waiting.attempts,
            "not before its time"
        );
    }
    let admin = Admin::signed_in(&app).await;
    let id = messages(&app).await[0].alert_id;
    let page = admin.get(&format!("/alerts/{id}")).await;
    assert!(
        page.says("no room today") && page.says("next try") && page.says("On its way"),
        "{}",
        page.body
    );

    send(&app, at).await;
    let given_up = messages(&app).await.remove(0);
    assert_eq!(
        (given_up.state, given_up.attempts, given_up.next_at),
        (DeliveryState::Failed, 5, None)
    );
    let inbox = admin.get("/alerts").await;
    let page = admin.get(&format!("/alerts/{id}")).await;
    assert!(
        page.says("Given up") && page.says("no room today"),
        "{}",
        page.body
    );
    assert!(
        inbox.says("Messages did not arrive.") == (at < now() + 86_400),
        "{}",
        inbox.body
    );
}

#[actix_web::test]
async fn a_process_that_dies_between_the_alert_and_its_message_loses_nothing() {
    let (app, _acme) = synced().await;
    let sink = Sink::mail();
    by_email(&app, &sink).await;
    many_calls(&app, &[ACME]).await;
    let start = now();
    look(&app, start).await;
    let second = app.second().await; // what starts after the first one died
    let taken = messages(&app).await.remove(0);
    let claim = app
        .app
        .db
        .change(move |conn| deliveries::claim(conn, &taken, start));
    assert!(claim.await.unwrap(), "it dies while it sends");

    assert_eq!(
        send(&second, start + 299).await,
        0,
        "somebody may be sending it"
    );
    assert_eq!(send(&second, start + 300).await, 1);
    assert_eq!(sink.got().len(), 1);
    assert_eq!(messages(&app).await[0].state, DeliveryState::Sent);
}

#[actix_web::test]
async fn two_instances_send_a_message_once() {
    let (app, _acme) = synced().await;
    let sink = Sink::mail();
    by_email(&app, &sink).await;
    many_calls(&app, &[ACME]).await;
    look(&app, now()).await;
    let second = app.second().await;

    let both = futures_util::future::join(send(&app, now()), send(&second, now())).await;

    assert_eq!((both.0 + both.1, sink.got().len()), (1, 1));
}

#[actix_web::test]
async fn a_storm_is_told_in_one_message_and_what_is_more_when_there_is_room_again() {
    let (app, _acme) = synced().await;
    let sink = Sink::mail();
    by_email(&app, &sink).await;
    only(
        &app,
        &[
            "high_api_usage",
            "high_error_rate",
            "slow_response_time",
            "endpoint_high_errors",
        ],
    )
    .await;
    set(&app, &[("alerts_per_hour", "1")]).await;
    let start = now();
    let storm = |failed| {
        vec![
            (Some(ACME), "/a", 201, failed, 9000),
            (Some(OTHER), "/a", 201, 0, 1),
        ]
    };
    let held = async || {
        let all = messages(&app).await;
        let held = all.iter().filter(|one| one.state == DeliveryState::Held);
        held.count()
    };

    calls_before(&app, start, storm(30)).await;
    look(&app, start).await;
    assert_eq!(held().await, 2);
    assert_eq!(send(&app, start).await, 1);
    let first = sink.got().remove(0);
    assert!(
        first.contains("(and 2 more)") && first.contains("There were too many messages"),
        "{first}"
    );

    calls_before(&app, start + 3000, storm(200)).await;
    look(&app, start + 3000).await;
    assert_eq!((send(&app, start + 3000).await, held().await), (0, 2));
    look(&app, start + 3599).await;
    assert_eq!(send(&app, start + 3599).await, 0, "one in an hour");
    look(&app, start + 3600).await;
    assert_eq!(send(&app, start + 3600).await, 1);

    let got = sink.got();
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(got[1].contains("(and 1 more)"), "{}", got[1]);
    let all = messages(&app).await;
    assert!(
        all.iter().all(|one| one.state == DeliveryState::Sent),
        "{all:?}"
    );
}

#[actix_web::test]
async fn the_webhook_is_signed_and_follows_no_redirect() {
    let app = TestApp::start(two_companies, |config| {
        config.webhook_secret = Some(Secret::from("a shared secret"));
    })
    .await;
    let acme = crate::support::client::Client::new(&app, ACME, "read,sync").await;
    acme.sync().await;
    let sink = Sink::web();
    only(&app, &["high_api_usage"]).await;
    let address = format!("http://127.0.0.1:{}/hook", sink.port);
    set(&app, &[("alerts_webhook", "on"), ("webhook_url", &address)]).await;
    many_calls(&app, &[ACME]).await;
    let start = now();
    look(&app, start).await;

    sink.refuses.store(302, SeqCst);
    assert_eq!(send(&app, start).await, 0);
    assert!(
        messages(&app).await[0].detail.contains("302"),
        "{:?}",
        messages(&app).await
    );
    sink.refuses.store(0, SeqCst);
    assert_eq!(send(&app, start + 60).await, 1);

    let got = sink.got();
    let (head, body) = got[1].split_once("\n\n").expect("a request");
    let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(json["alert"]["type"], "high_api_usage");
    assert_eq!(
        (&json["company"], &json["alert"]["company_id"]),
        (&"Acme".into(), &42.into())
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(b"a shared secret").unwrap();
    mac.update(format!("{}.{body}", start + 60).as_bytes());
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(
        head.contains(&format!("alx-signature: sha256={hex}")),
        "{head}"
    );
    assert_eq!(messages(&app).await[0].detail, "200 the sink");
}

#[actix_web::test]
async fn who_was_taken_out_of_the_settings_gets_nothing_that_still_waits() {
    let (app, _acme) = synced().await;
    let sink = Sink::mail();
    by_email(&app, &sink).await;
    many_calls(&app, &[ACME]).await;
    look(&app, now()).await;

    set(&app, &[("alerts_recipients", "bob@example.com")]).await;
    send(&app, now()).await;

    assert!(sink.got().is_empty());
    let told = messages(&app).await.remove(0);
    assert_eq!(told.state, DeliveryState::Failed);
    assert!(told.detail.contains("taken out of the settings"));
}

#[actix_web::test]
async fn the_clock_looks_and_sends_by_itself() {
    let (app, _acme) = synced().await;
    let sink = Sink::mail();
    by_email(&app, &sink).await;
    many_calls(&app, &[ACME]).await;

    jobs::start(&app.app).unwrap();
    for _ in 0..1000 {
        if !sink.got().is_empty() {
            break;
        }
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }

    assert_eq!(sink.got().len(), 1);
}

/// Alerts go to a program; only the rule about many calls looks.
async fn by_webhook(app: &TestApp, sink: &Sink) {
    only(app, &["high_api_usage"]).await;
    set(
        app,
        &[
            ("alerts_webhook", "on"),
            (
                "webhook_url",
                &format!("http://127.0.0.1:{}/hook", sink.port),
            ),
        ],
    )
    .await;
}

#[actix_web::test]
async fn who_was_told_of_an_alert_is_told_that_it_is_over() {
    let (app, _acme) = synced().await;
    let (mail, web) = (Sink::mail(), Sink::web());
    by_email(&app, &mail).await;
    by_webhook(&app, &web).await;
    many_calls(&app, &[ACME]).await;
    look(&app, now()).await;
    send(&app, now()).await;

    calls(&app, Vec::new()).await;
    look(&app, now() + 60).await;
    assert_eq!(send(&app, now() + 60).await, 2);
    look(&app, now() + 120).await;
    assert_eq!(send(&app, now() + 120).await, 0, "once");

    let (mail, web) = (mail.got(), web.got());
    assert_eq!((mail.len(), web.len()), (2, 2));
    for said in [
        "Subject: [ALX Report API] Over: medium Alert: high_api_usage",
        "Over since: ",
        "What to do: Nothing: it is not so any more.",
    ] {
        assert!(mail[1].contains(said), "{said}: {}", mail[1]);
    }
    let body = web[1].split_once("\n\n").unwrap().1;
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&body["event"], &body["alert"]["state"]),
        (&"closed".into(), &"closed".into())
    );
    assert!(body["alert"]["closed_at"].is_string(), "{body}");
    let admin = Admin::signed_in(&app).await;
    let id = messages(&app).await[0].alert_id;
    assert!(
        admin
            .get(&format!("/alerts/{id}"))
            .await
            .says(": that it is over")
    );
}

#[actix_web::test]
async fn a_limit_that_is_used_up_is_not_told_as_the_end_of_its_warning() {
    let (app, _acme) = synced().await;
    let sink = Sink::mail();
    by_email(&app, &sink).await;
    only(&app, &["rate_limit_exceeded", "quota_warning"]).await;
    app.deliver(ACME, serde_json::json!({"calls_per_company": 100}))
        .await;
    let used = async |count: i64, at: i64| {
        let change = move |conn: &mut _| {
            diesel::delete(quota_days::table).execute(conn)?;
            let row = (
                quota_days::company_id.eq(ACME),
                quota_days::token_id.eq(TokenId(0)),
                quota_days::day.eq(at / 86_400),
                quota_days::used.eq(count),
            );
            Ok(diesel::insert_into(quota_days::table)
                .values(row)
                .execute(conn)?)
        };
        app.app.db.change(change).await.unwrap();
        look(&app, at).await;
        send(&app, at).await;
    };
    let at = now();

    used(95, at).await;
    used(100, at).await;

    let subjects: Vec<String> = sink
        .got()
        .iter()
        .map(|mail| {
            let line = mail
                .lines()
                .find(|line| line.starts_with("Subject: "))
                .unwrap();
            line.rsplit(' ').next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(
        subjects,
        ["quota_warning", "rate_limit_exceeded"],
        "and no end"
    );
    let warning = crate::alerts::alerts(&app)
        .await
        .into_iter()
        .find(|alert| !alert.is_open());
    assert_eq!(
        warning.unwrap().note.as_deref(),
        Some("It has become worse: another alert says so.")
    );
}

#[actix_web::test]
async fn nobody_is_told_of_an_end_who_was_not_told_of_the_beginning_or_did_it_by_hand() {
    let (app, _acme) = synced().await;
    let sink = Sink::mail();
    by_email(&app, &sink).await;
    let begin_and_end = async |close: &str, at: i64| {
        calls_before(&app, at, vec![(Some(ACME), "/a", 201, 0, 1)]).await;
        look(&app, at).await;
        if close != "unsent" {
            send(&app, at).await;
        }
        let told = sink.got().len();
        match close {
            "rule" => only(&app, &["no_sync"]).await,
            "hand" => {
                let admin = Admin::signed_in(&app).await;
                let id = crate::alerts::alerts(&app).await[0].id;
                let address = format!("/alerts/{id}/close");
                let closed = admin.post(&address, &[("note", "mended")]).await;
                assert_eq!(closed.status, 303);
            }
            "off" => set(&app, &[("alerts_over", "off")]).await,
            _ => {}
        }
        calls(&app, Vec::new()).await;
        look(&app, at + 60).await;
        send(&app, at + 60).await;
        sink.got().len() - told
    };
    let start = now();

    let ends = [
        begin_and_end("hand", start).await,
        begin_and_end("rule", start + 7200).await,
    ];
    by_email(&app, &sink).await;
    let off = begin_and_end("off", start + 14_400).await;
    set(&app, &[("alerts_over", "on")]).await;
    let unsent = begin_and_end("unsent", start + 21_600).await;

    assert_eq!((ends, off), ([0, 0], 0));
    assert_eq!(unsent, 1, "the message that waited");
    let last = sink.got().pop().unwrap();
    assert!(
        last.contains("Over since: ") && !last.contains("Subject: [ALX Report API] Over"),
        "{last}"
    );
}
