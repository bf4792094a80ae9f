//! What stands at the head of a module: its name, namespace, meta-information and revisions.

use super::{Linter, Unit};
use crate::base::diagnostic::Span;
use crate::yang::resolve::load::ModuleIndex;
use crate::yang::syntax::check::version_of;
use crate::yang::syntax::keyword::KeywordId as K;
use crate::yang::syntax::keyword::rules::Version;
use crate::yang::syntax::statement::Statement;

/// The namespaces of the IETF (RFC 8407 section 4.9).
const IETF_NAMESPACE: &str = "urn:ietf:params:xml:ns:yang:";

/// Since this date the words of RFC 2119 are only meant when they are written in capitals (RFC 8174).
const CAPITALS_SINCE: &str = "2017-05-01";

/// Modules older than RFC 8407 could not follow it.
const GUIDELINES_SINCE: &str = "2018-10-01";

/// The longest line that an RFC can show.
const LINE: usize = 72;

pub(super) fn check(linter: &mut Linter<'_, '_>, unit: &Unit, module: ModuleIndex) {
    let root: &Statement = &unit.root;
    meta(linter, root);
    revisions(linter, root);
    name(linter, root);
    submodules(linter, unit, module);
    if let Some(statement) = root.find(K::Namespace) {
        namespace(linter, root, statement);
    }
    ietf_texts(linter, root);
    let expected = version_of(root) == Version::V1_1
        && root.all(K::Revision).all(|revision| revision.text() >= GUIDELINES_SINCE);
    for import in root.all(K::Import) {
        if expected && import.find(K::Reference).is_none() {
            let message =
                format!("the import of '{}' does not say which document that module is in", import.text());
            linter.warn_with("Y0455", import.head_span(), message, "add a 'reference' statement");
        }
    }
    lines(linter, unit);
}

/// RFC 8407 section 4.8.
fn meta(linter: &mut Linter<'_, '_>, root: &Statement) {
    for wanted in [K::Organization, K::Contact, K::Description, K::Revision] {
        if root.find(wanted).is_none() {
            let message = format!("the {} has no '{wanted}'", root.keyword);
            linter.warn("Y0403", root.head_span(), message);
        }
    }
}

fn revisions(linter: &mut Linter<'_, '_>, root: &Statement) {
    let mut before: Option<&Statement> = None;
    for revision in root.all(K::Revision) {
        if revision.find(K::Reference).is_none() {
            let message = format!("the revision {} has no reference", revision.text());
            linter.warn_with(
                "Y0404",
                revision.head_span(),
                message,
                "name the document that published this revision (RFC 8407 section 4.8)",
            );
        }
        let misplaced = before.filter(|before| before.text() <= revision.text());
        if let Some(before) = misplaced {
            let what = if before.text() == revision.text() { "is there twice" } else { "comes too late" };
            let message = format!("the revision {} {what}", revision.text());
            if let Some(found) = linter.warn("Y0405", revision.argument_span(), message) {
                found.related.push((before.argument_span(), "this one stands before it".to_owned()));
                found.notes.push("the latest revision stands first (RFC 7950 section 7.1.9)".to_owned());
            }
        }
        before = Some(revision);
    }
}

/// RFC 8407 section 4.1.
fn name(linter: &mut Linter<'_, '_>, root: &Statement) {
    let name = root.text();
    if !name.contains('-') {
        let message = format!("the name '{name}' does not say whose module it is");
        linter.warn_with(
            "Y0407",
            root.argument_span(),
            message,
            format!("start it with the name of your organization, such as 'example-{name}'"),
        );
    }
    if !name.starts_with("ietf-") && !name.starts_with("iana-") {
        let message = format!("the name '{name}' starts neither with 'ietf-' nor with 'iana-'");
        linter.warn("Y0450", root.argument_span(), message);
    }
}

/// RFC 8407 section 4.9.
fn namespace(linter: &mut Linter<'_, '_>, root: &Statement, namespace: &Statement) {
    let uri = namespace.text();
    let wanted = format!("{IETF_NAMESPACE}{}", root.text());
    if uri != wanted {
        let message = format!("the namespace is '{uri}'");
        linter.warn_with("Y0451", namespace.argument_span(), message, format!("it should be '{wanted}'"));
    }
}

