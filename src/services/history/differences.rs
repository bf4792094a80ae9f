//! Differences as lines: each node that changed with its value before and after. What never comes back shows as `***`.

use serde::Serialize;

use super::commits::name_of;
use super::eyes::Eyes;
use crate::data::diff::{Change, ChangeKind};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data};
use crate::yang::schema::Value;

/// How many lines there are at most.
const LINES: usize = 10_000;

/// What is written for a value that never comes back.
const SECRET: &str = "***";

/// The grouping `differences`, and between which revisions.
#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::services) struct Differences {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Line>,
    #[serde(skip_serializing_if = "is_none")]
    pub further_changes: usize,
}

#[derive(Serialize)]
pub(in crate::services) struct Line {
    path: String,
    change: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    before: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    after: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(number: &usize) -> bool {
    *number == 0
}

impl Differences {
    /// Those of the changes that a reader may see.
    pub fn of(eyes: &Eyes<'_>, changes: &[Change]) -> Self {
        let mut differences = Differences::default();
        for change in changes.iter().filter(|change| eyes.schema.node(change.path.target()).config) {
            differences.add(eyes, change);
        }
        differences
    }

    fn add(&mut self, eyes: &Eyes<'_>, change: &Change) {
        let shown = |data: &Option<Data>| data.as_ref().and_then(|data| eyes.shown(&change.path, data));
        let (before, after) = (shown(&change.before), shown(&change.after));
        if before.is_none() && after.is_none() {
            return;
        }
        let mut path = change.path.clone();
        match (change.kind, &before, &after) {
            (ChangeKind::Moved, ..) => self.line(eyes, &path, change.kind, Vec::new(), Vec::new()),
            (kind, Some(Data::Container(entry)), None) | (kind, None, Some(Data::Container(entry))) => {
                self.whole(eyes, &mut path, kind, entry);
            }
            (kind, before, after) => {
                let values = |data: &Option<Data>| data.as_ref().map(|data| values(eyes, &path, data));
                let (before, after) = (values(before), values(after));
                self.line(eyes, &path, kind, before.unwrap_or_default(), after.unwrap_or_default());
            }
        }
    }

    /// What came or went, and what is in it.
    fn whole(&mut self, eyes: &Eyes<'_>, path: &mut InstancePath, kind: ChangeKind, entry: &Container) {
        if !eyes.schema.node(entry.node).is_np_container() {
            self.line(eyes, path, kind, Vec::new(), Vec::new());
        }
        let keys = eyes.schema.node(entry.node).keys();
        for (id, data) in entry.children() {
            if keys.contains(id) || !eyes.schema.node(*id).config {
                continue;
            }
            path.push(*id, Vec::new());
            match data {
                Data::Container(inner) => self.whole(eyes, path, kind, inner),
                Data::List(list) => {
                    for inner in list.iter() {
                        let mut entry = path.entry(inner.key(eyes.schema));
                        self.whole(eyes, &mut entry, kind, inner);
                    }
                }
                data => {
                    let values = values(eyes, path, data);
                    let (before, after) = match kind {
                        ChangeKind::Deleted => (values, Vec::new()),
                        _ => (Vec::new(), values),
                    };
                    self.line(eyes, path, kind, before, after);
                }
            }
            path.steps.pop();
        }
    }

    fn line(
        &mut self,
        eyes: &Eyes<'_>,
        path: &InstancePath,
        kind: ChangeKind,
        before: Vec<String>,
        after: Vec<String>,
    ) {
        if self.changes.len() >= LINES {
            self.further_changes += 1;
            return;
        }
        self.changes.push(Line { path: path.to_v1(eyes.schema), change: name_of(kind), before, after });
    }
}

/// A value, or the values of a leaf-list, as texts.
fn values(eyes: &Eyes<'_>, path: &InstancePath, data: &Data) -> Vec<String> {
    if eyes.is_secret(path.target()) {
        return vec![SECRET.to_owned()];
    }
    match data {
        Data::Leaf(value) => vec![value.to_string()],
        Data::LeafList(values) => values.iter().map(Value::to_string).collect(),
        Data::Any(value) => vec![value.to_string()],
        Data::Container(_) | Data::List(_) => Vec::new(),
    }
}
