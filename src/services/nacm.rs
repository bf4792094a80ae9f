//! The numbers of NACM (RFC 8341 section 3.4.2): how often something was refused. The rules themselves are the business of
//! `access`.

use std::sync::Arc;

use crate::access::Access;
use crate::access::authorize::nacm::Denied;
use crate::data::tree::Data;
use crate::engine::{Registry, StateContext, StateError, StateProvider};
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

/// Hangs the numbers on the model.
pub fn register(registry: &mut Registry, access: &Arc<Access>) {
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
