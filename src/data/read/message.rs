//! What a protocol's message shows: one member by the name of a node, with its metadata beside it (RFC 7952 section 5.2).

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::marks::{Marks, Origin};
use super::{Subject, View, WithDefaults};
use crate::yang::schema::{NodeId, Schema};

/// A message. An entry of a list or leaf-list stands in an array of one, as a list has it.
#[derive(Clone, Copy, Debug)]
pub struct Message<'v, 'a> {
    /// What is shown.
    pub view: &'v View<'a>,
    /// The node of which it is the content.
    pub node: NodeId,
    /// The name of the member.
    pub name: &'v str,
    /// Whether it is a value that nobody set.
    pub is_default: bool,
}

/// The name of a node with that of its module, as messages have it at the top (RFC 7951 section 4).
pub fn qualified_name(schema: &Schema, node: NodeId) -> String {
    let node = schema.node(node);
    [&schema.module(node.module).name, ":", &node.name].concat()
}

impl Message<'_, '_> {
    /// Whether it shows one entry of a list or leaf-list.
    pub(super) fn is_entry(&self) -> bool {
        let facts = self.view.schema.node(self.node);
        match self.view.data {
            Subject::Container(_) => facts.is_list(),
            Subject::Leaf(..) => facts.list_facts().is_some(),
            _ => false,
        }
    }

    fn marks(&self) -> Marks<'_> {
        let shape = self.view.shape;
        let origin = if self.is_default { Origin::Default } else { Origin::Intended };
        let tells_origin = shape.with_origin && self.view.schema.node(self.node).config;
        Marks {
            default: self.is_default && shape.defaults == WithDefaults::ReportAllTagged,
            origin: tells_origin.then_some(origin),
            ..Marks::default()
        }
    }
}

impl Serialize for Message<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_entry = self.is_entry();
        let mut map = serializer.serialize_map(None)?;
        match is_entry {
            true => map.serialize_entry(self.name, &[self.view])?,
            false => map.serialize_entry(self.name, self.view)?,
        }
        let marks = self.marks();
        let first = Marks { page: self.view.shape.page.as_ref(), ..marks };
        match self.view.data {
            Subject::Leaf(..) if !marks.is_empty() => {
                let name = format!("@{}", self.name);
                if is_entry {
                    map.serialize_entry(&name, &[marks])?
                } else {
                    map.serialize_entry(&name, &marks)?
                }
            }
            Subject::LeafList(_, values) if !first.is_empty() && !values.is_empty() => {
                let mut each = vec![marks; values.len()];
                if let Some(slot) = each.first_mut() {
                    *slot = first;
                }
                map.serialize_entry(&format!("@{}", self.name), &each)?;
            }
            _ => {}
        }
        map.end()
    }
}
