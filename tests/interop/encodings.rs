//! Data on its way through yanglint: what we write in one encoding it converts to the other, and what we read of that is
//! the data as it was.

use std::path::Path;
use std::process::Command;

use strongbox::data::document::{Format, Kind, ReadOptions, read};
use strongbox::data::read::{Element, Layout, Names, Shape, Subject, View, encode_json, encode_xml_in};
use strongbox::data::tree::Tree;
use strongbox::yang::schema::Schema;
use strongbox::yang::schema::types::Strictness;
use strongbox::yang::{Library, Wanted, compile};

use crate::support::command;

const MODULES: [(&str, &str); 2] = [
    (
        "sample",
        "module sample { yang-version 1.1; namespace urn:sample; prefix s;
           identity base; identity near { base base; }
           container top { leaf name { type string; }
             leaf i8 { type int8; } leaf i64 { type int64; } leaf u64 { type uint64; } leaf d { type decimal64 { fraction-digits 3; } }
             leaf b { type boolean; } leaf e { type empty; } leaf en { type enumeration { enum one; enum two; } }
             leaf bits { type bits { bit r; bit w; bit x; } } leaf bin { type binary; }
             leaf id { type identityref { base base; } } leaf at { type instance-identifier { require-instance false; } }
             leaf un { type union { type uint8; type enumeration { enum auto; } type identityref { base base; } type string; } }
             leaf-list many { type uint16; ordered-by user; } leaf-list names { type string; }
             list l { key 'a b'; leaf a { type string; } leaf b { type uint8; } leaf v { type string; }
               list inner { key id; leaf id { type identityref { base base; } } } }
             container p { presence p; } container deep { container deeper { leaf x { type string; } } }
             choice way { case one { leaf in-one { type string; } } leaf in-two { type string; } } } }",
    ),
    (
        "other",
        "module other { yang-version 1.1; namespace urn:other; prefix o; import sample { prefix s; }
           identity far { base s:base; }
           augment /s:top { leaf name { type string; } container box { leaf id { type identityref { base s:base; } } leaf-list ids { type identityref { base s:base; } } } }
           augment /s:top/s:l { leaf extra { type uint64; } } leaf alone { type boolean; } }",
    ),
];

const DOCUMENTS: [&str; 13] = [
    r#"{"sample:top":{"name":"a","other:name":"b"},"other:alone":true}"#,
    r#"{"sample:top":{"i8":-128,"i64":"-9223372036854775808","u64":"18446744073709551615","d":"-0.125"}}"#,
    r#"{"sample:top":{"d":"7.0","b":false,"e":[null],"en":"two","bits":"r x","bin":"AP8="}}"#,
    r#"{"sample:top":{"id":"near","other:box":{"id":"far","ids":["sample:near","far"]}}}"#,
    r#"{"sample:top":{"id":"other:far","other:box":{"id":"sample:near"}}}"#,
    r#"{"sample:top":{"at":"/sample:top/l[a='x y'][b='7']/other:extra"}}"#,
    r#"{"sample:top":{"at":"/sample:top/names[.='it is']"}}"#,
    r#"{"sample:top":{"at":"/sample:top/other:box/id"}}"#,
    r#"{"sample:top":{"un":200}}"#,
    r#"{"sample:top":{"un":"auto"}}"#,
    r#"{"sample:top":{"many":[3,1,2],"names":["<&>'\""," blank ","\u00e9\ud83d\ude00","line\nbreak"]}}"#,
    r#"{"sample:top":{"l":[{"a":"x","b":1,"v":"","other:extra":"5","inner":[{"id":"near"},{"id":"other:far"}]},{"a":"x","b":2}]}}"#,
    r#"{"sample:top":{"p":{},"deep":{"deeper":{"x":"y"}},"in-two":"2"}}"#,
];

#[test]
fn yanglint_converts_what_we_write_to_what_we_read() {
    if !command("yanglint", "libyang2-tools") {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("encodings");
    std::fs::create_dir_all(&folder).unwrap();
    let mut library = Library::new();
    for (name, text) in MODULES {
        std::fs::write(folder.join(format!("{name}.yang")), text).unwrap();
        library.add_text(&format!("{name}.yang"), text);
    }
    let wanted: Vec<Wanted> = MODULES.iter().map(|(name, _)| Wanted::latest(name)).collect();
    let schema = compile(&mut library, &wanted).0.expect("the modules compile");
    for document in DOCUMENTS {
        let tree = reading(&schema, Format::Json, document.as_bytes());
        for (written, converted) in [(Format::Xml, Format::Json), (Format::Json, Format::Xml)] {
            let text = writing(&schema, &tree, written);
            let theirs = yanglint(&folder, written, converted, &text);
            let back = reading(&schema, converted, &theirs);
            assert_eq!(back, tree, "{document}\n{}", String::from_utf8_lossy(&theirs));
        }
    }
}

fn reading(schema: &Schema, format: Format, text: &[u8]) -> Tree {
    let reading = read(schema, &ReadOptions::new(Kind::Config, format), text);
    assert_eq!(reading.findings, [], "{}", String::from_utf8_lossy(text));
    reading.tree.unwrap()
}

fn writing(schema: &Schema, tree: &Tree, format: Format) -> Vec<u8> {
    let shape = Shape { strictness: Strictness::Rfc7951, names: Names::Qualified, ..Shape::default() };
    let view = View { schema, data: Subject::Container(&tree.root), shape: &shape, surroundings: None };
    let mut out = Vec::new();
    match format {
        Format::Xml => encode_xml_in(&view, Element::NONE, Layout::Indented, &mut out).unwrap(),
        _ => encode_json(&view, &mut out),
    }
    out
}

fn yanglint(folder: &Path, from: Format, to: Format, text: &[u8]) -> Vec<u8> {
    let name = |format| if format == Format::Xml { "xml" } else { "json" };
    let file = folder.join(format!("data.{}", name(from)));
    std::fs::write(&file, text).unwrap();
    let output = Command::new("yanglint")
        .args(["-p", ".", "-t", "config", "-f", name(to), "sample.yang", "other.yang"])
        .arg(&file)
        .current_dir(folder)
        .output()
        .expect("yanglint runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(text));
    output.stdout
}
