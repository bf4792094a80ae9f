//! What comes with keys and roles of their own accord (keys, a client id, the key `default`), and what the model cannot
//! refuse by itself.

use std::sync::Arc;

use super::model::{NamedKey, Role};
use super::ring::{self, KEYS};
use super::template::Template;
use super::{DEFAULT, Nodes, ROLES};
use crate::base::duration::Duration;
use crate::base::error::ErrorTag;
use crate::base::secret::Secret;
use crate::data::decode::from_serde;
use crate::data::deserialize::from_data;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, List};
use crate::data::violation::Violation;
use crate::engine::{GuardContext, Prepare, PrepareContext, Registry};
use crate::yang::schema::{Schema, Value};

/// Hangs the rules on the model.
pub(super) fn register(registry: &mut Registry, nodes: &Arc<Nodes>) {
    registry.prepare(KEYS, Arc::new(Keys(Arc::clone(nodes))));
    registry.prepare(ROLES, Arc::new(Roles(Arc::clone(nodes))));
    let own = Arc::clone(nodes);
    registry.guard(KEYS, move |context| check_key(&own, context));
    let own = Arc::clone(nodes);
    registry.guard(ROLES, move |context| check_role(&own, context));
}

/// Makes the keys of a new named key, and others when its algorithm changes.
struct Keys(Arc<Nodes>);

impl Prepare for Keys {
    fn prepare(&self, context: &PrepareContext<'_>) -> Result<Vec<Edit>, Vec<Violation>> {
        // An entry that is not yet what the model wants is refused by validation, with a better reason than any from here.
        let Ok(key) = from_data::<NamedKey>(context.schema, context.after) else { return Ok(Vec::new()) };
        let signs = key.ring.iter().find(|known| Some(&known.kid) == key.signing_key.as_ref());
        if signs.is_some_and(|signs| signs.algorithm == key.algorithm) {
            return Ok(Vec::new());
        }
        let failed = |error: &dyn std::fmt::Display| {
            let message = format!("no key could be made: {error}");
            vec![Violation::new(ErrorTag::OperationFailed, context.path.clone(), message)]
        };
        let signing = ring::make(key.algorithm, context.now).map_err(|error| failed(&error))?;
        let next = ring::make(key.algorithm, context.now).map_err(|error| failed(&error))?;
        let when = (context.now, key.verification_ttl);
        ring::turn(context.schema, &self.0.ring, context.path, &key, (&signing, &next), when)
    }
}

/// Gives a role its client id, and makes the key `default` for the first one that names it.
struct Roles(Arc<Nodes>);

impl Prepare for Roles {
    fn prepare(&self, context: &PrepareContext<'_>) -> Result<Vec<Edit>, Vec<Violation>> {
        let nodes = &self.0;
        let mut edits = Vec::new();
        if context.after.leaf(nodes.client_id).is_none() {
            let path = context.path.child(nodes.client_id);
            let known = context.before.and_then(|before| before.leaf(nodes.client_id)).cloned();
            let id = match known {
                Some(known) => known,
                None => Value::string(client_id().ok_or_else(|| {
                    let message = "no random client id could be made";
                    vec![Violation::new(ErrorTag::OperationFailed, path.clone(), message)]
                })?),
            };
            edits.push(Edit::new(path, EditOperation::Replace, Data::Leaf(id)));
        }
        let names_default = context.after.leaf(nodes.role_key).and_then(Value::as_str) == Some(DEFAULT);
        let default = nodes.keys.entry([Value::string(DEFAULT)]);
        if names_default && context.tree.entry(&default).is_none() {
            let entry = serde_json::json!({ "name": DEFAULT, "allowed-client-ids": ["*"] });
            let entry = from_serde(context.schema, nodes.keys.target(), &entry)?;
            edits.push(Edit::new(default, EditOperation::Merge, entry));
        }
        Ok(edits)
    }
}

/// 26 random letters and digits.
fn client_id() -> Option<String> {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut id = String::with_capacity(26);
    while id.len() < 26 {
        for byte in Secret::random(32).ok()?.expose() {
            // Below 248 every letter is as likely as any other.
            if let Some(letter) = LETTERS.get(usize::from(byte % 62)).filter(|_| *byte < 248 && id.len() < 26)
            {
                id.push(char::from(*letter));
            }
        }
    }
    Some(id)
}

/// The entries of `roles` that name a key.
fn roles_of<'a>(
    nodes: &'a Nodes,
    roles: Option<&'a List>,
    key: &'a str,
) -> impl Iterator<Item = &'a Arc<Container>> {
    let names = move |role: &&Arc<Container>| role.leaf(nodes.role_key).and_then(Value::as_str) == Some(key);
    roles.into_iter().flat_map(List::iter).filter(names)
}

/// How long a key stays published bounds how often it turns, and how long its roles' tokens live.
fn check_key(nodes: &Nodes, context: &GuardContext<'_>) -> Vec<Violation> {
    let name = context.path.keys().first().map(ToString::to_string).unwrap_or_default();
    let Some(after) = context.entry_after else {
        if name == DEFAULT {
            let message = format!("deletion of key {DEFAULT:?} not allowed");
            return vec![fault(context.path.clone(), "default-key", message)];
        }
        return Vec::new();
    };
    let Ok(key) = from_data::<NamedKey>(context.schema, after) else { return Vec::new() };
    let mut violations = Vec::new();
    let longest = key.rotation_period.seconds().saturating_mul(10);
    if key.verification_ttl.seconds() > longest {
        let message = "verification-ttl cannot be longer than 10x rotation-period".to_owned();
        violations.push(fault(context.path.child(nodes.verification_ttl), "verification-ttl", message));
    }
    let roles = context.after.list(&nodes.roles).map(|list| &**list);
    let mut of_roles = roles_of(nodes, roles, &name).filter_map(|role| ttl(context.schema, role));
    if of_roles.any(|ttl| ttl > key.verification_ttl) {
        let message = format!(
            "unable to update key {name:?} because it is currently referenced by one or more roles with a token ttl \
             greater than {} seconds",
            key.verification_ttl.seconds()
        );
        violations.push(fault(context.path.child(nodes.verification_ttl), "role-ttl", message));
    }
    violations
}

fn ttl(schema: &Schema, role: &Arc<Container>) -> Option<Duration> {
    from_data::<Role>(schema, role).ok().map(|role| role.ttl)
}

/// The tokens of a role end while the key that signs them is still published; and its template is one.
fn check_role(nodes: &Nodes, context: &GuardContext<'_>) -> Vec<Violation> {
    let Some(after) = context.entry_after else { return Vec::new() };
    let Ok(role) = from_data::<Role>(context.schema, after) else { return Vec::new() };
    let mut violations = Vec::new();
    let key = context.after.entry(&nodes.keys.entry([Value::string(role.key.as_str())]));
    let key = key.and_then(|key| from_data::<NamedKey>(context.schema, key).ok());
    if key.is_some_and(|key| role.ttl > key.verification_ttl) {
        let message =
            "a role's token ttl cannot be longer than the verification_ttl of the key it references";
        violations.push(fault(context.path.child(nodes.role_ttl), "key-ttl", message.to_owned()));
    }
    if let Err(error) = Template::parse(&role.template) {
        violations.push(fault(context.path.child(nodes.role_template), "template", error.to_string()));
    }
    violations
}

fn fault(path: InstancePath, app_tag: &str, message: String) -> Violation {
    Violation::new(ErrorTag::InvalidValue, path, message).app_tag(app_tag)
}
