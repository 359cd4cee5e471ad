//! Whom messages went to: admins see it, others do not, and the path of a webhook nobody sees.

use std::sync::atomic::Ordering::SeqCst;

use alx_report_api::admins::Role;
use alx_report_api::schema::audit_log;
use alx_report_api::time::now;
use diesel::prelude::*;

use crate::alert_messages::{by_email, many_calls, send};
use crate::alerts::{alerts, look, set};
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::{ACME, synced};
use crate::support::sinks::Sink;

const SECRET: &str = "T0SECRET";

/// An alert of ACME that Ada and a program were told of, and its page's address.
async fn told() -> (TestApp, String, Sink) {
    let (app, _acme) = synced().await;
    let (mail, web) = (Sink::mail(), Sink::web());
    by_email(&app, &mail).await;
    let address = format!("http://127.0.0.1:{}/services/{SECRET}", web.port);
    set(&app, &[("alerts_webhook", "on"), ("webhook_url", &address)]).await;
    many_calls(&app, &[ACME]).await;
    look(&app, now()).await;
    assert_eq!(send(&app, now()).await, 2);
    let page = format!("/alerts/{}", alerts(&app).await[0].id);
    (app, page, web)
}

#[actix_web::test]
async fn only_admins_read_whom_messages_went_to_and_what_came_back() {
    let (app, address, web) = told().await;
    let admin = Admin::signed_in(&app).await;
    let host = format!("http://127.0.0.1:{}/…", web.port);

    let page = admin.get(&address).await;

    for shown in ["ada@example.com", &host, "250 taken", "200 the sink"] {
        assert!(page.says(shown), "{shown}: {}", page.body);
    }
    assert!(!page.body.contains(SECRET), "{}", page.body);
    for (role, company) in [
        (Role::CompanyManager, Some(ACME)),
        (Role::Viewer, None),
        (Role::Operator, None),
    ] {
        let page = Admin::with_role(&app, role, company)
            .await
            .get(&address)
            .await;
        assert!(page.says("E-mail") && page.says("Webhook") && page.says("Sent"));
        let port = web.port.to_string();
        for hidden in ["ada@example.com", &port, SECRET, "250 taken", "the sink"] {
            assert!(
                !page.body.contains(hidden),
                "{role} {hidden}: {}",
                page.body
            );
        }
    }
}

#[actix_web::test]
async fn the_path_of_the_webhook_stands_on_the_form_only() {
    let (app, _, web) = told().await;
    let admin = Admin::signed_in(&app).await;

    let form = admin.get("/alerts/rules").await;
    let test = admin
        .post("/alerts/rules/test", &[("channel", "webhook")])
        .await;
    web.refuses.store(404, SeqCst);
    let refused = admin
        .post("/alerts/rules/test", &[("channel", "webhook")])
        .await;

    assert!(form.body.contains(SECRET), "{}", form.body);
    assert!(test.says("Taken.") && refused.says("Not taken."));
    for page in [
        test,
        refused,
        admin.get("/audit").await,
        admin.get("/health/support.txt").await,
    ] {
        assert!(!page.body.contains(SECRET), "{}", page.body);
    }
    let read = app.app.db.run(|conn| {
        let changed = audit_log::table.filter(audit_log::action.eq("site_settings_changed"));
        Ok(changed
            .select(audit_log::after)
            .load::<Option<String>>(conn)?)
    });
    let lines = read.await.unwrap().into_iter().flatten();
    let lines: Vec<String> = lines.filter(|line| line.contains("webhook_url")).collect();
    assert!(
        lines.iter().all(|line| line.contains("127.0.0.1")),
        "{lines:?}"
    );
    assert!(!lines.is_empty() && !lines.iter().any(|line| line.contains(SECRET)));
}
