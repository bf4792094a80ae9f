//! The seed of `anydata` and `anyxml`: any value, within the same limits, kept as JSON.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

use super::scalar::scalars;
use super::{Allow, Decoder};
use crate::base::error::ErrorTag;
use crate::data::violation::shorten;
use crate::data::xml::has_form;
use crate::yang::schema::types::Raw;
use crate::yang::syntax::argument::is_reference;

/// Reads any value; `None` where something in it was refused.
pub(super) struct AnySeed<'d, 's> {
    pub decoder: &'d mut Decoder<'s>,
}

impl Decoder<'_> {
    /// Holds what a client wrote into `anydata` or `anyxml` against what can be read back in every encoding: names of nodes
    /// (RFC 7950 section 7.10), and texts without what YANG and XML have no character for.
    pub(super) fn check_any(&mut self, value: &Json) {
        // What the server itself kept was looked at when it came.
        if matches!(self.options.allow, Allow::Stored | Allow::Kept) {
            return;
        }
        match value {
            Json::String(text) => {
                if let Some(letter) = text.chars().find(|letter| !has_form(*letter)) {
                    let code = u32::from(letter);
                    let message =
                        format!("the character U+{code:04X} is in no text of YANG (RFC 7950 section 9.4)");
                    self.report(ErrorTag::InvalidValue, message);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| self.check_any(item)),
            Json::Object(members) => {
                for (name, member) in members {
                    if !self.can_name_a_node(name) {
                        let message = format!(
                            "'{}' cannot be the name of a node, as 'name' or 'module:name' with a module of this server",
                            shorten(name)
                        );
                        self.report(ErrorTag::InvalidValue, message);
                    }
                    self.check_any(member);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn can_name_a_node(&self, name: &str) -> bool {
        let module = name.split_once(':').map(|(module, _)| self.schema.module_by_name(module));
        is_reference(name) && module != Some(None)
    }
}

impl<'de> DeserializeSeed<'de> for AnySeed<'_, '_> {
    type Value = Option<Json>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.decoder.count()?;
        deserializer.deserialize_any(self)
    }
}

impl AnySeed<'_, '_> {
    fn scalar<E: de::Error>(self, raw: Raw<'_>) -> Result<Option<Json>, E> {
        Ok(match raw {
            Raw::Text(text) => Some(Json::from(text)),
            Raw::Bool(value) => Some(Json::from(value)),
            Raw::Int(value) => Some(Json::from(value)),
            Raw::Uint(value) => Some(Json::from(value)),
            Raw::Float(value) => {
                let number = Number::from_f64(value);
                if number.is_none() {
                    self.decoder.report(ErrorTag::InvalidValue, format!("{value} is not a number"));
                }
                number.map(Json::Number)
            }
            Raw::Null => Some(Json::Null),
        })
    }

    fn null<E: de::Error>(self) -> Result<Option<Json>, E> {
        Ok(Some(Json::Null))
    }
}

impl<'de> Visitor<'de> for AnySeed<'_, '_> {
    type Value = Option<Json>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let AnySeed { decoder } = self;
        decoder.enter()?;
        let mut all = Some(Vec::new());
        while let Some(item) = items.next_element_seed(AnySeed { decoder: &mut *decoder })? {
            match (&mut all, item) {
                (Some(all), Some(item)) => all.push(item),
                _ => all = None,
            }
        }
        decoder.leave();
        Ok(all.map(Json::Array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let AnySeed { decoder } = self;
        decoder.enter()?;
        let mut all = Some(Map::new());
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(AnySeed { decoder: &mut *decoder })?;
            let (Some(map), Some(value)) = (&mut all, value) else {
                all = None;
                continue;
            };
            if map.contains_key(&name) {
                decoder.report(ErrorTag::InvalidValue, format!("'{}' is given twice", shorten(&name)));
            }
            map.insert(name, value);
        }
        decoder.leave();
        Ok(all.map(Json::Object))
    }
}
