//! Tokens in the store: made once, looked up by hash, ended at once.

use alx_report_api::companies;
use alx_report_api::config::Secret;
use alx_report_api::db::{Db, migrate};
use alx_report_api::error::Result;
use alx_report_api::ids::CompanyId;
use alx_report_api::moodle::MoodleCompany;
use alx_report_api::tokens::{Caller, NewToken, Scope, Scopes, SecretKey, Token, Usage, store};

use crate::support::store::TestStore;

const ACME: CompanyId = CompanyId(42);
const NOW: i64 = 1_800_000_000;

struct Store {
    db: Db,
    key: SecretKey,
    _store: TestStore,
}

impl Store {
    fn new() -> Self {
        let store = TestStore::create();
        let db = Db::open(&store.url()).expect("a store");
        migrate::forward(&db, &std::env::temp_dir()).expect("tables");
        let acme = MoodleCompany {
            id: ACME,
            name: "Acme".into(),
            shortname: "acme".into(),
            suspended: false,
        };
        companies::store::keep(&db, std::slice::from_ref(&acme)).expect("a company");
        let key = SecretKey::new(&Secret::new("k".repeat(32))).expect("long enough");
        Self {
            db,
            key,
            _store: store,
        }
    }

    fn issue(&self, expires_at: Option<i64>) -> (Secret, Token) {
        let new = NewToken {
            expires_at,
            ..NewToken::of(ACME, "bi", [Scope::Read].into_iter().collect(), "cli")
        };
        self.create(&new).expect("a token")
    }

    fn create(&self, new: &NewToken) -> Result<(Secret, Token)> {
        self.db
            .write(|conn| store::create(conn, &self.key, new, NOW))
    }

    fn find(&self, token: &str) -> Option<Caller> {
        let hash = self.key.token_hash(token);
        self.db
            .read(|conn| store::find_by_hash(conn, &hash))
            .expect("the store answers")
    }
}

#[test]
fn a_token_speaks_for_one_company_and_brings_its_version() {
    let store = Store::new();

    let (text, token) = store.issue(None);

    assert!(text.reveal().starts_with("alx_") && text.reveal().len() >= 44);
    assert!(text.reveal().starts_with(&token.prefix) && token.prefix.len() < 12);
    let caller = store.find(text.reveal()).expect("it is valid");
    assert_eq!(
        (caller.company, caller.token, caller.seq),
        (ACME, token.id, 0)
    );
    assert_eq!(caller.stamp.len(), 32);
    assert_eq!(caller.cache_ttl.as_secs(), 3600);
    assert!(caller.scopes.has(Scope::Read) && !caller.scopes.has(Scope::Sync));
}

#[test]
fn an_unknown_and_a_revoked_token_look_the_same() {
    let store = Store::new();
    let (expiring, _) = store.issue(Some(NOW + 10));
    let (revoked, token) = store.issue(None);
    assert!(store.find(revoked.reveal()).is_some());

    let revoke = |company| {
        store
            .db
            .write(|conn| store::revoke(conn, company, token.id, NOW + 5))
    };
    assert!(revoke(CompanyId(7)).is_err(), "another company's token");
    assert!(store.find(revoked.reveal()).is_some());
    revoke(ACME).expect("its own");

    let found = store.find(expiring.reveal()).expect("it may have ended");
    assert_eq!(found.expires_at, Some(NOW + 10));
    assert_eq!(store.find(revoked.reveal()), None);
    assert_eq!(store.find("alx_unknown"), None);
    assert_eq!(store.find(""), None);
}

#[test]
fn the_store_never_holds_the_token_itself() {
    let store = Store::new();
    let (text, token) = store.issue(None);

    let listed = store
        .db
        .read(|conn| store::list(conn, ACME))
        .expect("a list");

    assert_eq!(listed, [token]);
    assert_ne!(store.key.token_hash(text.reveal()), text.reveal());
    let other = SecretKey::new(&Secret::new("o".repeat(32))).expect("long enough");
    assert_ne!(
        other.token_hash(text.reveal()),
        store.key.token_hash(text.reveal())
    );
}

#[test]
fn a_token_needs_a_name_a_scope_and_a_known_company() {
    let store = Store::new();
    let good = NewToken::of(ACME, "bi", Scopes::all(), "cli");

    let nameless = NewToken {
        name: " ".into(),
        ..good.clone()
    };
    let powerless = NewToken {
        scopes: Scopes::default(),
        ..good.clone()
    };
    let homeless = NewToken {
        company: CompanyId(999),
        ..good.clone()
    };

    assert!(store.create(&good).is_ok());
    assert!(store.create(&nameless).is_err());
    assert!(store.create(&powerless).is_err());
    assert!(store.create(&homeless).is_err());
}

#[test]
fn a_store_refuses_another_secret_key() {
    let store = Store::new();
    store.key.adopt(&store.db).expect("the first key");
    store.key.adopt(&store.db).expect("the same key");

    let other = SecretKey::new(&Secret::new("o".repeat(32))).expect("long enough");
    let refused = other.adopt(&store.db).expect_err("another key");

    assert!(refused.to_string().contains("ALX_SECRET_KEY"), "{refused}");
}

#[actix_web::test]
async fn the_last_use_is_noted_once_a_minute() {
    let made = actix_web::rt::task::spawn_blocking(|| {
        let store = Store::new();
        let (text, _) = store.issue(None);
        (store, text)
    });
    let (store, text) = made.await.expect("no panic");
    let usage = Usage::default();
    let db = &store.db;

    for (now, noted) in [(NOW, NOW), (NOW + 59, NOW), (NOW + 60, NOW + 60)] {
        let hash = store.key.token_hash(text.reveal());
        let found = db.run(move |conn| store::find_by_hash(conn, &hash));
        let caller = found
            .await
            .expect("the store answers")
            .expect("it is valid");
        usage.note(db, &caller, now);
        actix_web::rt::time::sleep(std::time::Duration::from_millis(200)).await;
        let listed = db.run(|conn| store::list(conn, ACME)).await;
        assert_eq!(listed.expect("a list")[0].last_used_at, Some(noted));
    }
}
