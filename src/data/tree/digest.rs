//! Content digests: 128-bit SipHash over node ids and canonical values.
//!
//! They tell whether content is equal (entity tags, pruning of diffs). They are not a defence against somebody who
//! crafts collisions on purpose in data of their own; the engine keys what it shows to clients.

use std::hash::Hasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use super::{Container, Data, List};
use crate::yang::schema::Value;

/// A digest, or a sum of digests, that is kept once it was worked out: 16 bytes beside the content. Whoever looks while
/// it is being written sees a word that is zero still, takes it for unknown and works out the same value.
#[derive(Default)]
pub(super) struct Kept([AtomicU64; 2]);

impl Kept {
    /// The value, where it is known.
    pub fn get(&self) -> Option<u128> {
        let [high, low] = self.0.each_ref().map(|word| word.load(Ordering::Relaxed));
        (high != 0 && low != 0).then_some((u128::from(high) << 64) | u128::from(low))
    }

    /// The value, worked out where it is not known.
    pub fn get_or_init(&self, work_out: impl FnOnce() -> u128) -> u128 {
        self.get().unwrap_or_else(|| {
            let value = work_out();
            self.set(value);
            value
        })
    }

    /// Keeps a value.
    pub fn set(&self, value: u128) {
        let [high, low] = &self.0;
        high.store((value >> 64) as u64, Ordering::Relaxed);
        low.store(value as u64, Ordering::Relaxed);
    }

    /// Forgets the value: the content has changed.
    pub fn forget(&mut self) {
        *self = Kept::default();
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        Kept(self.0.each_ref().map(|word| AtomicU64::new(word.load(Ordering::Relaxed))))
    }
}

fn finish(hasher: &SipHasher13) -> u128 {
    hasher.finish128().as_u128()
}

pub(super) fn of_container(container: &Container) -> u128 {
    let mut hasher = SipHasher13::new();
    hasher.write_u32(container.node.0);
    for (id, data) in container.children() {
        hasher.write_u32(id.0);
        write_data(&mut hasher, data);
    }
    finish(&hasher)
}

pub(super) fn of_data(data: &Data) -> u128 {
    match data {
        Data::Container(container) => container.digest(),
        Data::List(list) => list.digest(),
        _ => {
            let mut hasher = SipHasher13::new();
            write_data(&mut hasher, data);
            finish(&hasher)
        }
    }
}

pub(super) fn of_value(value: &Value) -> u128 {
    let mut hasher = SipHasher13::new();
    write_value(&mut hasher, value);
    finish(&hasher)
}

/// One entry's part of its list's sum. In a list that is ordered by user the key of the entry before takes part, so
/// that the sum tells the order too, although every change touches at most three of its terms.
pub(super) fn of_entry(
    entry: &Arc<Container>,
    key_count: usize,
    before: Option<Option<&Arc<Container>>>,
) -> u128 {
    let mut hasher = SipHasher13::new();
    hasher.write(&entry.digest().to_le_bytes());
    if let Some(before) = before {
        hasher.write_u8(u8::from(before.is_some()));
        for value in before.iter().flat_map(|entry| entry.key_values(key_count)) {
            write_value(&mut hasher, value);
        }
    }
    finish(&hasher)
}

/// Instead of a sum, for a list without keys: its entries one after the other.
pub(super) fn of_sequence(list: &List) -> u128 {
    let mut hasher = SipHasher13::new();
    for entry in list {
        hasher.write(&entry.digest().to_le_bytes());
    }
    finish(&hasher)
}

/// A list's digest from the sum of its entries' parts.
pub(super) fn of_list(list: &List, sum: u128) -> u128 {
    let mut hasher = SipHasher13::new();
    hasher.write_u32(list.node.0);
    hasher.write_u64(list.len() as u64);
    hasher.write(&sum.to_le_bytes());
    finish(&hasher)
}

fn write_data(hasher: &mut SipHasher13, data: &Data) {
    match data {
        Data::Leaf(value) => {
            hasher.write_u8(1);
            write_value(hasher, value);
        }
        Data::LeafList(values) => {
            hasher.write_u8(2);
            hasher.write_u64(values.len() as u64);
            for value in values.iter() {
                write_value(hasher, value);
            }
        }
        Data::Container(container) => {
            hasher.write_u8(3);
            hasher.write(&container.digest().to_le_bytes());
        }
        Data::List(list) => {
            hasher.write_u8(4);
            hasher.write(&list.digest().to_le_bytes());
        }
        Data::Any(value) => {
            hasher.write_u8(5);
            write_text(hasher, value.to_string().as_bytes());
        }
    }
}

fn write_value(hasher: &mut SipHasher13, value: &Value) {
    match value {
        Value::Empty => hasher.write_u8(0),
        Value::Bool(value) => {
            hasher.write_u8(1);
            hasher.write_u8(u8::from(*value));
        }
        Value::Int(value) => {
            hasher.write_u8(2);
            hasher.write_u64(value.cast_unsigned());
        }
        Value::Uint(value) => {
            hasher.write_u8(3);
            hasher.write_u64(*value);
        }
        Value::Decimal(value) => {
            hasher.write_u8(4);
            hasher.write_u64(value.digits.cast_unsigned());
            hasher.write_u8(value.fraction_digits);
        }
        Value::String(text) => tagged(hasher, 5, text.as_bytes()),
        Value::Secret(secret) => tagged(hasher, 5, secret.expose()),
        Value::Enum(name) => tagged(hasher, 6, name.as_bytes()),
        Value::Bits(names) => tagged(hasher, 7, names.as_bytes()),
        Value::Binary(bytes) => tagged(hasher, 8, bytes.expose()),
        Value::Identity(identity) => {
            tagged(hasher, 9, identity.module.as_bytes());
            write_text(hasher, identity.name.as_bytes());
        }
        Value::InstanceIdentifier(path) => tagged(hasher, 10, path.as_bytes()),
    }
}

fn tagged(hasher: &mut SipHasher13, tag: u8, bytes: &[u8]) {
    hasher.write_u8(tag);
    write_text(hasher, bytes);
}

fn write_text(hasher: &mut SipHasher13, bytes: &[u8]) {
    hasher.write_u64(bytes.len() as u64);
    hasher.write(bytes);
}
