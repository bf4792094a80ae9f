//! Types as JSON Schema: what a scalar looks like in each of the encodings.

use serde_json::{Map, Value, json};

use super::generate::{Generator, Purpose};
use super::number::between;
use super::pattern::{Characters, any_text, portable};
use super::{Encoding, example};
use crate::yang::schema::types::{Format, Leafref, Pattern, Ranges, Type, TypeKind, integer};
use crate::yang::schema::value::Decimal;
use crate::yang::schema::{IdentityId, ModuleId, Schema};
use crate::yang::syntax::check::BUILT_IN_TYPES;

/// Schemas of types shorter than this are written where they are used.
const SHORT: usize = 48;

/// How scalars are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scalars {
    /// As `/v1` answers: numbers are numbers.
    Plain,
    /// As `/v1` takes them: numbers may also be strings.
    Lenient,
    /// RFC 7951: 64-bit numbers and decimals are strings.
    Rfc7951,
}

impl Generator<'_> {
    fn scalars(&self, purpose: Purpose) -> Scalars {
        match self.options.encoding {
            Encoding::Rfc7951 => Scalars::Rfc7951,
            Encoding::Plain if self.options.for_requests && purpose.is_sent() => Scalars::Lenient,
            Encoding::Plain => Scalars::Plain,
        }
    }

    /// The schema of a type, or a reference to it where it has a name of its own and is not short. `module` is that of the
    /// leaf.
    pub fn type_schema(&mut self, ty: &Type, module: ModuleId, purpose: Purpose) -> Value {
        let ty = ty.effective();
        let scalars = self.scalars(purpose);
        let mut schema = self.bare_type(ty, module, scalars);
        if let Value::Object(members) = &mut schema
            && !matches!(ty.kind, TypeKind::Boolean | TypeKind::Empty | TypeKind::Enumeration { .. })
            && let Some(example) = example::of_type(self.schema, ty, module)
        {
            members.insert("examples".to_owned(), json!([self.json(&example, ty)]));
        }
        let name = ty.name.as_str();
        if BUILT_IN_TYPES.contains(&name) || schema.to_string().len() < SHORT {
            return schema;
        }
        self.shared(&format!("type.{name}"), schema)
    }

    fn bare_type(&mut self, ty: &Type, module: ModuleId, scalars: Scalars) -> Value {
        match &ty.kind {
            TypeKind::Binary { length } => binary(length.as_ref()),
            TypeKind::Bits { bits } => bits_schema(bits.iter().map(|bit| bit.name.as_str())),
            TypeKind::Boolean => json!({"type": "boolean"}),
            TypeKind::Decimal64 { fraction_digits, range } => {
                decimal_schema(*fraction_digits, range.as_ref(), scalars)
            }
            TypeKind::Empty => json!({"type": "array", "const": [null]}),
            TypeKind::Enumeration { names } => {
                json!({"type": "string", "enum": names.iter().map(|name| name.name.as_str()).collect::<Vec<_>>()})
            }
            TypeKind::Identityref { bases } => match identities(self.schema, bases, module).as_slice() {
                [] => json!({"type": "string", "not": {}, "$comment": "no module has such an identity"}),
                names => json!({"type": "string", "enum": names}),
            },
            TypeKind::InstanceIdentifier { .. } => json!({"type": "string", "pattern": "^/"}),
            TypeKind::Int { bits, range } => {
                let (low, high) = integer::signed_bounds(*bits);
                let parts = range.as_ref().map_or_else(|| vec![(low, high)], |range| range.parts.clone());
                let wide: Vec<_> =
                    parts.iter().map(|(low, high)| (i128::from(*low), i128::from(*high))).collect();
                whole_numbers(&wide, *bits, scalars)
            }
            TypeKind::Uint { bits, range } => {
                let high = integer::unsigned_bound(*bits);
                let parts = range.as_ref().map_or_else(|| vec![(0, high)], |range| range.parts.clone());
                let wide: Vec<_> =
                    parts.iter().map(|(low, high)| (i128::from(*low), i128::from(*high))).collect();
                whole_numbers(&wide, *bits, scalars)
            }
            TypeKind::Leafref(Leafref { target_type, .. }) => self.bare_type(target_type, module, scalars),
            TypeKind::String { length, patterns } => {
                let patterns: Vec<&Pattern> = patterns.iter().map(AsRef::as_ref).collect();
                self.text(length.as_ref(), &patterns, ty.format)
            }
            TypeKind::Union { members } => {
                let mut schemas: Vec<Value> = Vec::with_capacity(members.len());
                for member in members {
                    let schema = self.bare_type(member.effective(), module, scalars);
                    if !schemas.contains(&schema) {
                        schemas.push(schema);
                    }
                }
                match schemas.as_slice() {
                    [only] => only.clone(),
                    _ => json!({"anyOf": schemas}),
                }
            }
        }
    }

    fn text(&self, length: Option<&Ranges<u64>>, patterns: &[&Pattern], format: Option<Format>) -> Value {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("string"));
        if format == Some(Format::DateAndTime) {
            schema.insert("format".to_owned(), json!("date-time"));
        }
        let mut rules = Vec::new();
        match length.map(|length| length.parts.as_slice()) {
            Some([part]) => {
                let rule = length_rule(*part);
                schema.extend(rule);
            }
            Some(parts) => {
                let parts: Vec<Value> = parts.iter().map(|part| Value::Object(length_rule(*part))).collect();
                rules.push(json!({"anyOf": parts}));
            }
            None => {}
        }
        let characters =
            if self.options.for_requests { Characters::Permitted } else { Characters::AsWritten };
        let mut unsaid = Vec::new();
        for pattern in patterns {
            match portable(pattern, characters) {
                Some(found) => {
                    let rule = json!({"pattern": found.expression});
                    rules.push(if pattern.inverted { json!({"not": rule}) } else { rule });
                    if !found.is_exact {
                        unsaid.push(pattern);
                    }
                }
                None => unsaid.push(pattern),
            }
        }
        let is_free = patterns.iter().all(|pattern| pattern.inverted);
        if is_free && self.options.for_requests {
            rules.push(json!({"pattern": any_text()}));
        }
        match rules.as_slice() {
            [Value::Object(only)] => schema.extend(only.clone()),
            [] => {}
            _ => drop(schema.insert("allOf".to_owned(), Value::Array(rules))),
        }
        if !unsaid.is_empty() {
            let texts: Vec<String> = unsaid
                .iter()
                .map(|pattern| {
                    let not = if pattern.inverted { "not " } else { "" };
                    format!("{not}{}", pattern.source)
                })
                .collect();
            schema.insert("$comment".to_owned(), json!(format!("XSD pattern: {}", texts.join(" and "))));
        }
        Value::Object(schema)
    }
}

