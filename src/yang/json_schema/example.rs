//! Values that a type allows, for documentation: every one is held against the type before it is shown.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::pattern::parsed;
use crate::yang::schema::types::{
    Format, ParseContext, Pattern, Ranges, Raw, Strictness, Type, TypeKind, integer,
};
use crate::yang::schema::value::Decimal;
use crate::yang::schema::{ModuleId, NodeId, NodeKind, Schema, Value};

/// Texts that somebody may have meant a string type for; the first that it allows is its example.
const FAMILIAR: &[&str] = &[
    "example",
    "1h",
    "2026-01-31T12:00:00Z",
    "2026-01-31",
    "https://example.com/path",
    "192.0.2.1",
    "2001:db8::1",
    "192.0.2.0/24",
    "2001:db8::/32",
    "example.com",
    "00:00:5e:00:53:01",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "1.3.6.1.4.1",
    "Example text",
];

/// How much longer than its shortest form a sample of a pattern gets before it is given up.
const LONGEST_SAMPLE: u32 = 64;

/// A value of the type; `None` where none was found.
pub fn of_type(schema: &Schema, ty: &Type, module: ModuleId) -> Option<Value> {
    let context = ParseContext { schema, module, strictness: Strictness::Text, prefixes: None };
    let allowed = |text: &str| ty.parse(Raw::Text(text), context).ok();
    match &ty.effective().kind {
        TypeKind::Boolean => Some(Value::Bool(true)),
        TypeKind::Empty => Some(Value::Empty),
        TypeKind::Enumeration { names } => names.first().map(|name| Value::Enum(name.name.clone())),
        TypeKind::Bits { bits } => bits.first().and_then(|bit| allowed(&bit.name)),
        TypeKind::Binary { length } => {
            let octets =
                length.as_ref().and_then(|length| length.parts.first()).map_or(6, |part| part.0.max(1));
            (octets <= 4096).then(|| {
                let octets = usize::try_from(octets).unwrap_or(0);
                Value::binary(b"example".iter().copied().cycle().take(octets).collect())
            })
        }
        TypeKind::Int { bits, range } => {
            let (low, high) = integer::signed_bounds(*bits);
            number(range.as_ref(), (low, high), 1).map(Value::Int)
        }
        TypeKind::Uint { bits, range } => {
            number(range.as_ref(), (0, integer::unsigned_bound(*bits)), 1).map(Value::Uint)
        }
        TypeKind::Decimal64 { fraction_digits, range } => {
            let usual = 15 * 10_i64.pow(u32::from(*fraction_digits).saturating_sub(1));
            number(range.as_ref(), (i64::MIN, i64::MAX), usual)
                .map(|digits| Value::Decimal(Decimal { digits, fraction_digits: *fraction_digits }))
        }
        TypeKind::Identityref { bases } => {
            let fitting = schema.identities().iter().find(|identity| schema.is_value(identity, bases))?;
            allowed(&format!("{}:{}", schema.module(fitting.module).name, fitting.name))
        }
        TypeKind::InstanceIdentifier { .. } => {
            let top = schema.children(NodeId::ROOT).iter().map(|id| schema.node(*id));
            let container = top
                .into_iter()
                .find(|node| node.config && matches!(node.kind, NodeKind::Container { .. }))?;
            allowed(&format!("/{}:{}", schema.module(container.module).name, container.name))
        }
        TypeKind::Leafref(leafref) => of_type(schema, &leafref.target_type, module),
        TypeKind::Union { members } => members.iter().find_map(|member| of_type(schema, member, module)),
        TypeKind::String { length, patterns } => {
            let patterns: Vec<&Pattern> = patterns.iter().map(AsRef::as_ref).collect();
            text(length.as_ref(), &patterns, ty.effective().format, &allowed)
        }
    }
}

/// The usual value where it is allowed, otherwise the lowest.
fn number<T: Copy + Ord>(range: Option<&Ranges<T>>, bounds: (T, T), usual: T) -> Option<T> {
    let whole = [bounds];
    let parts = range.map_or(&whole[..], |range| &range.parts);
    let is_allowed = parts.iter().any(|(low, high)| *low <= usual && usual <= *high);
    if is_allowed { Some(usual) } else { parts.first().map(|part| part.0) }
}

