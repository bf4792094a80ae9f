//! Texts of which the standard type modules (RFC 6991, RFC 9911) make one spelling canonical: addresses, prefixes, and what
//! is in lower case.

use std::net::{Ipv4Addr, Ipv6Addr};

/// How a text is brought to its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// Letters are in lower case: `mac-address`, `uuid`, `domain-name` and others.
    LowerCase,
    /// `ipv6-address`, with or without a zone: as RFC 5952 has it.
    Ipv6Address,
    /// `ipv4-prefix`: no bit is set behind the prefix.
    Ipv4Prefix,
    /// `ipv6-prefix`: no bit is set behind the prefix, and the address is as RFC 5952 has it.
    Ipv6Prefix,
}

impl Spelling {
    /// The spelling of a well-known typedef.
    pub fn of_typedef(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("ietf-yang-types", "mac-address" | "phys-address" | "hex-string" | "uuid")
            | ("ietf-inet-types", "domain-name") => Spelling::LowerCase,
            ("ietf-inet-types", "ipv6-address" | "ipv6-address-no-zone") => Spelling::Ipv6Address,
            ("ietf-inet-types", "ipv4-prefix") => Spelling::Ipv4Prefix,
            ("ietf-inet-types", "ipv6-prefix") => Spelling::Ipv6Prefix,
            _ => return None,
        })
    }

    /// The canonical form of a text; `None` where it is not what its type is for.
    pub fn canonical(self, text: &str) -> Option<String> {
        match self {
            Spelling::LowerCase => Some(text.to_ascii_lowercase()),
            Spelling::Ipv6Address => {
                let (address, zone) = match text.split_once('%') {
                    Some((address, zone)) => (address, Some(zone)),
                    None => (text, None),
                };
                let address: Ipv6Addr = address.parse().ok()?;
                Some(match zone {
                    Some(zone) => format!("{address}%{zone}"),
                    None => address.to_string(),
                })
            }
            Spelling::Ipv4Prefix => {
                let (address, length) = text.split_once('/')?;
                let (address, length): (Ipv4Addr, u32) = (address.parse().ok()?, length.parse().ok()?);
                let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0);
                Some(format!("{}/{length}", Ipv4Addr::from_bits(address.to_bits() & mask)))
            }
            Spelling::Ipv6Prefix => {
                let (address, length) = text.split_once('/')?;
                let (address, length): (Ipv6Addr, u32) = (address.parse().ok()?, length.parse().ok()?);
                let mask = u128::MAX.checked_shl(128_u32.checked_sub(length)?).unwrap_or(0);
                Some(format!("{}/{length}", Ipv6Addr::from_bits(address.to_bits() & mask)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6991_4_addresses_and_prefixes_have_one_form() {
        for (spelling, text, canonical) in [
            (Spelling::Ipv6Address, "2001:DB8:0:0::1", "2001:db8::1"),
            (Spelling::Ipv6Address, "::FFFF:192.0.2.1", "::ffff:192.0.2.1"),
            (Spelling::Ipv6Address, "FE80::1%Eth0", "fe80::1%Eth0"),
            (Spelling::Ipv4Prefix, "192.0.2.129/25", "192.0.2.128/25"),
            (Spelling::Ipv4Prefix, "192.0.2.129/0", "0.0.0.0/0"),
            (Spelling::Ipv4Prefix, "192.0.2.129/32", "192.0.2.129/32"),
            (Spelling::Ipv6Prefix, "2001:DB8::FF/112", "2001:db8::/112"),
            (Spelling::Ipv6Prefix, "2001:DB8::1/0", "::/0"),
            (Spelling::Ipv6Prefix, "2001:DB8::1/128", "2001:db8::1/128"),
            (Spelling::LowerCase, "00:1A:2b", "00:1a:2b"),
        ] {
            assert_eq!(spelling.canonical(text).as_deref(), Some(canonical), "{text}");
        }
    }

    #[test]
    fn what_no_address_can_be_is_refused_though_a_pattern_may_match() {
        assert_eq!(Spelling::Ipv6Address.canonical("1:2:3:4:5:6:7:8:9"), None);
        assert_eq!(Spelling::Ipv4Prefix.canonical("192.0.2.1/33"), None);
        assert_eq!(Spelling::Ipv6Prefix.canonical("::1/129"), None);
        assert_eq!(Spelling::Ipv6Prefix.canonical("::1"), None);
    }
}
