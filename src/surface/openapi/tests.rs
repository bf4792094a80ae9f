//! The description of the product's own model against what the dialect says of itself.

use std::collections::HashSet;

use serde_json::Value;

use super::*;
use crate::surface::restconf::route as restconf;
use crate::surface::v1::route::Resource;
use crate::yang::compile_product;

fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = |(path, item): (&'_ String, &'_ Value)| -> Vec<(String, String)> {
        let names = item.as_object().unwrap().keys().filter(|name| *name != "parameters");
        names.map(|method| (path.clone(), method.clone())).collect()
    };
    let all: Vec<(String, String)> = paths.iter().flat_map(methods).collect();
    all.iter()
        .map(|(path, method)| {
            let (path, item) = paths.get_key_value(path).unwrap();
            let (method, operation) = item.as_object().unwrap().get_key_value(method).unwrap();
            (path.as_str(), method.as_str(), operation)
        })
        .collect()
}

/// Holds the methods of every path below `root` against those that the dialect finds there; how many paths these were.
fn held(document: &Value, root: &str, allowed: impl Fn(&str) -> Option<&'static str>) -> usize {
    let paths = document["paths"].as_object().unwrap();
    let mut seen = 0;
    let placeholder = regex::Regex::new(r"\{[^}]*\}").unwrap();
    for (path, item) in paths.iter().filter(|(path, _)| path.starts_with(root)) {
        // Any key will do for a path whose keys are texts.
        let concrete = placeholder.replace_all(path, "1").into_owned();
        let Some(allowed) = allowed(&concrete) else { continue };
        let mut described: Vec<String> = item
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| *name != "parameters")
            .map(|name| name.to_uppercase())
            .collect();
        let mut there: Vec<String> = allowed.split(", ").map(str::to_owned).collect();
        there.retain(|method| method != "HEAD" && method != "OPTIONS");
        described.sort();
        there.sort();
        assert_eq!(described, there, "{path}");
        seen += 1;
    }
    seen
}

#[test]
fn every_path_has_the_methods_that_the_dialect_has_there() {
    let schema = compile_product().unwrap();
    let of_v1 = document(&schema, Dialect::V1, None);
    let seen = held(&of_v1, "/v1/", |path| Resource::find(&schema, path).ok().map(|found| found.allow()));
    assert!(seen > 500, "{seen}");
    let of_restconf = document(&schema, Dialect::Restconf, None);
    let seen = held(&of_restconf, "/restconf/", |path| {
        restconf::Resource::find(&schema, path).ok().map(|found| found.allow())
    });
    assert!(seen > 300, "{seen}");
}

#[test]
fn operation_ids_are_unique_and_references_lead_somewhere() {
    let schema = compile_product().unwrap();
    for dialect in Dialect::ALL {
        are_sound(&document(&schema, *dialect, None));
    }
}

fn are_sound(document: &Value) {
    let mut ids = HashSet::new();
    for (path, method, operation) in operations(document) {
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
    }
    fn references<'v>(value: &'v Value, found: &mut HashSet<&'v str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let mut found = HashSet::new();
    references(document, &mut found);
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[test]
fn a_description_of_one_module_has_its_paths_only() {
    let schema = compile_product().unwrap();
    let modules = ["strongbox-policy".to_owned()];
    let document = document(&schema, Dialect::V1, Some(&modules));
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.contains_key("/v1/config/policy/policies/{policies-name}"), "{:?}", paths.keys());
    assert!(!paths.keys().any(|path| path.contains("transit-keys")));
}
