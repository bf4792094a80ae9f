//! The text of a row: RFC 7951 JSON of a container or entry, secrets included.

use std::sync::Arc;

use crate::data::path::InstancePath;
use crate::data::tree::Container;
use crate::store::RowValue;
use crate::yang::schema::Schema;

/// A row's text does not fit the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct RowError(pub String);

pub(super) fn encode_row(schema: &Schema, container: &Container) -> Result<RowValue, RowError> {
    RowValue::new("{}".to_owned()).map_err(|error| RowError(error.to_string()))
}

pub(super) fn decode_row(
    schema: &Schema,
    path: &InstancePath,
    json: &str,
) -> Result<Arc<Container>, RowError> {
    Err(RowError("not yet".to_owned()))
}
