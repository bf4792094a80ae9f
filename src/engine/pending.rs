//! Stand-ins for what other folders are about to provide.

pub mod deserialize {
    use crate::data::tree::{Container, Data};
    use crate::data::violation::Violation;
    use crate::yang::schema::{NodeId, Schema};
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    #[error("{0}")]
    pub struct DeserializeError(pub String);
    pub fn from_data<T: serde::de::DeserializeOwned>(
        _: &Schema,
        _: &Container,
    ) -> Result<T, DeserializeError> {
        Err(DeserializeError("not yet".to_owned()))
    }
    pub fn from_serde<T: serde::Serialize>(_: &Schema, _: NodeId, _: &T) -> Result<Data, Vec<Violation>> {
        Err(Vec::new())
    }
}
pub mod validate {
    use crate::data::diff::Change;
    use crate::data::tree::Tree;
    use crate::data::violation::Violation;
    use crate::yang::schema::Schema;
    #[derive(Clone, Default)]
    pub struct ReferenceIndex;
    impl ReferenceIndex {
        pub fn build(_: &Schema, _: &Tree) -> Self {
            ReferenceIndex
        }
    }
    pub fn validate_diff(
        _: &Schema,
        _: &Tree,
        _: &Tree,
        _: &[Change],
        _: &mut ReferenceIndex,
    ) -> Vec<Violation> {
        Vec::new()
    }
}
