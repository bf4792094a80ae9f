//! Modules written to hurt: whatever the text, the compiler answers soon, with an error or a schema, and does not panic.
//! The sizes are those of a module of about 500 KiB.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use strongbox::base::diagnostic::Diagnostic;
use strongbox::yang::{self, Library, Wanted};

/// Far more than any of these takes in an unoptimised build on a busy machine; without limits they take hours.
const SOON: Duration = Duration::from_secs(60);

/// What the compiler makes of a module with that body; its errors' codes, each once.
fn codes(body: &str) -> Vec<&'static str> {
    whole(&format!("module m {{ yang-version 1.1; namespace urn:m; prefix m; {body} }}"))
}

fn whole(text: &str) -> Vec<&'static str> {
    let mut library = Library::new();
    library.add_text("m.yang", text);
    let started = Instant::now();
    let (schema, diagnostics) = yang::compile(&mut library, &[Wanted::latest("m")]);
    let mut codes: Vec<&str> =
        diagnostics.iter().filter(|found| found.is_error()).map(|found| found.code).collect();
    assert_eq!(schema.is_some(), codes.is_empty());
    for found in diagnostics.iter().take(10) {
        library.sources().render(found);
    }
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// One text for each number.
fn each(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect()
}

fn accepted(body: &str) {
    assert_eq!(codes(body), [""; 0]);
}

#[test]
fn a_module_of_500_kib_on_one_line() {
    let leafs = each(8_000, |n| format!("leaf l{n} {{ type string; description \"The leaf {n}.\"; }} "));
    assert!(leafs.len() > 450 << 10);
    accepted(&leafs);
    assert_eq!(codes(&format!("{leafs} leaf last {{ type strin; }}")), ["Y0212"]);
}

#[test]
fn recursion_10_000_deep() {
    let nested = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    assert_eq!(codes(&nested("container c { ", "}")), ["Y0003"]);
    assert_eq!(codes(&format!("leaf l {{ type {} }}", nested("union { type ", ""))), ["Y0003"]);
    assert_eq!(codes(&format!("leaf l {{ type string; must \"{}\"; }}", nested("(", ")"))), ["Y0120"]);
    assert_eq!(codes(&format!("leaf l {{ type string; must \"{}1\"; }}", "not(".repeat(10_000))), ["Y0120"]);
    assert_eq!(codes(&format!("leaf l {{ type string; must \"{}1\"; }}", "1 + -".repeat(10_000))), ["Y0120"]);
    let features = format!("feature f; leaf l {{ type string; if-feature \"{}\"; }}", nested("(", ")"));
    assert_eq!(codes(&features), ["Y0118"]);
    assert_eq!(
        codes(&format!("leaf l {{ type string; if-feature \"{}f\"; }}", "not ".repeat(10_000))),
        ["Y0118"]
    );
    let up = format!("leaf l {{ type leafref {{ path \"{}l\"; }} }}", "../".repeat(10_000));
    assert_eq!(codes(&up), ["Y0371"]);
    assert_eq!(codes(&format!("augment \"{}\" {{ container c; }}", "/m:c".repeat(10_000))), ["Y0241"]);
    assert_eq!(
        codes(&format!("leaf l {{ type string {{ pattern \"{}\"; }} }}", nested("(", ")"))),
        ["Y0323"]
    );
    assert_eq!(
        codes(&format!("leaf l {{ type string {{ pattern \"{}\"; }} }}", "[a-".repeat(10_000))),
        ["Y0323"]
    );
}

#[test]
fn groupings_that_double_at_every_level() {
    let nodes = each(60, |n| {
        format!("grouping g{} {{ container a {{ uses g{n}; }} container b {{ uses g{n}; }} }}", n + 1)
    });
    assert_eq!(codes(&format!("grouping g0 {{ leaf l {{ type string; }} }} {nodes} uses g60;")), ["Y0231"]);
    let empty = each(60, |n| format!("grouping g{} {{ uses g{n}; uses g{n}; }}", n + 1));
    assert_eq!(codes(&format!("grouping g0 {{ }} {empty} uses g60;")), ["Y0231"]);
    let unions = each(60, |n| format!("typedef t{} {{ type union {{ type t{n}; type t{n}; }} }}", n + 1));
    assert_eq!(codes(&format!("typedef t0 {{ type string; }} {unions} leaf l {{ type t60; }}")), ["Y0303"]);
}

