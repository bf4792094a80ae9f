use crate::data::decode::Format;
use crate::data::document::{Kind, ReadOptions, read};
use crate::data::read::{Shape, Subject, View, encode_json};
use crate::yang::schema::types::Strictness;
use crate::yang::testing::schema;

const MODEL: &str = "
    identity base; identity one { base base; }
    container c { presence c;
        list l { key 'a b'; leaf a { type string; } leaf b { type uint8; } leaf v { type string; } }
        leaf-list x { type int8; } leaf s { type string; } leaf e { type empty; } leaf b { type boolean; } leaf d { type decimal64 { fraction-digits 2; } }
        leaf i { type identityref { base base; } } leaf ii { type instance-identifier { require-instance false; } }
        leaf u { type union { type uint8; type identityref { base base; } type string; } }
        leaf state { config false; type string; } anydata any; anyxml ax; }
    leaf top { type string; }
    rpc go { input { leaf n { type uint8; } } output { leaf o { type uint8; } } }
    notification up { leaf z { type string; } }";

/// The data as JSON, or the faults as place, path and tag.
fn read_as(kind: Kind, text: &str) -> Result<String, Vec<String>> {
    let schema = schema(&[MODEL]);
    let reading = read(&schema, &ReadOptions::new(kind, Format::Xml), text.as_bytes());
    if reading.findings.is_empty() {
        let shape = Shape { strictness: Strictness::Rfc7951, ..Shape::default() };
        let tree = reading.tree.unwrap();
        let mut out = Vec::new();
        encode_json(
            &View {
                schema: &schema,
                data: Subject::Container(&tree.root),
                shape: &shape,
                surroundings: None,
            },
            &mut out,
        );
        return Ok(String::from_utf8(out).unwrap());
    }
    let told = reading.findings.iter().map(|finding| {
        let place = finding.place.map_or("?".to_owned(), |place| format!("{}:{}", place.line, place.column));
        let violation = &finding.violation;
        format!("{place} {} {}", violation.instance_identifier(&schema), violation.tag)
    });
    Err(told.collect())
}

fn config(text: &str) -> Result<String, Vec<String>> {
    read_as(Kind::Config, text)
}

/// The same inside of `<c>`.
fn inside(text: &str) -> Result<String, Vec<String>> {
    config(&format!("<c xmlns='urn:t'>{text}</c>"))
}

fn faults(read: Result<String, Vec<String>>) -> Vec<String> {
    read.unwrap_err()
}

