//! `type` statements to types: typedef chains followed, restrictions narrowed (RFC 7950 sections 7.3, 7.4 and 9).
//!
//! What depends on the leaf that uses the type - a leafref's path - stays a template until all nodes are there.

use std::sync::Arc;

use super::ranges::{narrow, widest_signed};
use super::restrict;
use crate::base::diagnostic::Diagnostic;
use crate::base::hashed::HashMap;
use crate::base::ident::Ident;
use crate::base::suggest::nearest;
use crate::yang::resolve::feature::FeatureStates;
use crate::yang::resolve::load::Version;
use crate::yang::resolve::scope::{Definition, NameKind, Names, ScopeId, address, split_name};
use crate::yang::resolve::tree::Property;
use crate::yang::schema::IdentityId;
use crate::yang::schema::types::{Format, Pattern, Type, TypeKind, integer};
use crate::yang::syntax::check::BUILT_IN_TYPES;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::statement::Statement;

/// A type that may still wait for its leaf.
#[derive(Clone, Debug)]
pub(super) enum Template<'a> {
    /// Complete.
    Done(Arc<Type>),
    /// A leafref.
    Leafref(LeafrefTemplate<'a>),
    /// A union with a leafref among its members.
    Union(Ident, Arc<[Template<'a>]>),
}

/// A leafref whose path is to be bound at each leaf.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeafrefTemplate<'a> {
    /// The `path` statement.
    pub path: Property<'a>,
    /// `require-instance`.
    pub require_instance: bool,
    /// The `type` statement of the leaf, for its name.
    pub named: &'a Statement,
}

/// A `type` statement understood, with what its typedefs say besides.
#[derive(Clone, Debug)]
pub(super) struct Typing<'a> {
    pub template: Template<'a>,
    /// `default` of the nearest typedef that has one.
    pub default: Option<Property<'a>>,
    /// `units` likewise.
    pub units: Option<Ident>,
}

/// Compiles types, each statement once.
#[derive(Debug, Default)]
pub(super) struct Typer<'a> {
    types: HashMap<usize, Option<Arc<Typing<'a>>>>,
    /// Typedefs being followed, for circles.
    active: Vec<usize>,
    patterns: HashMap<usize, Option<Arc<Pattern>>>,
}

/// What compiling a type needs from outside.
pub(super) struct TypeWorld<'w, 'a> {
    pub names: &'w Names<'a>,
    pub features: &'w mut FeatureStates,
    /// Identities by address of their statement.
    pub identities: &'w HashMap<usize, IdentityId>,
    pub diagnostics: &'w mut Vec<Diagnostic>,
}

/// How long a chain of typedefs may be.
const MAX_CHAIN: usize = 100;

/// How many members a union may have, those of unions within it counted.
const MAX_MEMBERS: usize = 4_096;

