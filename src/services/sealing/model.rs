//! The seal in the model: inputs and outputs of its operations, and how they hang there.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use super::attempt::Offer;
use super::rekey::{NewKey, Progress};
use super::{Initialized, Sealing, SealingError, Unsealing};
use crate::access::model::path_to;
use crate::base::clock::Timestamp;
use crate::base::secret::Secret;
use crate::engine::{ActionContext, ActionError, Registry, SYSTEM_TENANT};
use crate::services::input::fault_of;
use crate::store::seal::{Holders, SealKey, Share};
use crate::yang::schema::Schema;

/// The container with the status of the seal.
pub const SEAL_STATUS: &str = "/strongbox/system/seal-status";
/// The operation that makes a store.
pub const INIT: &str = "/strongbox/system/init";
/// The operation that unseals it.
pub const UNSEAL: &str = "/strongbox/system/unseal";
const SEAL: &str = "/strongbox/system/seal";
const ROTATE: &str = "/strongbox/system/rotate-data-key";
const REKEY_START: &str = "/strongbox/system/rekey/start";
const REKEY_SUBMIT: &str = "/strongbox/system/rekey/submit";
const REKEY_VERIFY: &str = "/strongbox/system/rekey/verify";
const REKEY_CANCEL: &str = "/strongbox/system/rekey/cancel";

/// The container `seal-status`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SealStatus {
    /// There is a seal key.
    pub initialized: bool,
    /// The keys are not in memory.
    pub sealed: bool,
    /// Into how many shares the seal key is split.
    pub shares: Option<u8>,
    /// How many of them open the store.
    pub threshold: Option<u8>,
    /// How many shares were given.
    pub progress: Option<u8>,
    /// Names the unsealing under way.
    pub nonce: Option<String>,
    /// The number of the newest data key.
    pub data_key: Option<u32>,
    /// When it was made.
    pub data_key_time: Option<Timestamp>,
    /// Names the store.
    pub store_id: Option<String>,
}

/// Input of `init`.
#[derive(Deserialize)]
pub struct InitInput {
    shares: u8,
    threshold: u8,
}

/// Output of `init`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InitOutput {
    #[serde(flatten)]
    key: NewSealKey,
    #[serde(serialize_with = "expose")]
    root_token: Secret,
}

