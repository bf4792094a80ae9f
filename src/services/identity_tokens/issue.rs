//! A token about the entity of the caller, under a role.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::model::{Role, TokenOutput};
use super::ring::Ring;
use super::template::{AliasFacts, GroupFacts, RESERVED, Subject, Template};
use super::{IdentityTokens, internal, read};
use crate::access::identity::EntityState;
use crate::access::identity::directory::{Directory, alias_keys, text};
use crate::base::ident::Ident;
use crate::base::json;
use crate::data::tree::Container;
use crate::engine::{ActionContext, ActionError};
use crate::services::input;
use crate::yang::schema::{NodeId, Value};

/// Most payloads are shorter, in bytes.
const ORDINARY_PAYLOAD: usize = 512;

/// A role with everything that signing under it needs.
pub(super) struct Compiled {
    role: Role,
    template: Template,
    ring: Arc<Ring>,
}

/// What a token says.
#[derive(Serialize)]
struct Claims<'a> {
    /// None of which has a name of those below.
    #[serde(flatten)]
    of_template: Map<String, Json>,
    iss: &'a str,
    namespace: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

impl IdentityTokens {
    /// Signs a token about the caller's entity.
    pub(super) fn token(&self, context: &ActionContext) -> Result<TokenOutput, ActionError> {
        let refuse = |message: String| {
            ActionError::Invalid(vec![input::fault(context, "token", None, message).app_tag("no-token")])
        };
        let Compiled { role, template, ring } = &*self.compiled(context)?;
        if !ring.allows(&role.client_id) {
            return Err(refuse(format!(
                "the key {:?} does not list the client ID of the role {:?} as an allowed client ID",
                role.key.as_str(),
                role.name.as_str()
            )));
        }
        let caller = context.caller()?;
        let standing = self.access.policies.standing(&context.snapshot, caller);
        let standing =
            standing.ok_or_else(|| refuse("no entity associated with the request's token".to_owned()))?;
        if standing.state != EntityState::Active {
            return Err(ActionError::Denied("the entity is disabled or gone".to_owned()));
        }
        let mut output =
            TokenOutput { client_id: role.client_id.clone(), ttl: role.ttl, ..TokenOutput::default() };
        let lifetime = role.ttl.min(ring.verification_ttl);
        if lifetime < role.ttl {
            output.warnings.push("a role's token ttl cannot be longer than the verification_ttl of the key it references; the token's expiration is limited to that".to_owned());
        }
        let expires = context.now.plus_seconds(i64::try_from(lifetime.seconds()).unwrap_or(i64::MAX));
        output.expires = Some(expires);
        if context.validate_only {
            return Ok(output);
        }
        let claims = Claims {
            of_template: self.template_claims(context, &standing.entity, template),
            iss: &self.issuer(&context.snapshot, &context.tenant, &context.public_url),
            namespace: "root",
            sub: &standing.entity,
            aud: &role.client_id,
            iat: context.now.seconds(),
            exp: expires.seconds(),
        };
        let mut payload = Vec::with_capacity(ORDINARY_PAYLOAD);
        json::append(&claims, &mut payload).map_err(|error| internal(&error))?;
        let signer = ring.signer().ok_or_else(|| internal(&"the key has no keys yet"))?;
        output.token = Some(signer.sign(&payload).map_err(|error| internal(&error))?);
        Ok(output)
    }

    fn compiled(&self, context: &ActionContext) -> Result<Arc<Compiled>, ActionError> {
        let (snapshot, tenant) = (&context.snapshot, &context.tenant);
        let schema = snapshot.schema();
        let entry = context.entry()?;
        let name = entry.leaf(self.nodes.role_key).cloned().unwrap_or(Value::Empty);
        let key_path = self.nodes.keys.entry([name]);
        let key = snapshot.entry(tenant, &key_path).ok_or_else(|| internal(&"the role's key is gone"))?;
        let memo = context.keys().first().cloned().unwrap_or(Value::Empty);
        self.roles.get(&(tenant.clone(), memo), &[entry, key], || {
            let role: Role = read(schema, entry)?;
            let template = Template::parse(&role.template).map_err(|error| internal(&error))?;
            Ok(Compiled { role, template, ring: self.ring(schema, tenant, key)? })
        })
    }

    /// The claims of a template. A template that comes to nothing is no reason to refuse a token.
    fn template_claims(
        &self,
        context: &ActionContext,
        entity: &Ident,
        template: &Template,
    ) -> Map<String, Json> {
        if template.is_empty() {
            return Map::new();
        }
        let identities = self.access.policies.identities();
        let directory = identities.directory(&context.snapshot, &context.tenant);
        let subject = directory.and_then(|directory| subject(&directory, entity)).unwrap_or_default();
        match template.claims(&subject, context.now) {
            Ok(mut claims) => {
                claims.retain(|name, _| !RESERVED.contains(&name.as_str()));
                claims
            }
            Err(error) => {
                tracing::warn!(tenant = %context.tenant, %error, "a template of an identity token came to nothing");
                Map::new()
            }
        }
    }
}

/// An entity as templates see it.
fn subject(directory: &Directory<'_>, id: &Ident) -> Option<Subject> {
    let (schema, model) = (directory.schema, directory.model);
    let entity = directory.entity(id)?;
    let facts = |entry: &Container, list: &str| -> Map<String, Json> {
        let list = schema.own_child(entry.node, list).and_then(|list| entry.list(list));
        let entries = list.into_iter().flat_map(|list| list.iter());
        entries.filter_map(|fact| Some((key(fact), fact_value(schema, fact)?))).collect()
    };
    let shown =
        |entry: &Container, leaf: NodeId| text(entry, leaf).map(|text| text.to_string()).unwrap_or_default();
    let groups = directory.groups_of(id);
    let groups = groups.all().filter_map(|group| {
        let entry = directory.group(group)?;
        Some(GroupFacts { id: group.to_string(), name: shown(entry, model.group_name) })
    });
    let aliases = directory.aliases_of(id).into_iter().map(|alias| {
        let (accessor, name) = alias_keys(alias);
        AliasFacts {
            accessor: accessor.to_string(),
            id: shown(alias, model.alias_id),
            name: name.to_string(),
            metadata: facts(alias, "metadata"),
            custom: facts(alias, "custom-metadata"),
        }
    });
    Some(Subject {
        id: id.to_string(),
        name: shown(entity, model.entity_name),
        metadata: facts(entity, "metadata"),
        groups: groups.collect(),
        aliases: aliases.collect(),
    })
}

fn key(fact: &Container) -> String {
    fact.key_values(1).next().map(ToString::to_string).unwrap_or_default()
}

fn fact_value(schema: &crate::yang::schema::Schema, fact: &Container) -> Option<Json> {
    let value = schema.own_child(fact.node, "value").and_then(|leaf| fact.leaf(leaf))?;
    Some(Json::from(value.to_string()))
}
