//! Sites of hundreds of companies: pages stay small, and a company is found by its name, without any script.

use std::path::Path;

use alx_report_api::admins::Role;
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::CompanyId;
use alx_report_api::schema::{admins, sync_batch_runs, sync_batches, sync_runs};
use alx_report_api::sync::{Mode, RunState, Trigger};
use alx_report_api::time::{now, now_ms};
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::html::mistakes;

const COMPANIES: i64 = 350;

fn shops(file: &Path) {
    let fill = |moodle: &mut MoodleBuilder| {
        for id in 1..=COMPANIES {
            moodle.company_as(CompanyId(id), &format!("Shop {id:03}"))?;
        }
        moodle.company_as(CompanyId(901), "Twin & Söhne")?;
        moodle.company_as(CompanyId(902), "Twin & Söhne")?;
        Ok(())
    };
    MoodleBuilder::open(file)
        .unwrap()
        .all_or_nothing(fill)
        .unwrap();
}

async fn many() -> (TestApp, Admin) {
    let app = TestApp::with_moodle(shops).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    (app, admin)
}

#[actix_web::test]
async fn lists_are_narrowed_by_a_companys_name_where_a_box_would_be_too_long() {
    let (_app, admin) = many().await;

    for path in [
        "/alerts",
        "/changes",
        "/requests",
        "/monitor",
        "/audit",
        "/sync/history",
    ] {
        let all = admin.get(path).await;
        let named = admin.get(&format!("{path}?company=shop+007")).await;
        let shown = admin.get(&format!("{path}?company=Shop+007+%287%29")).await;
        let numbered = admin.get(&format!("{path}?company=7")).await;
        let twins = admin
            .get(&format!("{path}?company=twin+%26+s%C3%B6hne"))
            .await;
        let unknown = admin.get(&format!("{path}?company=%3Cb%3E")).await;

        assert!(!all.body.contains("Shop 300"), "{path}: {}", all.body);
        assert!(all.says("<input id=\"company\" name=\"company\" value=\"\""));
        for page in [&named, &shown, &numbered] {
            assert!(
                page.says("name=\"company\" value=\"Shop 007 (7)\""),
                "{path}: {}",
                page.body
            );
        }
        assert_eq!((twins.status, unknown.status), (400, 400), "{path}");
        assert!(twins.says("several are: give its number") && !unknown.body.contains("<b>"));
    }
    let form = admin.get("/sync").await;
    let confirm = admin
        .get("/sync/confirm?mode=full&company=Shop+007+%287%29")
        .await;
    let all = admin.get("/sync/confirm?mode=full&company=all").await;
    assert!(!form.body.contains("Shop 300") && form.says("name or number, or “all”"));
    assert!(
        confirm.status == 200 && confirm.says("Shop 007"),
        "{}",
        confirm.body
    );
    assert!(
        all.location().starts_with("/sync/batches/confirm"),
        "{}",
        all.location()
    );
}

#[actix_web::test]
async fn a_company_that_nobody_knows_comes_back_in_the_form_of_a_sync() {
    let (_app, admin) = many().await;
    let of = async |company: &str| {
        let path = "/sync/confirm?mode=changes&hours_back=12&dry_run=true";
        admin.get(&format!("{path}&company={company}")).await
    };

    let unknown = of("Shop+9999").await;
    let twins = of("twin+%26+s%C3%B6hne").await;
    let all = of("+ALL").await;

    assert_eq!((unknown.status, twins.status), (422, 422));
    let form = unknown.between(
        "<section class=\"card\" aria-labelledby=\"changes\">",
        "</form>",
    );
    assert!(
        form.contains("No company is called “Shop 9999”, or several are: give its number."),
        "{form}"
    );
    for typed in ["value=\"Shop 9999\"", "value=\"12\"", " checked"] {
        assert!(form.contains(typed), "{typed}: {form}");
    }
    assert!(unknown.says("<title>Error: Run Manual Sync"));
    assert_eq!(all.status, 303, "{}", all.body);
    assert!(all.location().starts_with("/sync/batches/confirm?"));
}

