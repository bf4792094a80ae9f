//! Arguments that name nodes: schema node identifiers, `key`, `unique` and the `path` of a leafref.

use super::super::parse::shorten;
use super::super::xpath::{Ast, Axis, Comparison, LocationPath, NodeTest, Step, parse_xpath};
use super::{ArgumentError, is_reference};
use crate::base::hashed::HashSet;

/// Where a schema node identifier starts (RFC 7950 section 6.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// `/a/b`
    Root,
    /// `a/b`
    Below,
}

/// Checks a schema node identifier.
pub(super) fn schema_node(text: &str, start: Start) -> Result<(), ArgumentError> {
    let note = "names of schema nodes, with prefixes for those of other modules and '/' between them";
    let absolute = text.starts_with('/');
    if absolute && start == Start::Below {
        let message = format!("'{}' must not start with '/'", shorten(text));
        return Err(ArgumentError::new(
            "Y0119",
            message,
            "the path starts below the parent of this statement",
        )
        .at(0));
    }
    if !absolute && start == Start::Root {
        let message = format!("'{}' must start with '/'", shorten(text));
        return Err(ArgumentError::new(
            "Y0119",
            message,
            "the path starts at the root, as in /p:system/p:name",
        )
        .at(0));
    }
    let mut offset = usize::from(absolute);
    for name in text.get(offset..).unwrap_or_default().split('/') {
        if !is_reference(name) {
            let found = if name.is_empty() { "nothing".to_owned() } else { format!("'{}'", shorten(name)) };
            return Err(ArgumentError::new(
                "Y0119",
                format!("expected the name of a node, found {found}"),
                note,
            )
            .at(offset));
        }
        offset += name.len() + 1;
    }
    Ok(())
}

/// Checks the names of key leafs (section 7.8.2).
pub(super) fn key(text: &str) -> Result<(), ArgumentError> {
    let note = "a key is the names of leafs of the list with blanks between them";
    let mut seen: HashSet<&str> = HashSet::default();
    for name in text.split_ascii_whitespace() {
        let offset = name.as_ptr().addr() - text.as_ptr().addr();
        if !is_reference(name) {
            return Err(ArgumentError::new(
                "Y0121",
                format!("'{}' is not the name of a leaf", shorten(name)),
                note,
            )
            .at(offset));
        }
        if !seen.insert(name) {
            return Err(
                ArgumentError::new("Y0121", format!("'{name}' is named twice in the key"), note).at(offset)
            );
        }
    }
    if seen.is_empty() {
        return Err(ArgumentError::new("Y0121", "the key names no leaf", note));
    }
    Ok(())
}

/// Checks the paths of `unique` (section 7.8.3).
pub(super) fn unique(text: &str) -> Result<(), ArgumentError> {
    let mut seen: HashSet<&str> = HashSet::default();
    for path in text.split_ascii_whitespace() {
        let offset = path.as_ptr().addr() - text.as_ptr().addr();
        schema_node(path, Start::Below).map_err(|error| {
            let inside = error.offset.unwrap_or_default();
            error.at(offset + inside)
        })?;
        if !seen.insert(path) {
            let note = "each leaf is named once";
            return Err(
                ArgumentError::new("Y0121", format!("'{}' is named twice", shorten(path)), note).at(offset)
            );
        }
    }
    if seen.is_empty() {
        let note = "unique takes paths of leafs below the list, with blanks between them";
        return Err(ArgumentError::new("Y0121", "unique names no leaf", note));
    }
    Ok(())
}

/// Checks the path of a leafref against `path-arg` of section 14: names and `..`, and predicates that compare a key with
/// `current()/../..`. A path that starts with `deref()` is let through as well: it is widely used and means one thing.
pub(super) fn leafref(text: &str) -> Result<(), ArgumentError> {
    let ast = parse_xpath(text).map_err(|error| {
        ArgumentError::new("Y0122", format!("not a path: {}", error.message), "").at(error.offset)
    })?;
    match &ast {
        Ast::Path(path) => {
            if !path.absolute && path.steps.first().is_none_or(|first| first.axis != Axis::Parent) {
                let note = "a leafref points to '/names/from/the/root' or to '../names/from/here'";
                let offset = path.steps.first().map_or(0, |first| first.offset);
                return Err(
                    ArgumentError::new("Y0122", "the path starts with neither '/' nor '..'", note).at(offset)
                );
            }
            path_steps(path)
        }
        Ast::Filter { primary, predicates, steps } if predicates.is_empty() => match &**primary {
            Ast::Call { name, arguments } if &*name.local == "deref" && name.prefix.is_none() => {
                match arguments.as_slice() {
                    [Ast::Path(inner)] => {
                        path_steps(inner)?;
                        path_steps(&LocationPath { absolute: false, steps: steps.clone() })
                    }
                    _ => Err(not_a_path(name.offset)),
                }
            }
            _ => Err(not_a_path(0)),
        },
        _ => Err(not_a_path(0)),
    }
}

