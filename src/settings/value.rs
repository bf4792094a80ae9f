//! Texts to the values of settings: sizes, durations, addresses, names.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;

use crate::base::ident::Ident;

/// A text that its setting does not allow: what was found and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(pub String);

/// Form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A YANG module, of a revision or of the latest one there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleName {
    /// Its name.
    pub name: Ident,
    /// Its revision date.
    pub revision: Option<Ident>,
}

impl ModuleName {
    /// Reads `NAME` or `NAME@REVISION`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(text: &str) -> Result<Self, ValueError> {
        module(text)
    }
}

/// A feature of a module; without a name it stands for no feature at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureName {
    /// The module.
    pub module: Ident,
    /// The feature.
    pub feature: Option<Ident>,
}

fn refuse<T>(text: &str, allowed: &str) -> Result<T, ValueError> {
    let shown: String = text.chars().take(64).collect();
    Err(ValueError(format!("'{shown}' is not {allowed}")))
}

fn parse<T: FromStr>(text: &str, allowed: &str) -> Result<T, ValueError> {
    text.parse().or_else(|_| refuse(text, allowed))
}

/// The one value of a setting that is no list; the last where a flag was repeated.
pub fn one<T>(texts: &[&str], read: fn(&str) -> Result<T, ValueError>) -> Result<T, ValueError> {
    match texts {
        [] => Err(ValueError("a value is missing".to_owned())),
        [.., last] => read(last),
    }
}

/// Every value of a list.
pub fn many<T>(texts: &[&str], read: fn(&str) -> Result<T, ValueError>) -> Result<Vec<T>, ValueError> {
    texts.iter().map(|text| read(text)).collect()
}

/// An address and port.
pub fn address(text: &str) -> Result<SocketAddr, ValueError> {
    parse(text, "an address and port, such as 127.0.0.1:8200 or [::]:8200")
}

/// Yes or no.
pub fn boolean(text: &str) -> Result<bool, ValueError> {
    parse(text, "true or false")
}

/// A network, or a single address.
pub fn network(text: &str) -> Result<IpNet, ValueError> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .or_else(|_| refuse(text, "a network, such as 10.0.0.0/8"))
}

/// A path; must not be empty.
pub fn path(text: &str) -> Result<PathBuf, ValueError> {
    if text.is_empty() { refuse(text, "a path") } else { Ok(PathBuf::from(text)) }
}

/// Any text that is not empty.
pub fn text(text: &str) -> Result<String, ValueError> {
    if text.is_empty() { refuse(text, "a text with at least one character") } else { Ok(text.to_owned()) }
}

/// A name that may stand as a URL segment: the model's `name` type.
pub fn name(text: &str) -> Result<Ident, ValueError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(allowed) && text.len() <= 64
    {
        Ok(Ident::from(text))
    } else {
        refuse(text, "a name: at most 64 letters, digits, '-', '_' and '.', a letter or digit first")
    }
}

/// An identifier of YANG (RFC 7950 section 6.2).
fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// The name of a module, with or without a revision.
pub fn module(text: &str) -> Result<ModuleName, ValueError> {
    let (name, revision) = match text.split_once('@') {
        Some((name, revision)) => (name, Some(revision)),
        None => (text, None),
    };
    let is_date = |text: &str| text.len() == 10 && text.chars().all(|c| c.is_ascii_digit() || c == '-');
    if is_identifier(name) && revision.is_none_or(is_date) {
        Ok(ModuleName { name: Ident::from(name), revision: revision.map(Ident::from) })
    } else {
        refuse(text, "the name of a module, such as example-jukebox or example-jukebox@2016-08-15")
    }
}

/// A module and one of its features.
pub fn feature(text: &str) -> Result<FeatureName, ValueError> {
    match text.split_once(':') {
        Some((module, "")) if is_identifier(module) => {
            Ok(FeatureName { module: Ident::from(module), feature: None })
        }
        Some((module, feature)) if is_identifier(module) && is_identifier(feature) => {
            Ok(FeatureName { module: Ident::from(module), feature: Some(Ident::from(feature)) })
        }
        _ => refuse(
            text,
            "a module and a feature, such as example-jukebox:playlists, or example-jukebox: for none",
        ),
    }
}

