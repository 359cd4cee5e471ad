//! `token import`: the tokens of the old plugin's clients work here, and nothing of them is kept but a keyed hash.

use std::process::{Command, Output};

use alx_report_api::db::Conn;
use alx_report_api::demo::builder::MoodleBuilder;
use alx_report_api::ids::{TokenId, UserId};
use alx_report_api::schema::{api_tokens, audit_log};
use alx_report_api::sync::{erase, traces};
use alx_report_api::time::now;
use alx_report_api::tokens::store;
use diesel::prelude::*;
use serde_json::json;

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::client::{ACME, Client, OTHER, synced, two_companies};

/// Tokens as Moodle makes them.
const ADAS: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
const ADAS_OF_OTHER_SERVICE: &str = "1a1b2c3d4e5f60718293a4b5c6d7e8f9";
const ZOES: &str = "2a1b2c3d4e5f60718293a4b5c6d7e8f9";
const STRANGERS: &str = "3a1b2c3d4e5f60718293a4b5c6d7e8f9";
const NOBODYS: &str = "4a1b2c3d4e5f60718293a4b5c6d7e8f9";

/// The plugin's service, another one, and a role that may use the protocol, held by Ada, Zoë, the stranger and somebody
/// in no company.
fn with_services(moodle: &mut MoodleBuilder) {
    moodle
        .execute(&format!(
            "insert into mdl_external_services (id, name, enabled, shortname) values
                (4, 'ALX', 1, 'alx_report_api_custom'), (5, 'Other', 1, 'other');
             insert into mdl_role (id, shortname) values (16, 'wsuser');
             insert into mdl_role_capabilities (contextid, roleid, capability, permission)
                values (1, 16, 'webservice/rest:use', 1);
             insert into mdl_user (id, username) values (200, 'nobody');
             insert into mdl_role_assignments (roleid, contextid, userid)
                values (16, 1, 17), (16, 1, 21), (16, 1, 99), (16, 1, 200);
             insert into mdl_external_tokens (token, userid, externalserviceid, iprestriction, validuntil) values
                ('{ADAS}', 17, 4, null, null), ('{ADAS_OF_OTHER_SERVICE}', 17, 5, null, 0),
                ('{ZOES}', 21, 4, '10.1.2.', 0), ('{STRANGERS}', 99, 4, '', 4000000000), ('{NOBODYS}', 200, 4, '', 0);"
        ))
        .unwrap();
}

fn moodle_of(app: &TestApp) -> MoodleBuilder {
    MoodleBuilder::open(&app.moodle_file()).unwrap()
}

fn import(app: &TestApp, options: &[&str]) -> Output {
    run(app, &["token", "import"], options)
}

fn run(app: &TestApp, command: &[&str], options: &[&str]) -> Output {
    let config = &app.app.config;
    Command::new(env!("CARGO_BIN_EXE_alx-report-api"))
        .args(command)
        .args(options)
        .arg("--data-dir")
        .arg(app.folder.path())
        .env(
            "ALX_DATABASE_URL",
            config.database_url.as_ref().unwrap().reveal(),
        )
        .env(
            "ALX_MOODLE_URL",
            config.moodle_url.as_ref().unwrap().reveal(),
        )
        .output()
        .unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    let said = String::from_utf8_lossy(&output.stdout);
    for token in [ADAS, ADAS_OF_OTHER_SERVICE, ZOES, STRANGERS, NOBODYS] {
        assert!(!said.contains(token), "no token is shown: {said}");
    }
    said.lines().map(str::to_owned).collect()
}

async fn error_of(app: &TestApp, token: &str) -> String {
    let function = "wsfunction=local_alx_report_api_get_course_progress&moodlewsrestformat=json";
    let form = format!("wstoken={token}&{function}");
    let reply = Client::with_token(app, token).legacy(&form).await.json();
    let code = reply["errorcode"].as_str();
    code.map_or_else(
        || format!("{} rows", reply.as_array().unwrap().len()),
        str::to_owned,
    )
}

