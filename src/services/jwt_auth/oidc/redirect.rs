//! Where a browser may be sent back to (RFC 8252 section 7.3 for programs on the user's own machine).
//!
//! A URL must be one of the role's, letter by letter. Of this machine's own (`localhost`, `127.0.0.1`, `[::1]`) the port may
//! be any, because whoever listens there takes a free one; everything else of them, the spelling of the host included, is
//! compared too.

use std::net::IpAddr;

/// Whether a role allows a URL.
pub fn is_allowed(given: &str, allowed: &[String]) -> bool {
    if given.contains(['#', '\\']) || given.chars().any(|letter| letter.is_control() || letter == ' ') {
        return false;
    }
    let own = Local::of(given);
    allowed.iter().any(|one| one == given || (own.is_some() && Local::of(one) == own))
        && !authority(given).is_some_and(|authority| authority.contains('@'))
}

/// A URL of this machine, without its port.
#[derive(PartialEq, Eq)]
struct Local<'u> {
    scheme: &'u str,
    host: &'u str,
    rest: &'u str,
}

impl<'u> Local<'u> {
    fn of(url: &'u str) -> Option<Self> {
        let (scheme, after) = url.split_once("://")?;
        let authority = authority(url)?;
        let rest = after.strip_prefix(authority)?;
        let (host, port) = match authority.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':').or(port.is_empty().then_some(""))?),
            None => authority.split_once(':').unwrap_or((authority, "")),
        };
        let is_local =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let fits = matches!(scheme, "http" | "https") && port.bytes().all(|byte| byte.is_ascii_digit());
        (is_local && fits).then_some(Local { scheme, host, rest })
    }
}

/// Host and port of a URL, with what stands in front of them.
fn authority(url: &str) -> Option<&str> {
    let (_, after) = url.split_once("://")?;
    after.split(['/', '?', '#']).next()
}

/// Cuts the parameter `namespace` off a URL; its value, and the rest.
pub fn without_namespace(url: &str) -> (Option<String>, String) {
    let Some((base, query)) = url.split_once('?') else { return (None, url.to_owned()) };
    let mut namespace = None;
    let mut rest: Vec<&str> = Vec::new();
    for pair in query.split('&') {
        match pair.strip_prefix("namespace=") {
            Some(value) if !value.is_empty() => namespace = Some(value.to_owned()),
            _ => rest.push(pair),
        }
    }
    match (namespace, rest.is_empty()) {
        (None, _) => (None, url.to_owned()),
        (namespace, true) => (namespace, base.to_owned()),
        (namespace, false) => (namespace, format!("{base}?{}", rest.join("&"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris_are_compared_letter_by_letter_but_for_the_port_of_this_machine() {
        for (allowed, given, fine) in [
            ("https://vault.example.com/cb", "https://vault.example.com/cb", true),
            ("https://vault.example.com/cb", "https://vault.example.com:8200/cb", false),
            ("https://vault.example.com:8200/cb", "https://vault.example.com:8201/cb", false),
            ("https://vault.example.com/cb", "http://vault.example.com/cb", false),
            ("https://vault.example.com/cb", "https://VAULT.example.com/cb", false),
            ("https://vault.example.com/cb", "https://vault.example.com/cb/", false),
            ("https://vault.example.com/cb", "https://vault.example.com.evil.example/cb", false),
            ("https://vault.example.com/cb", "https://vault.example.com/cb?x=1", false),
            ("http://localhost:8250/oidc/callback", "http://localhost:9999/oidc/callback", true),
            ("http://localhost/oidc/callback", "http://localhost:9999/oidc/callback", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1234/cb", true),
            ("http://127.0.0.1/cb", "http://127.0.0.2:1234/cb", false),
            ("http://[::1]:1/cb", "http://[::1]:2/cb", true),
            ("http://localhost/cb", "http://127.0.0.1/cb", false),
            ("http://localhost/cb", "https://localhost/cb", false),
            ("http://localhost/cb", "http://localhost/other", false),
            ("http://localhost/cb?a=1", "http://localhost:5/cb?a=1", true),
            ("http://localhost/cb?a=1", "http://localhost:5/cb?a=2", false),
            ("http://localhost/cb", "http://localhost:80@evil.example/cb", false),
            ("http://localhost/cb", "http://localhost.evil.example/cb", false),
            ("http://localhost/cb", "http://localhost:/cb#x", false),
            ("http://localhost/cb", "http://user@localhost/cb", false),
            ("http://localhost/cb", "http://localhost\\@evil.example/cb", false),
            ("myapp://callback", "myapp://callback", true),
            ("myapp://localhost:1/cb", "myapp://localhost:2/cb", false),
        ] {
            assert_eq!(is_allowed(given, &[allowed.to_owned()]), fine, "{given} by {allowed}");
        }
        assert!(!is_allowed("http://localhost/cb", &[]));
    }

    #[test]
    fn a_namespace_is_cut_off() {
        for (url, namespace, rest) in [
            ("https://x/cb", None, "https://x/cb"),
            ("https://x/cb?namespace=ns1", Some("ns1"), "https://x/cb"),
            ("https://x/cb?a=1&namespace=ns1&b=2", Some("ns1"), "https://x/cb?a=1&b=2"),
            ("https://x/cb?namespace=", None, "https://x/cb?namespace="),
        ] {
            let (found, left) = without_namespace(url);
            assert_eq!((found.as_deref(), left.as_str()), (namespace, rest));
        }
    }
}
