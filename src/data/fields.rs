//! The `fields` parameter: which descendants of a node to show. RFC 8040's `a(b;c);d` and the shorter `a/[b,c],d` are one
//! grammar here and can be mixed:
//!
//! ```text
//! fields = item *( ("," / ";") item )
//! item   = name *( "/" name ) [ "(" fields ")" / ["/"] "[" fields "]" ]
//! ```

use super::path::{InstancePath, unknown_message};
use super::violation::{Violation, shorten};
use crate::base::error::ErrorTag;
use crate::yang::schema::{ChildError, NodeId, Schema};

/// Longer texts are refused.
const LONGEST: usize = 16 * 1024;

/// Deeper nesting is refused.
const DEEPEST: usize = 64;

/// The wanted children of a node, each with its own wanted children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldTree {
    /// Sorted by node id. Empty: everything.
    children: Vec<(NodeId, FieldTree)>,
}

impl FieldTree {
    /// What is wanted below a child: `None` when the child is not wanted, `Some(None)` when all of it is.
    pub fn child(&self, node: NodeId) -> Option<Option<&FieldTree>> {
        let at = self.children.binary_search_by_key(&node, |(id, _)| *id).ok()?;
        let (_, below) = self.children.get(at)?;
        Some((!below.children.is_empty()).then_some(below))
    }

    /// Adds a wanted path; what is wanted as a whole stays so.
    fn add(&mut self, path: &[NodeId]) {
        let Some((first, rest)) = path.split_first() else {
            self.children.clear();
            return;
        };
        match self.children.binary_search_by_key(first, |(id, _)| *id) {
            Ok(at) => {
                if let Some((_, below)) = self.children.get_mut(at)
                    && !below.children.is_empty()
                {
                    below.add(rest);
                }
            }
            Err(at) => {
                let mut below = FieldTree::default();
                if !rest.is_empty() {
                    below.add(rest);
                }
                self.children.insert(at, (*first, below));
            }
        }
    }
}

/// Reads a `fields` parameter for a node. A name may be written `module:name`; without a module, that of the node above it is
/// meant where it has such a child.
///
/// # Errors
/// `bad-attribute` with the column for bad syntax; `unknown-element` for every name that the model does not have there.
pub fn parse_fields(schema: &Schema, node: NodeId, text: &str) -> Result<FieldTree, Vec<Violation>> {
    if text.len() > LONGEST {
        return Err(vec![bad(format!("fields has {} bytes; at most {LONGEST} are read", text.len()))]);
    }
    let mut parser = Parser {
        schema,
        text,
        at: 0,
        depth: 0,
        trail: Vec::new(),
        tree: FieldTree::default(),
        unknown: Vec::new(),
    };
    let read = parser.items(Some(node)).and_then(|()| match parser.peek() {
        None => Ok(()),
        Some(_) => Err(parser.unexpected("',' or ';'")),
    });
    match read {
        Err(violation) => Err(vec![violation]),
        Ok(()) if !parser.unknown.is_empty() => Err(parser.unknown),
        Ok(()) => Ok(parser.tree),
    }
}

fn bad(message: String) -> Violation {
    Violation::new(ErrorTag::BadAttribute, InstancePath::root(), message).info("bad-attribute", "fields")
}

