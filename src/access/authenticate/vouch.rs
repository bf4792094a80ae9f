//! Requests that carry no token but what one logs in with: a name and a password, or a certificate. A log-in method says
//! who that is, and for a while nobody has to ask it again.
//!
//! Nothing that was shown is kept: a verified request is found again by a keyed hash of what it showed. It counts for a
//! minute at most, and not a moment longer than the entries that it was verified against stay as they were.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};

use arc_swap::ArcSwap;
use aws_lc_rs::hmac;
use imbl::HashMap;
use ipnet::IpNet;

use super::credentials::Credentials;
use super::turns::{Turn, Turns};
use crate::access::Access;
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::base::secret::{RandomError, Secret};
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::caller::{Caller, ClientInfo};
use crate::engine::snapshot::Snapshot;
use crate::engine::{ActionContext, ActionError};

/// How long nobody is asked again, in seconds.
const REMEMBERED: i64 = 60;

/// For how many who show different things, or come to different tenants, that is remembered.
const CAPACITY: usize = 8_192;

/// What a log-in method answers, when it has looked.
pub type Vouching<'a> = Pin<Box<dyn Future<Output = Result<Vouched<'a>, ActionError>> + Send + 'a>>;

/// A log-in method that can say who sent a request without making a token.
pub trait Vouch: Send + Sync {
    /// Looks at what a request shows.
    ///
    /// # Errors
    /// Those of a log in: [`ActionError::Unauthenticated`], [`ActionError::TooMany`], [`ActionError::Unavailable`].
    fn vouch<'a>(&'a self, visitor: Visitor<'a>) -> Vouching<'a>;
}

/// A request whose sender is to be found out.
pub struct Visitor<'a> {
    /// The engine, the data, the time; its tenant is the default one.
    pub context: &'a ActionContext,
    /// What is shared around tokens.
    pub access: &'a Access,
    /// What it shows.
    pub credentials: &'a Credentials<'a>,
    /// Others who show the same wait for it; to be let go before somebody is made to wait for a refusal.
    pub turn: Option<Turn<'a>>,
}

/// Who sent a request.
#[derive(Debug)]
pub struct Vouched<'a> {
    /// The caller; it has no token.
    pub caller: Caller,
    /// The entries of its tenant that say so: when one of them changes, it has to be found out anew.
    pub sources: Vec<(InstancePath, Arc<Container>)>,
    /// When what was shown ends by itself.
    pub until: Option<Timestamp>,
    /// Networks from which it may call; none: from everywhere.
    pub networks: Vec<Ident>,
    /// That of the visitor: it ends when the answer is remembered.
    pub turn: Option<Turn<'a>>,
}

/// The methods, and whom they vouched for of late.
pub struct Vouchers {
    key: hmac::Key,
    password: OnceLock<Weak<dyn Vouch>>,
    certificate: OnceLock<Weak<dyn Vouch>>,
    remembered: ArcSwap<HashMap<Shown, Arc<Remembered>>>,
    turns: Turns,
}

/// A keyed hash of what was shown.
type Shown = [u8; 32];

struct Remembered {
    caller: Arc<Caller>,
    sources: Vec<(InstancePath, Arc<Container>)>,
    networks: Vec<Option<IpNet>>,
    until: Timestamp,
}

