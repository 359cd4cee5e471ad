//! Proxies: which peers are believed when they say for whom they speak.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Addresses and networks, such as `127.0.0.1,10.0.0.0/8`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxies(Vec<Network>);

impl Proxies {
    /// Who knocks: the peer, unless it is one of these; then the last one in `X-Forwarded-For` that is none of these.
    ///
    /// `forwarded` is the header's list in its order. What stands before an entry that is no address is not believed.
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let mut nearest = peer.to_canonical();
        for entry in forwarded.rev() {
            let Some(before) = address(entry).filter(|_| self.trusts(nearest)) else {
                break;
            };
            nearest = before;
        }
        nearest
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.holds(address))
    }
}

impl FromStr for Proxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim);
        let networks = entries.filter(|entry| !entry.is_empty()).map(Network::read);
        let networks: Option<Vec<Network>> = networks.collect();
        networks.map(Self).ok_or_else(|| {
            "use addresses and networks with commas between, such as 127.0.0.1,10.0.0.0/8".into()
        })
    }
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
        (bits <= width).then_some(Self { address, bits })
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

/// An address with or without a port; IPv4 in the clothes of IPv6 counts as IPv4.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let with_port = || entry.parse().map(|address: SocketAddr| address.ip());
    let address: IpAddr = entry.parse().or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &str, peer: &str, forwarded: &str) -> String {
        let trusted: Proxies = trusted.parse().expect("proxies");
        let peer = peer.parse().expect("an address");
        trusted.client(peer, forwarded.split(',')).to_string()
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
    fn the_last_one_that_is_no_proxy_of_ours_counts() {
        let ours = "127.0.0.1,10.0.0.0/8,fd00::/8";
        assert_eq!(
            client(ours, "127.0.0.1", "1.1.1.1, 8.8.8.8, 10.1.2.3"),
            "8.8.8.8"
        );
        assert_eq!(client(ours, "fd12::1", "2001:db8::7"), "2001:db8::7");
        assert_eq!(client(ours, "127.0.0.1", "10.1.2.3"), "10.1.2.3");
        assert_eq!(
            client(ours, "127.0.0.1", "1.1.1.1, unknown, 10.1.2.3"),
            "10.1.2.3"
        );
        assert_eq!(client(ours, "127.0.0.1", ""), "127.0.0.1");
    }

    #[test]
    fn a_network_is_an_address_and_its_bits() {
        for wrong in ["localhost", "10.0.0.0/33", "10.0.0.0/x", "::/129", "10.0/8"] {
            assert!(wrong.parse::<Proxies>().is_err(), "{wrong}");
        }
        assert_eq!(client("0.0.0.0/0", "9.9.9.9", "8.8.8.8"), "8.8.8.8");
        assert_eq!(client("::/0", "::2", "2001:db8::7"), "2001:db8::7");
    }
}
