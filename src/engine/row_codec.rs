//! The text of a row: RFC 7951 JSON of a container or entry, whole and with its secrets, which is why no reader's encoder is
//! used here. Reading it back is [`crate::data::decode`]'s work.

use std::io::Write as _;
use std::sync::Arc;

use zeroize::Zeroize as _;

use crate::base::json::text::append_quoted;
use crate::data::decode::{DecodeOptions, decode, decode_entry, decode_fitting};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data};
use crate::data::violation::Violation;
use crate::store::RowValue;
use crate::yang::schema::types::{ParseContext, Raw, Strictness, Type, TypeKind};
use crate::yang::schema::{NodeId, Schema, Value};

/// A row's text does not fit the model, or a value has no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct RowError(String);

/// The texts of most rows have less than so many bytes.
const USUAL_LENGTH: usize = 1024;

/// The text of a row.
pub(super) fn encode_row(schema: &Schema, row: &Container) -> Result<RowValue, RowError> {
    let mut writer = Writer { schema, out: Vec::with_capacity(USUAL_LENGTH) };
    let written = writer.container(row);
    let Writer { mut out, .. } = writer;
    if let Err(error) = written {
        out.zeroize();
        return Err(RowError(error.to_string()));
    }
    let text = String::from_utf8(out).map_err(|error| RowError(error.to_string()))?;
    Ok(RowValue::new(text))
}

/// The container or entry that a row's text stands for.
pub(super) fn decode_row(
    schema: &Schema,
    path: &InstancePath,
    text: &str,
) -> Result<Arc<Container>, RowError> {
    container_of(decode(schema, path, text.as_bytes(), &DecodeOptions::row()))
}

/// The entry of a list that a row's text stands for, by the path of the list without any keys: those of the entry are in the
/// text.
pub(super) fn decode_entry_row(
    schema: &Schema,
    list: &InstancePath,
    text: &str,
) -> Result<Arc<Container>, RowError> {
    container_of(decode_entry(schema, list, text.as_bytes(), &DecodeOptions::row()))
}

fn container_of(decoded: Result<Data, Vec<Violation>>) -> Result<Arc<Container>, RowError> {
    match decoded {
        Ok(Data::Container(container)) => Ok(container),
        Ok(_) => Err(RowError("it is not a container".to_owned())),
        Err(violations) => {
            let all: Vec<String> = violations.iter().map(ToString::to_string).collect();
            Err(RowError(all.join("; ")))
        }
    }
}

/// As [`decode_row`], but what does not fit the model is left out and told. Without keys in the path of a list, those of
/// the row's text are taken.
pub(super) fn decode_fitting_row(
    schema: &Schema,
    path: &InstancePath,
    text: &str,
) -> (Option<Arc<Container>>, Vec<Violation>) {
    let (read, violations) = decode_fitting(schema, path, text.as_bytes(), &DecodeOptions::row());
    match read {
        Some(Data::Container(container)) => (Some(container), violations),
        _ => (None, violations),
    }
}

struct Writer<'s> {
    schema: &'s Schema,
    out: Vec<u8>,
}

type Written = Result<(), serde_json::Error>;