/// Input of `unseal`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnsealInput {
    seal_key: Option<Secret>,
    #[serde(default)]
    shares: Vec<Secret>,
    nonce: Option<String>,
    reset: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct NewSealKey {
    #[serde(serialize_with = "expose_text")]
    seal_key: Zeroizing<String>,
    #[serde(serialize_with = "expose_texts")]
    key_shares: Vec<Zeroizing<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Rotated {
    data_key: u32,
}

#[derive(Deserialize)]
struct RekeyStart {
    shares: u8,
    threshold: u8,
    verify: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RekeyKeys {
    seal_key: Option<Secret>,
    #[serde(default)]
    shares: Vec<Secret>,
    nonce: String,
}

#[derive(Deserialize)]
struct RekeyCancel {
    nonce: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RekeyOutput {
    nonce: String,
    progress: u8,
    required: u8,
    verifying: bool,
    complete: bool,
    #[serde(flatten)]
    key: Option<NewSealKey>,
}

/// An output, or nothing where an operation was only validated.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer<T> {
    Made(T),
    Nothing {},
}

impl<T> From<Option<T>> for Answer<T> {
    fn from(made: Option<T>) -> Self {
        made.map_or(Answer::Nothing {}, Answer::Made)
    }
}

/// The container `rekey`.
#[derive(Serialize)]
pub(crate) struct RekeyState {
    nonce: String,
    shares: u8,
    threshold: u8,
    progress: u8,
    required: u8,
    verifying: bool,
}

/// The places where keys leave the process.
fn expose<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    secret.expose_text().serialize(serializer)
}

fn expose_text<S: Serializer>(text: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_str().serialize(serializer)
}

fn expose_texts<S: Serializer>(texts: &[Zeroizing<String>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(texts.iter().map(|text| text.as_str()))
}

/// `init` for whoever may send it, which is anybody, once.
///
/// # Errors
/// [`ActionError::Invalid`] when there is a store; [`ActionError::Unavailable`] when it could not be made.
pub async fn init(
    sealing: &Sealing,
    schema: &Schema,
    input: InitInput,
    validate_only: bool,
) -> Result<Option<InitOutput>, ActionError> {
    let holders = Holders { shares: input.shares, threshold: input.threshold };
    let refused = |error| refusal(schema, INIT, error);
    if sealing.status().initialized {
        return Err(refused(SealingError::Initialized));
    }
    if validate_only {
        return Ok(None);
    }
    let Initialized { key, shares, root_token } = sealing.init(holders).await.map_err(refused)?;
    tracing::warn!(
        shares = holders.shares,
        threshold = holders.threshold,
        "the store was made; it is sealed"
    );
    Ok(Some(InitOutput { key: NewSealKey::new(&key, &shares), root_token }))
}

/// `unseal` for whoever has the key or shares.
///
/// # Errors
/// [`ActionError::Invalid`] for keys that are none or do not open the store; [`ActionError::Unavailable`] when it could not
/// be opened.
pub async fn unseal(
    sealing: &Arc<Sealing>,
    schema: &Schema,
    input: UnsealInput,
    validate_only: bool,
) -> Result<SealStatus, ActionError> {
    let refused = |error| refusal(schema, UNSEAL, error);
    let offer = Offer::read(input.seal_key.as_ref(), &input.shares).map_err(refused)?;
    if offer.is_none() && !input.reset {
        let message = "one of seal-key, shares and reset is needed".to_owned();
        return Err(refused(SealingError::Input { leaf: "seal-key", message }));
    }
    if !validate_only {
        let given = Unsealing { offer, nonce: input.nonce, reset: input.reset };
        sealing.unseal(given).await.map_err(refused)?;
    }
    Ok(SealStatus::clone(&sealing.status()))
}

/// Hangs the service on the model.
pub fn register(registry: &mut Registry, sealing: &Arc<Sealing>) {
    let service = Arc::clone(sealing);
    registry.action(INIT, move |context: ActionContext, input| {
        let service = Arc::clone(&service);
        async move {
            let made = init(&service, context.snapshot.schema(), input, context.validate_only).await;
            made.map(Answer::from)
        }
    });
    let service = Arc::clone(sealing);
    registry.action(UNSEAL, move |context: ActionContext, input| {
        let service = Arc::clone(&service);
        async move { unseal(&service, context.snapshot.schema(), input, context.validate_only).await }
    });
    guarded(registry, sealing, SEAL, |service, _, (), validate_only| async move {
        if !validate_only {
            service.seal().await;
        }
        Ok(Some(()))
    });
    guarded(registry, sealing, ROTATE, |service, context, (), validate_only| async move {
        if validate_only {
            return Ok(None);
        }
        let data_key = service.rotate_data_key().await.map_err(|error| refused(&context, ROTATE, error))?;
        Ok(Some(Rotated { data_key }))
    });
    guarded(
        registry,
        sealing,
        REKEY_START,
        |service, context, input: RekeyStart, validate_only| async move {
            if validate_only {
                return Ok(None);
            }
            let holders = Holders { shares: input.shares, threshold: input.threshold };
            let begun = service.rekey_start(holders, input.verify).await;
            begun
                .map(|progress| Some(RekeyOutput::new(&progress, None)))
                .map_err(|error| refused(&context, REKEY_START, error))
        },
    );
    guarded(
        registry,
        sealing,
        REKEY_SUBMIT,
        |service, context, input: RekeyKeys, validate_only| async move {
            let failed = |error| refused(&context, REKEY_SUBMIT, error);
            let offer = input.offer().map_err(failed)?;
            if validate_only {
                return Ok(None);
            }
            let (progress, key) = service.rekey_submit(&input.nonce, offer).await.map_err(failed)?;
            Ok(Some(RekeyOutput::new(&progress, key)))
        },
    );
    guarded(
        registry,
        sealing,
        REKEY_VERIFY,
        |service, context, input: RekeyKeys, validate_only| async move {
            let failed = |error| refused(&context, REKEY_VERIFY, error);
            let offer = input.offer().map_err(failed)?;
            if validate_only {
                return Ok(None);
            }
            let progress = service.rekey_verify(&input.nonce, offer).await.map_err(failed)?;
            Ok(Some(RekeyOutput::new(&progress, None)))
        },
    );
    guarded(
        registry,
        sealing,
        REKEY_CANCEL,
        |service, context, input: RekeyCancel, validate_only| async move {
            if validate_only {
                return Ok(Some(()));
            }
            let cancelled = service.rekey_cancel(&input.nonce).await;
            cancelled.map(Some).map_err(|error| refused(&context, REKEY_CANCEL, error))
        },
    );
}

/// An action for callers of the system tenant only: the seal is not one tenant's affair, whatever its policies say.
fn guarded<I, O, F, R>(registry: &mut Registry, sealing: &Arc<Sealing>, path: &str, handler: F)
where
    I: serde::de::DeserializeOwned + Send + 'static,
    O: Serialize + Send + 'static,
    F: Fn(Arc<Sealing>, ActionContext, I, bool) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Option<O>, ActionError>> + Send + 'static,
{
    let (service, handler) = (Arc::clone(sealing), Arc::new(handler));
    registry.action(path, move |context: ActionContext, input: I| {
        let (service, handler) = (Arc::clone(&service), Arc::clone(&handler));
        async move {
            if context.tenant != SYSTEM_TENANT {
                let message = "only callers of the tenant 'system' may do anything with the seal";
                return Err(ActionError::Denied(message.to_owned()));
            }
            let validate_only = context.validate_only;
            handler(service, context, input, validate_only).await.map(Answer::from)
        }
    });
}

fn refused(context: &ActionContext, operation: &'static str, error: SealingError) -> ActionError {
    refusal(context.snapshot.schema(), operation, error)
}

/// What the client hears. The rest is for the log: whoever asks may be anybody.
fn refusal(schema: &Schema, operation: &'static str, error: SealingError) -> ActionError {
    let leaf = match &error {
        SealingError::Input { leaf, .. } => Some(*leaf),
        SealingError::Initialized | SealingError::NotInitialized | SealingError::Rekey(_) => None,
        SealingError::Sealed => return ActionError::Unavailable(error.to_string()),
        _ => {
            tracing::error!(%error, operation, "an operation on the seal failed");
            let message = "it could not be done; the daemon's log says why";
            return ActionError::Unavailable(message.to_owned());
        }
    };
    let path = path_to(schema, operation).unwrap_or_default();
    ActionError::Invalid(vec![fault_of(schema, path, leaf, error.to_string())])
}

impl NewSealKey {
    fn new(key: &SealKey, shares: &[Share]) -> Self {
        let key_shares = shares.iter().map(Share::to_text).collect();
        NewSealKey { seal_key: key.to_text(), key_shares }
    }
}

impl RekeyKeys {
    fn offer(&self) -> Result<Offer, SealingError> {
        let missing = || SealingError::Input {
            leaf: "seal-key",
            message: "one of seal-key and shares is needed".to_owned(),
        };
        Offer::read(self.seal_key.as_ref(), &self.shares)?.ok_or_else(missing)
    }
}

impl RekeyOutput {
    fn new(progress: &Progress, key: Option<NewKey>) -> Self {
        RekeyOutput {
            nonce: progress.nonce.to_string(),
            progress: progress.progress,
            required: progress.required,
            verifying: progress.verifying,
            complete: progress.complete,
            key: key.map(|new| NewSealKey::new(&new.key, &new.shares)),
        }
    }
}

impl From<&Progress> for RekeyState {
    fn from(progress: &Progress) -> Self {
        RekeyState {
            nonce: progress.nonce.to_string(),
            shares: progress.holders.shares,
            threshold: progress.holders.threshold,
            progress: progress.progress,
            required: progress.required,
            verifying: progress.verifying,
        }
    }
}
