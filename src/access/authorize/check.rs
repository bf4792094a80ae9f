//! Whether a rule's path can match anything of the model: a misspelt name in a policy would silently grant nothing,
//! or worse, reject nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::book::Authority;
use super::compile::{CompiledPolicy, NameIndex};
use super::decide::Decision;
use super::nacm::Nacm;
use super::pattern::{Literal, PathPattern, PatternSegment};
use super::policy::{Policy, PolicyOperation};
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// Where a pattern can have come to in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// At a node whose children come next.
    Node(NodeId),
    /// At a list or leaf-list, whose keys come next.
    Entries(NodeId),
}

/// How many names a message lists.
const NAMES_SHOWN: usize = 12;

/// Holds a rule's path against the model.
///
/// # Errors
/// One sentence: the segment that leads nowhere, where, and what the model has there.
pub fn check_path(schema: &Schema, path: &str) -> Result<(), String> {
    let pattern: PathPattern =
        path.parse().map_err(|error: super::pattern::PatternError| error.to_string())?;
    let mut places = BTreeSet::from([Place::Node(NodeId::ROOT)]);
    for (index, segment) in pattern.segments.iter().enumerate() {
        let reached = match segment {
            PatternSegment::Subtree => everything_below(schema, &places),
            PatternSegment::Any => places.iter().flat_map(|place| any(schema, *place)).collect(),
            PatternSegment::Literal(literal) => {
                places.iter().flat_map(|place| literally(schema, *place, literal)).collect()
            }
        };
        if reached.is_empty() {
            return Err(leads_nowhere(schema, &pattern, index, &places));
        }
        places = reached;
    }
    Ok(())
}

/// What a policy, by itself and without the built-in ones, says of an operation on a path: `strongbox policy check`.
///
/// # Errors
/// One sentence, when a rule of the policy or the path does not fit the model.
pub fn decide_by_policy(
    schema: &Schema,
    policy: &Policy,
    operation: PolicyOperation,
    path: &str,
) -> Result<Decision, String> {
    for rule in &policy.rest_api.rules {
        check_path(schema, &rule.path).map_err(|error| format!("rule '{}': {error}", rule.path))?;
    }
    let path = InstancePath::parse_v1(schema, path).map_err(|error| error.message)?;
    let compiled = Arc::new(CompiledPolicy::compile(policy, &NameIndex::new(schema)));
    Ok(Authority::from(compiled).may(operation, &path))
}

/// What rules of NACM say to members of these groups: the same for the policy `nacm`.
///
/// # Errors
/// One sentence, when the path of a rule, or the path asked for, does not fit the model.
pub fn decide_by_rules_of_nacm(
    schema: &Schema,
    rules: &Nacm,
    groups: &[Ident],
    operation: PolicyOperation,
    path: &str,
) -> Result<Decision, String> {
    if let Some((rule, path)) = rules.leads_nowhere(schema) {
        return Err(format!("rule '{rule}': '{path}' is no path of the model"));
    }
    let path = InstancePath::parse_v1(schema, path).map_err(|error| error.message)?;
    let compiled = Arc::new(rules.compile(schema, groups));
    Ok(Authority::from(compiled).may(operation, &path))
}

/// Holds a `hide-fields` name against the model.
///
/// # Errors
/// One sentence, when no node has that name, or only keys have it.
pub fn check_hidden_field(schema: &Schema, name: &str) -> Result<(), String> {
    let bare = name.rsplit_once(':').map_or(name, |(_, name)| name);
    let named = || schema.nodes().filter(|(_, node)| node.is_data() && node.name == bare);
    let found: String = name.chars().take(64).collect();
    if named().next().is_none() {
        return Err(format!("the model has no leaf or container '{found}' that could be hidden"));
    }
    if named().all(|(_, node)| node.is_key()) {
        return Err(format!("'{found}' is the key of a list; a key cannot be hidden"));
    }
    Ok(())
}

fn place_of(schema: &Schema, node: NodeId) -> Place {
    match schema.node(node).kind {
        NodeKind::List { .. } | NodeKind::LeafList { .. } => Place::Entries(node),
        _ => Place::Node(node),
    }
}

/// What a path can name below a node: data, operations and notifications, not what is inside an operation.
fn children(schema: &Schema, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
    schema.children(node).iter().copied().filter(|child| {
        let child = schema.node(*child);
        child.is_data() || child.is_operation() || child.is_notification()
    })
}

fn any(schema: &Schema, place: Place) -> Vec<Place> {
    match place {
        Place::Node(node) => children(schema, node).map(|child| place_of(schema, child)).collect(),
        Place::Entries(list) => vec![Place::Node(list)],
    }
}

