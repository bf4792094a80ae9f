//! Entity tags: a keyed hash of the content, so that a tag changes exactly when the content does, is the same after a
//! restart, and tells nothing about the content (not even whether it is one of a few guesses).

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use siphasher::sip128::{Hasher128 as _, SipHasher13, SipHasher24};
use std::hash::Hasher as _;

use super::facts::Facts;
use crate::base::secret::Secret;
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, Found, Tree};
use crate::yang::schema::Schema;

/// Makes entity tags: SipHash-2-4 with 128 bits is a keyed hash that is made for short inputs, of which a GET needs one.
pub(super) struct Etags(SipHasher24);

impl Etags {
    pub fn new(key: &Secret) -> Self {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.expose()), b"entity tags");
        let mut half = [0; 16];
        half.iter_mut().zip(derived.as_ref()).for_each(|(to, from)| *to = *from);
        Etags(SipHasher24::new_with_key(&half))
    }

    /// 22 characters that are safe in a URL.
    pub fn of(&self, digest: u128) -> String {
        let mut hasher = self.0;
        hasher.write(&digest.to_be_bytes());
        URL_SAFE_NO_PAD.encode(hasher.finish128().as_bytes())
    }
}

/// The digest of the configuration at a path, stored state left out; `None` when there is no such resource. A container
/// that exists whenever its parent does has one even when it is empty.
pub(super) fn config_digest(
    schema: &Schema,
    facts: &Facts,
    tree: &Tree,
    path: &InstancePath,
) -> Option<u128> {
    if !schema.node(path.target()).config {
        return None;
    }
    match tree.get(path) {
        Some(Found::Node(data)) => Some(data_digest(schema, facts, data)),
        Some(Found::Entry(entry)) => Some(container_digest(schema, facts, entry)),
        Some(found @ Found::Value(_)) => Some(found.digest()),
        None => {
            let exists = match path.parent() {
                None => true,
                Some(parent) => config_digest(schema, facts, tree, &parent).is_some(),
            };
            let empty = schema.node(path.target()).is_np_container() || path.is_whole_list(schema);
            (exists && empty).then_some(0)
        }
    }
}

fn data_digest(schema: &Schema, facts: &Facts, data: &Data) -> u128 {
    match data {
        Data::Container(container) => container_digest(schema, facts, container),
        Data::List(list) if facts.has_stored(list.node) => {
            let mut hasher = SipHasher13::new();
            for entry in list.iter() {
                hasher.write_u128(container_digest(schema, facts, entry));
            }
            hasher.finish128().as_u128()
        }
        _ => Found::Node(data).digest(),
    }
}

/// Only where stored state can be below is the cached digest not the answer.
fn container_digest(schema: &Schema, facts: &Facts, container: &Arc<Container>) -> u128 {
    if !facts.has_stored(container.node) {
        return container.digest();
    }
    let mut hasher = SipHasher13::new();
    let mut empty = true;
    for (id, data) in container.children().iter().filter(|(id, _)| schema.node(*id).config) {
        hasher.write_u32(id.0);
        hasher.write_u128(data_digest(schema, facts, data));
        empty = false;
    }
    if empty { 0 } else { hasher.finish128().as_u128() }
}
