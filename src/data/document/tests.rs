use super::*;
use crate::yang::testing::schema;

const MODEL: &str = "
    container c {
        list l { key name; leaf name { type string; } leaf n { type uint8 { range 1..9; } } leaf s { config false; mandatory true; type string; }
            must 'not(n) or n > 2' { error-message 'too small'; error-app-tag small; }
            action reset { input { leaf ttl { type uint8; mandatory true; } } output { leaf done { type boolean; mandatory true; } } }
            notification changed { leaf n { type leafref { path '../../n'; } } } }
    }
    rpc ping { input { leaf host { type string; mandatory true; } } }
    notification up { leaf since { type uint64; mandatory true; } }";

fn found(kind: Kind, format: Format, text: &str) -> Vec<String> {
    let schema = schema(&[MODEL]);
    let reading = read(&schema, &ReadOptions::new(kind, format), text.as_bytes());
    let told = |finding: &Finding| {
        let place = finding.place.map_or("?".to_owned(), |place| format!("{}:{}", place.line, place.column));
        let violation = &finding.violation;
        format!("{place} {} {}", violation.instance_identifier(&schema), violation.tag)
    };
    reading.findings.iter().map(told).collect()
}

fn json(kind: Kind, text: &str) -> Vec<String> {
    found(kind, Format::Json, text)
}

#[test]
fn decoding_and_validation_alike_tell_line_and_column() {
    let text = "{\n  \"t:c\": {\n    \"l\": [\n      {\"name\": \"a\", \"n\": 1},\n      {\"n\": 10, \"name\": \"b\", \"x\": 1}\n]}}";
    assert_eq!(
        json(Kind::Config, text),
        ["5:8 /t:c/l[name='b']/n invalid-value", "5:30 /t:c/l[name='b']/x unknown-element"]
    );
    assert_eq!(
        json(Kind::Config, &text.replace("10", "5").replace(", \"x\": 1", "")),
        ["4:7 /t:c/l[name='a'] operation-failed"]
    );
    let yaml = "t:c:\n  l:\n  - name: a\n    n: 1\n";
    assert_eq!(found(Kind::Config, Format::Yaml, yaml), ["3:5 /t:c/l[name='a'] operation-failed"]);
    assert_eq!(json(Kind::Config, "{\n \"t:c\": {,}}"), ["2:10 /t:c malformed-message"]);
}

#[test]
fn state_belongs_to_data_and_not_to_configuration() {
    let with = r#"{"t:c":{"l":[{"name":"a","s":"x"}]}}"#;
    assert_eq!(json(Kind::Config, with), ["1:26 /t:c/l[name='a']/s bad-element"]);
    assert!(json(Kind::Data, with).is_empty());
    let without = r#"{"t:c":{"l":[{"name":"a"}]}}"#;
    assert!(json(Kind::Config, without).is_empty());
    assert_eq!(json(Kind::Data, without), ["1:14 /t:c/l[name='a']/s missing-element"]);
}

#[test]
fn rfc7950_7_14_and_7_15_operations_are_named_by_the_nodes_around_them() {
    assert!(json(Kind::Rpc, r#"{"t:ping":{"host":"h"}}"#).is_empty());
    assert_eq!(json(Kind::Rpc, r#"{"t:ping":{}}"#), ["1:2 /t:ping/host missing-element"]);
    assert_eq!(json(Kind::Rpc, "{}"), ["1:1 / missing-element"]);
    assert_eq!(json(Kind::Data, r#"{"t:ping":{}}"#), ["1:2 /t:ping unknown-element"]);
    let action = r#"{"t:c":{"l":[{"name":"a","reset":{"ttl":5}}]}}"#;
    assert!(json(Kind::Rpc, action).is_empty());
    assert_eq!(json(Kind::Reply, action), ["1:35 /t:c/l[name='a']/reset/ttl unknown-element"]);
    assert!(json(Kind::Reply, r#"{"t:c":{"l":[{"name":"a","reset":{"done":true}}]}}"#).is_empty());
    assert_eq!(
        json(
            Kind::Rpc,
            r#"{"t:c":{"l":[{"name":"a","n":3,"reset":{"ttl":5}},{"name":"b"}]},"t:ping":{"host":"h"}}"#
        ),
        [
            "1:26 /t:c/l[name='a']/n bad-element",
            "1:51 /t:c/l[name='b'] bad-element",
            "1:66 /t:ping bad-element"
        ]
    );
}

#[test]
fn rfc7950_7_16_notifications_may_refer_to_the_datastore() {
    assert!(json(Kind::Notification, r#"{"t:up":{"since":"5"}}"#).is_empty());
    assert_eq!(json(Kind::Notification, r#"{"t:up":{}}"#), ["1:2 /t:up/since missing-element"]);
    let bound = r#"{"t:c":{"l":[{"name":"a","changed":{"n":5}}]}}"#;
    assert_eq!(json(Kind::Notification, bound), ["1:37 /t:c/l[name='a']/changed/n data-missing"]);
    let schema = schema(&[MODEL]);
    let datastore = |text: &str| {
        let reading = read(&schema, &ReadOptions::new(Kind::Config, Format::Json), text.as_bytes());
        let tree = reading.tree.unwrap();
        let options =
            ReadOptions { datastore: Some(&tree), ..ReadOptions::new(Kind::Notification, Format::Json) };
        let findings = read(&schema, &options, bound.as_bytes()).findings;
        findings.iter().map(|finding| finding.violation.tag).collect::<Vec<_>>()
    };
    assert_eq!(datastore(r#"{"t:c":{"l":[{"name":"a","n":5}]}}"#), []);
    assert_eq!(
        datastore(r#"{"t:c":{"l":[{"name":"b","n":5}]}}"#),
        [crate::base::error::ErrorTag::DataMissing]
    );
}
