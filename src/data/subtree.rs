//! Subtree filters (RFC 6241 section 6), turned into XPath expressions that select the same nodes: what selects data is
//! then of one kind, whichever way a client wrote it.
//!
//! A filter is the content of `anydata`, as RFC 7951 has it. A name without a module is at the top of any module, and
//! further down of the module of what is around it. Attributes do not exist in YANG data, so neither do matches of them.

use serde_json::{Map, Value as Json};

use super::violation::shorten;
use crate::yang::schema::{NodeId, NodeKind, Schema};
use crate::yang::syntax::xpath::MAX_BYTES;

/// The expression of a filter. An empty filter selects nothing (RFC 6241 section 6.4.2), and so does the expression.
///
/// # Errors
/// One sentence: a name that the model does not have there, or content where the model has none.
pub fn to_xpath(schema: &Schema, filter: &Json) -> Result<String, String> {
    let mut selected = Selected { schema, paths: Vec::new(), length: 0 };
    match filter {
        Json::Object(members) if !members.is_empty() => selected.siblings(NodeId::ROOT, "", members)?,
        Json::Object(_) | Json::Null => selected.add("/*[false()]".to_owned())?,
        _ => return Err("a subtree filter holds elements".to_owned()),
    }
    Ok(selected.paths.join(" | "))
}

/// What was selected so far: location paths.
struct Selected<'a> {
    schema: &'a Schema,
    paths: Vec<String>,
    length: usize,
}

/// One member of a sibling set.
enum Member<'j> {
    /// A content match node (section 6.2.5).
    Match(String),
    /// A containment or selection node (sections 6.2.3 and 6.2.4).
    Other(&'j Json),
}

impl Selected<'_> {
    fn add(&mut self, path: String) -> Result<(), String> {
        self.length += path.len() + 3;
        if self.length > MAX_BYTES {
            return Err(format!(
                "a filter that becomes more than {} KiB of XPath is not read",
                MAX_BYTES >> 10
            ));
        }
        self.paths.push(path);
        Ok(())
    }

    /// The members of a containment node: matches bound the others, and select everything where there are no others
    /// (section 6.4).
    fn siblings(&mut self, parent: NodeId, path: &str, members: &Map<String, Json>) -> Result<(), String> {
        let mut matches = Vec::new();
        let mut others = Vec::new();
        for (name, content) in members {
            let child = self.child(parent, name)?;
            let qualified = self.qualified(child);
            for member in self.members(child, content)? {
                match member {
                    Member::Match(text) => matches.push((qualified.clone(), text)),
                    Member::Other(content) => others.push((child, qualified.clone(), content)),
                }
            }
        }
        // What stands at the top has nothing around it that could carry a condition.
        let root = if parent == NodeId::ROOT { "/" } else { "" };
        let condition: String =
            matches.iter().map(|(name, text)| format!("[{root}{name}={}]", literal(text))).collect();
        let step = |name: &str| match parent {
            NodeId::ROOT => format!("/{name}{condition}"),
            _ => format!("{path}{condition}/{name}"),
        };
        if others.is_empty() {
            return self.add(if parent == NodeId::ROOT { step("*") } else { format!("{path}{condition}") });
        }
        for (name, text) in &matches {
            self.add(format!("{}[.={}]", step(name), literal(text)))?;
        }
        for (child, name, content) in others {
            match content {
                Json::Object(members) if !members.is_empty() => {
                    self.siblings(child, &step(&name), members)?
                }
                _ => self.add(step(&name))?,
            }
        }
        Ok(())
    }

    /// What the content of an element is: an array stands for several elements of one name.
    fn members<'j>(&self, node: NodeId, content: &'j Json) -> Result<Vec<Member<'j>>, String> {
        let facts = self.schema.node(node);
        let name = &facts.name;
        let has_value = matches!(facts.kind, NodeKind::Leaf { .. } | NodeKind::LeafList { .. });
        let text = match content {
            Json::Array(items) => {
                let mut all = Vec::with_capacity(items.len());
                for item in items {
                    all.extend(self.members(node, item)?);
                }
                return Ok(all);
            }
            Json::Object(members) if !members.is_empty() => {
                let is_inner = matches!(
                    facts.kind,
                    NodeKind::Container { .. } | NodeKind::List { .. } | NodeKind::Notification
                );
                return match is_inner {
                    true => Ok(vec![Member::Other(content)]),
                    false => Err(format!("nothing below '{name}' can be selected")),
                };
            }
            Json::Object(_) | Json::Null => return Ok(vec![Member::Other(content)]),
            Json::String(text) => text.trim().to_owned(),
            Json::Bool(_) | Json::Number(_) => content.to_string(),
        };
        match (text.is_empty(), has_value) {
            (true, _) => Ok(vec![Member::Other(&Json::Null)]),
            (false, true) => Ok(vec![Member::Match(text)]),
            (false, false) => Err(format!("'{name}' has no value that could be '{}'", shorten(&text))),
        }
    }

    fn child(&self, parent: NodeId, name: &str) -> Result<NodeId, String> {
        let schema = self.schema;
        let found = match name.split_once(':') {
            Some((module, name)) => {
                schema.module_by_name(module).and_then(|module| schema.child(parent, Some(module), name).ok())
            }
            None if parent == NodeId::ROOT => match schema.child(parent, None, name) {
                Err(crate::yang::schema::ChildError::Ambiguous { .. }) => {
                    return Err(format!(
                        "several modules have '{}': name one, as in module:{0}",
                        shorten(name)
                    ));
                }
                found => found.ok(),
            },
            None => schema.child(parent, Some(schema.node(parent).module), name).ok(),
        };
        let found = found.filter(|id| !schema.node(*id).is_operation());
        found.ok_or_else(|| match parent {
            NodeId::ROOT => format!("the model has no '{}' at its top", shorten(name)),
            _ => format!("'{}' has no '{}'", schema.node(parent).name, shorten(name)),
        })
    }

    fn qualified(&self, node: NodeId) -> String {
        let facts = self.schema.node(node);
        format!("{}:{}", self.schema.module(facts.module).name, facts.name)
    }
}