#[test]
fn circles_of_everything() {
    let count = 2_000;
    let next = |n: usize| (n + 1) % count;
    let typedefs = each(count, |n| format!("typedef t{n} {{ type t{}; }}", next(n)));
    assert_eq!(codes(&typedefs), ["Y0301"]);
    let groupings = each(count, |n| format!("grouping g{n} {{ uses g{}; }}", next(n)));
    assert!(codes(&groupings).iter().all(|code| ["Y0231", "Y0232"].contains(code)));
    let identities = each(count, |n| format!("identity i{n} {{ base i{}; }}", next(n)));
    assert!(codes(&identities).iter().all(|code| ["Y0231", "Y0331"].contains(code)));
    let features = each(count, |n| format!("feature f{n} {{ if-feature f{}; }}", next(n)));
    assert_eq!(codes(&features), ["Y0222"]);
    let leafrefs = each(count, |n| format!("leaf l{n} {{ type leafref {{ path /l{}; }} }}", next(n)));
    assert_eq!(codes(&leafrefs), ["Y0373"]);
    let whens = each(count, |n| format!("leaf l{n} {{ when /l{}; type string; }}", next(n)));
    assert_eq!(codes(&whens), ["Y0365"]);
    let augments = each(count, |n| format!("augment /c{n} {{ container c{}; }}", next(n)));
    assert_eq!(codes(&augments), ["Y0241"]);
}

#[test]
fn long_chains_are_followed_or_refused() {
    let count = 8_000;
    let chain = |text: &dyn Fn(usize) -> String| each(count, text);
    let typedefs = chain(&|n| format!("typedef t{n} {{ type t{}; }}", n + 1));
    assert_eq!(codes(&format!("{typedefs} typedef t{count} {{ type string; }}")), ["Y0301"]);
    let identities = chain(&|n| format!("identity i{n} {{ base i{}; }}", n + 1));
    assert_eq!(codes(&format!("{identities} identity i{count};")), ["Y0231"]);
    let features = chain(&|n| format!("feature f{n} {{ if-feature f{}; }}", n + 1));
    assert_eq!(codes(&format!("{features} feature f{count};")), ["Y0222"]);
    let whens = chain(&|n| format!("leaf l{n} {{ when ../l{}; type string; }}", n + 1));
    accepted(&format!("{whens} leaf l{count} {{ type string; }}"));
    // The deepest first: in the order in which they are written each pass would apply one of them.
    let path = |depth: usize| each(depth, |n| format!("/c{n}"));
    let augments: String =
        (1..250).rev().map(|n| format!("augment {} {{ container c{n}; }}", path(n))).collect();
    accepted(&format!("{augments} container c0;"));
    let deeper: String =
        (1..500).rev().map(|n| format!("augment {} {{ container c{n}; }}", path(n))).collect();
    assert!(codes(&format!("{deeper} container c0;")).contains(&"Y0231"));
}

#[test]
fn very_many_of_everything() {
    accepted(&format!("leaf l {{ type enumeration {{ {} }} }}", each(30_000, |n| format!("enum e{n};"))));
    accepted(&format!("leaf l {{ type bits {{ {} }} }}", each(30_000, |n| format!("bit b{n};"))));
    let parts = each(30_000, |n| format!("{}|", n * 2));
    let ranges = format!("typedef t {{ type uint32 {{ range \"{parts}70000\"; }} }}");
    accepted(&format!("{ranges} leaf l {{ type t {{ range \"{parts}70000\"; }} }}"));
    let leafs = each(5_000, |n| format!("leaf k{n} {{ type string; }}"));
    accepted(&format!("list l {{ key \"{}\"; {leafs} }}", each(5_000, |n| format!("k{n} "))));
    accepted(&format!("container c {{ {} }}", each(10_000, |n| format!("typedef t{n} {{ type string; }}"))));
    let wrong = each(2_000, |n| format!("leaf l{n} {{ type tzpe{n}; }} typedef type{n} {{ type string; }}"));
    assert_eq!(codes(&wrong), ["Y0212"]);
    let everything =
        each(500, |n| format!("leaf l{n} {{ type string; must \"count(//*) > {n} and //l1\"; }}"));
    accepted(&everything);
}

#[test]
fn expressions_in_groupings_are_counted_where_they_are_used() {
    let long = format!(". = '{}'", "x".repeat(60_000));
    let grouping = format!("grouping g {{ leaf a {{ type string; must \"{long}\"; }} }}");
    let uses = each(300, |n| format!("container c{n} {{ uses g; }}"));
    assert_eq!(codes(&format!("{grouping} {uses}")), ["Y0231"]);
}

