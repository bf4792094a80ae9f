//! Documents of whole models: what stands where.

use serde_json::{Value, json};

use super::*;
use crate::yang::testing::schema;

const MODEL: &str = "
    typedef percent { type uint8 { range '0..100'; } description 'A share'; }
    container fans { description 'All
          of them.';
      leaf speed { type percent; units percent; default 40; description 'How fast'; }
      leaf password { type string { length '8..64'; } }
      leaf model { type string; mandatory true; }
      leaf seen { type string; config false; }
      list fan { key name; min-elements 1; leaf name { type string; } leaf target { type percent; mandatory true; status deprecated; }
        must 'target > 1' { error-message 'too slow'; } }
      leaf-list tag { type string; max-elements 3; }
      choice drive { mandatory true; leaf belt { type empty; } case gear { leaf teeth { type uint8; } leaf ratio { type uint8; } } }
      choice colour { leaf red { type empty; } leaf blue { type empty; } }
      container on { presence 'switched on'; } } ";

fn document(encoding: Encoding, document: Document) -> Value {
    of_document(&schema(&[MODEL]), encoding, document)
}

#[test]
fn what_is_mandatory_is_required_and_what_is_unknown_refused() {
    let found = document(Encoding::Plain, Document::Config);
    let fans = &found["properties"]["fans"];
    assert_eq!(found["required"], json!(["fans"]), "a mandatory node lies inside");
    assert_eq!(fans["required"], json!(["model", "fan"]));
    assert_eq!(
        (&fans["additionalProperties"], &fans["description"]),
        (&json!(false), &json!("All of them."))
    );
    assert_eq!(
        fans["properties"]["speed"],
        json!({"$ref": "#/$defs/type.percent", "default": 40, "description": "How fast (units: percent)"})
    );
    assert_eq!(
        found["$defs"]["type.percent"],
        json!({"type": "integer", "minimum": 0, "maximum": 100, "examples": [1]})
    );
    assert_eq!(fans["properties"]["seen"], Value::Null, "state is no configuration");
    assert_eq!(fans["properties"]["tag"]["maxItems"], 3);
}

#[test]
fn entries_of_lists_have_definitions_and_keys() {
    let found = document(Encoding::Plain, Document::Config);
    let fan = &found["properties"]["fans"]["properties"]["fan"];
    assert_eq!(fan["minItems"], 1);
    assert_eq!(fan["items"], json!({"$ref": "#/$defs/fans.fan.whole", "required": ["name"]}));
    let entry = &found["$defs"]["fans.fan.whole"];
    assert_eq!(entry["required"], json!(["target"]));
    assert_eq!(entry["$comment"], "must target > 1 (too slow)");
    assert_eq!(entry["properties"]["target"]["deprecated"], true);
}

#[test]
fn rfc7950_7_9_cases_exclude_each_other() {
    let found = document(Encoding::Plain, Document::Config);
    let rules = &found["properties"]["fans"]["allOf"];
    assert_eq!(
        rules[0],
        json!({"oneOf": [{"required": ["belt"]}, {"anyOf": [{"required": ["teeth"]}, {"required": ["ratio"]}]}]})
    );
    assert_eq!(rules[1]["oneOf"][2]["not"]["anyOf"], json!([{"required": ["red"]}, {"required": ["blue"]}]));
}

#[test]
fn rfc7951_4_names_have_their_modules_and_state_is_read_only() {
    let found = document(Encoding::Rfc7951, Document::Data);
    let fans = &found["properties"]["t:fans"];
    assert_eq!(fans["properties"]["seen"]["readOnly"], true);
    assert_eq!(fans["patternProperties"], json!({"^@": true}));
}

#[test]
fn a_boot_file_is_a_tenant_and_its_configuration() {
    let found = document(Encoding::Plain, Document::Boot);
    assert_eq!(found["properties"]["tenant"]["default"], "system");
    assert_eq!(found["properties"]["config"]["required"], Value::Null);
}

#[test]
fn documents_of_the_product_stay_small() {
    let schema = crate::yang::compile_product().unwrap();
    let text = of_document(&schema, Encoding::Plain, Document::Boot).to_string();
    assert!(text.len() < 120_000, "{}", text.len());
}
