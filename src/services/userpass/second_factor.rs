//! A user's second factor: enrolled, confirmed by a first code, asked for at every log in, taken away.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::totp::{Algorithm, Parameters, base32};
use super::{Named, User, Userpass};
use crate::access::authenticate::attempts::Attempt;
use crate::base::clock::Timestamp;
use crate::base::error::ErrorTag;
use crate::base::secret::Secret;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::Data;
use crate::data::violation::Violation;
use crate::engine::{ActionContext, ActionError, Approval, Approve};
use crate::services::input::fault;
use crate::services::login::place::attempted;
use crate::services::token::{Origin, commit};
use crate::yang::schema::Value;

/// The container `totp` of a user.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SecondFactor {
    /// Base64 of the secret.
    secret: Secret,
    algorithm: Algorithm,
    digits: u8,
    period: u16,
    #[serde(default)]
    confirmed_time: Option<Timestamp>,
    #[serde(default)]
    last_step: Option<u64>,
}

impl SecondFactor {
    /// Whether it is asked for.
    pub(super) fn is_confirmed(&self) -> bool {
        self.confirmed_time.is_some()
    }

    fn accept(&self, otp: &Secret, now: Timestamp) -> Option<u64> {
        let parameters = Parameters { algorithm: self.algorithm, digits: self.digits, period: self.period };
        let secret = STANDARD.decode(self.secret.expose()).ok().map(Secret::new)?;
        parameters.accept(&secret, otp, now.seconds(), self.last_step)
    }
}

/// What is stored when one is enrolled.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Enrolled {
    /// For the store, behind the barrier.
    #[serde(serialize_with = "expose")]
    secret: Option<Secret>,
    algorithm: Algorithm,
    digits: u8,
    period: u16,
    creation_time: Timestamp,
}

/// Input of `enrol-totp`.
#[derive(Debug, Deserialize)]
pub struct EnrolInput {
    algorithm: Algorithm,
    digits: u8,
    period: u16,
}

/// Output of `enrol-totp`: the one time that the secret is shown. Empty when it was only validated.
#[derive(Debug, Default, Serialize)]
pub struct EnrolOutput {
    #[serde(serialize_with = "expose")]
    secret: Option<Secret>,
    #[serde(serialize_with = "expose")]
    url: Option<Secret>,
}

fn expose<S: serde::Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().and_then(Secret::expose_text).serialize(serializer)
}

/// Input of `confirm-totp`.
#[derive(Debug, Deserialize)]
pub struct ConfirmInput {
    otp: Secret,
}

/// A code that was right, or none that was needed: what its use changes.
#[derive(Default)]
pub(super) struct Shown<'a> {
    pub edits: Vec<Edit>,
    pub approve: Option<Approve>,
    pub attempt: Option<Attempt<'a>>,
}

impl Userpass {
    /// Asks a user for the second factor, if there is one; says why the user is not let in.
    pub(super) fn second_factor(
        &self,
        context: &ActionContext,
        who: &Named,
        otp: Option<&Secret>,
    ) -> Result<Result<Shown<'_>, &'static str>, ActionError> {
        let path = self.user(who);
        // Read afresh: this is the turn of this log in, and what it saw before may have been used by the last one.
        let user: Option<User> = context
            .engine
            .snapshot()
            .get(&who.tenant, &path)
            .map_err(|error| ActionError::Internal(format!("a user cannot be read: {error}")))?;
        let Some(user) = user else { return Ok(Err("no such user")) };
        let Some(factor) = user.totp.filter(SecondFactor::is_confirmed) else {
            return Ok(Ok(Shown::default()));
        };
        let Some(otp) = otp else { return Ok(Err("no one-time code")) };
        let Ok(attempt) =
            self.access.attempts.begin_code(&who.tenant, &attempted(&who.place, &who.name), context.now)
        else {
            return Ok(Err("too many wrong one-time codes"));
        };
        let Some(step) = factor.accept(otp, context.now) else { return Ok(Err("wrong one-time code")) };
        let schema = context.engine.schema();
        let totp = path.child(Self::node(schema, &path, "totp")?);
        let last_step = totp.child(Self::node(schema, &totp, "last-step")?);
        let edit = Edit::new(last_step.clone(), EditOperation::Replace, Data::Leaf(Value::Uint(step)));
        let approve = Some(not_used(last_step, step));
        Ok(Ok(Shown { edits: vec![edit], approve, attempt: Some(attempt) }))
    }

