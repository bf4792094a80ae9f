//! Types compared by the values that they allow.

use std::fmt::Display;

use super::{Change, Class};
use crate::yang::schema::Schema;
use crate::yang::schema::types::{Ranges, Type, TypeKind};

/// A type of a leaf in one of the two schemas.
#[derive(Clone, Copy)]
pub(super) struct Typed<'s> {
    pub schema: &'s Schema,
    pub ty: &'s Type,
}

/// Adds what is different between two types at a path.
pub(super) fn compare(path: &str, old: Typed<'_>, new: Typed<'_>, changes: &mut Vec<Change>) {
    let mut add = |kind: &'static str, class: Class, old: String, new: String, note: Option<&'static str>| {
        changes.push(Change { path: path.to_owned(), kind, class, old, new, note });
    };
    match (&old.ty.kind, &new.ty.kind) {
        (TypeKind::Int { bits: before, range: old }, TypeKind::Int { bits: after, range: new })
            if before == after =>
        {
            let whole = whole_signed(*before);
            ranges("range", whole, old.as_ref(), new.as_ref(), &mut add);
        }
        (TypeKind::Uint { bits: before, range: old }, TypeKind::Uint { bits: after, range: new })
            if before == after =>
        {
            let most = 1_u64.checked_shl(u32::from(*before)).map_or(u64::MAX, |beyond| beyond - 1);
            ranges("range", (0, most), old.as_ref(), new.as_ref(), &mut add);
        }
        (
            TypeKind::Decimal64 { fraction_digits: before, range: old },
            TypeKind::Decimal64 { fraction_digits: after, range: new },
        ) => {
            if before == after {
                ranges("range", (i64::MIN, i64::MAX), old.as_ref(), new.as_ref(), &mut add);
            } else {
                add("fraction-digits", Class::Incompatible, before.to_string(), after.to_string(), None);
            }
        }
        (TypeKind::Binary { length: old }, TypeKind::Binary { length: new }) => {
            ranges("length", (0, u64::MAX), old.as_ref(), new.as_ref(), &mut add);
        }
        (
            TypeKind::String { length: old, patterns: before },
            TypeKind::String { length: new, patterns: after },
        ) => {
            ranges("length", (0, u64::MAX), old.as_ref(), new.as_ref(), &mut add);
            let shown = |pattern: &crate::yang::schema::types::Pattern| {
                format!("{}{}", if pattern.inverted { "not " } else { "" }, pattern.source)
            };
            let before: Vec<String> = before.iter().map(|pattern| shown(pattern)).collect();
            let after: Vec<String> = after.iter().map(|pattern| shown(pattern)).collect();
            let gone: Vec<String> =
                before.iter().filter(|pattern| !after.contains(pattern)).cloned().collect();
            let more: Vec<String> =
                after.iter().filter(|pattern| !before.contains(pattern)).cloned().collect();
            if !more.is_empty() {
                let note = (!gone.is_empty()).then_some(
                    "it may allow more than before, which is allowed; a person has to compare the two",
                );
                add("pattern", Class::Incompatible, gone.join(", "), more.join(", "), note);
            } else if !gone.is_empty() {
                add("pattern", Class::Compatible, gone.join(", "), String::new(), None);
            }
        }
        (TypeKind::Enumeration { names: before }, TypeKind::Enumeration { names: after }) => {
            let before: Vec<(String, i64)> =
                before.iter().map(|name| (name.name.to_string(), i64::from(name.value))).collect();
            let after: Vec<(String, i64)> =
                after.iter().map(|name| (name.name.to_string(), i64::from(name.value))).collect();
            numbered("enum", &before, &after, &mut add);
        }
        (TypeKind::Bits { bits: before }, TypeKind::Bits { bits: after }) => {
            let before: Vec<(String, i64)> =
                before.iter().map(|bit| (bit.name.to_string(), i64::from(bit.position))).collect();
            let after: Vec<(String, i64)> =
                after.iter().map(|bit| (bit.name.to_string(), i64::from(bit.position))).collect();
            numbered("bit", &before, &after, &mut add);
        }
        (TypeKind::Identityref { .. }, TypeKind::Identityref { .. }) => {
            let (before, after) = (bases(old), bases(new));
            if before != after {
                let only_fewer = !after.is_empty() && after.iter().all(|base| before.contains(base));
                let class = if only_fewer { Class::Compatible } else { Class::Incompatible };
                add("base", class, before.join(", "), after.join(", "), None);
            }
        }
        (
            TypeKind::InstanceIdentifier { require_instance: before },
            TypeKind::InstanceIdentifier { require_instance: after },
        ) => {
            if before != after {
                add("require-instance", Class::Incompatible, before.to_string(), after.to_string(), None);
            }
        }
        (TypeKind::Leafref(before), TypeKind::Leafref(after)) => {
            let path_of = |typed: Typed<'_>, target| typed.schema.path(target);
            let (from, to) = (path_of(old, before.target), path_of(new, after.target));
            if from != to {
                add("path", Class::Incompatible, from, to, None);
            }
            if before.require_instance != after.require_instance {
                let (from, to) = (before.require_instance.to_string(), after.require_instance.to_string());
                add("require-instance", Class::Incompatible, from, to, None);
            }
        }
        (TypeKind::Union { members: before }, TypeKind::Union { members: after })
            if before.len() == after.len() =>
        {
            for (number, (before, after)) in before.iter().zip(after).enumerate() {
                let path = format!("{path} (member {})", number + 1);
                let (old, new) = (Typed { ty: before, ..old }, Typed { ty: after, ..new });
                compare(&path, old, new, changes);
            }
        }
        (TypeKind::Boolean, TypeKind::Boolean) | (TypeKind::Empty, TypeKind::Empty) => {}
        _ => add("type", Class::Incompatible, shown(old.ty), shown(new.ty), None),
    }
}

