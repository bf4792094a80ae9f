//! Making a token: its text is shown once, its hash is stored, and it is known to everybody when the commit returns.

use serde::{Serialize, Serializer};

use crate::access::Access;
use crate::access::authenticate::{Bearer, Metadata, TokenFacts};
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::engine::caller::Mount;
use crate::engine::{
    ActionContext, ActionError, Approve, Author, Caller, CommitOptions, CommitRequest, Engine, SYSTEM_TENANT,
    TenantEdits,
};

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose tree it opens.
    pub tenant: Ident,
    /// The user behind it.
    pub user: Option<Ident>,
    /// The entity that it stands for.
    pub entity: Option<Ident>,
    /// What to call it.
    pub display_name: Option<Ident>,
    /// How it is obtained: `userpass`, `create-token`, `root`.
    pub method: &'static str,
    /// Its policies, `default` included where it is to have it.
    pub policies: Vec<Ident>,
    /// How long it lives; `None`: until it is revoked.
    pub life: Option<Life>,
    /// When it ends at the latest, from now, whatever is refreshed.
    pub explicit_max: Option<Duration>,
    /// Whether it can be refreshed.
    pub renewable: bool,
    /// How many requests it is good for; 0 is without a limit.
    pub num_uses: u32,
    /// Addresses from which it is accepted; none is everywhere.
    pub bound_cidrs: Vec<Ident>,
    /// Whether it is a batch token, which is kept nowhere: then it is neither renewable nor counted, and has an end.
    pub batch: bool,
    /// Accessor of the token that makes it.
    pub parent: Option<Ident>,
    /// The user or the role by which it is obtained, as an instance-identifier.
    pub source: Option<Ident>,
    /// What its role adds to the path by which it is known.
    pub path_suffix: Option<Ident>,
    /// The mount through which it is obtained: the token ends with it.
    pub mount: Option<Mount>,
    /// Facts about the user.
    pub metadata: Vec<Metadata>,
}

/// How long a token lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Until it ends unless it is refreshed.
    pub ttl: Duration,
    /// Until no refresh can keep it alive; means nothing for a token with a period.
    pub max: Option<Duration>,
    /// It has no last end as long as it is refreshed within this time.
    pub period: Option<Duration>,
}

/// Who makes a token and why: for the record in the log.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Who asks.
    pub actor: String,
    /// The request.
    pub request_id: String,
    /// Everything short of making it.
    pub validate_only: bool,
}

impl Origin {
    /// The daemon itself; `reason` stands where others have their request.
    pub fn of_daemon(reason: &str) -> Self {
        Origin { actor: format!("{SYSTEM_TENANT}/-"), request_id: reason.to_owned(), validate_only: false }
    }

    /// The request that a handler works on.
    pub fn of(context: &ActionContext) -> Self {
        let stranger = || format!("{}/-", context.tenant);
        Origin {
            actor: context.caller.as_ref().map_or_else(stranger, |caller| caller.actor()),
            request_id: context.client.request_id.clone(),
            validate_only: context.validate_only,
        }
    }
}

/// What a log in or a creation answers: the grouping `issued-token`.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token; absent where one that is known already was prolonged, and where none was to be made.
    pub token: Option<Secret>,
    /// Whose tree it opens.
    pub tenant: Ident,
    /// What is known of it, but for a hash of its text.
    pub facts: TokenFacts,
    /// As of when.
    pub now: Timestamp,
}

/// The form of it in the model.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Shown<'a> {
    token: Option<&'a str>,
    /// Batch tokens have none.
    #[serde(skip_serializing_if = "str::is_empty")]
    accessor: &'a str,
    expires: Option<Timestamp>,
    expires_in: Option<u64>,
    creation_time: Timestamp,
    renewal_time: Option<Timestamp>,
    policies: &'a [Ident],
    entity: Option<&'a Ident>,
}

impl Serialize for IssuedToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let facts = &self.facts;
        let shown = Shown {
            token: self.token.as_ref().and_then(Secret::expose_text),
            accessor: &facts.accessor,
            expires: facts.expires,
            expires_in: facts.expires_in(self.now),
            creation_time: facts.creation_time,
            renewal_time: facts.renewal_time(self.now),
            policies: &facts.policies,
            entity: facts.entity.as_ref(),
        };
        shown.serialize(serializer)
    }
}

