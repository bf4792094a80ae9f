//! What comes with an entry of its own accord (an id, a name, the time), and what the model cannot refuse by itself: groups
//! within themselves, and groups that change their type.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::admit::made_up_name;
use crate::access::identity::model::IdentityModel;
use crate::base::error::ErrorTag;
use crate::base::ident::Ident;
use crate::data::edit::{Edit, EditOperation};
use crate::data::tree::Data;
use crate::data::violation::Violation;
use crate::engine::{GuardContext, Prepare, PrepareContext, Registry};
use crate::yang::schema::Value;

/// Hangs the rules on the model.
pub(super) fn register(registry: &mut Registry, model: &IdentityModel) {
    let of = |made_up: Option<MadeUp>| Arc::new(OwnFacts { made_up });
    registry.prepare("/strongbox/identity/entities", of(Some(("name", made_up_name))));
    registry.prepare("/strongbox/identity/entity-aliases", of(Some(("id", random_id))));
    registry.prepare("/strongbox/identity/groups", of(None));
    registry.prepare("/strongbox/identity/group-aliases", of(Some(("id", random_id))));
    let model = model.clone();
    registry.guard("/strongbox/identity/groups", move |context| check_group(&model, context));
}

fn random_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Gives an entry what it has of itself: a leaf that is made up when it is left out and kept from then on, and the time at
/// which it was made.
struct OwnFacts {
    made_up: Option<MadeUp>,
}

/// The name of a leaf, and what makes its value.
type MadeUp = (&'static str, fn() -> String);

impl Prepare for OwnFacts {
    fn prepare(&self, context: &PrepareContext<'_>) -> Result<Vec<Edit>, Vec<Violation>> {
        let node = context.path.target();
        let mut edits = Vec::new();
        let mut add = |name: &str, make: &dyn Fn() -> String| {
            let Some(leaf) = context.schema.own_child(node, name) else { return };
            if context.after.leaf(leaf).is_none() {
                let known = context.before.and_then(|before| before.leaf(leaf)).cloned();
                let value = known.unwrap_or_else(|| Value::string(make()));
                edits.push(Edit::new(context.path.child(leaf), EditOperation::Replace, Data::Leaf(value)));
            }
        };
        if let Some((name, make)) = self.made_up {
            add(name, &make);
        }
        add("creation-time", &|| context.now.rfc3339());
        Ok(edits)
    }
}

/// No group is in itself, and each stays what it is.
fn check_group(model: &IdentityModel, context: &GuardContext<'_>) -> Vec<Violation> {
    let Some(after) = context.entry_after else { return Vec::new() };
    let mut violations = Vec::new();
    if let Some(before) = context.entry_before {
        let kind = |entry: &crate::data::tree::Container| {
            entry.leaf(model.group_type).map_or_else(|| "internal".to_owned(), ToString::to_string)
        };
        let (old, new) = (kind(before), kind(after));
        if old != new {
            let message =
                format!("the type of a group cannot be changed from '{old}' to '{new}'; make another group");
            let path = context.path.child(model.group_type);
            violations.push(Violation::new(ErrorTag::InvalidValue, path, message));
        }
    }
    let Some(own) = context.path.keys().first().map(ToString::to_string) else { return violations };
    if let Some(member) = member_around(model, context, &own) {
        let message = format!("the group '{member}' cannot be a member of '{own}', which is in it");
        let path = context.path.child(model.member_groups);
        violations.push(Violation::new(ErrorTag::InvalidValue, path, message).app_tag("cyclic-membership"));
    }
    violations
}

/// The member of a group by which the group is in itself.
fn member_around(model: &IdentityModel, context: &GuardContext<'_>, own: &str) -> Option<String> {
    let groups = context.after.list(&model.groups)?;
    let members = |group: &str| -> Vec<String> {
        let entry = groups.get(&[Value::string(group)]);
        let names = entry.map_or(&[][..], |entry| entry.leaf_list(model.member_groups));
        names.iter().map(ToString::to_string).collect()
    };
    for first in members(own) {
        let mut seen: BTreeSet<Ident> = BTreeSet::new();
        let mut open = vec![first.clone()];
        while let Some(group) = open.pop() {
            if group == own {
                return Some(first);
            }
            if seen.insert(Ident::from(group.as_str())) {
                open.extend(members(&group));
            }
        }
    }
    None
}
