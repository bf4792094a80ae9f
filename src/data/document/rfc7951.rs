//! RFC 7951, section by section: what is JSON of YANG data, what is not, and how it is written.

use std::sync::LazyLock;

use super::{Format, Kind, ReadOptions, read, write};
use crate::data::read::WithDefaults;
use crate::yang::schema::Schema;
use crate::yang::testing::schema;

const OTHER: &str = "module other { yang-version 1.1; namespace urn:o; prefix o; import t { prefix t; }
    identity far { base t:base; } augment /t:top { leaf name { type string; } container box { leaf id { type t:id; } } }
    leaf alone { type string; } }";

const MODEL: &str = "
    identity base; identity near { base base; } typedef id { type identityref { base base; } }
    container top { leaf name { type string; } leaf i8 { type int8; } leaf i32 { type int32; } leaf i64 { type int64; } leaf u64 { type uint64; } leaf d { type decimal64 { fraction-digits 2; } }
        leaf s { type string; } leaf b { type boolean; } leaf e { type empty; } leaf en { type enumeration { enum one; enum '1'; } } leaf bits { type bits { bit r; bit w; } }
        leaf bin { type binary; } leaf id { type id; } leaf at { type instance-identifier { require-instance false; } } leaf ref { type leafref { path '../i64'; require-instance false; } }
        leaf un { type union { type uint8; type int64; type enumeration { enum auto; } type boolean; type empty; type string { pattern 'x.*|[0-9]+y'; } } }
        leaf-list many { type uint8; } list l { key k; leaf k { type string; } leaf v { type string; } }
        container inner { leaf x { type string; } } anydata any; anyxml xml; choice way { case a { leaf in-a { type string; } } leaf in-b { type string; } } }
    leaf alone { type string; }";

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| schema(&[MODEL, OTHER]));

/// The document as it is written again, or its first fault.
fn outcome(text: &str) -> Result<String, String> {
    let reading = read(&SCHEMA, &ReadOptions::new(Kind::Config, Format::Json), text.as_bytes());
    if let Some(first) = reading.findings.first() {
        return Err(first.violation.message.clone());
    }
    let mut out = Vec::new();
    let tree = reading.tree.unwrap();
    write(&SCHEMA, Kind::Config, &tree, Format::Json, WithDefaults::Explicit, &mut out).unwrap();
    Ok(serde_json::from_slice::<serde_json::Value>(&out).unwrap().to_string())
}

