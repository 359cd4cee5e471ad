//! Numbers on the pages follow the reader's language; what a browser or a program reads back does not.

use alx_report_api::schema::company_state;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::client::synced;

/// What a page of a company says of 8,245 learners with 12,345 enrolments, a third of them completed.
async fn page(language: &str) -> Answer {
    let (app, _acme) = synced().await;
    plant(&app).await;
    let admin = Admin::signed_in(&app).await;
    reads(&admin, language).await;
    admin.get("/companies/42").await
}

async fn plant(app: &TestApp) {
    let many = app.app.db.change(|conn| {
        diesel::update(company_state::table.find(42))
            .set((
                company_state::learners.eq(8245),
                company_state::enrolments.eq(12_345),
                company_state::completed.eq(4115),
            ))
            .execute(conn)?;
        Ok(())
    });
    many.await.unwrap();
}

async fn reads(admin: &Admin, language: &str) {
    let chosen = [("zone", "UTC"), ("language", language), ("theme", "light")];
    let saved = admin.post("/account/preferences", &chosen).await;
    assert_eq!(saved.status, 303);
}

#[actix_web::test]
async fn digits_are_grouped_and_parted_as_the_reader_writes_them() {
    for (language, learners, enrolments, share) in [
        ("en", "8,245", "12,345", "33.33 %"),
        ("de", "8.245", "12.345", "33,33 %"),
        ("es", "8245", "12.345", "33,33 %"),
        ("ar", "8,245", "12,345", "33.33%"),
    ] {
        let page = page(language).await;

        for number in [learners, enrolments, share] {
            let shown = format!(">{number}<");
            assert!(page.body.contains(&shown), "{language}: {}", page.body);
        }
    }
}

#[actix_web::test]
async fn what_is_sent_back_or_read_by_programs_stays_plain_in_every_language() {
    let (app, acme) = synced().await;
    acme.get("/api/v1/progress").await; // draws a chart
    app.write_down().await;
    plant(&app).await;
    let admin = Admin::signed_in(&app).await;
    reads(&admin, "de").await;

    let form = admin.get("/settings/delivery").await;
    let chart = admin.get("/").await;
    let file = admin.get("/companies/export.csv").await;

    assert!(form.body.contains("value=\"1000\""), "{}", form.body);
    assert!(chart.body.contains(" y1=\"150.0\""), "{}", chart.body);
    assert!(file.body.contains(",8245,"), "{}", file.body);
}
