//! What opened something when a copy was made and does not any more: after a restore it does not either.

use alx_report_api::admins::Role;
use alx_report_api::admins::invitations::Guest;
use alx_report_api::delivery;
use alx_report_api::schema::{api_tokens, invitations};
use alx_report_api::settings::delivery::DeliveryOverrides;
use alx_report_api::staff;
use alx_report_api::time::now_ms;
use diesel::prelude::*;
use serde_json::json;

use crate::restore::Place;
use crate::support::client::ACME;

/// The password of every admin here, in a file.
fn admin(place: &Place, email: &str) {
    let file = place.path().join("password");
    std::fs::write(&file, "a long enough one\n").unwrap();
    let file = file.to_str().unwrap();
    place.did(&["admin", "create", "--email", email, "--password-file", file]);
}

#[actix_web::test]
async fn a_token_that_was_rotated_out_since_the_backup_opens_nothing() {
    let place = Place::synced();
    let token = place.token("rotated later");
    let copy = place.copy();
    let rotate = ["token", "rotate", "--company", "42", "--id", "1"];
    place.did(&[&rotate[..], &["--overlap-hours", "0"]].concat());

    let said = place.did(&["restore", "--from", &copy]);

    let line = "tokens that end earlier or open less again, as today: 1";
    assert!(said.contains(line), "{said}");
    let server = place.serve().await;
    let reply = server.get("/api/v1/progress", &token, "").await;
    assert_eq!(reply.status(), 401);
}

#[actix_web::test]
async fn a_field_that_was_hidden_since_the_backup_stays_hidden() {
    let place = Place::synced();
    let token = place.token("bi");
    let copy = place.copy();
    let hide = |conn: &mut _| {
        let mut own = DeliveryOverrides::default();
        own.set("fields", Some(json!(["userid", "status"])));
        delivery::change(conn, ACME, &own, "ada", now_ms())
    };
    place.db().write(hide).unwrap();

    let said = place.did(&["restore", "--from", &copy]);

    let line = "companies (or the defaults) whose programs see fewer fields again, as today: 1";
    assert!(said.contains(line), "{said}");
    let server = place.serve().await;
    let rows = server.get("/api/v1/progress", &token, "").await;
    let rows = rows.text().await.unwrap();
    assert!(
        rows.contains("\"status\"") && !rows.contains("email"),
        "{rows}"
    );
}

#[test]
fn what_was_taken_from_a_token_since_the_backup_stays_taken() {
    let place = Place::synced();
    for name in ["refused", "bound", "narrow", "apart", "as it was"] {
        place.token(name);
    }
    let set = |column: &str, value: &str, name: &str| {
        let change = format!("update api_tokens set {column} = '{value}' where name = '{name}'");
        let run = |conn: &mut _| Ok(diesel::sql_query(&change).execute(conn)?);
        assert_eq!(place.db().write(run).unwrap(), 1);
    };
    set("scopes", "read changes", "narrow");
    set("scopes", "read", "apart");
    set("networks", "10.0.0.0/8", "as it was");
    let copy = place.copy();
    set("refusal", "no access", "refused");
    set("networks", "192.0.2.0/24", "bound");
    set("scopes", "read sync", "narrow");
    set("scopes", "sync", "apart");
    let wide = |conn: &mut _| {
        let change = "update api_tokens set networks = null where name = 'as it was'";
        Ok(diesel::sql_query(change).execute(conn)?)
    };
    place.db().write(wide).unwrap();

    place.did(&["restore", "--from", &copy]);

    let read = |conn: &mut _| {
        let all = api_tokens::table.order(api_tokens::id).select((
            api_tokens::name,
            api_tokens::scopes,
            api_tokens::networks,
            api_tokens::refusal,
            api_tokens::revoked_at.is_not_null(),
        ));
        Ok(all.load::<(String, String, Option<String>, Option<String>, bool)>(conn)?)
    };
    let tokens = place.db().read(read).unwrap();
    let of = |name: &str| tokens.iter().find(|token| token.0 == name).unwrap().clone();
    assert_eq!(of("refused").3.as_deref(), Some("no access"));
    assert_eq!(of("bound").2.as_deref(), Some("192.0.2.0/24"));
    assert_eq!(of("narrow").1, "read");
    assert!(of("apart").4, "no scope is left, so it is revoked");
    assert_eq!(of("as it was").2.as_deref(), Some("10.0.0.0/8"));
}

#[actix_web::test]
async fn no_invitation_of_the_backup_opens_anything() {
    let place = Place::synced();
    admin(&place, "grace@example.com");
    let guest = Guest {
        email: "new@example.com".into(),
        role: Role::Admin,
        company: None,
        admin: None,
    };
    let invite = |conn: &mut _| staff::invite(conn, &guest, "grace@example.com", now_ms());
    let text = place.app().db.write(invite).unwrap();
    let copy = place.copy();
    let revoke = |conn: &mut _| Ok(diesel::delete(invitations::table).execute(conn)?);
    place.db().write(revoke).unwrap();

    let said = place.did(&["restore", "--from", &copy]);

    let line = "links for a password that open nothing any more: 1";
    assert!(said.contains(line), "{said}");
    let server = place.serve().await;
    let address = format!("{}/invitation?token={}", server.url, text.reveal());
    let page = reqwest::get(address).await.unwrap();
    assert_eq!(page.status(), 404);
}

#[test]
fn where_no_admin_is_left_who_can_sign_in_the_operator_is_told_what_to_do() {
    let place = Place::synced();
    admin(&place, "grace@example.com");
    let copy = place.copy();
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(place.path().join(format!("data/alx.db{ending}")));
    }
    place.did(&["sync", "--company", "42"]); // a fresh store, which knows no admin

    let said = place.did(&["restore", "--from", &copy]);

    assert!(said.contains("WARNING: no admin can sign in now"), "{said}");
    assert!(said.contains("alx-report-api admin create"), "{said}");
    admin(&place, "ada@example.com");
    let kept = place.copy();
    let said = place.did(&["restore", "--from", &kept]);
    assert!(!said.contains("WARNING"), "{said}");
}
