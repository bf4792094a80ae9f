//! Keys whose texts can mean several values: a union has a value for each member that accepts a text, and lists can have
//! entries by all of them (RFC 7950 section 9.12). Their URLs are the same; what is there is found by them.

use smallvec::SmallVec;

use super::parse::decode;
use super::{InstancePath, Keys, text_of};
use crate::data::tree::Tree;
use crate::yang::schema::types::{ParseContext, Strictness};
use crate::yang::schema::{NodeId, Schema, Value};

/// More combinations of what several keys can mean are not looked at.
const MOST: usize = 64;

impl InstancePath {
    /// Whether the text of a key in it can mean several values.
    pub fn has_several_readings(&self, schema: &Schema) -> bool {
        self.steps.iter().any(|step| !step.keys.is_empty() && is_named_by_union(schema, step.node))
    }

    /// Changes the keys of the last step to those of an entry that is there, where their texts can mean it: the entry whose
    /// canonical keys are these very texts before others. Without one the first member of each union decides, as ever.
    pub(super) fn prefer_stored(&mut self, schema: &Schema, stored: &Tree, texts: &str) {
        let target = self.target();
        if !is_named_by_union(schema, target) {
            return;
        }
        let leafs = key_leafs(schema, target);
        let mut all = vec![(Keys::new(), true)];
        for (leaf, text) in leafs.iter().zip(texts.splitn(leafs.len(), ',')) {
            let Ok(text) = decode(text, self) else { return };
            let readings = readings(schema, *leaf, &text);
            let longer = all.iter().flat_map(|(keys, exact)| {
                readings.iter().map(|value| {
                    let mut keys = keys.clone();
                    keys.push(value.clone());
                    (keys, *exact && text_of(value) == text)
                })
            });
            all = longer.take(MOST).collect();
        }
        all.sort_by_key(|(_, exact)| !exact);
        let mut found = all.into_iter().map(|(keys, _)| self.entry(keys));
        if let Some(found) = found.find(|path| stored.get(path).is_some()) {
            *self = found;
        }
    }
}

/// The leafs that name an entry: the keys of a list, and a leaf-list itself.
fn key_leafs(schema: &Schema, node: NodeId) -> SmallVec<[NodeId; 2]> {
    let facts = schema.node(node);
    if facts.is_list() { facts.keys().into() } else { SmallVec::from_slice(&[node]) }
}

fn is_named_by_union(schema: &Schema, node: NodeId) -> bool {
    let is_union = |leaf: &NodeId| schema.node(*leaf).ty().is_some_and(|ty| ty.is_union());
    key_leafs(schema, node).iter().any(is_union)
}

fn readings(schema: &Schema, leaf: NodeId, text: &str) -> Vec<Value> {
    let node = schema.node(leaf);
    let context = ParseContext { schema, module: node.module, strictness: Strictness::Text, prefixes: None };
    node.ty().map(|ty| ty.readings(text, context)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::testing::schema;
    use crate::data::tree::{Container, Data, List};

    const MODEL: &str = "
list cage key=number,side
  leaf number union(int8,string)
  leaf side string
leaf-list mark union(int8,string)
";

    fn number(number: i64) -> Value {
        Value::Int(number)
    }

    fn keys(schema: &Schema, stored: (NodeId, Data), text: &str) -> Vec<Value> {
        let root = Arc::new(Container::with_children(NodeId::ROOT, vec![stored]));
        let path = InstancePath::parse_restconf_among(schema, text, Some(&Tree { root })).unwrap();
        path.keys().to_vec()
    }

    #[test]
    fn rfc8040_3_5_3_a_key_means_the_entry_that_is_there() {
        let schema = schema(MODEL);
        let mark = schema.find("/mark").unwrap();
        let found = |stored: &[Value], text: &str| {
            let stored = (mark, Data::LeafList(stored.into()));
            keys(&schema, stored, &format!("test:mark={text}"))
        };
        let text = Value::string;
        assert_eq!(found(&[], "5"), [number(5)]);
        assert_eq!(found(&[], "05"), [number(5)]);
        assert_eq!(found(&[text("5")], "5"), [text("5")]);
        assert_eq!(found(&[number(5), text("5")], "5"), [number(5)]);
        assert_eq!(found(&[number(5)], "05"), [number(5)]);
        assert_eq!(found(&[number(5), text("05")], "05"), [text("05")]);
    }

    #[test]
    fn rfc8040_3_5_3_each_of_several_keys_is_read_so() {
        let schema = schema(MODEL);
        let list = schema.find("/cage").unwrap();
        let leaf = |name: &str, value: &Value| (schema.find(name).unwrap(), Data::Leaf(value.clone()));
        let (five, side) = (Value::string("5"), Value::string("a"));
        let children = vec![leaf("/cage/number", &five), leaf("/cage/side", &side)];
        let mut cages = List::new(&schema, list);
        cages.insert(Arc::new(Container::with_children(list, children)));
        let stored = (list, Data::List(Arc::new(cages)));
        assert_eq!(keys(&schema, stored.clone(), "test:cage=5,a"), [five, side]);
        assert_eq!(keys(&schema, stored, "test:cage=5,b"), [number(5), Value::string("b")]);
    }
}
