//! The table of settings: the one place that says what can be set, under which name, and what it means. Flags,
//! environment variables, the file and the documentation all come from it.

use std::fmt::Write as _;

use super::value::{self, ValueError};
use super::{Given, Settings};

/// The form of a setting that is on or off.
const SWITCH: &str = "true|false";

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name in the file; a dot stands for a map inside a map: `tls.key`.
    pub name: &'static str,
    /// Its flag without the dashes, where that does not follow from the name; empty where it does.
    pub flag: &'static str,
    /// What a value looks like, for help and documentation.
    pub form: &'static str,
    /// Whether it takes several values.
    pub list: bool,
    /// The value in use when nothing is set; empty for none.
    pub default: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Puts values into the settings.
    pub apply: fn(&mut Settings, &[&str]) -> Result<(), ValueError>,
}

/// Two settings are the same when they have the same name.
impl PartialEq for Setting {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Setting {}

impl Setting {
    /// Its flag without the dashes: `tls-key`.
    pub fn flag(&self) -> String {
        if self.flag.is_empty() { self.name.replace('.', "-") } else { self.flag.to_owned() }
    }

    /// Its environment variable: `STRONGBOX_TLS_KEY`.
    pub fn variable(&self) -> String {
        format!("STRONGBOX_{}", self.name.replace(['.', '-'], "_").to_ascii_uppercase())
    }

    /// Whether its flag alone says yes.
    fn is_switch(&self) -> bool {
        self.form == SWITCH
    }

    /// The values in an environment variable: separated by commas where it is a list.
    pub fn split(&self, text: &str) -> Vec<String> {
        if self.list {
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        } else {
            vec![text.to_owned()]
        }
    }

    /// The flags of the whole table for a command.
    pub fn arguments() -> Vec<clap::Arg> {
        TABLE
            .iter()
            .map(|setting| {
                let default = match setting.default {
                    "" => String::new(),
                    default => format!(" [default: {default}]"),
                };
                clap::Arg::new(setting.name)
                    .long(setting.flag())
                    .value_name(setting.form)
                    .help(format!("{}{default} [env: {}]", setting.doc, setting.variable()))
                    .action(if setting.list { clap::ArgAction::Append } else { clap::ArgAction::Set })
                    .num_args(match (setting.list, setting.is_switch()) {
                        (true, _) => 1..=usize::MAX,
                        (false, true) => 0..=1,
                        (false, false) => 1..=1,
                    })
                    .default_missing_value("true")
                    .require_equals(setting.is_switch())
            })
            .collect()
    }

    /// What was given of [`Setting::arguments`].
    pub fn given(matches: &clap::ArgMatches) -> Vec<Given> {
        TABLE
            .iter()
            .filter_map(|setting| {
                let values = matches.try_get_many::<String>(setting.name).ok()??;
                Some(Given { setting, values: values.cloned().collect() })
            })
            .collect()
    }

