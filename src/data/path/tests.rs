use super::*;
use crate::base::error::ErrorTag;
use crate::data::testing::{issuers, path};

#[test]
fn v1_paths_print_as_they_were_read() {
    let schema = issuers();
    for text in [
        "/",
        "/top",
        "/top/limits/max",
        "/top/issuer",
        "/top/issuer/a",
        "/top/issuer/a%2Cb%2Fc%20%25%C3%A9/role/r/max-ttl",
        "/top/issuer/a/rule/x,8080/text",
        "/top/issuer//role",
        "/top/issuer/a/audiences/https%3A%2F%2Fx",
        "/top/issuer/a/mint",
    ] {
        assert_eq!(path(schema, text).to_v1(schema), text);
    }
}

#[test]
fn rfc8040_3_5_3_keys_are_decoded_and_made_canonical() {
    let schema = issuers();
    let found = path(schema, "top/issuer/a+b/rule/%2C,+80");
    assert_eq!(found.steps[1].keys[..], [Value::string("a+b")], "a plus is a plus");
    assert_eq!(found.steps[2].keys[..], [Value::string(","), Value::Int(80)]);
    assert_eq!(found.to_v1(schema), "/top/issuer/a%2Bb/rule/%2C,80");
}

#[test]
fn every_bad_path_says_what_is_wrong() {
    let schema = issuers();
    let refused = |text: &str| InstancePath::parse_v1(schema, text).unwrap_err();
    let unknown = refused("top/issuer/a/rolle");
    assert_eq!(unknown.tag, ErrorTag::UnknownElement);
    assert_eq!(unknown.message, "'rolle' is unknown in 'issuer'; did you mean 'role'?");
    assert_eq!(unknown.v1_path(schema), "/top/issuer/a/rolle");
    let keys = refused("top/issuer/a/rule/x");
    assert_eq!(keys.tag, ErrorTag::BadElement);
    assert!(keys.message.contains("2 key value(s) (from, port)"), "{}", keys.message);
    assert_eq!(refused("top/issuer/a,b").tag, ErrorTag::BadElement);
    assert_eq!(refused("top/issuer/a/rule/x,y").tag, ErrorTag::InvalidValue);
    assert_eq!(refused("top/issuer/%zz").tag, ErrorTag::MalformedMessage);
    assert_eq!(refused("top/issuer/%ff").tag, ErrorTag::MalformedMessage);
    assert_eq!(refused("top//limits").tag, ErrorTag::UnknownElement);
    assert_eq!(refused("nosuch:top").tag, ErrorTag::UnknownElement);
    assert_eq!(refused("top/limits/max/deeper").tag, ErrorTag::UnknownElement);
}

#[test]
fn rfc7951_6_11_instance_identifiers_go_both_ways() {
    let schema = issuers();
    for text in [
        "/",
        "/test:top/limits/max",
        "/test:top/issuer[name='a']/role[name=\"it's\"]",
        "/test:top/issuer[name='a']/rule[from='x'][port='80']/text",
        "/test:top/issuer[name='a']/audiences[.='x]y']",
        "/test:top/issuer[name=concat('a',\"'\",'\"b')]",
    ] {
        let path = InstancePath::parse_instance_identifier(schema, text).unwrap();
        assert_eq!(path.to_instance_identifier(schema), text);
    }
    let loose = " /test:top/issuer[ test:name = 'a' ]/rule[port='+80'] [from='x'] ";
    let path = InstancePath::parse_instance_identifier(schema, loose).unwrap();
    assert_eq!(path.to_instance_identifier(schema), "/test:top/issuer[name='a']/rule[from='x'][port='80']");
}

#[test]
fn bad_instance_identifiers_name_the_column() {
    let schema = issuers();
    let refused = |text: &str| InstancePath::parse_instance_identifier(schema, text).unwrap_err();
    assert!(
        refused("/test:top/issuer[name=a]").message.contains("column 23"),
        "{}",
        refused("/test:top/issuer[name=a]")
    );
    assert_eq!(refused("/test:top/issuer[name='a'][name='b']").tag, ErrorTag::BadElement);
    assert_eq!(refused("/test:top/issuer[name='a']/rule[port='1']").tag, ErrorTag::BadElement);
    assert_eq!(refused("/test:top/issuer[issuer='a']").tag, ErrorTag::BadElement);
    assert_eq!(refused("/test:top/enabled[.='true']").tag, ErrorTag::BadElement);
    assert_eq!(refused("/test:top/issuer[name='a'").tag, ErrorTag::MalformedMessage);
    assert_eq!(refused("test:top").tag, ErrorTag::MalformedMessage);
    assert_eq!(refused("").tag, ErrorTag::MalformedMessage);
}

#[test]
fn a_list_is_above_its_entries() {
    let schema = issuers();
    let list = path(schema, "top/issuer");
    let entry = path(schema, "top/issuer/a");
    let leaf = path(schema, "top/issuer/a/issuer");
    assert!(leaf.starts_with(&entry) && leaf.starts_with(&list) && entry.starts_with(&list));
    assert!(entry.starts_with(&entry) && entry.starts_with(&InstancePath::root()));
    assert!(!list.starts_with(&entry) && !leaf.starts_with(&path(schema, "top/issuer/b")));
}