impl IssuedToken {
    /// The answer about a token as of `now`.
    pub fn of(tenant: Ident, facts: TokenFacts, token: Option<Secret>, now: Timestamp) -> Self {
        IssuedToken { token, tenant, facts: TokenFacts { token_hash: None, ..facts }, now }
    }

    /// Who holds it: after a log in the audit log is to know whose it was.
    pub fn holder(&self) -> Caller {
        let facts = &self.facts;
        Caller {
            tenant: self.tenant.clone(),
            accessor: Some(&facts.accessor).filter(|accessor| !accessor.is_empty()).cloned(),
            user: facts.user.clone(),
            entity: facts.entity.clone(),
            policies: facts.policies.clone(),
            method: facts.method.clone(),
            warranted: false,
            ends: None,
        }
    }
}

impl NewToken {
    /// What is to be known of it, but for a hash of its text.
    fn facts(self, accessor: Ident, now: Timestamp) -> TokenFacts {
        let after = |length: Duration| now.plus_seconds(i64::try_from(length.seconds()).unwrap_or(i64::MAX));
        let explicit = self.explicit_max.map(after);
        let period = self.life.and_then(|life| life.period);
        let last =
            match (self.life.and_then(|life| life.max).filter(|_| period.is_none()).map(after), explicit) {
                (Some(max), Some(explicit)) => Some(max.min(explicit)),
                (max, explicit) => max.or(explicit),
            };
        let end = self.life.map(|life| after(period.unwrap_or(life.ttl)));
        TokenFacts {
            accessor,
            user: self.user,
            entity: self.entity,
            display_name: self.display_name,
            method: Ident::from(self.method),
            policies: self.policies,
            creation_time: now,
            expires: match (end, last) {
                (Some(end), Some(last)) => Some(end.min(last)),
                (end, last) => end.or(last),
            },
            max_expires: last,
            ttl: self.life.map(|life| life.ttl),
            explicit_max_ttl: self.explicit_max,
            period,
            renewable: self.renewable && self.life.is_some(),
            refresh_time: None,
            num_uses: (self.num_uses > 0).then_some(self.num_uses),
            bound_cidrs: self.bound_cidrs,
            parent: self.parent,
            source: self.source,
            path_suffix: self.path_suffix,
            mount: self.mount.map(|mount| mount.path),
            metadata: self.metadata,
            token_hash: None,
        }
    }
}

/// Makes a token.
///
/// # Errors
/// When no random numbers can be had, or the commit fails.
pub async fn issue(
    engine: &Engine,
    access: &Access,
    new: NewToken,
    origin: Origin,
) -> Result<IssuedToken, ActionError> {
    issue_with(engine, access, new, origin, Vec::new(), None).await
}

/// Makes a token in one transaction with further edits of its tenant's tree, if they are approved.
///
/// # Errors
/// As [`issue`]; [`crate::engine::CommitError::Invalid`] where the edits are not approved.
pub async fn issue_with(
    engine: &Engine,
    access: &Access,
    new: NewToken,
    origin: Origin,
    mut edits: Vec<Edit>,
    approve: Option<Approve>,
) -> Result<IssuedToken, ActionError> {
    let now = engine.clock().now();
    let tenant = new.tenant.clone();
    if new.batch {
        return issue_batch(engine, access, new, origin, (edits, approve)).await;
    }
    let model = &access.model;
    let bearer = Bearer::generate().map_err(|error| ActionError::Unavailable(error.to_string()))?;
    let mut facts = TokenFacts {
        token_hash: Some(bearer.hash()),
        ..new.facts(Ident::from(bearer.accessor.as_str()), now)
    };
    // As they are kept, so that whoever is told of them now and later is told the same.
    facts.metadata.sort_by(|one, other| one.name.cmp(&other.name));
    let entry = from_serde(engine.schema(), model.tokens.target(), &facts).map_err(|violations| {
        let reasons: Vec<&str> = violations.iter().map(|violation| violation.message.as_str()).collect();
        ActionError::Internal(format!("a token does not fit the model: {}", reasons.join("; ")))
    })?;
    edits.push(Edit::new(model.token(&facts.accessor), EditOperation::Create, entry));
    let validate_only = origin.validate_only;
    commit_if(engine, tenant.clone(), edits, origin, approve).await?;
    let token = (!validate_only).then_some(bearer.text);
    Ok(IssuedToken::of(tenant, facts, token, now))
}

