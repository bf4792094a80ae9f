//! New versions of a transit key: material and its public forms, and the edits by which a version comes and goes.
//!
//! Not for deciding when: that is an action, a timer, or the creation of the key.

use super::model::{KeyVersion, Octets, PublicJwk, TransitKey};
use crate::base::clock::Timestamp;
use crate::base::secret::Secret;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::services::jose::{Cipher, Key, KeyError};
use crate::yang::schema::{NodeId, Schema, Value};

/// Where the list of transit keys is in the model.
pub const KEYS: &str = "/strongbox/transit-keys";

/// The nodes of a transit key that its service touches.
#[derive(Clone, Copy, Debug)]
pub struct Nodes {
    /// The list of keys.
    pub keys: NodeId,
    /// `cipher`
    pub cipher: NodeId,
    /// `exportable`
    pub exportable: NodeId,
    /// `deletion-allowed`
    pub deletion_allowed: NodeId,
    /// `auto-rotate-period`
    pub auto_rotate_period: NodeId,
    /// `active-version`
    pub active_version: NodeId,
    /// `last-rotation`
    pub last_rotation: NodeId,
    /// `versions`
    pub versions: NodeId,
    /// `versions/retired-time`
    pub retired_time: NodeId,
}

impl Nodes {
    /// Finds them; `None` for a model without transit keys.
    pub fn find(schema: &Schema) -> Option<Self> {
        let keys = schema.find(KEYS)?;
        let leaf = |name: &str| schema.own_child(keys, name);
        let versions = leaf("versions")?;
        Some(Nodes {
            keys,
            cipher: leaf("cipher")?,
            exportable: leaf("exportable")?,
            deletion_allowed: leaf("deletion-allowed")?,
            auto_rotate_period: leaf("auto-rotate-period")?,
            active_version: leaf("active-version")?,
            last_rotation: leaf("last-rotation")?,
            versions,
            retired_time: schema.own_child(versions, "retired-time")?,
        })
    }

    /// The path of one version of the key at `key`.
    pub fn version_path(&self, key: &InstancePath, version: u32) -> InstancePath {
        key.child(self.versions).entry([Value::Uint(u64::from(version))])
    }
}

/// The number that the next version of a key gets. Numbers are never used again as long as the key exists: versions are
/// trimmed from the old end only.
pub fn next_number(key: &TransitKey) -> u32 {
    let newest = key.versions.iter().map(|version| version.version).max();
    newest.max(key.active_version).unwrap_or_default().saturating_add(1)
}

/// A version with the public forms of its material.
///
/// # Errors
/// [`KeyError`] when the material is no key of that cipher.
pub fn make(cipher: Cipher, number: u32, material: Secret, now: Timestamp) -> Result<KeyVersion, KeyError> {
    let public = Key::from_material(cipher, material.expose())?.public_key()?;
    Ok(KeyVersion {
        version: number,
        creation_time: now,
        retired_time: None,
        public_key: public.as_ref().map(|public| public.pem()),
        jwk: public.map(|public| PublicJwk::from(public.jwk())).unwrap_or_default(),
        private_key: Octets(material),
    })
}

/// The edits that add a version to the key at `path` and make it the active one. That of two such transactions for the
/// same number only one succeeds follows from the creation of the entry.
///
/// # Errors
/// When the model does not fit.
pub fn addition(
    schema: &Schema,
    nodes: &Nodes,
    path: &InstancePath,
    retired: Option<u32>,
    version: &KeyVersion,
) -> Result<Vec<Edit>, Vec<Violation>> {
    let time = from_serde(schema, nodes.last_rotation, &version.creation_time)?;
    let number = from_serde(schema, nodes.active_version, &version.version)?;
    let set = |path: &InstancePath, node, data| Edit::new(path.child(node), EditOperation::Replace, data);
    let mut edits = vec![
        Edit::new(
            nodes.version_path(path, version.version),
            EditOperation::Create,
            from_serde(schema, nodes.versions, version)?,
        ),
        set(path, nodes.active_version, number),
        set(path, nodes.last_rotation, time.clone()),
    ];
    if let Some(retired) = retired {
        edits.push(set(&nodes.version_path(path, retired), nodes.retired_time, time));
    }
    Ok(edits)
}
