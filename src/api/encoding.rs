//! How a body goes over the wire: as it is, or compressed the way a client prefers.

use std::io::Write as _;

use actix_web::http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Bodies below this size stay as they are: compressed they would hardly be smaller.
const WORTHWHILE: usize = 1024;
/// 22 bits of window, as browsers read it; the quality costs 590 µs for 20 kB, and 11 would cost 24 ms.
const BROTLI: (u32, u32) = (5, 22);
/// The usual level.
const ZSTD: i32 = 3;

/// One way. Those that compress better stand first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
    /// RFC 1952.
    Gzip,
    /// As it is.
    Identity,
}

impl Encoding {
    const ALL: [Self; 4] = [Self::Brotli, Self::Zstd, Self::Gzip, Self::Identity];

    /// Whether a client takes gzip and does not like the body as it is better: for bodies that are made while they are
    /// sent.
    pub fn takes_gzip(headers: &HeaderMap) -> bool {
        Self::best(headers, &[Self::Gzip, Self::Identity]) == Self::Gzip
    }

    /// The one that a client likes best; as it is, where it says nothing or nothing that we have.
    pub fn wanted(headers: &HeaderMap) -> Self {
        Self::best(headers, &Self::ALL)
    }

    fn best(headers: &HeaderMap, offered: &[Self]) -> Self {
        let lists = headers.get_all(ACCEPT_ENCODING);
        let lists: Vec<&str> = lists.filter_map(|list| list.to_str().ok()).collect();
        let weight = |encoding: Self| {
            let named = lists
                .iter()
                .flat_map(|list| list.split(','))
                .filter_map(quality);
            let named: Vec<(&str, u16)> = named.collect();
            let find = |name: &str| {
                named
                    .iter()
                    .find(|(known, _)| known.eq_ignore_ascii_case(name))
            };
            let usual = if encoding == Self::Identity {
                Some(1)
            } else {
                None
            };
            let said = find(encoding.name()).or_else(|| find("*").filter(|_| usual.is_none()));
            said.map(|(_, weight)| *weight).or(usual).unwrap_or(0)
        };
        let possible = offered
            .iter()
            .copied()
            .filter(|encoding| weight(*encoding) > 0);
        possible
            .rev()
            .max_by_key(|encoding| weight(*encoding))
            .unwrap_or(Self::Identity)
    }

    /// Its name in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }

    /// The header of a body that went this way; `None` where it stayed as it is.
    pub fn header(self) -> Option<HeaderValue> {
        (self != Self::Identity).then(|| HeaderValue::from_static(self.name()))
    }

    /// A body that went this way, and the way it went: a small one stays as it is.
    pub fn apply(self, body: Vec<u8>) -> (Self, Vec<u8>) {
        if body.len() < WORTHWHILE || self == Self::Identity {
            return (Self::Identity, body);
        }
        match self.compressed(&body) {
            Ok(small) => (self, small),
            Err(cause) => {
                log::warn!("a body stays uncompressed: {cause}");
                (Self::Identity, body)
            }
        }
    }

    fn compressed(self, body: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(body.len() / 4);
        match self {
            Self::Gzip => {
                let mut gzip = GzEncoder::new(&mut out, Compression::new(6));
                gzip.write_all(body)?;
                gzip.finish()?;
            }
            Self::Brotli => {
                let (quality, window) = BROTLI;
                let mut brotli = brotli::CompressorWriter::new(&mut out, 4096, quality, window);
                brotli.write_all(body)?;
                brotli.flush()?;
                drop(brotli);
            }
            Self::Zstd => out = zstd::bulk::compress(body, ZSTD)?,
            Self::Identity => out.extend_from_slice(body),
        }
        Ok(out)
    }
}

/// A name of a list and its weight in thousandths.
fn quality(entry: &str) -> Option<(&str, u16)> {
    let (name, rest) = entry.split_once(';').unwrap_or((entry, ""));
    let weight = rest.trim().strip_prefix("q=").unwrap_or("1").trim();
    let weight: f32 = weight
        .parse()
        .ok()
        .filter(|weight| (0.0..=1.0).contains(weight))?;
    Some((name.trim(), (weight * 1000.0) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &'static str) -> Encoding {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(text));
        Encoding::wanted(&headers)
    }

    #[test]
    fn a_client_gets_what_it_likes_best() {
        assert_eq!(Encoding::wanted(&HeaderMap::new()), Encoding::Identity);
        assert_eq!(wanted("gzip, deflate, br"), Encoding::Brotli);
        assert_eq!(wanted("gzip;q=1.0, br;q=0.5"), Encoding::Gzip);
        assert_eq!(wanted("GZIP"), Encoding::Gzip);
        assert_eq!(wanted("br;q=0, gzip;q=0, zstd"), Encoding::Zstd);
        assert_eq!(wanted("*"), Encoding::Brotli);
        assert_eq!(wanted("deflate"), Encoding::Identity);
        assert_eq!(wanted("gzip;q=nonsense"), Encoding::Identity);
        assert_eq!(wanted("identity, gzip;q=0.5"), Encoding::Identity);
        let streamed = |text| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(text));
            Encoding::takes_gzip(&headers)
        };
        assert!(streamed("br, gzip") && streamed("*"));
        assert!(!streamed("br") && !streamed("gzip;q=0") && !streamed("identity, gzip;q=0.5"));
    }

    #[test]
    fn small_bodies_stay_as_they_are_and_large_ones_shrink() {
        let large = b"the same again ".repeat(1000);
        for encoding in Encoding::ALL {
            assert_eq!(encoding.apply(b"small".to_vec()).0, Encoding::Identity);
            let (went, body) = encoding.apply(large.clone());
            assert_eq!(went, encoding);
            assert!(
                encoding == Encoding::Identity || body.len() < 1000,
                "{encoding:?}"
            );
        }
    }
}
