//! The actions of a transit key: rotate, sign, verify, import, trim.

use std::sync::Arc;

use super::Transit;
use super::keyring::{Keyring, Version};
use super::model::{
    ImportInput, Octets, SignInput, SignOutput, TransitKey, TrimInput, TrimOutput, VerifyInput, VerifyOutput,
    VersionOutput,
};
use super::version::{addition, make, next_number};
use crate::base::error::ErrorTag;
use crate::base::secret::Secret;
use crate::data::deserialize::from_data;
use crate::data::edit::{Edit, EditOperation};
use crate::data::violation::Violation;
use crate::engine::{
    ActionContext, ActionError, Author, CommitError, CommitOptions, CommitRequest, TenantEdits,
};
use crate::services::input;
use crate::services::jose::{Cipher, Key, KeyError};

/// How often a new version is tried when others made one at the same time.
const ATTEMPTS: usize = 5;

impl Transit {
    /// Makes a new version with fresh material.
    pub(super) async fn rotate(&self, context: ActionContext) -> Result<VersionOutput, ActionError> {
        let cipher = self.read(&context)?.cipher;
        if context.validate_only {
            return self.dry_version(&context);
        }
        let material = generate(cipher).await?;
        self.add_version(&context, material).await
    }

    /// Takes material from outside as a new version.
    pub(super) async fn import(
        &self,
        context: ActionContext,
        input: ImportInput,
    ) -> Result<VersionOutput, ActionError> {
        let cipher = self.read(&context)?.cipher;
        let text = Secret::from_text(input.private_key);
        let material = Key::import(cipher, text.expose_text().unwrap_or_default())
            .map_err(|error| fault(&context, "import", "private-key", &error))?;
        if context.validate_only {
            return self.dry_version(&context);
        }
        self.add_version(&context, material).await
    }

    /// Signs some bytes.
    pub(super) fn sign(&self, context: &ActionContext, input: &SignInput) -> Result<SignOutput, ActionError> {
        let ring = self.ring(context)?;
        let version = match input.version {
            Some(number) => wanted(&ring, number).map_err(|why| refused(context, "sign", "version", why))?,
            None => ring.active().ok_or_else(no_material)?,
        };
        let key = ring.key(version).map_err(|error| ActionError::Internal(error.to_string()))?;
        let signature = key
            .sign(input.algorithm, input.input.0.expose())
            .map_err(|error| fault(context, "sign", "algorithm", &error))?;
        Ok(SignOutput { signature: Octets(Secret::new(signature)), version: version.number })
    }

    /// Looks for the version that made a signature.
    pub(super) fn verify(
        &self,
        context: &ActionContext,
        input: &VerifyInput,
    ) -> Result<VerifyOutput, ActionError> {
        let ring = self.ring(context)?;
        let candidates: Vec<&Version> = match input.version {
            Some(number) => {
                vec![wanted(&ring, number).map_err(|why| refused(context, "verify", "version", why))?]
            }
            None => ring.newest_first().collect(),
        };
        for version in candidates {
            let key = ring.key(version).map_err(|error| ActionError::Internal(error.to_string()))?;
            let valid = key
                .verify(input.algorithm, input.input.0.expose(), input.signature.0.expose())
                .map_err(|error| fault(context, "verify", "algorithm", &error))?;
            if valid {
                return Ok(VerifyOutput { valid: true, version: Some(version.number) });
            }
        }
        Ok(VerifyOutput { valid: false, version: None })
    }

    /// Removes versions older than a given one.
    pub(super) async fn trim(
        &self,
        context: ActionContext,
        input: TrimInput,
    ) -> Result<TrimOutput, ActionError> {
        let key = self.read(&context)?;
        let active = key.active_version.unwrap_or_default();
        if input.before > active {
            let message = format!("'{}' is larger than the active version, which is {active}", input.before);
            return Err(refused(&context, "trim", "before", message));
        }
        let mut removed: Vec<u32> = key
            .versions
            .iter()
            .map(|version| version.version)
            .filter(|number| *number < input.before)
            .collect();
        removed.sort_unstable();
        if !removed.is_empty() {
            let remove = |number: &u32| {
                let path = self.nodes.version_path(&context.path, *number);
                Edit::without_value(path, EditOperation::Remove)
            };
            let edits = removed.iter().map(remove).collect();
            context.engine.commit(request(&context, edits)).await?;
        }
        Ok(TrimOutput { removed })
    }

