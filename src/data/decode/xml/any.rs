//! The content of `anydata` and `anyxml` as JSON, in the manner of RFC 7951: elements are members, qualified where the
//! module changes; elements of one name are an array; everything else is text, since no model tells its type.

use serde_json::{Map, Value as Json};

use super::source::{Namespace, Source, Tag, Token};
use super::{Decoder, Stop, XmlStop, is_blank};
use crate::base::error::ErrorTag;
use crate::data::violation::shorten;
use crate::yang::schema::NodeKind;

impl Decoder<'_> {
    /// Reads up to the end tag; `None` where something was refused.
    pub(super) fn xml_any(&mut self, source: &mut Source<'_, '_>) -> Result<Option<Json>, XmlStop> {
        let node = self.schema.node(self.path.target());
        let is_anydata = matches!(node.kind, NodeKind::Anydata);
        let value = self.any_content(source, &Namespace::Module(node.module))?;
        Ok(value.map(|value| match value {
            Json::String(text) if is_anydata && is_blank(&text) => Json::Object(Map::new()),
            other => other,
        }))
    }

    /// The content of an element of a namespace.
    fn any_content(
        &mut self,
        source: &mut Source<'_, '_>,
        around: &Namespace,
    ) -> Result<Option<Json>, XmlStop> {
        self.count::<Stop>()?;
        self.enter::<Stop>()?;
        let mut text = String::new();
        let mut members = Map::new();
        let mut is_whole = true;
        loop {
            match source.next()? {
                Token::Text(more) => text.push_str(&more),
                Token::Open(tag) => {
                    if let Some(attribute) = source.attributes(&tag)?.first() {
                        let name = shorten(&attribute.name);
                        self.report(
                            ErrorTag::UnknownAttribute,
                            format!("the attribute '{name}' has no place in data that no model describes"),
                        );
                        is_whole = false;
                    }
                    let name = self.any_name(&tag, around);
                    let value = self.any_content(source, &tag.namespace)?;
                    match (name, value) {
                        (Some(name), Some(value)) => add(&mut members, name, value),
                        _ => is_whole = false,
                    }
                }
                Token::Close => break,
                Token::End => return Err(source.malformed("the text ends within an element").into()),
            }
        }
        self.leave();
        if !members.is_empty() && !is_blank(&text) {
            self.misfit("text between elements", "either");
            return Ok(None);
        }
        let value = if members.is_empty() { Json::String(text) } else { Json::Object(members) };
        Ok(is_whole.then_some(value))
    }

    fn any_name(&mut self, tag: &Tag<'_>, around: &Namespace) -> Option<String> {
        match &tag.namespace {
            namespace if namespace == around => Some(tag.name().to_owned()),
            Namespace::Module(module) => Some(format!("{}:{}", self.schema.module(*module).name, tag.name())),
            Namespace::None => Some(tag.name().to_owned()),
            Namespace::Other(other) => {
                let message = format!(
                    "no module has the namespace '{}' of '{}', so it has no name here",
                    shorten(other),
                    shorten(tag.name())
                );
                self.report(ErrorTag::UnknownNamespace, message);
                None
            }
        }
    }
}

/// Adds a member; a name that comes again makes an array.
fn add(members: &mut Map<String, Json>, name: String, value: Json) {
    match members.get_mut(&name) {
        None => {
            members.insert(name, value);
        }
        Some(Json::Array(values)) => values.push(value),
        Some(first) => {
            let before = first.take();
            *first = Json::Array(vec![before, value]);
        }
    }
}
