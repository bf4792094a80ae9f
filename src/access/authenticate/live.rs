//! The tokens that are alive, by hash: what a request's token is looked up in.
//!
//! A look-up takes no lock: it loads a persistent map. What changes while a token lives (its end, its uses, whether it
//! was revoked) is in atomics that the token shares with the tokens below it, so that a parent's end is theirs at once.

use std::collections::HashMap as StdMap;
use std::hash::BuildHasherDefault;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use ipnet::IpNet;

use super::bearer::{PassOn, TokenHash};
use super::facts::TokenFacts;
use super::{AuthError, Invalid};
use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::engine::caller::Caller;

/// How many tokens stand above one another at most; `create-token` refuses to make a longer line.
pub const DEEPEST: usize = 32;

/// Every live token.
#[derive(Debug, Default)]
pub struct LiveTokens {
    tokens: ArcSwap<Tokens>,
    /// Held by whoever changes the map, so that changes follow one another.
    change: Mutex<()>,
}

#[derive(Clone, Debug, Default)]
struct Tokens {
    by_hash: imbl::GenericHashMap<
        TokenHash,
        Arc<LiveToken>,
        BuildHasherDefault<PassOn>,
        imbl::shared_ptr::DefaultSharedPtr,
    >,
    by_accessor: imbl::HashMap<Ident, Arc<LiveToken>>,
}

#[derive(Debug)]
struct LiveToken {
    caller: Arc<Caller>,
    hash: TokenHash,
    life: Arc<Life>,
    /// Networks from which it is accepted; `None` inside stands for a text that is no network, and matches nothing.
    bound: Vec<Option<IpNet>>,
}

#[derive(Debug)]
struct Life {
    /// Microseconds since the epoch; `i64::MAX`: it does not end.
    ends: AtomicI64,
    revoked: AtomicBool,
    /// It outlives its parent, which was revoked alone.
    orphaned: AtomicBool,
    /// `None`: without a limit.
    uses: Option<Uses>,
    /// Set once all tokens of a load are known: `None` inside is a token without a parent.
    parent: OnceLock<Option<Arc<Life>>>,
}

/// The uses of a token with a limited number of them.
#[derive(Debug)]
struct Uses {
    left: AtomicU32,
    /// The number in the store. Whoever writes it holds it.
    stored: tokio::sync::Mutex<u32>,
}

/// A token that was found to be valid.
#[derive(Clone, Debug)]
pub struct Use {
    /// Who holds it.
    pub caller: Arc<Caller>,
    /// For a token with a limited number of uses: the one that was taken, to be settled before the request is answered.
    pub taken: Option<Taken>,
}

/// A use that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    life: Arc<Life>,
    /// How many are left after it.
    pub left: u32,
}

impl Taken {
    /// Makes the use durable by `store`, which writes the number of uses that are left. Uses that are taken while another
    /// one is being written are written together: the last number speaks for all before it.
    ///
    /// # Errors
    /// What `store` says; the use is taken all the same.
    pub async fn settle<E>(&self, store: impl AsyncFnOnce(u32) -> Result<(), E>) -> Result<(), E> {
        let Some(uses) = &self.life.uses else { return Ok(()) };
        let mut stored = uses.stored.lock().await;
        if *stored > self.left {
            let left = uses.left.load(Ordering::Acquire);
            store(left).await?;
            *stored = left;
        }
        Ok(())
    }
}

