//! Compiled types: every built-in type with its restrictions, and how a lexical or JSON form becomes a [`Value`].
//!
//! One file per family of built-in types below this one; each holds parse, restrictions and the error text.

mod binary;
mod bits;
mod blocks;
pub(crate) mod decimal;
mod enumeration;
mod identityref;
mod instance;
pub(crate) mod integer;
mod parse;
mod spelling;
pub(crate) mod pattern;
mod string;
mod union;

use std::fmt;
use std::sync::Arc;

pub use self::spelling::Spelling;
pub use self::string::is_yang_character;
use super::value::Value;
use super::xpath::Expression;
use super::{IdentityId, ModuleId, NodeId, Schema};
use crate::base::ident::Ident;

/// A type as a leaf uses it: the built-in type it derives from with all restrictions of its typedef chain.
#[derive(Clone, Debug)]
pub struct Type {
    /// The name in the leaf's `type` statement without prefix (`duration`, `string`): for messages.
    pub name: Ident,
    /// The built-in type and its restrictions.
    pub kind: TypeKind,
    /// A text form with a meaning of its own, from our `format` extension or a well-known typedef.
    pub format: Option<Format>,
}

/// Texts that compare and canonicalise by meaning, not by letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// [`crate::base::duration::Duration`]: canonical form is the shortest equal one; compares by length.
    Duration,
    /// `yang:date-and-time`: compares by instant.
    DateAndTime,
    /// Several spellings of one text; canonical form is one of them. Compares by letters.
    Spelling(Spelling),
}

/// A built-in type with its restrictions.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `binary`.
    Binary {
        /// Allowed numbers of octets.
        length: Option<Ranges<u64>>,
    },
    /// `bits`.
    Bits {
        /// The bits in the order of their positions.
        bits: Arc<[Bit]>,
    },
    /// `boolean`.
    Boolean,
    /// `decimal64`.
    Decimal64 {
        /// 1 to 18.
        fraction_digits: u8,
        /// Allowed values as scaled integers: times ten to the power of `fraction_digits`.
        range: Option<Ranges<i64>>,
    },
    /// `empty`.
    Empty,
    /// `enumeration`.
    Enumeration {
        /// The names in the order in which the model has them; those whose feature is off are left out.
        names: Arc<[EnumName]>,
    },
    /// `identityref`.
    Identityref {
        /// A value must be derived from every one of these.
        bases: Vec<IdentityId>,
    },
    /// `instance-identifier`.
    InstanceIdentifier {
        /// Whether the instance must exist.
        require_instance: bool,
    },
    /// `int8` to `int64`.
    Int {
        /// Width: 8, 16, 32 or 64.
        bits: u8,
        /// Allowed values.
        range: Option<Ranges<i64>>,
    },
    /// `uint8` to `uint64`.
    Uint {
        /// Width: 8, 16, 32 or 64.
        bits: u8,
        /// Allowed values.
        range: Option<Ranges<u64>>,
    },
    /// `leafref`: values are of the target's type.
    Leafref(Leafref),
    /// `string`.
    String {
        /// Allowed numbers of characters.
        length: Option<Ranges<u64>>,
        /// All of these must hold.
        patterns: Vec<Arc<Pattern>>,
    },
    /// `union`.
    Union {
        /// The member types in the order in which they are tried.
        members: Vec<Arc<Type>>,
    },
}

/// What a `leafref` points at.
#[derive(Clone, Debug)]
pub struct Leafref {
    /// The compiled `path`; its context node is the leaf.
    pub path: Arc<Expression>,
    /// The leaf or leaf-list it leads to.
    pub target: NodeId,
    /// The target's type, leafref chains resolved: never a leafref itself.
    pub target_type: Arc<Type>,
    /// Whether a value must exist at the target.
    pub require_instance: bool,
}

/// Disjoint, ascending, inclusive ranges with the model's own message for values outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges<T> {
    /// The parts.
    pub parts: Vec<(T, T)>,
    /// `error-message`.
    pub message: Option<Ident>,
    /// `error-app-tag`.
    pub app_tag: Option<Ident>,
}

/// One bit of a `bits` type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bit {
    /// Its name.
    pub name: Ident,
    /// Its position.
    pub position: u32,
    /// It has an `if-feature`, which holds.
    pub is_conditional: bool,
}

