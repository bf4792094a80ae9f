//! Logging in with a user name and a password.
//!
//! A stranger learns nothing but whether it was let in: an unknown tenant, an unknown user, a wrong password and a wrong
//! address all take the same work and get the same answer.

use std::sync::Arc;

use serde::Deserialize;

use super::login::{Guest, Knock, check_networks};
use super::token::{IssuedToken, TokenParameters};
use crate::access::Access;
use crate::access::authenticate::Metadata;
use crate::access::model::{ModelError, path_to};
use crate::base::ident::Ident;
use crate::base::password::PasswordError;
use crate::base::secret::Secret;
use crate::data::path::InstancePath;
use crate::engine::{ActionContext, ActionError, Registry};
use crate::yang::schema::{Schema, Value};

const USERS: &str = "/strongbox/authentication/userpass";

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
        let knock = Knock::begin(&context, &self.access, tenant, &input.username)?;
        let path = self.users.entry(vec![Value::string(input.username.as_str())]);
        let user: Option<User> = context
            .snapshot
            .get(&knock.tenant, &path)
            .map_err(|error| ActionError::Internal(format!("a user cannot be read: {error}")))?;
        let hash = user.as_ref().and_then(|user| user.password.expose_text());
        let right =
            context.engine.passwords().verify(hash, input.password).await.map_err(|error| match error {
                PasswordError::Busy => ActionError::Unavailable(error.to_string()),
                other => ActionError::Internal(other.to_string()),
            })?;
        let Some(user) = user else { return Err(knock.refuse("no such user").await) };
        if !right {
            return Err(knock.refuse("wrong password").await);
        }
        if !knock.is_from(&user.parameters.token_bound_cidrs) {
            return Err(knock.refuse("not from this address").await);
        }
        let guest = Guest {
            user: Some(Ident::from(input.username)),
            display_name: None,
            method: "userpass",
            parameters: user.parameters,
            metadata: user.metadata,
            edits: Vec::new(),
            approve: None,
        };
        knock.let_in(guest).await
    }
}
