//! A YANG Patch in JSON.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::message::{Loose, LooseEdit, malformed};
use crate::data::violation::Violation;
use crate::surface::members::Members;

const NAME: &str = "ietf-yang-patch:yang-patch";

pub(super) fn read(body: &str) -> Result<Loose<'_>, Violation> {
    let outer: Members<'_> = parse(body)?;
    let [(name, patch)] = outer.0.as_slice() else {
        return Err(malformed(&format!("the body has {} members", outer.0.len())));
    };
    if name != NAME {
        return Err(malformed("the body's one member is another"));
    }
    let mut loose = Loose::default();
    let patch: Members<'_> = parse(patch.get())?;
    for (name, value) in patch.0 {
        match &*name {
            "patch-id" => loose.patch_id = Some(text(value)?),
            "comment" => loose.comment = Some(text(value)?),
            "edit" => {
                let edits: Vec<Members<'_>> = parse(value.get())?;
                loose.edits = edits.into_iter().map(edit).collect::<Result<_, _>>()?;
            }
            _ => loose.unknown.push(name.into_owned()),
        }
    }
    Ok(loose)
}

fn edit(members: Members<'_>) -> Result<LooseEdit<'_>, Violation> {
    let mut edit = LooseEdit::default();
    for (name, value) in members.0 {
        if name == "value" {
            edit.value = Some(Cow::Borrowed(value.get()));
        } else if let Some(slot) = edit.text(&name) {
            *slot = Some(text(value)?);
        } else {
            edit.unknown.push(name.into_owned());
        }
    }
    Ok(edit)
}

fn text(value: &RawValue) -> Result<String, Violation> {
    parse(value.get())
}

fn parse<'b, T: serde::Deserialize<'b>>(text: &'b str) -> Result<T, Violation> {
    serde_json::from_str(text).map_err(|error| {
        // A reader may quote a whole line of the body.
        let reason: String = error.to_string().chars().take(300).collect();
        malformed(&format!("the body is not JSON of a patch: {reason}"))
    })
}
