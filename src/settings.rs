//! The daemon's own settings: one table, read from `strongbox.yaml`, the environment and flags, in rising precedence.
//!
//! What the daemon manages (issuers, users, policies) is data of the model and never here.

mod file;
mod table;
mod value;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;

use crate::access::audit::Rotation;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::base::suggest::nearest;
use crate::surface::http::Limits;
use crate::surface::http::tls::TlsFiles;
pub use table::{Setting, TABLE};
pub use value::{FeatureName, LogFormat, ModuleName, ValueError};

/// The modules that are served besides the product's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct YangSettings {
    /// Where modules are looked for.
    pub dirs: Vec<PathBuf>,
    /// What is served.
    pub modules: Vec<ModuleName>,
    /// Which features of it are on.
    pub features: Vec<FeatureName>,
}

/// Where a daemon that unseals itself finds the seal key; the first of them counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealSettings {
    /// A file that only its owner can read.
    pub key_file: Option<PathBuf>,
    /// The key itself in base64, from the environment variable [`SEAL_KEY`]: never a flag, which everybody on the machine
    /// can read.
    pub key: Option<Secret>,
    /// Where systemd puts credentials.
    pub credentials_directory: Option<PathBuf>,
}

/// The environment variable that holds a seal key.
pub const SEAL_KEY: &str = "STRONGBOX_SEAL_KEY";
/// The environment variable in which systemd says where credentials are.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Every setting with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Addresses to listen on; port 0 asks the system for a free one.
    pub listen: Vec<SocketAddr>,
    /// Where the store lives.
    pub data_directory: PathBuf,
    /// Where a daemon that unseals itself finds the seal key.
    pub seal: SealSettings,
    /// So many revisions stay in the log at least.
    pub log_retention: u64,
    /// Whether memory is kept off the swap.
    pub lock_memory: bool,
    /// Files and directories of configuration to apply at start.
    pub boot: Vec<PathBuf>,
    /// Modules of the user's own.
    pub yang: YangSettings,
    /// TLS for the listeners; plain HTTP where it is not set.
    pub tls: Option<TlsFiles>,
    /// Listeners without TLS may be reached from other machines.
    pub insecure_http: bool,
    /// The URL under which clients reach this daemon, without a slash at its end; made of the first listen address where
    /// it is not set.
    pub public_url: Option<String>,
    /// Name of this site.
    pub site: Ident,
    /// The tenant whose issuers are also served without its name in the path.
    pub default_tenant: Ident,
    /// Form of log lines.
    pub log_format: LogFormat,
    /// Which log lines to write, as a filter of `tracing`: `info`, `strongbox=debug`.
    pub log_level: String,
    /// Where audit lines go; `audit.log` in the data directory where it is not set.
    pub audit_file: Option<PathBuf>,
    /// When an audit file is full, and how many full ones are kept.
    pub audit_rotation: Rotation,
    /// Where audit lines of calls without a valid token go; `audit-anonymous.log` beside the audit file where it is not
    /// set.
    pub audit_anonymous_file: Option<PathBuf>,
    /// Size in bytes at which a new anonymous audit file is begun.
    pub audit_anonymous_bytes: u64,
    /// Bounds of the listeners.
    pub limits: Limits,
    /// Browser origins that may read answers.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Halves of `tls`, until both are known.
    tls_certificate: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    tls_client_authorities: Option<PathBuf>,
}

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct SettingError {
    /// Where it stands: `strongbox.yaml:3:1`, `STRONGBOX_LISTEN`, `--listen`.
    pub place: String,
    /// What was found, and what is allowed.
    pub message: String,
}

/// A setting with the texts given for it: several for a list, one otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its row of the table.
    pub setting: &'static Setting,
    /// The values as text.
    pub values: Vec<String>,
}