#[actix_web::test]
async fn adopted_tokens_work_and_are_refused_as_moodle_refuses_them() {
    let (app, _acme) = synced().await;
    with_services(&mut moodle_of(&app));

    let imported = import(&app, &[]);

    assert!(imported.status.success(), "{imported:?}");
    assert_eq!(
        lines(&imported),
        [
            "token 1 of ada lovelace: adopted for company 42",
            "token 2 of ada lovelace: adopted for company 42; Moodle refuses it: no access",
            "token 3 of zoë d'arc: adopted for company 42",
            "token 4 of secret stranger: adopted for company 7",
            "token 5 of nobody: adopted without a company, and told so",
            "fields, time zone, mode and limits are those of What programs get: the plugin's own settings were \
             not read, so set them there before clients are pointed here",
        ]
    );
    assert_eq!(error_of(&app, ADAS).await, "6 rows");
    assert_eq!(
        error_of(&app, ADAS_OF_OTHER_SERVICE).await,
        "accessexception"
    );
    assert_eq!(
        error_of(&app, ZOES).await,
        "accessexception",
        "from another network"
    );
    assert_eq!(error_of(&app, STRANGERS).await, "0 rows");
    assert_eq!(error_of(&app, NOBODYS).await, "nocompanyassociation");
    let elsewhere = Client::with_token(&app, ADAS_OF_OTHER_SERVICE);
    assert_eq!(elsewhere.get("/api/v1/progress").await.status, 403);
    let adas = Client::with_token(&app, ADAS);
    assert_eq!(adas.get("/api/v1/progress").await.status, 200);
    let started = adas.post("/api/v1/syncs", json!({"mode": "full"})).await;
    assert_eq!(started.status, 403, "it may read and nothing else");
}

#[actix_web::test]
async fn nothing_is_adopted_twice_and_what_is_revoked_here_stays_so() {
    let (app, _acme) = synced().await;
    with_services(&mut moodle_of(&app));
    let dry = import(&app, &["--dry-run"]);
    assert_eq!(error_of(&app, ADAS).await, "invalidtoken");
    assert_eq!(import(&app, &[]).status.code(), Some(0));
    let first: Vec<(i64, String)> = stored(&app).await;
    let adas = TokenId(first[1].0);
    let revoke = move |conn: &mut Conn| store::revoke(conn, ACME, adas, now());
    app.app.db.change(revoke).await.unwrap();
    moodle_of(&app)
        .execute("update mdl_user set suspended = 1 where id = 99")
        .unwrap();

    let again = import(&app, &["--dry-run"]);
    let second = import(&app, &[]);

    assert_eq!(lines(&again), lines(&second), "nothing would be adopted");
    assert_eq!(
        lines(&dry)[0],
        "token 1 of ada lovelace: would be adopted for company 42"
    );
    let said = lines(&second);
    assert_eq!(
        said[0],
        "token 1 of ada lovelace: known already, and revoked here: it stays so"
    );
    assert_eq!(
        said[2],
        "token 3 of zoë d'arc: known already for company 42"
    );
    let suspended = "known already for company 7; Moodle refuses it: its person is suspended";
    assert_eq!(said[3], format!("token 4 of secret stranger: {suspended}"));
    assert_eq!(stored(&app).await, first);
    assert_eq!(error_of(&app, ADAS).await, "invalidtoken");
    assert_eq!(error_of(&app, STRANGERS).await, "wsaccessusersuspended");
}

#[actix_web::test]
async fn somebody_in_several_companies_is_left_to_the_operator() {
    let (app, _acme) = synced().await;
    let mut moodle = moodle_of(&app);
    with_services(&mut moodle);
    moodle.member(OTHER, UserId(17)).unwrap();

    let all = import(&app, &[]);
    let of_acme = import(&app, &["--company", "42"]);

    assert!(!all.status.success());
    let why = "not adopted, because its person is in the companies 7, 42: say for which one with --company";
    assert_eq!(lines(&all)[0], format!("token 1 of ada lovelace: {why}"));
    assert!(of_acme.status.success());
    let said = lines(&of_acme);
    assert_eq!(said.len(), 3 + 1, "only people of that company: {said:?}");
    assert_eq!(said[0], "token 1 of ada lovelace: adopted for company 42");
    assert_eq!(error_of(&app, ADAS).await, "6 rows");
}

#[actix_web::test]
async fn an_import_prolongs_no_token_that_was_rotated_here() {
    let (app, _acme) = synced().await;
    with_services(&mut moodle_of(&app));
    import(&app, &[]);
    let rotate = |id| {
        run(
            &app,
            &["token", "rotate", "--company", "42", "--overlap-hours", "0"],
            &["--id", id],
        )
    };
    let ids: Vec<i64> = stored(&app).await.iter().map(|row| row.0).collect();
    let (adas, of_other) = (ids[1].to_string(), ids[2].to_string());

    let rotated = rotate(&adas);
    let refused = rotate(&of_other);
    let before = ends(&app).await;
    import(&app, &[]);

    assert!(rotated.status.success(), "{rotated:?}");
    assert_eq!(ends(&app).await, before);
    assert_eq!(error_of(&app, ADAS).await, "accessexception");
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && why.contains("Moodle refuses this token (no access)"),
        "{why}"
    );
    let admin = Admin::signed_in(&app).await;
    let page = format!("/companies/42/tokens/{of_other}");
    assert!(!admin.get(&page).await.says("/rotate\""));
    let asked = admin.get(&format!("{page}/rotate")).await;
    assert!(asked.says("so nothing can take its place") && !asked.says("Rotate token</button>"));
}

