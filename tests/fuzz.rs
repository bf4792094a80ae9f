//! Inputs that nobody would write: known ones are changed a little, over and over, and given to everything that reads what
//! a stranger sends. Nothing may panic, hang, or be taken for what it is not.
//!
//! A folder `tests/fuzz/TARGET/` has the inputs to begin with and those that were once found to do harm. In the ordinary
//! run the changes are the same each time; `STRONGBOX_FUZZ_SECONDS=600 cargo test fuzz` spends that many seconds on each
//! target with others. What does harm is left in the folder as `found-NUMBER`.

mod change;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use strongbox::data::decode::Format;
use strongbox::data::document::{self, Kind, ReadOptions};
use strongbox::data::fields::parse_fields;
use strongbox::data::read::WithDefaults;
use strongbox::data::tree::Tree;
use strongbox::data::xpath::{Cursor, Evaluator};
use strongbox::services::jose::{Algorithm, Cipher, Key, jws};
use strongbox::services::jwt_verify::Claims;
use strongbox::surface::v1::query::{Place, Query};
use strongbox::surface::v1::route::Resource;
use strongbox::yang::schema::Schema;
use strongbox::yang::schema::xpath::bind::compile_expression;
use strongbox::yang::{Library, Wanted};

use change::Changes;

use crate::support::variable;

/// How many changed inputs the ordinary run gives to a target.
const ROUNDS: u64 = 2_000;

/// What no input of a few kilobytes may take, on however slow a machine.
const TOO_LONG: Duration = Duration::from_secs(20);

/// The model that documents and expressions are read against: every type and every kind of node.
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| compile(include_str!("fuzz/yang/model")).unwrap());

static PRODUCT: LazyLock<Schema> = LazyLock::new(|| strongbox::yang::product::compile_product().unwrap());

fn compile(text: &str) -> Option<Schema> {
    let mut library = Library::new();
    library.add_text("fuzz.yang", text);
    strongbox::yang::compile(&mut library, &[Wanted::latest("fuzz")]).0
}

#[test]
fn fuzz_yang() {
    run("yang", |input| drop(compile(&String::from_utf8_lossy(input))));
}

#[test]
fn fuzz_json() {
    run("json", |input| read_back(input, Format::Json));
}

#[test]
fn fuzz_yaml() {
    run("yaml", |input| read_back(input, Format::Yaml));
}

#[test]
fn fuzz_xml() {
    run("xml", |input| read_back(input, Format::Xml));
}

/// What is read and valid can be written, and is then read as the same.
fn read_back(input: &[u8], format: Format) {
    let options = ReadOptions { max_nodes: 10_000, ..ReadOptions::new(Kind::Data, format) };
    let reading = document::read(&SCHEMA, &options, input);
    let (Some(tree), true) = (reading.tree, reading.findings.is_empty()) else { return };
    let mut text = Vec::new();
    if document::write(&SCHEMA, Kind::Data, &tree, format, WithDefaults::Explicit, &mut text).is_err() {
        return;
    }
    let again = document::read(&SCHEMA, &options, &text).tree.expect("what was written can be read");
    assert!(again == tree, "{} is read as something else", String::from_utf8_lossy(&text));
}

#[test]
fn fuzz_xpath() {
    let document = include_bytes!("fuzz/json/everything");
    let options = ReadOptions::new(Kind::Data, Format::Json);
    let tree: Tree = document::read(&SCHEMA, &options, document).tree.unwrap();
    let list = SCHEMA.find("/fuzz/entry").unwrap();
    run("xpath", |input| {
        let text = String::from_utf8_lossy(input);
        let Ok((expression, _)) = compile_expression(&SCHEMA, &text, list, SCHEMA.node(list).module) else {
            return;
        };
        let evaluator = Evaluator::new(&SCHEMA, &tree.root).with_budget(100_000);
        // Either answer will do, and so will running out of steps.
        let _ = evaluator.matches(&expression, &Cursor::root(&tree.root));
    });
}

#[test]
fn fuzz_url() {
    run("url", |input| {
        let text = String::from_utf8_lossy(input);
        let (path, query) = text.split_once('?').unwrap_or((&text, ""));
        let found = Resource::find(&PRODUCT, path);
        for place in [Place::ConfigList, Place::ConfigNode, Place::StateNode, Place::Write, Place::Invoke] {
            let Ok(query) = Query::parse(Some(query), place) else { continue };
            if let (Ok(Resource::Data { path, .. }), Some(fields)) = (&found, &query.fields) {
                let _ = parse_fields(&PRODUCT, path.target(), fields);
            }
        }
    });
}

#[test]
fn fuzz_jwt() {
    let cipher = Cipher::EcdsaP256;
    let material = Key::generate(cipher).unwrap();
    let key = Key::from_material(cipher, material.expose()).unwrap();
    let public = key.public_key().unwrap().unwrap();
    let header = jws::header_segment(Algorithm::ES256, "1");
    let genuine = jws::sign(&key, Algorithm::ES256, &header, br#"{"iss":"i","sub":"s","exp":99}"#).unwrap();
    let mut seeds = seeds("jwt");
    seeds.push(genuine.clone().into_bytes());
    run_from("jwt", seeds, |input| {
        let text = String::from_utf8_lossy(input);
        let verified = jws::verify(&text, &[Algorithm::ES256], |_| Some(&public));
        if let Ok((_, payload)) = verified {
            assert!(text == genuine, "somebody else's token is taken for ours");
            assert!(Claims::read(&payload).is_ok());
        }
        let _ = Claims::read(input);
    });
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(target)
}

/// The files of a target's folder, in the order of their names.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "tests/fuzz/{target} has inputs to begin with");
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn run(target: &str, consume: impl Fn(&[u8])) {
    run_from(target, seeds(target), consume);
}

fn run_from(target: &str, seeds: Vec<Vec<u8>>, consume: impl Fn(&[u8])) {
    for seed in &seeds {
        try_one(target, seed, &consume);
    }
    let seconds = variable("STRONGBOX_FUZZ_SECONDS").and_then(|text| text.parse().ok());
    let (start, rounds, end) = match seconds {
        None => (1, ROUNDS, None),
        Some(seconds) => (
            std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_secs()),
            u64::MAX,
            Some(Instant::now() + Duration::from_secs(seconds)),
        ),
    };
    let mut changes = Changes::new(seeds, start);
    for _ in 0..rounds {
        if end.is_some_and(|end| Instant::now() > end) {
            return;
        }
        try_one(target, &changes.next(), &consume);
    }
}

fn try_one(target: &str, input: &[u8], consume: &impl Fn(&[u8])) {
    let begun = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| consume(input)));
    if outcome.is_ok() && begun.elapsed() < TOO_LONG {
        return;
    }
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let file = folder(target).join(format!("found-{:016x}", hasher.finish()));
    std::fs::write(&file, input).unwrap();
    let how = if outcome.is_err() { "panics" } else { "takes too long" };
    panic!("{target} {how} with {}", file.display());
}
