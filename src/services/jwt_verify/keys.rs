//! Where an issuer's keys come from, and the keys that were fetched, for as long as they may be used.
//!
//! A stranger can send tokens with key ids that nobody has. Such an id makes the keys be fetched again, because an issuer
//! may have changed them, but not more often than a few times in a while: our requests to the issuer do not follow the
//! stranger's. `jku`, `x5u` and `jwk` of a token's header are never looked at.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use serde::Deserialize;

use super::fetch::{FetchError, Fetcher, Site};
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::services::jose::KeySet;

/// What stands behind the URL of an issuer (OpenID Connect Discovery 1.0 section 4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// How many issuers are remembered before the memory begins anew.
const MOST_REMEMBERED: usize = 4_096;

/// How many fetches may follow one another at once after a while without any.
const AT_ONCE: i64 = 3;

/// Where keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A JWK Set at a URL.
    Jwks(Site),
    /// The URL of an issuer, whose discovery document says where its keys are.
    Discovery(Site),
}

/// How often keys are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Keys that are older are not used. At half of it they are fetched anew.
    pub max_age: Duration,
    /// The time between two fetches; after a while without any, three may follow one another at once.
    pub interval: Duration,
}

/// Why there are no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// They could not be fetched.
    #[error("the keys of the issuer cannot be had: {0}")]
    Fetch(#[from] FetchError),
    /// What came is no key set or no discovery document.
    #[error("the keys of the issuer cannot be had: {0}")]
    Content(&'static str),
    /// The last attempt failed a moment ago.
    #[error("the keys of the issuer could not be had a moment ago")]
    TooSoon,
}

/// The keys of an issuer at some time.
#[derive(Debug)]
pub struct Keys {
    /// The keys.
    pub set: KeySet,
    /// Who the issuer is, where discovery said so: its tokens have to say the same.
    pub issuer: Option<String>,
    fetched: Timestamp,
}

/// One issuer whose keys are fetched.
#[derive(Debug)]
pub struct Remote {
    source: KeySource,
    schedule: Schedule,
    keys: ArcSwapOption<Keys>,
    /// Whoever fetches holds it, and others who cannot do without the outcome wait for it.
    turn: Arc<tokio::sync::Mutex<Fetches>>,
}

/// How often was fetched of late, as the time at which all of it will be forgotten (the generic cell rate algorithm), in
/// seconds since the epoch.
#[derive(Debug, Default)]
struct Fetches {
    forgotten: i64,
}

impl Fetches {
    /// Whether there may be one more now, which is counted then.
    fn may(&mut self, schedule: &Schedule, now: Timestamp) -> bool {
        let interval = i64::try_from(schedule.interval.seconds()).unwrap_or(i64::MAX);
        let forgotten = self.forgotten.max(now.seconds()).saturating_add(interval);
        let may = forgotten.saturating_sub(now.seconds()) <= interval.saturating_mul(AT_ONCE);
        if may {
            self.forgotten = forgotten;
        }
        may
    }
}

impl Remote {
    /// An issuer of which nothing was fetched yet.
    pub fn new(source: KeySource, schedule: Schedule) -> Self {
        Remote { source, schedule, keys: ArcSwapOption::empty(), turn: Arc::default() }
    }

    /// The keys for a token with that key id in its header. Whether the key is among them is for the caller to find out.
    /// Keys that will do are answered at once; those past half of their age are fetched anew beside that.
    ///
    /// # Errors
    /// [`KeysError`] when there are no keys that may be used.
    pub async fn keys(
        self: &Arc<Self>,
        id: Option<&str>,
        now: Timestamp,
        fetcher: &Fetcher,
    ) -> Result<Arc<Keys>, KeysError> {
        let half = Duration::from_seconds(self.schedule.max_age.seconds() / 2);
        let usable = || self.keys.load_full().filter(|keys| keys.is_younger(self.schedule.max_age, now));
        if let Some(keys) = usable().filter(|keys| keys.set.has(id)) {
            if !keys.is_younger(half, now) {
                self.renew(now, fetcher);
            }
            return Ok(keys);
        }
        let mut fetches = self.turn.lock().await;
        // Somebody may have fetched them while this waited for its turn.
        let known = usable();
        if let Some(keys) = known.clone().filter(|keys| keys.set.has(id)) {
            return Ok(keys);
        }
        if !fetches.may(&self.schedule, now) {
            return known.ok_or(KeysError::TooSoon);
        }
        self.fetch_and_keep(now, fetcher).await.or_else(|error| known.ok_or(error))
    }

    /// Fetches the keys beside whatever goes on, unless somebody does already.
    fn renew(self: &Arc<Self>, now: Timestamp, fetcher: &Fetcher) {
        let Ok(mut fetches) = Arc::clone(&self.turn).try_lock_owned() else { return };
        if fetches.may(&self.schedule, now) {
            let (remote, fetcher) = (Arc::clone(self), fetcher.clone());
            tokio::spawn(async move {
                let _ = remote.fetch_and_keep(now, &fetcher).await;
                drop(fetches);
            });
        }
    }

    async fn fetch_and_keep(&self, now: Timestamp, fetcher: &Fetcher) -> Result<Arc<Keys>, KeysError> {
        let fetched = self.source.fetch(now, fetcher).await.inspect_err(|error| {
            tracing::warn!(%error, "keys of an issuer could not be fetched");
        })?;
        let keys = Arc::new(fetched);
        self.keys.store(Some(Arc::clone(&keys)));
        Ok(keys)
    }
}

impl KeySource {
    /// Fetches the keys.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn fetch(&self, now: Timestamp, fetcher: &Fetcher) -> Result<Keys, KeysError> {
        let (site, issuer) = match self {
            KeySource::Jwks(site) => (site.clone(), None),
            KeySource::Discovery(site) => {
                let document = discover(site, fetcher).await?;
                (Site { url: document.jwks_uri, ..site.clone() }, Some(document.issuer))
            }
        };
        let set = KeySet::from_json(&fetcher.get(&site).await?)
            .map_err(|_| KeysError::Content("what came is not a JWK Set"))?;
        Ok(Keys { set, issuer, fetched: now })
    }
}

