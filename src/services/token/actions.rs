//! The actions of `strongbox/token`: `lookup`, `create-token`, `create-orphan`, `refresh`, `revoke`.

use serde::{Deserialize, Serialize};

use super::issue::{IssuedToken, Life, NewToken, Origin, commit, issue};
use super::parameters::{TokenType, with_default};
use super::source::follow_source;
use super::{Tokens, settings};
use crate::access::Access;
use crate::access::authenticate::live::{DEEPEST, parse_network};
use crate::access::authenticate::{Metadata, TokenFacts};
use crate::access::authorize::PolicyOperation;
use crate::access::authorize::policy::{DEFAULT, ROOT};
use crate::base::duration::Duration;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::violation::Violation;
use crate::engine::{ActionContext, ActionError};

const BATCH_ENDS: &str = "a batch token cannot be revoked; it ends by itself";

/// Input of `create-token` and `create-orphan`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct CreateToken {
    pub(super) policies: Vec<Ident>,
    pub(super) ttl: Option<Duration>,
    pub(super) explicit_max_ttl: Option<Duration>,
    pub(super) period: Option<Duration>,
    pub(super) num_uses: u32,
    pub(super) renewable: bool,
    pub(super) bound_cidrs: Vec<Ident>,
    pub(super) no_default_policy: bool,
    pub(super) display_name: Option<Ident>,
    pub(super) metadata: Vec<Metadata>,
    #[serde(rename = "type")]
    pub(super) kind: TokenType,
}

/// Which token is meant; the caller's own when nothing is said.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    accessor: Option<Ident>,
    token: Option<Secret>,
}

/// Input of `refresh`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Refresh {
    #[serde(flatten)]
    which: Which,
    increment: Option<Duration>,
}

/// Output of `lookup`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Known {
    #[serde(flatten)]
    facts: TokenFacts,
    expires_in: Option<u64>,
}

impl Tokens {
    /// The token with which an action was called.
    pub(super) fn own(&self, context: &ActionContext) -> Result<TokenFacts, ActionError> {
        let none = || ActionError::Denied("this needs a token of one's own".to_owned());
        let accessor = context.caller()?.accessor.clone().ok_or_else(none)?;
        self.facts(&context.snapshot, &context.tenant, &accessor)
    }

    /// The token that is meant. Who has its text may do anything with it; by its accessor it must be the caller's own, or
    /// below that, or one with whose entry the caller may do `operation`.
    fn which(
        &self,
        context: &ActionContext,
        which: &Which,
        operation: PolicyOperation,
    ) -> Result<TokenFacts, ActionError> {
        let unknown = |what: &str| invalid(context, vec![format!("there is no token with that {what}")]);
        if let Some(text) = &which.token {
            let text = text.expose_text().unwrap_or_default();
            let found = self.access.facts(&context.snapshot, text);
            let own = found
                .filter(|(tenant, _)| *tenant == context.tenant && self.access.is_alive(text, context.now));
            return own.map(|(_, facts)| facts).ok_or_else(|| unknown("text"));
        }
        let Some(accessor) = &which.accessor else { return self.own(context) };
        let caller = context.caller()?;
        let is_related = caller
            .accessor
            .as_ref()
            .is_some_and(|own| own == accessor || self.access.tokens.family(own).contains(accessor));
        if !is_related && !caller.warranted {
            let path = self.access.model.token(accessor);
            let authority = self.access.policies.authority(&context.snapshot, caller);
            let decision = authority.may(operation, &path);
            if !decision.allowed {
                return Err(ActionError::Denied(format!(
                    "to do this with a token that is not below one's own is to {operation} it, which is {decision}"
                )));
            }
        }
        // Also finds out that the token is of this tenant.
        self.facts(&context.snapshot, &context.tenant, accessor).map_err(|error| match error {
            ActionError::NotFound => unknown("accessor"),
            other => other,
        })
    }

    /// Tells what is known of a token.
    pub(super) async fn lookup(&self, context: ActionContext, which: Which) -> Result<Known, ActionError> {
        let mut facts = self.which(&context, &which, PolicyOperation::Read)?;
        facts.token_hash = None;
        Ok(Known { expires_in: facts.expires_in(context.now), facts })
    }

