//! Who is asking, may they, and what is written down about it.
//!
//! `authenticate` turns a bearer token into a [`crate::engine::caller::Caller`], `authorize` holds an operation on a
//! path against the caller's policies, `audit` writes one chained line a request, and `gate` is the door through which
//! every dialect goes: authenticate, authorize, run, answer. Never here: HTTP, a status line, a dialect's syntax.

pub mod audit;
pub mod authenticate;
pub mod authorize;
pub mod gate;
pub mod model;

use std::sync::Arc;

use crate::yang::schema::Schema;
use authenticate::{Attempts, LiveTokens};
use authorize::Policies;
use model::{Model, ModelError};

pub use gate::{Gate, Outcome, Reading, Refusal, Resource};

/// What the gate and the services around tokens share. Made before the engine, whose handlers hold it.
#[derive(Debug)]
pub struct Access {
    /// Where things are in the model.
    pub model: Model,
    /// The tokens that are alive.
    pub tokens: Arc<LiveTokens>,
    /// The policies in force.
    pub policies: Policies,
    /// Failed attempts to log in.
    pub attempts: Attempts,
}

/// Why nobody could be let in.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The model is not the product's.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] crate::base::secret::RandomError),
}

impl Access {
    /// No token known, no policy compiled yet.
    ///
    /// # Errors
    /// [`AccessError`].
    pub fn new(schema: &Schema) -> Result<Arc<Self>, AccessError> {
        let model = Model::find(schema)?;
        Ok(Arc::new(Access {
            tokens: Arc::default(),
            policies: Policies::new(schema, model.clone()),
            attempts: Attempts::new()?,
            model,
        }))
    }
}