fn text(
    length: Option<&Ranges<u64>>,
    patterns: &[&Pattern],
    format: Option<Format>,
    allowed: &impl Fn(&str) -> Option<Value>,
) -> Option<Value> {
    if format == Some(Format::Duration)
        && let Some(found) = allowed("1h")
    {
        return Some(found);
    }
    if patterns.iter().all(|pattern| pattern.inverted)
        && let Some(found) = free_text(length, allowed)
    {
        return Some(found);
    }
    if let Some(found) = FAMILIAR.iter().find_map(|text| allowed(text)) {
        return Some(found);
    }
    for pattern in patterns.iter().filter(|pattern| !pattern.inverted) {
        let Some(hir) = parsed(pattern) else { continue };
        for more in 0..LONGEST_SAMPLE {
            let mut sample = String::new();
            write_sample(&hir, more, &mut sample);
            if let Some(found) = allowed(&sample) {
                return Some(found);
            }
        }
    }
    None
}

/// `example`, or as much or as often of it as the length asks for.
fn free_text(length: Option<&Ranges<u64>>, allowed: &impl Fn(&str) -> Option<Value>) -> Option<Value> {
    const WORD: &str = "example";
    let (least, most) = length.and_then(|length| length.parts.first()).map_or((0, u64::MAX), |part| *part);
    let length = usize::try_from((WORD.len() as u64).clamp(least, most.max(least)).min(4096)).unwrap_or(0);
    allowed(&format!("{WORD}-").chars().cycle().take(length).collect::<String>())
}

/// Appends a text that an expression matches; what may be repeated without end is repeated so many times more than it
/// must.
fn write_sample(hir: &Hir, more: u32, out: &mut String) {
    /// Samples beyond this are of no use to anybody.
    const ENOUGH: usize = 4096;
    if out.len() > ENOUGH {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let has = |c: char| class.ranges().iter().any(|range| range.start() <= c && c <= range.end());
            let familiar = ['a', 'A', '1', '0', '-', '_', '.'].into_iter().find(|c| has(*c));
            let first = || class.ranges().iter().map(|range| range.start()).find(|c| !c.is_control());
            out.extend(familiar.or_else(first));
        }
        HirKind::Class(Class::Bytes(_)) => {}
        HirKind::Capture(capture) => write_sample(&capture.sub, more, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write_sample(part, more, out)),
        HirKind::Alternation(branches) => {
            let branch = branches.get(more as usize % branches.len().max(1));
            if let Some(branch) = branch {
                write_sample(branch, more, out);
            }
        }
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX);
            for _ in 0..repetition.min.saturating_add(more).min(most) {
                write_sample(&repetition.sub, more, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yang::testing::{node, schema};

    fn example(ty: &str) -> Option<String> {
        let schema = schema(&[&format!("leaf l {{ type {ty} }} container c;")]);
        let leaf = schema.node(node(&schema, "/l"));
        of_type(&schema, leaf.ty().unwrap(), leaf.module).map(|value| value.to_string())
    }

    #[test]
    fn examples_look_like_what_the_type_is_for() {
        for (ty, found) in [
            ("string;", "example"),
            ("string { pattern '[0-9]{4}-[0-9]{2}-[0-9]{2}'; }", "2026-01-31"),
            ("string { pattern 'key-[0-9]+'; }", "key-1"),
            ("string { pattern '(a|b){3}'; }", "aaa"),
            ("string { length '20'; }", "example-example-exam"),
            ("uint8 { range '5..9'; }", "5"),
            ("int32;", "1"),
            ("decimal64 { fraction-digits 2; }", "1.5"),
            ("instance-identifier;", "/t:c"),
            ("bits { bit r; bit w; }", "r"),
            ("union { type uint8; type string; }", "1"),
        ] {
            assert_eq!(example(ty).as_deref(), Some(found), "{ty}");
        }
        assert_eq!(example("string { pattern 'a'; pattern 'b'; }"), None, "there is no such text");
    }

    #[test]
    fn every_leaf_of_the_product_has_an_example_that_its_type_allows() {
        let schema = crate::yang::compile_product().unwrap();
        for (id, node) in schema.nodes() {
            let Some(ty) = node.ty() else { continue };
            // Of an identity that is there for modules of others nothing may be derived yet.
            if matches!(ty.effective().kind, TypeKind::Identityref { .. }) {
                continue;
            }
            assert!(of_type(&schema, ty, node.module).is_some(), "{}", schema.path(id));
        }
    }
}
