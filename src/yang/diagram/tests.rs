//! Diagrams of small modules. The corpus in `tests/yang` and the comparison with pyang in `tests/interop` have the rest.

use super::*;
use crate::yang::Wanted;

fn library(texts: &[&str]) -> Library {
    let mut library = Library::new();
    for text in texts {
        library.add_text("text.yang", text);
    }
    library
}

fn drawn(texts: &[&str], subject: (&str, Option<&str>), options: &Options) -> String {
    let subject = Subject { module: subject.0.into(), submodule: subject.1.map(Ident::from) };
    draw(&mut library(texts), &[Wanted::latest(&subject.module)], &[subject], options).concat()
}

const MODULE: &str = "module a { yang-version 1.1; namespace urn:a; prefix a; include s;
    grouping g { leaf x { type string; } leaf y { type int8; } }
    container top { uses g; choice pick { case one { leaf deep { type string; } } leaf two { type string; } } }
    rpc go { input { leaf speed { type string; } } } }";
const SUBMODULE: &str = "submodule s { yang-version 1.1; belongs-to a { prefix a; }
    augment /a:top { leaf more { type string; } } container own; }";

#[test]
fn rfc8340_a_submodule_is_drawn_alone() {
    let texts = [MODULE, SUBMODULE];
    let alone = drawn(&texts, ("a", Some("s")), &Options::default());
    assert_eq!(alone, "submodule: s (belongs-to a)\n  +--rw own\n");
    let whole = drawn(&texts, ("a", None), &Options::default());
    assert!(whole.contains("  |  +--rw more?         string\n  +--rw own\n"), "{whole}");
}

#[test]
fn rfc8340_2_2_a_wanted_path_may_leave_choices_and_cases_out() {
    let path =
        |path: &str| Options { path: path.split('/').map(str::to_owned).collect(), ..Options::default() };
    let deep = drawn(&[MODULE, SUBMODULE], ("a", None), &path("top/deep"));
    assert_eq!(
        deep,
        "module: a\n  +--rw top\n     +--rw (pick)?\n        +--:(one)\n           +--rw deep?   string\n"
    );
    let speed = drawn(&[MODULE, SUBMODULE], ("a", None), &path("go/input/speed"));
    assert!(
        speed.ends_with("  rpcs:\n    +---x go\n       +---w input\n          +---w speed?   string\n"),
        "{speed}"
    );
    assert_eq!(drawn(&[MODULE, SUBMODULE], ("a", None), &path("nothing")), "");
}

#[test]
fn uses_can_stand_for_their_nodes_and_levels_can_be_left_out() {
    let unexpanded = Options { unexpanded: true, ..Options::default() };
    let text = drawn(&[MODULE, SUBMODULE], ("a", None), &unexpanded);
    assert!(text.contains("  |  +---u g\n"), "{text}");
    let shallow = Options { depth: Some(1), ..Options::default() };
    let text = drawn(&[MODULE, SUBMODULE], ("a", None), &shallow);
    assert!(text.contains("  +--rw top\n  |     ...\n  +--rw own\n"), "{text}");
}

#[test]
fn rfc8340_2_6_mount_points_are_marked_on_demand() {
    let mount = "module ietf-yang-schema-mount { yang-version 1.1; namespace urn:m; prefix yangmnt;
        extension mount-point { argument label; } }";
    let user = "module u { yang-version 1.1; namespace urn:u; prefix u;
        import ietf-yang-schema-mount { prefix yangmnt; } container c { yangmnt:mount-point here; } }";
    let options = Options { mount_points: true, ..Options::default() };
    assert_eq!(drawn(&[mount, user], ("u", None), &options), "module: u\n  +--mp c\n");
    assert_eq!(drawn(&[mount, user], ("u", None), &Options::default()), "module: u\n  +--rw c\n");
}

#[test]
fn rfc8791_structures_and_rfc8040_yang_data_have_sections_of_their_own() {
    let structure = "module ietf-yang-structure-ext { yang-version 1.1; namespace urn:sx; prefix sx;
        extension structure { argument name; } extension augment-structure { argument path; } }";
    let restconf = "module ietf-restconf { yang-version 1.1; namespace urn:rc; prefix rc;
        extension yang-data { argument name; } }";
    let user = "module u { yang-version 1.1; namespace urn:u; prefix u;
        import ietf-yang-structure-ext { prefix sx; } import ietf-restconf { prefix rc; }
        sx:structure answer { leaf a { type string; } } rc:yang-data b { container b { list l { key k; leaf k { type t; } } } }
        typedef t { type string; } }";
    let options = Options { structures: true, yang_data: true, ..Options::default() };
    assert_eq!(
        drawn(&[structure, restconf, user], ("u", None), &options),
        "module: u\n\n  yang-data b:\n    +-- b\n       +-- l* [k]\n          +-- k    t\n\n  structure answer:\n    +-- a?   string\n"
    );
}

#[test]
fn lines_that_are_too_long_are_broken() {
    let text = "module n { yang-version 1.1; namespace urn:n; prefix n; feature quite-long;
        list things { key \"alpha beta\"; leaf alpha { type string; } leaf beta { type string; }
          leaf a-rather-long-name { if-feature quite-long; type leafref { path ../../things/alpha; } } } }";
    let options = Options { line_length: Some(44), ..Options::default() };
    assert_eq!(
        drawn(&[text], ("n", None), &options),
        "module: n\n  +--rw things* [alpha beta]\n     +--rw alpha                 string\n     +--rw beta                  string\n     +--rw a-rather-long-name?\n             -> ../../things/alpha\n             {quite-long}?\n"
    );
}
