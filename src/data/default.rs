//! Defaults in use (RFC 7950 sections 7.6.1, 7.7.2 and 7.9.3): what counts as there although nobody wrote it.
//!
//! What a choice allows is seen in the container itself. Conditions (`when`) need the tree around: [`is_allowed`].

use std::rc::Rc;

use super::path::InstancePath;
use super::tree::{Container, Tree};
use super::xpath::Evaluator;
use crate::yang::schema::{NodeId, NodeKind, Schema, Value};

/// A default of a leaf or leaf-list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultValue<'s> {
    /// Of a leaf.
    Leaf(&'s Value),
    /// Of a leaf-list.
    LeafList(&'s [Value]),
}

/// The default of a leaf or leaf-list, in use or not.
pub fn default_of(schema: &Schema, node: NodeId) -> Option<DefaultValue<'_>> {
    match &schema.node(node).kind {
        NodeKind::Leaf { default, .. } => default.as_ref().map(DefaultValue::Leaf),
        NodeKind::LeafList { defaults, .. } if !defaults.is_empty() => Some(DefaultValue::LeafList(defaults)),
        _ => None,
    }
}

/// Whether any default is in use below a non-presence container that is not stored, at any depth.
pub fn any_in_use(schema: &Schema, absent: NodeId) -> bool {
    schema.children(absent).iter().any(|id| {
        let inside = schema.node(*id).is_np_container() && any_in_use(schema, *id);
        (inside || default_of(schema, *id).is_some()) && case_holds(schema, None, *id)
    })
}

/// Whether a node that is not stored can exist as far as the choices around it go: what is inside a case exists by
/// default only where a node of that case exists, or in the default case where no node of another case exists.
/// `container` is the nearest data node above; `None` where that is not stored either.
pub fn case_holds(schema: &Schema, container: Option<&Container>, node: NodeId) -> bool {
    let mut at = node;
    loop {
        let facts = schema.node(at);
        let above = facts.schema_parent;
        if above == facts.parent {
            return true;
        }
        if let NodeKind::Choice { default_case } = &schema.node(above).kind
            && !has_any(schema, container, at)
            && (*default_case != Some(at) || has_any(schema, container, above))
        {
            return false;
        }
        at = above;
    }
}

/// Whether the conditions hold on which a node that is not stored exists by default below the container or entry at a path
/// (RFC 7950 section 7.21.5). Where nothing is known of that container, nothing speaks against the node.
pub fn is_allowed(schema: &Schema, tree: &Tree, parent: &InstancePath, node: NodeId) -> bool {
    if schema.node(node).whens.is_empty() {
        return true;
    }
    let evaluator = evaluator(schema, &tree.root, node);
    match evaluator.find(parent) {
        Ok(Some(parent)) => evaluator.whens_of(node, &Rc::new(parent)).unwrap_or(false),
        Ok(None) => true,
        Err(_) => false,
    }
}

/// An evaluator that sees what the conditions of a node see.
pub(super) fn evaluator<'a>(schema: &'a Schema, root: &'a Container, node: NodeId) -> Evaluator<'a> {
    let evaluator = Evaluator::new(schema, root);
    if schema.node(node).config { evaluator.config_only() } else { evaluator }
}

/// Whether a container stores any data node of a choice or case, or the node itself.
pub fn has_any(schema: &Schema, container: Option<&Container>, node: NodeId) -> bool {
    let Some(container) = container else { return false };
    match &schema.node(node).kind {
        NodeKind::Choice { .. } | NodeKind::Case => {
            schema.node(node).schema_children.iter().any(|child| has_any(schema, Some(container), *child))
        }
        _ => container.get(node).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{schema, tree};

    const MODEL: &str = "
leaf plain string =p
leaf-list many string =a,b
container inner
  leaf deep string =d
container marker presence
  leaf note string =n
choice kind
  case one default
    leaf first string =f
    leaf second string
  case two
    leaf third string =t
    choice nested
      case four default
        leaf fourth string =4
      case five
        leaf fifth string =5
";

    fn used(json: &str) -> Vec<String> {
        let schema = schema(MODEL);
        let tree = tree(&schema, json);
        in_use(&schema, &tree.root)
    }

    fn in_use(schema: &Schema, container: &Container) -> Vec<String> {
        let children = schema.children(container.node).iter();
        let used = children.filter(|id| {
            default_of(schema, **id).is_some()
                && container.get(**id).is_none()
                && case_holds(schema, Some(container), **id)
        });
        used.map(|id| schema.node(*id).name.to_string()).collect()
    }

    #[test]
    fn rfc7950_7_6_1_a_default_is_in_use_where_nothing_is_stored() {
        assert_eq!(used("{}"), ["plain", "many", "first"]);
        assert_eq!(used(r#"{"plain":"x","many":["c"]}"#), ["first"]);
    }

    #[test]
    fn rfc7950_7_9_3_defaults_of_a_case_need_the_case() {
        assert_eq!(used(r#"{"second":"x"}"#), ["plain", "many", "first"]);
        assert_eq!(used(r#"{"third":"x"}"#), ["plain", "many", "fourth"]);
        assert_eq!(used(r#"{"fifth":"x"}"#), ["plain", "many", "third"]);
    }

    #[test]
    fn rfc7950_7_5_1_a_presence_container_has_no_defaults_while_absent() {
        let schema = schema(MODEL);
        assert!(any_in_use(&schema, schema.find("/inner").unwrap()));
        let marker = Container::new(schema.find("/marker").unwrap());
        assert_eq!(in_use(&schema, &marker), ["note"]);
    }
}
