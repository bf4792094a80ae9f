//! A leaf's value: typed, canonical, self-contained (it can be printed and compared without its type).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroize as _;

use crate::base::ident::Ident;
use crate::base::secret::Secret;

/// One value of a leaf or leaf-list entry, in canonical form (RFC 7950 section 9.1). 24 bytes.
///
/// A union's value is the value of the member that accepted it.
#[derive(Clone)]
pub enum Value {
    /// `empty`.
    Empty,
    /// `boolean`.
    Bool(bool),
    /// `int8` to `int64`.
    Int(i64),
    /// `uint8` to `uint64`.
    Uint(u64),
    /// `decimal64`.
    Decimal(Decimal),
    /// `string`, and types whose canonical form is a text of its own (`duration`, `date-and-time`).
    String(Arc<str>),
    /// A string of a leaf that the model marks `secret` or `hashed`: equal to the same [`Value::String`], wiped when dropped,
    /// not shown by `Debug`.
    Secret(Arc<Secret>),
    /// `enumeration`, by name.
    Enum(Ident),
    /// `bits`: the names that are set, in the order of their positions, separated by one space.
    Bits(Arc<str>),
    /// `binary`, decoded. Most binary values are key material, so all are wiped when dropped and none is shown by `Debug`.
    Binary(Arc<Secret>),
    /// `identityref`.
    Identity(Arc<IdentityName>),
    /// `instance-identifier`, in the form of RFC 7951 section 6.11 (module names, only where the module changes).
    InstanceIdentifier(Arc<str>),
}

/// A `decimal64` value: `digits` times ten to the power of minus `fraction_digits`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// The scaled integer.
    pub digits: i64,
    /// 1 to 18.
    pub fraction_digits: u8,
}

/// The value of an `identityref`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityName {
    /// Module that defines the identity.
    pub module: Ident,
    /// Its name.
    pub name: Ident,
}

impl Value {
    /// A string value.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Value::String(text.into())
    }

    /// A string to be kept as a secret; where nobody else holds the text it is wiped.
    pub fn secret(mut text: Arc<str>) -> Self {
        let kept = Value::Secret(Arc::new(Secret::new(text.as_bytes())));
        if let Some(text) = Arc::get_mut(&mut text) {
            text.zeroize();
        }
        kept
    }

    /// A binary value.
    pub fn binary(octets: Vec<u8>) -> Self {
        Value::Binary(Arc::new(Secret::new(octets)))
    }

    /// The text of a string, enum, bits or instance-identifier value, without allocating.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) | Value::Bits(text) | Value::InstanceIdentifier(text) => Some(text),
            Value::Enum(name) => Some(name),
            Value::Secret(secret) => secret.expose_text(),
            _ => None,
        }
    }

    /// The boolean of a boolean value.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Value::Empty => 0,
            Value::Bool(_) => 1,
            Value::Int(_) => 2,
            Value::Uint(_) => 3,
            Value::Decimal(_) => 4,
            Value::String(_) | Value::Secret(_) => 5,
            Value::Enum(_) => 6,
            Value::Bits(_) => 7,
            Value::Binary(_) => 8,
            Value::Identity(_) => 9,
            Value::InstanceIdentifier(_) => 10,
        }
    }
}

impl Decimal {
    fn scaled(self, fraction_digits: u8) -> i128 {
        i128::from(self.digits) * 10_i128.pow(u32::from(fraction_digits.saturating_sub(self.fraction_digits)))
    }