/// A module is not older than its submodules (RFC 8407 section 4.8).
fn submodules(linter: &mut Linter<'_, '_>, unit: &Unit, module: ModuleIndex) {
    let loaded = linter.names.loaded;
    let Some(own) = unit.revision.as_deref().filter(|_| !unit.is_submodule) else { return };
    for include in unit.root.all(K::Include) {
        let submodule = loaded
            .module(module)
            .units
            .iter()
            .map(|index| loaded.unit(*index))
            .find(|unit| unit.is_submodule && unit.name == *include.text());
        let Some(newer) = submodule.and_then(|unit| unit.revision.as_deref()).filter(|theirs| *theirs > own)
        else {
            continue;
        };
        let message =
            format!("the submodule '{}' is of {newer}, the module that includes it of {own}", include.text());
        linter.warn_with(
            "Y0420",
            include.argument_span(),
            message,
            "give the module a revision that is not older",
        );
    }
}

/// What the IETF wants to read in the description of a module (RFC 8407 sections 3.1 and 4.8 and appendix B).
fn ietf_texts(linter: &mut Linter<'_, '_>, root: &Statement) {
    let Some(description) = root.find(K::Description) else { return };
    let text = description.text().split_whitespace().collect::<Vec<_>>().join(" ");
    let at = description.argument_span();
    let is_ietf = root.text().starts_with("ietf-");
    if !text.contains("IETF Trust and the persons identified as") {
        let help = "RFC 8407 appendix B has the text";
        linter.warn_with("Y0452", at, "the copyright statement of the IETF Trust is missing", help);
    } else if text.contains("Simplified BSD License") && copyright_year(&text) >= Some(2022) {
        let help = "since 2021 the licence is called 'Revised BSD License'";
        linter.warn_with("Y0452", at, "the copyright statement names the 'Simplified BSD License'", help);
    }
    if is_ietf && !text.contains("is part of RFC") {
        let help = "such as 'This version of this YANG module is part of RFC XXXX; see the RFC itself for full legal notices.'";
        linter.warn_with("Y0453", at, "the description does not say which RFC the module is part of", help);
    }
    let latest = root.all(K::Revision).map(Statement::text).max().unwrap_or_default();
    let explained = text.contains("RFC 2119") || text.contains("RFC 8174");
    if !explained && latest >= CAPITALS_SINCE {
        let boilerplate_aside = first_requirement(root);
        if let Some((word, span)) = boilerplate_aside {
            linter.warn_with(
                "Y0454",
                span,
                format!("'{word}' is used as RFC 2119 defines it, but the module does not say so"),
                "add the paragraph of RFC 8174 on key words to the description of the module",
            );
        }
    }
    if let Some(contact) = root.find(K::Contact)
        && !contact.text().contains('@')
        && !contact.text().contains("://")
    {
        let message = "the contact names neither an e-mail address nor a page";
        linter.warn_with("Y0456", contact.argument_span(), message, "give the working group's list and page");
    }
}

/// The year of `Copyright (c) 2024 IETF Trust`.
fn copyright_year(text: &str) -> Option<u32> {
    let (_, behind) = text.split_once("Copyright (c) ")?;
    behind.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The first description with one of the words of RFC 2119 in capitals.
fn first_requirement(statement: &Statement) -> Option<(&'static str, Span)> {
    const WORDS: &[&str] = &["MUST", "REQUIRED", "SHALL", "SHOULD", "RECOMMENDED", "MAY", "OPTIONAL"];
    if statement.is(K::Description) {
        let mut words = statement.text().split(|c: char| !c.is_alphanumeric());
        let found = words.find_map(|word| WORDS.iter().find(|known| **known == word))?;
        return Some((found, statement.argument_span()));
    }
    statement.substatements.iter().find_map(first_requirement)
}

/// Lines that do not fit an RFC; the first of a text stands for all.
fn lines(linter: &mut Linter<'_, '_>, unit: &Unit) {
    let mut offset = 0_usize;
    let mut first = None;
    let mut count = 0_usize;
    let text = linter.text(unit);
    for line in text.split_inclusive('\n') {
        let length = line.trim_end().chars().count();
        if length > LINE {
            count += 1;
            first = first.or(Some((offset, length)));
        }
        offset += line.len();
    }
    let Some((start, length)) = first else { return };
    let clip = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    let more = text.get(start..).and_then(|line| line.char_indices().nth(LINE)).map_or(0, |(at, _)| at);
    let span = Span { source: unit.source, start: clip(start + more), end: clip(start + more + 1) };
    let others = match count - 1 {
        0 => String::new(),
        1 => ", and 1 more line is too long".to_owned(),
        more => format!(", and {more} more lines are too long"),
    };
    linter.warn(
        "Y0457",
        span,
        format!("the line has {length} characters, an RFC has room for {LINE}{others}"),
    );
}