impl Writer<'_> {
    fn container(&mut self, container: &Container) -> Written {
        self.out.push(b'{');
        for (index, (id, data)) in container.children().iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.name(container.node, *id);
            self.data(*id, data)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Qualified at the top and where the module changes (RFC 7951 section 4). Names need no escaping.
    fn name(&mut self, parent: NodeId, id: NodeId) {
        let node = self.schema.node(id);
        self.out.push(b'"');
        if parent == NodeId::ROOT || self.schema.node(parent).module != node.module {
            self.out.extend_from_slice(self.schema.module(node.module).name.as_bytes());
            self.out.push(b':');
        }
        self.out.extend_from_slice(node.name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn data(&mut self, id: NodeId, data: &Data) -> Written {
        match data {
            Data::Leaf(value) => self.value(id, value),
            Data::LeafList(values) => self.array(values.iter(), |writer, value| writer.value(id, value)),
            Data::Container(container) => self.container(container),
            Data::List(list) => self.array(list.iter(), |writer, entry| writer.container(entry)),
            Data::Any(value) => serde_json::to_writer(&mut self.out, value),
        }
    }

    fn array<T>(
        &mut self,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Written,
    ) -> Written {
        self.out.push(b'[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            write(self, item)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn value(&mut self, id: NodeId, value: &Value) -> Written {
        match value {
            Value::Empty => self.out.extend_from_slice(b"[null]"),
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Int(_) | Value::Uint(_) if self.is_number(id, value) => {
                write!(self.out, "{value}").map_err(serde_json::Error::io)?;
            }
            other => match other.as_str() {
                Some(text) => append_quoted(text, &mut self.out)?,
                None => append_quoted(&other.to_string(), &mut self.out)?,
            },
        }
        Ok(())
    }

    /// Whether an integer is written as a number: not where its type has 64 bits (RFC 7951 section 6.1). In a union the
    /// form is the one by which the same value is found again.
    fn is_number(&self, id: NodeId, value: &Value) -> bool {
        let node = self.schema.node(id);
        let Some(ty) = node.ty() else { return false };
        match &ty.effective().kind {
            TypeKind::Int { bits, .. } | TypeKind::Uint { bits, .. } => *bits < 64,
            TypeKind::Union { .. } => self.is_found_as_number(ty, id, value),
            _ => false,
        }
    }

    fn is_found_as_number(&self, ty: &Type, id: NodeId, value: &Value) -> bool {
        let raw = match value {
            Value::Int(number) => u64::try_from(*number).map_or(Raw::Int(*number), Raw::Uint),
            Value::Uint(number) => Raw::Uint(*number),
            _ => return false,
        };
        let module = self.schema.node(id).module;
        let context =
            ParseContext { schema: self.schema, module, strictness: Strictness::Rfc7951, prefixes: None };
        ty.parse(raw, context).is_ok_and(|found| found == *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{path, schema, tree};

    #[test]
    fn a_row_comes_back_as_it_was() {
        let schema = schema(
            "container top\n  leaf flag boolean\n  leaf small int32\n  leaf large int64\n  leaf huge uint64\n  \
             leaf price decimal64\n  leaf mark empty\n  leaf raw binary\n  leaf pin string secret\n  \
             leaf either union(uint8,string)\n  leaf wide union(uint64,string)\n  leaf-list tags string\n  \
             anydata rest\n  list item key=name user\n    leaf name string\n    leaf size uint8\n  leaf note string stored state\n",
        );
        for json in [
            r#"{"top":{"flag":true,"small":-5,"large":"-9007199254740993","huge":"18446744073709551615"}}"#,
            r#"{"top":{"price":"1.50","mark":[null],"raw":"AAEC","pin":"a\"b\n","note":"kept"}}"#,
            r#"{"top":{"either":7,"wide":"7","tags":["b","a"],"rest":{"x":[1,{"y":null}]}}}"#,
            r#"{"top":{"either":"seven","wide":"x","item":[{"name":"z","size":1},{"name":"a"}]}}"#,
        ] {
            let tree = tree(&schema, json);
            let text = encode_row(&schema, &tree.root).unwrap();
            let again = decode_row(&schema, &path(&schema, "/"), text.expose()).unwrap();
            assert_eq!(again, tree.root, "{}", text.expose());
            assert!(text.expose().starts_with("{\"test:top\":{\""), "{}", text.expose());
        }
    }

    #[test]
    fn what_does_not_fit_the_model_says_why() {
        let schema = schema("container top\n  leaf small int32\n");
        let error = decode_row(&schema, &path(&schema, "/"), r#"{"test:top":{"small":"x"}}"#).unwrap_err();
        assert!(error.to_string().contains("small") || error.to_string().contains('x'), "{error}");
    }
}
