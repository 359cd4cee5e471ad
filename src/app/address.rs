//! Our own address, for links, and for texts that people copy.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderValue};

use super::App;

/// The public address, else the host that this request came to, else where we listen. No slash at its end.
pub fn ours(request: &HttpRequest, app: &App) -> String {
    let asked = || {
        let host = request.headers().get(HOST).map(HeaderValue::to_str)?.ok()?;
        is_plain(host).then(|| format!("http://{host}"))
    };
    let listening = || format!("http://{}", request.app_config().local_addr());
    let public = app.config.public_url.clone();
    public.or_else(asked).unwrap_or_else(listening)
}

/// A name or an address, with or without a port, that means nothing else to a shell or to a page.
fn is_plain(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    (1..=255).contains(&host.len()) && host.bytes().all(plain)
}
