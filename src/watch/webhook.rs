//! Messages to a program: JSON by POST, signed, no redirect followed, never longer than the timeout.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::config::Config;
use crate::ids::hex;
use crate::settings::site::without_address;

/// How long the other side may take.
const ANSWER: Duration = Duration::from_secs(15);
/// How much of its answer is kept.
const KEPT: u64 = 300;

/// Posts a message; gives what the other side answered, or why it did not take it. Only 2xx is taking it. Neither names
/// the address beyond its host.
///
/// `ALX-Signature` is `sha256=` and the hex HMAC-SHA256, keyed with `ALX_WEBHOOK_SECRET`, of `ALX-Timestamp`, a dot and the
/// body.
pub fn send(config: &Config, address: &str, body: &Value, now: i64) -> Result<String, String> {
    let hidden = |said: String| without_address(&said, address);
    post(config, address, body, now).map(hidden).map_err(hidden)
}

fn post(config: &Config, address: &str, body: &Value, now: i64) -> Result<String, String> {
    let body = body.to_string();
    let mut request = agent()
        .post(address)
        .header("content-type", "application/json")
        .header(
            "user-agent",
            concat!("alx-report-api/", env!("CARGO_PKG_VERSION")),
        )
        .header("alx-timestamp", now.to_string());
    if let Some(secret) = &config.webhook_secret {
        request = request.header("alx-signature", signature(secret.reveal(), now, &body));
    }
    let mut response = request.send(&body).map_err(|cause| cause.to_string())?;
    let status = response.status();
    let read = response
        .body_mut()
        .with_config()
        .limit(KEPT)
        .lossy_utf8(true)
        .read_to_string();
    let said = format!("{} {}", status.as_u16(), read.unwrap_or_default());
    let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
    if status.is_success() {
        Ok(said)
    } else {
        Err(format!("answered {said}"))
    }
}

/// The value of the header `ALX-Signature`.
pub fn signature(secret: &str, now: i64, body: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{now}.{body}").as_bytes());
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

fn agent() -> Agent {
    let native = rustls_native_certs::load_native_certs().certs.into_iter();
    let roots: Vec<Certificate<'static>> = native
        .map(|der| Certificate::from_der(&der).to_owned())
        .collect();
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(ANSWER))
        .tls_config(tls)
        .build();
    config.into()
}
