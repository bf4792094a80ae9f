//! A YANG Patch in JSON: the body is read once from its beginning to its end, and of the values of edits only how long they
//! are.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::message::{Loose, LooseEdit, malformed};
use crate::data::violation::Violation;
use crate::surface::members::Name;

const NAME: &str = "ietf-yang-patch:yang-patch";

pub(super) fn read(body: &str) -> Result<Loose<'_>, Violation> {
    let body: Body<'_> = serde_json::from_str(body).map_err(|error| {
        // A reader may quote a whole line of the body.
        let reason: String = error.to_string().chars().take(300).collect();
        malformed(&format!("the body is not JSON of a patch: {reason}"))
    })?;
    match body {
        Body { members: 1, patch: Some(patch) } => Ok(patch),
        Body { members: 1, patch: None } => Err(malformed("the body's one member is another")),
        Body { members, .. } => Err(malformed(&format!("the body has {members} members"))),
    }
}

/// What is sent: an object with the patch as its one member.
#[derive(Default)]
struct Body<'b> {
    members: usize,
    patch: Option<Loose<'b>>,
}

/// An object that is filled member by member.
trait Filled<'b>: Default {
    /// Takes a member in; its value must be read. False when it stands there for the second time.
    fn member<A: MapAccess<'b>>(&mut self, name: Cow<'b, str>, map: &mut A) -> Result<bool, A::Error>;
}

/// The object in which a reader stands.
fn object<'b, T: Filled<'b>, D: Deserializer<'b>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(T);
    impl<'b, T: Filled<'b>> Visitor<'b> for Object<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'b>>(mut self, mut map: A) -> Result<T, A::Error> {
            while let Some(Name(name)) = map.next_key()? {
                if !self.0.member(name, &mut map)? {
                    return Err(A::Error::custom("a member stands twice in an object"));
                }
            }
            Ok(self.0)
        }
    }
    deserializer.deserialize_map(Object(T::default()))
}

impl<'b> Filled<'b> for Body<'b> {
    fn member<A: MapAccess<'b>>(&mut self, name: Cow<'b, str>, map: &mut A) -> Result<bool, A::Error> {
        self.members += 1;
        if name != NAME {
            map.next_value::<IgnoredAny>()?;
            return Ok(true);
        }
        Ok(self.patch.replace(map.next_value()?).is_none())
    }
}

impl<'b> Filled<'b> for Loose<'b> {
    fn member<A: MapAccess<'b>>(&mut self, name: Cow<'b, str>, map: &mut A) -> Result<bool, A::Error> {
        Ok(match &*name {
            "patch-id" => self.patch_id.replace(map.next_value()?).is_none(),
            "comment" => self.comment.replace(map.next_value()?).is_none(),
            "edit" => self.edits.replace(map.next_value()?).is_none(),
            _ => {
                map.next_value::<IgnoredAny>()?;
                unknown(&mut self.unknown, name)
            }
        })
    }
}

impl<'b> Filled<'b> for LooseEdit<'b> {
    fn member<A: MapAccess<'b>>(&mut self, name: Cow<'b, str>, map: &mut A) -> Result<bool, A::Error> {
        if name == "value" {
            let value: &'b RawValue = map.next_value()?;
            return Ok(self.value.replace(Cow::Borrowed(value.get())).is_none());
        }
        if let Some(slot) = self.text(&name) {
            return Ok(slot.replace(map.next_value()?).is_none());
        }
        map.next_value::<IgnoredAny>()?;
        Ok(unknown(&mut self.unknown, name))
    }
}

fn unknown(known: &mut Vec<String>, name: Cow<'_, str>) -> bool {
    let is_first = !known.iter().any(|known| *known == name);
    known.push(name.into_owned());
    is_first
}

impl<'de> Deserialize<'de> for Body<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer)
    }
}

impl<'de> Deserialize<'de> for Loose<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer)
    }
}

impl<'de> Deserialize<'de> for LooseEdit<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer)
    }
}
