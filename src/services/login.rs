//! What all log-in methods do alike: count failed attempts, say nothing to whoever is not let in, and hand out a token to
//! whoever is.
//!
//! A stranger learns nothing but whether it was let in. There is one answer to everything that fails, and where something
//! can be guessed it is given at the end of a beat (a second) after the attempt began, so that its time tells nothing either:
//! neither whether there is such a user nor how the user's password was hashed. What is signed cannot be guessed; there the
//! answer comes at once.

pub mod place;

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::identity::admit::{Admission, NotAdmitted, admit};
use super::token::{
    IssuedToken, NewToken, Origin, TokenParameters, TokenSettings, TokenType, commit, issue_with, settings,
};
use crate::access::Access;
use crate::access::authenticate::attempts::Attempt;
use crate::access::authenticate::live::parse_network;
use crate::access::authenticate::turns::{Turn, Turns};
use crate::access::authenticate::vouch::Vouched;
use crate::access::authenticate::{Arrival, Metadata, TooManyAttempts};
use crate::base::duration::Duration as Length;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::data::edit::Edit;
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::data::violation::Violation;
use crate::engine::caller::Mount;
use crate::engine::{
    ActionContext, ActionError, Approve, Attempted, Caller, CommitError, GuardContext, Snapshot,
};

/// The one thing that is said to whoever is not let in.
pub const INVALID_CREDENTIALS: &str = "invalid credentials";

/// How much of a name that a stranger sends goes into the audit log, in characters.
const LONGEST_NAME: usize = 64;

/// How often somebody is welcomed when others of the same name arrive at the same time.
const MOST_TIMES: usize = 8;

/// Somebody at the door.
pub struct Knock<'a> {
    /// The request.
    pub context: &'a ActionContext,
    access: &'a Access,
    /// The tenant that is to be entered.
    pub tenant: Ident,
    user: String,
    began: Instant,
    /// Whether a refusal waits for the beat.
    beat: bool,
    attempt: Attempt<'a>,
    turn: Option<Turn<'a>>,
}

/// Who is let in, and with what.
pub struct Guest {
    /// The user, for methods that have users.
    pub user: Option<Ident>,
    /// What to call the token.
    pub display_name: Option<Ident>,
    /// The method.
    pub method: &'static str,
    /// What the method says of the token.
    pub parameters: TokenParameters,
    /// Facts for the token.
    pub metadata: Vec<Metadata>,
    /// How the method knows them, for whoever keeps identities; `None`: it does not.
    pub arrival: Option<Arrival>,
    /// What the mount says of the token.
    pub tuning: Tuning,
    /// The user or the role by which they come in: what it says of lifetimes is read anew when the token is refreshed.
    pub source: Option<InstancePath>,
    /// The mount through which they come in: the token ends with it.
    pub mount: Option<Mount>,
    /// What has to change together with the token being made.
    pub edits: Vec<Edit>,
    /// Asked about the newest data before that changes.
    pub approve: Option<Approve>,
}

/// What a mount says of the tokens that it hands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Tuning {
    /// How long they live when the method does not say, instead of what the tenant says.
    pub default_lease_ttl: Option<Length>,
    /// How long they can be kept alive, within what the tenant says.
    pub max_lease_ttl: Option<Length>,
    /// What kind they are.
    pub token_type: TokenType,
}

impl Tuning {
    /// The settings of the tenant as this mount has them.
    pub fn within(self, tenant: TokenSettings) -> TokenSettings {
        let max_ttl = self.max_lease_ttl.unwrap_or(tenant.max_ttl).min(tenant.max_ttl);
        TokenSettings {
            default_ttl: self.default_lease_ttl.unwrap_or(tenant.default_ttl).min(max_ttl),
            max_ttl,
        }
    }
}

impl<'a> Knock<'a> {
    /// Begins an attempt to log in as `user`, which may be a method and a role.
    ///
    /// # Errors
    /// [`ActionError::TooMany`].
    pub fn begin(
        context: &'a ActionContext,
        access: &'a Access,
        tenant: Ident,
        user: &str,
    ) -> Result<Self, ActionError> {
        let attempt = access.attempts.begin(&tenant, user, context.client.address, context.now);
        Knock::new(context, access, tenant, user, (true, attempt))
    }

    /// Begins an attempt to log in by something that is signed, which nobody can guess.
    ///
    /// # Errors
    /// [`ActionError::TooMany`].
    pub fn begin_signed(
        context: &'a ActionContext,
        access: &'a Access,
        tenant: Ident,
        user: &str,
    ) -> Result<Self, ActionError> {
        let attempt = access.attempts.begin_signed(context.client.address, context.now);
        Knock::new(context, access, tenant, user, (false, attempt))
    }