fn length_rule((low, high): (u64, u64)) -> Map<String, Value> {
    let mut rule = Map::new();
    if low > 0 {
        rule.insert("minLength".to_owned(), json!(low));
    }
    if high < u64::MAX {
        rule.insert("maxLength".to_owned(), json!(high));
    }
    rule
}

/// Base64 with its padding, in the length that so many octets have.
fn binary(length: Option<&Ranges<u64>>) -> Value {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("contentEncoding".to_owned(), json!("base64"));
    schema.insert(
        "pattern".to_owned(),
        json!("^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"),
    );
    if let Some(length) = length {
        let encoded = |octets: u64| octets.div_ceil(3).saturating_mul(4);
        let low = length.parts.first().map_or(0, |part| encoded(part.0));
        let high = length.parts.last().map_or(u64::MAX, |part| encoded(part.1));
        schema.extend(length_rule((low, high)));
        schema.insert("$comment".to_owned(), json!(format!("octets: {length}")));
    }
    Value::Object(schema)
}

fn bits_schema<'n>(names: impl Iterator<Item = &'n str>) -> Value {
    // Names of bits are YANG identifiers: letters, digits, '_', '-' and '.'.
    let names: Vec<String> = names.map(|name| name.replace('.', "\\.")).collect();
    let any = names.join("|");
    json!({
        "type": "string",
        "pattern": format!("^(?:(?:{any})(?: (?:{any}))*)?$"),
        "$comment": "each bit at most once",
    })
}

