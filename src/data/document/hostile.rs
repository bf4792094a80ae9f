//! Texts that nobody means well with: random and damaged ones, and those made to keep a reader busy. Reading them ends,
//! soon, and never in a panic.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Format, Kind, ReadOptions, Reading, read};
use crate::yang::schema::Schema;
use crate::yang::testing::schema;

const MODEL: &str = "
    container c { leaf s { type string; } leaf n { type uint8; } leaf-list x { type string; } anydata any;
        list l { key k; leaf k { type string; } leaf v { type union { type uint8; type instance-identifier { require-instance false; } } } } }
    rpc go { input { leaf n { type uint8; } } } notification up { leaf z { type string; } }";

const FORMATS: [Format; 3] = [Format::Json, Format::Yaml, Format::Xml];
const KINDS: [Kind; 5] = [Kind::Config, Kind::Data, Kind::Rpc, Kind::Reply, Kind::Notification];

const SEEDS: [&str; 4] = [
    r#"{"t:c":{"s":"\u00e9","n":5,"@n":{"x:y":[null]},"x":["a","b"],"any":{"a":[1,{"b":null}]},"l":[{"k":"1","v":"/t:c/l[k='1']"}]}}"#,
    "t:c:\n  s: |\n    text\n  n: 5\n  x: &x [a, 'b']\n  l:\n  - k: \"1\"\n    v: 5\n  any: {a: *x}\n",
    "<?xml version='1.0'?><data xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'><c xmlns='urn:t'><s>a&lt;<![CDATA[b]]></s><n>5</n><!-- c --><l><k>1</k><v xmlns:q='urn:t'>/q:c/q:l[q:k='1']</v></l><any><a>1</a></any></c></data>",
    r#"{"ietf-restconf:notification":{"eventTime":"x","t:up":{"z":"a"}}}"#,
];

fn compiled() -> &'static Schema {
    static SCHEMA: std::sync::LazyLock<Schema> = std::sync::LazyLock::new(|| schema(&[MODEL]));
    &SCHEMA
}

fn reading(kind: Kind, format: Format, bytes: &[u8]) -> Reading {
    let options = ReadOptions { max_nodes: 100_000, ..ReadOptions::new(kind, format) };
    let reading = read(compiled(), &options, bytes);
    assert!(reading.tree.is_some() || !reading.findings.is_empty(), "neither data nor a reason");
    reading
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0..5_usize) {
        for format in FORMATS {
            reading(KINDS[kind], format, &bytes);
        }
    }

    #[test]
    fn damaged_documents_are_read_or_refused(
        seed in 0..SEEDS.len(),
        kind in 0..5_usize,
        cuts in prop::collection::vec((0..400_usize, 0..20_usize, "[ -~é\n]{0,8}"), 1..4),
    ) {
        let mut text: Vec<char> = SEEDS[seed].chars().collect();
        for (at, length, put) in cuts {
            let at = at % (text.len() + 1);
            let end = (at + length).min(text.len());
            text.splice(at..end, put.chars());
        }
        let text: String = text.into_iter().collect();
        for format in FORMATS {
            reading(KINDS[kind], format, text.as_bytes());
        }
    }
}

/// Reading takes a time in proportion to the text: tests are not optimised, and machines busy.
fn soon(format: Format, text: &str) {
    let start = Instant::now();
    let reading = reading(Kind::Config, format, text.as_bytes());
    let taken = start.elapsed();
    assert!(taken < Duration::from_secs(20), "{taken:?} for {} bytes of {format:?}", text.len());
    assert!(!reading.findings.is_empty(), "{format:?}: {}", &text[..text.len().min(60)]);
}

#[test]
fn deep_nesting_ends_soon() {
    for (format, open) in [
        (Format::Json, "["),
        (Format::Json, "{\"t:c\":"),
        (Format::Json, "{\"ietf-restconf:data\":"),
        (Format::Yaml, "["),
        (Format::Yaml, "{t:c: "),
        (Format::Yaml, "- "),
        (Format::Xml, "<c xmlns='urn:t'>"),
        (Format::Xml, "<data xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'>"),
        (Format::Xml, "<c xmlns='urn:t'><any><a>"),
    ] {
        soon(format, &open.repeat(20_000));
    }
}

#[test]
fn many_faults_end_soon_and_are_all_told() {
    const COUNT: usize = 20_000;
    let mut json = String::from("{\"t:c\":{\"l\":[");
    let mut xml = String::from("<c xmlns='urn:t'>");
    for number in 0..COUNT {
        let _ = write!(json, "{{\"k\":\"{number}\",\"v\":300}},");
        let _ = write!(xml, "<l><k>{number}</k><v>x</v></l>");
    }
    json.push_str("{\"k\":\"last\"}]}}");
    xml.push_str("</c>");
    for (format, text) in [(Format::Json, json), (Format::Xml, xml)] {
        let start = Instant::now();
        let reading = reading(Kind::Config, format, text.as_bytes());
        assert_eq!(reading.findings.len(), COUNT);
        let told = reading.findings.last().unwrap().place.unwrap();
        assert!(told.column > 100_000, "{told:?}");
        assert!(start.elapsed() < Duration::from_secs(20));
    }
    let unknown: String = (0..COUNT).map(|number| format!("\"u{number}\":1,")).collect();
    soon(Format::Json, &format!("{{\"t:c\":{{{unknown}\"s\":\"\"}}}}"));
    let unknown: String = (0..COUNT).map(|number| format!("<u{number}/>")).collect();
    soon(Format::Xml, &format!("<c xmlns='urn:t'>{unknown}</c>"));
    soon(Format::Json, &format!("{{\"t:c\":{{{}\"n\":1}}}}", "\"@n\":{},".repeat(COUNT)));
    soon(Format::Json, &format!("{{\"t:c\":{{{}\"n\":1}}}}", "\"n\":1,".repeat(COUNT)));
}

#[test]
fn what_multiplies_is_counted() {
    let mut bomb = String::from("t:c:\n  any:\n    a0: &a0 {x: 1, y: 2}\n");
    for level in 1..40 {
        let below = level - 1;
        let _ = writeln!(bomb, "    a{level}: &a{level} {{l: *a{below}, r: *a{below}}}");
    }
    soon(Format::Yaml, &bomb);
    soon(Format::Yaml, &bomb.replace("  any:", "  nosuch:"));
    let attributes: String = (0..5_000).map(|number| format!(" a{number}='1'")).collect();
    soon(Format::Xml, &format!("<c xmlns='urn:t'{attributes}/>"));
    let namespaces: String = (0..5_000).map(|number| format!(" xmlns:a{number}='urn:{number}'")).collect();
    soon(Format::Xml, &format!("<c xmlns='urn:t'{namespaces}/>"));
    let entities =
        "<!DOCTYPE c [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><c xmlns='urn:t'><s>&b;</s></c>";
    soon(Format::Xml, entities);
    let merge = "t:c: &m {s: a}\nt:d:\n  <<: *m\n";
    soon(Format::Yaml, merge);
}
