//! The cookies: host-only, out of reach of scripts, never sent along by another site's form.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

/// A cookie's name: over TLS the browser itself enforces `__Host-`.
fn name(tls: bool, what: &str) -> String {
    let prefix = if tls { "__Host-" } else { "" };
    format!("{prefix}alx_{what}")
}

/// A cookie that lives as long as the browser.
pub fn keep(tls: bool, what: &str, value: String) -> Cookie<'static> {
    Cookie::build(name(tls, what), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(tls)
        .finish()
}

/// The same cookie, taken away.
pub fn take_away(tls: bool, what: &str) -> Cookie<'static> {
    let mut gone = keep(tls, what, String::new());
    gone.set_max_age(Duration::ZERO);
    gone
}

/// What the browser sent under this name.
pub fn sent(request: &HttpRequest, tls: bool, what: &str) -> Option<String> {
    let cookie = request.cookie(&name(tls, what))?;
    Some(cookie.value().to_owned())
}