impl Settings {
    /// The settings of the table's defaults alone.
    pub fn defaults() -> Self {
        let mut settings = Settings {
            listen: Vec::new(),
            data_directory: PathBuf::new(),
            seal: SealSettings::default(),
            log_retention: 0,
            lock_memory: false,
            boot: Vec::new(),
            yang: YangSettings::default(),
            tls: None,
            insecure_http: false,
            public_url: None,
            site: Ident::from(""),
            default_tenant: Ident::from(""),
            log_format: LogFormat::Text,
            log_level: String::new(),
            audit_file: None,
            audit_rotation: Rotation { bytes: u64::MAX, keep: None },
            audit_anonymous_file: None,
            audit_anonymous_bytes: 0,
            limits: Limits::default(),
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            tls_certificate: None,
            tls_key: None,
            tls_client_authorities: None,
        };
        for setting in TABLE {
            if !setting.default.is_empty() {
                // A test holds that every default of the table is a value of its setting.
                let _ = (setting.apply)(&mut settings, &[setting.default]);
            }
        }
        settings
    }

    /// Reads the settings: defaults, then the file, then the environment, then flags; the later wins, and a list replaces
    /// the earlier list.
    ///
    /// # Errors
    /// Everything that is wrong: an unknown name with the nearest known one, a value that its setting does not allow, with
    /// file, line and column, or the variable or flag.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[Given],
    ) -> Result<Settings, Vec<SettingError>> {
        let mut settings = Settings::defaults();
        let mut errors = Vec::new();
        if let Some(path) = file {
            let name = path.display().to_string();
            match std::fs::read_to_string(path) {
                Ok(text) => file::apply(&name, &text, &mut settings, &mut errors),
                Err(error) => errors.push(SettingError { place: name, message: error.to_string() }),
            }
        }
        for (variable, text) in environment {
            settings.apply_variable(&variable, &text, &mut errors);
        }
        for given in flags {
            let place = format!("--{}", given.setting.flag());
            settings.apply_texts(given.setting, &given.values, &place, &mut errors);
        }
        settings.tls = settings.tls_files(&mut errors);
        settings.check_plain_listeners(&mut errors);
        if errors.is_empty() { Ok(settings) } else { Err(errors) }
    }

    /// The audit file, set or implied.
    pub fn audit_file(&self) -> PathBuf {
        self.audit_file.clone().unwrap_or_else(|| self.data_directory.join("audit.log"))
    }

    /// The audit file of calls without a valid token, set or implied.
    pub fn audit_anonymous_file(&self) -> PathBuf {
        self.audit_anonymous_file
            .clone()
            .unwrap_or_else(|| self.audit_file().with_file_name("audit-anonymous.log"))
    }

    /// The URL of this daemon, set or made of the address that its first listener was given.
    pub fn public_url(&self, first: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| {
            let scheme = if self.tls.is_some() { "https" } else { "http" };
            format!("{scheme}://{first}")
        })
    }

    /// Certificate and key, which come together, and what goes with them only.
    fn tls_files(&self, errors: &mut Vec<SettingError>) -> Option<TlsFiles> {
        let mut missing = |place: &str, beside: &str| {
            let message = format!("is missing beside {beside}");
            errors.push(SettingError { place: place.to_owned(), message });
            None
        };
        match (&self.tls_certificate, &self.tls_key, &self.tls_client_authorities) {
            (Some(certificate), Some(key), client_authorities) => Some(TlsFiles {
                certificate: certificate.clone(),
                key: key.clone(),
                client_authorities: client_authorities.clone(),
            }),
            (Some(_), None, _) => missing("tls.key", "tls.certificate"),
            (None, Some(_), _) => missing("tls.certificate", "tls.key"),
            (None, None, Some(_)) => missing("tls.certificate", "tls.client-authorities"),
            (None, None, None) => None,
        }
    }

    fn check_plain_listeners(&self, errors: &mut Vec<SettingError>) {
        if self.tls.is_some() || self.insecure_http {
            return;
        }
        for address in self.listen.iter().filter(|address| !address.ip().to_canonical().is_loopback()) {
            errors.push(SettingError {
                place: "listen".to_owned(),
                message: format!(
                    "{address} can be reached from other machines and is not encrypted: set tls.certificate and \
                     tls.key, or insecure-http where something in front of it does TLS"
                ),
            });
        }
    }

    fn apply_variable(&mut self, variable: &str, text: &str, errors: &mut Vec<SettingError>) {
        match variable {
            SEAL_KEY => return self.seal.key = Some(Secret::new(text.as_bytes())),
            CREDENTIALS_DIRECTORY => return self.seal.credentials_directory = Some(PathBuf::from(text)),
            _ => {}
        }
        let Some(rest) = variable.strip_prefix("STRONGBOX_") else { return };
        match TABLE.iter().find(|setting| setting.variable() == variable) {
            Some(setting) => {
                let texts = setting.split(text);
                self.apply_texts(setting, &texts, variable, errors);
            }
            // Clients have variables of their own; only what looks like a slip of the pen is an error.
            None => {
                let known: Vec<String> = TABLE.iter().map(Setting::variable).collect();
                let names = known.iter().filter_map(|known| known.strip_prefix("STRONGBOX_"));
                if let Some(near) = nearest(rest, names) {
                    errors.push(SettingError {
                        place: variable.to_owned(),
                        message: format!("no such setting; did you mean STRONGBOX_{near}?"),
                    });
                }
            }
        }
    }

    fn apply_texts(
        &mut self,
        setting: &Setting,
        texts: &[String],
        place: &str,
        errors: &mut Vec<SettingError>,
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        if let Err(error) = (setting.apply)(self, &texts) {
            errors.push(SettingError {
                place: place.to_owned(),
                message: format!("{}: {error}", setting.name),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(
        text: &str,
        environment: &[(&str, &str)],
        flags: &[(&str, &str)],
    ) -> Result<Settings, Vec<String>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("strongbox.yaml");
        std::fs::write(&path, text).unwrap();
        let flags: Vec<Given> = flags
            .iter()
            .map(|(flag, value)| Given {
                setting: TABLE.iter().find(|setting| setting.flag() == *flag).unwrap(),
                values: vec![(*value).to_owned()],
            })
            .collect();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let prefix = format!("{}/", dir.path().display());
        Settings::load(Some(&path), environment, &flags)
            .map_err(|errors| errors.iter().map(|error| error.to_string().replace(&prefix, "")).collect())
    }

    #[test]
    fn flags_beat_the_environment_beats_the_file_beats_defaults() {
        let file = "insecure-http: true\nlisten: 0.0.0.0:1\nsite: from-file\nlimits:\n  body-bytes: 1MiB\n";
        let settings = load(
            file,
            &[("STRONGBOX_SITE", "from-env"), ("STRONGBOX_LISTEN", "0.0.0.0:2,[::1]:2")],
            &[("listen", "0.0.0.0:3")],
        )
        .unwrap();
        assert_eq!(settings.listen, ["0.0.0.0:3".parse().unwrap()]);
        assert_eq!(settings.site, "from-env");
        assert_eq!(settings.limits.body_bytes, 1024 * 1024);
        assert_eq!(settings.default_tenant, "system");
    }

    #[test]
    fn everything_wrong_is_told_with_its_place() {
        let file = "listen: [127.0.0.1:8200, nonsense]\nlimits:\n  body-byts: 1\n  url-bytes: many\ntls:\n  key: k.pem\n";
        let errors = load(file, &[("STRONGBOX_SIT", "x"), ("STRONGBOX_TOKEN", "t")], &[]).unwrap_err();
        assert_eq!(
            errors,
            [
                "strongbox.yaml:1:26: listen: 'nonsense' is not an address and port, such as 127.0.0.1:8200 or [::]:8200",
                "strongbox.yaml:3:3: limits.body-byts: no such setting; did you mean 'body-bytes'?",
                "strongbox.yaml:4:14: limits.url-bytes: 'many' is not a size; write a number of bytes, or one with KiB, MiB or GiB",
                "STRONGBOX_SIT: no such setting; did you mean STRONGBOX_SITE?",
                "tls.certificate: is missing beside tls.key",
            ]
        );
    }

    #[test]
    fn paths_that_are_not_set_follow_the_data_directory() {
        let settings = load("data-directory: /srv/box\n", &[], &[]).unwrap();
        assert_eq!(settings.audit_anonymous_file(), Path::new("/srv/box/audit-anonymous.log"));
        assert_eq!(settings.public_url("127.0.0.1:8200".parse().unwrap()), "http://127.0.0.1:8200");
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let errors = Settings::load(Some(Path::new("/nowhere/strongbox.yaml")), [], &[]).unwrap_err();
        assert!(errors[0].to_string().starts_with("/nowhere/strongbox.yaml: "), "{}", errors[0]);
    }
}