impl LiveTokens {
    /// Looks up what a client sent, checks it, and takes one of its uses.
    ///
    /// # Errors
    /// [`AuthError`].
    pub fn authenticate(
        &self,
        bearer: Option<&str>,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Use, AuthError> {
        let text = bearer.filter(|text| !text.is_empty()).ok_or(AuthError::Missing)?;
        let hash = TokenHash::of(text).ok_or(AuthError::Invalid(Invalid::Unknown))?;
        let tokens = self.tokens.load();
        let token = tokens.by_hash.get(&hash).ok_or(AuthError::Invalid(Invalid::Unknown))?;
        token.check(address, now).map_err(AuthError::Invalid)?;
        let left = token.life.take_use().map_err(AuthError::Invalid)?;
        let taken = left.map(|left| Taken { life: Arc::clone(&token.life), left });
        Ok(Use { caller: Arc::clone(&token.caller), taken })
    }

    /// Who holds the token of that text, valid or not.
    pub fn holder(&self, text: &str) -> Option<Arc<Caller>> {
        self.tokens.load().by_hash.get(&TokenHash::of(text)?).map(|token| Arc::clone(&token.caller))
    }

    /// Who holds the token of that accessor.
    pub fn caller(&self, accessor: &str) -> Option<Arc<Caller>> {
        self.tokens.load().by_accessor.get(accessor).map(|token| Arc::clone(&token.caller))
    }

    /// Whether the token of that accessor is alive at `now`.
    pub fn is_alive(&self, accessor: &str, now: Timestamp) -> bool {
        self.tokens.load().by_accessor.get(accessor).is_some_and(|token| token.life.check(now).is_ok())
    }

    /// How many tokens stand above one of that accessor, itself included.
    pub fn depth(&self, accessor: &str) -> usize {
        let tokens = self.tokens.load();
        let mut life = tokens.by_accessor.get(accessor).map(|token| &token.life);
        let mut depth = 0;
        while let Some(at) = life.filter(|_| depth <= DEEPEST) {
            depth += 1;
            life = at.above();
        }
        depth
    }

    /// Takes in what is stored of tokens, all at once. A token that was known keeps its identity, so that the tokens
    /// below it follow its new end; of its uses the smaller number counts.
    pub fn put<'a>(&self, stored: impl IntoIterator<Item = (&'a Ident, &'a TokenFacts)>) {
        let _turn = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tokens = Tokens::clone(&self.tokens.load());
        let mut fresh: Vec<(&TokenFacts, Arc<Life>)> = Vec::new();
        for (tenant, facts) in stored {
            let Some(hash) = facts.token_hash else { continue };
            let life = match tokens.by_accessor.get(&facts.accessor) {
                Some(known) => {
                    known.life.follow(facts);
                    Arc::clone(&known.life)
                }
                None => {
                    let life = Arc::new(Life::new(facts));
                    fresh.push((facts, Arc::clone(&life)));
                    life
                }
            };
            let token = Arc::new(LiveToken::new(tenant, facts, hash, life));
            tokens.by_hash.insert(token.hash, Arc::clone(&token));
            tokens.by_accessor.insert(facts.accessor.clone(), token);
        }
        for (facts, life) in fresh {
            let parent = facts.parent.as_ref().map(|accessor| {
                let known = tokens.by_accessor.get(accessor).map(|token| Arc::clone(&token.life));
                // The parent is gone, and so is the child, although it was not swept yet.
                known.unwrap_or_else(|| Arc::new(Life::over()))
            });
            let _ = life.parent.set(parent);
        }
        self.tokens.store(Arc::new(tokens));
    }

    /// Ends tokens: they, and all below them, are refused from now on.
    pub fn remove<'a>(&self, accessors: impl IntoIterator<Item = &'a str>) {
        let _turn = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tokens = Tokens::clone(&self.tokens.load());
        for accessor in accessors {
            if let Some(token) = tokens.by_accessor.remove(accessor) {
                token.life.revoked.store(true, Ordering::Release);
                tokens.by_hash.remove(&token.hash);
            }
        }
        self.tokens.store(Arc::new(tokens));
    }

    /// Ends every token of a tenant.
    pub fn remove_tenant(&self, tenant: &str) {
        let tokens = self.tokens.load_full();
        let own = tokens.by_accessor.iter().filter(|(_, token)| token.caller.tenant == tenant);
        self.remove(own.map(|(accessor, _)| accessor.as_str()));
    }

    /// The accessors, with their tenants, of at most `limit` tokens that have ended: to be swept from the store.
    pub fn ended(&self, now: Timestamp, limit: usize) -> Vec<(Ident, Ident)> {
        let tokens = self.tokens.load();
        let ended = tokens.by_accessor.iter().filter(|(_, token)| token.life.is_over(now));
        ended.take(limit).map(|(accessor, token)| (token.caller.tenant.clone(), accessor.clone())).collect()
    }

    /// The accessors of a token and of every token below it, the token first.
    pub fn family(&self, accessor: &str) -> Vec<Ident> {
        let tokens = self.tokens.load();
        let Some(head) = tokens.by_accessor.get_key_value(accessor) else { return Vec::new() };
        let mut inside: StdMap<*const Life, bool> = StdMap::from([(Arc::as_ptr(&head.1.life), true)]);
        let mut family = vec![head.0.clone()];
        for (other, token) in &tokens.by_accessor {
            if other != head.0 && token.life.is_below(&mut inside) {
                family.push(other.clone());
            }
        }
        family
    }

    /// How many tokens are known, ended ones that were not swept yet included.
    pub fn len(&self) -> usize {
        self.tokens.load().by_hash.len()
    }

    /// Whether no token is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl LiveToken {
    fn new(tenant: &Ident, facts: &TokenFacts, hash: TokenHash, life: Arc<Life>) -> Self {
        LiveToken {
            caller: Arc::new(Caller {
                tenant: tenant.clone(),
                accessor: Some(facts.accessor.clone()),
                user: facts.user.clone(),
                entity: facts.entity.clone(),
                policies: facts.policies.clone(),
                method: facts.method.clone(),
                warranted: false,
                ends: None,
            }),
            hash,
            life,
            bound: facts.bound_cidrs.iter().map(|text| parse_network(text)).collect(),
        }
    }

    fn check(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), Invalid> {
        self.life.check(now)?;
        if is_within(&self.bound, address) { Ok(()) } else { Err(Invalid::Address) }
    }
}

