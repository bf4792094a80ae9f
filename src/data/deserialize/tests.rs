use serde::Deserialize;

use super::*;
use crate::data::decode::from_serde;
use crate::data::testing::{issuers, path, tree};

#[derive(Clone, Copy, Debug, Deserialize, serde::Serialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Level {
    Low,
    High,
}

#[derive(Debug, Deserialize, serde::Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
struct Role {
    name: String,
    max_ttl: crate::base::duration::Duration,
    count: Option<i64>,
    #[serde(default)]
    flag: bool,
    level: Level,
    #[serde(default)]
    target: Target,
}

#[derive(Debug, Default, Deserialize, serde::Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
struct Target {
    to: Option<String>,
    sites: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
struct Issuer {
    name: String,
    secret_note: Option<String>,
    #[serde(default)]
    audiences: Vec<String>,
    #[serde(default)]
    role: Vec<Role>,
}

#[test]
fn structs_are_read_with_defaults_and_secrets() {
    let schema = issuers();
    let tree = tree(
        schema,
        r#"{"top":{"issuer":[{"name":"a","secret-note":"s","audiences":["x"],
            "role":[{"name":"r","flag":[null],"count":-3,"level":"high","target":{"sites":["s1"]}},{"name":"t","max-ttl":"5m"}]}]}}"#,
    );
    let issuer: Issuer = from_data(schema, tree.entry(&path(schema, "top/issuer/a")).unwrap()).unwrap();
    assert_eq!(issuer.secret_note.as_deref(), Some("s"));
    assert_eq!(issuer.audiences, ["x"]);
    let [first, second] = issuer.role.as_slice() else { panic!("two roles") };
    assert_eq!(
        (first.max_ttl.seconds(), first.count, first.flag, first.level),
        (3600, Some(-3), true, Level::High)
    );
    assert_eq!(first.target.sites.as_deref(), Some(&["s1".to_owned()][..]));
    assert_eq!((second.max_ttl.seconds(), second.flag, second.level), (300, false, Level::Low));
    assert_eq!(second.target, Target::default());
}

#[test]
fn a_struct_goes_there_and_back() {
    let schema = issuers();
    let role = Role {
        name: "r".to_owned(),
        max_ttl: crate::base::duration::Duration::from_seconds(60),
        count: Some(1),
        flag: false,
        level: Level::High,
        target: Target { to: Some("all".to_owned()), sites: None },
    };
    #[derive(serde::Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Written<'r> {
        name: &'r str,
        max_ttl: crate::base::duration::Duration,
        count: Option<i64>,
        level: Level,
        target: &'r Target,
    }
    let Role { name, max_ttl, count, level, target, .. } = &role;
    let written = Written { name, max_ttl: *max_ttl, count: *count, level: *level, target };
    let node = schema.find("/top/issuer/role").unwrap();
    let Data::Container(entry) = from_serde(schema, node, &written).unwrap() else { panic!("an entry") };
    assert_eq!(from_data::<Role>(schema, &entry).unwrap(), role);
}

