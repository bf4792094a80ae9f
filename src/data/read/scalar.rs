//! Names and single values as serde's data model has them.

use std::fmt;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::Names;
use crate::data::xml;
use crate::yang::schema::types::{Strictness, Type, TypeKind, integer};
use crate::yang::schema::{ModuleId, Node, Schema, Value};

/// A member name.
pub(super) struct Name<'n> {
    /// The module that it is qualified with.
    pub module: Option<&'n str>,
    /// The name itself.
    pub name: &'n str,
}

impl<'n> Name<'n> {
    /// The name of a node in an object whose own names, those of the module `around`, need no qualification; of no module at
    /// the top.
    #[inline]
    pub fn of(schema: &'n Schema, names: Names, around: Option<ModuleId>, node: &'n Node) -> Self {
        let qualified = match names {
            Names::Qualified => around != Some(node.module),
            Names::Bare => schema.is_ambiguous(node.id),
            Names::Own => false,
        };
        Name { module: qualified.then(|| schema.module(node.module).name.as_str()), name: &node.name }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(module) = self.module {
            write!(f, "{module}:")?;
        }
        f.write_str(self.name)
    }
}

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One value of a leaf or leaf-list.
pub(super) struct Scalar<'a, 'c> {
    /// The model.
    pub schema: &'a Schema,
    /// The leaf or leaf-list.
    pub node: &'a Node,
    /// How wide numbers are written.
    pub strictness: Strictness,
    /// The value.
    pub value: &'c Value,
}

impl Scalar<'_, '_> {
    /// RFC 7951 section 6.1: 64-bit numbers are strings.
    fn is_wide(&self) -> bool {
        self.strictness == Strictness::Rfc7951 && self.node.ty().is_some_and(|ty| is_wide(ty, self.value))
    }
}

impl Serialize for Scalar<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::String(text) | Value::Bits(text) => serializer.serialize_str(text),
            Value::Secret(secret) => serializer.serialize_str(secret.expose_text().unwrap_or_default()),
            Value::InstanceIdentifier(text) => {
                serializer.serialize_newtype_struct(xml::INSTANCE_IDENTIFIER, &**text)
            }
            Value::Enum(name) => serializer.serialize_str(name),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) if self.is_wide() => serializer.collect_str(value),
            Value::Uint(value) if self.is_wide() => serializer.collect_str(value),
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::Uint(value) => serializer.serialize_u64(*value),
            Value::Decimal(value) => {
                // A number where a reader's floating point carries every digit, a string where it does not.
                if self.strictness == Strictness::Plain && value.digits.unsigned_abs() < 1_000_000_000_000_000
                {
                    serializer.serialize_f64(value.to_f64())
                } else {
                    serializer.collect_str(value)
                }
            }
            Value::Empty => {
                let mut array = serializer.serialize_seq(Some(1))?;
                array.serialize_element(&())?;
                array.end()
            }
            Value::Binary(bytes) => serializer.collect_str(&Base64Display::new(bytes.expose(), &STANDARD)),
            Value::Identity(identity) => {
                let is_own = self.schema.module(self.node.module).name == identity.module;
                let module = (!is_own).then_some(&*identity.module);
                serializer.serialize_newtype_struct(xml::IDENTITYREF, &Name { module, name: &identity.name })
            }
        }
    }
}

/// Whether the type that gave a number its value has 64 bits; in a union the first member that it fits.
fn is_wide(ty: &Type, value: &Value) -> bool {
    fn width(ty: &Type, value: &Value) -> Option<u8> {
        match (&ty.effective().kind, value) {
            (TypeKind::Int { bits, range }, Value::Int(value)) => {
                let (low, high) = integer::signed_bounds(*bits);
                let fits = (low..=high).contains(value);
                (fits && range.as_ref().is_none_or(|range| range.contains(*value))).then_some(*bits)
            }
            (TypeKind::Uint { bits, range }, Value::Uint(value)) => {
                let fits = *value <= integer::unsigned_bound(*bits);
                (fits && range.as_ref().is_none_or(|range| range.contains(*value))).then_some(*bits)
            }
            (TypeKind::Union { members }, _) => members.iter().find_map(|member| width(member, value)),
            _ => None,
        }
    }
    width(ty, value) == Some(64)
}
