//! What a statement tree must look like by RFC 7950 alone, before any name is resolved: which statements stand in which,
//! how often and in what order, and how their arguments are written.

use super::argument;
use super::keyword::rules::{Rule, Section, Substatement, Version, deviate, parents, rule, since};
use super::keyword::{ArgumentKind, KeywordId};
use super::known::Known;
use super::parse::shorten;
use super::statement::{Keyword, Statement};
use super::string::locate;
use crate::base::diagnostic::Diagnostic;
use crate::base::suggest::nearest;

/// The types that every module knows (RFC 7950 section 4.2.4).
pub const BUILT_IN_TYPES: &[&str] = &[
    "binary",
    "bits",
    "boolean",
    "decimal64",
    "empty",
    "enumeration",
    "identityref",
    "instance-identifier",
    "int8",
    "int16",
    "int32",
    "int64",
    "leafref",
    "string",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "union",
];

/// Everything that is wrong with a module or submodule by sections 7 and 14 of RFC 7950. `text` is what it was read from.
pub fn check(statement: &Statement, text: &str) -> Vec<Diagnostic> {
    let mut checker =
        Checker { text, root: statement, version: version_of(statement), diagnostics: Vec::new() };
    match statement.id() {
        Some(KeywordId::Module | KeywordId::Submodule) => checker.statement(statement, None),
        _ => {
            let message = format!("expected 'module' or 'submodule', found '{}'", statement.keyword);
            checker.push(Diagnostic::error("Y0100", statement.head_span(), message));
        }
    }
    checker.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    checker.diagnostics
}

/// The version of YANG that a module or submodule says it is written in (RFC 7950 section 7.1.2).
pub fn version_of(module: &Statement) -> Version {
    match module.text_of(KeywordId::YangVersion).map(|version| version.as_str()) {
        Some("1.1") => Version::V1_1,
        _ => Version::V1,
    }
}