#[actix_web::test]
async fn an_end_that_moodle_gives_a_token_holds_also_where_it_was_rotated_here() {
    let (app, _acme) = synced().await;
    let mut moodle = moodle_of(&app);
    with_services(&mut moodle);
    import(&app, &[]);
    let id = stored(&app).await[1].0.to_string();
    let rotate = [
        "token",
        "rotate",
        "--company",
        "42",
        "--overlap-hours",
        "720",
    ];
    assert!(run(&app, &rotate, &["--id", &id]).status.success());
    assert_eq!(error_of(&app, ADAS).await, "6 rows");

    let end = format!("update mdl_external_tokens set validuntil = {}", now() - 60);
    moodle.execute(&end).unwrap();
    import(&app, &[]);

    assert_ne!(error_of(&app, ADAS).await, "6 rows");
}

#[actix_web::test]
async fn whoever_leaves_the_company_in_moodle_reads_it_no_more() {
    let (app, _acme) = synced().await;
    let mut moodle = moodle_of(&app);
    with_services(&mut moodle);
    import(&app, &[]);
    moodle.member(OTHER, UserId(17)).unwrap();
    let in_both = import(&app, &[]);
    assert!(in_both.status.success(), "{in_both:?}");
    assert_eq!(error_of(&app, ADAS).await, "6 rows");

    moodle
        .execute("delete from mdl_company_users where companyid = 42 and userid in (17, 21)")
        .unwrap();
    let left = import(&app, &[]);

    assert!(!left.status.success());
    let said = lines(&left);
    let other = "known already with another company, 42: revoke it there first; Moodle refuses it: no access";
    assert_eq!(said[0], format!("token 1 of ada lovelace: {other}"));
    let gone = "known already for company 42, which its person has left: it is refused here";
    assert_eq!(said[2], format!("token 3 of zoë d'arc: {gone}"));
    assert_eq!(error_of(&app, ADAS).await, "accessexception");
    assert_eq!(error_of(&app, ZOES).await, "accessexception");
}

#[actix_web::test]
async fn a_token_that_moodle_deleted_is_refused_by_a_whole_import_and_the_log_says_so() {
    let (app, _acme) = synced().await;
    with_services(&mut moodle_of(&app));
    import(&app, &[]);
    import(&app, &[]);
    assert_eq!(audited(&app).await, ["token_adopted"; 5]);
    moodle_of(&app)
        .execute("delete from mdl_external_tokens where id = 1")
        .unwrap();

    let of_acme = import(&app, &["--company", "42"]);
    let dry = import(&app, &["--dry-run"]);
    assert_eq!(error_of(&app, ADAS).await, "6 rows");
    let whole = import(&app, &[]);

    let gone = "Moodle token 1 of company 42: not in Moodle any more";
    assert!(!lines(&of_acme).iter().any(|line| line.contains("any more")));
    assert!(lines(&dry).contains(&format!("{gone}, would be refused here")));
    assert!(lines(&whole).contains(&format!("{gone}, it is refused here")));
    assert_eq!(error_of(&app, ADAS).await, "accessexception");
    assert_eq!(audited(&app).await[5..], ["token_refreshed"; 1]);
}

#[actix_web::test]
async fn what_moodle_asks_beyond_a_token_is_asked_here_too() {
    let (app, _acme) = synced().await;
    let mut moodle = moodle_of(&app);
    with_services(&mut moodle);
    moodle
        .execute(
            "update mdl_external_services set restrictedusers = 1 where id = 4;
             insert into mdl_external_services_users (externalserviceid, userid, iprestriction, validuntil) values
                (4, 17, '', 5000), (4, 21, '10.', 0), (4, 99, '', 0);
             insert into mdl_external_tokens (token, userid, externalserviceid, tokentype) values ('5a1b', 17, 4, 1);
             insert into mdl_role (id, shortname) values (17, 'never');
             insert into mdl_role_capabilities (contextid, roleid, capability, permission)
                values (1, 17, 'webservice/rest:use', -1000);
             insert into mdl_role_assignments (roleid, contextid, userid) values (17, 1, 99);",
        )
        .unwrap();

    let said = lines(&import(&app, &[]));

    assert_eq!(said.len(), 5 + 1, "an embedded token is none: {said:?}");
    let ended = ends(&app).await;
    assert!(ended.contains(&Some(5000)), "{ended:?}");
    let both = "not adopted, because its IP restriction is none that can be kept: 10.1.2. and 10.";
    assert_eq!(said[2], format!("token 3 of zoë d'arc: {both}"));
    let no_access = "adopted for company 7; Moodle refuses it: no access";
    assert_eq!(said[3], format!("token 4 of secret stranger: {no_access}"));
    moodle
        .execute(
            "update mdl_external_services set requiredcapability = 'moodle/site:config' where id = 4;
             update mdl_external_services_users set validuntil = 0",
        )
        .unwrap();
    let said = lines(&import(&app, &[]));
    let no_access = "known already for company 42; Moodle refuses it: no access";
    assert_eq!(said[0], format!("token 1 of ada lovelace: {no_access}"));
    assert!(ends(&app).await.contains(&Some(5000)), "no end moves away");
}

