//! The numbers of NACM (RFC 8341 section 3.4.2), how often something was refused, and whether a rule's path can match
//! anything. What rules come to is the business of `access`.

use std::sync::Arc;

use crate::access::Access;
use crate::access::authorize::nacm::{Denied, steps};
use crate::base::error::ErrorTag;
use crate::data::tree::Data;
use crate::data::violation::{Violation, shorten};
use crate::engine::{GuardContext, Registry, StateContext, StateError, StateProvider};
use crate::yang::schema::Value;

/// One of the numbers.
struct Number {
    access: Arc<Access>,
    of: Count,
}

/// Which of the counters.
type Count = fn(&Denied) -> u32;

impl StateProvider for Number {
    fn read(&self, _: &StateContext<'_>) -> Result<Option<Data>, StateError> {
        Ok(Some(Data::Leaf(Value::Uint(u64::from((self.of)(&self.access.denied))))))
    }
}

/// A rule whose path leads nowhere would silently permit nothing, or worse, deny nothing.
fn check_path(context: &GuardContext<'_>) -> Vec<Violation> {
    let schema = context.schema;
    let written = context.entry_after.and_then(|rule| {
        let leaf = schema.own_child(rule.node, "path")?;
        Some((context.path.child(leaf), rule.leaf(leaf)?.to_string()))
    });
    let Some((path, text)) = written.filter(|(_, text)| steps(schema, text).is_none()) else {
        return Vec::new();
    };
    let message = format!(
        "'{}' is no path of the model; it has '/' before each name, modules and not prefixes in front of names, and all \
         keys of a list or none, as in /strongbox:strongbox/strongbox-jwt-issuer:jwt-issuers[name='NAME']",
        shorten(&text)
    );
    vec![Violation::new(ErrorTag::InvalidValue, path, message)]
}

/// Hangs the numbers on the model, and the check of what the model cannot say of rules.
pub fn register(registry: &mut Registry, access: &Arc<Access>) {
    registry.guard("/ietf-netconf-acm:nacm/rule-list/rule", check_path);
    let numbers: [(&str, Count); 3] = [
        ("denied-operations", Denied::operations),
        ("denied-data-writes", Denied::data_writes),
        ("denied-notifications", Denied::notifications),
    ];
    for (name, of) in numbers {
        let number = Number { access: Arc::clone(access), of };
        registry.state(&format!("/ietf-netconf-acm:nacm/{name}"), Arc::new(number));
    }
}
