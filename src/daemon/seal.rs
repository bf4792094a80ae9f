//! The seal between the surface and its service, and where a daemon that unseals itself finds the key.

use std::sync::Arc;

use crate::base::secret::Secret;
use crate::data::decode::from_serde;
use crate::data::deserialize::from_data;
use crate::data::tree::{Container, Data};
use crate::engine::ActionError;
use crate::services::sealing::Sealing;
use crate::services::sealing::model::{INIT, SEAL_STATUS, SealStatus, UNSEAL, init, unseal};
use crate::settings::SealSettings;
use crate::store::key_file;
use crate::store::seal::SealKey;
use crate::surface::sealed::{Condition, Invoked, Seal};
use crate::yang::schema::{NodeId, NodeKind, Schema};

use super::DaemonError;

/// Name of the systemd credential that holds a seal key.
const CREDENTIAL: &str = "strongbox-seal-key";

/// The seal as the surface sees it: nodes of the model on one side, the service on the other.
pub struct SealOfModel {
    sealing: Arc<Sealing>,
    schema: Arc<Schema>,
    status: NodeId,
    init: NodeId,
    unseal: NodeId,
}

impl SealOfModel {
    /// `None` when the model has no seal.
    pub fn new(sealing: Arc<Sealing>, schema: Arc<Schema>) -> Option<Self> {
        let (status, init) = (schema.find(SEAL_STATUS)?, schema.find(INIT)?);
        let unseal = schema.find(UNSEAL)?;
        Some(SealOfModel { sealing, schema, status, init, unseal })
    }
}

impl Seal for SealOfModel {
    fn condition(&self) -> Condition {
        let SealStatus { initialized, sealed, .. } = *self.sealing.status();
        Condition { initialized, sealed }
    }

    fn status(&self) -> Result<Arc<Container>, ActionError> {
        filled(&self.schema, self.status, &*self.sealing.status())
            .and_then(|status| status.ok_or(ActionError::NotFound))
    }

    fn works(&self, operation: NodeId) -> bool {
        operation == self.init || operation == self.unseal
    }

    fn invoke(&self, operation: NodeId, input: Arc<Container>, validate_only: bool) -> Invoked {
        let (sealing, schema) = (Arc::clone(&self.sealing), Arc::clone(&self.schema));
        let is_init = operation == self.init;
        Box::pin(async move {
            let is_output = |child: &NodeId| matches!(schema.node(*child).kind, NodeKind::Output);
            let output = schema.node(operation).schema_children.iter().copied().find(is_output);
            let output = output.ok_or(ActionError::NotImplemented)?;
            let unfit = |error| ActionError::Internal(format!("the input does not fit: {error}"));
            if is_init {
                let input = from_data(&schema, &input).map_err(unfit)?;
                let made = init(&sealing, &schema, input, validate_only).await?;
                made.map_or(Ok(None), |made| filled(&schema, output, &made))
            } else {
                let input = from_data(&schema, &input).map_err(unfit)?;
                filled(&schema, output, &unseal(&sealing, &schema, input, validate_only).await?)
            }
        })
    }
}

/// A container of the model from a struct of the service.
fn filled<T: serde::Serialize>(
    schema: &Schema,
    node: NodeId,
    value: &T,
) -> Result<Option<Arc<Container>>, ActionError> {
    match from_serde(schema, node, value) {
        Ok(Data::Container(container)) => Ok(Some(container)),
        Ok(_) => Ok(None),
        Err(violations) => {
            let reasons: Vec<String> = violations.iter().map(ToString::to_string).collect();
            Err(ActionError::Internal(format!("the output does not fit the model: {}", reasons.join("; "))))
        }
    }
}

/// The seal key that the settings lead to, and where it is from: a file, the environment, or a credential of systemd.
///
/// # Errors
/// When there is something in one of these places that is not a key, or that others can read.
pub fn configured_key(settings: &SealSettings) -> Result<Option<(SealKey, String)>, DaemonError> {
    if let Some(path) = &settings.key_file {
        let key = key_file::read(path)?;
        return match key {
            Some(key) => Ok(Some((key, path.display().to_string()))),
            None => Err(DaemonError::Unseal(format!("the key file {} does not exist", path.display()))),
        };
    }
    if let Some(text) = &settings.key {
        let place = "STRONGBOX_SEAL_KEY".to_owned();
        let key = SealKey::parse(Secret::expose_text(text).unwrap_or_default())
            .map_err(|error| DaemonError::Unseal(format!("{place} {error}")))?;
        return Ok(Some((key, place)));
    }
    let Some(directory) = &settings.credentials_directory else { return Ok(None) };
    let path = directory.join(CREDENTIAL);
    Ok(key_file::read(&path)?.map(|key| (key, format!("the credential {CREDENTIAL}"))))
}