    /// What holds for whoever makes a token, in a role or not. Answers from where the new one is accepted: from no more
    /// places than its maker's.
    pub(super) fn check_maker(
        &self,
        context: &ActionContext,
        own: &TokenFacts,
        wanted: &[Ident],
    ) -> Result<Vec<Ident>, ActionError> {
        let mut faults = Vec::new();
        if own.num_uses.is_some() {
            faults.push("a token with a limited number of uses cannot make tokens".to_owned());
        }
        if self.access.tokens.depth(&own.accessor) >= DEEPEST {
            faults.push(format!("there are {DEEPEST} tokens above one another already"));
        }
        let bound_cidrs = bounds(&own.bound_cidrs, wanted, &mut faults);
        if faults.is_empty() { Ok(bound_cidrs) } else { Err(invalid(context, faults)) }
    }

    /// Makes a token: it can do no more than the caller's, from no more places, and ends with it unless it is an orphan.
    pub(super) async fn create_token(
        &self,
        context: ActionContext,
        input: CreateToken,
        is_orphan: bool,
    ) -> Result<IssuedToken, ActionError> {
        let own = self.own(&context)?;
        let bound_cidrs = self.check_maker(&context, &own, &input.bound_cidrs)?;
        let is_root = own.policies.iter().any(|name| *name == ROOT);
        let foreign: Vec<&str> = input
            .policies
            .iter()
            .filter(|name| !is_root && !own.policies.contains(name))
            .map(|name| &**name)
            .collect();
        if !foreign.is_empty() {
            return Err(ActionError::Denied(format!(
                "a token can hand on only the policies that it carries; it does not carry {}",
                foreign.join(", ")
            )));
        }
        let wanted = if input.policies.is_empty() { &own.policies } else { &input.policies };
        let may_default = is_root || own.policies.iter().any(|name| *name == DEFAULT);
        let policies: Vec<Ident> = with_default(wanted, may_default && !input.no_default_policy)
            .into_iter()
            .filter(|name| !(input.no_default_policy && *name == DEFAULT))
            .collect();
        let mut new = asked_for(&self.access, &context, own, input, policies, bound_cidrs)?;
        if is_orphan {
            new.parent = None;
        }
        issue(&context.engine, &self.access, new, Origin::of(&context)).await
    }

    /// Prolongs a token by its ttl or period, or by as much as is asked for within its limits.
    pub(super) async fn refresh(
        &self,
        context: ActionContext,
        input: Refresh,
    ) -> Result<IssuedToken, ActionError> {
        let mut token = self.which(&context, &input.which, PolicyOperation::Update)?;
        if token.expires.is_none() {
            return Ok(IssuedToken::of(context.tenant.clone(), token, None, context.now));
        }
        if !token.renewable {
            return Err(invalid(&context, vec!["this token cannot be refreshed".to_owned()]));
        }
        let refused = |reason: String| invalid(&context, vec![reason]);
        let before = token.clone();
        follow_source(&self.access, &context, &mut token)?.map_err(refused)?;
        // A period is what its maker wanted; anything else gives way to what is asked for.
        let end = match input.increment.filter(|_| token.period.is_none()) {
            Some(length) => {
                Some(context.now.plus_seconds(i64::try_from(length.seconds()).unwrap_or(i64::MAX)))
            }
            None if token.period.is_some() => token.refreshed_end(context.now),
            None => token.refreshed_end(context.now).max(token.expires),
        };
        token.expires = end.map(|end| token.max_expires.map_or(end, |last| end.min(last)));
        if token.expires.is_some_and(|end| end <= context.now) {
            return Err(refused("the token is past its longest life, and cannot be refreshed".to_owned()));
        }
        token.refresh_time = Some(context.now);
        self.store(&context, &before, &token).await?;
        Ok(IssuedToken::of(context.tenant.clone(), token, None, context.now))
    }

    /// Writes down what a refresh changed.
    async fn store(
        &self,
        context: &ActionContext,
        before: &TokenFacts,
        after: &TokenFacts,
    ) -> Result<(), ActionError> {
        let (schema, model) = (context.engine.schema(), &self.access.model);
        let path = model.token(&after.accessor);
        let changed = serde_json::json!({
            "accessor": after.accessor,
            "expires": after.expires,
            "max-expires": after.max_expires,
            "ttl": after.ttl,
            "period": after.period,
            "refresh-time": after.refresh_time,
        });
        let changed = from_serde(schema, model.tokens.target(), &changed)
            .map_err(|_| ActionError::Internal("an instant does not fit the model".to_owned()))?;
        let mut edits = vec![Edit::new(path.clone(), EditOperation::Merge, changed)];
        let gone = [
            ("max-expires", before.max_expires.is_some() && after.max_expires.is_none()),
            ("period", before.period.is_some() && after.period.is_none()),
        ];
        for (name, _) in gone.into_iter().filter(|(_, is_gone)| *is_gone) {
            if let Some(leaf) = schema.own_child(path.target(), name) {
                edits.push(Edit::without_value(path.child(leaf), EditOperation::Remove));
            }
        }
        commit(&context.engine, context.tenant.clone(), edits, Origin::of(context)).await
    }

