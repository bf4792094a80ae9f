use super::*;
use crate::data::testing::{issuers, path, tree};
use crate::data::tree::Tree;

fn read(format: Format, at: &str, body: &str) -> Result<Data, Vec<Violation>> {
    let schema = issuers();
    let allow = if at.ends_with("mint") { Allow::Input } else { Allow::Config };
    decode(schema, &path(schema, at), body.as_bytes(), &DecodeOptions::plain(format, allow))
}

fn json(at: &str, body: &str) -> Result<Data, Vec<Violation>> {
    read(Format::Json, at, body)
}

fn yaml(at: &str, body: &str) -> Result<Data, Vec<Violation>> {
    read(Format::Yaml, at, body)
}

/// What is wrong, as path and message.
fn faults(read: Result<Data, Vec<Violation>>) -> Vec<String> {
    let schema = issuers();
    read.unwrap_err()
        .iter()
        .map(|violation| format!("{}: {}", violation.v1_path(schema), violation.message))
        .collect()
}

#[test]
fn json_and_yaml_give_the_same_tree() {
    let schema = issuers();
    let expected = tree(
        schema,
        r#"{"top":{"enabled":false,"limits":{"max":7,"rate":"1.5"},"issuer":[{"name":"a","audiences":["x","y"],
            "role":[{"name":"r","count":9007199254740993,"flag":[null],"level":"high","target":{"to":"all"}}]}]}}"#,
    );
    let from_json = json(
        "/",
        r#"{"top":{"enabled":false,"limits":{"max":"7","rate":1.5},"issuer":[{"audiences":["x","y"],
            "role":[{"name":"r","count":9007199254740993,"flag":[null],"level":"high","target":{"to":"all"}}],"name":"a"}]}}"#,
    );
    let from_yaml = yaml(
        "/",
        "top:\n  enabled: false\n  limits: {max: 7, rate: 1.50}\n  issuer:\n  - audiences: [x, y]\n    name: a\n    role:\n    - name: r\n      count: \"9007199254740993\"\n      flag: [null]\n      level: high\n      target: {to: all}\n",
    );
    for read in [from_json, from_yaml] {
        let Data::Container(root) = read.unwrap() else { panic!("the root is a container") };
        assert_eq!(Tree { root }, expected);
    }
}

#[test]
fn yaml_plain_scalars_are_texts_to_string_leafs() {
    for (plain, text) in [
        ("1.10", "1.10"),
        ("no", "no"),
        ("12:30", "12:30"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("007", "007"),
        ("true", "true"),
        (".inf", ".inf"),
        ("2024-01-01", "2024-01-01"),
        ("'~'", "~"),
        ("\"\"", ""),
        ("!!str 5", "5"),
    ] {
        let read = yaml("top/issuer/a/issuer", plain);
        assert_eq!(read, Ok(Data::Leaf(Value::string(text))), "{plain}");
    }
    assert_eq!(yaml("top/limits/rate", "1.10").unwrap(), json("top/limits/rate", "1.1").unwrap());
    let role = "top/issuer/a/role/r";
    assert_eq!(yaml(&format!("{role}/mixed"), "5"), Ok(Data::Leaf(Value::Int(5))));
    assert_eq!(yaml(&format!("{role}/mixed"), "x5"), Ok(Data::Leaf(Value::string("x5"))));
    assert_eq!(yaml(&format!("{role}/words"), "true"), Ok(Data::Leaf(Value::Bool(true))));
    assert_eq!(
        faults(yaml(&format!("{role}/words"), "1.10")),
        ["/top/issuer/a/role/r/words: words: write 1.1 in quotes to make it a text"]
    );
}

#[test]
fn every_fault_is_reported_with_its_path() {
    let found = faults(json(
        "top",
        r#"{"enabled":"maybe","limits":{"max":300,"rate":[1]},"nosuch":{"a":[1,{"b":2}]},
            "issuer":[{"role":[{"max-ttl":5,"name":"r"},{"name":"r"},{"level":"low"}],"name":"a","used":3},7],"marker":"x","used":1}"#,
    ));
    let at: Vec<&str> = found.iter().map(|fault| fault.split(": ").next().unwrap()).collect();
    assert_eq!(
        at,
        [
            "/top/enabled",
            "/top/limits/max",
            "/top/limits/rate",
            "/top/nosuch",
            "/top/issuer/a/role/r/max-ttl",
            "/top/issuer/a/role/r",
            "/top/issuer/a/role/name",
            "/top/issuer/a/used",
            "/top/issuer",
            "/top/marker",
            "/top/used",
        ],
        "{found:#?}"
    );
    assert!(found[5].ends_with("two entries of 'role' have the key 'r'"), "{}", found[5]);
    assert!(
        found[6].ends_with("an entry of 'role' has no 'name', which is its key (entry number 3)"),
        "{}",
        found[6]
    );
    assert!(found[7].ends_with("'used' is state, which only the server writes"), "{}", found[7]);
    assert!(found[8].ends_with("found 7, needs an object (entry number 2)"), "{}", found[8]);
}

