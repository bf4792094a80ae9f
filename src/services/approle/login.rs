//! The log in itself.

use std::sync::Arc;

use super::model::{LoginInput, Role, SecretIdFacts};
use super::secret_id::{accessor, hash, same};
use super::{AppRoles, below, secret_id_of};
use crate::access::authenticate::{Arrival, Metadata};
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::Data;
use crate::data::violation::Violation;
use crate::engine::{ActionContext, ActionError, Approval, Approve, Snapshot};
use crate::services::login::place::Door;
use crate::services::login::{Guest, Knock};
use crate::services::token::IssuedToken;
use crate::yang::schema::Value;

/// A secret id that was found to be good, and what its use changes.
struct Good {
    facts: SecretIdFacts,
    edits: Vec<Edit>,
    approve: Option<Approve>,
}

impl AppRoles {
    pub(super) async fn login(
        &self,
        context: ActionContext,
        input: LoginInput,
    ) -> Result<IssuedToken, ActionError> {
        let LoginInput { tenant, mount, role_id, secret_id } = input;
        // A mount is one tenant's.
        let tenant = tenant.or_else(|| mount.as_ref().map(|_| context.tenant.clone()));
        let door = match (&tenant, &mount) {
            (Some(tenant), Some(_)) => self.places.door(&context.snapshot, tenant, mount.as_ref())?,
            _ => Some(Door::own("approle")),
        };
        let (door, is_there) = match door {
            Some(door) => (door, true),
            None => (Door::nowhere(mount.as_ref()), false),
        };
        let found = self.role_ids.find(&role_id, &door.place, tenant.as_ref(), &context.tenant);
        let (tenant, name) = match found.filter(|_| is_there) {
            Some((tenant, _, name)) => (tenant, Some(name)),
            None => (tenant.unwrap_or_else(|| context.tenant.clone()), None),
        };
        let who = door.attempted(&format!("approle/{}", name.as_ref().unwrap_or(&role_id)));
        let mut knock = Knock::begin(&context, &self.access, tenant, &who)?;
        let Some(name) = name else { return Err(knock.refuse("no such role-id").await) };
        // Log ins with one secret id follow one another, so that each finds the uses that the one before it left.
        if let Some(secret) = &secret_id {
            let which = (knock.tenant.clone(), accessor(secret));
            knock.wait_for_turn(&self.turns, &which).await;
        }
        let snapshot = context.engine.snapshot();
        let path = self.places.entry(&door.place, &name);
        let role: Option<Role> = snapshot
            .get(&knock.tenant, &path)
            .map_err(|error| ActionError::Internal(format!("a role cannot be read: {error}")))?;
        let role = role.filter(|role| role.role_id.as_ref() == Some(&role_id));
        let Some(role) = role else { return Err(knock.refuse("no such role-id").await) };
        if !knock.is_from(&role.parameters.token_bound_cidrs) {
            return Err(knock.refuse("not from this address").await);
        }
        let good = match (&secret_id, role.bind_secret_id) {
            (Some(secret), true) => match self.check(&context, &snapshot, &knock, &role, &path, secret)? {
                Ok(good) => Some(good),
                Err(reason) => return Err(knock.refuse(reason).await),
            },
            (None, true) => return Err(knock.refuse("no secret-id").await),
            (_, false) => None,
        };
        let mut metadata = role.metadata;
        let (mut edits, mut approve) = (Vec::new(), None);
        if let Some(good) = good {
            metadata.retain(|fact| good.facts.metadata.iter().all(|own| own.name != fact.name));
            metadata.extend(good.facts.metadata);
            (edits, approve) = (good.edits, good.approve);
        }
        metadata.retain(|fact| fact.name != "role" && fact.name != "role_name");
        metadata.extend(door.fact("role_name", &name));
        metadata.push(Metadata { name: Ident::from("role"), value: name.clone() });
        let guest = Guest {
            user: None,
            display_name: Some(door.display_name(&name).unwrap_or(name)),
            method: "approle",
            parameters: role.parameters,
            arrival: Some(Arrival {
                accessor: door.accessor.clone(),
                alias: role_id,
                metadata: metadata.clone(),
                groups: None,
            }),
            tuning: door.tuning,
            source: Some(path),
            mount: door.mount(),
            metadata,
            edits,
            approve,
        };
        knock.let_in(guest).await
    }

    /// Looks at a secret id; says why it is not good.
    fn check(
        &self,
        context: &ActionContext,
        snapshot: &Snapshot,
        knock: &Knock<'_>,
        role: &Role,
        role_path: &InstancePath,
        secret: &Secret,
    ) -> Result<Result<Good, &'static str>, ActionError> {
        let schema = snapshot.schema();
        let path = secret_id_of(schema, role_path, &accessor(secret))?;
        let given = hash(secret);
        let facts: Option<SecretIdFacts> = snapshot
            .get(&knock.tenant, &path)
            .map_err(|error| ActionError::Internal(format!("a secret id cannot be read: {error}")))?;
        let Some(facts) =
            facts.filter(|facts| facts.secret_id_hash.is_some_and(|stored| same(stored, given)))
        else {
            return Ok(Err("no such secret-id"));
        };
        if !facts.is_alive(context.now) {
            return Ok(Err("the secret-id has expired"));
        }
        if !knock.is_from(&role.secret_id_bound_cidrs) || !knock.is_from(&facts.bound_cidrs) {
            return Ok(Err("the secret-id is not accepted from this address"));
        }
        let Some(left) = facts.num_uses else {
            return Ok(Ok(Good { facts, edits: Vec::new(), approve: None }));
        };
        let leaf = path.child(below(schema, &path, "num-uses")?);
        let edit = match left.checked_sub(1) {
            None => return Ok(Err("the secret-id has no uses left")),
            Some(0) => Edit::without_value(path, EditOperation::Delete),
            Some(left) => {
                let value = Data::Leaf(Value::Uint(u64::from(left)));
                Edit::new(leaf.clone(), EditOperation::Replace, value)
            }
        };
        Ok(Ok(Good { facts, edits: vec![edit], approve: Some(still(leaf, left)) }))
    }
}

/// Approves of a use only if nobody else took it meanwhile, and the secret id was not destroyed.
fn still(num_uses: InstancePath, left: u32) -> Approve {
    Arc::new(move |approval: &Approval<'_>| {
        if approval.before.leaf(&num_uses) == Some(&Value::Uint(u64::from(left))) {
            return Vec::new();
        }
        let message = "the use of the secret-id was taken by another log in";
        vec![Violation::new(ErrorTag::InUse, num_uses.clone(), message)]
    })
}