struct Checker<'a> {
    text: &'a str,
    root: &'a Statement,
    version: Version,
    diagnostics: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// A statement of RFC 7950 with its block.
    fn statement(&mut self, statement: &Statement, parent: Option<KeywordId>) {
        let Some(id) = statement.id() else { return };
        self.argument(statement, id, parent);
        let rule = if id == KeywordId::Deviate { deviate(statement.text()) } else { rule(id) };
        self.block(statement, Some(id), rule);
        match id {
            KeywordId::Module | KeywordId::Submodule => self.order(statement),
            KeywordId::Deviation => self.not_supported_stands_alone(statement),
            KeywordId::Typedef if BUILT_IN_TYPES.contains(&statement.text()) => {
                let message = format!("'{}' is the name of a built-in type", statement.text());
                self.push(
                    Diagnostic::error("Y0124", statement.argument_span(), message)
                        .note("a typedef cannot take the name of a built-in type (RFC 7950 section 7.3)"),
                );
            }
            _ => {}
        }
    }

    /// The block of a statement; `id` is the statement, unless it is one of an extension.
    fn block(&mut self, statement: &Statement, id: Option<KeywordId>, rule: &Rule) {
        let mut unknown = false;
        for substatement in &statement.substatements {
            match &substatement.keyword {
                Keyword::Known(known) => {
                    if self.may_stand(substatement, *known, statement, rule) {
                        self.statement(substatement, id);
                    }
                }
                Keyword::Unknown(name) => {
                    unknown = true;
                    self.unknown(substatement, name, rule);
                }
                Keyword::Extension { .. } => self.extension(substatement, id),
            }
        }
        self.cardinality(statement, rule, unknown);
    }

    /// A use of an extension: what stands in it is known for few of them.
    fn extension(&mut self, statement: &Statement, parent: Option<KeywordId>) {
        let Some(known) = Known::of(self.root, &statement.keyword) else { return };
        let at_top = matches!(parent, Some(KeywordId::Module | KeywordId::Submodule));
        let may_hold = matches!(parent, Some(KeywordId::Container | KeywordId::List));
        let fits = if known.is_top_level() { at_top } else { may_hold };
        if !fits {
            // Elsewhere a yang-data template means nothing (RFC 8040 section 8).
            if known != Known::YangData {
                let place =
                    if known.is_top_level() { "at the top of a module" } else { "in a container or list" };
                let message = format!("'{}' stands {place} only", statement.keyword);
                self.push(
                    Diagnostic::error("Y0125", statement.head_span(), message).note(known.rule().cite()),
                );
            }
            return;
        }
        let kind = match known {
            Known::AugmentStructure => ArgumentKind::AbsoluteSchemaNode,
            _ => ArgumentKind::Identifier,
        };
        self.argument_of(statement, kind);
        self.block(statement, None, known.rule());
    }

    /// RFC 7950 section 14, `deviation-stmt`.
    fn not_supported_stands_alone(&mut self, deviation: &Statement) {
        let gone = deviation.all(KeywordId::Deviate).find(|deviate| deviate.text() == "not-supported");
        let more = deviation
            .all(KeywordId::Deviate)
            .find(|deviate| gone.is_some_and(|gone| gone.span != deviate.span));
        if let (Some(gone), Some(more)) = (gone, more) {
            self.push(
                Diagnostic::error(
                    "Y0123",
                    more.head_span(),
                    "a node that is not supported cannot be changed as well",
                )
                .related(gone.head_span(), "the node is taken away here")
                .note("'deviate not-supported' stands alone in its deviation"),
            );
        }
    }

    /// Whether a statement may stand in that block; if not, it is reported and its own block is not looked at.
    fn may_stand(&mut self, statement: &Statement, id: KeywordId, parent: &Statement, rule: &Rule) -> bool {
        let row = rule.get(id);
        let too_new = |needed: Version| needed > self.version;
        if row.is_some_and(|row| too_new(row.since)) || too_new(since(id)) {
            let message = match row {
                Some(_) if !too_new(since(id)) => {
                    format!("'{id}' in '{}' needs YANG version 1.1", parent.keyword)
                }
                _ => format!("'{id}' needs YANG version 1.1"),
            };
            self.push(
                Diagnostic::error("Y0105", statement.head_span(), message)
                    .note("write 'yang-version 1.1;' at the start of the module"),
            );
            return false;
        }
        if row.is_some() {
            return true;
        }
        let place = match parent.id() {
            Some(KeywordId::Deviate) => format!("deviate {}", shorten(parent.text())),
            _ => parent.keyword.to_string(),
        };
        let mut diagnostic =
            Diagnostic::error("Y0102", statement.head_span(), format!("'{id}' cannot stand in '{place}'"))
                .related(parent.head_span(), format!("in this '{}'", parent.keyword));
        let allowed = parents(id);
        if !allowed.is_empty() {
            let names: Vec<&str> = allowed.iter().map(|parent| parent.as_str()).collect();
            diagnostic = diagnostic.note(format!("'{id}' may stand in: {}", names.join(", ")));
        }
        self.push(diagnostic.note(rule.cite()));
        false
    }

    fn unknown(&mut self, statement: &Statement, name: &str, rule: &Rule) {
        if !argument::is_identifier(name) {
            return; // the reader has said that it is no keyword
        }
        let allowed = rule.substatements().map(|row| row.id.as_str());
        let near =
            nearest(name, allowed).or_else(|| nearest(name, KeywordId::ALL.iter().map(|id| id.as_str())));
        let mut diagnostic = Diagnostic::error(
            "Y0101",
            statement.keyword_span,
            format!("there is no statement '{}'", shorten(name)),
        );
        diagnostic = match near {
            Some(near) => diagnostic.help(format!("did you mean '{near}'?")),
            None => diagnostic.note("statements of an extension are written prefix:name"),
        };
        self.push(diagnostic);
    }

    fn cardinality(&mut self, statement: &Statement, rule: &Rule, unknown: bool) {
        for row in rule.substatements() {
            self.count(statement, row, rule, unknown);
        }
        // An unknown statement is most likely one of these misspelt.
        let (Some(severity), false) = (rule.needs_first_group, unknown) else { return };
        let Some(group) = rule.groups.first() else { return };
        let has_one = |id: KeywordId| group.iter().any(|row| row.id == id);
        if !statement.substatements.iter().filter_map(Statement::id).any(has_one) {
            let names: Vec<&str> =
                group.iter().filter(|row| row.since <= self.version).map(|row| row.id.as_str()).collect();
            let message = format!("'{}' has no nodes", statement.keyword);
            let found = Diagnostic::error("Y0109", statement.head_span(), message);
            self.push(
                Diagnostic { severity, ..found }
                    .note(format!("it needs at least one of: {}", names.join(", ")))
                    .note("RFC 7950 section 14"),
            );
        }
    }

    fn count(&mut self, statement: &Statement, row: &Substatement, rule: &Rule, unknown: bool) {
        let mut found = statement.all(row.id);
        let Some(first) = found.next() else {
            if row.required && !unknown {
                let message = format!("'{}' is missing in {}", row.id, head(statement));
                self.push(Diagnostic::error("Y0103", statement.head_span(), message).note(rule.cite()));
            }
            return;
        };
        if row.may_repeat(self.version) {
            return;
        }
        for again in found {
            let message = format!("'{}' stands more than once in {}", row.id, head(statement));
            let mut diagnostic = Diagnostic::error("Y0104", again.head_span(), message)
                .related(first.head_span(), "first here");
            if row.may_repeat(Version::V1_1) {
                diagnostic = diagnostic.note("YANG version 1.1 allows more than one");
            }
            self.push(diagnostic.note(rule.cite()));
        }
    }

    /// The sections of a module follow each other; within a section the order is free.
    fn order(&mut self, module: &Statement) {
        let mut latest: Option<(Section, &Statement)> = None;
        for statement in &module.substatements {
            let Some(id) = statement.id() else { continue };
            let section = Section::of(id);
            match latest {
                Some((reached, at)) if section < reached => {
                    let message = format!("'{id}' stands too late in {}", head(module));
                    self.push(
                        Diagnostic::error("Y0108", statement.head_span(), message)
                            .related(at.head_span(), "must stand before this")
                            .note(format!("{} must come before {}", section.as_str(), reached.as_str())),
                    );
                }
                _ => latest = Some((section, statement)),
            }
        }
    }

    fn argument(&mut self, statement: &Statement, id: KeywordId, parent: Option<KeywordId>) {
        let kind = match id.argument() {
            ArgumentKind::SchemaNode if parent == Some(KeywordId::Uses) => ArgumentKind::DescendantSchemaNode,
            ArgumentKind::SchemaNode => ArgumentKind::AbsoluteSchemaNode,
            // RFC 7950 section 7.9.3: the bare name of a case.
            ArgumentKind::Text if id == KeywordId::Default && parent == Some(KeywordId::Choice) => {
                ArgumentKind::Identifier
            }
            kind => kind,
        };
        self.argument_of(statement, kind);
    }

    fn argument_of(&mut self, statement: &Statement, kind: ArgumentKind) {
        let id = &statement.keyword;
        match (&statement.argument, kind) {
            (None, ArgumentKind::None) => {}
            (None, _) => {
                let message = format!("'{id}' needs an argument");
                self.push(Diagnostic::error("Y0106", statement.keyword_span, message));
            }
            (Some(found), ArgumentKind::None) => {
                self.push(Diagnostic::error("Y0107", found.span, format!("'{id}' takes no argument")));
            }
            (Some(found), _) => {
                let Err(error) = argument::check(kind, &found.text, self.version) else { return };
                let span = error.offset.map_or(found.span, |offset| locate(self.text, found.span, offset));
                let mut diagnostic = Diagnostic::error(error.code, span, format!("{id}: {}", error.message));
                if !error.note.is_empty() {
                    diagnostic = diagnostic.note(error.note);
                }
                self.push(diagnostic);
            }
        }
    }
}

/// Keyword and argument of a statement for messages.
fn head(statement: &Statement) -> String {
    match &statement.argument {
        Some(argument) => format!("{} '{}'", statement.keyword, shorten(&argument.text)),
        None => format!("'{}'", statement.keyword),
    }
}