impl Vouchers {
    /// No method, and nobody vouched for.
    ///
    /// # Errors
    /// When the operating system's generator fails.
    pub fn new() -> Result<Self, RandomError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, Secret::random(32)?.expose());
        Ok(Vouchers {
            key,
            password: OnceLock::new(),
            certificate: OnceLock::new(),
            remembered: ArcSwap::default(),
            turns: Turns::default(),
        })
    }

    /// Names the method for names and passwords. It is asked as long as somebody else keeps it.
    pub fn for_passwords(&self, method: Weak<dyn Vouch>) {
        // A second one would be a defect of whoever puts the services together; the first one stays.
        let _ = self.password.set(method);
    }

    /// Names the method for certificates. It is asked as long as somebody else keeps it.
    pub fn for_certificates(&self, method: Weak<dyn Vouch>) {
        let _ = self.certificate.set(method);
    }

    /// Who sent a request; `None` when there is no method for what it shows.
    pub(crate) async fn find(
        &self,
        access: &Access,
        context: &ActionContext,
        credentials: &Credentials<'_>,
    ) -> Option<Result<Arc<Caller>, ActionError>> {
        let method = match credentials {
            Credentials::Password { .. } => self.password.get(),
            Credentials::Certificate => self.certificate.get(),
            _ => None,
        };
        let method = method.and_then(Weak::upgrade)?;
        let shown = self.hash(credentials, &context.client);
        if let Some(known) = self.recall(&shown, context) {
            return Some(Ok(known));
        }
        // Of many requests that show the same at the same time, one is looked at.
        let turn = self.turns.take(&shown).await;
        if let Some(known) = self.recall(&shown, context) {
            return Some(Ok(known));
        }
        let visitor = Visitor { context, access, credentials, turn };
        let vouched = match method.vouch(visitor).await {
            Ok(vouched) => vouched,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(self.remember(shown, vouched, context.now)))
    }

    fn recall(&self, shown: &Shown, context: &ActionContext) -> Option<Arc<Caller>> {
        let remembered = self.remembered.load();
        let known = remembered.get(shown)?;
        known.counts(&context.snapshot, &context.client, context.now).then(|| Arc::clone(&known.caller))
    }

    fn remember(&self, shown: Shown, vouched: Vouched<'_>, now: Timestamp) -> Arc<Caller> {
        let caller = Arc::new(vouched.caller);
        let known = Arc::new(Remembered {
            caller: Arc::clone(&caller),
            sources: vouched.sources,
            networks: vouched.networks.iter().map(|text| super::live::parse_network(text)).collect(),
            until: vouched.until.unwrap_or(Timestamp(i64::MAX)).min(now.plus_seconds(REMEMBERED)),
        });
        self.remembered.rcu(|all| {
            let mut next = HashMap::clone(all);
            if next.len() >= CAPACITY {
                next.retain(|_, known| known.until > now);
            }
            if next.len() >= CAPACITY {
                next = HashMap::new();
            }
            next.insert(shown, Arc::clone(&known));
            next
        });
        caller
    }

    /// The kind goes first and lengths go before texts, so that no two things that are shown are hashed alike.
    fn hash(&self, credentials: &Credentials<'_>, client: &ClientInfo) -> Shown {
        let mut context = hmac::Context::with_key(&self.key);
        match credentials {
            Credentials::Password { name, password } => {
                context.update(b"password");
                context.update(&name.len().to_be_bytes());
                context.update(name.as_bytes());
                context.update(password.expose());
            }
            Credentials::Certificate => {
                context.update(b"certificate");
                for certificate in client.certificate.as_deref().into_iter().flatten() {
                    context.update(&certificate.len().to_be_bytes());
                    context.update(certificate);
                }
            }
            Credentials::Missing | Credentials::Token(_) | Credentials::Unusable(_) => {}
        }
        let mut shown = [0; 32];
        shown.copy_from_slice(context.sign().as_ref());
        shown
    }
}

impl Remembered {
    fn counts(&self, snapshot: &Snapshot, client: &ClientInfo, now: Timestamp) -> bool {
        let address = client.address.map(|address| address.to_canonical());
        let within = |network: &Option<IpNet>| {
            network.zip(address).is_some_and(|(network, address)| network.contains(&address))
        };
        let same = |(path, entry): &(InstancePath, Arc<Container>)| {
            snapshot
                .entry(&self.caller.tenant, path)
                .is_some_and(|now| Arc::ptr_eq(now, entry) || now == entry)
        };
        now < self.until
            && (self.networks.is_empty() || self.networks.iter().any(within))
            && self.sources.iter().all(same)
    }
}

impl std::fmt::Debug for Vouchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vouchers").field("remembered", &self.remembered.load().len()).finish_non_exhaustive()
    }
}
