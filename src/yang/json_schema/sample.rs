//! Examples of whole objects: what must be there, and a few of the rest.

use serde_json::{Map, Value, json};

use super::example;
use super::generate::{Generator, Purpose};
use crate::yang::schema::{NodeId, NodeKind};

/// Optional leafs beyond these make an example longer and no clearer.
const OPTIONAL: usize = 4;

/// An example of the members of a node. References to other data, conditions and secrets are left out as long as they
/// need not be there.
pub fn of_content(generator: &Generator<'_>, id: NodeId, purpose: Purpose) -> Value {
    let schema = generator.schema;
    let mut sample = Map::new();
    let mut optional = 0;
    for child in schema.children(id).iter().copied().filter(|child| generator.is_shown(*child, purpose)) {
        let node = schema.node(child);
        let is_key = node.is_key();
        let in_choice = {
            let above = schema.node(node.schema_parent);
            matches!(above.kind, NodeKind::Case | NodeKind::Choice { .. })
        };
        let needed = is_key || (!in_choice && generator.is_mandatory(child, purpose));
        if !needed {
            let plain = matches!(node.kind, NodeKind::Leaf { .. })
                && !in_choice
                && node.whens.is_empty()
                && node.musts.is_empty()
                && !refers(generator, child);
            if !plain || optional >= OPTIONAL {
                continue;
            }
            optional += 1;
        }
        if let Some(value) = of_member(generator, child, purpose) {
            sample.insert(generator.member_name(child), value);
        }
    }
    mandatory_choices(generator, id, purpose, &mut sample);
    Value::Object(sample)
}

fn refers(generator: &Generator<'_>, id: NodeId) -> bool {
    use crate::yang::schema::types::TypeKind;
    let kind = generator.schema.node(id).ty().map(|ty| &ty.kind);
    matches!(kind, Some(TypeKind::Leafref(_) | TypeKind::InstanceIdentifier { .. }))
}

/// An example of a member's value.
pub fn of_member(generator: &Generator<'_>, id: NodeId, purpose: Purpose) -> Option<Value> {
    let schema = generator.schema;
    let node = schema.node(id);
    let scalar = || {
        let ty = node.ty()?;
        let value = match &node.kind {
            NodeKind::Leaf { default: Some(default), .. } => default.clone(),
            _ => example::of_type(schema, ty, node.module)?,
        };
        Some(generator.json(&value, ty))
    };
    match &node.kind {
        NodeKind::Leaf { .. } => scalar(),
        NodeKind::LeafList { .. } => scalar().map(|value| json!([value])),
        NodeKind::List { .. } => Some(json!([of_content(generator, id, purpose)])),
        NodeKind::Container { .. } => Some(of_content(generator, id, purpose)),
        NodeKind::Anydata | NodeKind::Anyxml => Some(json!({})),
        _ => None,
    }
}

/// One case of each choice that must be made.
fn mandatory_choices(
    generator: &Generator<'_>,
    id: NodeId,
    purpose: Purpose,
    sample: &mut Map<String, Value>,
) {
    let schema = generator.schema;
    for choice in &schema.node(id).schema_children {
        let node = schema.node(*choice);
        if !matches!(node.kind, NodeKind::Choice { .. }) || !node.mandatory || !node.whens.is_empty() {
            continue;
        }
        let first = node.schema_children.iter().find_map(|case| first_of_case(generator, *case, purpose));
        if let Some(first) = first
            && let Some(value) = of_member(generator, first, purpose)
        {
            sample.insert(generator.member_name(first), value);
        }
    }
}

fn first_of_case(generator: &Generator<'_>, id: NodeId, purpose: Purpose) -> Option<NodeId> {
    let node = generator.schema.node(id);
    match node.kind {
        NodeKind::Case | NodeKind::Choice { .. } => {
            node.schema_children.iter().find_map(|child| first_of_case(generator, *child, purpose))
        }
        _ => generator.is_shown(id, purpose).then_some(id),
    }
}
