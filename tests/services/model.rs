//! Tables and little languages that stand both in code and in the model: that the two say the same.

use proptest::prelude::*;
use strongbox::services::jose::{Algorithm, Cipher};
use strongbox::services::jwt_issuer::rules::REGISTERED;
use strongbox::services::jwt_issuer::template::Template;
use strongbox::yang::product::compile_product;
use strongbox::yang::schema::Schema;
use strongbox::yang::schema::types::{ParseContext, Raw, Strictness, TypeKind};

const ROLES: &str = "/strongbox/jwt-issuers/roles";

fn enumeration(schema: &Schema, path: &str) -> Vec<String> {
    match &schema.node(schema.find(path).unwrap()).ty().unwrap().kind {
        TypeKind::Enumeration { names } => names.iter().map(|name| name.name.to_string()).collect(),
        other => panic!("{path} is {other:?}"),
    }
}

fn accepts(schema: &Schema, path: &str, text: &str) -> bool {
    let node = schema.node(schema.find(path).unwrap());
    let context = ParseContext { schema, module: node.module, strictness: Strictness::Text, prefixes: None };
    node.ty().unwrap().parse(Raw::Text(text), context).is_ok()
}

#[test]
fn ciphers_and_algorithms_are_those_of_the_model() {
    let schema = compile_product().unwrap();
    let ciphers: Vec<String> = Cipher::all().map(|cipher| cipher.to_string()).collect();
    let mut modelled = enumeration(&schema, "/strongbox/transit-keys/cipher");
    assert_eq!(modelled.len(), ciphers.len());
    modelled.retain(|name| !ciphers.contains(name));
    assert!(modelled.is_empty(), "{modelled:?}");
    let algorithms: Vec<String> = Algorithm::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(enumeration(&schema, &format!("{ROLES}/algorithm")), algorithms);
}

#[test]
fn registered_claims_are_refused_by_the_model_too() {
    let schema = compile_product().unwrap();
    for leaf in ["fixed-claims/name", "allowed-claims/name"] {
        let path = format!("{ROLES}/{leaf}");
        for name in REGISTERED {
            assert!(!accepts(&schema, &path, name), "{name}");
        }
        for name in ["issuer", "is", "https://example.com/iss", "ISS", "sub ", "a b"] {
            assert!(accepts(&schema, &path, name), "{name}");
        }
    }
}

#[test]
fn what_the_model_takes_for_a_template_is_what_compiles_as_one() {
    let schema = compile_product().unwrap();
    let path = format!("{ROLES}/subject-template");
    let text = "([a$}{]|\\$\\{SYS_(TENANT|USERNAME|SITE|NAME)\\}|SYS_SITE){1,6}";
    proptest!(ProptestConfig::with_cases(512), |(text in text)| {
        prop_assert_eq!(accepts(&schema, &path, &text), Template::parse(&text).is_ok(), "{}", text);
    });
}