#[actix_web::test]
async fn somebody_becomes_the_manager_of_a_company_by_its_name() {
    let (app, admin) = many().await;
    Admin::with_role(&app, Role::Viewer, None).await;
    let found = app.app.db.run(|conn| {
        let viewer = admins::table.filter(admins::role.eq(Role::Viewer));
        Ok(viewer.select(admins::id).get_result::<i64>(conn)?)
    });
    let viewer = format!("/admins/{}", found.await.unwrap());
    let role = format!("{viewer}/role");
    let invite = |company| {
        let (email, role) = (("email", "ada@example.com"), ("role", "company_manager"));
        [email, role, ("company", company)]
    };

    let form = admin.get("/admins").await;
    let unknown = admin.post("/admins", &invite("<b>")).await;
    let twins = admin.post("/admins", &invite("Twin & Söhne")).await;
    let none = admin.post("/admins", &invite("")).await;
    let made = admin.post("/admins", &invite("shop 008")).await;
    let changed = admin.post(&role, &invite("Shop 007 (7)")[1..]).await;
    let page = admin.get(&viewer).await;
    let mistyped = admin.post(&role, &invite("Shop 9999")[1..]).await;
    let nobody = admin.post(&role, &invite("")[1..]).await;
    let after = admin.get(&viewer).await;

    assert!(!form.body.contains("Shop 300"), "{}", form.body);
    assert!(form.says("<input id=\"company\" name=\"company\" value=\"\""));
    assert_eq!((unknown.status, twins.status, none.status), (422, 422, 422));
    assert!(twins.says("several are: give its number"), "{}", twins.body);
    assert!(twins.says("name=\"company\" value=\"Twin &#38; Söhne\""));
    assert!(!unknown.body.contains("<b>"));
    assert_eq!((made.status, changed.status), (200, 303), "{}", made.body);
    assert!(page.says("value=\"Shop 007 (7)\""), "{}", page.body);
    assert!(page.says("<dd><bdi>Shop 007</bdi></dd>"), "{}", page.body);
    assert_eq!((mistyped.status, nobody.status), (422, 422));
    assert!(
        mistyped.says("No company is called “Shop 9999”") && mistyped.says("value=\"Shop 9999\""),
        "{}",
        mistyped.body
    );
    assert!(mistyped.says("<option value=\"company_manager\" selected>"));
    for page in [&mistyped, &unknown] {
        assert!(page.says("aria-describedby=\"company-hint error\" aria-invalid=\"true\""));
        assert_eq!(mistakes(&page.body), (1, Vec::new()));
    }
    assert!(nobody.says("A company manager needs a company."));
    assert!(after.says("value=\"Shop 007 (7)\""), "nothing was changed");
}

#[actix_web::test]
async fn whom_a_change_concerns_is_shown_page_by_page() {
    let (_app, admin) = many().await;
    let defaults = "learners=roles&role=5&suspended=yes&enrolled=ever&completed=ever";

    let first = admin
        .get(&format!("/settings/rows/confirm?{defaults}"))
        .await;
    let last = admin
        .get(&format!("/settings/rows/confirm?{defaults}&page=8"))
        .await;
    let batch = admin.get("/sync/batches/confirm?mode=full").await;
    let end = admin.get("/sync/batches/confirm?mode=full&page=4").await;

    assert!(first.says("Companies it concerns (352)"), "{}", first.body);
    assert_eq!(first.body.matches("<tr id=\"company-").count(), 50);
    assert!(first.says("rel=\"next\" href=\"/settings/rows/confirm?learners=roles"));
    assert_eq!(last.body.matches("<tr id=\"company-").count(), 2);
    assert!(last.says("Twin &#38; Söhne") && last.says("name=\"page\" value=\"8\""));
    assert!(batch.says("Sync 352 companies"), "{}", batch.body);
    assert!(batch.says("1–100 of 352 companies") && end.says("301–352 of 352 companies"));
    assert!(batch.says("Shop 100") && !batch.says("Shop 101") && batch.says("rel=\"next\""));
    assert!(
        end.says("Shop 350") && end.says("Sync 352 companies"),
        "{}",
        end.body
    );
}

