//! Equal texts of many entries (`1h`, `ES256`, one audience) share one piece of memory, where they come close together.

use std::cell::RefCell;
use std::hash::Hasher as _;
use std::sync::Arc;

use siphasher::sip::SipHasher13;

use crate::yang::schema::Value;

/// How many texts are remembered a thread.
const REMEMBERED: usize = 512;

/// Longer texts are seldom equal.
const LONGEST: usize = 64;

thread_local! {
    static RECENT: RefCell<Vec<Option<Arc<str>>>> = const { RefCell::new(Vec::new()) };
}

/// The same value, if possible with the memory of an equal one that was read lately. Not for secrets, which would
/// live on in here.
pub(super) fn shared(value: Value) -> Value {
    match value {
        Value::String(text) if text.len() <= LONGEST => Value::String(remembered(text)),
        other => other,
    }
}

fn remembered(text: Arc<str>) -> Arc<str> {
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    let slot = usize::try_from(hasher.finish() % REMEMBERED as u64).unwrap_or(0);
    RECENT.with_borrow_mut(|recent| {
        recent.resize(REMEMBERED, None);
        match recent.get_mut(slot) {
            Some(Some(known)) if *known == text => Arc::clone(known),
            Some(slot) => {
                *slot = Some(Arc::clone(&text));
                text
            }
            None => text,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_share_memory() {
        let address = |value: &Value| value.as_str().map(str::as_ptr);
        let (one, other) = (shared(Value::string("1h")), shared(Value::string("1h")));
        assert_eq!(one, other);
        assert_eq!(address(&one), address(&other));
        let long = "x".repeat(LONGEST + 1);
        assert_ne!(address(&shared(Value::string(&*long))), address(&shared(Value::string(&*long))));
    }
}
