use crate::data::document::{Format, Kind, ReadOptions, read, write};
use crate::data::read::WithDefaults;
use crate::yang::schema::Schema;
use crate::yang::testing::schema;

const METADATA: &str =
    "module ietf-yang-metadata { namespace 'urn:ietf:params:xml:ns:yang:ietf-yang-metadata'; prefix md;
    extension annotation { argument name; } }";
const NOTES: &str = "module notes { yang-version 1.1; namespace urn:n; prefix n; import ietf-yang-metadata { prefix md; }
    identity mark; identity red { base mark; }
    md:annotation weight { type uint8 { range 1..9; } } md:annotation colour { type identityref { base mark; } }
    md:annotation big { type uint64; } }";
const MODEL: &str = "container c { leaf a { type string; default d; } leaf b { type uint8; } leaf-list l { type string; default x; default y; }
    list k { key i; leaf i { type uint8; } leaf v { type string; } } anydata any; container in { leaf z { type string; } } }";

fn compiled() -> Schema {
    schema(&[METADATA, NOTES, MODEL])
}

/// The data as JSON on one line, or the faults as path and message.
fn outcome(format: Format, text: &str) -> Result<String, Vec<String>> {
    let schema = compiled();
    let reading = read(&schema, &ReadOptions::new(Kind::Config, format), text.as_bytes());
    if !reading.findings.is_empty() {
        let told = reading.findings.iter().map(|finding| &finding.violation);
        return Err(told
            .map(|found| format!("{} {}: {}", found.tag, found.instance_identifier(&schema), found.message))
            .collect());
    }
    let mut out = Vec::new();
    write(&schema, Kind::Config, &reading.tree.unwrap(), Format::Json, WithDefaults::Explicit, &mut out)
        .unwrap();
    let compact: serde_json::Value = serde_json::from_slice(&out).unwrap();
    Ok(compact.to_string())
}

fn json(inside: &str) -> Result<String, Vec<String>> {
    outcome(Format::Json, &format!("{{\"t:c\":{{{inside}}}}}"))
}

