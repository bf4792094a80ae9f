//! What the holder of a token keeps for itself. It stands below the token's own entry, and so goes with it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::token::{Origin, commit};
use crate::access::Access;
use crate::base::secret::Secret;
use crate::data::decode::from_serde;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::engine::{ActionContext, ActionError, Registry};
use crate::yang::schema::{NodeId, Schema, Value};

/// How many texts the holder of one token may keep.
const MOST: usize = 1_000;

/// The service.
pub struct Cubbyhole {
    access: Arc<Access>,
    texts: NodeId,
}

#[derive(Deserialize)]
struct Place {
    path: String,
}

/// An entry, and the input of `write`.
#[derive(Serialize, Deserialize)]
struct Text {
    path: String,
    #[serde(serialize_with = "expose")]
    text: Secret,
}

#[derive(Serialize)]
struct Shown {
    #[serde(serialize_with = "expose_some")]
    text: Option<Secret>,
}

#[derive(Serialize)]
struct Paths {
    paths: Vec<String>,
}

fn expose<S: serde::Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    secret.expose_text().serialize(serializer)
}

fn expose_some<S: serde::Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().and_then(Secret::expose_text).serialize(serializer)
}

impl Cubbyhole {
    /// The service over these tokens; `None` when the model has no place for what they keep.
    pub fn new(access: Arc<Access>, schema: &Schema) -> Option<Arc<Self>> {
        let texts = schema.find("/strongbox/token/tokens/cubbyhole")?;
        Some(Arc::new(Cubbyhole { access, texts }))
    }

    /// Hangs the service on the model.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        let service = Arc::clone(self);
        registry.action("/strongbox/cubbyhole/write", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.write(context, input).await }
        });
        let service = Arc::clone(self);
        registry.action("/strongbox/cubbyhole/read", move |context: ActionContext, input: Place| {
            let service = Arc::clone(&service);
            async move { service.read(&context, &input) }
        });
        let service = Arc::clone(self);
        registry.action("/strongbox/cubbyhole/list", move |context: ActionContext, ()| {
            let service = Arc::clone(&service);
            async move { service.list(&context).map(|paths| Paths { paths }) }
        });
        let service = Arc::clone(self);
        registry.action("/strongbox/cubbyhole/remove", move |context, input| {
            let service = Arc::clone(&service);
            async move { service.remove(context, input).await }
        });
    }

    /// The texts of the caller's token.
    fn own(&self, context: &ActionContext) -> Result<InstancePath, ActionError> {
        let none = || ActionError::Denied("this needs a token of one's own that is kept".to_owned());
        let accessor = context.caller()?.accessor.clone().ok_or_else(none)?;
        Ok(self.access.model.token(&accessor).child(self.texts))
    }

    async fn write(&self, context: ActionContext, input: Text) -> Result<(), ActionError> {
        let texts = self.own(&context)?;
        if self.list(&context)?.len() >= MOST {
            return Err(ActionError::Denied(format!("a token keeps at most {MOST} texts")));
        }
        let entry = from_serde(context.engine.schema(), self.texts, &input)
            .map_err(|_| ActionError::Internal("a kept text does not fit the model".to_owned()))?;
        let path = texts.entry([Value::string(input.path.as_str())]);
        let edit = Edit::new(path, EditOperation::Replace, entry);
        commit(&context.engine, context.tenant.clone(), vec![edit], Origin::of(&context)).await
    }

    fn read(&self, context: &ActionContext, input: &Place) -> Result<Shown, ActionError> {
        let path = self.own(context)?.entry([Value::string(input.path.as_str())]);
        match context.get::<Text>(&path) {
            Ok(Text { text, .. }) => Ok(Shown { text: Some(text) }),
            Err(ActionError::NotFound) => Ok(Shown { text: None }),
            Err(error) => Err(error),
        }
    }

    fn list(&self, context: &ActionContext) -> Result<Vec<String>, ActionError> {
        let texts = self.own(context)?;
        let list = context.snapshot.tenant(&context.tenant).and_then(|data| data.tree.list(&texts).cloned());
        let entries = list.iter().flat_map(|list| list.iter());
        Ok(entries.filter_map(|entry| entry.key_values(1).next().map(ToString::to_string)).collect())
    }

    async fn remove(&self, context: ActionContext, input: Place) -> Result<(), ActionError> {
        let path = self.own(&context)?.entry([Value::string(input.path.as_str())]);
        let edit = Edit::without_value(path, EditOperation::Remove);
        commit(&context.engine, context.tenant.clone(), vec![edit], Origin::of(&context)).await
    }
}
