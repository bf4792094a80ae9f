//! The access matrix: who may do what to which node of the model, as one file that shows every change of it in review.
//!
//! `UPDATE=1 cargo test access::matrix` writes the file anew.

use std::fmt::Write as _;
use std::fs;

use strongbox::access::authorize::check::check_path;
use strongbox::access::authorize::{NameIndex, Policy, PolicyBook, PolicyOperation};
use strongbox::base::ident::Ident;
use strongbox::data::path::PathStep;
use strongbox::yang::schema::{NodeId, NodeKind, Value as Leaf};

use super::*;

/// The people of the matrix: a name and the policies that they carry.
const PEOPLE: &[(&str, &[&str])] = &[
    ("root", &["root"]),
    ("nobody", &["default"]),
    ("admin", &["admin", "default"]),
    ("minter", &["minter", "default"]),
];

const POLICIES: &str = include_str!("policies.json");

/// Every resource of configuration and every operation, with `x` for each key.
fn resources(schema: &Schema) -> Vec<InstancePath> {
    let mut found = Vec::new();
    let mut open = vec![InstancePath::root()];
    while let Some(at) = open.pop() {
        for child in schema.children(at.target()).iter().rev() {
            let node = schema.node(*child);
            let keys = node.keys().iter().map(|_| Leaf::string("x")).collect();
            let inner = InstancePath {
                steps: at.steps.iter().cloned().chain([PathStep { node: *child, keys }]).collect(),
            };
            let is_resource = matches!(node.kind, NodeKind::Container { .. } | NodeKind::List { .. });
            if node.is_operation() || is_resource {
                found.push(inner.clone());
            }
            if is_resource {
                open.push(inner);
            }
        }
    }
    found.sort_by_key(|path| path.to_v1(schema));
    found
}

/// The operations that mean something on a node, as letters: create, read, update, delete, execute.
fn asked(schema: &Schema, node: NodeId) -> &'static [PolicyOperation] {
    use PolicyOperation::{Create, Delete, Execute, Read, Update};
    match schema.node(node) {
        node if node.is_operation() => &[Execute],
        node if !node.config => &[Read],
        _ => &[Create, Read, Update, Delete],
    }
}

#[test]
fn the_matrix_is_as_it_was_reviewed() {
    let schema = compile_product().unwrap();
    let policies: Vec<Policy> = serde_json::from_str(POLICIES).unwrap();
    for rule in policies.iter().flat_map(|policy| &policy.rest_api.rules) {
        check_path(&schema, &rule.path).unwrap();
    }
    let book = PolicyBook::new(&policies, &NameIndex::new(&schema));
    let mut matrix = String::from("Who may create, read, update, delete and execute (c r u d e) what.\n\n");
    let _ = write!(matrix, "{:<62}", "");
    for (person, _) in PEOPLE {
        let _ = write!(matrix, " {person:<6}");
    }
    matrix.push('\n');
    for path in resources(&schema) {
        let _ = write!(matrix, "{:<62}", path.to_v1(&schema));
        for (_, carried) in PEOPLE {
            let names: Vec<Ident> = carried.iter().map(|name| Ident::from(*name)).collect();
            let authority = book.authority(&names);
            let public = schema.node(path.target()).extensions.public;
            let letters: String = asked(&schema, path.target())
                .iter()
                .map(|operation| match public || authority.may(*operation, &path).allowed {
                    true => &operation.as_str()[..1],
                    false => "-",
                })
                .collect();
            let _ = write!(matrix, " {letters:<6}");
        }
        matrix.truncate(matrix.trim_end().len());
        matrix.push('\n');
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/access/matrix.out");
    if crate::support::updates() {
        fs::write(&file, &matrix).unwrap();
    }
    // A node that is new in the model is a line that the file does not have.
    let reviewed = fs::read_to_string(&file).unwrap_or_default();
    for (line, (now, then)) in matrix.lines().zip(reviewed.lines()).enumerate() {
        assert_eq!(now, then, "line {} of tests/access/matrix.out", line + 1);
    }
    assert_eq!(
        matrix.lines().count(),
        reviewed.lines().count(),
        "tests/access/matrix.out lacks nodes of the model"
    );
}
