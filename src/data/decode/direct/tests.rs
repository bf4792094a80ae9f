use std::collections::BTreeMap;

use super::*;
use crate::data::decode::{by_text, from_serde, of_service};
use crate::data::testing::schema;

const MODEL: &str = "
container top
  leaf name string
  leaf size uint8
  leaf depth int64
  leaf ratio decimal64
  leaf on boolean
  leaf pin string secret
  leaf mark empty
  leaf-list tags string
  anydata rest
  container inner
    leaf note string
  list item key=id user
    leaf id string
    leaf size uint8
";

#[derive(serde::Serialize)]
struct Top {
    name: Option<&'static str>,
    size: u8,
    depth: i64,
    on: bool,
    pin: &'static str,
    tags: Vec<&'static str>,
    rest: serde_json::Value,
    inner: BTreeMap<&'static str, &'static str>,
    item: Vec<Item>,
}

#[derive(serde::Serialize)]
struct Item {
    id: &'static str,
    size: Option<u8>,
}

fn top() -> Top {
    Top {
        name: Some("n"),
        size: 7,
        depth: -9_007_199_254_740_993,
        on: true,
        pin: "hunter2",
        tags: vec!["b", "a"],
        rest: serde_json::json!({"x": [1, null]}),
        inner: BTreeMap::from([("note", "x")]),
        item: vec![Item { id: "2", size: Some(2) }, Item { id: "1", size: None }],
    }
}

/// What comes of a value directly and by its text.
fn both<T: Serialize>(value: &T) -> (Taken, Result<Data, usize>) {
    let schema = schema(MODEL);
    let node = schema.find("/top").unwrap();
    let (target, options) = of_service(&schema, node);
    let mut decoder = Decoder::new(&schema, &target, &options, crate::data::decode::Nulls::Absent);
    let direct = take(&mut decoder, value);
    let direct = if decoder.violations.is_empty() { direct } else { Err(Elsewhere) };
    let text = by_text(&schema, &target, &options, value);
    let known = from_serde(&schema, node, value);
    assert_eq!(known, text);
    (direct, text.map_err(|faults| faults.len()))
}

#[test]
fn a_struct_comes_to_the_same_as_its_text() {
    let (direct, text) = both(&top());
    assert_eq!(direct, Ok(Some(text.unwrap())));
    let nothing = Top { name: None, tags: Vec::new(), item: Vec::new(), inner: BTreeMap::new(), ..top() };
    let (direct, text) = both(&nothing);
    assert_eq!(direct, Ok(Some(text.unwrap())));
}

#[test]
fn what_only_a_text_settles_goes_by_it() {
    use serde_json::json;
    for value in [json!({"mark": [null]}), json!({"ratio": 1.5}), json!({})] {
        let (direct, text) = both(&value);
        assert!(text.is_ok() && direct.is_err_and(|_| true) || value == json!({}), "{value}");
    }
}

#[test]
fn faults_are_those_of_the_text() {
    use serde_json::json;
    let again = json!([{"id": "1"}, {"id": "1"}]);
    let wrong = [
        json!({"size": 256}),
        json!({"colour": 1}),
        json!({"tags": "a"}),
        json!({"tags": ["a", "a"]}),
        json!({"item": {"id": "1"}}),
        json!({"item": again}),
        json!({"item": [{"size": 1}]}),
        json!({"inner": [1]}),
        json!(5),
    ];
    for value in wrong {
        let (direct, text) = both(&value);
        assert_eq!((direct, text.is_err()), (Err(Elsewhere), true), "{value}");
    }
}