#[actix_web::test]
async fn no_user_name_of_an_erased_person_stays_with_their_token() {
    let (app, _acme) = synced().await;
    let mut moodle = moodle_of(&app);
    with_services(&mut moodle);
    moodle
        .execute("update mdl_user set suspended = 1 where id = 99")
        .unwrap();
    import(&app, &[]);
    assert!(told(&app).await.contains("secret stranger"));
    let (erased, at) = (app.app.clone(), now() * 1000);
    actix_web::web::block(move || erase::erase(&erased, UserId(99), "ada@example.com", at))
        .await
        .unwrap()
        .unwrap();
    assert!(!told(&app).await.contains("stranger"));

    import(&app, &[]);

    assert!(!told(&app).await.contains("stranger"));
    assert_eq!(error_of(&app, STRANGERS).await, "wsaccessusersuspended");
    let search = |conn: &mut Conn| traces::search(conn, UserId(99));
    let searched = app.app.db.run(search).await.unwrap();
    let tokens = searched.iter().find(|one| one.table == "api_tokens");
    assert_eq!(
        tokens.map(|one| (one.known, one.telling)),
        Some((1, Some(0)))
    );
}

#[actix_web::test]
async fn a_moodle_whose_tokens_cannot_be_read_is_named() {
    let app = TestApp::with_moodle(two_companies).await;
    moodle_of(&app)
        .execute("drop table mdl_external_services_users")
        .unwrap();

    let refused = import(&app, &[]);

    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(said.contains("mdl_external_services_users"), "{said}");
}

/// When the tokens end, oldest first.
async fn ends(app: &TestApp) -> Vec<Option<i64>> {
    let read = |conn: &mut Conn| {
        let all = api_tokens::table.order(api_tokens::id);
        Ok(all.select(api_tokens::expires_at).load(conn)?)
    };
    app.app.db.run(read).await.unwrap()
}

/// What the audit log says of adopted tokens, oldest first.
async fn audited(app: &TestApp) -> Vec<String> {
    let read = |conn: &mut Conn| {
        let of_import = audit_log::table
            .filter(audit_log::action.eq_any(["token_adopted", "token_refreshed"]))
            .order(audit_log::id);
        Ok(of_import.select(audit_log::action).load(conn)?)
    };
    app.app.db.run(read).await.unwrap()
}

/// Everything that is stored about tokens.
async fn told(app: &TestApp) -> String {
    let read = |conn: &mut Conn| {
        let tokens: Vec<(String, Option<String>)> = api_tokens::table
            .select((api_tokens::name, api_tokens::refusal))
            .load(conn)?;
        let lines: Vec<(Option<String>, Option<String>)> = audit_log::table
            .select((audit_log::before, audit_log::after))
            .load(conn)?;
        Ok(format!("{tokens:?} {lines:?}"))
    };
    app.app.db.run(read).await.unwrap()
}

/// Ids and names of the stored tokens; none of their columns holds a token.
async fn stored(app: &TestApp) -> Vec<(i64, String)> {
    let read = |conn: &mut Conn| {
        let texts = (
            api_tokens::id,
            api_tokens::name,
            api_tokens::prefix,
            api_tokens::hash,
        );
        Ok(api_tokens::table
            .order(api_tokens::id)
            .select(texts)
            .load::<(i64, String, String, String)>(conn)?)
    };
    let rows = app.app.db.run(read).await.unwrap();
    for (_, name, prefix, hash) in &rows {
        for token in [ADAS, ZOES, STRANGERS] {
            let shows = |text: &String| text.contains(&token[..6]);
            assert!(!shows(name) && !shows(prefix) && !shows(hash));
        }
    }
    rows.into_iter().map(|(id, name, ..)| (id, name)).collect()
}
