//! The parameters of an endpoint as data: name, type, where the value stands in the model, and a sentence for `?help=1`.

use serde_json::{Map, Value};

use super::coerce::{coerce, policy_names};
use super::fault::Fault;

/// What a field accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// The name of an entry, without spaces at its ends; which one it means, [`super::call::Call::meant`] tells.
    EntryName,
    /// A text that never appears in an error.
    Secret,
    /// A text in base64.
    Base64,
    /// True or false.
    Flag,
    /// A whole number.
    Int,
    /// Whole seconds, or a text such as `1h30m`.
    Duration,
    /// The same, where an empty text says nothing and `system` takes back what was said.
    LeaseLength,
    /// A duration, also below zero.
    SignedDuration,
    /// Several texts, or one with commas.
    TextList,
    /// Names of policies, each once, in order; in lower case, but for [`Arguments::name_policies`].
    PolicyNames,
    /// An object.
    Map,
    /// Names and texts: an object, or texts of the form `name=text`.
    Pairs,
    /// Whatever it is.
    Any,
}

impl Kind {
    /// The name of the type in help texts.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Text | Kind::Secret | Kind::Base64 => "string",
            Kind::EntryName => "lowercase string",
            Kind::Flag => "bool",
            Kind::Int => "int",
            Kind::Duration | Kind::LeaseLength | Kind::SignedDuration => "duration (sec)",
            Kind::TextList | Kind::PolicyNames => "[]string",
            Kind::Map => "map",
            Kind::Pairs => "keypair",
            Kind::Any => "any",
        }
    }

    /// The JSON type in an OpenAPI document.
    pub const fn json_type(self) -> &'static str {
        match self {
            Kind::Text | Kind::EntryName | Kind::Secret | Kind::Base64 => "string",
            Kind::Flag => "boolean",
            Kind::Int | Kind::Duration | Kind::LeaseLength | Kind::SignedDuration => "integer",
            Kind::TextList | Kind::PolicyNames => "array",
            Kind::Map | Kind::Pairs | Kind::Any => "object",
        }
    }

    /// What a client reads where the model has no value.
    pub fn nothing(self) -> Value {
        match self {
            Kind::Text | Kind::EntryName | Kind::Secret | Kind::Base64 => Value::from(""),
            Kind::Flag => Value::Bool(false),
            Kind::Int | Kind::Duration | Kind::LeaseLength | Kind::SignedDuration => Value::from(0),
            Kind::TextList | Kind::PolicyNames => Value::Array(Vec::new()),
            Kind::Map | Kind::Pairs => Value::Object(Map::new()),
            Kind::Any => Value::Null,
        }
    }
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it accepts.
    pub kind: Kind,
    /// The leaf, leaf-list or list of names and values that it is in the model; empty where a handler sees to it.
    pub leaf: &'static str,
    /// A sentence for people.
    pub about: &'static str,
    /// An older name of another field: only accepted, and only where that field is not given.
    pub alias_of: &'static str,
}

impl Field {
    /// A field that a handler reads itself.
    pub const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Field { name, kind, leaf: "", about, alias_of: "" }
    }

    /// A field that is a leaf of the model.
    pub const fn of(name: &'static str, kind: Kind, leaf: &'static str, about: &'static str) -> Self {
        Field { name, kind, leaf, about, alias_of: "" }
    }

    /// An older name of a field.
    pub const fn alias(name: &'static str, kind: Kind, of: &'static str) -> Self {
        Field {
            name,
            kind,
            leaf: "",
            about: "Deprecated: use the field with the prefix 'token_'.",
            alias_of: of,
        }
    }
}

/// The parameters of a request, each in its one form.
#[derive(Clone, Debug, Default)]
pub struct Arguments(Map<String, Value>);

/// Parameters, and the names of those that the endpoint does not have.
pub struct Read {
    /// Those that it has.
    pub arguments: Arguments,
    /// Names of the others.
    pub unknown: Vec<String>,
}

impl Arguments {
    /// Reads what was sent by the fields of an endpoint. What was sent and says nothing is as if it had not been sent.
    ///
    /// # Errors
    /// 400 for a value that cannot be one of its type.
    pub fn read(fields: &[&[Field]], sent: &Map<String, Value>) -> Result<Read, Fault> {
        let known = || fields.iter().flat_map(|group| group.iter());
        let mut arguments = Map::new();
        for field in known() {
            let Some(value) = sent.get(field.name) else { continue };
            let Some(value) = coerce(field.name, field.kind, value).map_err(Fault::bad_request)? else {
                continue;
            };
            if field.alias_of.is_empty() {
                arguments.insert(field.name.to_owned(), value);
            } else if !sent.contains_key(field.alias_of) {
                arguments.insert(field.alias_of.to_owned(), value);
            }
        }
        let is_known = |name: &&String| known().any(|field| field.name == name.as_str());
        let unknown = sent.keys().filter(|name| !is_known(name)).cloned().collect();
        Ok(Read { arguments: Arguments(arguments), unknown })
    }

    /// Brings names of policies into the form under which they are there.
    pub fn name_policies(
        &mut self,
        fields: &[&[Field]],
        sent: &Map<String, Value>,
        is_there: impl Fn(&str) -> bool,
    ) {
        for field in fields.iter().copied().flatten().filter(|field| field.kind == Kind::PolicyNames) {
            let is_counted = field.alias_of.is_empty() || !sent.contains_key(field.alias_of);
            let names = sent.get(field.name).filter(|_| is_counted).map(|sent| policy_names(sent, &is_there));
            if let Some(Ok(names)) = names {
                self.set(if field.alias_of.is_empty() { field.name } else { field.alias_of }, names.into());
            }
        }
    }

    /// A value, if it was sent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Whether a value was sent.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text that was sent and is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A flag; false when it was not sent.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A number or a duration in seconds; 0 when it was not sent.
    pub fn number(&self, name: &str) -> i64 {
        self.get(name).and_then(Value::as_i64).unwrap_or_default()
    }

    /// The texts of a list.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let members = self.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        members.iter().filter_map(Value::as_str).collect()
    }

    /// Puts a value in place of what was sent.
    pub fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// Takes a value out.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }
}
