//! Events: what of each its receiver may see, and whether it may go on receiving.
//!
//! An event is pruned like a read of its notification's node. It may speak of data as well: what names a node that the receiver
//! may not read is taken out with the entry around it, and an event of which nothing is left is not shown.

use std::sync::Arc;

use super::Gate;
use crate::access::authorize::Authority;
use crate::access::authorize::prune::{come_to, prune_container, walk_to};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, List};
use crate::engine::Event;
use crate::engine::caller::Caller;
use crate::yang::schema::{Schema, Value};

impl Gate {
    /// What of an event a caller may see, as of now; `None` when nothing, which is counted (RFC 8341 section 3.4.6).
    pub fn shown(&self, caller: &Caller, event: &Event) -> Option<Arc<Container>> {
        if caller.tenant != event.tenant {
            return None;
        }
        let shown = self.readable_part(caller, event);
        if shown.is_none() {
            self.access().denied.count_notification();
        }
        shown
    }

    fn readable_part(&self, caller: &Caller, event: &Event) -> Option<Arc<Container>> {
        let engine = self.engine();
        let schema = engine.schema();
        let authority = self.authority(&engine.snapshot(), caller);
        let shown = prune_container(schema, &walk_to(&authority, &event.path), &event.content)?;
        let root = walk_to(&authority, &InstancePath::root());
        if root.is_allowed() && root.shows_all_below() {
            return Some(shown);
        }
        match readable(schema, &authority, &shown)? {
            Kept::Same => Some(shown),
            Kept::Less(less) => Some(Arc::new(less)),
        }
    }

    /// Whether the token behind a caller is still good.
    pub fn is_alive(&self, caller: &Caller) -> bool {
        self.access().is_still_good(caller, self.engine().clock().now())
    }
}

/// What is left of a container.
enum Kept {
    Same,
    Less(Container),
}

/// A container without what names a node that may not be read; `None` when it is to go as a whole.
fn readable(schema: &Schema, authority: &Authority, container: &Container) -> Option<Kept> {
    let mut less: Option<Container> = None;
    for (id, data) in container.children() {
        let kept = match data {
            Data::Leaf(Value::InstanceIdentifier(path)) if !may_know(schema, authority, path) => return None,
            Data::Container(inner) => match readable(schema, authority, inner) {
                Some(Kept::Same) => continue,
                Some(Kept::Less(inner)) => Some(Data::Container(Arc::new(inner))),
                None => None,
            },
            Data::List(list) => match readable_list(schema, authority, list) {
                Some(list) if list.is_empty() => return None,
                Some(list) => Some(Data::List(Arc::new(list))),
                None => continue,
            },
            _ => continue,
        };
        let less = less.get_or_insert_with(|| container.clone());
        match kept {
            Some(kept) => less.set(*id, kept),
            None => drop(less.remove(*id)),
        }
    }
    Some(less.map_or(Kept::Same, Kept::Less))
}

/// The entries that are left; `None` when all are, as they are.
fn readable_list(schema: &Schema, authority: &Authority, list: &List) -> Option<List> {
    let mut left = List::new(schema, list.node);
    let mut changed = false;
    for entry in list.iter() {
        match readable(schema, authority, entry) {
            Some(Kept::Same) => drop(left.insert(Arc::clone(entry))),
            Some(Kept::Less(entry)) => {
                changed = true;
                let _ = left.insert(Arc::new(entry));
            }
            None => changed = true,
        }
    }
    changed.then_some(left)
}

/// Whether it may be known that there is something at a path: it can be read, or something below it can.
fn may_know(schema: &Schema, authority: &Authority, path: &str) -> bool {
    let Ok(path) = InstancePath::parse_instance_identifier(schema, path) else { return false };
    come_to(authority, &path).is_some_and(|walk| walk.is_allowed() || walk.leads_to_readable())
}
