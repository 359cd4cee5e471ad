//! Who may open and send what: every address with every role, and what a company manager never sees.

use alx_report_api::admins::Role;
use alx_report_api::dashboard::rights::{self, Who};
use alx_report_api::ids::CompanyId;
use alx_report_api::schema::{admins, sync_runs};
use alx_report_api::tokens;
use diesel::prelude::*;

use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::client::{ACME, Client, OTHER, two_companies};

const REFUSED: &str = "Your role does not allow this";

/// Every address of the dashboard, as `routes.rs` has it.
pub fn patterns() -> Vec<String> {
    let patterns = patterns_with("");
    assert!(patterns.len() > 60, "{patterns:?}");
    patterns
}

/// Those whose line has this in it.
pub fn patterns_with(what: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/routes.rs");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, dashboard) = text.split_once("\nfn dashboard(").unwrap();
    let found = dashboard.split("resource(").skip(1);
    found
        .filter(|line| line.contains(what))
        .map(|rest| {
            let quoted = rest.strip_prefix('"').expect("one address in quotes");
            quoted.split('"').next().unwrap().to_owned()
        })
        .collect()
}

/// What addresses are about, in one company.
pub struct Things {
    company: CompanyId,
    run: String,
    token: i64,
    call: i64,
    person: i64,
}

impl Things {
    /// An address about them.
    pub fn address(&self, pattern: &str) -> String {
        let call = self.call.to_string();
        pattern
            .replace("{company}", &self.company.to_string())
            .replace("{run}", &self.run)
            .replace("{token}", &self.token.to_string())
            .replace("{id}", &call)
            .replace("{user}", &self.person.to_string())
            .replace("{course}", "1")
            .replace("{format}", "csv")
            .replace("{name}", "app.css")
            .replace("{admin}", "999999")
            .replace("{invitation}", "none")
            .replace("{batch}", "0123456789abcdef0123456789abcdef")
    }
}

/// Two companies that were synced and read by a program.
pub async fn two() -> (TestApp, Things, Things) {
    let app = TestApp::with_moodle(two_companies).await;
    let acme = things(&app, ACME, 17).await;
    let other = things(&app, OTHER, 99).await;
    (app, acme, other)
}

async fn things(app: &TestApp, company: CompanyId, person: i64) -> Things {
    let client = Client::new(app, company, "read,changes,sync").await;
    let run = client.sync().await["id"].as_str().unwrap().to_owned();
    client.get("/api/v1/progress").await;
    app.write_down().await;
    let found = app.app.db.run(move |conn| {
        use alx_report_api::requests::list::{Filter, page};
        let filter = Filter {
            company: Some(company),
            ..Filter::default()
        };
        let calls = page(conn, &filter, None, 1)?.calls;
        Ok((tokens::store::list(conn, company)?[0].id, calls[0].id))
    });
    let (token, call) = found.await.unwrap();
    Things {
        company,
        run,
        token: token.0,
        call,
        person,
    }
}

fn is_refused(answer: &Answer) -> bool {
    answer.status == 403 && answer.says(REFUSED)
}

#[test]
fn every_address_has_a_line_and_every_line_an_address() {
    let there = patterns();

    for pattern in &there {
        assert!(
            rights::known().any(|known| known == pattern),
            "{pattern} is missing in src/dashboard/rights.rs"
        );
    }
    for known in rights::known() {
        assert!(there.iter().any(|there| there == known), "{known} is gone");
    }
    assert_eq!(rights::of("/nobody/said"), (Who::Admins, Who::Admins));
}

#[test]
fn templates_ask_for_addresses_that_exist() {
    let there = patterns();
    let mut folders = vec![std::path::PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/templates"
    ))];
    let mut asked = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for rest in text.split("chrome.may_").skip(1) {
                let pattern = rest.split('"').nth(1).unwrap();
                assert!(
                    there.iter().any(|there| there == pattern),
                    "{} asks for {pattern}",
                    path.display()
                );
                asked += 1;
            }
        }
    }
    assert!(asked > 30, "{asked}");
}

