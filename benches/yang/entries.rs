//! A list of entries of six leafs with a leafref, a `must`, a `unique` and a `pattern`: loading it whole, editing one leaf.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use strongbox::data::decode::{Allow, DecodeOptions, Format, Names, decode};
use strongbox::data::diff::diff;
use strongbox::data::edit::{Edit, EditOperation, apply};
use strongbox::data::path::InstancePath;
use strongbox::data::tree::{Data, Tree};
use strongbox::data::validate::{Constraints, ReferenceIndex, validate_diff, validate_indexed};
use strongbox::yang::schema::types::Strictness;
use strongbox::yang::schema::{Schema, Value};
use strongbox::yang::{Library, Wanted, compile};

use crate::peer::{Measured, status};

const MODULE: &str = r#"module bench {
  yang-version 1.1;
  namespace "urn:bench";
  prefix b;
  container top {
    list group { key name; leaf name { type string; } }
    list entry {
      key id;
      unique address;
      leaf id { type uint32; }
      leaf name { type string { pattern '[a-z][a-z0-9\-]*'; } }
      leaf group { type leafref { path "/top/group/name"; } }
      leaf low { type uint16; }
      leaf high { type uint16; must ". >= ../low"; }
      leaf address { type string; }
    }
  }
}
"#;

/// How many groups the entries refer to.
const GROUPS: usize = 20;

/// Writes the module, for yanglint.
pub fn write_module(dir: &Path) -> PathBuf {
    let file = dir.join("bench.yang");
    std::fs::write(&file, MODULE).expect("a file");
    file
}

/// Writes RFC 7951 JSON with that many entries.
pub fn write_data(dir: &Path, count: usize) -> PathBuf {
    let path = dir.join(format!("entries-{count}.json"));
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
    let mut text = String::from("{\"bench:top\":{\"group\":[");
    for group in 0..GROUPS {
        let comma = if group > 0 { "," } else { "" };
        let _ = write!(text, "{comma}{{\"name\":\"g{group}\"}}");
    }
    text.push_str("],\"entry\":[");
    for id in 0..count {
        let comma = if id > 0 { "," } else { "" };
        let (low, high) = (id % 1000, id % 1000 + id % 7);
        let _ = write!(
            text,
            "{comma}{{\"id\":{id},\"name\":\"entry-{id}\",\"group\":\"g{}\",\"low\":{low},\"high\":{high},\"address\":\"10.{}.{}.{}\"}}",
            id % GROUPS,
            id >> 16,
            (id >> 8) & 255,
            id & 255
        );
        if text.len() > 1 << 16 {
            file.write_all(text.as_bytes()).expect("a file");
            text.clear();
        }
    }
    text.push_str("]}}");
    file.write_all(text.as_bytes()).expect("a file");
    path
}

fn schema() -> Schema {
    let mut library = Library::new();
    library.add_text("bench.yang", MODULE);
    compile(&mut library, &[Wanted::latest("bench")]).0.expect("the module compiles")
}

/// What `yang validate` reads.
fn options() -> DecodeOptions {
    DecodeOptions {
        format: Format::Json,
        strictness: Strictness::Rfc7951,
        names: Names::Qualified,
        max_nodes: usize::MAX,
        max_depth: 127,
        allow: Allow::Config,
    }
}

fn load(schema: &Schema, file: &Path) -> Tree {
    let body = std::fs::read(file).expect("the data");
    match decode(schema, &InstancePath::root(), &body, &options()) {
        Ok(Data::Container(root)) => Tree { root },
        refused => unreachable!("the data is refused: {refused:?}"),
    }
}

/// Loads and validates a file.
pub fn measure_load(file: &Path) -> Measured {
    let begin = Instant::now();
    let schema = schema();
    let tree = load(&schema, file);
    let (decoded, kilobytes_decoded) = (begin.elapsed(), status("self", "VmRSS").unwrap_or(0.0));
    let index = ReferenceIndex::of(Constraints::new(&schema), &schema, &tree);
    let (indexed, kilobytes_indexed) = (begin.elapsed(), status("self", "VmRSS").unwrap_or(0.0));
    let violations = validate_indexed(&schema, &tree, &index);
    assert!(violations.is_empty(), "{violations:?}");
    let validated = begin.elapsed();
    drop((tree, index));
    let seconds = begin.elapsed();
    let kilobytes = status("self", "VmHWM").unwrap_or(0.0);
    let note = format!(
        "decoded {:.0} ms ({:.0} MB), indexed {:.0} ms ({:.0} MB), validated {:.0} ms, dropped {:.0} ms",
        decoded.as_secs_f64() * 1e3,
        kilobytes_decoded / 1e3,
        (indexed - decoded).as_secs_f64() * 1e3,
        kilobytes_indexed / 1e3,
        (validated - indexed).as_secs_f64() * 1e3,
        (seconds - validated).as_secs_f64() * 1e3,
    );
    Measured { seconds: seconds.as_secs_f64(), kilobytes, note }
}

/// Edits one leaf of many entries, one after the other, each with everything that a commit does to a tree.
pub fn measure_edit(file: &Path) -> Measured {
    let schema = schema();
    let mut tree = load(&schema, file);
    let mut index = ReferenceIndex::of(Constraints::new(&schema), &schema, &tree);
    let _ = tree.digest();
    let list = schema.find("/bench:top/entry").expect("the list");
    let (top, high) = (schema.node(list).parent, schema.child(list, None, "high").expect("the leaf"));
    let count = tree.root.container(top).and_then(|top| top.list(list)).map_or(0, |list| list.len());
    const EDITS: usize = 2000;
    let mut all: Vec<f64> = Vec::with_capacity(EDITS);
    for number in 0..EDITS {
        let id = (number * 7919) % count;
        let mut path = InstancePath::root().child(top);
        path.push(list, vec![Value::Uint(id as u64)]);
        path.push(high, Vec::new());
        let value = Data::Leaf(Value::Uint((2000 + number) as u64));
        let edits = [Edit::new(path, EditOperation::Replace, value)];
        let begin = Instant::now();
        let after = apply(&schema, &tree, &edits).expect("the edit");
        let changes = diff(&schema, &tree, &after);
        let violations = validate_diff(&schema, &tree, &after, &changes, &mut index);
        let _ = after.digest();
        tree = after;
        all.push(begin.elapsed().as_secs_f64());
        assert!(violations.is_empty() && changes.len() == 1, "{violations:?}");
    }
    all.sort_by(f64::total_cmp);
    let seconds = all.get(EDITS / 2).copied().unwrap_or_default();
    Measured { seconds, kilobytes: status("self", "VmHWM").unwrap_or(0.0), note: String::new() }
}