    /// Begins a log in with a browser, of which one address may have so many under way.
    ///
    /// # Errors
    /// [`ActionError::TooMany`].
    pub fn begin_browser(
        context: &'a ActionContext,
        access: &'a Access,
        tenant: Ident,
        user: &str,
    ) -> Result<Self, ActionError> {
        let attempt = access.attempts.begin_browser(context.client.address, context.now);
        Knock::new(context, access, tenant, user, (false, attempt))
    }

    fn new(
        context: &'a ActionContext,
        access: &'a Access,
        tenant: Ident,
        user: &str,
        (beat, attempt): (bool, Result<Attempt<'a>, TooManyAttempts>),
    ) -> Result<Self, ActionError> {
        let shown: String = user.chars().take(LONGEST_NAME).collect();
        match attempt {
            Ok(attempt) => {
                let began = Instant::now();
                Ok(Knock { context, access, tenant, user: shown, began, beat, attempt, turn: None })
            }
            Err(refusal) => {
                let message = refusal.to_string();
                let attempted = Attempted { tenant, user: shown, reason: message.clone() };
                Err(ActionError::TooMany {
                    message,
                    seconds: refusal.seconds,
                    attempted: Box::new(attempted),
                })
            }
        }
    }

    /// Waits for one's turn: log ins that use up the same thing follow one another, so that each finds what the one before
    /// it left. A refusal ends it at once, so that nobody waits for somebody else's beat.
    pub async fn wait_for_turn(&mut self, turns: &'a Turns, of: &impl Hash) {
        self.turn = turns.take(of).await;
    }

    /// With a turn that was taken before.
    pub fn in_turn(self, turn: Option<Turn<'a>>) -> Self {
        Knock { turn, ..self }
    }

    /// Whether the client is in one of these networks, or there are none.
    pub fn is_from(&self, networks: &[Ident]) -> bool {
        let address = self.context.client.address.map(|address| address.to_canonical());
        let within = |text: &Ident| {
            parse_network(text).zip(address).is_some_and(|(network, address)| network.contains(&address))
        };
        networks.is_empty() || networks.iter().any(within)
    }

    /// Does not let them in. The reason is for the audit log.
    pub async fn refuse(self, reason: impl Into<String>) -> ActionError {
        drop(self.turn);
        if self.beat {
            let beat = self.context.engine.passwords().beat();
            tokio::time::sleep_until(self.began + next_beat(self.began.elapsed(), beat)).await;
        }
        let attempted = Attempted { tenant: self.tenant, user: self.user, reason: reason.into() };
        ActionError::Unauthenticated { message: INVALID_CREDENTIALS, attempted: Box::new(attempted) }
    }

    /// Lets them in: makes a token, and whatever has to change with it.
    ///
    /// # Errors
    /// The refusal, when what has to change was changed by somebody else meanwhile, or their entity is not let in; a fault
    /// of the commit.
    pub async fn let_in(self, guest: Guest) -> Result<IssuedToken, ActionError> {
        let context = self.context;
        let settings = guest.tuning.within(settings(self.access, &context.snapshot, &self.tenant)?);
        let Guest {
            user,
            display_name,
            method,
            parameters,
            metadata,
            arrival,
            tuning,
            source,
            mount,
            edits,
            approve,
        } = guest;
        let schema = context.engine.schema();
        let actor = format!("{}/{}", self.tenant, user.as_deref().or(display_name.as_deref()).unwrap_or("-"));
        let batch = TokenType::is_batch(parameters.token_type, tuning.token_type);
        // It is for refreshing, which batch tokens are not.
        let source = source.filter(|_| !batch).map(|path| Ident::from(path.to_instance_identifier(schema)));
        let new = NewToken {
            user,
            entity: None,
            display_name,
            method,
            policies: parameters.policies(),
            life: Some(parameters.life(settings)),
            explicit_max: parameters.token_explicit_max_ttl,
            renewable: true,
            num_uses: parameters.token_num_uses,
            bound_cidrs: parameters.token_bound_cidrs,
            batch,
            parent: None,
            source,
            path_suffix: None,
            mount,
            metadata,
            tenant: self.tenant.clone(),
        };
        let origin = Origin { actor, ..Origin::of(context) };
        match self.admit(arrival.as_ref(), Some(&new), &origin, (edits, approve)).await? {
            Ok((_, Some(issued))) => {
                self.attempt.succeeded();
                Ok(issued)
            }
            Ok((_, None)) => Err(ActionError::Internal("a log in made no token".to_owned())),
            Err(reason) => Err(self.refuse(reason).await),
        }
    }

    /// Answers a single request of theirs, without a token: `sources` are the entries that say who they are.
    ///
    /// # Errors
    /// As [`Knock::let_in`].
    pub async fn vouch(
        self,
        guest: Guest,
        sources: Vec<(InstancePath, Arc<Container>)>,
    ) -> Result<Vouched<'a>, ActionError> {
        let context = self.context;
        let mut caller = Caller {
            tenant: self.tenant.clone(),
            accessor: None,
            user: guest.user.or(guest.display_name),
            entity: None,
            policies: guest.parameters.policies(),
            method: Ident::from(guest.method),
            warranted: false,
            ends: None,
        };
        let origin = Origin { actor: caller.actor(), ..Origin::of(context) };
        let nothing = (Vec::new(), None);
        caller.entity = match self.admit(guest.arrival.as_ref(), None, &origin, nothing).await? {
            Ok((entity, _)) => entity,
            Err(reason) => return Err(self.refuse(reason).await),
        };
        self.attempt.succeeded();
        let networks = guest.parameters.token_bound_cidrs;
        Ok(Vouched { caller, sources, until: None, networks, turn: self.turn })
    }