/// A text as XPath can write it, whichever quotes are in it.
fn literal(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    if !text.contains('"') {
        return format!("\"{text}\"");
    }
    let parts: Vec<String> = text.split('\'').map(|part| format!("'{part}'")).collect();
    format!("concat({})", parts.join(", \"'\", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{issuers, tree};
    use crate::data::xpath::{Cursor, Evaluator};
    use crate::yang::schema::ModuleId;
    use crate::yang::schema::xpath::bind::compile_expression;

    const DATA: &str = r#"{"top": {"enabled": false, "limits": {"max": 7},
        "issuer": [{"name": "a", "issuer": "i", "audiences": ["x", "y"]}, {"name": "b", "issuer": "i"},
                   {"name": "it's \"c\"", "issuer": "k"}]}}"#;

    /// The nodes that a filter selects in [`DATA`].
    fn selected(filter: &str) -> Vec<String> {
        let schema = issuers();
        let tree = tree(schema, DATA);
        let filter: Json = serde_json::from_str(filter).unwrap();
        let text = to_xpath(schema, &filter).unwrap();
        let compiled = compile_expression(schema, &text, NodeId::ROOT, ModuleId(0));
        let (expression, _) = compiled.unwrap_or_else(|error| panic!("{text}: {}", error.message));
        let evaluator = Evaluator::new(schema, &tree.root);
        let nodes = evaluator.nodes(&expression, &Cursor::root(&tree.root)).unwrap();
        nodes.iter().map(|node| node.path(schema).to_v1(schema)).collect()
    }

    #[test]
    fn rfc6241_6_the_nodes_of_a_subtree_are_selected() {
        for (filter, expected) in [
            // 6.4.2: an empty filter selects nothing.
            ("{}", &[][..]),
            // 6.2.4: selection nodes, in each way in which an encoding can write them.
            (r#"{"top": {}}"#, &["/top"]),
            (r#"{"test:top": ""}"#, &["/top"]),
            (r#"{"top": {"limits": null, "enabled": [null]}}"#, &["/top/enabled", "/top/limits"]),
            (
                r#"{"top": {"issuer": {"name": {}}}}"#,
                &["/top/issuer/a/name", "/top/issuer/b/name", "/top/issuer/it%27s%20%22c%22/name"],
            ),
            // 6.2.5: a content match alone selects all of the sibling set.
            (r#"{"top": {"issuer": {"name": "a"}}}"#, &["/top/issuer/a"]),
            (r#"{"top": {"issuer": {"name": " a\n"}}}"#, &["/top/issuer/a"]),
            (r#"{"top": {"issuer": {"issuer": "i"}}}"#, &["/top/issuer/a", "/top/issuer/b"]),
            (r#"{"top": {"issuer": {"audiences": ["x", "y"]}}}"#, &["/top/issuer/a"]),
            (r#"{"top": {"issuer": {"audiences": ["x", "z"]}}}"#, &[]),
            (r#"{"top": {"limits": {"max": 7}}}"#, &["/top/limits"]),
            (r#"{"top": {"limits": {"max": "8"}}}"#, &[]),
            (r#"{"top": {"issuer": {"name": "it's \"c\""}}}"#, &["/top/issuer/it%27s%20%22c%22"]),
            // 6.4.5: with others beside it, it bounds these, and is shown itself.
            (
                r#"{"top": {"issuer": [{"name": "a", "audiences": {}}, {"name": "b", "issuer": {}}]}}"#,
                &[
                    "/top/issuer/a/name",
                    "/top/issuer/a/audiences/x",
                    "/top/issuer/a/audiences/y",
                    "/top/issuer/b/name",
                    "/top/issuer/b/issuer",
                ],
            ),
            (r#"{"top": {"enabled": false, "limits": {}}}"#, &["/top/enabled", "/top/limits"]),
            (r#"{"top": {"enabled": true, "limits": {}}}"#, &[]),
        ] {
            let mut found = selected(filter);
            let mut expected: Vec<String> = expected.iter().map(|path| (*path).to_owned()).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{filter}");
        }
    }

    #[test]
    fn what_the_model_does_not_have_is_said() {
        let refused = |filter: &str| to_xpath(issuers(), &serde_json::from_str(filter).unwrap()).unwrap_err();
        assert_eq!(refused(r#"{"bottom": {}}"#), "the model has no 'bottom' at its top");
        assert_eq!(refused(r#"{"other:top": {}}"#), "the model has no 'other:top' at its top");
        assert_eq!(refused(r#"{"top": {"isuer": {}}}"#), "'top' has no 'isuer'");
        assert_eq!(refused(r#"{"top": "x"}"#), "'top' has no value that could be 'x'");
        assert_eq!(refused(r#"{"top": {"enabled": {"a": 1}}}"#), "nothing below 'enabled' can be selected");
        assert_eq!(refused("[1]"), "a subtree filter holds elements");
        let many: Vec<Json> =
            (0..5_000).map(|number| serde_json::json!({"name": number.to_string()})).collect();
        let much = to_xpath(issuers(), &serde_json::json!({"top": {"issuer": many}})).unwrap_err();
        assert!(much.contains("64 KiB"), "{much}");
    }
}
