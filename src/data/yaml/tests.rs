use proptest::prelude::*;

use super::*;

fn yaml(value: &serde_json::Value) -> String {
    let mut out = Vec::new();
    write(value, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn block_style_with_sequences_below_their_names() {
    let value = serde_json::json!({
        "name": "a", "none": null, "yes": true, "empty": {}, "nothing": [], "list": ["x", ["z", []], {"k": 1, "l": [2.0]}],
        "inner": {"pem": "-----BEGIN-----\nabc\n\n-----END-----\n", "two": "a\nb"}
    });
    let expected = "name: a
none: null
'yes': true
empty: {}
nothing: []
list:
- x
- - z
  - []
- k: 1
  l:
  - 2.0
inner:
  pem: |
    -----BEGIN-----
    abc

    -----END-----
  two: |-
    a
    b
";
    assert_eq!(yaml(&value), expected);
    assert_eq!(serde_yaml::from_str::<serde_json::Value>(expected).unwrap(), value);
}

#[test]
fn what_any_reader_takes_for_something_else_is_quoted() {
    for text in [
        "no",
        "Yes",
        "ON",
        "off",
        "y",
        "N",
        "true",
        "null",
        "~",
        "",
        "12:30",
        "1_000",
        "0x1F",
        "0o17",
        "017",
        "1e3",
        "1.10",
        "+1",
        "-1",
        ".5",
        ".inf",
        "-.INF",
        ".NaN",
        "2024-01-01",
        "2001-12-14t21:59:43.10-05:00",
        "=",
        "<<",
        "- a",
        "? a",
        ": a",
        "a: b",
        "a:",
        "a #b",
        "#a",
        "[a]",
        "{a}",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "'a",
        "\"a",
        " a",
        "a ",
        "---",
        "...",
        ",a",
        "-",
        "1:2:3",
        "190:20:30.15",
        "\u{feff}a",
        "a\tb",
        "a\u{85}b",
        "a\u{2028}b",
    ] {
        let written = yaml(&text.into());
        assert!(written.starts_with(['\'', '"']), "{text:?} was written as {written:?}");
        assert_eq!(serde_yaml::from_str::<serde_json::Value>(&written).unwrap(), text);
    }
    for text in [
        "a",
        "15m",
        "1h30m",
        "https://api.*.example.com",
        "${SYS_TENANT}/${SYS_USERNAME}",
        "acme/alice",
        "ES256",
        "a b",
        "it's",
        "x:y",
        "a#b",
        "1d",
        "été",
        "/strongbox/x",
        "$argon2id$v=19$m=1,t=2,p=1$c2FsdA$aGFzaA",
        "eyJhbGciOi.J9",
    ] {
        assert_eq!(yaml(&text.into()), format!("{text}\n"), "needs no quotes");
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~\n]{0,12}",
        "[-+.:0-9eExob_TZ ]{1,8}",
        "(yes|no|on|off|true|null|~|y|n)",
        prop::collection::vec(
            prop::sample::select(vec![
                "\n", " ", "a", "'", "\"", "\\", "#", ":", "-", "\t", "é", "\u{85}", "\r"
            ]),
            0..8
        )
        .prop_map(|parts| parts.concat()),
    ]
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        text().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map(text(), inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_text_comes_back(text in text()) {
        let written = yaml(&serde_json::json!({"at": [text]}));
        let read: serde_json::Value = serde_yaml::from_str(&written).unwrap();
        prop_assert_eq!(&read["at"][0], &text, "written as {:?}", written);
    }

    #[test]
    fn every_value_comes_back(value in value()) {
        let written = yaml(&value);
        let read: serde_json::Value = serde_yaml::from_str(&written).unwrap();
        prop_assert_eq!(&read, &value, "written as {:?}", written);
    }
}
