//! Moving a mount to another path: with all its settings, under the accessor by which identities know it. The tokens that
//! were obtained at the old path end, as they do when a mount goes.

use std::sync::Arc;

use serde::Deserialize;

use crate::base::ident::Ident;
use crate::data::edit::{Edit, EditOperation};
use crate::data::tree::{Container, Data};
use crate::engine::{ActionContext, ActionError, Registry};
use crate::services::input::fault;
use crate::services::token::{Origin, commit};
use crate::yang::schema::Value;

/// Input of `relocate`.
#[derive(Debug, Deserialize)]
struct To {
    to: Ident,
}

/// Hangs the action on the model.
pub fn register(registry: &mut Registry, list: &str) {
    registry
        .action(&format!("{list}/relocate"), |context, input| async move { relocate(context, input).await });
}

async fn relocate(context: ActionContext, To { to }: To) -> Result<(), ActionError> {
    let invalid = |message: &str| {
        ActionError::Invalid(vec![fault(&context, "relocate", Some("to"), message.to_owned())])
    };
    let entry = context.entry()?;
    let schema = context.engine.schema();
    let key = Value::string(&*to);
    let place = context.path.entry([key.clone()]);
    if context.snapshot.entry(&context.tenant, &place).is_some() {
        return Err(invalid("the path is already in use"));
    }
    let mut moved = Container::clone(entry);
    for leaf in schema.node(moved.node).keys() {
        moved.set(*leaf, Data::Leaf(key.clone()));
    }
    let edits = vec![
        Edit::without_value(context.path.clone(), EditOperation::Delete),
        Edit::new(place, EditOperation::Create, Data::Container(Arc::new(moved))),
    ];
    commit(&context.engine, context.tenant.clone(), edits, Origin::of(&context)).await
}
