//! Metadata of instances (RFC 7952): which annotations there can be, what values these take, where JSON and YAML put them.
//!
//! Trees hold no metadata: what is read here is checked, and the one annotation that says something of the data itself,
//! the `default` of RFC 6243, is acted upon. What tags as a default is as if it had been left out.

use serde::de::MapAccess;
use serde_json::Value as Json;
use smallvec::SmallVec;

use super::Decoder;
use super::any::AnySeed;
use super::node::raw_text;
use super::object::Member;
use crate::base::error::ErrorTag;
use crate::data::default::{DefaultValue, default_of};
use crate::data::tree::Data;
use crate::data::violation::{Violation, shorten};
use crate::yang::schema::types::{ParseContext, Prefixes, Raw, Strictness};
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// The module whose annotation `default` this is, as RFC 8040 section 4.8.9 writes it.
pub(super) const WITH_DEFAULTS: &str = "ietf-netconf-with-defaults";

/// The metadata members of one object.
pub(super) type Metadata = SmallVec<[(NodeId, Json); 2]>;

impl Decoder<'_> {
    /// Reads the member `@name` or `@` of an object.
    pub(super) fn metadata_member<'de, A: MapAccess<'de>>(
        &mut self,
        parent: NodeId,
        name: &str,
        members: &mut A,
        metadata: &mut Metadata,
    ) -> Result<(), A::Error> {
        let annotated = name.strip_prefix('@').unwrap_or(name);
        let node = if annotated.is_empty() {
            Some(parent)
        } else {
            match self.member(parent, annotated, &mut 0) {
                Member::Child(child) => Some(child),
                Member::Refused | Member::Metadata(_) | Member::Envelope => None,
            }
        };
        let value = members.next_value_seed(AnySeed { decoder: &mut *self })?;
        if let (Some(node), Some(value)) = (node, value) {
            if metadata.iter().any(|(known, _)| *known == node) {
                let message = format!("'{}' is given twice", shorten(name));
                self.report(ErrorTag::InvalidValue, message);
            } else {
                metadata.push((node, value));
            }
        }
        Ok(())
    }

    /// Checks the metadata of an object and its members, and takes away what is tagged as a default.
    pub(super) fn apply_metadata(
        &mut self,
        parent: NodeId,
        metadata: Metadata,
        children: &mut Vec<(NodeId, Data)>,
        seen: &[NodeId],
    ) {
        for (node, value) in metadata {
            if node == parent {
                self.annotations(parent, &value);
                continue;
            }
            self.path.push(node, Vec::new());
            let facts = self.schema.node(node);
            let is_default = match (&facts.kind, &value) {
                _ if !seen.contains(&node) => {
                    let message = format!("there is metadata of '{}', which is not there itself", facts.name);
                    self.report(ErrorTag::BadElement, message);
                    false
                }
                (NodeKind::LeafList { .. }, Json::Array(items)) => {
                    let count =
                        children.iter().find(|(id, _)| *id == node).map_or(0, |(_, data)| match data {
                            Data::LeafList(values) => values.len(),
                            _ => 0,
                        });
                    if items.len() > count {
                        let message = format!(
                            "there is metadata of {} entries of '{}', which has {count}",
                            items.len(),
                            facts.name
                        );
                        self.report(ErrorTag::BadElement, message);
                    }
                    let tagged: Vec<bool> =
                        items.iter().map(|item| !item.is_null() && self.annotations(node, item)).collect();
                    tagged.len() == count && tagged.iter().all(|tagged| *tagged)
                }
                (NodeKind::LeafList { .. }, other) => {
                    self.misfit(&raw_text(raw_of(other)), "an array with metadata of each entry");
                    false
                }
                (NodeKind::Container { .. } | NodeKind::List { .. }, _) => {
                    let message = format!("metadata of '{}' stands in it, as the member '@'", facts.name);
                    self.report(ErrorTag::BadElement, message);
                    false
                }
                (_, value) => self.annotations(node, value),
            };
            if is_default {
                self.leave_default_out(node, children);
            }
            self.path.steps.pop();
        }
    }

    /// Takes a node away that is tagged as a default, and must be one.
    pub(super) fn leave_default_out(&mut self, node: NodeId, children: &mut Vec<(NodeId, Data)>) {
        let Some(at) = children.iter().position(|(id, _)| *id == node) else { return };
        let is_default = match (children.get(at).map(|(_, data)| data), default_of(self.schema, node)) {
            (Some(Data::Leaf(value)), Some(DefaultValue::Leaf(default))) => value == default,
            (Some(Data::LeafList(values)), Some(DefaultValue::LeafList(defaults))) => **values == *defaults,
            _ => false,
        };
        if is_default {
            children.remove(at);
        } else {
            let message =
                format!("{} is tagged as a default and has another value", self.schema.node(node).name);
            self.report(ErrorTag::InvalidValue, message);
        }
    }

    /// The annotations of one instance; whether they say that it is a default.
    fn annotations(&mut self, node: NodeId, value: &Json) -> bool {
        let Json::Object(members) = value else {
            let message = format!("metadata is an object of annotations, not {}", raw_text(raw_of(value)));
            self.report(ErrorTag::BadElement, message);
            return false;
        };
        let mut is_default = false;
        for (qualified, value) in members {
            is_default |= match (qualified.split_once(':'), value) {
                (None, _) => {
                    let shown = shorten(qualified);
                    let message =
                        format!("the name of an annotation is qualified by its module; '{shown}' is not");
                    self.report(ErrorTag::UnknownAttribute, message);
                    false
                }
                (Some((module, name)), Json::Array(items)) if matches!(items.as_slice(), [Json::Null]) => {
                    self.annotation(node, module, name, Raw::Null, None)
                }
                (Some(_), Json::Array(_) | Json::Object(_) | Json::Null) => {
                    let message = format!("the annotation '{}' has a single value", shorten(qualified));
                    self.report(ErrorTag::BadAttribute, message);
                    false
                }
                (Some((module, name)), value) => self.annotation(node, module, name, raw_of(value), None),
            };
        }
        is_default
    }

    /// One annotation; whether it says that the instance is a default.
    pub(super) fn annotation(
        &mut self,
        node: NodeId,
        module: &str,
        name: &str,
        raw: Raw<'_>,
        prefixes: Option<&dyn Prefixes>,
    ) -> bool {
        let schema = self.schema;
        if (module, name) == (WITH_DEFAULTS, "default") {
            let kind = &schema.node(node).kind;
            let takes_it = matches!(kind, NodeKind::Leaf { is_key: false, .. } | NodeKind::LeafList { .. });
            return match raw {
                Raw::Bool(value) if takes_it => value,
                Raw::Text(text @ ("true" | "false" | "1" | "0")) if takes_it && prefixes.is_some() => {
                    matches!(text, "true" | "1")
                }
                _ => {
                    let message = format!(
                        "the annotation 'default' is true or false, and of a leaf that is no key; found {}",
                        raw_text(raw)
                    );
                    self.report(ErrorTag::BadAttribute, message);
                    false
                }
            };
        }
        let known = schema.module_by_name(module).and_then(|module| schema.annotation(module, name));
        let Some(annotation) = known else {
            let violation = unknown(schema, module, name);
            self.report(ErrorTag::UnknownAttribute, violation);
            return false;
        };
        let strictness = if prefixes.is_some() { Strictness::Text } else { self.options.strictness };
        let context = ParseContext { schema, module: annotation.module, strictness, prefixes };
        if let Err(refused) = annotation.ty.parse(raw, context) {
            let message = format!("{module}:{name}: {}", refused.message);
            let violation = Violation::new(ErrorTag::BadAttribute, self.path.clone(), message);
            self.violations.push(Violation { app_tag: refused.app_tag, ..violation });
        }
        false
    }
}

fn unknown(schema: &Schema, module: &str, name: &str) -> String {
    let (shown, known) = (shorten(name), schema.module_by_name(module));
    match known {
        None => format!("the annotation '{shown}' is of '{}', which is no module here", shorten(module)),
        Some(id) => {
            let of_it = schema.annotations.iter().filter(|known| known.module == id);
            let names: Vec<&str> = of_it.map(|known| known.name.as_str()).collect();
            match names.as_slice() {
                [] => format!("the module '{module}' defines no annotation '{shown}', nor any other"),
                names => {
                    format!(
                        "the module '{module}' defines no annotation '{shown}'; it has {}",
                        names.join(", ")
                    )
                }
            }
        }
    }
}

fn raw_of(value: &Json) -> Raw<'_> {
    match value {
        Json::Bool(value) => Raw::Bool(*value),
        Json::String(text) => Raw::Text(text),
        Json::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(value), _) => Raw::Uint(value),
            (None, Some(value)) => Raw::Int(value),
            (None, None) => Raw::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::Null | Json::Array(_) | Json::Object(_) => Raw::Null,
    }
}

#[cfg(test)]
mod tests;
