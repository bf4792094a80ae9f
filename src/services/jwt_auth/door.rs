//! Where somebody knocks: an issuer as it is configured in one place or another, compiled, with what its mount says of
//! tokens. Entries of `authentication/jwt-auth` and mounts of type `jwt` hold the same settings; this is where they meet.

use std::sync::Arc;

use super::JwtAuth;
use super::compile::{CompiledIssuer, CompiledRole};
use super::model::{Issuer, Place, Role};
use crate::access::model::{ModelError, path_to};
use crate::base::ident::Ident;
use crate::data::deserialize::from_data;
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::{ActionContext, ActionError, Snapshot};
use crate::services::login::Tuning;
use crate::services::login::place::MountNodes;
use crate::yang::schema::{NodeId, Schema, Value};

/// Issuers of a tenant's own.
pub const ISSUERS: &str = "/strongbox/authentication/jwt-auth";
/// Their roles.
pub const ROLES: &str = "/strongbox/authentication/jwt-auth/roles";
/// Issuers of mounts.
pub const MOUNTED: &str = "/strongbox/mounts/auth/jwt";
/// Their roles.
pub const MOUNTED_ROLES: &str = "/strongbox/mounts/auth/jwt/roles";

const MOUNTS: &str = "/strongbox/mounts/auth";

/// The nodes of both places.
pub struct Nodes {
    issuers: InstancePath,
    roles: NodeId,
    mounts: InstancePath,
    mounted: NodeId,
    mounted_roles: NodeId,
    facts: MountNodes,
}

/// An issuer, ready for people to log in at.
pub struct Door {
    /// What it wants of tokens; `None`: nothing is configured, and nobody is let in.
    pub issuer: Option<CompiledIssuer>,
    /// By what identities refer to it.
    pub accessor: Ident,
    /// What the mount says of tokens.
    pub tuning: Tuning,
    /// Where its roles are.
    pub roles: InstancePath,
}

impl Nodes {
    /// Looks them up.
    ///
    /// # Errors
    /// The first one that the model does not have.
    pub fn find(schema: &Schema) -> Result<Self, ModelError> {
        let node = |path: &'static str| schema.find(path).ok_or(ModelError(path));
        Ok(Nodes {
            issuers: path_to(schema, ISSUERS)?,
            roles: node(ROLES)?,
            mounts: path_to(schema, MOUNTS)?,
            mounted: node(MOUNTED)?,
            mounted_roles: node(MOUNTED_ROLES)?,
            facts: MountNodes::find(schema)?,
        })
    }

    /// The entry of a place.
    fn entry(&self, place: &Place) -> InstancePath {
        match place {
            Place::JwtAuth(name) => self.issuers.entry([Value::string(&**name)]),
            Place::Mount(path) => self.mounts.entry([Value::string(&**path)]),
        }
    }

    fn open(&self, schema: &Schema, place: &Place, entry: &Arc<Container>) -> Result<Door, String> {
        let path = self.entry(place);
        let compiled = |settings: &Arc<Container>| -> Result<Option<CompiledIssuer>, String> {
            let issuer: Issuer = from_data(schema, settings).map_err(|error| error.to_string())?;
            CompiledIssuer::new(issuer).map_err(|fault| fault.message)
        };
        match place {
            Place::JwtAuth(_) => Ok(Door {
                issuer: compiled(entry)?,
                accessor: Ident::from(place.to_string()),
                tuning: Tuning::default(),
                roles: path.child(self.roles),
            }),
            Place::Mount(_) => {
                let (accessor, tuning) = self.facts.read(schema, entry)?;
                Ok(Door {
                    issuer: entry.container(self.mounted).map(compiled).transpose()?.flatten(),
                    accessor,
                    tuning,
                    roles: path.child(self.mounted).child(self.mounted_roles),
                })
            }
        }
    }
}

impl JwtAuth {
    /// The door at a place; `None` where there is nothing.
    pub(super) fn door(
        &self,
        snapshot: &Snapshot,
        tenant: &Ident,
        place: &Place,
    ) -> Result<Option<Arc<Door>>, ActionError> {
        let Some(entry) = snapshot.entry(tenant, &self.nodes.entry(place)) else { return Ok(None) };
        self.doors
            .get(&(tenant.clone(), place.clone()), &[entry], || {
                self.nodes.open(snapshot.schema(), place, entry)
            })
            .map(Some)
            .map_err(|reason| ActionError::Internal(format!("an issuer cannot be read: {reason}")))
    }

    /// A role of a door.
    pub(super) fn role(
        &self,
        context: &ActionContext,
        tenant: &Ident,
        (place, door): (&Place, &Door),
        name: &Ident,
    ) -> Result<Option<Arc<CompiledRole>>, ActionError> {
        let path = door.roles.entry([Value::string(&**name)]);
        let Some(entry) = context.snapshot.entry(tenant, &path) else { return Ok(None) };
        let compile = || {
            let role: Role = from_data(context.engine.schema(), entry).map_err(|error| error.to_string())?;
            CompiledRole::new(role).map_err(|fault| fault.message)
        };
        self.compiled_roles
            .get(&(tenant.clone(), place.clone(), name.clone()), &[entry], compile)
            .map(Some)
            .map_err(|reason| ActionError::Internal(format!("a role cannot be read: {reason}")))
    }
}
