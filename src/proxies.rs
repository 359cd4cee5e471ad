//! Proxies: which peers are believed when they say for whom they speak.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;

/// Addresses and networks, such as `127.0.0.1,10.0.0.0/8`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

/// The networks whose peers speak for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxies(Networks);

impl Networks {
    /// Whether there is none, so that no address lies in them.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address lies in one of them.
    pub fn hold(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.holds(address))
    }
}

impl Proxies {
    /// Who sent a request: the peer, or whom a proxy of ours speaks for; `None` where that cannot be read, so that nobody
    /// is taken for the proxy.
    pub fn sender(&self, request: &HttpRequest) -> Option<IpAddr> {
        let headers = request.headers().get_all("x-forwarded-for");
        let text = |list: &HeaderValue| String::from_utf8_lossy(list.as_bytes()).into_owned();
        let lists: Vec<String> = headers.map(text).collect();
        let forwarded = lists.iter().flat_map(|list| list.split(','));
        let peer = request.peer_addr().map(|peer| peer.ip());
        peer.and_then(|peer| self.client(peer, forwarded))
    }

    /// Who knocks: the peer, unless it is one of these; then the last one in `X-Forwarded-For` that is none of these.
    ///
    /// `forwarded` is the header's list in its order. `None` where one of these names somebody whose address cannot be read.
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> Option<IpAddr> {
        let mut nearest = peer.to_canonical();
        for entry in forwarded.rev() {
            if !self.0.hold(nearest) {
                break;
            }
            nearest = address(entry)?;
        }
        Some(nearest)
    }
}

impl FromStr for Proxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Proxies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each: Vec<String> = self.0.iter().map(Network::to_string).collect();
        out.write_str(&each.join(","))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = if self.address.is_ipv4() { 32 } else { 128 };
        match self.bits {
            bits if bits == whole => write!(out, "{}", self.address),
            bits => write!(out, "{}/{bits}", self.address),
        }
    }
}

impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim);
        let read = |entry: &str| Network::read(entry).ok_or_else(|| wrong(entry));
        let networks = entries.filter(|entry| !entry.is_empty()).map(read);
        networks.collect::<Result<_, _>>().map(Self)
    }
}

fn wrong(entry: &str) -> String {
    format!(
        "“{entry}” is no address and no network; use addresses and networks with commas between, such as \
         127.0.0.1,10.0.0.0/8"
    )
}

/// The addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn read(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').unzip();
        let address: IpAddr = address.unwrap_or(text).parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(width), |bits| bits.parse().ok())?;
        (bits <= width).then(|| Self { address, bits }.canonical())
    }

    /// IPv4 in the clothes of IPv6 counts as IPv4, as with the addresses that are looked for.
    fn canonical(self) -> Self {
        match (self.address.to_canonical(), self.bits) {
            (address, 96..) if address.is_ipv4() && self.address.is_ipv6() => Self {
                address,
                bits: self.bits - 96,
            },
            _ => self,
        }
    }

    fn holds(&self, other: IpAddr) -> bool {
        let (different, width) = match (self.address, other) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                (u128::from(ours.to_bits() ^ other.to_bits()), 32)
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => (ours.to_bits() ^ other.to_bits(), 128),
            _ => return false,
        };
        different.checked_shr(width - self.bits).unwrap_or(0) == 0
    }
}