fn whole_signed(bits: u8) -> (i64, i64) {
    let most = i64::MAX >> (64 - u32::from(bits.clamp(1, 64)));
    (-most - 1, most)
}

/// Names with numbers: more may come, none may go or get another number.
fn numbered(
    kind: &'static str,
    old: &[(String, i64)],
    new: &[(String, i64)],
    add: &mut impl FnMut(&'static str, Class, String, String, Option<&'static str>),
) {
    let shown = |(name, number): &(String, i64)| format!("{name} ({number})");
    for before in old {
        match new.iter().find(|(name, _)| *name == before.0) {
            None => add(kind, Class::Incompatible, shown(before), String::new(), None),
            Some(after) if after.1 != before.1 => {
                add(kind, Class::Incompatible, shown(before), shown(after), None);
            }
            Some(_) => {}
        }
    }
    for after in new.iter().filter(|(name, _)| !old.iter().any(|(known, _)| known == name)) {
        add(kind, Class::Compatible, String::new(), shown(after), None);
    }
}

fn ranges<T: Copy + PartialOrd + PartialEq + Display>(
    kind: &'static str,
    whole: (T, T),
    old: Option<&Ranges<T>>,
    new: Option<&Ranges<T>>,
    add: &mut impl FnMut(&'static str, Class, String, String, Option<&'static str>),
) {
    let everything = [whole];
    let before = old.map_or(&everything[..], |ranges| &ranges.parts);
    let after = new.map_or(&everything[..], |ranges| &ranges.parts);
    let within = |inner: &[(T, T)], outer: &[(T, T)]| {
        inner.iter().all(|(low, high)| outer.iter().any(|(least, most)| least <= low && high <= most))
    };
    if before == after {
        return;
    }
    // Parts that touch may have been written as one: that is told from a narrower range by both being within the other.
    let class = if within(before, after) { Class::Compatible } else { Class::Incompatible };
    let shown = |ranges: Option<&Ranges<T>>| ranges.map_or_else(String::new, Ranges::to_string);
    add(kind, class, shown(old), shown(new), None);
}

fn bases(typed: Typed<'_>) -> Vec<String> {
    let TypeKind::Identityref { bases } = &typed.ty.kind else { return Vec::new() };
    let mut names: Vec<String> = bases
        .iter()
        .map(|base| {
            let identity = typed.schema.identity(*base);
            format!("{}:{}", typed.schema.module(identity.module).name, identity.name)
        })
        .collect();
    names.sort();
    names
}

/// The built-in type, with the name that the model gives it where that is another one.
fn shown(ty: &Type) -> String {
    let built_in = match &ty.kind {
        TypeKind::Binary { .. } => "binary".to_owned(),
        TypeKind::Bits { .. } => "bits".to_owned(),
        TypeKind::Boolean => "boolean".to_owned(),
        TypeKind::Decimal64 { .. } => "decimal64".to_owned(),
        TypeKind::Empty => "empty".to_owned(),
        TypeKind::Enumeration { .. } => "enumeration".to_owned(),
        TypeKind::Identityref { .. } => "identityref".to_owned(),
        TypeKind::InstanceIdentifier { .. } => "instance-identifier".to_owned(),
        TypeKind::Int { bits, .. } => format!("int{bits}"),
        TypeKind::Uint { bits, .. } => format!("uint{bits}"),
        TypeKind::Leafref(_) => "leafref".to_owned(),
        TypeKind::String { .. } => "string".to_owned(),
        TypeKind::Union { members } => {
            let members: Vec<String> = members.iter().map(|member| shown(member)).collect();
            return format!("union of {}", members.join(", "));
        }
    };
    if ty.name == *built_in { built_in } else { format!("{} ({built_in})", ty.name) }
}
