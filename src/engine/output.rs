//! What an operation answers: the value of whoever implements it. Its form in the model is made for those who ask for that;
//! a dialect that knows the value takes it as it is.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::action::ActionError;
use crate::data::decode::from_serde;
use crate::data::tree::{Container, Data};
use crate::data::violation::Violation;
use crate::yang::schema::{NodeId, Schema};

/// The answer of an operation that has an output.
pub struct Output {
    schema: Arc<Schema>,
    node: NodeId,
    value: Box<dyn Answer>,
}

/// A value of a type that is known to its handler.
trait Answer: Any + Send {
    fn content(&self, schema: &Schema, node: NodeId) -> Result<Data, Vec<Violation>>;
}

impl<T: Serialize + Send + 'static> Answer for T {
    fn content(&self, schema: &Schema, node: NodeId) -> Result<Data, Vec<Violation>> {
        from_serde(schema, node, self)
    }
}

impl Output {
    /// A value as the content of `node`, the output of its operation.
    pub(super) fn new<T: Serialize + Send + 'static>(schema: Arc<Schema>, node: NodeId, value: T) -> Self {
        Output { schema, node, value: Box::new(value) }
    }

    /// It in the form of the model; `None` where nothing is in it.
    ///
    /// # Errors
    /// [`ActionError::Internal`] when it does not fit the model.
    pub fn container(&self) -> Result<Option<Arc<Container>>, ActionError> {
        match self.value.content(&self.schema, self.node) {
            Ok(Data::Container(container)) => Ok((!container.is_empty()).then_some(container)),
            Ok(_) => Ok(None),
            Err(violations) => Err(ActionError::Internal(format!(
                "the output does not fit the model: {}",
                violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            ))),
        }
    }

    /// The value, where it is of this type.
    pub fn value<T: 'static>(&self) -> Option<&T> {
        let value: &dyn Any = &*self.value;
        value.downcast_ref()
    }

    /// The same for keeping.
    pub fn into_value<T: 'static>(self) -> Option<Box<T>> {
        let value: Box<dyn Any> = self.value;
        value.downcast().ok()
    }
}

/// There may be a secret in it.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("node", &self.node).finish_non_exhaustive()
    }
}
