//! A phone with an authenticator app, which knows what the set-up page showed.

use alx_report_api::db::Conn;
use alx_report_api::schema::admins;
use alx_report_api::time::now;
use diesel::prelude::*;
use totp_rs::{Builder, Secret, Totp};

use super::TestApp;
use super::admin::{Admin, Answer, PASSWORD};

/// The phone of one admin.
pub struct Phone {
    /// What the page showed, without blanks.
    pub secret: String,
    codes: Totp,
}

impl Phone {
    /// A phone that took the key from the set-up page.
    pub fn of(page: &Answer) -> Self {
        Self::shown(&page.between("id=\"secret\">", "<"))
    }

    /// A phone into which the key was typed as it was shown.
    pub fn shown(secret: &str) -> Self {
        let secret = secret.replace(' ', "");
        let shared = Secret::try_from_base32(&secret).expect("base 32");
        let codes = Builder::new().with_secret(shared).build().expect("codes");
        Self { secret, codes }
    }

    /// What the app shows now.
    pub fn code(&self) -> String {
        self.after(0)
    }

    /// What the app shows so many seconds from now.
    pub fn after(&self, seconds: i64) -> String {
        let then = u64::try_from(now() + seconds).expect("after 1970");
        self.codes.generate(then).to_string()
    }

    /// A code that is none of this quarter of an hour.
    pub fn wrong(&self) -> String {
        let near: Vec<String> = (-30..30).map(|step| self.after(step * 30)).collect();
        let others = (0..1000).map(|number| format!("{number:06}"));
        let mut others = others.filter(|code| !near.contains(code));
        others.next().expect("one of a thousand")
    }
}

/// The set-up page, after the password.
pub async fn begun(admin: &Admin) -> Answer {
    let page = admin
        .post("/account/second-factor", &[("password", PASSWORD)])
        .await;
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

/// Sends a code to the set-up page.
pub async fn confirm(admin: &Admin, page: &Answer, code: &str) -> Answer {
    let sealed = page.between("name=\"sealed\" value=\"", "\"");
    let fields = [("sealed", sealed.as_str()), ("code", code)];
    admin.post("/account/second-factor/confirm", &fields).await
}

/// The codes of the page that shows them once.
pub fn recovery_codes(page: &Answer) -> Vec<String> {
    let shown = page.between("id=\"codes\">", "</pre>");
    shown.split_whitespace().map(str::to_owned).collect()
}

/// Turns the second factor of a signed-in admin on, and gives their phone and recovery codes.
pub async fn set_up(app: &TestApp, admin: &Admin) -> (Phone, Vec<String>) {
    let page = begun(admin).await;
    let phone = Phone::of(&page);
    let done = confirm(admin, &page, &phone.code()).await;
    assert_eq!(done.status, 200, "{}", done.body);
    time_passes(app).await;
    (phone, recovery_codes(&done))
}

/// As if the last code had been used long ago: the app's present code can be used again.
pub async fn time_passes(app: &TestApp) {
    let work = |conn: &mut Conn| {
        Ok(diesel::update(admins::table)
            .set(admins::totp_step.eq(0))
            .execute(conn)?)
    };
    app.app.db.change(work).await.expect("time passes");
}