/// Every identity derived from all of `bases`: by its bare name too where it is of the leaf's own module (RFC 7951 section
/// 6.8).
fn identities(schema: &Schema, bases: &[IdentityId], module: ModuleId) -> Vec<String> {
    let mut names = Vec::new();
    for identity in schema.identities() {
        if schema.is_value(identity, bases) {
            if identity.module == module {
                names.push(identity.name.as_str().to_owned());
            }
            names.push(format!("{}:{}", schema.module(identity.module).name, identity.name));
        }
    }
    names
}

fn whole_numbers(parts: &[(i128, i128)], bits: u8, scalars: Scalars) -> Value {
    let text = || {
        let branches: Vec<String> = parts.iter().map(|(low, high)| between(*low, *high)).collect();
        branches.join("|")
    };
    let bound = |number: i128| match i64::try_from(number) {
        Ok(number) => json!(number),
        Err(_) => json!(u64::try_from(number).unwrap_or(u64::MAX)),
    };
    let number = |(low, high): &(i128, i128)| json!({"minimum": bound(*low), "maximum": bound(*high)});
    match (scalars, parts) {
        (Scalars::Rfc7951, _) if bits == 64 => {
            json!({"type": "string", "pattern": format!("^(?:{})$", text())})
        }
        (Scalars::Lenient, [(low, high)]) => json!({
            "type": ["integer", "string"],
            "minimum": bound(*low),
            "maximum": bound(*high),
            "pattern": format!("^(?:{})$", text()),
        }),
        (Scalars::Lenient, _) => json!({
            "type": ["integer", "string"],
            "anyOf": parts.iter().map(number).collect::<Vec<_>>(),
            "pattern": format!("^(?:{})$", text()),
        }),
        (_, [(low, high)]) => json!({"type": "integer", "minimum": bound(*low), "maximum": bound(*high)}),
        _ => json!({"type": "integer", "anyOf": parts.iter().map(number).collect::<Vec<_>>()}),
    }
}

fn decimal_schema(fraction_digits: u8, range: Option<&Ranges<i64>>, scalars: Scalars) -> Value {
    let parts = range.map_or_else(|| vec![(i64::MIN, i64::MAX)], |range| range.parts.clone());
    let decimal = |digits| Decimal { digits, fraction_digits };
    let bounds: Vec<Value> = parts
        .iter()
        .map(|(low, high)| json!({"minimum": decimal(*low).to_f64(), "maximum": decimal(*high).to_f64()}))
        .collect();
    let whole = 19_u8.saturating_sub(fraction_digits).max(1);
    let pattern = format!("^-?[0-9]{{1,{whole}}}(?:\\.[0-9]{{1,{fraction_digits}}})?$");
    let mut schema = Map::new();
    let kind = match scalars {
        Scalars::Plain | Scalars::Lenient => json!(["number", "string"]),
        Scalars::Rfc7951 => json!("string"),
    };
    schema.insert("type".to_owned(), kind);
    if scalars != Scalars::Rfc7951 {
        match bounds.as_slice() {
            [Value::Object(only)] => schema.extend(only.clone()),
            _ => drop(schema.insert("anyOf".to_owned(), Value::Array(bounds))),
        }
    }
    schema.insert("pattern".to_owned(), json!(pattern));
    let range: Vec<String> =
        parts.iter().map(|(low, high)| format!("{}..{}", decimal(*low), decimal(*high))).collect();
    let comment = format!("at most {fraction_digits} digits behind the point; range: {}", range.join(" | "));
    schema.insert("$comment".to_owned(), json!(comment));
    Value::Object(schema)
}

impl Generator<'_> {
    /// A value as JSON, in the encoding.
    pub fn json(&self, value: &crate::yang::schema::Value, ty: &Type) -> Value {
        use crate::yang::schema::Value as V;
        let is_rfc7951 = self.options.encoding == Encoding::Rfc7951;
        match value {
            V::Empty => json!([null]),
            V::Bool(value) => json!(value),
            V::Int(value) if is_rfc7951 && is_wide(ty) => json!(value.to_string()),
            V::Uint(value) if is_rfc7951 && is_wide(ty) => json!(value.to_string()),
            V::Int(value) => json!(value),
            V::Uint(value) => json!(value),
            V::Decimal(value) if is_rfc7951 => json!(value.to_string()),
            V::Decimal(value) => json!(value.to_f64()),
            other => json!(other.to_string()),
        }
    }
}