/// Makes a batch token: there is nothing to commit but what has to change with it.
async fn issue_batch(
    engine: &Engine,
    access: &Access,
    mut new: NewToken,
    origin: Origin,
    (edits, approve): (Vec<Edit>, Option<Approve>),
) -> Result<IssuedToken, ActionError> {
    let now = engine.clock().now();
    let tenant = new.tenant.clone();
    new.renewable = false;
    new.num_uses = 0;
    // It is for being refreshed; a text that carries everything is the shorter without it.
    new.source = None;
    let mount_accessor = new.mount.as_ref().map(|mount| mount.accessor.clone());
    let facts = new.facts(Ident::from(""), now);
    let missing = || ActionError::Internal("batch tokens cannot be made here".to_owned());
    let batch = access.batch.get().filter(|_| facts.expires.is_some()).ok_or_else(missing)?;
    let text = batch
        .seal(&tenant, &facts, mount_accessor)
        .map_err(|error| ActionError::Unavailable(error.to_string()))?;
    let validate_only = origin.validate_only;
    if !edits.is_empty() || approve.is_some() {
        commit_if(engine, tenant.clone(), edits, origin, approve).await?;
    }
    Ok(IssuedToken::of(tenant, facts, (!validate_only).then_some(text), now))
}

/// Commits edits of stored state.
///
/// # Errors
/// When the commit fails.
pub(crate) async fn commit(
    engine: &Engine,
    tenant: Ident,
    edits: Vec<Edit>,
    origin: Origin,
) -> Result<(), ActionError> {
    commit_if(engine, tenant, edits, origin, None).await
}

async fn commit_if(
    engine: &Engine,
    tenant: Ident,
    edits: Vec<Edit>,
    origin: Origin,
    approve: Option<Approve>,
) -> Result<(), ActionError> {
    let request = CommitRequest {
        actor: origin.actor,
        request_id: origin.request_id,
        by: Author::Service,
        changes: vec![TenantEdits { tenant, edits, preconditions: Vec::new() }],
        validate_only: origin.validate_only,
        approve,
        options: CommitOptions::default(),
    };
    engine.commit(request).await.map(drop).map_err(ActionError::Commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(length: u64) -> Duration {
        Duration::from_seconds(length)
    }

    fn token(life: Option<Life>, explicit_max: Option<Duration>) -> TokenFacts {
        let new = NewToken {
            tenant: Ident::from("acme"),
            user: None,
            entity: None,
            display_name: None,
            method: "userpass",
            policies: Vec::new(),
            life,
            explicit_max,
            renewable: true,
            num_uses: 0,
            bound_cidrs: Vec::new(),
            batch: false,
            parent: None,
            source: None,
            path_suffix: None,
            mount: None,
            metadata: Vec::new(),
        };
        new.facts("a".into(), at(1_000))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_token_is_prolonged_until_its_last_end() {
        let life = Life { ttl: seconds(60), max: Some(seconds(100)), period: None };
        let facts = token(Some(life), None);
        assert_eq!((facts.expires, facts.max_expires), (Some(at(1_060)), Some(at(1_100))));
        assert_eq!(facts.refreshed_end(at(1_030)), Some(at(1_090)));
        assert_eq!(facts.refreshed_end(at(1_050)), Some(at(1_100)));
        assert_eq!(facts.renewal_time(at(1_000)), Some(at(1_040)));
    }

    #[test]
    fn a_periodic_token_has_no_last_end_but_an_explicit_one() {
        let life = Life { ttl: seconds(60), max: Some(seconds(100)), period: Some(seconds(30)) };
        let facts = token(Some(life), None);
        assert_eq!((facts.expires, facts.max_expires), (Some(at(1_030)), None));
        assert_eq!(facts.refreshed_end(at(5_000)), Some(at(5_030)));
        let bounded = token(Some(life), Some(seconds(20)));
        assert_eq!((bounded.expires, bounded.max_expires), (Some(at(1_020)), Some(at(1_020))));
    }

    #[test]
    fn a_root_token_does_not_end_and_is_not_renewable() {
        let facts = token(None, None);
        assert_eq!((facts.expires, facts.renewable, facts.refreshed_end(at(9))), (None, false, None));
    }
}
