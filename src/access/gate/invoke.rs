//! Running actions and global operations.

use std::sync::Arc;

use super::Gate;
use super::outcome::{Invoked, Refusal};
use crate::access::authenticate::AuthError;
use crate::access::authorize::PolicyOperation;
use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::engine::action::{ActionCall, ActionError, Made};
use crate::engine::caller::{Caller, ClientInfo};

impl Gate {
    /// Runs an operation for a caller, or for anybody where the model says `public`: then it runs in the default tenant,
    /// and finds out itself which one is meant.
    pub(super) async fn invoke(
        &self,
        caller: Option<Arc<Caller>>,
        client: &Arc<ClientInfo>,
        target: InstancePath,
        input: Option<Arc<Container>>,
        validate_only: bool,
    ) -> Result<Invoked, Refusal> {
        let engine = self.engine();
        let public = engine.schema().node(target.target()).extensions.public;
        let tenant = match &caller {
            Some(caller) if !public => {
                let operation = PolicyOperation::Execute;
                let decision = self.authorize(caller, operation, &target);
                if !decision.allowed {
                    return Err(Refusal::Forbidden { operation, path: target, decision: Box::new(decision) });
                }
                caller.tenant.clone()
            }
            Some(caller) => caller.tenant.clone(),
            None if public => self.default_tenant().clone(),
            None => return Err(AuthError::Missing.into()),
        };
        let made = Made::default();
        let call = ActionCall {
            tenant,
            path: target.clone(),
            input,
            caller,
            client: Arc::clone(client),
            validate_only,
            made: made.clone(),
        };
        let output = engine.invoke(call).await.map_err(|error| match error {
            ActionError::NotFound => Refusal::NotFound { path: target.parent().unwrap_or_default() },
            other => other.into(),
        })?;
        Ok(Invoked { output, changes: made.take() })
    }
}