/// Whether numbers of a type have 64 bits. Of a union: whether any member's have, which is close enough for an example.
fn is_wide(ty: &Type) -> bool {
    match &ty.effective().kind {
        TypeKind::Int { bits, .. } | TypeKind::Uint { bits, .. } => *bits == 64,
        TypeKind::Union { members } => members.iter().any(|member| is_wide(member)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Options, generate::Generator};
    use super::*;
    use crate::yang::testing::{node, schema};

    fn of_type(ty: &str, options: Options) -> Value {
        let schema = schema(&[&format!(
            "identity base; identity near {{ base base; }} leaf l {{ type {ty} }} leaf target {{ type uint8 {{ range '1..9'; }} }}"
        )]);
        let leaf = schema.node(node(&schema, "/l"));
        let mut generator = Generator::new(&schema, options);
        let mut found = generator.type_schema(leaf.ty().unwrap(), leaf.module, Purpose::Whole);
        if let Value::Object(members) = &mut found {
            members.remove("examples");
        }
        found
    }

    fn plain(ty: &str) -> Value {
        of_type(ty, Options::editor(Encoding::Plain))
    }

    fn strict(ty: &str) -> Value {
        of_type(ty, Options::editor(Encoding::Rfc7951))
    }

    #[test]
    fn rfc7951_6_1_wide_numbers_are_strings_in_one_encoding_and_numbers_in_the_other() {
        assert_eq!(plain("int8;"), json!({"type": "integer", "minimum": -128, "maximum": 127}));
        assert_eq!(strict("int8;"), plain("int8;"));
        assert_eq!(
            plain("uint64;"),
            json!({"type": "integer", "minimum": 0, "maximum": 18_446_744_073_709_551_615_u64})
        );
        assert_eq!(
            strict("uint64 { range '1..10'; }"),
            json!({"type": "string", "pattern": "^(?:[1-9]|10)$"})
        );
        assert_eq!(strict("decimal64 { fraction-digits 2; }")["type"], "string");
        assert_eq!(plain("decimal64 { fraction-digits 1; range '0.5..9'; }")["minimum"], 0.5);
    }

    #[test]
    fn rfc7950_9_2_4_every_part_of_a_range_is_said() {
        assert_eq!(
            plain("uint8 { range '1..5 | 7'; }"),
            json!({"type": "integer", "anyOf": [{"minimum": 1, "maximum": 5}, {"minimum": 7, "maximum": 7}]})
        );
    }

    #[test]
    fn rfc7950_9_4_strings_keep_length_and_patterns() {
        assert_eq!(
            plain("string { length '1..8'; pattern '[a-z]*'; pattern 'x.*' { modifier invert-match; } }"),
            json!({
                "type": "string", "minLength": 1, "maxLength": 8,
                "allOf": [{"pattern": "^[a-z]*$"}, {"not": {"pattern": r"^x[^\n\r]*$"}}],
            })
        );
        assert_eq!(
            plain(r"string { pattern '\p{L}+'; }")["$comment"],
            r"XSD pattern: \p{L}+",
            "what is not said exactly stands in a comment"
        );
    }

    #[test]
    fn names_and_references() {
        assert_eq!(plain("enumeration { enum a; enum b; }"), json!({"type": "string", "enum": ["a", "b"]}));
        assert_eq!(
            plain("identityref { base base; }"),
            json!({"type": "string", "enum": ["near", "t:near"]})
        );
        assert_eq!(plain("empty;"), json!({"type": "array", "const": [null]}));
        assert_eq!(
            plain("leafref { path '../target'; }"),
            json!({"type": "integer", "minimum": 1, "maximum": 9})
        );
        assert_eq!(
            plain("union { type boolean; type enumeration { enum auto; } }"),
            json!({"anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["auto"]}]})
        );
    }

    #[test]
    fn what_v1_takes_in_requests_is_said_there() {
        let sent = of_type("uint8 { range '1..9'; }", Options::requests(Encoding::Plain, "#/"));
        assert_eq!(
            sent,
            json!({"type": ["integer", "string"], "minimum": 1, "maximum": 9, "pattern": "^(?:[1-9])$"})
        );
    }
}