    /// The nearest floating point number, for XPath.
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let digits = self.fraction_digits.max(other.fraction_digits);
        self.scaled(digits).cmp(&other.scaled(digits)).then(self.fraction_digits.cmp(&other.fraction_digits))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The order of entries in system-ordered lists and of `sort`: numbers by value, everything else by its text.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Uint(a), Value::Uint(b)) => a.cmp(b),
            (Value::Int(a), Value::Uint(b)) => i128::from(*a).cmp(&i128::from(*b)).then(Ordering::Less),
            (Value::Uint(a), Value::Int(b)) => i128::from(*a).cmp(&i128::from(*b)).then(Ordering::Greater),
            (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (Value::String(_) | Value::Secret(_), Value::String(_) | Value::Secret(_)) => {
                self.as_str().cmp(&other.as_str())
            }
            (Value::Enum(a), Value::Enum(b)) => a.cmp(b),
            (Value::Bits(a), Value::Bits(b)) => a.cmp(b),
            (Value::Binary(a), Value::Binary(b)) => a.expose().cmp(b.expose()),
            (Value::Identity(a), Value::Identity(b)) => a.cmp(b),
            (Value::InstanceIdentifier(a), Value::InstanceIdentifier(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::String(a), Value::String(b))
            | (Value::Bits(a), Value::Bits(b))
            | (Value::InstanceIdentifier(a), Value::InstanceIdentifier(b)) => a == b,
            (Value::Enum(a), Value::Enum(b)) => a == b,
            (Value::Binary(a), Value::Binary(b)) => a == b,
            _ => self.cmp(other) == Ordering::Equal,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Value::Empty => {}
            Value::Bool(value) => value.hash(state),
            Value::Int(value) => value.hash(state),
            Value::Uint(value) => value.hash(state),
            Value::Decimal(value) => value.hash(state),
            Value::Enum(name) => name.hash(state),
            Value::Binary(secret) => secret.expose().hash(state),
            Value::Identity(identity) => identity.hash(state),
            Value::String(_) | Value::Secret(_) | Value::Bits(_) | Value::InstanceIdentifier(_) => {
                self.as_str().hash(state);
            }
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    /// Canonical form of RFC 7950 section 9.3.2: `1.5`, `-0.001`, `3.0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = usize::from(self.fraction_digits) + 1;
        let digits = format!("{:0>width$}", self.digits.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(self.fraction_digits));
        let fraction = fraction.trim_end_matches('0');
        let sign = if self.digits < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The canonical text. An identityref prints `module:name`; binary prints as base64.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Empty => Ok(()),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Uint(value) => write!(f, "{value}"),
            Value::Decimal(value) => write!(f, "{value}"),
            Value::String(text) | Value::Bits(text) | Value::InstanceIdentifier(text) => f.write_str(text),
            Value::Enum(name) => f.write_str(name),
            Value::Secret(secret) => f.write_str(secret.expose_text().unwrap_or_default()),
            Value::Binary(octets) => Base64Display::new(octets.expose(), &STANDARD).fmt(f),
            Value::Identity(identity) => write!(f, "{}:{}", identity.module, identity.name),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Secret(secret) | Value::Binary(secret) => secret.fmt(f),
            _ => write!(f, "{:?}", self.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_same_value_as_its_text_and_is_not_shown() {
        let hash = |value: &Value| {
            let mut hasher = std::collections::hash_map::DefaultHasher::new();
            value.hash(&mut hasher);
            hasher.finish()
        };
        let (plain, secret) = (Value::string("hunter2"), Value::secret("hunter2".into()));
        assert_eq!(plain, secret);
        assert_eq!((plain.cmp(&secret), hash(&plain)), (Ordering::Equal, hash(&secret)));
        assert_eq!((secret.as_str(), secret.to_string()), (Some("hunter2"), "hunter2".to_owned()));
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert!(Value::string("a") < Value::secret("b".into()) && secret != Value::string("hunter3"));
    }

    #[test]
    fn binary_values_are_not_shown() {
        let (key, same) = (Value::binary(b"hunter2".to_vec()), Value::binary(b"hunter2".to_vec()));
        assert_eq!((key.to_string(), &key), ("aHVudGVyMg==".to_owned(), &same));
        assert_eq!(format!("{key:?}"), "Secret(***)");
        assert!(Value::binary(vec![1]) < Value::binary(vec![1, 0]));
    }

    #[test]
    fn a_value_is_24_bytes() {
        assert_eq!(size_of::<Value>(), 24);
    }

    #[test]
    fn rfc7950_9_3_2_decimal64_canonical_form() {
        let print = |digits, fraction_digits| Decimal { digits, fraction_digits }.to_string();
        assert_eq!(print(150, 2), "1.5");
        assert_eq!(print(-1, 3), "-0.001");
        assert_eq!(print(3000, 3), "3.0");
        assert_eq!(print(i64::MIN, 18), "-9.223372036854775808");
    }
}