#[test]
fn patterns_that_explode() {
    let pattern = |text: &str, value: &str| {
        codes(&format!("leaf l {{ type string {{ pattern '{text}'; }} default '{value}'; }}"))
    };
    let letters = "a".repeat(10_000);
    assert_eq!(pattern("((a*)*)*b", &letters), ["Y0381"]);
    assert_eq!(pattern("(a|a|aa)+b", &letters), ["Y0381"]);
    assert_eq!(pattern("x{0,65535}", "xxx"), [""; 0]);
    assert_eq!(pattern("[a-z-[aeiou]]+", "xyz"), [""; 0]);
    assert_eq!(pattern("[a-z-[aeiou]]+", "xay"), ["Y0381"]);
    assert_eq!(pattern("((x{1000}){1000}){1000}", "x").len(), 1);
    assert_eq!(pattern("x{99999999999999999999}", "x"), ["Y0323"]);
    assert_eq!(pattern(&"(a?){50}".repeat(200), "a"), [""; 0]);
}

#[test]
fn texts_that_are_none() {
    for (text, wanted) in [
        ("\0", "Y0002"),
        ("module m { description \"\0\"; }", "Y0002"),
        ("module m { description \"never closed", "Y0005"),
        ("module m { /* never closed", "Y0004"),
        ("module m { leaf l { type string;", "Y0010"),
        ("", "Y0009"),
        ("}", "Y0011"),
        ("\u{feff}\u{feff}module m { }", "Y0013"),
    ] {
        assert!(whole_any(text).contains(&wanted), "{text:?}: {:?}", whole_any(text));
    }
    assert_eq!(whole("\u{feff}module m {\r\n namespace urn:m;\r\n prefix m;\r\n}\r\n"), [""; 0]);
    let huge = "9".repeat(100_000);
    for body in [
        format!("leaf l {{ type uint64 {{ range {huge}; }} }}"),
        format!("leaf l {{ type string {{ length {huge}; }} }}"),
        format!("leaf l {{ type int64; default {huge}; }}"),
        format!("leaf-list l {{ type string; min-elements {huge}; }}"),
        format!("leaf l {{ type enumeration {{ enum a {{ value {huge}; }} }} }}"),
        format!("leaf l {{ type decimal64 {{ fraction-digits {huge}; }} }}"),
    ] {
        assert!(!codes(&body).is_empty());
    }
    let name = "n".repeat(50_000);
    accepted(&format!("leaf {name} {{ type string; must \"../{name}\"; }}"));
    assert_eq!(codes(&format!("leaf l {{ type {name}; }}")), ["Y0212"]);
}

/// The codes of the errors in a text that may not even have a name.
fn whole_any(text: &str) -> Vec<&'static str> {
    let mut sources = strongbox::base::diagnostic::Sources::default();
    let id = sources.add("m.yang", text);
    let (_, found) = yang::syntax::parse_module(text, id, &mut Default::default());
    found.iter().filter(|found| found.is_error()).map(|found| found.code).collect()
}

#[test]
fn a_file_that_is_not_utf_8() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.yang");
    std::fs::write(&path, b"module m { namespace urn:m; prefix m; description \"\xff\xfe\"; }").unwrap();
    let mut library = Library::new();
    library.add_file(&path);
    let (schema, diagnostics) = yang::compile(&mut library, &[Wanted::latest("m")]);
    assert!(schema.is_none());
    assert_eq!(diagnostics.iter().map(|found| found.code).collect::<Vec<_>>(), ["Y0204"]);
}

#[test]
fn modules_that_import_and_include_each_other() {
    let mut library = Library::new();
    for n in 0..300 {
        let mut text = format!("module m{n} {{ namespace urn:m{n}; prefix m; ");
        let _ = write!(text, "import m{} {{ prefix n; }} include s{n}; }}", (n + 1) % 300);
        library.add_text(&format!("m{n}.yang"), &text);
        let text = format!(
            "submodule s{n} {{ belongs-to m{n} {{ prefix m; }} include s{n}; import m{n} {{ prefix x; }} }}"
        );
        library.add_text(&format!("s{n}.yang"), &text);
    }
    let (schema, diagnostics) = yang::compile(&mut library, &[Wanted::latest("m0")]);
    assert!(schema.is_none() && diagnostics.iter().any(|found: &Diagnostic| found.code == "Y0203"));
}
