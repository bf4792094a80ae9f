//! From the edits of a patch to edits of the datastore, one for one: targets are resolved against the model, and each value
//! is read as the body of a request for its target would be.

use super::message::{Message, SentEdit, SentOperation, SentPlace};
use crate::base::error::ErrorTag;
use crate::base::parallel::both;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::{InstancePath, Keys};
use crate::data::tree::{Position, Tree};
use crate::data::violation::{Violation, shorten};
use crate::surface::restconf::body;
use crate::surface::restconf::media::Format;
use crate::yang::schema::Schema;

/// What the targets of the edits are relative to, and what is stored: a key that can be read in several ways means an entry
/// that is there.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    /// The resource of the request.
    pub path: &'a InstancePath,
    /// The configuration that is patched.
    pub stored: Option<&'a Tree>,
}

/// The edits of a patch of `base`.
///
/// # Errors
/// Everything that is wrong with any of them, by edit.
pub fn compile(
    schema: &Schema,
    base: Base<'_>,
    message: &Message<'_>,
    format: Format,
) -> Result<Vec<Edit>, Vec<Violation>> {
    let compiler = Compiler { schema, base, format };
    let half = message.edits.len() / 2;
    let (first, second) = message.edits.split_at(half);
    let ((mut edits, mut faults), (more, further)) =
        both(message.edits.len(), || compiler.edits(first, 0), || compiler.edits(second, half));
    edits.extend(more);
    faults.extend(further);
    if faults.is_empty() { Ok(edits) } else { Err(faults) }
}

/// Names the edit of each violation that the result of the edits of a patch of `base` has: the last one that is about the same
/// data.
pub fn attribute(schema: &Schema, base: Base<'_>, edits: &[SentEdit<'_>], violations: &mut [Violation]) {
    let compiler = Compiler { schema, base, format: Format::Json };
    let target = |edit: &SentEdit<'_>| compiler.path("target", &edit.target).unwrap_or_default();
    let targets: Vec<InstancePath> = edits.iter().map(target).collect();
    for violation in violations.iter_mut().filter(|violation| violation.edit.is_none()) {
        let path = &violation.path;
        let about = targets.iter().rposition(|target| path.starts_with(target) || target.starts_with(path));
        violation.edit = about.and_then(|index| u16::try_from(index).ok());
    }
}

struct Compiler<'a> {
    schema: &'a Schema,
    base: Base<'a>,
    format: Format,
}