struct Parser<'a> {
    schema: &'a Schema,
    text: &'a str,
    at: usize,
    depth: usize,
    /// The nodes above the item that is read.
    trail: Vec<NodeId>,
    tree: FieldTree,
    unknown: Vec<Violation>,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, letter: char) -> bool {
        let there = self.peek() == Some(letter);
        if there {
            self.at += letter.len_utf8();
        }
        there
    }

    fn unexpected(&self, wanted: &str) -> Violation {
        let column = self.text.get(..self.at).unwrap_or_default().chars().count() + 1;
        let found = match self.rest() {
            "" => "its end".to_owned(),
            rest => format!("'{}'", shorten(rest)),
        };
        bad(format!("fields needs {wanted} at column {column}, where it has {found}"))
            .info("column", column.to_string())
    }

    /// One or more items below `parent`; `None` below a name that is not known.
    fn items(&mut self, parent: Option<NodeId>) -> Result<(), Violation> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(bad(format!("fields is nested deeper than {DEEPEST} levels")));
        }
        loop {
            self.item(parent)?;
            if !self.take(',') && !self.take(';') {
                self.depth -= 1;
                return Ok(());
            }
        }
    }

    fn item(&mut self, parent: Option<NodeId>) -> Result<(), Violation> {
        let above = self.trail.len();
        let mut at = parent;
        loop {
            if self.take('[') {
                self.group(at, ']')?;
                break;
            }
            at = self.name(at)?;
            self.trail.extend(at);
            if self.take('(') {
                self.group(at, ')')?;
                break;
            }
            if self.take('[') {
                self.group(at, ']')?;
                break;
            }
            if !self.take('/') {
                if at.is_some() {
                    let trail = std::mem::take(&mut self.trail);
                    self.tree.add(&trail);
                    self.trail = trail;
                }
                break;
            }
        }
        self.trail.truncate(above);
        Ok(())
    }

    fn group(&mut self, parent: Option<NodeId>, close: char) -> Result<(), Violation> {
        self.items(parent)?;
        if self.take(close) { Ok(()) } else { Err(self.unexpected(&format!("',', ';' or '{close}'"))) }
    }

    fn name(&mut self, parent: Option<NodeId>) -> Result<Option<NodeId>, Violation> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')))
            .unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        if name.is_empty() {
            return Err(self.unexpected("a name"));
        }
        self.at += end;
        let Some(parent) = parent else { return Ok(None) };
        let (module, bare) = match name.split_once(':') {
            Some((module, bare)) => (Some(self.schema.module_by_name(module)), bare),
            None => (None, name),
        };
        let found = match module {
            Some(None) => Err(ChildError::Unknown),
            Some(module) => self.schema.child(parent, module, bare),
            None => self.schema.child_meant(parent, bare),
        };
        match found {
            Ok(id) if self.schema.node(id).is_data() => Ok(Some(id)),
            Err(ChildError::Ambiguous(_)) => {
                let message = format!("fields: several modules define '{bare}'; write module:{bare}");
                self.unknown.push(Violation::unknown(InstancePath::root(), name, message));
                Ok(None)
            }
            _ => {
                let message = format!("fields: {}", unknown_message(self.schema, parent, bare));
                self.unknown.push(Violation::unknown(InstancePath::root(), name, message));
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::issuers;

    fn parsed(text: &str) -> Result<FieldTree, Vec<Violation>> {
        let schema = issuers();
        parse_fields(schema, schema.find("/top/issuer").unwrap(), text)
    }

    /// The tree in one of the grammars, in schema order.
    fn printed(tree: &FieldTree) -> String {
        let children: Vec<String> = tree
            .children
            .iter()
            .map(|(id, below)| {
                let name = &issuers().node(*id).name;
                if below.children.is_empty() {
                    name.to_string()
                } else {
                    format!("{name}({})", printed(below))
                }
            })
            .collect();
        children.join(";")
    }

    #[test]
    fn rfc8040_4_8_3_both_grammars_are_one() {
        for text in [
            "name;role(name;target(to;sites))",
            "name,role/[name,target/[to,sites]]",
            "name,role[name,target(to,sites)]",
            "role/name,role/target/to,name,role/target/sites",
            "test:name;role/[name;target(test:to,sites)]",
            "[name,role(name;target/to;target/sites)]",
        ] {
            let tree = parsed(text).unwrap();
            assert_eq!(printed(&tree), "name;role(name;target(to;sites))", "{text}");
        }
    }

    #[test]
    fn what_is_wanted_as_a_whole_stays_so() {
        assert_eq!(printed(&parsed("role,role/name").unwrap()), "role");
        assert_eq!(printed(&parsed("role/name").unwrap()), "role(name)");
    }

    #[test]
    fn faults_name_the_column_or_the_names() {
        let syntax = |text: &str| parsed(text).unwrap_err()[0].message.clone();
        assert_eq!(syntax("name,"), "fields needs a name at column 6, where it has its end");
        assert_eq!(syntax("role(name"), "fields needs ',', ';' or ')' at column 10, where it has its end");
        assert_eq!(syntax("role(name]"), "fields needs ',', ';' or ')' at column 10, where it has ']'");
        assert_eq!(syntax("name)"), "fields needs ',' or ';' at column 5, where it has ')'");
        assert!(syntax(&"role(".repeat(100)).contains("nested deeper"));
        let unknown = parsed("nmae,role(nosuch;name),mint").unwrap_err();
        assert_eq!(unknown.len(), 3);
        assert_eq!(unknown[0].message, "fields: 'nmae' is unknown in 'issuer'; did you mean 'name'?");
    }
}
