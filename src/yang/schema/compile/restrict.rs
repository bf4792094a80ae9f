//! Which type takes which restriction; enums, bits, patterns and formats, which are lists or texts of their own.

use std::sync::Arc;

use super::typing::{Template, TypeWorld, format_named};
use crate::base::diagnostic::Diagnostic;
use crate::base::hashed::{HashMap, HashSet};
use crate::base::ident::Ident;
use crate::base::suggest::nearest;
use crate::yang::resolve::load::Version;
use crate::yang::resolve::scope::{Definition, ScopeId};
use crate::yang::schema::types::{Bit, EnumName, Format, Pattern, Spelling, TypeKind, pattern as xsd};
use crate::yang::syntax::check::BUILT_IN_TYPES;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::{Keyword, Statement};

/// The names of an `enumeration` with their integers (RFC 7950 section 9.6.4.2); of a derived one, those of `base` that
/// it keeps.
pub(super) fn enumeration(
    world: &mut TypeWorld<'_, '_>,
    statement: &Statement,
    scope: ScopeId,
    base: Option<&Arc<[EnumName]>>,
) -> Option<Arc<[EnumName]>> {
    let base: Option<Vec<(&str, i64)>> =
        base.map(|base| base.iter().map(|known| (known.name.as_str(), i64::from(known.value))).collect());
    let rule = Numbering {
        item: K::Enum,
        number: K::Value,
        low: i64::from(i32::MIN),
        high: i64::from(i32::MAX),
        base: base.as_deref(),
    };
    let found = numbered(world, statement, scope, &rule)?;
    let names = found.into_iter().map(|item| EnumName {
        name: item.name,
        value: i32::try_from(item.number).unwrap_or(0),
        is_conditional: item.is_conditional,
    });
    Some(names.collect())
}

/// The bits of a `bits` type by position (RFC 7950 section 9.7.4.2); of a derived one, those of `base` that it keeps.
pub(super) fn bits(
    world: &mut TypeWorld<'_, '_>,
    statement: &Statement,
    scope: ScopeId,
    base: Option<&Arc<[Bit]>>,
) -> Option<Arc<[Bit]>> {
    let base: Option<Vec<(&str, i64)>> =
        base.map(|base| base.iter().map(|known| (known.name.as_str(), i64::from(known.position))).collect());
    let rule = Numbering {
        item: K::Bit,
        number: K::Position,
        low: 0,
        high: i64::from(u32::MAX),
        base: base.as_deref(),
    };
    let mut found = numbered(world, statement, scope, &rule)?;
    found.sort_by_key(|item| item.number);
    let bits = found.into_iter().map(|item| Bit {
        name: item.name,
        position: u32::try_from(item.number).unwrap_or(0),
        is_conditional: item.is_conditional,
    });
    Some(bits.collect())
}

/// One enum or bit.
struct Item {
    name: Ident,
    number: i64,
    is_conditional: bool,
}

/// How the items of an enumeration or bits type are numbered.
struct Numbering<'b> {
    item: K,
    number: K,
    low: i64,
    high: i64,
    base: Option<&'b [(&'b str, i64)]>,
}

fn numbered(
    world: &mut TypeWorld<'_, '_>,
    statement: &Statement,
    scope: ScopeId,
    rule: &Numbering<'_>,
) -> Option<Vec<Item>> {
    // Of every item, also of those whose feature is off.
    let mut names: HashSet<&str> = HashSet::default();
    let mut numbers: HashMap<i64, &str> = HashMap::default();
    let base: Option<HashMap<&str, i64>> = rule.base.map(|base| base.iter().copied().collect());
    let mut all: Vec<Item> = Vec::new();
    let mut highest: Option<i64> = None;
    let mut right = true;
    if rule.base.is_some() {
        let version = world.names.loaded.unit(world.names.unit_of(scope)).version;
        if version == Version::V1 {
            let message = format!("'{}' cannot be restricted in YANG version 1", statement.text());
            world.diagnostics.push(
                Diagnostic::error("Y0321", statement.argument_span(), message)
                    .note("write 'yang-version 1.1;' (RFC 7950 section 9.6.3)"),
            );
        }
    }
    let (item, number) = (rule.item, rule.number);
    for sub in statement.all(item) {
        let name = sub.text();
        let at = sub.argument_span();
        let mut wrong = |message: String, help: Option<String>| {
            let mut found = Diagnostic::error("Y0322", at, message);
            found.help.extend(help);
            world.diagnostics.push(found);
            right = false;
        };
        if name.is_empty() || name.trim() != name {
            wrong(format!("'{name}' is no name: it is empty or has spaces around it"), None);
            continue;
        }
        if !names.insert(name) {
            wrong(format!("the {item} '{name}' stands here twice"), None);
            continue;
        }
        let stated = sub.find(number).and_then(|number| number.text().trim().parse::<i64>().ok());
        let value = match &base {
            Some(base) => {
                let Some(inherited) = base.get(name) else {
                    let near = nearest(name, rule.base.into_iter().flatten().map(|(known, _)| *known));
                    wrong(
                        format!("the type that is restricted has no {item} '{name}'"),
                        near.map(|near| format!("did you mean '{near}'?")),
                    );
                    continue;
                };
                if stated.is_some_and(|stated| stated != *inherited) {
                    wrong(
                        format!("the {number} of '{name}' is {inherited} in the type that is restricted"),
                        None,
                    );
                }
                *inherited
            }
            None => stated.unwrap_or_else(|| highest.map_or(0, |highest| highest.saturating_add(1))),
        };
        if value < rule.low || value > rule.high {
            let note =
                format!("allowed are {} to {}; give it one of these with '{number}'", rule.low, rule.high);
            wrong(format!("the {number} {value} of '{name}' is out of range"), Some(note));
            continue;
        }
        if let Some(other) = numbers.insert(value, name) {
            let message = format!("'{name}' has the same {number} as '{other}': {value}");
            wrong(message, None);
            continue;
        }
        highest = Some(highest.map_or(value, |highest| highest.max(value)));
        if world.features.allow(world.names, sub, scope, world.diagnostics) {
            let is_conditional = sub.find(K::IfFeature).is_some();
            all.push(Item { name: Ident::from(name), number: value, is_conditional });
        }
    }
    if names.is_empty() && right {
        let message = format!("a type '{}' needs at least one '{item}'", statement.text());
        world.diagnostics.push(Diagnostic::error("Y0302", statement.argument_span(), message));
        return None;
    }
    right.then_some(all)
}

