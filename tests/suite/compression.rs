//! Compressed bodies: the same rows every way over the wire, compressed once, each with an `ETag` of its own.

use std::io::Read as _;

use reqwest::header::{ACCEPT_ENCODING, IF_NONE_MATCH};

use crate::support::client::{Client, synced};

const ROWS: &str = "/api/v1/progress";

/// The raw bytes of a reply, and its headers.
async fn raw(client: &Client, encoding: &str) -> (reqwest::header::HeaderMap, Vec<u8>) {
    let reply = client
        .begin(ROWS, |request| request.header(ACCEPT_ENCODING, encoding))
        .await;
    assert_eq!(reply.status(), 200);
    (
        reply.headers().clone(),
        reply.bytes().await.expect("a body").to_vec(),
    )
}

fn unpacked(encoding: &str, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match encoding {
        "gzip" => drop(
            flate2::read::GzDecoder::new(body)
                .read_to_end(&mut out)
                .expect("gzip"),
        ),
        "br" => drop(
            brotli::Decompressor::new(body, 4096)
                .read_to_end(&mut out)
                .expect("brotli"),
        ),
        "zstd" => drop(
            zstd::Decoder::new(body)
                .expect("zstd")
                .read_to_end(&mut out)
                .expect("zstd"),
        ),
        _ => out.extend_from_slice(body),
    }
    out
}

#[actix_web::test]
async fn every_way_over_the_wire_brings_the_same_rows_under_a_name_of_its_own() {
    let (app, acme) = synced().await;
    let (plain, expected) = raw(&acme, "identity").await;
    let mut names = vec![plain["etag"].clone()];

    for encoding in ["gzip", "br", "zstd"] {
        let (headers, body) = raw(&acme, encoding).await;

        assert_eq!(headers["content-encoding"], encoding);
        assert_eq!(headers["vary"], "Authorization, Accept, Accept-Encoding");
        assert!(
            body.len() < expected.len() / 2,
            "{encoding}: {}",
            body.len()
        );
        assert_eq!(unpacked(encoding, &body), expected, "{encoding}");
        assert!(!names.contains(&headers["etag"]), "{encoding}");
        names.push(headers["etag"].clone());
    }
    assert!(!plain.contains_key("content-encoding"));
    assert_eq!(
        app.app.cache.report(crate::support::client::ACME).entries,
        4
    );
}

#[actix_web::test]
async fn a_compressed_reply_is_kept_compressed_and_revalidated_without_a_body() {
    let (app, acme) = synced().await;
    let (first, packed) = raw(&acme, "gzip").await;
    let loads = app.app.cache.loads();

    let (second, again) = raw(&acme, "gzip").await;
    let etag = first["etag"].to_str().expect("ASCII").to_owned();
    let known = acme
        .begin(ROWS, |request| {
            request
                .header(ACCEPT_ENCODING, "gzip")
                .header(IF_NONE_MATCH, etag)
        })
        .await;

    assert_eq!(
        (again, second["alx-cache"].to_str().expect("ASCII")),
        (packed, "hit")
    );
    assert_eq!(app.app.cache.loads(), loads);
    assert_eq!(known.status(), 304);
    assert_eq!(known.bytes().await.expect("no body").len(), 0);
}

#[actix_web::test]
async fn a_client_that_accepts_nothing_we_have_gets_the_rows_as_they_are() {
    let (_app, acme) = synced().await;

    let (headers, body) = raw(&acme, "deflate, br;q=0").await;

    assert!(!headers.contains_key("content-encoding"));
    assert_eq!(body[0], b'{');
}
