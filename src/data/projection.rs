//! What of a tree some paths lead to: those nodes with everything below them, and what names the way to each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::path::{InstancePath, Keys, PathStep};
use super::tree::{Container, Data, List, Tree};
use crate::yang::schema::{NodeId, Schema, Value};

/// Paths, put together by their steps.
#[derive(Debug, Default)]
pub struct Projection {
    /// Everything below comes along.
    whole: bool,
    below: BTreeMap<(NodeId, Keys), Projection>,
}

impl Projection {
    /// Adds a path.
    pub fn add(&mut self, path: &InstancePath) {
        let mut at = self;
        for PathStep { node, keys } in &path.steps {
            if at.whole {
                return;
            }
            at = at.below.entry((*node, keys.clone())).or_default();
        }
        at.whole = true;
        at.below.clear();
    }

    /// What the paths lead to in a tree.
    pub fn of(&self, schema: &Schema, tree: &Tree) -> Tree {
        if self.whole {
            return tree.clone();
        }
        Tree { root: Arc::new(self.inside(schema, &tree.root)) }
    }

    fn entry(&self, schema: &Schema, container: &Arc<Container>) -> Arc<Container> {
        if self.whole { Arc::clone(container) } else { Arc::new(self.inside(schema, container)) }
    }

    fn inside(&self, schema: &Schema, container: &Container) -> Container {
        let mut shown = Container::new(container.node);
        for key in schema.node(container.node).keys() {
            if let Some(value) = container.leaf(*key) {
                shown.set(*key, Data::Leaf(value.clone()));
            }
        }
        for ((node, keys), branch) in &self.below {
            match container.get(*node) {
                Some(Data::Container(inner)) => {
                    shown.set(*node, Data::Container(branch.entry(schema, inner)));
                }
                Some(Data::List(list)) if !keys.is_empty() => {
                    let Some(entry) = list.get(keys) else { continue };
                    let mut entries = match shown.remove(*node) {
                        Some(Data::List(entries)) => Arc::unwrap_or_clone(entries),
                        _ => List::new(schema, *node),
                    };
                    let _ = entries.insert(branch.entry(schema, entry));
                    shown.set(*node, Data::List(Arc::new(entries)));
                }
                Some(Data::LeafList(values)) if !keys.is_empty() => {
                    let chosen =
                        |value: &&Value| self.below.contains_key(&(*node, Keys::from([(*value).clone()])));
                    let values: Vec<Value> = values.iter().filter(chosen).cloned().collect();
                    shown.set(*node, Data::LeafList(values.into()));
                }
                Some(data) => shown.set(*node, data.clone()),
                None => {}
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read::{Shape, Subject, View, encode_json};
    use crate::data::testing::{issuers, path, tree};

    #[test]
    fn paths_lead_to_their_nodes_and_nothing_else() {
        let schema = issuers();
        let data = r#"{"top": {"enabled": false, "limits": {"max": 7},
            "issuer": [{"name": "a", "issuer": "i", "audiences": ["x", "y"]}, {"name": "b", "issuer": "j"}]}}"#;
        let tree = tree(schema, data);
        for (paths, expected) in [
            (&["/top/limits/max"][..], r#"{"top":{"limits":{"max":7}}}"#),
            (&["/top/issuer/b", "/top/issuer/b/issuer"], r#"{"top":{"issuer":[{"name":"b","issuer":"j"}]}}"#),
            (
                &["/top/issuer/b/issuer", "/top/issuer/a/issuer"],
                r#"{"top":{"issuer":[{"name":"a","issuer":"i"},{"name":"b","issuer":"j"}]}}"#,
            ),
            (&["/top/issuer/a/audiences/y"], r#"{"top":{"issuer":[{"name":"a","audiences":["y"]}]}}"#),
            (&["/top/issuer/nobody"], r#"{"top":{}}"#),
        ] {
            let mut projection = Projection::default();
            for at in paths {
                projection.add(&path(schema, at));
            }
            let shown = projection.of(schema, &tree);
            let shape = Shape::default();
            let data = Subject::Container(&shown.root);
            let mut out = Vec::new();
            encode_json(&View { schema, data, shape: &shape, surroundings: None }, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{paths:?}");
        }
    }
}
