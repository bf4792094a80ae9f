//! Who is asking, may they, and what is written down about it.
//!
//! `authenticate` turns what a request shows into a [`crate::engine::caller::Caller`], `identity` knows the entity behind it
//! and what that brings along, `authorize` holds an operation on a path against the caller's policies, `audit` writes one chained line a request, and `gate` is the door through which
//! every dialect goes: authenticate, authorize, run, answer. Never here: HTTP, a status line, a dialect's syntax.

pub mod approval;
pub mod audit;
pub mod authenticate;
pub mod authorize;
pub mod candidate;
pub mod confirm;
pub mod gate;
pub mod identity;
pub mod model;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use crate::base::clock::Timestamp;
use crate::base::ident::Ident;
use crate::base::secret::{RandomError, Secret};
use crate::engine::caller::Caller;
use crate::engine::snapshot::Snapshot;
use crate::yang::schema::Schema;
use authenticate::{
    Alive, Attempts, AuthError, BatchTokens, Invalid, LiveMounts, LiveTokens, TokenFacts, Use, Vouchers,
};
use authorize::Policies;
use authorize::nacm::Denied;
use candidate::Candidates;
use confirm::Confirmations;
use identity::model::IdentityModel;
use model::{Model, ModelError};

pub use gate::{Gate, Outcome, Reading, Refusal, Resource};

/// What the gate and the services around tokens share. Made before the engine, whose handlers hold it.
pub struct Access {
    /// Where things are in the model.
    pub model: Model,
    /// The tokens that are alive.
    pub tokens: Arc<LiveTokens>,
    /// The mounts of log-in methods that are there: tokens that are kept nowhere end with theirs.
    pub mounts: Arc<LiveMounts>,
    /// The policies in force.
    pub policies: Policies,
    /// Failed attempts to log in.
    pub attempts: Attempts,
    /// Commits that wait for confirmation.
    pub confirmations: Arc<Confirmations>,
    /// What callers prepare.
    pub candidates: Candidates,
    /// Tokens that are kept nowhere. Set once, when the store is open; until then there are none.
    pub batch: OnceLock<BatchTokens>,
    /// Who vouches for requests without a token.
    pub vouchers: Vouchers,
    /// How often something was refused.
    pub denied: Denied,
}

impl Access {
    /// Makes batch tokens possible, with a key that the store derives for [`authenticate::batch::KEY_LABEL`].
    ///
    /// # Errors
    /// When the key has not the right length.
    pub fn seal_batch_tokens(&self, key: &Secret) -> Result<(), RandomError> {
        let _ = self.batch.set(BatchTokens::new(key)?);
        Ok(())
    }

    /// Looks at what a client sent, whatever kind of token it is, and takes one of its uses.
    ///
    /// # Errors
    /// [`AuthError`].
    pub fn authenticate(
        &self,
        bearer: Option<&str>,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Use, AuthError> {
        match bearer {
            Some(text) if BatchTokens::is_one(text) => {
                let batch = self.batch.get().ok_or(AuthError::Invalid(Invalid::Unknown))?;
                batch.authenticate(text, address, now, self.alive())
            }
            _ => self.tokens.authenticate(bearer, address, now),
        }
    }

    /// Whether the token behind a caller is still good. A caller without one is as long as its request lasts.
    pub fn is_still_good(&self, caller: &Caller, now: Timestamp) -> bool {
        match (&caller.ends, &caller.accessor) {
            (Some(ends), _) => self.alive().check(&caller.tenant, ends, now).is_ok(),
            (None, Some(accessor)) => self.tokens.is_alive(accessor, now),
            (None, None) => true,
        }
    }

    /// Whether the text of a token is that of one that is still good, wherever it may be used.
    pub fn is_alive(&self, text: &str, now: Timestamp) -> bool {
        if BatchTokens::is_one(text) {
            return self.batch.get().is_some_and(|batch| batch.is_alive(text, now, self.alive()));
        }
        let holder = self.tokens.holder(text);
        holder.is_some_and(|holder| self.is_still_good(&holder, now))
    }

    fn alive(&self) -> Alive<'_> {
        Alive { tokens: &self.tokens, mounts: &self.mounts }
    }

    /// The tenant that a token is of, valid or not.
    pub fn tenant_of(&self, text: &str) -> Option<Ident> {
        if BatchTokens::is_one(text) {
            return self.batch.get()?.open(text).map(|token| token.tenant);
        }
        self.tokens.holder(text).map(|caller| caller.tenant.clone())
    }

    /// What is known of a token by its text, whether it is valid or not, with the tenant that it is of. Its hash is not in it.
    pub fn facts(&self, snapshot: &Snapshot, text: &str) -> Option<(Ident, TokenFacts)> {
        if BatchTokens::is_one(text) {
            return self.batch.get()?.open(text).map(|token| (token.tenant, token.facts));
        }
        let caller = self.tokens.holder(text)?;
        let path = self.model.token(caller.accessor.as_deref()?);
        let mut facts: TokenFacts = snapshot.get(&caller.tenant, &path).ok()??;
        facts.token_hash = None;
        Some((caller.tenant.clone(), facts))
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("tokens", &self.tokens.len()).finish_non_exhaustive()
    }
}

/// Why nobody could be let in.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The model is not the product's.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] crate::base::secret::RandomError),
}

impl Access {
    /// No token known, no policy compiled yet.
    ///
    /// # Errors
    /// [`AccessError`].
    pub fn new(schema: &Schema) -> Result<Arc<Self>, AccessError> {
        let model = Model::find(schema)?;
        Ok(Arc::new(Access {
            tokens: Arc::default(),
            mounts: Arc::default(),
            policies: Policies::new(schema, model.clone(), IdentityModel::find(schema)?),
            attempts: Attempts::new()?,
            confirmations: Confirmations::new(schema)?,
            candidates: Candidates::default(),
            batch: OnceLock::new(),
            vouchers: Vouchers::new()?,
            denied: Denied::default(),
            model,
        }))
    }
}
