//! Texts that are kept for one look at each, under a token that is shown once: answers that travel through other hands.
//!
//! A text is stored like everything else, behind the seal; its token is not. To look is to delete, in one transaction: of
//! two who come with the same token one finds nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::input::fault;
use super::token::{Origin, commit};
use crate::access::authenticate::{Bearer, TokenHash};
use crate::access::model::{ModelError, path_to};
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::{ActionContext, ActionError, CommitError, Engine, Registry, Snapshot};
use crate::yang::schema::{Schema, Value};

const TEXTS: &str = "/strongbox/wrapping/texts";

/// How many texts are thrown away at once.
const BATCH: usize = 1_000;

/// The service.
#[derive(Debug)]
pub struct Wrapping {
    texts: InstancePath,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Wrap {
    text: Secret,
    ttl: Duration,
    creation_path: Ident,
}

#[derive(Deserialize)]
struct Token {
    token: Secret,
}

/// Which text is meant; the model sees to it that it is one of both.
#[derive(Deserialize)]
struct Which {
    token: Option<Secret>,
    accessor: Option<Ident>,
}

/// An entry of `texts`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Kept {
    token_hash: String,
    #[serde(flatten)]
    facts: Facts,
    expires: Timestamp,
    #[serde(serialize_with = "expose")]
    text: Secret,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Facts {
    accessor: Ident,
    creation_time: Timestamp,
    ttl: Duration,
    creation_path: Ident,
}

#[derive(Serialize)]
struct Made {
    #[serde(serialize_with = "expose")]
    token: Secret,
    #[serde(flatten)]
    facts: Facts,
}

#[derive(Serialize)]
struct Text {
    #[serde(serialize_with = "expose")]
    text: Secret,
}

/// Where tokens and texts leave the process, or go into the store.
fn expose<S: serde::Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    secret.expose_text().serialize(serializer)
}

