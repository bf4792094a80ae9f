//! The seed of a leaf's value, and what the visitors of this folder share to meet scalars.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::node::raw_text;
use super::share::shared;
use super::{Decoder, Format, Nulls};
use crate::base::error::ErrorTag;
use crate::data::edit::{Edit, EditOperation};
use crate::data::violation::Violation;
use crate::yang::schema::types::{ParseContext, Prefixes, Raw, Strictness, Type, TypeError, TypeKind};
use crate::yang::schema::{NodeId, Value};

/// The visitor methods for everything that is not an array or object: they lead to the visitor's own `scalar` and
/// `null`.
macro_rules! scalars {
    () => {
        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
            self.scalar(Raw::Bool(value))
        }

        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
            self.scalar(u64::try_from(value).map_or(Raw::Int(value), Raw::Uint))
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
            self.scalar(Raw::Uint(value))
        }

        fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<Self::Value, E> {
            self.scalar(Raw::Text(&value.to_string()))
        }

        fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Self::Value, E> {
            self.scalar(Raw::Text(&value.to_string()))
        }

        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
            // `-0` comes as the one float that is whole and has a sign of its own.
            if value == 0.0 && value.is_sign_negative() {
                return self.scalar(Raw::Uint(0));
            }
            self.scalar(Raw::Float(value))
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            self.scalar(Raw::Text(text))
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            self.null()
        }

        fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            self.null()
        }
    };
}
pub(super) use scalars;

/// How a leaf's scalar is best asked for in YAML.
///
/// A plain scalar such as `1.10`, `no` or `12:30` is a text in the eyes of a string leaf and a number or whatever in
/// those of others. The YAML reader hands over the text of a scalar, whatever it looks like, when it is asked for a
/// string.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// As a text, whatever it looks like.
    Text,
    /// As whatever it looks like.
    Any,
}

impl Asked {
    fn of(ty: &Type) -> Asked {
        match ty.effective().kind {
            TypeKind::Boolean
            | TypeKind::Empty
            | TypeKind::Int { .. }
            | TypeKind::Uint { .. }
            | TypeKind::Union { .. }
            | TypeKind::Leafref(_) => Asked::Any,
            TypeKind::Binary { .. }
            | TypeKind::Bits { .. }
            | TypeKind::Decimal64 { .. }
            | TypeKind::Enumeration { .. }
            | TypeKind::Identityref { .. }
            | TypeKind::InstanceIdentifier { .. }
            | TypeKind::String { .. } => Asked::Text,
        }
    }
}

/// Whether a value that YAML took for a number or boolean might have been meant as a text: for a union that has texts
/// and nothing of that kind. Its spelling is lost (`1.10` is 1.1), so it must be quoted.
fn is_doubtful(ty: &Type, raw: Raw<'_>) -> bool {
    let TypeKind::Union { members } = &ty.effective().kind else { return false };
    fn any(members: &[std::sync::Arc<Type>], test: fn(&TypeKind) -> bool) -> bool {
        members.iter().any(|member| match &member.effective().kind {
            TypeKind::Union { members } => any(members, test),
            kind => test(kind),
        })
    }
    let own_kind: fn(&TypeKind) -> bool = match raw {
        Raw::Bool(_) => |kind| matches!(kind, TypeKind::Boolean),
        Raw::Float(_) => |kind| matches!(kind, TypeKind::Decimal64 { .. }),
        Raw::Int(_) | Raw::Uint(_) => {
            |kind| matches!(kind, TypeKind::Int { .. } | TypeKind::Uint { .. } | TypeKind::Decimal64 { .. })
        }
        Raw::Text(_) | Raw::Null => return false,
    };
    !any(members, own_kind)
}

/// Reads the value of a leaf, or one of a leaf-list; `None` where it was refused or is absent.
pub(super) struct LeafSeed<'d, 's> {
    pub decoder: &'d mut Decoder<'s>,
    pub node: NodeId,
}

impl<'de> DeserializeSeed<'de> for LeafSeed<'_, '_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.decoder.count()?;
        let Some(ty) = self.decoder.schema.node(self.node).ty() else {
            IgnoredAny::deserialize_from(deserializer)?;
            return Ok(None);
        };
        if self.decoder.options.format == Format::Yaml && Asked::of(ty) == Asked::Text {
            self.decoder.wants_text = true;
            return deserializer.deserialize_option(LeafVisitor { seed: self, ty });
        }
        deserializer.deserialize_any(LeafVisitor { seed: self, ty })
    }
}

/// Passing over a value.
trait DeserializeFrom<'de>: Sized {
    fn deserialize_from<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

impl<'de> DeserializeFrom<'de> for IgnoredAny {
    fn deserialize_from<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::Deserialize::deserialize(deserializer)
    }
}

struct LeafVisitor<'d, 's, 't> {
    seed: LeafSeed<'d, 's>,
    ty: &'t Type,
}