#[test]
fn rfc7952_5_2_metadata_of_every_kind_of_node() {
    for (inside, data) in [
        (r#""b":1,"@b":{"notes:weight":5,"notes:colour":"red"}"#, r#""b":1"#),
        (r#""@b":{"notes:weight":5,"notes:colour":"notes:red","notes:big":"7"},"b":1"#, r#""b":1"#),
        (r#""@":{"notes:weight":1},"b":1"#, r#""b":1"#),
        (r#""l":["p","q"],"@l":[null,{"notes:weight":1}]"#, r#""l":["p","q"]"#),
        (r#""l":["p","q"],"@t:l":[{"notes:weight":1}]"#, r#""l":["p","q"]"#),
        (r#""k":[{"i":1,"@":{"notes:weight":1},"@i":{"notes:weight":2}}]"#, r#""k":[{"i":1}]"#),
        (r#""any":{"x":1},"@any":{"notes:weight":1}"#, r#""any":{"x":1}"#),
    ] {
        assert_eq!(json(inside), Ok(format!("{{\"t:c\":{{{data}}}}}")), "{inside}");
    }
    assert!(outcome(Format::Yaml, "t:c:\n  b: 1\n  '@b':\n    notes:weight: 5\n    notes:big: 7\n").is_ok());
    let xml = "<c xmlns='urn:t' xmlns:n='urn:n' n:weight='2'><b n:colour='n:red' n:big='7'>1</b></c>";
    assert_eq!(outcome(Format::Xml, xml), Ok(r#"{"t:c":{"b":1}}"#.to_owned()));
}

#[test]
fn rfc7952_annotations_are_known_and_their_values_of_their_types() {
    let refused = |inside: &str| json(inside).unwrap_err().remove(0);
    for (inside, told) in [
        (r#""b":1,"@b":{"weight":5}"#, "unknown-attribute /t:c/b: the name of an annotation is qualified"),
        (
            r#""b":1,"@b":{"q:weight":5}"#,
            "unknown-attribute /t:c/b: the annotation 'weight' is of 'q', which is no module",
        ),
        (
            r#""b":1,"@b":{"notes:height":5}"#,
            "unknown-attribute /t:c/b: the module 'notes' defines no annotation 'height'; it has weight",
        ),
        (r#""b":1,"@b":{"notes:weight":50}"#, "bad-attribute /t:c/b: notes:weight: 50 is outside 1..9"),
        (
            r#""b":1,"@b":{"notes:big":50}"#,
            "bad-attribute /t:c/b: notes:big: 50 is not a whole number in the form of a string",
        ),
        (
            r#""b":1,"@b":{"notes:weight":{}}"#,
            "bad-attribute /t:c/b: the annotation 'notes:weight' has a single value",
        ),
        (r#""b":1,"@b":5"#, "bad-element /t:c/b: metadata is an object of annotations, not 5"),
        (r#""@b":{"notes:weight":5}"#, "bad-element /t:c/b: there is metadata of 'b', which is not there"),
        (r#""@nosuch":{"notes:weight":5}"#, "unknown-element /t:c/nosuch: "),
        (r#""l":["p"],"@l":[null,{"notes:weight":1}]"#, "bad-element /t:c/l: there is metadata of 2 entries"),
        (r#""l":["p"],"@l":{"notes:weight":1}"#, "bad-element /t:c/l: l: found null, needs an array"),
        (r#""in":{"z":"z"},"@in":{"notes:weight":1}"#, "bad-element /t:c/in: metadata of 'in' stands in it"),
        (r#""b":1,"@b":{"notes:weight":5},"@b":{}"#, "invalid-value /t:c: '@b' is given twice"),
    ] {
        let found = refused(inside);
        assert!(found.starts_with(told), "{inside}: {found}");
    }
    let xml = |attribute: &str| {
        outcome(Format::Xml, &format!("<c xmlns='urn:t' xmlns:n='urn:n'><b {attribute}>1</b></c>"))
            .unwrap_err()
    };
    assert!(xml("n:weight='50'")[0].starts_with("bad-attribute /t:c/b: notes:weight: '50' is outside 1..9"));
    assert!(
        xml("n:height='5'")[0]
            .starts_with("unknown-attribute /t:c/b: the module 'notes' defines no annotation")
    );
}

#[test]
fn rfc6243_6_what_is_tagged_as_a_default_is_as_if_it_were_left_out() {
    let tag = r#"{"ietf-netconf-with-defaults:default":true}"#;
    assert_eq!(json(&format!(r#""a":"d","@a":{tag},"b":1"#)), Ok(r#"{"t:c":{"b":1}}"#.to_owned()));
    assert_eq!(
        json(&format!(r#""l":["x","y"],"@l":[{tag},{tag}],"b":1"#)),
        Ok(r#"{"t:c":{"b":1}}"#.to_owned())
    );
    let wrong = json(&format!(r#""a":"e","@a":{tag}"#)).unwrap_err();
    assert_eq!(wrong, ["invalid-value /t:c/a: a is tagged as a default and has another value"]);
    assert!(json(r#""k":[{"i":1,"@i":{"ietf-netconf-with-defaults:default":true}}]"#).is_err());
    assert!(json(r#""a":"d","@a":{"ietf-netconf-with-defaults:default":"true"}"#).is_err());
}

#[test]
fn what_is_written_with_tags_is_read_as_it_was() {
    let schema = compiled();
    let options = ReadOptions::new(Kind::Config, Format::Json);
    let tree = read(&schema, &options, br#"{"t:c":{"b":1,"k":[{"i":1}]}}"#).tree.unwrap();
    for format in [Format::Json, Format::Yaml, Format::Xml] {
        let mut out = Vec::new();
        write(&schema, Kind::Config, &tree, format, WithDefaults::ReportAllTagged, &mut out).unwrap();
        let reading = read(&schema, &ReadOptions::new(Kind::Config, format), &out);
        assert_eq!(
            reading.tree.as_ref(),
            Some(&tree),
            "{}{:?}",
            String::from_utf8_lossy(&out),
            reading.findings
        );
    }
}