fn not_a_path(offset: usize) -> ArgumentError {
    let note =
        "the path of a leafref is made of names, '..' and predicates like [name = current()/../interface]";
    ArgumentError::new("Y0122", "this is an expression, not the path of a leafref", note).at(offset)
}

/// `..` first, then names, with predicates behind names only; the last step is a name.
fn path_steps(path: &LocationPath) -> Result<(), ArgumentError> {
    let mut names = 0;
    for step in &path.steps {
        match (&step.test, step.axis) {
            (NodeTest::Name(_), Axis::Child) => names += 1,
            (NodeTest::Node, Axis::Parent) if names == 0 && !path.absolute => {}
            (NodeTest::Node, Axis::Parent) => {
                let note = "'..' may stand at the start of a relative path only";
                return Err(ArgumentError::new("Y0122", "'..' behind a name in the path of a leafref", note)
                    .at(step.offset));
            }
            _ => return Err(not_a_path(step.offset)),
        }
        for condition in &step.predicates {
            predicate(condition, step)?;
        }
    }
    if names == 0 {
        let note = "the path must end with the name of a leaf or leaf-list";
        let offset = path.steps.last().map_or(0, |last| last.offset);
        return Err(ArgumentError::new("Y0122", "the path names no leaf", note).at(offset));
    }
    Ok(())
}

fn predicate(condition: &Ast, step: &Step) -> Result<(), ArgumentError> {
    let wrong = || {
        let note = "a predicate compares a key leaf with a leaf from here: [name = current()/../interface]";
        Err(ArgumentError::new("Y0122", "this predicate is not allowed in the path of a leafref", note)
            .at(step.offset))
    };
    let Ast::Compare(Comparison::Equal, left, right) = condition else { return wrong() };
    let (Ast::Path(left), Ast::Filter { primary, predicates, steps }) = (&**left, &**right) else {
        return wrong();
    };
    let names_one_key = !left.absolute
        && matches!(left.steps.as_slice(), [Step { axis: Axis::Child, test: NodeTest::Name(_), predicates, .. }] if predicates.is_empty());
    let from_current = matches!(&**primary, Ast::Call { name, arguments }
        if &*name.local == "current" && name.prefix.is_none() && arguments.is_empty());
    let plain_steps = steps.iter().all(|step| step.predicates.is_empty());
    let starts_upwards = steps.first().is_some_and(|first| first.axis == Axis::Parent);
    if !names_one_key || !from_current || !predicates.is_empty() || !plain_steps || !starts_upwards {
        return wrong();
    }
    path_steps(&LocationPath { absolute: false, steps: steps.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7950_9_9_2_paths_of_leafrefs() {
        for text in [
            "/a/b:c",
            "../x",
            "../../p:a/p:b",
            "/a/b[k = current()/../k]/c",
            "../a[k=current()/../../b/k][l = current()/../l]/c",
            "deref(../a)/../b",
        ] {
            assert_eq!(leafref(text), Ok(()), "{text}");
        }
        for text in [
            "a/b",
            "/",
            "..",
            "../..",
            "/a/../b",
            "/a//b",
            "//b",
            "/*",
            "/a[1]/b",
            "/a[k='x']/b",
            "a | b",
            "1",
            "current()/../a",
            "/a[k=current()/x]/b",
            "/a[k=current()]/b",
            "/a[k != current()/../k]/b",
            "../text()",
            "./a",
            "",
            "/a/",
            "/a[k = ../k]/b",
        ] {
            assert_eq!(leafref(text).map_err(|error| error.code), Err("Y0122"), "{text}");
        }
    }

    #[test]
    fn rfc7950_6_5_schema_node_identifiers() {
        assert_eq!(schema_node("/a:b/c", Start::Root), Ok(()));
        assert_eq!(schema_node("b/c", Start::Below), Ok(()));
        for (text, start, offset) in [
            ("b/c", Start::Root, 0),
            ("/b", Start::Below, 0),
            ("/b/", Start::Root, 3),
            ("/", Start::Root, 1),
            ("/a/../b", Start::Root, 3),
            ("", Start::Below, 0),
        ] {
            assert_eq!(schema_node(text, start).unwrap_err().offset, Some(offset), "{text}");
        }
    }

    #[test]
    fn rfc7950_7_8_2_keys_and_unique() {
        assert_eq!(key("a b\n c"), Ok(()));
        assert_eq!(key("a a").unwrap_err().offset, Some(2));
        assert!(key(" ").is_err() && key("a,b").is_err());
        assert_eq!(unique("a/b c"), Ok(()));
        assert_eq!(unique("a /b").unwrap_err().offset, Some(2));
        assert!(unique("a/b a/b").is_err());
    }
}