#[test]
fn a_viewer_and_an_operator_send_nothing_but_what_is_listed_here() {
    let sends = |role: Role| {
        let all = patterns().into_iter();
        all.filter(|pattern| rights::may_send(role, pattern))
            .collect::<Vec<_>>()
    };
    let mut viewer = vec![
        "/sign-in",
        "/sign-in/code",
        "/sign-out",
        "/setup",
        "/demo/complete",
        "/invitation",
        "/account/preferences",
        "/account/password",
        "/account/sessions",
        "/account/second-factor",
        "/account/second-factor/confirm",
        "/account/second-factor/codes",
        "/account/second-factor/off",
        "/companies/{company}/views",
        "/companies/{company}/views/{view}",
        "/companies/{company}/views/{view}/delete",
    ];
    assert_eq!(sorted(sends(Role::Viewer)), sorted_of(&viewer));

    viewer.extend([
        "/companies/look-up",
        "/companies/{company}/schedule/pause",
        "/companies/{company}/schedule/resume",
        "/companies/{company}/schedule/run",
        "/sync",
        "/sync/confirm",
        "/sync/batches",
        "/sync/batches/confirm",
        "/sync/batches/{batch}/cancel",
        "/sync/batches/{batch}/run",
        "/sync/runs/{run}/cancel",
        "/sync/runs/{run}/confirm",
        "/sync/runs/{run}/reject",
        "/sync/runs/{run}/undo",
        "/alerts/{id}/acknowledge",
        "/alerts/{id}/close",
    ]);
    assert_eq!(sorted(sends(Role::Operator)), sorted_of(&viewer));
}

#[test]
fn a_company_manager_opens_their_company_and_what_is_listed_here() {
    let open = patterns().into_iter().filter(|pattern| {
        let inside = pattern.starts_with("/companies/{company}");
        assert!(
            !inside || rights::may_see(Role::CompanyManager, pattern),
            "{pattern}"
        );
        !inside && rights::may_see(Role::CompanyManager, pattern)
    });

    let listed = [
        "/static/{name}",
        "/sign-in",
        "/sign-in/code",
        "/sign-out",
        "/setup",
        "/",
        "/companies/export.{format}",
        "/requests",
        "/requests/export.{format}",
        "/requests/{id}",
        "/schedules",
        "/schedules/export.{format}",
        "/sync",
        "/sync/confirm",
        "/sync/history",
        "/sync/history/export.{format}",
        "/sync/runs/{run}",
        "/sync/runs/{run}/changes/export.{format}",
        "/sync/runs/{run}/courses/export.{format}",
        "/sync/runs/{run}/unread/export.{format}",
        "/sync/runs/{run}/events",
        "/sync/runs/{run}/cancel",
        "/sync/runs/{run}/confirm",
        "/sync/runs/{run}/reject",
        "/sync/runs/{run}/undo",
        "/changes",
        "/changes/export.{format}",
        "/demo",
        "/demo/complete",
        "/account",
        "/invitation",
        "/account/preferences",
        "/account/password",
        "/account/sessions",
        "/account/second-factor",
        "/account/second-factor/confirm",
        "/account/second-factor/codes",
        "/account/second-factor/off",
        "/alerts",
        "/alerts/export.{format}",
        "/alerts/{id}",
        "/alerts/{id}/acknowledge",
        "/alerts/{id}/close",
        "/monitor",
        "/monitor/limits/export.{format}",
        "/monitor/{kind}/export.{format}",
    ];
    assert_eq!(sorted(open.collect()), sorted_of(&listed));
}

fn sorted(mut all: Vec<String>) -> Vec<String> {
    all.sort();
    all
}

fn sorted_of(all: &[&str]) -> Vec<String> {
    sorted(all.iter().map(|one| (*one).to_owned()).collect())
}

#[actix_web::test]
async fn every_role_gets_at_every_address_what_the_table_says() {
    let (app, acme, _) = two().await;
    for role in [
        Role::Viewer,
        Role::CompanyManager,
        Role::Operator,
        Role::Admin,
    ] {
        let company = (role == Role::CompanyManager).then_some(ACME);
        let reader = Admin::with_role(&app, role, company).await;

        for pattern in patterns() {
            if pattern == "/sign-out" {
                continue; // it ends the session that the others need
            }
            let address = acme.address(&pattern);
            for (who, answer) in [
                (rights::of(&pattern).0, reader.get(&address).await),
                (rights::of(&pattern).1, reader.post(&address, &[]).await),
            ] {
                let what = format!("{role} at {pattern}: {}", answer.status);
                assert_eq!(is_refused(&answer), !who.includes(role), "{what}");
                assert!(!answer.location().starts_with("/sign-in"), "{what}");
                assert_ne!(answer.status, 500, "{what}");
            }
        }
        assert_eq!(reader.post("/sign-out", &[]).await.status, 303);
    }
}

#[actix_web::test]
async fn a_stranger_is_sent_to_sign_in_or_finds_nothing() {
    let (app, acme, _) = two().await;
    let stranger = Admin::stranger(&app);

    for pattern in patterns() {
        let (read, write) = rights::of(&pattern);
        let address = acme.address(&pattern);
        for (who, answer) in [
            (read, stranger.get(&address).await),
            (write, stranger.post(&address, &[]).await),
        ] {
            let led = answer.status == 303 && answer.location().starts_with("/sign-in");
            assert_eq!(led, who != Who::Anybody, "{pattern}: {}", answer.status);
        }
    }
    assert_eq!(stranger.get("/no/such/page").await.status, 404);
}