    fn read(&self, context: &ActionContext) -> Result<TransitKey, ActionError> {
        let entry = context.entry()?;
        from_data(context.snapshot.schema(), entry).map_err(|error| ActionError::Internal(error.to_string()))
    }

    fn ring(&self, context: &ActionContext) -> Result<Arc<Keyring>, ActionError> {
        let entry = context.entry()?;
        self.keyrings
            .get(context.snapshot.schema(), &context.tenant, entry)
            .map_err(|error| ActionError::Internal(error.to_string()))
    }

    fn dry_version(&self, context: &ActionContext) -> Result<VersionOutput, ActionError> {
        self.read(context).map(|key| VersionOutput { version: next_number(&key) })
    }

    async fn add_version(
        &self,
        context: &ActionContext,
        material: Secret,
    ) -> Result<VersionOutput, ActionError> {
        for _ in 0..ATTEMPTS {
            // Read afresh: at a second attempt somebody else's version is there.
            let snapshot = context.engine.snapshot();
            let schema = snapshot.schema();
            let entry = snapshot.entry(&context.tenant, &context.path).ok_or(ActionError::NotFound)?;
            let internal = |error: &dyn std::fmt::Display| ActionError::Internal(error.to_string());
            let key: TransitKey = from_data(schema, entry).map_err(|error| internal(&error))?;
            let version = make(key.cipher, next_number(&key), material.clone(), context.engine.clock().now())
                .map_err(|error| internal(&error))?;
            let edits = addition(schema, &self.nodes, &context.path, key.active_version, &version)
                .map_err(ActionError::Invalid)?;
            match context.engine.commit(request(context, edits)).await {
                Ok(_) => return Ok(VersionOutput { version: version.version }),
                Err(CommitError::Invalid(violations)) if is_taken(&violations) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ActionError::Unavailable(
            "others make versions of this key at the same time; try again".to_owned(),
        ))
    }
}

/// Fresh material, made on a thread where it is no matter that RSA takes its time.
async fn generate(cipher: Cipher) -> Result<Secret, ActionError> {
    tokio::task::spawn_blocking(move || Key::generate(cipher))
        .await
        .map_err(|error| ActionError::Internal(error.to_string()))?
        .map_err(|error| ActionError::Internal(error.to_string()))
}

fn request(context: &ActionContext, edits: Vec<Edit>) -> CommitRequest {
    CommitRequest {
        actor: context.caller.as_ref().map_or_else(|| "nobody".to_owned(), |caller| caller.actor()),
        request_id: context.client.request_id.clone(),
        by: Author::Service,
        changes: vec![TenantEdits { tenant: context.tenant.clone(), edits, preconditions: Vec::new() }],
        validate_only: context.validate_only,
        approve: None,
        options: CommitOptions::default(),
    }
}

fn is_taken(violations: &[Violation]) -> bool {
    violations.iter().any(|violation| violation.tag == ErrorTag::DataExists)
}

fn wanted(ring: &Keyring, number: u32) -> Result<&Version, String> {
    ring.version(number).ok_or_else(|| {
        let known: Vec<String> = ring.newest_first().map(|version| version.number.to_string()).collect();
        format!("the key has no version '{number}'; it has {}", known.join(", "))
    })
}

fn no_material() -> ActionError {
    ActionError::Internal("the key has no active version".to_owned())
}

fn refused(context: &ActionContext, action: &str, leaf: &str, message: String) -> ActionError {
    ActionError::Invalid(vec![input::fault(context, action, Some(leaf), message)])
}

/// A key's own refusal: of the caller's making where it is about what was asked for.
fn fault(context: &ActionContext, action: &str, leaf: &str, error: &KeyError) -> ActionError {
    match error {
        KeyError::Library | KeyError::Random(_) => ActionError::Internal(error.to_string()),
        _ => refused(context, action, leaf, format!("{leaf} cannot be used: {error}")),
    }
}