    /// Ends a token, and lets those directly below it live on.
    pub(super) async fn revoke_orphan(
        &self,
        context: ActionContext,
        which: Which,
    ) -> Result<(), ActionError> {
        let accessor = self.which(&context, &which, PolicyOperation::Delete)?.accessor;
        if accessor.is_empty() {
            return Err(invalid(&context, vec![BATCH_ENDS.to_owned()]));
        }
        let model = &self.access.model;
        let parent = context.engine.schema().own_child(model.tokens.target(), "parent");
        let parent = parent.ok_or_else(|| ActionError::Internal("tokens have no parent".to_owned()))?;
        let mut edits = vec![Edit::without_value(model.token(&accessor), EditOperation::Remove)];
        for below in self.access.tokens.family(&accessor) {
            let is_child = |facts: TokenFacts| facts.parent.as_ref() == Some(&accessor);
            if self.facts(&context.snapshot, &context.tenant, &below).is_ok_and(is_child) {
                edits.push(Edit::without_value(model.token(&below).child(parent), EditOperation::Remove));
            }
        }
        commit(&context.engine, context.tenant.clone(), edits, Origin::of(&context)).await
    }

    /// Ends a token and all below it.
    pub(super) async fn revoke(&self, context: ActionContext, which: Which) -> Result<(), ActionError> {
        let accessor = self.which(&context, &which, PolicyOperation::Delete)?.accessor;
        if accessor.is_empty() {
            return Err(invalid(&context, vec![BATCH_ENDS.to_owned()]));
        }
        let mut family = self.access.tokens.family(&accessor);
        if family.is_empty() {
            family.push(accessor);
        }
        let gone = |accessor| Edit::without_value(self.access.model.token(accessor), EditOperation::Remove);
        let edits = family.iter().map(|accessor| gone(accessor)).collect();
        commit(&context.engine, context.tenant.clone(), edits, Origin::of(&context)).await
    }
}

/// The token that somebody with the token `own` asks for, below that one, as far as nothing else has a say in it.
pub(super) fn asked_for(
    access: &Access,
    context: &ActionContext,
    own: TokenFacts,
    input: CreateToken,
    policies: Vec<Ident>,
    bound_cidrs: Vec<Ident>,
) -> Result<NewToken, ActionError> {
    let settings = settings(access, &context.snapshot, &context.tenant)?;
    let max = settings.max_ttl;
    Ok(NewToken {
        tenant: context.tenant.clone(),
        user: own.user,
        entity: own.entity,
        display_name: input.display_name,
        method: "create-token",
        policies,
        life: Some(Life {
            ttl: input.ttl.unwrap_or(settings.default_ttl).min(max),
            max: Some(max),
            period: input.period.map(|period| period.min(max)),
        }),
        explicit_max: input.explicit_max_ttl,
        renewable: input.renewable,
        num_uses: input.num_uses,
        bound_cidrs,
        batch: input.kind == TokenType::Batch,
        parent: Some(own.accessor),
        source: None,
        path_suffix: None,
        mount: None,
        metadata: handed_on(own.metadata, input.metadata),
    })
}

/// The facts of a token below one with `own`: what is said anew is in their place.
pub(super) fn handed_on(own: Vec<Metadata>, said: Vec<Metadata>) -> Vec<Metadata> {
    let mut metadata = own;
    metadata.retain(|old| said.iter().all(|new| new.name != old.name));
    metadata.extend(said);
    metadata
}

/// The networks of a token below one that is bound to `own`: no wider than those.
fn bounds(own: &[Ident], wanted: &[Ident], faults: &mut Vec<String>) -> Vec<Ident> {
    if wanted.is_empty() {
        return own.to_vec();
    }
    for text in wanted {
        match parse_network(text) {
            None => faults.push(format!("'{text}' is neither an address nor a network")),
            Some(network) => {
                let within =
                    |outer: &Ident| parse_network(outer).is_some_and(|outer| outer.contains(&network));
                if !own.is_empty() && !own.iter().any(within) {
                    faults.push(format!("{text} is not within the networks of the token above"));
                }
            }
        }
    }
    wanted.to_vec()
}

pub(super) fn invalid(context: &ActionContext, reasons: Vec<String>) -> ActionError {
    let violation = |reason| Violation::new(ErrorTag::InvalidValue, context.path.clone(), reason);
    ActionError::Invalid(reasons.into_iter().map(violation).collect())
}
