//! Who is at the other end of a connection: the peer's address, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hyper::header::HeaderMap;
use ipnet::IpNet;
use rustls_pki_types::CertificateDer;

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its socket.
    pub socket: SocketAddr,
    /// Whether the connection is TLS.
    pub encrypted: bool,
    /// The certificate that it showed and that the listener's authorities stand behind, and those that came with it.
    pub certificate: Option<Arc<[CertificateDer<'static>]>>,
}

/// The client of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The address that counts: for rate limits, bound networks and the audit log.
    pub address: IpAddr,
    /// The other end of the connection: another address behind a trusted proxy.
    pub peer: Peer,
}

impl Client {
    /// The certificate that the client itself showed. Behind a proxy there is none: what the proxy shows is its own.
    pub fn certificate(&self) -> Option<&Arc<[CertificateDer<'static>]>> {
        self.peer.certificate.as_ref().filter(|_| self.address == plain(self.peer.socket.ip()))
    }

    /// The client behind a connection. Only a peer in `trusted` is believed: then the last address of `X-Forwarded-For`
    /// that is not itself a trusted proxy counts.
    pub fn of(peer: &Peer, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let mut address = plain(peer.socket.ip());
        if !trusted.is_empty() {
            let lines: Vec<&str> =
                headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
            let mut hops = lines.iter().rev().flat_map(|line| line.rsplit(',')).map(str::trim);
            while trusted.iter().any(|network| network.contains(&address)) {
                let Some(hop) = hops.next().and_then(parse_hop) else { break };
                address = hop;
            }
        }
        Client { address, peer: peer.clone() }
    }
}

/// An IPv4 address that came over an IPv6 socket, as IPv4.
pub(super) fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip())).map(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let peer = Peer { socket: peer.parse().unwrap(), encrypted: false, certificate: None };
        Client::of(&peer, &headers, &trusted).address.to_string()
    }

    #[test]
    fn forwarded_for_is_believed_from_trusted_proxies_only() {
        assert_eq!(address("9.9.9.9:1", &["1.2.3.4"], &[]), "9.9.9.9");
        assert_eq!(address("9.9.9.9:1", &["1.2.3.4"], &["10.0.0.0/8"]), "9.9.9.9");
        assert_eq!(address("10.0.0.1:1", &["1.2.3.4"], &["10.0.0.0/8"]), "1.2.3.4");
    }

    #[test]
    fn a_client_cannot_put_words_before_the_proxies_own() {
        assert_eq!(address("10.0.0.1:1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"], &["10.0.0.0/8"]), "1.2.3.4");
        assert_eq!(address("10.0.0.1:1", &["6.6.6.6", "1.2.3.4"], &["10.0.0.0/8"]), "1.2.3.4");
    }

    #[test]
    fn the_certificate_of_a_proxy_is_not_that_of_the_client() {
        let certificate = Some(Arc::from([CertificateDer::from(vec![1])]));
        let peer = Peer { socket: "10.0.0.1:1".parse().unwrap(), encrypted: true, certificate };
        let mut headers = HeaderMap::new();
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        assert!(Client::of(&peer, &headers, &trusted).certificate().is_some(), "the proxy asks for itself");
        headers.insert("x-forwarded-for", "1.2.3.4".parse().unwrap());
        assert!(Client::of(&peer, &headers, &[]).certificate().is_some(), "nobody is believed");
        assert_eq!(Client::of(&peer, &headers, &trusted).certificate(), None);
    }

    #[test]
    fn nonsense_stops_the_walk() {
        assert_eq!(address("10.0.0.1:1", &["1.2.3.4, unknown"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(address("[::ffff:10.0.0.1]:1", &["[2001:db8::1]"], &["10.0.0.0/8"]), "2001:db8::1");
    }
}