/// An `http` or `https` URL; a slash at its end is dropped.
pub fn url(text: &str) -> Result<String, ValueError> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(['?', '#', ' ']) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => refuse(text, "an http or https URL, such as https://strongbox.example.com"),
    }
}

/// An origin as browsers send it, or `*`.
pub fn origin(text: &str) -> Result<String, ValueError> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        _ if text == "*" => Ok(text.to_owned()),
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', ' ', ',']) => Ok(text.to_owned()),
        _ => refuse(text, "an origin, such as https://console.example.com, or *"),
    }
}

/// `text` or `json`.
pub fn log_format(text: &str) -> Result<LogFormat, ValueError> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => refuse(text, "text or json"),
    }
}

/// A number of at least one.
pub fn count(text: &str) -> Result<usize, ValueError> {
    let allowed = "a number of at least 1";
    parse(text, allowed).and_then(|count| if count == 0 { refuse(text, allowed) } else { Ok(count) })
}

/// A number of bytes: `4096`, `16KiB`, `4MiB`.
pub fn size(text: &str) -> Result<u64, ValueError> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let scale = match text.get(digits.len()..).unwrap_or_default().trim() {
        "" | "B" => Some(1_u64),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let bytes = scale.and_then(|scale| digits.parse::<u64>().ok()?.checked_mul(scale));
    bytes.map_or_else(|| refuse(text, "a size; write a number of bytes, or one with KiB, MiB or GiB"), Ok)
}

/// A size that fits the machine's memory.
pub fn memory(text: &str) -> Result<usize, ValueError> {
    size(text).and_then(|bytes| usize::try_from(bytes).or_else(|_| refuse(text, "a size that fits memory")))
}

/// A duration of at least one second, in the product's own form.
pub fn duration(text: &str) -> Result<Duration, ValueError> {
    match text.parse::<crate::base::duration::Duration>() {
        Ok(length) if length.seconds() > 0 => Ok(Duration::from_secs(length.seconds())),
        Ok(_) => refuse(text, "at least 1s"),
        Err(error) => Err(ValueError(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("4096").unwrap(), 4096);
        assert_eq!(size("16KiB").unwrap(), 16 * 1024);
        assert_eq!(size("2 GiB").unwrap(), 2 << 30);
        for wrong in ["", "KiB", "4kb", "1.5MiB", "-1", "99999999999GiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_urls_and_origins() {
        assert!(name("site-1.a_b").is_ok());
        for wrong in ["", "-a", "a/b", "a b", "é"] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
        assert_eq!(url("https://a.example/").unwrap(), "https://a.example");
        assert!(url("ftp://a").is_err() && url("https://").is_err() && url("https://a?b").is_err());
        assert!(origin("https://a.example:8443").is_ok() && origin("https://a/").is_err());
    }

    #[test]
    fn modules_and_features() {
        let found = module("a-b.c@2020-01-31").unwrap();
        assert_eq!((&*found.name, found.revision.as_deref()), ("a-b.c", Some("2020-01-31")));
        assert!(module("a").is_ok_and(|found| found.revision.is_none()));
        for wrong in ["", "a@", "a@x", "1a", "a.yang@2020", "dir/a"] {
            assert!(module(wrong).is_err(), "{wrong}");
        }
        assert_eq!(feature("m:f").unwrap().feature.as_deref(), Some("f"));
        assert_eq!(feature("m:").unwrap().feature, None);
        assert!(feature("m").is_err() && feature(":f").is_err() && feature("m:f:g").is_err());
    }

    #[test]
    fn a_duration_of_nothing_is_refused() {
        assert_eq!(duration("1m30s").unwrap(), Duration::from_secs(90));
        assert!(duration("0s").is_err() && duration("15").is_err());
    }
}