/// What an issuer says of itself (OpenID Connect Discovery 1.0 section 3), as far as it is used here.
#[derive(Clone, Debug, Deserialize)]
pub struct Document {
    /// Who it is.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where users prove who they are.
    #[serde(default)]
    pub authorization_endpoint: Option<String>,
    /// Where codes are exchanged for tokens.
    #[serde(default)]
    pub token_endpoint: Option<String>,
    /// Where more is said of a user.
    #[serde(default)]
    pub userinfo_endpoint: Option<String>,
}

/// Fetches the discovery document of an issuer, which must be its own.
///
/// # Errors
/// [`KeysError`].
pub async fn discover(site: &Site, fetcher: &Fetcher) -> Result<Document, KeysError> {
    let url = format!("{}{WELL_KNOWN}", site.url.trim_end_matches('/'));
    let text = fetcher.get(&Site { url, ..site.clone() }).await?;
    let document: Document =
        serde_json::from_slice(&text).map_err(|_| KeysError::Content("there is no discovery document"))?;
    if document.issuer == site.url {
        Ok(document)
    } else {
        Err(KeysError::Content("its discovery document is that of another issuer"))
    }
}

impl Keys {
    fn is_younger(&self, age: Duration, now: Timestamp) -> bool {
        since(self.fetched, now) < age
    }
}

/// The time from one instant to a later one.
fn since(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_seconds(u64::try_from(to.seconds() - from.seconds()).unwrap_or(0))
}

/// The issuers that are known, each under a name.
#[derive(Debug)]
pub struct Remotes<K>(Mutex<HashMap<K, Arc<Remote>>>);

impl<K> Default for Remotes<K> {
    fn default() -> Self {
        Remotes(Mutex::default())
    }
}

impl<K: Hash + Eq> Remotes<K> {
    /// The issuer of that name. One that is configured otherwise than before begins anew.
    pub fn get(&self, name: K, source: KeySource, schedule: Schedule) -> Arc<Remote> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(remote) = known.get(&name)
            && remote.source == source
            && remote.schedule == schedule
        {
            return Arc::clone(remote);
        }
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        let remote = Arc::new(Remote::new(source, schedule));
        known.insert(name, Arc::clone(&remote));
        remote
    }
}
