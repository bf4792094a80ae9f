//! Printing a statement tree and reading it again gives the same tree, whichever way the strings are quoted.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use strongbox::base::diagnostic::{SourceId, Span};
use strongbox::base::ident::{Ident, Interner};
use strongbox::yang::syntax::{self, Argument, Keyword, KeywordId, Statement};

/// Reads a text that must have no errors, and forgets where everything stood.
fn read(text: &str) -> Statement {
    let (module, diagnostics) = syntax::parse_module(text, SourceId::default(), &mut Interner::default());
    assert!(diagnostics.is_empty(), "{diagnostics:?} in\n{text}");
    let mut module = module.unwrap();
    forget_places(&mut module);
    module
}

fn forget_places(statement: &mut Statement) {
    statement.span = Span::default();
    statement.keyword_span = Span::default();
    if let Some(argument) = &mut statement.argument {
        argument.span = Span::default();
    }
    statement.substatements.iter_mut().for_each(forget_places);
}

/// How a string is written.
#[derive(Clone, Copy, Debug)]
enum Quoting {
    Double,
    Single,
    Pieces,
}

fn quote(text: &str, quoting: Quoting) -> String {
    let double = |text: &str| {
        format!(
            "\"{}\"",
            text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t")
        )
    };
    match quoting {
        Quoting::Single if !text.contains('\'') => format!("'{text}'"),
        Quoting::Single | Quoting::Double => double(text),
        Quoting::Pieces => {
            let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
            let (first, second) = text.split_at(middle);
            format!("{}\n\t+ /* and */ {}", double(first), quote(second, Quoting::Single))
        }
    }
}

fn print(statement: &Statement, quoting: Quoting, out: &mut String) {
    write!(out, "{}", statement.keyword).unwrap();
    if let Some(argument) = &statement.argument {
        write!(out, " {}", quote(&argument.text, quoting)).unwrap();
    }
    if statement.substatements.is_empty() {
        out.push_str(";\n");
        return;
    }
    out.push_str(" { // block\n");
    for substatement in &statement.substatements {
        print(substatement, quoting, out);
    }
    out.push_str("}\n");
}

fn printed(statement: &Statement, quoting: Quoting) -> String {
    let mut out = String::new();
    print(statement, quoting, &mut out);
    out
}

fn keyword() -> impl Strategy<Value = Keyword> {
    prop_oneof![
        (0..KeywordId::ALL.len()).prop_map(|index| Keyword::Known(KeywordId::ALL[index])),
        ("[a-z_][a-z0-9.-]{0,6}", "[A-Z_][a-z0-9.-]{0,6}")
            .prop_map(|(prefix, name)| Keyword::Extension { prefix: prefix.into(), name: name.into() }),
    ]
}

fn statement() -> impl Strategy<Value = Statement> {
    let argument = proptest::option::of("[ -~\t\n\u{e9}\u{4e00}]{0,20}");
    let leaf =
        (keyword(), argument.clone()).prop_map(|(keyword, argument)| make(keyword, argument, Vec::new()));
    leaf.prop_recursive(5, 40, 5, move |inner| {
        (keyword(), argument.clone(), proptest::collection::vec(inner, 0..5))
            .prop_map(|(keyword, argument, substatements)| make(keyword, argument, substatements))
    })
}

fn make(keyword: Keyword, argument: Option<String>, substatements: Vec<Statement>) -> Statement {
    let argument = argument.map(|text| Argument { text: Ident::from(text), span: Span::default() });
    Statement { keyword, keyword_span: Span::default(), argument, substatements, span: Span::default() }
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(
        statement in statement(),
        quoting in prop_oneof![Just(Quoting::Double), Just(Quoting::Single), Just(Quoting::Pieces)],
    ) {
        prop_assert_eq!(read(&printed(&statement, quoting)), statement);
    }
}

#[test]
fn the_modules_of_the_product_survive_printing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("yang");
    let folders = [root.join("ietf"), root];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    for path in paths.filter(|path| path.extension().is_some_and(|extension| extension == "yang")) {
        let module = read(&fs::read_to_string(path).unwrap());
        for quoting in [Quoting::Double, Quoting::Single, Quoting::Pieces] {
            assert_eq!(read(&printed(&module, quoting)), module);
        }
    }
}
