//! Addresses that open something to whoever knows them: what may be shown of them.

use url::Url;

/// An address up to its host; what follows, which is often a secret, is three dots.
pub fn host_only(address: &str) -> String {
    let Ok(url) = Url::parse(address) else {
        return "…".into();
    };
    match url.origin() {
        url::Origin::Tuple(..) => {
            let origin = url.origin().ascii_serialization();
            let rest = address.strip_prefix(&origin);
            match rest {
                Some("" | "/") => origin,
                _ => format!("{origin}/…"),
            }
        }
        url::Origin::Opaque(_) => "…".into(),
    }
}

/// A text that may name an address or its path, without either.
pub fn without_address(text: &str, address: &str) -> String {
    let text = text.replace(address, &host_only(address));
    let Ok(url) = Url::parse(address) else {
        return text;
    };
    let parts = [
        Some(url.path()),
        url.query(),
        Some(url.username()),
        url.password(),
    ];
    let secret = |part: &&str| part.trim_matches('/').len() > 3;
    let known = parts.into_iter().flatten().filter(secret);
    known.fold(text, |text, part| text.replace(part.trim_matches('/'), "…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_the_host_is_left() {
        for (address, left) in [
            ("https://hooks.example.com", "https://hooks.example.com"),
            ("https://hooks.example.com/", "https://hooks.example.com"),
            (
                "https://hooks.example.com:8443/T0/B1?key=2",
                "https://hooks.example.com:8443/…",
            ),
            (
                "https://ada:secret@hooks.example.com/",
                "https://hooks.example.com/…",
            ),
            ("https://HOOKS.example.com/x", "https://hooks.example.com/…"),
            ("no address", "…"),
            ("mailto:ada@example.com", "…"),
        ] {
            assert_eq!(host_only(address), left, "{address}");
        }
    }

    #[test]
    fn what_the_other_side_says_is_shown_without_the_path() {
        let address = "https://hooks.example.com/services/T0/B1?key=secret";

        let said = without_address("404 no /services/T0/B1 for key=secret", address);

        assert_eq!(said, "404 no /… for …");
    }
}