#[actix_web::test]
async fn without_a_demo_its_addresses_do_not_exist_for_anybody() {
    let (app, _, _) = two().await;
    let admin = Admin::signed_in(&app).await;

    for reader in [&Admin::stranger(&app), &admin] {
        let fields = [("user_id", "17"), ("course_id", "2")];
        assert_eq!(reader.get("/demo").await.status, 404);
        assert_eq!(reader.post("/demo/complete", &fields).await.status, 404);
    }
}

#[actix_web::test]
async fn a_company_manager_finds_nothing_of_another_company() {
    let (app, acme, other) = two().await;
    let manager = Admin::with_role(&app, Role::CompanyManager, Some(ACME)).await;

    for pattern in patterns() {
        let whose = ["{company}", "{run}", "/requests/{id}"];
        if !whose.iter().any(|part| pattern.contains(part)) {
            continue;
        }
        let address = other.address(&pattern);
        for answer in [
            manager.get(&address).await,
            manager.post(&address, &[]).await,
        ] {
            let hidden = answer.status == 404 || is_refused(&answer);
            assert!(hidden, "{pattern}: {} {}", answer.status, answer.body);
            assert!(!answer.body.contains("Other"), "{pattern}");
        }
        let mixed = Things {
            company: ACME,
            run: other.run.clone(),
            ..other_ids(&other)
        };
        let answer = manager.get(&mixed.address(&pattern)).await;
        let own_page = acme.address(&pattern) == mixed.address(&pattern);
        let about_one = pattern.contains("{run}") || pattern.contains("{token}");
        if about_one && !own_page {
            let hidden = [404, 403, 405].contains(&answer.status);
            assert!(hidden, "{pattern}: {}", answer.status);
        }
    }
}

fn other_ids(other: &Things) -> Things {
    Things {
        company: other.company,
        run: other.run.clone(),
        token: other.token,
        call: other.call,
        person: other.person,
    }
}

#[actix_web::test]
async fn the_lists_of_a_company_manager_hold_their_company_only() {
    let (app, _, other) = two().await;
    let manager = Admin::with_role(&app, Role::CompanyManager, Some(ACME)).await;
    let secrets = ["Other", "Stranger", "Secret", other.run.as_str()];

    for page in [
        "/companies/export.csv",
        "/requests",
        "/requests/export.csv",
        "/schedules",
        "/schedules/export.csv",
        "/sync",
        "/sync?company=7",
        "/sync/history",
        "/sync/history/export.csv",
        "/changes",
        "/changes/export.csv",
        "/companies/42/people/99",
        "/companies/42/people/99/export.csv",
    ] {
        let answer = manager.get(page).await;
        assert!(
            [200, 404].contains(&answer.status),
            "{page}: {}",
            answer.status
        );
        for secret in secrets {
            assert!(!answer.body.contains(secret), "{page} says {secret}");
        }
    }
    for page in [
        "/requests?company=7",
        "/requests/export.csv?company=7",
        "/sync/history?company=7",
        "/sync/history/export.csv?company=7",
        "/changes?company=7",
        "/changes/export.csv?company=7",
        "/sync/confirm?company=7&mode=full",
    ] {
        assert_eq!(manager.get(page).await.status, 404, "{page}");
    }
    assert!(manager.get("/sync/history").await.says("Acme"));
}

#[actix_web::test]
async fn a_company_manager_syncs_their_company_and_no_other() {
    let (app, _, _) = two().await;
    let manager = Admin::with_role(&app, Role::CompanyManager, Some(ACME)).await;

    let fields = [("company", "7"), ("mode", "full"), ("key", "k")];
    let foreign = manager.post("/sync", &fields).await;
    let own = manager.sync(42, "full").await;

    assert_eq!(foreign.status, 404);
    assert!(own.starts_with("/sync/runs/"));
    let runs = app.app.db.run(|conn| {
        let manual =
            sync_runs::table.filter(sync_runs::requested_by.eq("company_manager@example.com"));
        Ok(manual
            .select(sync_runs::company_id)
            .load::<CompanyId>(conn)?)
    });
    assert_eq!(runs.await.unwrap(), [ACME]);
}

