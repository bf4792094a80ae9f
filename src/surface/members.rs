//! A JSON object as its members with the text of their values: for bodies whose parts are decoded against a model each by
//! itself, once it is known which node they belong to.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members, in their order; no name stands twice.
#[derive(Debug, Default)]
pub struct Members<'b>(pub Vec<(Cow<'b, str>, &'b RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    let value = map.next_value()?;
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format!("'{name}' stands twice in an object")));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A name that is borrowed from the text where that has it without escapes.
#[derive(Deserialize)]
pub struct Name<'b>(#[serde(borrow)] pub Cow<'b, str>);