impl Wrapping {
    /// The service.
    ///
    /// # Errors
    /// When the model has no such texts.
    pub fn new(schema: &Schema) -> Result<Arc<Self>, ModelError> {
        Ok(Arc::new(Wrapping { texts: path_to(schema, TEXTS)? }))
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let service = Arc::clone(self);
        registry.action("/strongbox/wrapping/wrap", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.wrap(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action("/strongbox/wrapping/look-up", move |context: ActionContext, input: Token| {
            let service = Arc::clone(&service);
            async move { service.find(&context, "look-up", &input).map(|(_, kept)| kept.facts) }
        });
        let service = Arc::clone(self);
        registry.action("/strongbox/wrapping/unwrap", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.unwrap(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action("/strongbox/wrapping/rewrap", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.rewrap(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action("/strongbox/wrapping/revoke", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.revoke(context, input).await }
        });
    }

    async fn wrap(&self, context: ActionContext, input: Wrap) -> Result<Made, ActionError> {
        let Wrap { text, ttl, creation_path } = input;
        let (made, edit) = self.kept(&context, text, ttl, creation_path)?;
        commit(&context.engine, context.tenant.clone(), vec![edit], Origin::of(&context)).await?;
        Ok(made)
    }

    async fn unwrap(&self, context: ActionContext, input: Token) -> Result<Text, ActionError> {
        let (tenant, kept) = self.find(&context, "unwrap", &input)?;
        let gone = self.gone(&kept.token_hash);
        let outcome = commit(&context.engine, tenant, vec![gone], Origin::of(&context)).await;
        outcome.map_err(|error| lost(&context, "unwrap", error))?;
        Ok(Text { text: kept.text })
    }

    async fn rewrap(&self, context: ActionContext, input: Token) -> Result<Made, ActionError> {
        let (tenant, kept) = self.find(&context, "rewrap", &input)?;
        let gone = self.gone(&kept.token_hash);
        let (made, edit) = self.kept(&context, kept.text, kept.facts.ttl, kept.facts.creation_path)?;
        let outcome = commit(&context.engine, tenant, vec![gone, edit], Origin::of(&context)).await;
        outcome.map_err(|error| lost(&context, "rewrap", error))?;
        Ok(made)
    }

    /// Throws a text of the caller's tenant away.
    async fn revoke(&self, context: ActionContext, input: Which) -> Result<(), ActionError> {
        let found = match input {
            Which { token: Some(token), .. } => {
                let (tenant, kept) = self.find(&context, "revoke", &Token { token })?;
                Some(self.entry(&kept.token_hash)).filter(|_| tenant == context.tenant)
            }
            Which { accessor, .. } => accessor.and_then(|accessor| self.by_accessor(&context, &accessor)),
        };
        let unknown = || {
            ActionError::Invalid(vec![fault(
                &context,
                "revoke",
                None,
                "there is no such kept text".to_owned(),
            )])
        };
        let gone = Edit::without_value(found.ok_or_else(unknown)?, EditOperation::Remove);
        commit(&context.engine, context.tenant.clone(), vec![gone], Origin::of(&context)).await
    }

    /// The text of the caller's tenant whose token has a public name.
    fn by_accessor(&self, context: &ActionContext, accessor: &str) -> Option<InstancePath> {
        let schema = context.snapshot.schema();
        let leaf = schema.own_child(self.texts.target(), "accessor")?;
        let entries = context.snapshot.tenant(&context.tenant)?.tree.list(&self.texts)?.iter();
        let named =
            |entry: &&Arc<Container>| entry.leaf(leaf).is_some_and(|found| found.to_string() == accessor);
        entries.into_iter().find(named).map(|entry| self.texts.entry(entry.key(schema)))
    }

    /// A new entry, and the edit that stores it.
    fn kept(
        &self,
        context: &ActionContext,
        text: Secret,
        ttl: Duration,
        creation_path: Ident,
    ) -> Result<(Made, Edit), ActionError> {
        let bearer = Bearer::generate().map_err(|error| ActionError::Unavailable(error.to_string()))?;
        let accessor = Ident::from(bearer.accessor.as_str());
        let facts = Facts { accessor, creation_time: context.now, ttl, creation_path };
        let seconds = i64::try_from(ttl.seconds()).unwrap_or(i64::MAX);
        let expires = context.now.plus_seconds(seconds);
        let token_hash = STANDARD.encode(bearer.hash().0);
        let kept = Kept { token_hash, facts: facts.clone(), expires, text };
        let entry =
            from_serde(context.engine.schema(), self.texts.target(), &kept).map_err(|violations| {
                let reasons: Vec<&str> =
                    violations.iter().map(|violation| violation.message.as_str()).collect();
                ActionError::Internal(format!("a kept text does not fit the model: {}", reasons.join("; ")))
            })?;
        let edit = Edit::new(self.entry(&kept.token_hash), EditOperation::Create, entry);
        Ok((Made { token: bearer.text, facts }, edit))
    }

    fn entry(&self, token_hash: &str) -> InstancePath {
        self.texts.entry([Value::string(token_hash)])
    }

    /// It must be there: of two transactions that take it away, one fails.
    fn gone(&self, token_hash: &str) -> Edit {
        Edit::without_value(self.entry(token_hash), EditOperation::Delete)
    }

    /// The text that a token is for, whosever it is.
    fn find(
        &self,
        context: &ActionContext,
        action: &str,
        input: &Token,
    ) -> Result<(Ident, Kept), ActionError> {
        let none = || ActionError::Invalid(vec![fault(context, action, Some("token"), NOTHING.to_owned())]);
        let hash = input.token.expose_text().and_then(TokenHash::of).ok_or_else(none)?;
        let path = self.entry(&STANDARD.encode(hash.0));
        let snapshot: &Snapshot = &context.snapshot;
        let mut tenants = snapshot.tenants().map(|(tenant, _)| tenant);
        let tenant = tenants.find(|tenant| snapshot.entry(tenant, &path).is_some()).ok_or_else(none)?;
        let kept: Option<Kept> =
            snapshot.get(tenant, &path).map_err(|error| ActionError::Internal(error.to_string()))?;
        let kept = kept.filter(|kept| context.now < kept.expires).ok_or_else(none)?;
        Ok((tenant.clone(), kept))
    }

    /// Throws away texts that nobody looked at in time.
    ///
    /// # Errors
    /// When the commit fails; the next sweep finds the same texts again.
    pub async fn sweep(&self, engine: &Engine) -> Result<(), ActionError> {
        #[derive(Deserialize)]
        struct Ends {
            expires: Timestamp,
        }
        let (snapshot, now) = (engine.snapshot(), engine.clock().now());
        let mut ended: BTreeMap<Ident, Vec<Edit>> = BTreeMap::new();
        for (tenant, data) in snapshot.tenants() {
            let entries = data.tree.list(&self.texts).into_iter().flat_map(|list| list.iter());
            let paths = entries.map(|entry| self.texts.entry(entry.key(snapshot.schema())));
            let is_over = |path: &InstancePath| {
                let ends = snapshot.get::<Ends>(tenant, path).ok().flatten();
                ends.is_none_or(|ends| ends.expires <= now)
            };
            let edits: Vec<Edit> = paths
                .filter(is_over)
                .take(BATCH)
                .map(|path| Edit::without_value(path, EditOperation::Remove))
                .collect();
            if !edits.is_empty() {
                ended.insert(tenant.clone(), edits);
            }
        }
        for (tenant, edits) in ended {
            commit(engine, tenant, edits, Origin::of_daemon("sweep")).await?;
        }
        Ok(())
    }
}

/// What is said of a token that was never one, is used up or has ended.
const NOTHING: &str = "wrapping token is not valid or does not exist";

/// Somebody else was faster.
fn lost(context: &ActionContext, action: &str, error: ActionError) -> ActionError {
    match error {
        ActionError::Commit(CommitError::Invalid(_)) => {
            ActionError::Invalid(vec![fault(context, action, Some("token"), NOTHING.to_owned())])
        }
        other => other,
    }
}