#[actix_web::test]
async fn a_company_manager_lands_at_an_overview_of_their_company_and_a_menu_of_what_they_may_open()
{
    let (app, _, _) = two().await;
    let manager = Admin::with_role(&app, Role::CompanyManager, Some(ACME)).await;

    let landing = manager.get("/").await;
    let page = manager.get("/companies/42/tokens").await;

    assert_eq!(landing.status, 200);
    assert!(
        landing.says("Acme") && !landing.says("Other"),
        "{}",
        landing.body
    );
    assert!(page.says("New token"), "{}", page.body);
    for closed in [
        "/sync/batches",
        "/settings/rows",
        "/people/erasures",
        "/admins",
    ] {
        assert!(!page.body.contains(&format!("href=\"{closed}")), "{closed}");
    }
}

#[actix_web::test]
async fn a_viewer_sees_no_button_that_would_be_refused() {
    let (app, acme, _) = two().await;
    let viewer = Admin::with_role(&app, Role::Viewer, None).await;

    for pattern in patterns() {
        let page = viewer.get(&acme.address(&pattern)).await;
        for form in page.body.split("<form").skip(1) {
            let tag = form.split('>').next().unwrap();
            let sends = tag.contains("method=\"post\"");
            let buttons = form.split("</form>").next().unwrap().contains("<button");
            let own = ["/sign-out", "/sign-in", "/setup", "/account/", "/views"];
            let harmless = own.iter().any(|own| tag.contains(own));
            assert!(!sends || !buttons || harmless, "{pattern}: {tag}");
        }
        assert!(!page.body.contains("href=\"/sync?"), "{pattern}");
    }
}

#[actix_web::test]
async fn what_a_viewer_reads_of_what_others_may_do_is_true() {
    let app = TestApp::with_moodle(two_companies).await;
    let viewer = Admin::with_role(&app, Role::Viewer, None).await;
    let empty = viewer.get("/schedules").await;
    let admin = Admin::signed_in(&app).await;
    admin.post("/companies/look-up", &[]).await;

    let coverage = viewer.get("/companies/42/coverage").await;
    let sync = viewer.get("/companies/42/sync").await;
    let cache = viewer.get("/companies/42/cache").await;
    let health = viewer.get("/health").await;

    for untrue in ["No Moodle is configured", "the check below"] {
        assert!(!coverage.says(untrue), "{}", coverage.body);
    }
    assert!(coverage.says("Every full sync compares."));
    assert!(sync.says(">Look at the schedule<") && !sync.says("Set a schedule"));
    assert!(!cache.says(">Change<"), "{}", cache.body);
    assert!(!health.says("a click away") && !empty.says("Look for companies"));
    let coverage = admin.get("/companies/42/coverage").await;
    assert!(coverage.says("the check below") && coverage.says("Check now"));
}

#[actix_web::test]
async fn a_manager_does_not_learn_which_other_companies_there_are() {
    let (app, _, _) = two().await;
    let manager = Admin::with_role(&app, Role::CompanyManager, Some(ACME)).await;

    for path in [
        "/changes?",
        "/requests?",
        "/sync/history?",
        "/monitor?",
        "/alerts?",
        "/sync/confirm?mode=full&",
    ] {
        let of = async |name: &str| manager.get(&format!("{path}company={name}")).await;
        let (own, unknown) = (of("acme").await, of("Nobody").await);
        let (named, both) = (of("other").await, of("Other+%287%29").await);

        assert_eq!(own.status, 200, "{path}: {}", own.body);
        assert_eq!(named.status, unknown.status, "{path}");
        assert_eq!(both.status, unknown.status, "{path}");
        assert_eq!(of("7").await.status, of("7777").await.status, "{path}");
    }
}

#[actix_web::test]
async fn a_letter_written_otherwise_opens_no_other_door() {
    let (app, _, _) = two().await;
    let viewer = Admin::with_role(&app, Role::Viewer, None).await;
    let manager = Admin::with_role(&app, Role::CompanyManager, Some(ACME)).await;

    assert!(is_refused(
        &viewer.get("/sync/batches/%63onfirm?mode=full").await
    ));
    assert!(is_refused(&viewer.get("/sett%69ngs/rows").await));
    assert_eq!(manager.get("/companies/%37").await.status, 404);
    assert_eq!(manager.get("/companies/07").await.status, 404);
    assert_eq!(manager.get("/companies/%34%32").await.status, 200);
}

#[actix_web::test]
async fn a_manager_of_no_company_is_nobody() {
    let (app, _, _) = two().await;
    let manager = Admin::with_role(&app, Role::CompanyManager, Some(ACME)).await;

    let lost = app.app.db.change(|conn| {
        diesel::update(admins::table)
            .set(admins::company_id.eq(None::<CompanyId>))
            .execute(conn)?;
        Ok(())
    });
    lost.await.unwrap();

    assert_eq!(manager.get("/companies/42").await.status, 303);
}
