//! Logging in with a user name and a password.
//!
//! A stranger learns nothing but whether it was let in: an unknown tenant, an unknown user, a wrong password and a wrong
//! address all take the same work and get the same answer.

use std::sync::Arc;

use serde::Deserialize;

use super::token::{IssuedToken, NewToken, Origin, TokenParameters, issue, settings};
use crate::access::Access;
use crate::access::authenticate::Metadata;
use crate::access::authenticate::live::parse_network;
use crate::access::model::{ModelError, path_to};
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::base::password::PasswordError;
use crate::base::secret::Secret;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::{ActionContext, ActionError, GuardContext, Registry};
use crate::yang::schema::{Schema, Value};

const USERS: &str = "/strongbox/authentication/userpass";

/// The one thing that is said to whoever is not let in.
pub const INVALID_CREDENTIALS: &str = "invalid credentials";

/// The service.
#[derive(Debug)]
pub struct Userpass {
    access: Arc<Access>,
    users: InstancePath,
}

/// Input of `login`.
#[derive(Deserialize)]
struct Login {
    tenant: Option<Ident>,
    username: String,
    password: Secret,
}

/// An entry of `authentication/userpass`.
#[derive(Deserialize)]
struct User {
    password: Secret,
    #[serde(default)]
    metadata: Vec<Metadata>,
    #[serde(flatten)]
    parameters: TokenParameters,
}

impl Userpass {
    /// The service over these tokens.
    ///
    /// # Errors
    /// When the model has no users.
    pub fn new(access: Arc<Access>, schema: &Schema) -> Result<Arc<Self>, ModelError> {
        Ok(Arc::new(Userpass { access, users: path_to(schema, USERS)? }))
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let service = Arc::clone(self);
        registry.action("/login", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.login(context, input).await }
        });
        registry.guard(USERS, check_networks);
    }

    async fn login(&self, context: ActionContext, input: Login) -> Result<IssuedToken, ActionError> {
        let tenant = input.tenant.unwrap_or_else(|| context.tenant.clone());
        let attempt = self
            .access
            .attempts
            .begin(&tenant, &input.username, context.client.address, context.now)
            .map_err(|refusal| ActionError::TooMany {
                message: refusal.to_string(),
                seconds: refusal.seconds,
            })?;
        let path = self.users.entry(vec![Value::string(input.username.as_str())]);
        let user: Option<User> = context
            .snapshot
            .get(&tenant, &path)
            .map_err(|error| ActionError::Internal(format!("a user cannot be read: {error}")))?;
        let hash = user.as_ref().and_then(|user| user.password.expose_text());
        let right =
            context.engine.passwords().verify(hash, input.password).await.map_err(|error| match error {
                PasswordError::Busy => ActionError::Unavailable(error.to_string()),
                other => ActionError::Internal(other.to_string()),
            })?;
        let refused = || ActionError::Unauthenticated(INVALID_CREDENTIALS.to_owned());
        let user = user.filter(|_| right).ok_or_else(refused)?;
        if !is_from(&context, &user.parameters.token_bound_cidrs) {
            return Err(refused());
        }
        attempt.succeeded();
        let settings = settings(&context.engine, &context.snapshot, &tenant)?;
        let new = NewToken {
            user: Some(Ident::from(input.username)),
            display_name: None,
            method: "userpass",
            policies: user.parameters.policies(),
            life: Some(user.parameters.life(settings)),
            explicit_max: None,
            renewable: true,
            num_uses: user.parameters.token_num_uses,
            bound_cidrs: user.parameters.token_bound_cidrs,
            parent: None,
            metadata: user.metadata,
            tenant: tenant.clone(),
        };
        let actor = format!("{tenant}/{}", new.user.as_deref().unwrap_or("-"));
        let origin = Origin { actor, ..Origin::of(&context) };
        issue(&context.engine, &self.access.model, new, origin).await
    }
}

fn is_from(context: &ActionContext, networks: &[Ident]) -> bool {
    let within = |text: &Ident| {
        let address = context.client.address.map(|address| address.to_canonical());
        parse_network(text).zip(address).is_some_and(|(network, address)| network.contains(&address))
    };
    networks.is_empty() || networks.iter().any(within)
}

/// The model knows the letters of a network; that the numbers make sense is checked here.
fn check_networks(context: &GuardContext<'_>) -> Vec<Violation> {
    let Some(user) = context.entry_after else { return Vec::new() };
    let Some(leaf) = context.schema.own_child(user.node, "token-bound-cidrs") else { return Vec::new() };
    let wrong = user.leaf_list(leaf).iter().filter(|text| parse_network(&text.to_string()).is_none());
    wrong
        .map(|text| {
            let message =
                format!("'{text}' is neither an address nor a network such as 192.0.2.0/24 or 2001:db8::/32");
            Violation::new(
                ErrorTag::InvalidValue,
                context.path.child(leaf).entry(vec![text.clone()]),
                message,
            )
        })
        .collect()
}