impl Life {
    fn new(facts: &TokenFacts) -> Self {
        Life {
            ends: AtomicI64::new(facts.expires.map_or(i64::MAX, |end| end.0)),
            revoked: AtomicBool::new(false),
            orphaned: AtomicBool::new(false),
            uses: facts
                .num_uses
                .map(|left| Uses { left: AtomicU32::new(left), stored: tokio::sync::Mutex::new(left) }),
            parent: OnceLock::new(),
        }
    }

    /// The life of a token that is gone.
    fn over() -> Self {
        let life = Life {
            ends: AtomicI64::new(i64::MIN),
            revoked: AtomicBool::new(true),
            orphaned: AtomicBool::new(false),
            uses: None,
            parent: OnceLock::new(),
        };
        let _ = life.parent.set(None);
        life
    }

    fn follow(&self, facts: &TokenFacts) {
        self.ends.store(facts.expires.map_or(i64::MAX, |end| end.0), Ordering::Release);
        if facts.parent.is_none() {
            self.orphaned.store(true, Ordering::Release);
        }
        if let (Some(uses), Some(stored)) = (&self.uses, facts.num_uses) {
            uses.left.fetch_min(stored, Ordering::AcqRel);
        }
    }

    fn check(&self, now: Timestamp) -> Result<(), Invalid> {
        let mut life = self;
        for _ in 0..=DEEPEST {
            if life.revoked.load(Ordering::Acquire) {
                return Err(Invalid::Revoked);
            }
            if life.ends.load(Ordering::Acquire) <= now.0 {
                return Err(Invalid::Expired);
            }
            // Not linked yet: the token is being put, and nobody can have been told of it.
            match life.parent.get().ok_or(Invalid::Unknown)? {
                Some(parent) if !life.orphaned.load(Ordering::Acquire) => life = parent,
                _ => return Ok(()),
            }
        }
        Err(Invalid::Expired)
    }

    /// Whether it is of no use any more: ended, revoked, or without a use left.
    fn is_over(&self, now: Timestamp) -> bool {
        let used_up = self.uses.as_ref().is_some_and(|uses| uses.left.load(Ordering::Acquire) == 0);
        used_up || self.check(now).is_err()
    }

    /// The life that this one ends with.
    fn above(&self) -> Option<&Arc<Life>> {
        let parent = self.parent.get().and_then(Option::as_ref);
        parent.filter(|_| !self.orphaned.load(Ordering::Acquire))
    }

    fn take_use(&self) -> Result<Option<u32>, Invalid> {
        let Some(uses) = &self.uses else { return Ok(None) };
        uses.left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1))
            .map(|before| Some(before - 1))
            .map_err(|_| Invalid::UsedUp)
    }

    /// Whether a life of which `inside` says so is above this one; notes what it finds out.
    fn is_below(self: &Arc<Self>, inside: &mut StdMap<*const Life, bool>) -> bool {
        let mut passed = Vec::new();
        let mut at = Some(self);
        let mut found = false;
        while let Some(life) = at.filter(|_| passed.len() <= DEEPEST) {
            if let Some(known) = inside.get(&Arc::as_ptr(life)) {
                found = *known;
                break;
            }
            passed.push(Arc::as_ptr(life));
            at = life.above();
        }
        inside.extend(passed.into_iter().map(|life| (life, found)));
        found
    }
}

/// Whether an address is in one of the networks, or there are none. `None` among them stands for a text that is no network,
/// and matches nothing.
pub fn is_within(networks: &[Option<IpNet>], address: Option<IpAddr>) -> bool {
    let address = address.map(|address| address.to_canonical());
    let holds = |network: &Option<IpNet>| {
        network.zip(address).is_some_and(|(network, address)| network.contains(&address))
    };
    networks.is_empty() || networks.iter().any(holds)
}

/// Reads an address or a network in CIDR notation.
pub fn parse_network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)).map(|net| net.trunc())
}

#[cfg(test)]
mod tests;
