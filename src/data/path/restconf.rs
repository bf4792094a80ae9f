//! The form of RESTCONF URLs (RFC 8040 section 3.5.3): `/example:list=key,key/leaf-list=value`.

use percent_encoding::utf8_percent_encode;
use smallvec::SmallVec;

use super::parse::{BareName, decode, key_value, named_child, navigable};
use super::{InstancePath, Keys, RESERVED, USUAL_LENGTH, text_of};
use crate::base::error::ErrorTag;
use crate::data::tree::Tree;
use crate::data::violation::{Violation, shorten};
use crate::yang::schema::{ModuleId, Node, NodeId, NodeKind, Schema};

impl InstancePath {
    /// Reads the form of RESTCONF URLs, percent-encoded, with or without slashes around it. It may end in an action or
    /// rpc. A name is qualified by its module's name at the top and wherever the module is another than that of the node
    /// above. A list or leaf-list without `=` is meant as a whole.
    ///
    /// # Errors
    /// `unknown-element` for a name that the model does not have there, `invalid-value` for a key that is not of its
    /// type and for a wrong number of keys, `malformed-message` for a bad percent-encoding.
    pub fn parse_restconf(schema: &Schema, text: &str) -> Result<InstancePath, Violation> {
        InstancePath::root().parse_below(schema, text, None)
    }

    /// The same, where a key that can be read in several ways means an entry that is stored.
    ///
    /// # Errors
    /// As [`InstancePath::parse_restconf`].
    pub fn parse_restconf_among(
        schema: &Schema,
        text: &str,
        stored: Option<&Tree>,
    ) -> Result<InstancePath, Violation> {
        InstancePath::root().parse_below(schema, text, stored)
    }

    /// Reads the form of RESTCONF URLs behind this path, as the targets of the edits of a YANG Patch have it (RFC 8072 section
    /// 2.4). A name without module is in the module of the node above it; a key that can be read in several ways means an entry
    /// that is stored.
    ///
    /// # Errors
    /// As [`InstancePath::parse_restconf`].
    pub fn parse_below(
        &self,
        schema: &Schema,
        text: &str,
        stored: Option<&Tree>,
    ) -> Result<InstancePath, Violation> {
        let mut path = self.clone();
        let mut module = self.steps.last().map(|step| schema.node(step.node).module);
        let text = text.strip_prefix('/').unwrap_or(text);
        let text = text.strip_suffix('/').unwrap_or(text);
        if text.is_empty() {
            return Ok(path);
        }
        for segment in text.split('/') {
            let (name, texts) = match segment.split_once('=') {
                Some((name, texts)) => (name, Some(texts)),
                None => (segment, None),
            };
            let name = decode(name, &path)?;
            let child = qualified_child(schema, &path, &name, module)?;
            let node = schema.node(child);
            let keys = texts.map(|texts| read_keys(schema, &path, node, texts)).transpose()?;
            path.push(child, keys.unwrap_or_default());
            if let (Some(stored), Some(texts)) = (stored, texts) {
                path.prefer_stored(schema, stored, texts);
            }
            module = Some(node.module);
        }
        Ok(path)
    }

    /// The form of RESTCONF URLs, with a slash before each step; nothing for the root.
    pub fn to_restconf(&self, schema: &Schema) -> String {
        let mut out = String::with_capacity(USUAL_LENGTH);
        let mut module: Option<ModuleId> = None;
        for step in self.printed(schema) {
            let node = schema.node(step.node);
            out.push('/');
            if module != Some(node.module) {
                out.push_str(&schema.module(node.module).name);
                out.push(':');
                module = Some(node.module);
            }
            out.push_str(&node.name);
            for (index, key) in step.keys.iter().enumerate() {
                out.push(if index == 0 { '=' } else { ',' });
                out.extend(utf8_percent_encode(&text_of(key), RESERVED));
            }
        }
        out
    }
}