#[test]
fn names_given_twice_are_refused_in_both_formats() {
    assert_eq!(
        faults(json("top", r#"{"enabled":true,"enabled":false}"#)),
        ["/top/enabled: 'enabled' is given twice"]
    );
    assert_eq!(
        faults(yaml("top", "enabled: true\nenabled: true\n")),
        ["/top/enabled: 'enabled' is given twice"]
    );
    assert_eq!(
        faults(json("top/issuer/a/audiences", r#"["x","y","x"]"#)),
        ["/top/issuer/a/audiences/x: 'x' is given twice"]
    );
    assert_eq!(
        faults(json("top/issuer/a", r#"{"notes":{"a":1,"a":2}}"#)),
        ["/top/issuer/a/notes: 'a' is given twice"]
    );
}

#[test]
fn a_key_may_stand_in_the_path_alone_and_must_agree() {
    let schema = issuers();
    let Data::Container(entry) = json("top/issuer/a", r#"{"issuer":"x"}"#).unwrap() else {
        panic!("an entry")
    };
    assert_eq!(entry.key(schema)[..], [Value::string("a")]);
    assert!(json("top/issuer/a", r#"{"name":"a"}"#).is_ok());
    assert_eq!(
        faults(json("top/issuer/a", r#"{"name":"b"}"#)),
        ["/top/issuer/a/name: the key 'name' is 'b' in the body and 'a' in the path; they must agree"]
    );
    assert!(matches!(json("top/issuer", r#"{"name":"a"}"#), Ok(Data::Container(_))));
    assert!(matches!(json("top/issuer", r#"[{"name":"a"}]"#), Ok(Data::List(_))));
    assert_eq!(
        faults(json("top/issuer", r#"{"issuer":"x"}"#)),
        ["/top/issuer/name: an entry of 'issuer' has no 'name', which is its key"]
    );
}

#[test]
fn rfc7950_7_9_two_cases_at_once_are_refused() {
    let found = faults(json("top/issuer/a/role/r/target", r#"{"to":"all","sites":["x"]}"#));
    assert_eq!(
        found,
        [
            "/top/issuer/a/role/r/target/sites: 'to' and 'sites' exclude each other (choice 'kind'); give one of them"
        ]
    );
    assert!(json("top/issuer/a/role/r/target", r#"{"to":"all","left":"x"}"#).is_ok());
}

#[test]
fn a_secret_is_not_repeated() {
    let found = faults(json("top/issuer/a", r#"{"secret-note":17}"#));
    assert_eq!(
        found,
        [
            "/top/issuer/a/secret-note: secret-note: the value does not fit its type 'string' (it is not shown)"
        ]
    );
    assert!(!faults(json("top/issuer/a", r#"{"secret-note":["hunter2"]}"#))[0].contains("hunter2"));
    assert!(!faults(yaml("top/issuer/a", "secret-note: {a: hunter2}"))[0].contains("hunter2"));
}

#[test]
fn bodies_that_cannot_be_read_say_where() {
    let syntax = |read: Result<Data, Vec<Violation>>| read.unwrap_err().pop().unwrap();
    let broken = syntax(json("top", "{\n  \"enabled\": tru }"));
    assert_eq!(broken.tag, ErrorTag::MalformedMessage);
    assert_eq!(broken.info, [("line".to_owned(), "2".into()), ("column".to_owned(), "17".into())]);
    assert!(broken.message.starts_with("the body is not valid JSON: "), "{}", broken.message);
    let broken = syntax(yaml("top", "enabled: true\n  max: [1\n"));
    assert_eq!(broken.tag, ErrorTag::MalformedMessage);
    assert_eq!(broken.info[0], ("line".to_owned(), "2".into()), "{}", broken.message);
    assert_eq!(faults(json("top", " ")), ["/top: the body is empty"]);
    assert!(faults(json("top", "{} {}"))[0].contains("trailing characters"));
    assert!(
        faults(yaml("top", "enabled: true\n---\nenabled: false\n"))[0].contains("more than one document")
    );
    assert!(json("top", "\u{feff}{\"enabled\":true}").is_ok());
    let schema = issuers();
    let options = DecodeOptions::plain(Format::Json, Allow::Config);
    let refused = decode(schema, &path(schema, "top"), b"{\"enabled\":\xff}", &options).unwrap_err();
    assert_eq!(refused[0].message, "the body is not UTF-8: byte 11 is invalid");
}

#[test]
fn yaml_shapes_that_do_not_fit_a_text_are_reported_at_their_path() {
    let found = faults(yaml("top", "enabled: maybe\nissuer:\n- name: a\n  issuer: [x]\n"));
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[1].starts_with("/top/issuer/issuer: issuer: "), "{}", found[1]);
    assert!(found[1].contains("expected a single value at line 4 column 11"), "{}", found[1]);
}

#[test]
fn hostile_bodies_are_refused_cheaply() {
    let deep = |open: &str, close: &str, levels: usize| {
        format!("{{\"notes\": {}1{}}}", open.repeat(levels), close.repeat(levels))
    };
    for format in [Format::Json, Format::Yaml] {
        let found = faults(read(format, "top/issuer/a", &deep("{\"a\":", "}", 70)));
        assert_eq!(found, ["/top/issuer/a/notes: the body is nested deeper than 64 levels"]);
        for levels in [200, 100_000] {
            assert!(read(format, "top/issuer/a", &deep("[", "]", levels)).is_err());
            assert!(read(format, "top/issuer/a", &"[".repeat(levels)).is_err());
        }
    }
    for step in ["- ", "? ", "&a [", "a: ", "- - ", "!!seq [", "'", "\"", "|\n ", "%", "*a "] {
        assert!(yaml("top/issuer/a", &format!("notes:\n  {}", step.repeat(20_000))).is_err(), "{step:?}");
    }
    let mut bomb = String::from("notes:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let uses = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("  a{level}: &a{level} [{uses}]\n"));
    }
    let found = yaml("top/issuer/a", &bomb).unwrap_err();
    assert!(found[0].tag == ErrorTag::TooBig || found[0].message.contains("repetition"), "{found:?}");
    assert!(yaml("top/issuer/a", "notes: &a [*a]").is_err());
    assert!(yaml("top/issuer/a", "notes: *nosuch").is_err());
}

#[test]
fn null_deletes_in_a_patch_only() {
    let schema = issuers();
    assert_eq!(
        faults(json("top", r#"{"enabled":null}"#)),
        ["/top/enabled: enabled: found null, needs a value; leave it out instead"]
    );
    let options = DecodeOptions::plain(Format::Json, Allow::Config);
    let body = br#"{"issuer":"y","secret-note":null,"audiences":["r"],"steps":["s"],"role":[{"max-ttl":null,"name":"r","target":null}],"rule":[]}"#;
    let edits = decode_patch(schema, &path(schema, "top/issuer/a"), body, &options).unwrap();
    let told: Vec<String> =
        edits.iter().map(|edit| format!("{:?} {}", edit.operation, edit.path.to_v1(schema))).collect();
    assert_eq!(
        told,
        [
            "Remove /top/issuer/a/secret-note",
            "Remove /top/issuer/a/role/r/max-ttl",
            "Remove /top/issuer/a/role/r/target",
            "Merge /top/issuer/a",
            "Replace /top/issuer/a/steps",
            "Replace /top/issuer/a/rule",
        ]
    );
    let before = tree(
        schema,
        r#"{"top":{"issuer":[{"name":"a","issuer":"x","secret-note":"n","audiences":["q"],"steps":["p"],
            "role":[{"name":"r","max-ttl":"5m","count":3,"target":{"to":"x"}}],"rule":[{"from":"k","port":1}]}]}}"#,
    );
    let after = tree(
        schema,
        r#"{"top":{"issuer":[{"name":"a","issuer":"y","audiences":["q","r"],"steps":["s"],"role":[{"name":"r","count":3}]}]}}"#,
    );
    assert_eq!(crate::data::edit::apply(schema, &before, &edits), Ok(after));
    let gone = decode_patch(schema, &path(schema, "top/issuer/a"), b"null", &options).unwrap();
    assert_eq!(gone, [Edit::without_value(path(schema, "top/issuer/a"), EditOperation::Remove)]);
}

#[test]
fn rfc7951_4_qualified_names_and_strict_scalars() {
    let schema = issuers();
    let stored =
        |body: &str| decode(schema, &InstancePath::root(), body.as_bytes(), &DecodeOptions::stored());
    let body = r#"{"test:top":{"enabled":true,"test:issuer":[{"name":"a","used":"3","role":[{"name":"r","count":"5"}]}]}}"#;
    assert!(stored(body).is_ok(), "{:?}", stored(body));
    assert!(stored(r#"{"top":{}}"#).is_err(), "the top level is qualified");
    assert!(stored(r#"{"test:top":{"issuer":[{"name":"a","used":3}]}}"#).is_err(), "a uint64 is a string");
    assert!(stored(r#"{"test:top":{"limits":{"max":"3"}}}"#).is_err(), "a uint8 is a number");
}

#[test]
fn operations_have_input_and_output() {
    let schema = issuers();
    let mint = path(schema, "top/issuer/a/mint");
    let Data::Container(input) = json("top/issuer/a/mint", r#"{"ttl":"5m","aud":["x"]}"#).unwrap() else {
        panic!("input")
    };
    assert_eq!(
        input.node,
        schema.find("/top/issuer/mint").map(|id| schema.node(id).schema_children[0]).unwrap()
    );
    assert_eq!(faults(json("top/issuer/a/mint", r#"{"jwt":"x"}"#)).len(), 1);
    let output = DecodeOptions::plain(Format::Json, Allow::Output);
    assert!(decode(schema, &mint, br#"{"jwt":"x"}"#, &output).is_ok());
    assert_eq!(
        faults(json("top/issuer/a/mint", r#"{"aud":[1]}"#)),
        ["/top/issuer/a/mint/aud: aud: 1 is not a string; write it as a string"]
    );
}

#[test]
fn structs_become_data() {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Role {
        name: String,
        max_ttl: Option<String>,
        count: Option<i64>,
    }
    let schema = issuers();
    let node = schema.find("/top/issuer/role").unwrap();
    let role = Role { name: "r".to_owned(), max_ttl: None, count: Some(i64::MIN) };
    let Data::Container(entry) = from_serde(schema, node, &role).unwrap() else { panic!("an entry") };
    assert_eq!(entry.children().len(), 2);
    let Data::List(list) = from_serde(schema, node, &[role]).unwrap() else { panic!("a list") };
    assert_eq!(list.len(), 1);
    assert!(from_serde(schema, node, &serde_json::json!({"name":"r","nosuch":1})).is_err());
}
