//! Stand-ins for what other folders are about to provide.

pub mod deserialize {
    use crate::data::tree::{Container, Data};
    use crate::yang::schema::{Schema, Value};
    use serde_json::Value as Json;

    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    #[error("{0}")]
    pub struct DeserializeError(pub String);

    /// Without defaults for now.
    pub fn from_data<T: serde::de::DeserializeOwned>(
        schema: &Schema,
        container: &Container,
    ) -> Result<T, DeserializeError> {
        let json = inner(schema, container);
        if json.as_object().is_some_and(serde_json::Map::is_empty)
            && let Ok(unit) = serde_json::from_value(Json::Null)
        {
            return Ok(unit);
        }
        serde_json::from_value(json).map_err(|error| DeserializeError(error.to_string()))
    }

    fn inner(schema: &Schema, container: &Container) -> Json {
        let members = container.children().iter();
        Json::Object(
            members.map(|(id, data)| (schema.node(*id).name.to_string(), of(schema, data))).collect(),
        )
    }

    fn of(schema: &Schema, data: &Data) -> Json {
        match data {
            Data::Leaf(value) => scalar(value),
            Data::LeafList(values) => values.iter().map(scalar).collect(),
            Data::Container(container) => inner(schema, container),
            Data::List(list) => list.iter().map(|entry| inner(schema, entry)).collect(),
            Data::Any(value) => Json::clone(value),
        }
    }

    fn scalar(value: &Value) -> Json {
        match value {
            Value::Bool(value) => (*value).into(),
            Value::Int(value) => (*value).into(),
            Value::Uint(value) => (*value).into(),
            other => other.to_string().into(),
        }
    }
}