/// What is written again of a member of `t:top`.
fn inside(member: &str) -> Result<String, String> {
    let written = outcome(&format!("{{\"t:top\":{{{member}}}}}"))?;
    Ok(written
        .strip_prefix("{\"t:top\":{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .unwrap_or(&written)
        .to_owned())
}

/// Each member is accepted and comes back as the second text.
fn accepted(members: &[(&str, &str)]) {
    for (member, written) in members {
        assert_eq!(inside(member).as_deref(), Ok(*written), "{member}");
    }
}

/// Each member is refused with a message that has the second text in it.
fn refused(members: &[(&str, &str)]) {
    for (member, told) in members {
        let message = inside(member).expect_err(member);
        assert!(message.contains(told), "{member}: {message}");
    }
}

#[test]
fn rfc7951_3_text_is_utf8_and_names_are_given_once() {
    let bytes = b"{\"t:alone\":\"\xff\"}";
    let reading = read(&SCHEMA, &ReadOptions::new(Kind::Config, Format::Json), bytes);
    assert!(reading.findings[0].violation.message.contains("not UTF-8"));
    assert!(outcome("\u{feff}{\"t:alone\":\"x\"}").is_ok());
    for text in
        ["", " ", "{", "{\"t:alone\":\"x\"}x", "{\"t:alone\":\"x\",}", "{'t:alone':'x'}", "[]", "5", "null"]
    {
        assert!(outcome(text).is_err(), "{text}");
    }
    refused(&[(r#""s":"a","s":"a""#, "given twice"), (r#""s":"a","t:s":"a""#, "given twice")]);
}

#[test]
fn rfc7951_4_names_are_qualified_at_the_top_and_where_the_module_changes() {
    for text in [
        r#"{"t:top":{"s":"x","t:i8":1,"other:name":"y","other:box":{"id":"far","other:id":"far"}}}"#,
        r#"{"t:top":{"name":"a","other:name":"b"}}"#,
        r#"{"t:alone":"a","other:alone":"b"}"#,
    ] {
        let text = text.replace(r#","other:id":"far""#, "");
        assert!(outcome(&text).is_ok(), "{text}");
    }
    assert_eq!(
        outcome(r#"{"t:top":{"t:s":"x","other:box":{"other:id":"other:far"}}}"#).as_deref(),
        Ok(r#"{"t:top":{"s":"x","other:box":{"id":"far"}}}"#)
    );
    for (text, told) in [
        (r#"{"top":{}}"#, "must be qualified"),
        (r#"{"alone":"x"}"#, "must be qualified"),
        (r#"{"other:top":{}}"#, "must be qualified by the right module"),
        (r#"{"urn:o:alone":"x"}"#, "unknown"),
        (r#"{"t:top":{"box":{}}}"#, "must be qualified"),
        (r#"{"t:top":{"other:box":{"t:id":"near"}}}"#, "must be qualified by the right module"),
        (r#"{"t:top":{"nosuch":1}}"#, "unknown"),
        (r#"{"t:top":{":s":1}}"#, "must be qualified by the right module"),
        (r#"{"o:alone":"x"}"#, "must be qualified by the right module"),
    ] {
        let message = outcome(text).expect_err(text);
        assert!(message.contains(told), "{text}: {message}");
    }
}

#[test]
fn rfc7951_5_1_a_leaf_is_a_single_value() {
    refused(&[
        (r#""s":{"x":1}"#, "found an object, needs a single value"),
        (r#""s":["x"]"#, "found an array, needs a single value"),
        (r#""s":null"#, "found null"),
        (r#""i8":[1]"#, "found an array"),
    ]);
}

#[test]
fn rfc7951_5_2_a_container_is_an_object() {
    accepted(&[(r#""inner":{"x":"y"}"#, r#""inner":{"x":"y"}"#)]);
    refused(&[
        (r#""inner":[{"x":"y"}]"#, "found an array, needs an object"),
        (r#""inner":null"#, "found null"),
        (r#""inner":"x""#, "found 'x', needs an object"),
    ]);
}

#[test]
fn rfc7951_5_3_a_leaf_list_is_an_array_of_values() {
    accepted(&[(r#""many":[3,1]"#, r#""many":[3,1]"#), (r#""many":[],"s":"""#, r#""s":"""#)]);
    refused(&[
        (r#""many":3"#, "needs an array of values"),
        (r#""many":[[3]]"#, "found an array, needs a single value"),
        (r#""many":[3,3]"#, "given twice"),
        (r#""many":[null]"#, "found null"),
        (r#""many":["3"]"#, "write it without quotes"),
    ]);
}

#[test]
fn rfc7951_5_4_a_list_is_an_array_even_of_one_entry() {
    accepted(&[(r#""l":[{"v":"x","k":"a"}]"#, r#""l":[{"k":"a","v":"x"}]"#)]);
    refused(&[
        (r#""l":{"k":"a"}"#, "found an object, needs an array of objects"),
        (r#""l":[["a"]]"#, "found an array, needs an object"),
        (r#""l":["a"]"#, "found 'a', needs an object"),
        (r#""l":[{"v":"x"}]"#, "has no 'k', which is its key"),
        (r#""l":[{"k":"a"},{"k":"a"}]"#, "two entries of 'l' have the key 'a'"),
        (r#""l":[null]"#, "found null"),
    ]);
}

#[test]
fn rfc7951_5_5_and_5_6_anydata_is_an_object_and_anyxml_any_value() {
    accepted(&[
        (r#""any":{"q":[1,null,{"a":1.5}]}"#, r#""any":{"q":[1,null,{"a":1.5}]}"#),
        (r#""xml":[1,"a",{}]"#, r#""xml":[1,"a",{}]"#),
        (r#""xml":null"#, r#""xml":null"#),
    ]);
    refused(&[
        (r#""any":[1]"#, "needs an object"),
        (r#""any":"x""#, "needs an object"),
        (r#""any":{"a":1,"a":2}"#, "given twice"),
    ]);
}

#[test]
fn rfc7951_6_1_numbers_are_numbers_and_wide_ones_strings() {
    accepted(&[
        (r#""i8":-128,"i32":0"#, r#""i8":-128,"i32":0"#),
        (
            r#""i64":"-9223372036854775808","u64":"18446744073709551615""#,
            r#""i64":"-9223372036854775808","u64":"18446744073709551615""#,
        ),
        (r#""i64":"+05""#, r#""i64":"5""#),
        (r#""i8":-0"#, r#""i8":0"#),
        (r#""d":"1.50""#, r#""d":"1.5""#),
        (r#""d":"7""#, r#""d":"7.0""#),
        (r#""ref":"5""#, r#""ref":"5""#),
    ]);
    refused(&[
        (r#""i8":"5""#, "write it without quotes"),
        (r#""i8":1.0"#, "1 is not a whole number without point and exponent"),
        (r#""i8":1e1"#, "10 is not a whole number without point and exponent"),
        (r#""i8":128"#, "outside -128..127"),
        (r#""i8":true"#, "not a whole number"),
        (r#""i32":1e3"#, "not a whole number"),
        (r#""i64":5"#, "in the form of a string"),
        (r#""u64":5"#, "in the form of a string"),
        (r#""ref":5"#, "in the form of a string"),
        (r#""u64":18446744073709551616"#, "not a whole number"),
        (r#""u64":"18446744073709551616""#, "outside 0..18446744073709551615"),
        (r#""u64":"-1""#, "outside"),
        (r#""i64":"0x10""#, "not a whole number"),
        (r#""i64":" 5""#, "not a whole number"),
        (r#""d":1.5"#, "a decimal is written as a string"),
        (r#""d":"1.555""#, "at most 2 digits"),
        (r#""d":"1e1""#, "not a decimal number"),
    ]);
}

#[test]
fn rfc7951_6_2_to_6_6_strings_booleans_names_bits_and_octets() {
    accepted(&[
        (r#""s":"\u00e9\n\ud83d\ude00""#, "\"s\":\"\u{e9}\\n\u{1f600}\""),
        (r#""b":false"#, r#""b":false"#),
        (r#""en":"1""#, r#""en":"1""#),
        (r#""bits":" w r""#, r#""bits":"r w""#),
        (r#""bits":"""#, r#""bits":"""#),
        (r#""bin":"AQI=""#, r#""bin":"AQI=""#),
    ]);
    refused(&[
        (r#""s":5"#, "write it as a string"),
        (r#""s":true"#, "write it as a string"),
        (r#""s":"\u0001""#, "U+0001"),
        (r#""s":"\ud800""#, "not valid JSON"),
        (r#""b":"true""#, "write true or false"),
        (r#""b":1"#, "write true or false"),
        (r#""en":1"#, "not one of one, 1"),
        (r#""bits":["r"]"#, "found an array"),
        (r#""bits":"r r""#, "twice"),
        (r#""bin":"AQ""#, "not base64"),
    ]);
}

#[test]
fn rfc7951_6_8_an_identity_has_its_module_where_that_is_not_the_leafs() {
    accepted(&[
        (r#""id":"near""#, r#""id":"near""#),
        (r#""id":"t:near""#, r#""id":"near""#),
        (r#""id":"other:far""#, r#""id":"other:far""#),
        (r#""other:box":{"id":"far"}"#, r#""other:box":{"id":"far"}"#),
        (r#""other:box":{"id":"t:near"}"#, r#""other:box":{"id":"t:near"}"#),
    ]);
    refused(&[
        (r#""id":"far""#, "not one of the identities"),
        (r#""id":"o:far""#, "not one of the identities"),
        (r#""id":"t:base""#, "not one of the identities"),
        (r#""other:box":{"id":"near"}"#, "not one of the identities"),
    ]);
}

#[test]
fn rfc7951_6_9_empty_is_an_array_of_null() {
    accepted(&[(r#""e":[null]"#, r#""e":[null]"#)]);
    refused(&[
        (r#""e":null"#, "found null"),
        (r#""e":[]"#, "found an array"),
        (r#""e":"""#, "write [null]"),
        (r#""e":[null,null]"#, "found an array"),
        (r#""e":[0]"#, "found an array"),
        (r#""e":{}"#, "found an object"),
    ]);
}

#[test]
fn rfc7951_6_10_the_json_type_takes_part_in_a_union() {
    accepted(&[
        (r#""un":5"#, r#""un":5"#),
        (r#""un":"5""#, r#""un":"5""#),
        (r#""un":"-5""#, r#""un":"-5""#),
        (r#""un":"auto""#, r#""un":"auto""#),
        (r#""un":true"#, r#""un":true"#),
        (r#""un":[null]"#, r#""un":[null]"#),
        (r#""un":"5y""#, r#""un":"5y""#),
    ]);
    refused(&[
        (r#""un":300"#, "fits no member of the union"),
        (r#""un":"true""#, "fits no member of the union"),
        (r#""un":1.5"#, "fits no member of the union"),
        (r#""un":null"#, "found null"),
    ]);
}

#[test]
fn rfc7951_6_11_an_instance_identifier_names_modules_where_they_change() {
    accepted(&[
        (r#""at":"/t:top/l[k='a']/v""#, r#""at":"/t:top/l[k='a']/v""#),
        (r#""at":"/t:top/t:l[t:k=\"a\"]/t:v""#, r#""at":"/t:top/l[k='a']/v""#),
        (r#""at":"/t:top/other:box/id""#, r#""at":"/t:top/other:box/id""#),
        (r#""at":"/t:top/many[.='07']""#, r#""at":"/t:top/many[.='7']""#),
    ]);
    refused(&[
        (r#""at":"/top/s""#, "needs its module in front"),
        (r#""at":"/t:top/box/id""#, "there is no"),
        (r#""at":"/t:top/l[k='a'][k='b']""#, "once"),
        (r#""at":"t:top""#, "starts with"),
        (r#""at":"/t:top/other:box/t:id""#, "there is no"),
    ]);
}

#[test]
fn rfc7950_7_9_nodes_of_two_cases_exclude_each_other() {
    refused(&[(r#""in-a":"x","in-b":"y""#, "exclude each other")]);
}

#[test]
fn rfc8040_3_4_the_envelope_of_a_datastore_is_looked_through() {
    assert_eq!(outcome(r#"{"ietf-restconf:data":{"t:alone":"x"}}"#).as_deref(), Ok(r#"{"t:alone":"x"}"#));
    assert!(outcome(r#"{"ietf-restconf:data":{"alone":"x"}}"#).is_err());
    let reading = read(
        &SCHEMA,
        &ReadOptions::new(Kind::Config, Format::Json),
        b"{\"ietf-restconf:data\":\n{\"t:alone\":5}}",
    );
    assert_eq!(reading.findings[0].place.map(|place| (place.line, place.column)), Some((2, 2)));
}