/// The child of that name, which needs no module where that is the one of the node above.
fn qualified_child(
    schema: &Schema,
    path: &InstancePath,
    name: &str,
    module: Option<ModuleId>,
) -> Result<NodeId, Violation> {
    if name.contains(':') {
        return named_child(schema, path, name, BareName::Ambiguous);
    }
    if let Some(module) = module {
        if let Ok(child) = schema.child(path.target(), Some(module), name) {
            return navigable(schema, path, child);
        }
        if schema.children_named(path.target(), name).is_empty() {
            let qualified = format!("{}:{name}", schema.module(module).name);
            return named_child(schema, path, &qualified, BareName::Ambiguous)
                .map_err(|fault| Violation { unknown: Some(shorten(name)), ..fault });
        }
    }
    let candidates: Vec<String> = schema
        .children_named(path.target(), name)
        .iter()
        .map(|(_, id)| format!("{}:{name}", schema.module(schema.node(*id).module).name))
        .collect();
    let message = match candidates.as_slice() {
        [] => format!("'{}' names no module; write module:name", shorten(name)),
        candidates => {
            format!("'{}' must be qualified by its module: {}", shorten(name), candidates.join(", "))
        }
    };
    Err(Violation::unknown(path.clone(), name, message))
}

fn read_keys(schema: &Schema, path: &InstancePath, node: &Node, text: &str) -> Result<Keys, Violation> {
    let own = [node.id];
    let leafs = match &node.kind {
        NodeKind::List { keys, .. } => keys.as_slice(),
        NodeKind::LeafList { .. } => own.as_slice(),
        _ => &[],
    };
    let texts: SmallVec<[&str; 2]> = text.split(',').collect();
    if texts.len() != leafs.len() {
        let names: Vec<&str> = leafs.iter().map(|id| schema.node(*id).name.as_str()).collect();
        let message = match names.as_slice() {
            [] => format!("'{}' is no list with keys, so no value can follow it", node.name),
            names => format!(
                "an entry of '{}' is named by {} value(s) ({}), comma separated; '{}' has {} (a comma inside a value is written %2C)",
                node.name,
                names.len(),
                names.join(", "),
                shorten(text),
                texts.len()
            ),
        };
        return Err(Violation::new(ErrorTag::InvalidValue, path.child(node.id), message));
    }
    let read = |(leaf, text): (&NodeId, &str)| {
        let value = key_value(schema, path, *leaf, &decode(text, path)?);
        value.map_err(|fault| match node.is_list() {
            true => Violation { path: path.child(node.id).child(*leaf), ..fault },
            false => fault,
        })
    };
    leafs.iter().zip(texts).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::issuers;

    fn read(text: &str) -> Result<InstancePath, Violation> {
        InstancePath::parse_restconf(issuers(), text)
    }

    #[test]
    fn rfc8040_3_5_3_what_is_read_is_written_the_same() {
        for text in [
            "",
            "/test:top",
            "/test:top/issuer=a",
            "/test:top/issuer=a%2Cb/role=%C3%A9%2F%3A/name",
            "/test:top/issuer=",
        ] {
            assert_eq!(read(text).unwrap().to_restconf(issuers()), text);
        }
        assert_eq!(read("test:top/test:issuer=a/").unwrap().to_restconf(issuers()), "/test:top/issuer=a");
    }

    #[test]
    fn rfc8040_3_5_3_what_names_nothing_is_refused() {
        for (text, tag, part) in [
            ("/top", ErrorTag::UnknownElement, "must be qualified by its module: test:top"),
            ("/nosuch", ErrorTag::UnknownElement, "names no module"),
            ("/test:top/nosuch", ErrorTag::UnknownElement, "'nosuch' is unknown in 'top'"),
            ("/t:top", ErrorTag::UnknownElement, "not the name of a module"),
            ("/test:top/issuer=a,b", ErrorTag::InvalidValue, "is named by 1 value(s) (name)"),
            ("/test:top=a", ErrorTag::InvalidValue, "is no list with keys"),
            ("/test:top/issuer=%zz", ErrorTag::MalformedMessage, "hexadecimal"),
            ("/test:top//issuer=a", ErrorTag::UnknownElement, "unknown"),
        ] {
            let fault = read(text).unwrap_err();
            assert_eq!(fault.tag, tag, "{text}: {}", fault.message);
            assert!(fault.message.contains(part), "{text}: {}", fault.message);
        }
    }
}
