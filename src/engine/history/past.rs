//! A tree of the past: the tree of now, with the rows that changed since put back.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{HistoryError, Rows};
use crate::base::ident::Ident;
use crate::data::edit::{Edit, EditOperation, apply};
use crate::data::path::{InstancePath, PathStep};
use crate::data::tree::{Container, Data, List, Tree};
use crate::engine::facts::Facts;
use crate::engine::row_codec::decode_row;
use crate::engine::snapshot::SYSTEM_TENANT;
use crate::store::Revision;
use crate::yang::schema::Schema;

/// The path of a tenant's own row.
const OWN: &str = "/";

/// The tree in which these rows are as they were; `of` says of whom and when, for errors.
pub(super) fn put_back(
    schema: &Schema,
    facts: &Facts,
    now: &Tree,
    mut rows: Rows,
    of: (&Ident, Revision),
) -> Result<Tree, HistoryError> {
    let (tenant, wanted) = of;
    let own = match rows.remove(OWN) {
        // The tenant that always exists has a row of its own only once there is something to be in it.
        Some(None) if *tenant == *SYSTEM_TENANT => Some(Zeroizing::new("{}".to_owned())),
        Some(None) => return Err(HistoryError::BeforeTenant { wanted, tenant: tenant.clone() }),
        other => other.flatten(),
    };
    let misfit = |path: &str, reason: String| HistoryError::Misfit { wanted, path: path.to_owned(), reason };
    let mut absent = Vec::new();
    let mut present = Vec::new();
    for (text, value) in rows {
        match (InstancePath::parse_instance_identifier(schema, &text), value) {
            (Ok(path), None) => absent.push(Edit::without_value(path, EditOperation::Remove)),
            (Ok(path), Some(value)) => {
                let row = decode_row(schema, &path, &value);
                present.push((path, row.map_err(|error| misfit(&text, error.to_string()))?));
            }
            // What was not there then, and cannot be there now.
            (Err(_), None) => {}
            (Err(violation), Some(_)) => return Err(misfit(&text, violation.message)),
        }
    }
    let without = apply(schema, now, &absent).map_err(|violations| {
        misfit(OWN, violations.first().map(|violation| violation.message.clone()).unwrap_or_default())
    })?;
    let mut root = without.root;
    if let Some(own) = own {
        let row = decode_row(schema, &InstancePath::root(), &own);
        let row = row.map_err(|error| misfit(OWN, error.to_string()))?;
        root = with_rows_of(facts, &row, Some(&root));
    }
    // An entry comes before those inside of it.
    present.sort_by_key(|(path, _)| path.steps.len());
    let writer = Writer { schema, facts };
    for (path, row) in present {
        root = writer.put(&root, &path.steps, &row);
    }
    Ok(Tree { root })
}

/// A row in the place of what is there, with the rows that are inside of that.
fn with_rows_of(facts: &Facts, row: &Arc<Container>, there: Option<&Arc<Container>>) -> Arc<Container> {
    let mut result = Arc::clone(row);
    let inner = there.into_iter().flat_map(|there| there.children());
    for (id, data) in inner.filter(|(id, _)| facts.has_rows(*id)) {
        match data {
            Data::List(_) if facts.is_row_list(*id) => Arc::make_mut(&mut result).set(*id, data.clone()),
            Data::Container(there) => {
                let empty = Arc::new(Container::new(*id));
                let own = row.container(*id);
                let merged = with_rows_of(facts, own.unwrap_or(&empty), Some(there));
                if own.is_some() || !merged.is_empty() {
                    Arc::make_mut(&mut result).set(*id, Data::Container(merged));
                }
            }
            _ => {}
        }
    }
    result
}

struct Writer<'a> {
    schema: &'a Schema,
    facts: &'a Facts,
}

impl Writer<'_> {
    /// The container with a row at the end of `steps`.
    fn put(&self, container: &Arc<Container>, steps: &[PathStep], row: &Arc<Container>) -> Arc<Container> {
        let Some((step, rest)) = steps.split_first() else {
            return with_rows_of(self.facts, row, Some(container));
        };
        let mut result = Container::clone(container);
        let child = if step.keys.is_empty() {
            let inner = container.container(step.node).cloned();
            let inner = inner.unwrap_or_else(|| Arc::new(Container::new(step.node)));
            Data::Container(self.put(&inner, rest, row))
        } else {
            let list = container.list(step.node).cloned();
            let mut list = list.unwrap_or_else(|| Arc::new(List::new(self.schema, step.node)));
            let entry = list.get(&step.keys).cloned();
            let entry = entry.unwrap_or_else(|| Arc::new(Container::new(step.node)));
            Arc::make_mut(&mut list).insert(self.put(&entry, rest, row));
            Data::List(list)
        };
        result.set(step.node, child);
        Arc::new(result)
    }
}