/// A sync of all companies: one failed, one runs, one got no run, and every other created a row.
async fn plant_batch(app: &TestApp) {
    let planted = app.app.db.change(|conn| {
        let batch = "0123456789abcdef0123456789abcdef";
        diesel::insert_into(sync_batches::table)
            .values((
                sync_batches::id.eq(batch),
                sync_batches::mode.eq(Mode::Full),
                sync_batches::dry_run.eq(false),
                sync_batches::trigger.eq(Trigger::Manual),
                sync_batches::requested_by.eq("test"),
                sync_batches::requested_at_ms.eq(now_ms()),
                sync_batches::until_ms.eq(now_ms() + 600_000),
            ))
            .execute(conn)?;
        for company in (1..=COMPANIES).chain([901, 902]) {
            let state = match company {
                200 => RunState::Running,
                300 => RunState::Failed,
                _ => RunState::Succeeded,
            };
            let run = (company != 250).then(|| format!("run-{company}"));
            if let Some(run) = &run {
                diesel::insert_into(sync_runs::table)
                    .values((
                        sync_runs::id.eq(run),
                        sync_runs::company_id.eq(company),
                        sync_runs::mode.eq(Mode::Full),
                        sync_runs::trigger.eq(Trigger::Manual),
                        sync_runs::requested_by.eq("test"),
                        sync_runs::state.eq(state),
                        sync_runs::requested_at_ms.eq(now_ms()),
                        sync_runs::finished_at_ms.eq((state != RunState::Running).then(now_ms)),
                        sync_runs::lease_until_ms.eq(now_ms() + 600_000),
                        sync_runs::records_created.eq(1),
                    ))
                    .execute(conn)?;
            }
            diesel::insert_into(sync_batch_runs::table)
                .values((
                    sync_batch_runs::batch_id.eq(batch),
                    sync_batch_runs::company_id.eq(company),
                    sync_batch_runs::run_id.eq(run),
                    sync_batch_runs::note.eq("another kind of sync waits"),
                ))
                .execute(conn)?;
        }
        Ok(())
    });
    planted.await.unwrap();
}

#[actix_web::test]
async fn a_sync_of_all_companies_is_shown_page_by_page_and_counted_as_a_whole() {
    let (app, admin) = many().await;
    plant_batch(&app).await;
    let path = "/sync/batches/0123456789abcdef0123456789abcdef";

    let first = admin.get(path).await;
    let last = admin.get(&format!("{path}?page=4")).await;
    let file = admin.get(&format!("{path}/export.csv")).await;

    for page in [&first, &last] {
        assert!(
            page.says("349 of 352 companies succeeded, 1 did not, 1 running, 1 left out"),
            "{}",
            page.body
        );
        assert!(page.says("349 created, 0 updated"), "{}", page.body);
    }
    let names = |page: &Answer| -> Vec<String> {
        let rows = page.body.split("<th scope=\"row\" class=\"wide\">").skip(1);
        rows.map(|row| row.split("<bdi>").nth(1).unwrap()[..8].to_owned())
            .collect()
    };
    let (shown, at_last) = (names(&first), names(&last));
    assert_eq!(shown.len(), 100);
    assert_eq!(shown[..4], ["Shop 250", "Shop 300", "Shop 200", "Shop 001"]);
    assert!(first.says("1–100 of 352 companies") && first.says("rel=\"next\""));
    assert_eq!((at_last.len(), &*at_last[51]), (52, "Twin &#3"));
    assert_eq!(file.body.lines().count(), 353);
}

fn three_of_forty(file: &Path) {
    let fill = |moodle: &mut MoodleBuilder| {
        for id in [1, 2, 3] {
            let company = moodle.company_as(CompanyId(id), &format!("Shop {id}"))?;
            let course = moodle.course(&format!("Course {id}"))?;
            moodle.give_course(company, course)?;
            for number in 0..40 {
                let user = moodle.user("Ada", &format!("No {number}"))?;
                moodle.member(company, user)?;
                moodle.enrol(user, course, now() - 90_000)?;
            }
        }
        Ok(())
    };
    MoodleBuilder::open(file)
        .unwrap()
        .all_or_nothing(fill)
        .unwrap();
}

#[actix_web::test]
async fn the_change_log_of_all_companies_has_every_line_once_newest_first() {
    let app = TestApp::with_moodle(three_of_forty).await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;
    for company in [2, 3, 1] {
        admin.synced(company, "full").await;
    }
    let count =
        |page: &Answer| [1, 2, 3].map(|id| page.body.matches(&format!(">Course {id}<")).count());

    let mut pages = vec![admin.get("/changes").await];
    while pages.last().unwrap().body.contains("rel=\"next\"") {
        let older = pages.last().unwrap().between("rel=\"next\" href=\"", "\"");
        pages.push(admin.get(&older.replace("&#38;", "&")).await);
    }
    let counts: Vec<[usize; 3]> = pages.iter().map(count).collect();

    assert_eq!(
        counts,
        [[40, 0, 10], [0, 20, 30], [0, 20, 0]],
        "{}",
        pages[0].body
    );
}