    /// Finds out which entity they are, and makes what is to be made of that: a token, if there is to be one, and what
    /// has to change with it. Answers the entity and the token, or why they are not let in.
    async fn admit(
        &self,
        arrival: Option<&Arrival>,
        new: Option<&NewToken>,
        origin: &Origin,
        (edits, approve): (Vec<Edit>, Option<Approve>),
    ) -> Result<Result<(Option<Ident>, Option<IssuedToken>), String>, ActionError> {
        let engine = &self.context.engine;
        let mut snapshot = Arc::clone(&self.context.snapshot);
        let mut times = 0;
        loop {
            times += 1;
            let Admission { entity, edits: identity } = match self.find(&snapshot, arrival) {
                Ok(admission) => admission,
                Err(NotAdmitted::Refused(reason)) => return Ok(Err(reason.to_owned())),
                Err(NotAdmitted::Internal(reason)) => return Err(ActionError::Internal(reason)),
            };
            let changes_identity = !identity.is_empty();
            let edits: Vec<Edit> = edits.iter().cloned().chain(identity).collect();
            let made = match new {
                Some(new) => {
                    let new = NewToken { entity: entity.clone(), ..new.clone() };
                    let origin = origin.clone();
                    issue_with(engine, self.access, new, origin, edits, approve.clone()).await.map(Some)
                }
                None if edits.is_empty() => Ok(None),
                None => commit(engine, self.tenant.clone(), edits, origin.clone()).await.map(|()| None),
            };
            match made {
                Ok(token) => return Ok(Ok((entity, token))),
                Err(ActionError::Commit(CommitError::Invalid(faults))) => {
                    let newest = engine.snapshot();
                    // Somebody else with the same name may have arrived at the same time.
                    if changes_identity && times < MOST_TIMES && newest.revision > snapshot.revision {
                        snapshot = newest;
                        continue;
                    }
                    let reasons: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
                    return Ok(Err(reasons.join("; ")));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Finds the entity of who arrived; nobody's where the method knows no name.
    fn find(&self, snapshot: &Snapshot, arrival: Option<&Arrival>) -> Result<Admission, NotAdmitted> {
        let directory = self.access.policies.identities().directory(snapshot, &self.tenant);
        match directory.zip(arrival) {
            Some((directory, arrival)) => admit(&directory, arrival, self.context.now),
            None => Ok(Admission::default()),
        }
    }
}

/// The first beat that has not passed.
fn next_beat(elapsed: Duration, beat: Duration) -> Duration {
    let beats = elapsed.as_nanos() / beat.as_nanos().max(1) + 1;
    beat.saturating_mul(u32::try_from(beats).unwrap_or(u32::MAX))
}

/// Leaf-lists of networks in entries of log-in methods.
const NETWORKS: [&str; 2] = ["token-bound-cidrs", "secret-id-bound-cidrs"];

/// The model knows the letters of a network; that the numbers make sense is checked here. A guard for the entries of all
/// methods.
pub fn check_networks(context: &GuardContext<'_>) -> Vec<Violation> {
    let Some(entry) = context.entry_after else { return Vec::new() };
    let mut violations = Vec::new();
    for name in NETWORKS {
        let Some(leaf) = context.schema.own_child(entry.node, name) else { continue };
        for text in entry.leaf_list(leaf).iter().filter(|text| parse_network(&text.to_string()).is_none()) {
            let message =
                format!("'{text}' is neither an address nor a network such as 192.0.2.0/24 or 2001:db8::/32");
            let path = context.path.child(leaf).entry([text.clone()]);
            violations.push(Violation::new(ErrorTag::InvalidValue, path, message));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_given_on_the_beat() {
        let beat = Duration::from_millis(1_000);
        for (elapsed, expected) in [(0, 1_000), (15, 1_000), (999, 1_000), (1_000, 2_000), (1_500, 2_000)] {
            assert_eq!(next_beat(Duration::from_millis(elapsed), beat), Duration::from_millis(expected));
        }
    }
}