impl LeafVisitor<'_, '_, '_> {
    fn scalar<E: de::Error>(self, raw: Raw<'_>) -> Result<Option<Value>, E> {
        let LeafVisitor { seed: LeafSeed { decoder, node }, ty } = self;
        decoder.wants_text = false;
        Ok(decoder.parse(node, ty, raw, None))
    }

    fn null<E: de::Error>(self) -> Result<Option<Value>, E> {
        let LeafVisitor { seed: LeafSeed { decoder, node }, ty } = self;
        decoder.wants_text = false;
        match decoder.nulls {
            Nulls::Refused
                if decoder.options.format == Format::Yaml
                    && matches!(ty.effective().kind, TypeKind::Empty) =>
            {
                return Ok(decoder.parse(node, ty, Raw::Null, None));
            }
            Nulls::Refused => decoder.misfit("null", "a value; leave it out instead"),
            Nulls::Delete => {
                decoder.edits.push(Edit::without_value(decoder.path.clone(), EditOperation::Remove));
            }
            Nulls::Absent => {}
        }
        Ok(None)
    }
}

impl<'de> Visitor<'de> for LeafVisitor<'_, '_, '_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a single value")
    }

    scalars!();

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }

    /// `[null]` is the value of a leaf of type `empty` (RFC 7951 section 6.9).
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let LeafVisitor { seed: LeafSeed { decoder, node }, ty } = self;
        let takes_empty = match &ty.effective().kind {
            TypeKind::Empty => true,
            TypeKind::Union { members } => {
                members.iter().any(|member| matches!(member.effective().kind, TypeKind::Empty))
            }
            _ => false,
        };
        let first = items.next_element::<IsNull>()?;
        let mut count = usize::from(first.is_some());
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        if takes_empty && count == 1 && first.is_some_and(|first| first.0) {
            return Ok(decoder.parse(node, ty, Raw::Null, None));
        }
        decoder.misfit("an array", "a single value");
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.seed.decoder.misfit("an object", "a single value");
        Ok(None)
    }
}

/// Whether a value is `null`.
struct IsNull(bool);

impl<'de> serde::Deserialize<'de> for IsNull {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<IgnoredAny>::deserialize(deserializer).map(|value| IsNull(value.is_none()))
    }
}

impl Decoder<'_> {
    /// Checks a scalar against its type.
    pub(super) fn parse(
        &mut self,
        node: NodeId,
        ty: &Type,
        raw: Raw<'_>,
        prefixes: Option<&dyn Prefixes>,
    ) -> Option<Value> {
        let facts = self.schema.node(node);
        if self.options.format == Format::Yaml && is_doubtful(ty, raw) {
            let message = format!("{}: write {} in quotes to make it a text", facts.name, raw_text(raw));
            self.report(ErrorTag::InvalidValue, message);
            return None;
        }
        let strictness = match self.options.format {
            Format::Xml => Strictness::Text,
            Format::Json | Format::Yaml => self.options.strictness,
        };
        let context = ParseContext { schema: self.schema, module: facts.module, strictness, prefixes };
        let secret = facts.extensions.secret || facts.extensions.hashed;
        let parsed = match ty.parse(raw, context) {
            Err(_) if self.by_text => by_text(ty, raw, context),
            parsed => parsed,
        };
        match parsed {
            Ok(Value::String(text)) if secret => Some(Value::secret(text)),
            Ok(value) if secret => Some(value),
            Ok(value) => Some(shared(value)),
            Err(error) => {
                let message = if secret {
                    let length = match &ty.kind {
                        TypeKind::String { length: Some(length), .. } => {
                            format!("; its length must be {length}")
                        }
                        _ => String::new(),
                    };
                    let (name, ty) = (&facts.name, &ty.name);
                    format!("{name}: the value does not fit its type '{ty}'{length} (it is not shown)")
                } else {
                    format!("{}: {}", facts.name, error.message)
                };
                self.violations.push(Violation {
                    app_tag: error.app_tag,
                    ..Violation::new(ErrorTag::InvalidValue, self.path.clone(), message)
                });
                None
            }
        }
    }
}

/// The value that the scalar's text stands for, where another type wrote it: 5 for "5", and the other way round.
fn by_text(ty: &Type, raw: Raw<'_>, context: ParseContext<'_>) -> Result<Value, TypeError> {
    let context = ParseContext { strictness: Strictness::Text, ..context };
    match raw {
        Raw::Text(text) => ty.parse(Raw::Text(text), context),
        Raw::Bool(value) => ty.parse(Raw::Text(&value.to_string()), context),
        Raw::Int(value) => ty.parse(Raw::Text(&value.to_string()), context),
        Raw::Uint(value) => ty.parse(Raw::Text(&value.to_string()), context),
        Raw::Float(_) | Raw::Null => ty.parse(raw, context),
    }
}