    /// Makes a second factor that is not asked for yet.
    pub(super) async fn enrol(
        &self,
        context: ActionContext,
        input: EnrolInput,
    ) -> Result<EnrolOutput, ActionError> {
        if self.factor(&context)?.is_some_and(|factor| factor.is_confirmed()) {
            let message = "the user has a second factor; remove-totp takes it away".to_owned();
            return Err(ActionError::Invalid(vec![fault(&context, "enrol-totp", None, message)]));
        }
        let EnrolInput { algorithm, digits, period } = input;
        let secret = Secret::random(algorithm.secret_length())
            .map_err(|error| ActionError::Unavailable(error.to_string()))?;
        let stored = Some(Secret::from_text(STANDARD.encode(secret.expose())));
        let enrolled = Enrolled { secret: stored, algorithm, digits, period, creation_time: context.now };
        self.store(&context, &enrolled, EditOperation::Replace).await?;
        if context.validate_only {
            return Ok(EnrolOutput::default());
        }
        let shown = base32(secret.expose());
        let user = context.keys().first().map(ToString::to_string).unwrap_or_default();
        let url = format!(
            "otpauth://totp/strongbox:{}?secret={}&issuer=strongbox&algorithm={}&digits={digits}&period={period}",
            utf8_percent_encode(&format!("{}/{user}", context.tenant), NON_ALPHANUMERIC),
            shown.expose_text().unwrap_or_default(),
            algorithm.as_str(),
        );
        Ok(EnrolOutput { secret: Some(shown), url: Some(Secret::from_text(url)) })
    }

    /// Takes a first code: from now on log ins need one.
    pub(super) async fn confirm(
        &self,
        context: ActionContext,
        input: ConfirmInput,
    ) -> Result<(), ActionError> {
        let invalid = |leaf: Option<&str>, message: &str| {
            ActionError::Invalid(vec![fault(&context, "confirm-totp", leaf, message.to_owned())])
        };
        let user = context.keys().first().map(ToString::to_string).unwrap_or_default();
        let waiting = self.factor(&context)?.filter(|factor| !factor.is_confirmed());
        let factor =
            waiting.ok_or_else(|| invalid(None, "there is no second factor that waits for a first code"))?;
        let attempt = self
            .access
            .attempts
            .begin_code(&context.tenant, &attempted(&self.places.of(&context.path), &user), context.now)
            .map_err(|refusal| invalid(Some("otp"), &refusal.to_string()))?;
        let step = factor
            .accept(&input.otp, context.now)
            .ok_or_else(|| invalid(Some("otp"), "the code is wrong, or its time is over"))?;
        attempt.succeeded();
        let confirmed = serde_json::json!({"confirmed-time": context.now, "last-step": step});
        self.store(&context, &confirmed, EditOperation::Merge).await
    }

    /// Takes the second factor away.
    pub(super) async fn remove(&self, context: ActionContext) -> Result<(), ActionError> {
        let _there = context.entry()?;
        let totp = Self::node(context.engine.schema(), &context.path, "totp")?;
        let edit = Edit::without_value(context.path.child(totp), EditOperation::Remove);
        commit(&context.engine, context.tenant.clone(), vec![edit], Origin::of(&context)).await
    }

    fn factor(&self, context: &ActionContext) -> Result<Option<SecondFactor>, ActionError> {
        context.get::<User>(&context.path).map(|user| user.totp)
    }

    async fn store(
        &self,
        context: &ActionContext,
        value: &impl Serialize,
        operation: EditOperation,
    ) -> Result<(), ActionError> {
        let schema = context.engine.schema();
        let totp = Self::node(schema, &context.path, "totp")?;
        let value = from_serde(schema, totp, value)
            .map_err(|_| ActionError::Internal("a second factor does not fit the model".to_owned()))?;
        let edit = Edit::new(context.path.child(totp), operation, value);
        commit(&context.engine, context.tenant.clone(), vec![edit], Origin::of(context)).await
    }
}

/// Approves of a code only if neither it nor a later one was used meanwhile.
fn not_used(last_step: InstancePath, step: u64) -> Approve {
    Arc::new(move |approval: &Approval<'_>| match approval.before.leaf(&last_step) {
        Some(Value::Uint(last)) if *last < step => Vec::new(),
        _ => {
            let message = "the one-time code was used by another log in";
            vec![Violation::new(ErrorTag::InUse, last_step.clone(), message)]
        }
    })
}
