//! An id for each request, for the reply's `X-Request-Id` and the log.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::HeaderValue;

static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    AtomicU64::new(u64::from_ne_bytes(bytes))
});

/// 16 hex digits that no other request of this process has. Not a secret.
pub fn next() -> HeaderValue {
    let number = scatter(NEXT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::from_str(&format!("{number:016x}")).expect("hex digits fit a header")
}

/// SplitMix64's last step: different numbers stay different, neighbours look apart.
fn scatter(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