    /// The table as Markdown, for the documentation.
    pub fn documentation() -> String {
        let mut out = String::from(
            "| setting | flag | environment | value | default | meaning |\n| --- | --- | --- | --- | --- | --- |\n",
        );
        for setting in TABLE {
            let default =
                if setting.default.is_empty() { "-".to_owned() } else { format!("`{}`", setting.default) };
            let list = if setting.list { ", a list" } else { "" };
            let _ = writeln!(
                out,
                "| `{}` | `--{}` | `{}` | {}{list} | {default} | {} |",
                setting.name,
                setting.flag(),
                setting.variable(),
                setting.form,
                setting.doc
            );
        }
        out
    }
}

macro_rules! settings {
    (@list one) => { false };
    (@list many) => { true };
    (@flag) => { "" };
    (@flag $flag:literal) => { $flag };
    ($($name:literal $(as $flag:literal)?, $arity:ident $read:ident $form:literal, $default:literal, $doc:literal => |$into:ident, $value:ident| $set:expr;)*) => {
        /// Every setting, in the order of the documentation.
        pub const TABLE: &[Setting] = &[$(Setting {
            name: $name,
            flag: settings!(@flag $($flag)?),
            form: $form,
            list: settings!(@list $arity),
            default: $default,
            doc: $doc,
            apply: |$into, texts| {
                let $value = value::$arity(texts, value::$read)?;
                $set;
                Ok(())
            },
        },)*];
    };
}

settings! {
    "listen", many address "ADDRESS:PORT", "127.0.0.1:8200",
        "Addresses to listen on; port 0 takes a free one" => |into, value| into.listen = value;
    "data-directory", one path "DIRECTORY", "/var/lib/strongbox",
        "Where the store lives; made when it does not exist" => |into, value| into.data_directory = value;
    "seal.key-file", one path "FILE", "",
        "Seal key in base64, readable by its owner only, for a daemon that is to unseal itself; without it, STRONGBOX_SEAL_KEY and the systemd credential strongbox-seal-key are looked for"
        => |into, value| into.seal.key_file = Some(value);
    "log-retention", one count "NUMBER", "100000",
        "How many revisions stay in the log at least: as far back goes the history of commits, and rolling back" => |into, value| into.log_retention = u64::try_from(value).unwrap_or(u64::MAX);
    "lock-memory", one boolean "true|false", "true",
        "Keep the memory of the daemon, which has the keys in it, off the swap; a warning where the system does not allow it" => |into, value| into.lock_memory = value;
    "boot", many path "FILE|DIRECTORY", "",
        "Configuration in YAML or JSON that is merged in, all or nothing, at every start" => |into, value| into.boot = value;
    "yang.dirs" as "yang-dir", many path "DIRECTORY", "",
        "Directories with YANG modules of your own, searched with those below them" => |into, value| into.yang.dirs = value;
    "yang.modules" as "module", many module "NAME[@REVISION]", "",
        "Modules of your own to serve; what they import is found by itself" => |into, value| into.yang.modules = value;
    "yang.features" as "feature", many feature "MODULE:FEATURE", "",
        "Features that are on; a module that is named here has only these, one that is not has all of its features"
        => |into, value| into.yang.features = value;
    "tls.certificate", one path "FILE", "",
        "Certificate chain in PEM, leaf first; without it the listeners speak plain HTTP" => |into, value| into.tls_certificate = Some(value);
    "tls.key", one path "FILE", "",
        "Private key of the certificate in PEM" => |into, value| into.tls_key = Some(value);
    "tls.client-authorities", one path "FILE", "",
        "Certificates in PEM of those who may sign client certificates; without it clients are not asked for one"
        => |into, value| into.tls_client_authorities = Some(value);
    "insecure-http", one boolean "true|false", "false",
        "Let listeners without TLS be reached from other machines; tokens and passwords can then be read on the way"
        => |into, value| into.insecure_http = value;
    "public-url", one url "URL", "",
        "URL under which clients reach the daemon, which issuers without one of their own are named after; when not set, made of the first listen address"
        => |into, value| into.public_url = Some(value);
    "site", one name "NAME", "local",
        "Name of this site, as `?site=` and ${SYS_SITE} mean it" => |into, value| into.site = value;
    "default-tenant", one name "NAME", "system",
        "Tenant whose issuers are served at /jwt/NAME as well as at /TENANT/jwt/NAME" => |into, value| into.default_tenant = value;
    "log.format", one log_format "text|json", "text",
        "Form of log lines" => |into, value| into.log_format = value;
    "log.level", one text "FILTER", "info",
        "Which log lines to write: error, warn, info, debug, trace, or a filter such as strongbox=debug" => |into, value| into.log_level = value;
    "audit.file", one path "FILE", "",
        "Where audit lines go; when not set, audit.log in the data directory" => |into, value| into.audit_file = Some(value);
    "audit.rotate-bytes", one size "SIZE", "256MiB",
        "Size at which an audit file is kept under the number of its last line and a new one begun" => |into, value| into.audit_rotation.bytes = value;
    "audit.keep", one count "NUMBER", "",
        "How many full audit files are kept; when not set, all of them" => |into, value| into.audit_rotation.keep = Some(value);
    "audit.anonymous-file", one path "FILE", "",
        "Where audit lines of calls without a valid token go; when not set, audit-anonymous.log beside the audit file"
        => |into, value| into.audit_anonymous_file = Some(value);
    "audit.anonymous-bytes", one size "SIZE", "64MiB",
        "Size at which a new anonymous audit file is begun; one full one is kept" => |into, value| into.audit_anonymous_bytes = value;
    "limits.connections", one count "NUMBER", "4096",
        "Connections open at once; further ones wait" => |into, value| into.limits.connections = value;
    "limits.connections-per-address", one count "NUMBER", "1024",
        "Connections open at once from one address, trusted proxies excepted; further ones are closed"
        => |into, value| into.limits.connections_per_address = value;
    "limits.requests-per-address", one count "NUMBER", "512",
        "Requests at once from one client address; further ones are 429" => |into, value| into.limits.requests_per_address = value;
    "limits.event-streams-per-address", one count "NUMBER", "1024",
        "Streams of events at once from one client address; further ones are 429"
        => |into, value| into.limits.event_streams_per_address = value;
    "limits.event-stream-patience", one duration "DURATION", "30s",
        "How long a stream of events waits for a client that does not read before its connection is closed"
        => |into, value| into.limits.event_stream_patience = value;
    "limits.push-bytes", one memory "SIZE", "16MiB",
        "Size of the data in one notification of a subscription to data; a subscription to more is refused, or suspended"
        => |into, value| into.limits.push_bytes = value;
    "limits.streams", one count "NUMBER", "128",
        "Requests at once on one HTTP/2 connection"
        => |into, value| into.limits.streams = u32::try_from(value).unwrap_or(u32::MAX);
    "limits.header-bytes", one memory "SIZE", "32KiB",
        "Size of a request's header section; more is 431" => |into, value| into.limits.header_bytes = value;
    "limits.header-timeout", one duration "DURATION", "15s",
        "How long a client may take for a header section or a TLS handshake, or stay idle" => |into, value| into.limits.header_timeout = value;
    "limits.url-bytes", one memory "SIZE", "16KiB",
        "Length of a URL; more is 414" => |into, value| into.limits.url_bytes = value;
    "limits.body-bytes", one memory "SIZE", "4MiB",
        "Size of a request body; more is 413" => |into, value| into.limits.body_bytes = value;
    "limits.body-timeout", one duration "DURATION", "30s",
        "How long a client may take to send a body; longer is 408" => |into, value| into.limits.body_timeout = value;
    "limits.shutdown-grace", one duration "DURATION", "10s",
        "How long requests in flight may go on when the daemon stops" => |into, value| into.limits.shutdown_grace = value;
    "cors.origins", many origin "ORIGIN", "",
        "Browser origins that may read answers; none: CORS is off" => |into, value| into.cors_origins = value;
    "trusted-proxies", many network "NETWORK", "",
        "Proxies whose X-Forwarded-For is believed" => |into, value| into.trusted_proxies = value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::http::Limits;

    #[test]
    fn every_default_is_a_value_of_its_setting() {
        let mut settings = Settings::defaults();
        for setting in TABLE.iter().filter(|setting| !setting.default.is_empty()) {
            (setting.apply)(&mut settings, &[setting.default]).unwrap();
        }
        assert_eq!(settings.limits, Limits::default());
    }

    #[test]
    fn flags_and_variables_follow_from_the_name() {
        let setting = TABLE.iter().find(|setting| setting.name == "tls.certificate").unwrap();
        assert_eq!(setting.flag(), "tls-certificate");
        assert_eq!(setting.variable(), "STRONGBOX_TLS_CERTIFICATE");
    }

    #[test]
    fn flags_come_back_as_given() {
        let command = clap::Command::new("serve").args(Setting::arguments());
        let matches = command
            .try_get_matches_from(["serve", "--listen", "127.0.0.1:0", "--listen", "[::1]:0", "--site", "a"])
            .unwrap();
        let given: Vec<(&str, usize)> =
            Setting::given(&matches).iter().map(|given| (given.setting.name, given.values.len())).collect();
        assert_eq!(given, [("listen", 2), ("site", 1)]);
    }

    #[test]
    fn a_switch_needs_no_value_and_takes_one_behind_an_equals_sign() {
        for (argument, value) in [("--insecure-http", "true"), ("--insecure-http=false", "false")] {
            let command = clap::Command::new("serve").args(Setting::arguments());
            let matches = command.try_get_matches_from(["serve", argument, "--site", "a"]).unwrap();
            assert_eq!(Setting::given(&matches)[0].values, [value]);
        }
    }

    #[test]
    fn a_list_takes_several_values_behind_one_flag_or_one_behind_each() {
        for arguments in [&["serve", "--module", "a", "b"][..], &["serve", "--module", "a", "--module", "b"]]
        {
            let command = clap::Command::new("serve").args(Setting::arguments());
            let matches = command.try_get_matches_from(arguments).unwrap();
            assert_eq!(Setting::given(&matches)[0].values, ["a", "b"]);
        }
    }

    #[test]
    fn the_documentation_has_a_row_for_each() {
        assert_eq!(Setting::documentation().lines().count(), TABLE.len() + 2);
    }
}
