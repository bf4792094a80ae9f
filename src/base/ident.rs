//! Interned names: module names, node names, enum names.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::hashed::HashSet;

/// A shared, immutable name. Cloning copies a pointer; two names made by one [`Interner`] compare by pointer first.
#[derive(Clone, Eq, PartialOrd, Ord)]
pub struct Ident(Arc<str>);

impl std::hash::Hash for Ident {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Ident {
    /// The name as text.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Ident {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl PartialEq<str> for Ident {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Ident {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl From<&str> for Ident {
    fn from(text: &str) -> Self {
        Ident(text.into())
    }
}

impl From<String> for Ident {
    fn from(text: String) -> Self {
        Ident(text.into())
    }
}

impl Deref for Ident {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Ident {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Ident {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl serde::Serialize for Ident {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Ident {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Ident::from)
    }
}

/// Hands out one [`Ident`] per distinct text.
#[derive(Debug, Default)]
pub struct Interner(HashSet<Ident>);

impl Interner {
    /// The one name for `text`.
    pub fn intern(&mut self, text: &str) -> Ident {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let fresh = Ident::from(text);
        self.0.insert(fresh.clone());
        fresh
    }
}