#[test]
fn rfc7950_values_of_every_kind() {
    assert_eq!(
        inside(
            "<s> a &lt;&#x41;<![CDATA[<&]]><!-- no --> </s><e/><b>true</b><d> 1.50 </d><x>+1</x><i>one</i>"
        )
        .unwrap(),
        r#"{"c":{"x":[1],"s":" a <A<& ","e":[null],"b":true,"d":"1.5","i":"one"}}"#
    );
    assert_eq!(inside("<e></e>").unwrap(), r#"{"c":{"e":[null]}}"#);
    assert_eq!(inside("").unwrap(), r#"{"c":{}}"#);
    assert_eq!(faults(inside("<e> </e>")), ["1:18 /t:c/e invalid-value"]);
    assert_eq!(faults(inside("<b> true </b>")), ["1:18 /t:c/b invalid-value"]);
    assert_eq!(inside("<s>line\r\none</s>").unwrap(), "{\"c\":{\"s\":\"line\\none\"}}");
}

#[test]
fn rfc7950_9_10_2_and_9_13_2_prefixes_are_those_in_scope() {
    for text in ["<i xmlns:q='urn:t'>q:one</i>", "<q:i xmlns:q='urn:t'>one</q:i>", "<i>one</i>"] {
        assert_eq!(inside(text).unwrap(), r#"{"c":{"i":"one"}}"#, "{text}");
    }
    for text in
        ["<i>t:one</i>", "<i xmlns:q='urn:x'>q:one</i>", "<q:i xmlns:q='urn:t' xmlns='urn:x'>one</q:i>"]
    {
        assert_eq!(faults(inside(text)), ["1:18 /t:c/i invalid-value"], "{text}");
    }
    assert_eq!(inside("<u xmlns:q='urn:t'>q:one</u>").unwrap(), r#"{"c":{"u":"one"}}"#);
    assert_eq!(inside("<u>q:one</u>").unwrap(), r#"{"c":{"u":"q:one"}}"#);
    assert_eq!(
        inside("<ii xmlns:q='urn:t'>/q:c/q:l[q:b='07'][q:a=\"1\"]/q:v</ii>").unwrap(),
        r#"{"c":{"ii":"/t:c/l[a='1'][b='7']/v"}}"#
    );
    assert_eq!(faults(inside("<ii xmlns:q='urn:t'>/q:c/s</ii>")), ["1:18 /t:c/ii invalid-value"]);
    assert_eq!(faults(inside("<ii>/t:c</ii>")), ["1:18 /t:c/ii invalid-value"]);
}

#[test]
fn rfc7950_7_8_5_entries_may_be_apart_and_keys_come_first() {
    assert_eq!(
        inside("<l><a>x</a><b>1</b></l><x>1</x><l><a>y</a><b>1</b><v>w</v></l><s>z</s><x>2</x>").unwrap(),
        r#"{"c":{"l":[{"a":"x","b":1},{"a":"y","b":1,"v":"w"}],"x":[1,2],"s":"z"}}"#
    );
    assert_eq!(
        faults(inside("<l><b>1</b><a>x</a></l>")),
        ["1:21 /t:c/l[a='x'][b='1']/b bad-element", "1:29 /t:c/l[a='x'][b='1']/a bad-element"]
    );
    assert_eq!(
        faults(inside("<l><a>x</a><v>1</v><b>1</b></l>")),
        ["1:37 /t:c/l[a='x'][b='1']/b bad-element"]
    );
    assert_eq!(faults(inside("<l><a>x</a></l>")), ["1:18 /t:c/l/b missing-element"]);
    assert_eq!(
        faults(inside("<l><a>x</a><b>1</b></l><l><a>x</a><b>+1</b></l>")),
        ["1:18 /t:c/l[a='x'][b='1'] invalid-value"]
    );
    assert_eq!(
        faults(inside("<x>1</x><x>+1</x><s/><s/>")),
        ["1:18 /t:c/x[.='1'] invalid-value", "1:35 /t:c/s invalid-value"]
    );
}

#[test]
fn what_is_no_data_is_refused_with_its_place() {
    assert_eq!(faults(inside("\n<y/>")), ["2:1 /t:c/t:y unknown-element"]);
    assert_eq!(faults(inside("<s xmlns='urn:x'/>")), ["1:18 /t:c/s unknown-namespace"]);
    assert_eq!(faults(config("<top>x</top>")), ["1:1 /top unknown-namespace"]);
    assert_eq!(faults(inside("text<x>1</x>more")), ["1:1 /t:c bad-element"]);
    assert_eq!(faults(inside("<s><x/></s>")), ["1:18 /t:c/s bad-element"]);
    assert_eq!(faults(inside("<state>x</state>")), ["1:18 /t:c/state bad-element"]);
    assert_eq!(faults(inside("<s a='1'/>")), ["1:18 /t:c/s unknown-attribute"]);
    assert_eq!(
        faults(inside("<s xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' nc:operation='delete'/>")),
        ["1:18 /t:c/s unknown-attribute"]
    );
    assert_eq!(inside("<s xml:lang='en'/>").unwrap(), r#"{"c":{"s":""}}"#);
}

#[test]
fn what_is_no_xml_is_told_by_line_and_column() {
    for (text, place) in [
        ("<c xmlns='urn:t'>\n<s></c>", "2:4"),
        ("<c xmlns='urn:t'>\n<s>", "2:4"),
        ("<!DOCTYPE c [<!ENTITY a 'b'>]>\n<c xmlns='urn:t'/>", "1:31"),
        ("<c xmlns='urn:t'><s>&a;</s></c>", "1:24"),
        ("<c xmlns='urn:t'><s>a & b</s></c>", "1:23"),
        ("<?xml version='1.0' encoding='latin-1'?><c xmlns='urn:t'/>", "1:41"),
        ("<c xmlns='urn:t'><q:s/></c>", "1:24"),
        ("<c xmlns='urn:t'/>text", "1:23"),
        ("<c xmlns='urn:t' xmlns='urn:t'/>", "1:1 "),
        ("{}", "1:3"),
        ("</c>", "1:1"),
    ] {
        let found = faults(config(text));
        assert!(found.iter().any(|fault| fault.ends_with("malformed-message")), "{text}: {found:?}");
        assert!(found.iter().any(|fault| fault.starts_with(place)), "{text}: {found:?}");
    }
    let deep = format!("{}{}", "<c xmlns='urn:t'>".repeat(50_000), "</c>".repeat(50_000));
    assert!(config(&deep).is_err());
    let deep = format!("<c xmlns='urn:t'><any>{}{}</any></c>", "<a>".repeat(50_000), "</a>".repeat(50_000));
    assert!(config(&deep).is_err());
}

#[test]
fn rfc6241_envelopes_are_looked_through() {
    let nc = "xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'";
    let top = "<top xmlns='urn:t'>x</top>";
    let expected = r#"{"top":"x"}"#;
    assert_eq!(config(top).unwrap(), expected);
    assert_eq!(
        config(&format!("<?xml version='1.0' encoding='UTF-8'?>\n<data {nc}>\n {top}\n</data>\n")).unwrap(),
        expected
    );
    assert_eq!(config(&format!("<config {nc}>{top}</config>")).unwrap(), expected);
    assert_eq!(
        config(&format!("<rpc-reply message-id='1' {nc}><data>{top}</data></rpc-reply>")).unwrap(),
        expected
    );
    assert_eq!(config(&format!("{top}<c xmlns='urn:t'/>")).unwrap(), r#"{"c":{},"top":"x"}"#);
    let go = "<go xmlns='urn:t'><n>1</n></go>";
    for text in [go, &format!("<rpc message-id='7' {nc}>{go}</rpc>")] {
        assert_eq!(read_as(Kind::Rpc, text).unwrap(), r#"{"go":{"n":1}}"#);
    }
    assert_eq!(read_as(Kind::Reply, "<go xmlns='urn:t'><o>1</o></go>").unwrap(), r#"{"go":{"o":1}}"#);
    let event = "<notification xmlns='urn:ietf:params:xml:ns:netconf:notification:1.0'>
        <eventTime>2026-01-01T00:00:00Z</eventTime><up xmlns='urn:t'><z>a</z></up></notification>";
    assert_eq!(read_as(Kind::Notification, event).unwrap(), r#"{"up":{"z":"a"}}"#);
    assert_eq!(faults(config(&format!("<rpc {nc}>{go}</rpc>"))), ["1:1 /rpc unknown-namespace"]);
}

#[test]
fn rfc7950_7_10_and_7_11_what_no_model_describes() {
    assert_eq!(
        inside("<any><p xmlns='urn:t'><q>1</q><q>2</q></p><r> </r></any><ax>text</ax>").unwrap(),
        r#"{"c":{"any":{"p":{"q":["1","2"]},"r":" "},"ax":"text"}}"#
    );
    assert_eq!(inside("<any/>").unwrap(), r#"{"c":{"any":{}}}"#);
    assert_eq!(faults(inside("<any>text</any>")), ["1:18 /t:c/any bad-element"]);
    assert_eq!(faults(inside("<any><p xmlns='urn:x'/></any>")), ["1:18 /t:c/any unknown-namespace"]);
    assert_eq!(faults(inside("<ax>a<b/></ax>")), ["1:18 /t:c/ax bad-element"]);
}