#[test]
fn a_misfit_names_its_place_but_no_secret() {
    let schema = issuers();
    let tree = tree(schema, r#"{"top":{"issuer":[{"name":"a","secret-note":"hunter2"}]}}"#);
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Wrong {
        #[allow(dead_code)]
        secret_note: u32,
    }
    let error = from_data::<Wrong>(schema, tree.entry(&path(schema, "top/issuer/a")).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "/top/issuer/secret-note cannot be read: the secret does not fit");
}

#[test]
fn an_operation_without_input_has_unit() {
    let schema = issuers();
    assert_eq!(from_data::<()>(schema, &Container::new(schema.find("/top/limits").unwrap())), Ok(()));
}

/// Reading the product's own model.
mod product {
    use serde::Deserialize;

    use super::super::*;
    use crate::data::decode::{Allow, DecodeOptions, Format, decode};
    use crate::data::path::InstancePath;
    use crate::yang::product::compile_product;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Role {
        name: String,
        #[serde(default)]
        allowed_audiences: Vec<String>,
        require_audience: bool,
        max_ttl: Option<String>,
        algorithm: Option<Algorithm>,
        #[serde(default)]
        fixed_claims: Vec<Claim>,
        distribute: Distribute,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Algorithm {
        ES256,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Claim {
        name: String,
        value: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Distribute {
        to: Option<String>,
        #[serde(default)]
        sites: Vec<String>,
    }

    fn read<T: DeserializeOwned>(path: &str, body: &str) -> Result<T, DeserializeError> {
        let schema = compile_product().unwrap();
        let path = InstancePath::parse_v1(&schema, path).unwrap();
        let options = DecodeOptions::plain(Format::Yaml, Allow::Config);
        let Data::Container(entry) = decode(&schema, &path, body.as_bytes(), &options).unwrap() else {
            panic!("no entry")
        };
        from_data(&schema, &entry)
    }

    const ROLE: &str = "strongbox/jwt-issuers/i/roles/r";

    #[test]
    fn what_is_stored_and_what_is_in_use_by_default() {
        let role: Role = read(
            ROLE,
            "{allowed-audiences: [b, a], max-ttl: 60m, algorithm: ES256, fixed-claims: [{name: n, value: v}]}",
        )
        .unwrap();
        let expected = Role {
            name: "r".to_owned(),
            allowed_audiences: vec!["b".to_owned(), "a".to_owned()],
            require_audience: true,
            max_ttl: Some("1h".to_owned()),
            algorithm: Some(Algorithm::ES256),
            fixed_claims: vec![Claim { name: "n".to_owned(), value: "v".to_owned() }],
            distribute: Distribute { to: Some("inherit".to_owned()), sites: Vec::new() },
        };
        assert_eq!(role, expected);
    }

    #[test]
    fn rfc7950_7_9_3_a_default_of_a_case_that_is_not_chosen_is_not_in_use() {
        let role: Role = read(ROLE, "{distribute: {sites: [x]}}").unwrap();
        assert_eq!(role.distribute, Distribute { to: None, sites: vec!["x".to_owned()] });
    }

    #[test]
    fn a_struct_that_does_not_fit_is_named_with_its_node() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Wrong {
            #[allow(dead_code)]
            require_audience: u32,
        }
        let error = read::<Wrong>(ROLE, "{}").unwrap_err().to_string();
        assert!(
            error.starts_with("/strongbox/jwt-issuers/roles/require-audience cannot be read: invalid type"),
            "{error}"
        );
    }

    #[test]
    fn rfc7950_7_21_5_a_default_whose_condition_is_false_is_not_in_use() {
        #[derive(Debug, Deserialize, PartialEq)]
        struct Entry {
            near: Option<String>,
            far: Option<String>,
            c: Inside,
        }
        #[derive(Debug, Deserialize, PartialEq)]
        struct Inside {
            deep: Option<String>,
        }
        let yang = r#"module test { yang-version 1.1; namespace urn:test; prefix t;
          leaf mode { type string; }
          list l { key k; leaf k { type string; } leaf kind { type string; }
            leaf near { when "../kind = 'x'"; type string; default n; }
            leaf far { when "../../mode = 'x'"; type string; default f; }
            container c { leaf deep { when "../../kind = 'x'"; type string; default d; } } } }"#;
        let schema = crate::data::testing::from_yang(&[("test.yang", yang)]);
        let json = r#"{"mode": "x", "l": [{"k": "a", "kind": "x"}, {"k": "b"}]}"#;
        let tree = crate::data::testing::tree(&schema, json);
        let entry = |near: Option<&str>, far: Option<&str>, deep: Option<&str>| Entry {
            near: near.map(str::to_owned),
            far: far.map(str::to_owned),
            c: Inside { deep: deep.map(str::to_owned) },
        };
        for (path, expected) in
            [("l/a", entry(Some("n"), Some("f"), Some("d"))), ("l/b", entry(None, Some("f"), None))]
        {
            let path = InstancePath::parse_v1(&schema, path).unwrap();
            assert_eq!(from_tree::<Entry>(&schema, &tree, &path).unwrap(), expected);
            let alone: Entry = from_data(&schema, tree.entry(&path).unwrap()).unwrap();
            assert_eq!(alone, Entry { far: None, ..expected });
        }
    }

    #[test]
    fn an_empty_input_is_the_unit() {
        let schema = compile_product().unwrap();
        let input = schema.find("/strongbox/transit-keys/rotate").unwrap();
        assert_eq!(from_data::<()>(&schema, &Container::new(input)), Ok(()));
    }
}