/// A compiled `pattern`.
pub(super) fn pattern(world: &mut TypeWorld<'_, '_>, statement: &Statement) -> Option<Pattern> {
    match xsd::Matcher::new(statement.text()) {
        Ok(matcher) => Some(Pattern {
            source: Ident::from(statement.text()),
            matcher,
            inverted: statement.text_of(K::Modifier).is_some_and(|modifier| *modifier == "invert-match"),
            message: statement.text_of(K::ErrorMessage).cloned(),
            app_tag: statement.text_of(K::ErrorAppTag).cloned(),
        }),
        Err(wrong) => {
            let message = format!("'{}' is not an XML Schema regular expression: {wrong}", statement.text());
            world.diagnostics.push(
                Diagnostic::error("Y0323", statement.argument_span(), message)
                    .note("patterns are regular expressions of XML Schema, anchored at both ends (RFC 7950 section 9.4.5)"),
            );
            None
        }
    }
}

/// The format that a typedef gives its values: by our extension, or because it is a well-known one.
pub(super) fn format_of(world: &mut TypeWorld<'_, '_>, definition: Definition<'_>) -> Option<Format> {
    let names = world.names;
    let module = &names.loaded.module(names.module_of(definition.scope)).name;
    let typedef = definition.statement.text();
    if *module == "ietf-yang-types" && typedef == "date-and-time" {
        return Some(Format::DateAndTime);
    }
    if let Some(spelling) = Spelling::of_typedef(module, typedef) {
        return Some(Format::Spelling(spelling));
    }
    for statement in &definition.statement.substatements {
        let Keyword::Extension { prefix, name } = &statement.keyword else { continue };
        let Some(owner) = names.module_of_prefix(definition.scope, Some(prefix)) else { continue };
        if names.loaded.module(owner).name == *super::EXTENSIONS && *name == "format" {
            let format = format_named(statement.text());
            if format.is_none() {
                let message = format!("'{}' is not a known format", statement.text());
                world.diagnostics.push(
                    Diagnostic::error("Y0324", statement.argument_span(), message)
                        .note("known are 'duration' and 'date-and-time'"),
                );
            }
            return format;
        }
    }
    None
}

/// Restrictions that the type does not take (RFC 7950 section 9.1).
pub(super) fn check_substatements(world: &mut TypeWorld<'_, '_>, base: &Template<'_>, statement: &Statement) {
    let own = BUILT_IN_TYPES.contains(&statement.text());
    let (what, allowed): (&str, &[K]) = match base {
        Template::Leafref(_) => ("leafref", &[K::Path, K::RequireInstance]),
        Template::Union(..) => ("union", &[K::Type]),
        Template::Done(ty) => match ty.kind {
            TypeKind::Binary { .. } => ("binary", &[K::Length]),
            TypeKind::Bits { .. } => ("bits", &[K::Bit]),
            TypeKind::Boolean => ("boolean", &[]),
            TypeKind::Decimal64 { .. } => ("decimal64", &[K::Range, K::FractionDigits]),
            TypeKind::Empty => ("empty", &[]),
            TypeKind::Enumeration { .. } => ("enumeration", &[K::Enum]),
            TypeKind::Identityref { .. } => ("identityref", &[K::Base]),
            TypeKind::InstanceIdentifier { .. } => ("instance-identifier", &[K::RequireInstance]),
            TypeKind::Int { .. } | TypeKind::Uint { .. } => ("integer", &[K::Range]),
            TypeKind::Leafref(_) => ("leafref", &[K::RequireInstance]),
            TypeKind::String { .. } => ("string", &[K::Length, K::Pattern]),
            TypeKind::Union { .. } => ("union", &[K::Type]),
        },
    };
    for sub in &statement.substatements {
        let Some(id) = sub.id() else { continue };
        let once = matches!(id, K::FractionDigits | K::Base | K::Path | K::Type);
        if !allowed.contains(&id) || (once && !own) {
            let message = if own {
                format!("'{id}' does not restrict the type '{}'", statement.text())
            } else {
                format!("'{id}' does not restrict '{}', which is derived from {what}", statement.text())
            };
            world.diagnostics.push(Diagnostic::error("Y0304", sub.head_span(), message));
        }
    }
}