fn literally(schema: &Schema, place: Place, literal: &Literal) -> Vec<Place> {
    match place {
        Place::Node(node) => {
            let (module, name) = match literal.text.split_once(':') {
                Some((module, name)) => (Some(module), name),
                None => (None, &*literal.text),
            };
            children(schema, node)
                .filter(|child| {
                    let child = schema.node(*child);
                    child.name == name
                        && module.is_none_or(|module| schema.module(child.module).name == module)
                })
                .map(|child| place_of(schema, child))
                .collect()
        }
        Place::Entries(list) => {
            let keys = schema.node(list).keys().len().max(1);
            if literal.keys.len() == keys { vec![Place::Node(list)] } else { Vec::new() }
        }
    }
}

fn everything_below(schema: &Schema, places: &BTreeSet<Place>) -> BTreeSet<Place> {
    let mut reached = places.clone();
    let mut open: Vec<Place> = places.iter().copied().collect();
    while let Some(place) = open.pop() {
        for next in any(schema, place) {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}

fn leads_nowhere(schema: &Schema, pattern: &PathPattern, index: usize, places: &BTreeSet<Place>) -> String {
    let segment = match pattern.segments.get(index) {
        Some(PatternSegment::Literal(literal)) => literal.text.chars().take(64).collect(),
        Some(PatternSegment::Any) => "*".to_owned(),
        Some(PatternSegment::Subtree) | None => "**".to_owned(),
    };
    if index == 0 && matches!(segment.as_str(), "v1" | "config" | "state") {
        return format!(
            "a rule's path is a path of the model; leave '{segment}' out: strongbox/jwt-issuers/*"
        );
    }
    let entries = places.iter().find_map(|place| match place {
        Place::Entries(list) => Some(*list),
        Place::Node(_) => None,
    });
    if let Some(list) = entries.filter(|_| places.len() == 1) {
        let keys: Vec<&str> =
            schema.node(list).keys().iter().map(|key| schema.node(*key).name.as_str()).collect();
        return format!(
            "'{segment}' does not name an entry of {}, which has the keys {}",
            schema.path(list),
            keys.join(", ")
        );
    }
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut above = None;
    for place in places {
        if let Place::Node(node) = place {
            above = Some(*node);
            names.extend(children(schema, *node).map(|child| schema.node(child).name.as_str()));
        }
    }
    let place = above.filter(|_| places.len() == 1).map_or_else(
        || "where the path leads".to_owned(),
        |node| {
            if node == NodeId::ROOT {
                "at its root".to_owned()
            } else {
                format!("below {}", schema.path(node))
            }
        },
    );
    let shown: Vec<&str> = names.iter().copied().take(NAMES_SHOWN).collect();
    match (shown.is_empty(), names.len() > NAMES_SHOWN) {
        (true, _) => format!("the model has no node '{segment}' {place}; nothing comes after it"),
        (_, true) => format!("the model has no node '{segment}' {place}; it has {}, ...", shown.join(", ")),
        (_, false) => format!("the model has no node '{segment}' {place}; it has {}", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yang::product::compile_product;

    #[test]
    fn a_policy_is_tried_out_without_a_server() {
        let schema = compile_product().unwrap();
        let policy = |path: &str| -> Policy {
            let rules = serde_json::json!([{"path": path, "operations": {"update": "allow"}}]);
            serde_json::from_value(serde_json::json!({"name": "p", "rest-api": {"rules": rules}})).unwrap()
        };
        let minter = policy("strongbox/jwt-issuers/*/roles/*/mint");
        let mint = "strongbox/jwt-issuers/payments-api/roles/reader/mint";
        let said = |operation, path| {
            decide_by_policy(&schema, &minter, operation, path).map(|said| said.to_string())
        };
        assert_eq!(
            said(PolicyOperation::Execute, mint).unwrap(),
            "allowed by rule 'strongbox/jwt-issuers/*/roles/*/mint' of policy 'p'"
        );
        assert_eq!(
            said(PolicyOperation::Read, "strongbox/jwt-issuers").unwrap(),
            "refused: no rule of the caller's policies allows it"
        );
        assert!(said(PolicyOperation::Read, "strongbox/nothing").is_err());
        let misspelt =
            decide_by_policy(&schema, &policy("strongbox/jwt-isuers"), PolicyOperation::Read, mint);
        assert!(misspelt.unwrap_err().starts_with("rule 'strongbox/jwt-isuers': the model has no node"));
    }
}