impl<'a> Typer<'a> {
    /// The type that a `type` statement says; `None` when it is wrong, which was reported.
    pub fn typing(
        &mut self,
        world: &mut TypeWorld<'_, 'a>,
        statement: &'a Statement,
        scope: ScopeId,
    ) -> Option<Arc<Typing<'a>>> {
        let key = address(statement);
        if let Some(known) = self.types.get(&key) {
            return known.clone();
        }
        let found = self.compute(world, statement, scope).map(Arc::new);
        self.types.insert(key, found.clone());
        found
    }

    fn compute(
        &mut self,
        world: &mut TypeWorld<'_, 'a>,
        statement: &'a Statement,
        scope: ScopeId,
    ) -> Option<Typing<'a>> {
        let name = statement.text();
        if BUILT_IN_TYPES.contains(&name) {
            let template = self.built_in(world, statement, scope)?;
            return Some(Typing { template, default: None, units: None });
        }
        let found = world.names.find(NameKind::Typedef, scope, name, statement.argument_span());
        let definition = match found {
            Ok(definition) => definition,
            Err(mut unknown) => {
                if let (None, Some(near)) =
                    (split_name(name).0, nearest(name, BUILT_IN_TYPES.iter().copied()))
                {
                    unknown.help.push(format!("did you mean the built-in type '{near}'?"));
                }
                world.diagnostics.push(*unknown);
                return None;
            }
        };
        let base = self.typedef(world, definition, statement)?;
        let mut typing = (*base).clone();
        let (_, local) = split_name(name);
        typing.template = self.derive(world, &typing.template, statement, scope, local)?;
        Some(typing)
    }

    /// The type that a typedef gives a name to.
    pub fn typedef(
        &mut self,
        world: &mut TypeWorld<'_, 'a>,
        definition: Definition<'a>,
        user: &Statement,
    ) -> Option<Arc<Typing<'a>>> {
        let key = address(definition.statement);
        if let Some(known) = self.types.get(&key) {
            return known.clone();
        }
        if self.active.contains(&key) {
            world.diagnostics.push(
                Diagnostic::error(
                    "Y0301",
                    user.argument_span(),
                    format!("the typedef '{}' is defined by itself", definition.statement.text()),
                )
                .related(definition.statement.argument_span(), "defined here"),
            );
            return None;
        }
        if self.active.len() >= MAX_CHAIN {
            let message = format!("more than {MAX_CHAIN} typedefs are defined by each other");
            world.diagnostics.push(Diagnostic::error("Y0301", user.argument_span(), message));
            return None;
        }
        self.active.push(key);
        let scope = world.names.inside(definition.statement, definition.scope);
        let base = definition.statement.find(K::Type).and_then(|ty| self.typing(world, ty, scope));
        self.active.pop();
        let found = base.map(|base| {
            let mut typing = (*base).clone();
            if let Some(statement) = definition.statement.find(K::Default) {
                typing.default = Some(Property { statement, scope });
            }
            if let Some(units) = definition.statement.text_of(K::Units) {
                typing.units = Some(units.clone());
            }
            if let (Template::Done(ty), Some(format)) =
                (&typing.template, restrict::format_of(world, definition))
                && matches!(ty.kind, TypeKind::String { .. })
            {
                typing.template = Template::Done(Arc::new(Type { format: Some(format), ..(**ty).clone() }));
            }
            Arc::new(typing)
        });
        self.types.insert(key, found.clone());
        found
    }

    fn built_in(
        &mut self,
        world: &mut TypeWorld<'_, 'a>,
        statement: &'a Statement,
        scope: ScopeId,
    ) -> Option<Template<'a>> {
        let name = statement.text();
        let done =
            |kind| Some(Template::Done(Arc::new(Type { name: Ident::from(name), kind, format: None })));
        let kind = match name {
            "binary" => TypeKind::Binary { length: None },
            "boolean" => TypeKind::Boolean,
            "empty" => TypeKind::Empty,
            "instance-identifier" => TypeKind::InstanceIdentifier { require_instance: true },
            "string" => TypeKind::String { length: None, patterns: Vec::new() },
            "int8" => TypeKind::Int { bits: 8, range: None },
            "int16" => TypeKind::Int { bits: 16, range: None },
            "int32" => TypeKind::Int { bits: 32, range: None },
            "int64" => TypeKind::Int { bits: 64, range: None },
            "uint8" => TypeKind::Uint { bits: 8, range: None },
            "uint16" => TypeKind::Uint { bits: 16, range: None },
            "uint32" => TypeKind::Uint { bits: 32, range: None },
            "uint64" => TypeKind::Uint { bits: 64, range: None },
            "decimal64" => {
                let digits =
                    statement.text_of(K::FractionDigits).and_then(|digits| digits.parse::<u8>().ok());
                let Some(fraction_digits) = digits.filter(|digits| (1..=18).contains(digits)) else {
                    self.missing(world, statement, "fraction-digits");
                    return None;
                };
                TypeKind::Decimal64 { fraction_digits, range: None }
            }
            "enumeration" => {
                let names = restrict::enumeration(world, statement, scope, None)?;
                return done(TypeKind::Enumeration { names });
            }
            "bits" => {
                let bits = restrict::bits(world, statement, scope, None)?;
                return done(TypeKind::Bits { bits });
            }
            "identityref" => {
                let mut bases = Vec::new();
                for base in statement.all(K::Base) {
                    match world.names.find(NameKind::Identity, scope, base.text(), base.argument_span()) {
                        Ok(found) => bases.extend(world.identities.get(&address(found.statement))),
                        Err(unknown) => world.diagnostics.push(*unknown),
                    }
                }
                if statement.find(K::Base).is_none() {
                    self.missing(world, statement, "base");
                    return None;
                }
                return done(TypeKind::Identityref { bases });
            }
            "leafref" => {
                let Some(path) = statement.find(K::Path) else {
                    self.missing(world, statement, "path");
                    return None;
                };
                let require = statement.find(K::RequireInstance);
                if let (Some(require), Version::V1) =
                    (require, world.names.loaded.unit(world.names.unit_of(scope)).version)
                {
                    world.diagnostics.push(
                        Diagnostic::error(
                            "Y0105",
                            require.head_span(),
                            "'require-instance' of a leafref needs YANG version 1.1",
                        )
                        .note("write 'yang-version 1.1;' at the start of the module"),
                    );
                }
                let require_instance = require.is_none_or(|require| require.text() == "true");
                let template = Template::Leafref(LeafrefTemplate {
                    path: Property { statement: path, scope },
                    require_instance,
                    named: statement,
                });
                restrict::check_substatements(world, &template, statement);
                return Some(template);
            }
            _ => return self.union(world, statement, scope),
        };
        let base = Template::Done(Arc::new(Type { name: Ident::from(name), kind, format: None }));
        self.derive(world, &base, statement, scope, name)
    }

    fn missing(&self, world: &mut TypeWorld<'_, 'a>, statement: &Statement, what: &str) {
        let message = format!("a {} needs '{what}'", statement.text());
        world.diagnostics.push(Diagnostic::error("Y0302", statement.argument_span(), message));
    }

    fn union(
        &mut self,
        world: &mut TypeWorld<'_, 'a>,
        statement: &'a Statement,
        scope: ScopeId,
    ) -> Option<Template<'a>> {
        restrict::check_substatements(
            world,
            &Template::Union(Ident::from(statement.text()), Arc::from([])),
            statement,
        );
        let version = world.names.loaded.unit(world.names.unit_of(scope)).version;
        let mut members = Vec::new();
        let mut complete = true;
        for member in statement.all(K::Type) {
            match self.typing(world, member, scope) {
                Some(typing) => {
                    let refused = match &typing.template {
                        Template::Done(ty) => matches!(ty.kind, TypeKind::Empty),
                        Template::Leafref(_) => true,
                        Template::Union(..) => false,
                    };
                    if version == Version::V1 && refused {
                        world.diagnostics.push(
                            Diagnostic::error(
                                "Y0303",
                                member.argument_span(),
                                "a union of YANG version 1 has no empty or leafref member",
                            )
                            .note("write 'yang-version 1.1;' (RFC 7950 section 9.12)"),
                        );
                    }
                    members.push(typing.template.clone());
                }
                None => complete = false,
            }
        }
        if !complete {
            return None;
        }
        if members.is_empty() {
            self.missing(world, statement, "type");
            return None;
        }
        if members.iter().map(size).fold(0, usize::saturating_add) > MAX_MEMBERS {
            let message = format!("the union has more than {MAX_MEMBERS} members");
            world.diagnostics.push(Diagnostic::error("Y0303", statement.argument_span(), message));
            return None;
        }
        let name = Ident::from(statement.text());
        let done: Option<Vec<Arc<Type>>> = members
            .iter()
            .map(|member| match member {
                Template::Done(ty) => Some(ty.clone()),
                _ => None,
            })
            .collect();
        Some(match done {
            Some(members) => {
                Template::Done(Arc::new(Type { name, kind: TypeKind::Union { members }, format: None }))
            }
            None => Template::Union(name, members.into()),
        })
    }

    /// A template with the restrictions of a `type` statement added.
    fn derive(
        &mut self,
        world: &mut TypeWorld<'_, 'a>,
        base: &Template<'a>,
        statement: &'a Statement,
        scope: ScopeId,
        name: &str,
    ) -> Option<Template<'a>> {
        restrict::check_substatements(world, base, statement);
        let ty = match base {
            Template::Done(ty) => ty,
            Template::Leafref(leafref) => {
                let mut leafref = LeafrefTemplate { named: statement, ..*leafref };
                if let Some(require) = statement.text_of(K::RequireInstance) {
                    leafref.require_instance = *require == "true";
                }
                return Some(Template::Leafref(leafref));
            }
            Template::Union(_, members) => {
                return Some(Template::Union(Ident::from(name), members.clone()));
            }
        };
        let restricted = statement.substatements.iter().any(|sub| {
            matches!(
                sub.id(),
                Some(K::Range | K::Length | K::Pattern | K::Enum | K::Bit | K::RequireInstance)
            )
        });
        if !restricted && ty.name == *name {
            return Some(base.clone());
        }
        let mut fresh = Type { name: Ident::from(name), ..(**ty).clone() };
        if restricted {
            self.restrict(world, &mut fresh.kind, statement, scope)?;
        }
        Some(Template::Done(Arc::new(fresh)))
    }

    fn restrict(
        &mut self,
        world: &mut TypeWorld<'_, 'a>,
        kind: &mut TypeKind,
        statement: &'a Statement,
        scope: ScopeId,
    ) -> Option<()> {
        match kind {
            TypeKind::Int { bits, range } => {
                if let Some(sub) = statement.find(K::Range) {
                    let base = range
                        .as_ref()
                        .map_or_else(|| vec![widest_signed(*bits)], |range| range.parts.clone());
                    *range = Some(keep(world, narrow(sub, &base, 0))?);
                }
            }
            TypeKind::Uint { bits, range } => {
                if let Some(sub) = statement.find(K::Range) {
                    let base = range.as_ref().map_or_else(
                        || vec![(0, integer::unsigned_bound(*bits))],
                        |range| range.parts.clone(),
                    );
                    *range = Some(keep(world, narrow(sub, &base, 0))?);
                }
            }
            TypeKind::Decimal64 { fraction_digits, range } => {
                if let Some(sub) = statement.find(K::Range) {
                    let base = range
                        .as_ref()
                        .map_or_else(|| vec![(i64::MIN, i64::MAX)], |range| range.parts.clone());
                    *range = Some(keep(world, narrow(sub, &base, *fraction_digits))?);
                }
            }
            TypeKind::Binary { length } => {
                if let Some(sub) = statement.find(K::Length) {
                    let base =
                        length.as_ref().map_or_else(|| vec![(0, u64::MAX)], |length| length.parts.clone());
                    *length = Some(keep(world, narrow(sub, &base, 0))?);
                }
            }
            TypeKind::String { length, patterns } => {
                if let Some(sub) = statement.find(K::Length) {
                    let base =
                        length.as_ref().map_or_else(|| vec![(0, u64::MAX)], |length| length.parts.clone());
                    *length = Some(keep(world, narrow(sub, &base, 0))?);
                }
                for pattern in statement.all(K::Pattern) {
                    patterns.push(self.pattern(world, pattern)?);
                }
            }
            TypeKind::Enumeration { names } if statement.find(K::Enum).is_some() => {
                *names = restrict::enumeration(world, statement, scope, Some(names))?;
            }
            TypeKind::Bits { bits } if statement.find(K::Bit).is_some() => {
                *bits = restrict::bits(world, statement, scope, Some(bits))?;
            }
            TypeKind::InstanceIdentifier { require_instance } => {
                if let Some(require) = statement.text_of(K::RequireInstance) {
                    *require_instance = *require == "true";
                }
            }
            _ => {}
        }
        Some(())
    }

    fn pattern(&mut self, world: &mut TypeWorld<'_, 'a>, statement: &'a Statement) -> Option<Arc<Pattern>> {
        let key = address(statement);
        if let Some(known) = self.patterns.get(&key) {
            return known.clone();
        }
        let found = restrict::pattern(world, statement).map(Arc::new);
        self.patterns.insert(key, found.clone());
        found
    }
}

/// The value, or nothing and one more diagnostic.
fn keep<T>(world: &mut TypeWorld<'_, '_>, outcome: Result<T, Box<Diagnostic>>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(diagnostic) => {
            world.diagnostics.push(*diagnostic);
            None
        }
    }
}

/// How many members a type counts for in a union.
fn size(template: &Template<'_>) -> usize {
    fn of_type(ty: &Type) -> usize {
        match &ty.kind {
            TypeKind::Union { members } => members.iter().map(|member| of_type(member)).sum(),
            _ => 1,
        }
    }
    match template {
        Template::Done(ty) => of_type(ty),
        Template::Leafref(_) => 1,
        Template::Union(_, members) => members.iter().map(size).sum(),
    }
}

/// The format of a typedef that has none of its own is that of the type it derives from; this names the ones known.
pub(super) fn format_named(name: &str) -> Option<Format> {
    match name {
        "duration" => Some(Format::Duration),
        "date-and-time" => Some(Format::DateAndTime),
        _ => None,
    }
}