/// An address with or without a port, of IPv6 with or without brackets; IPv4 in the clothes of IPv6 counts as IPv4.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let with_port = || entry.parse().map(|address: SocketAddr| address.ip()).ok();
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let in_brackets = || bare?.parse().map(IpAddr::V6).ok();
    let address = entry.parse().ok().or_else(with_port).or_else(in_brackets)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &str, peer: &str, forwarded: &str) -> String {
        let trusted: Proxies = trusted.parse().expect("proxies");
        let peer = peer.parse().expect("an address");
        let sender = trusted.client(peer, forwarded.split(','));
        sender.map_or_else(|| "nobody".into(), |sender| sender.to_string())
    }

    #[test]
    fn only_a_trusted_peer_speaks_for_others() {
        assert_eq!(client("127.0.0.1", "127.0.0.1", "8.8.8.8"), "8.8.8.8");
        assert_eq!(client("127.0.0.1", "9.9.9.9", "8.8.8.8"), "9.9.9.9");
        assert_eq!(client("", "127.0.0.1", "8.8.8.8"), "127.0.0.1");
        assert_eq!(
            client("127.0.0.1", "::ffff:127.0.0.1", "8.8.8.8:4711"),
            "8.8.8.8"
        );
    }

    #[test]
    fn a_byte_that_is_no_text_hides_nobody() {
        let hostile = HeaderValue::from_bytes(b"\xe9, 203.0.113.9").expect("a header");
        let request = actix_web::test::TestRequest::default()
            .peer_addr("127.0.0.1:1".parse().expect("an address"))
            .insert_header(("x-forwarded-for", hostile))
            .to_http_request();

        let sender = "127.0.0.1"
            .parse::<Proxies>()
            .expect("proxies")
            .sender(&request);

        assert_eq!(
            sender.map(|sender| sender.to_string()).as_deref(),
            Some("203.0.113.9")
        );
    }

    #[test]
    fn the_last_one_that_is_no_proxy_of_ours_counts() {
        let ours = "127.0.0.1,10.0.0.0/8,fd00::/8";
        assert_eq!(
            client(ours, "127.0.0.1", "1.1.1.1, 8.8.8.8, 10.1.2.3"),
            "8.8.8.8"
        );
        assert_eq!(client(ours, "fd12::1", "2001:db8::7"), "2001:db8::7");
        assert_eq!(client(ours, "127.0.0.1", "10.1.2.3"), "10.1.2.3");
    }

    #[test]
    fn whom_a_proxy_names_unreadably_is_nobody_and_not_the_proxy() {
        let ours = "127.0.0.1,10.0.0.0/8";
        for hidden in [
            "",
            "unknown",
            "8.8.8.8, unknown",
            "8.8.8.8,",
            "1.1.1.1, unknown, 10.1.2.3",
            "[8.8.8.8]",
            "[2001:db8::7",
            "unix:",
        ] {
            assert_eq!(client(ours, "127.0.0.1", hidden), "nobody", "{hidden}");
        }
        assert_eq!(client(ours, "9.9.9.9", "unknown"), "9.9.9.9");
        assert_eq!(client(ours, "127.0.0.1", "unknown, 8.8.8.8"), "8.8.8.8");
        let trusted: Proxies = ours.parse().expect("proxies");
        let peer = "127.0.0.1".parse().expect("an address");
        assert_eq!(trusted.client(peer, std::iter::empty()), Some(peer));
    }

    #[test]
    fn an_address_may_have_brackets_and_a_port() {
        for written in ["2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:4711"] {
            assert_eq!(client("127.0.0.1", "127.0.0.1", written), "2001:db8::7");
        }
        assert_eq!(client("::1", "::1", "[::ffff:8.8.8.8]"), "8.8.8.8");
    }

    #[test]
    fn a_network_is_an_address_and_its_bits() {
        for wrong in ["localhost", "10.0.0.0/33", "10.0.0.0/x", "::/129", "10.0/8"] {
            let refused = format!("127.0.0.1, {wrong}").parse::<Networks>();
            assert!(
                refused.is_err_and(|why| why.starts_with(&format!("“{wrong}” is no"))),
                "{wrong}"
            );
        }
        assert_eq!(client("0.0.0.0/0", "9.9.9.9", "8.8.8.8"), "8.8.8.8");
        for mapped in ["::ffff:172.17.0.1", "::ffff:172.17.0.0/112"] {
            assert_eq!(client(mapped, "172.17.0.1", "8.8.8.8"), "8.8.8.8");
            assert_eq!(client(mapped, "172.18.0.1", "8.8.8.8"), "172.18.0.1");
        }
        assert_eq!(client("::/0", "::2", "2001:db8::7"), "2001:db8::7");
    }
}