/// One name of an `enumeration`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumName {
    /// The name.
    pub name: Ident,
    /// Its integer.
    pub value: i32,
    /// It has an `if-feature`, which holds.
    pub is_conditional: bool,
}

/// A `pattern` (XSD regular expression) translated for the `regex` crate, anchored at both ends.
#[derive(Clone)]
pub struct Pattern {
    /// The expression as the model has it.
    pub source: Ident,
    /// Its translation.
    pub(crate) matcher: pattern::Matcher,
    /// `modifier invert-match`.
    pub inverted: bool,
    /// `error-message`.
    pub message: Option<Ident>,
    /// `error-app-tag`.
    pub app_tag: Option<Ident>,
}

impl Pattern {
    /// Whether a whole text matches the expression; `inverted` is the caller's business.
    pub fn is_match(&self, text: &str) -> bool {
        self.matcher.is_match(text)
    }

    /// The expression in the syntax of the `regex` crate, anchored at both ends.
    pub fn translated(&self) -> &str {
        self.matcher.translated()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?}{})", self.source, if self.inverted { ", inverted" } else { "" })
    }
}

/// A scalar as a decoder met it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Raw<'a> {
    /// A string, or XML text.
    Text(&'a str),
    /// `true`, `false`.
    Bool(bool),
    /// A negative integer, or any that fits.
    Int(i64),
    /// A non-negative integer.
    Uint(u64),
    /// A number with a fraction or exponent.
    Float(f64),
    /// `null`: only inside `[null]`, the JSON form of `empty`; plain YAML null counts too.
    Null,
}

/// How strictly scalars of a format are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// RFC 7951: 64-bit numbers and decimals are strings, other numbers are numbers, booleans are booleans.
    Rfc7951,
    /// The `/v1` dialect and YAML: any number may be a number or a string holding one; a string leaf accepts only a
    /// string, except that YAML scalars which were plain (unquoted) count by their text.
    Plain,
    /// XML, URL keys and defaults: everything is text.
    Text,
}

/// What a parse needs to know besides the type.
#[derive(Clone, Copy)]
pub struct ParseContext<'s> {
    /// For identities and instance-identifiers.
    pub schema: &'s Schema,
    /// The module of the leaf: where unprefixed identities are looked up (RFC 7951 section 6.8).
    pub module: ModuleId,
    /// How strictly.
    pub strictness: Strictness,
    /// What the prefixes of names in a value mean, where these are prefixes and not names of modules: in XML.
    pub prefixes: Option<&'s dyn Prefixes>,
}

/// The namespaces in scope where a value stands in XML.
pub trait Prefixes {
    /// The module of a name with its prefix, or with none and so of the default namespace; `None` where that is not the
    /// namespace of a module.
    fn module(&self, qualified: &str) -> Option<ModuleId>;
}

/// Why a scalar is not of a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TypeError {
    /// Names the value found and what is allowed.
    pub message: String,
    /// The model's own `error-app-tag` for the restriction that failed.
    pub app_tag: Option<Ident>,
}

impl Type {
    /// Checks a scalar against the type and returns its canonical value. A leafref's value is checked against its
    /// target's type; that the target instance exists is validation's business.
    ///
    /// # Errors
    /// [`TypeError`] names the value (shortened to 64 characters) and what is allowed.
    pub fn parse(&self, raw: Raw<'_>, context: ParseContext<'_>) -> Result<Value, TypeError> {
        parse::parse(self, raw, context)
    }

    /// The values that a text can mean, the one that [`Type::parse`] finds first: of a union one for each member that accepts the
    /// text, each once.
    pub fn readings(&self, text: &str, context: ParseContext<'_>) -> Vec<Value> {
        let TypeKind::Union { members } = &self.effective().kind else {
            return self.parse(Raw::Text(text), context).into_iter().collect();
        };
        let mut found = Vec::new();
        for value in members.iter().flat_map(|member| member.readings(text, context)) {
            if !found.contains(&value) {
                found.push(value);
            }
        }
        found
    }

    /// Whether it is a union, be it that of the leaf to which a leafref leads.
    pub fn is_union(&self) -> bool {
        matches!(self.effective().kind, TypeKind::Union { .. })
    }

    /// The type that decides a value's form: a leafref's target type, otherwise the type itself.
    pub fn effective(&self) -> &Type {
        match &self.kind {
            TypeKind::Leafref(leafref) => &leafref.target_type,
            _ => self,
        }
    }
}