impl Compiler<'_> {
    /// Of some edits, the first of which has that number in the patch: those that can be made, and what is wrong with the others.
    fn edits(&self, all: &[SentEdit<'_>], number: usize) -> (Vec<Edit>, Vec<Violation>) {
        let mut edits = Vec::with_capacity(all.len());
        let mut faults = Vec::new();
        for (index, sent) in all.iter().enumerate() {
            match self.edit(sent) {
                Ok(edit) => edits.push(edit),
                Err(found) => faults.extend(found.into_iter().map(|fault| fault.of_edit(number + index))),
            }
        }
        (edits, faults)
    }

    fn edit(&self, sent: &SentEdit<'_>) -> Result<Edit, Vec<Violation>> {
        let path = self.path("target", &sent.target).map_err(|fault| vec![fault])?;
        if !self.schema.node(path.target()).config {
            let message = format!("the target '{}' is state, which cannot be edited", shorten(&sent.target));
            return Err(vec![Violation::new(ErrorTag::InvalidValue, path, message)]);
        }
        if path.is_whole_list(self.schema) {
            let message = format!(
                "the target '{}' is a list: a key must follow, as in LIST=KEY",
                shorten(&sent.target)
            );
            return Err(vec![Violation::new(ErrorTag::InvalidValue, path, message)]);
        }
        let place = |place: &SentPlace| self.position(&path, place).map_err(|fault| vec![fault]);
        let operation = match &sent.operation {
            SentOperation::Create => EditOperation::Create,
            SentOperation::Insert(at) => EditOperation::Insert(place(at)?),
            SentOperation::Merge => EditOperation::Merge,
            SentOperation::Replace => EditOperation::Replace,
            SentOperation::Move(at) => {
                return Ok(Edit::without_value(path.clone(), EditOperation::Move(place(at)?)));
            }
            SentOperation::Delete => return Ok(body::delete(self.schema, &path)),
            SentOperation::Remove => return Ok(Edit::without_value(path, EditOperation::Remove)),
        };
        let value = sent.value.as_deref().unwrap_or_default();
        body::content(self.schema, &path, self.format, value.as_bytes(), operation)
    }

    /// A path that is relative to the resource of the request.
    fn path(&self, member: &str, text: &str) -> Result<InstancePath, Violation> {
        let relative = text.trim_start_matches('/');
        if relative.is_empty() {
            return Ok(self.base.path.clone());
        }
        self.base.path.parse_below(self.schema, relative, self.base.stored).map_err(|fault| {
            let message = format!("'{member}' is '{}': {}", shorten(text), fault.message);
            Violation { message, ..fault }
        })
    }

    fn position(&self, entry: &InstancePath, place: &SentPlace) -> Result<Position, Violation> {
        Ok(match place {
            SentPlace::First => Position::First,
            SentPlace::Last => Position::Last,
            SentPlace::Before(point) => Position::Before(self.sibling(entry, point)?),
            SentPlace::After(point) => Position::After(self.sibling(entry, point)?),
        })
    }

    /// The key of the entry that `point` names, which stands in the list of the target.
    fn sibling(&self, entry: &InstancePath, point: &str) -> Result<Keys, Violation> {
        let path = self.path("point", point)?;
        let list = entry.entry(Vec::new());
        if path.keys().is_empty() || path.entry(Vec::new()) != list {
            let message = format!(
                "'point' is '{}', which is no entry of {}",
                shorten(point),
                list.to_restconf(self.schema)
            );
            return Err(Violation::new(ErrorTag::InvalidValue, path, message));
        }
        Ok(path.keys().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::schema;
    use crate::surface::restconf::patch::message;
    use crate::yang::schema::Value;

    /// A patch with so many edits of leafs of as many entries; the numbers of some are texts.
    fn patch(edits: usize, wrong: &[usize]) -> String {
        let edit = |at: usize| {
            let value = if wrong.contains(&at) { serde_json::json!("much") } else { serde_json::json!(at) };
            serde_json::json!({"edit-id": at.to_string(), "operation": "merge", "target": format!("/item=i{at}/size"),
                "value": {"test:size": value}})
        };
        let edits: Vec<_> = (0..edits).map(edit).collect();
        serde_json::json!({"ietf-yang-patch:yang-patch": {"patch-id": "p", "edit": edits}}).to_string()
    }

    #[test]
    fn the_edits_of_a_large_patch_keep_their_order_and_their_faults_their_numbers() {
        let schema =
            schema("container top\n  list item key=name\n    leaf name string\n    leaf size uint8\n");
        let base = InstancePath::parse_restconf(&schema, "test:top").unwrap();
        for count in [0, 1, 10, 201] {
            let (right, wrong) = (patch(count, &[]), patch(count, &[3, 90, 200]));
            let read = |body: &str| {
                compile(
                    &schema,
                    Base { path: &base, stored: None },
                    &message::read(body.as_bytes(), Format::Json.into()).unwrap(),
                    Format::Json,
                )
            };
            let edits = read(&right).unwrap();
            let names: Vec<Value> = edits.iter().map(|edit| edit.path.steps[1].keys[0].clone()).collect();
            let expected: Vec<Value> = (0..count).map(|at| Value::string(format!("i{at}"))).collect();
            assert_eq!(names, expected);
            let told: Vec<u16> =
                read(&wrong).err().unwrap_or_default().iter().filter_map(|fault| fault.edit).collect();
            let expected: Vec<u16> = [3, 90, 200].into_iter().filter(|at| usize::from(*at) < count).collect();
            assert_eq!(told, expected);
        }
    }
}
