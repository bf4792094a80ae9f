//! Modules of the corpus, damaged at random by fixed seeds: the compiler says what is wrong or makes a schema; it does not
//! panic, and it does not take long. `STRONGBOX_FUZZ_TIMES=n` tries n times as many.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use strongbox::yang::{self, Library, Wanted};

/// A generator that gives the same numbers everywhere (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % limit.max(1)
    }

    fn pick<'t, T>(&mut self, among: &'t [T]) -> Option<&'t T> {
        among.get(self.below(among.len()))
    }
}

/// The statements of a text, outermost and inner ones: from the keyword to the `;` or `}` that ends each. Rough: it counts
/// braces and looks past quoted strings.
fn statements(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open = Vec::new();
    let mut start = None;
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(closing), _) if byte == closing => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{') => open.push(start.take()),
            (None, b'}') => found.extend(open.pop().flatten().map(|from| (from, at + 1))),
            (None, b';') => found.extend(start.take().map(|from| (from, at + 1))),
            (None, b' ' | b'\n' | b'\r' | b'\t') => {}
            (None, _) => start = start.or(Some(at)),
        }
    }
    found.retain(|(from, to)| text.is_char_boundary(*from) && text.is_char_boundary(*to));
    found
}

/// Words that mean something somewhere.
const WORDS: &[&str] = &[
    "leaf",
    "list",
    "uses",
    "augment",
    "typedef",
    "true",
    "false",
    "unbounded",
    "0",
    "-1",
    "99999999999999999999",
    "min..max",
    "1..2|3",
    "..",
    "/",
    "//",
    "a:b",
    "../x",
    "current()",
    "deref(.)",
    "x y",
    "",
    "{",
    "}",
    ";",
    "\"",
    "'",
    "+",
    "\\",
    "é",
    "not",
    "(",
    ")",
    "[",
    "]",
    "*",
    "1.1",
    "config",
    "key",
    "unique",
    "choice",
    "case",
    "rpc",
    "input",
    "empty",
    "union",
    "leafref",
    "identityref",
    "deviate",
    "not-supported",
    "refine",
    "if-feature",
    "when",
    "must",
    "submodule",
    "\u{feff}",
];

/// The text with one to three changes.
fn damage(text: &str, random: &mut Random) -> String {
    let mut damaged = text.to_owned();
    for _ in 0..=random.below(3) {
        let all = statements(&damaged);
        let (Some(one), Some(other)) = (random.pick(&all).copied(), random.pick(&all).copied()) else {
            break;
        };
        let taken = damaged[one.0..one.1].to_owned();
        match random.below(5) {
            0 => damaged.replace_range(one.0..one.1, ""),
            1 => damaged.insert_str(other.0, &format!("{taken}\n")),
            2 => {
                let part = damaged[other.0..other.1].to_owned();
                damaged.replace_range(one.0..one.1, &part);
            }
            3 => {
                // Another argument.
                let word = random.pick(WORDS).copied().unwrap_or_default();
                let end = taken.find(['{', ';']).unwrap_or(taken.len());
                let keyword = taken.find(' ').unwrap_or(0).min(end);
                damaged.replace_range(one.0 + keyword..one.0 + end, &format!(" {word} "));
            }
            _ => {
                let word = random.pick(WORDS).copied().unwrap_or_default();
                let mut at = random.below(damaged.len());
                while !damaged.is_char_boundary(at) {
                    at -= 1;
                }
                damaged.insert_str(at, word);
            }
        }
    }
    damaged
}

fn texts(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yang"))
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_owned();
            Some((name, fs::read_to_string(&path).ok()?))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_damaged_module_is_compiled_or_refused() {
    let rounds = crate::support::variable("STRONGBOX_FUZZ_TIMES")
        .and_then(|times| times.parse::<u64>().ok())
        .unwrap_or(1);
    let library_texts = texts("tests/yang/lib");
    let corpus: Vec<(String, String)> =
        texts("tests/yang/ok").into_iter().chain(texts("tests/yang/err")).chain(texts("yang")).collect();
    for round in 0..rounds {
        for (number, (name, text)) in corpus.iter().enumerate() {
            let seed = (round << 32) + u64::try_from(number).unwrap() + 1;
            let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let damaged = damage(text, &mut random);
            let mut library = Library::new();
            for (name, text) in &library_texts {
                library.add_text(name, text);
            }
            library.add_text(name, &damaged);
            let wanted: Vec<Wanted> = library.names().into_iter().map(Wanted::latest).collect();
            let wanted: Vec<Wanted> = wanted
                .into_iter()
                .filter(|want| !library_texts.iter().any(|(file, _)| file.starts_with(want.module.as_str())))
                .collect();
            let started = Instant::now();
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let (schema, diagnostics) = yang::compile(&mut library, &wanted);
                for found in &diagnostics {
                    library.sources().render(found);
                }
                schema.is_some() || diagnostics.iter().any(|found| found.is_error())
            }));
            let took = started.elapsed();
            assert!(outcome.is_ok_and(|said| said), "{name}, seed {seed}:\n{damaged}");
            assert!(took < Duration::from_secs(20), "{name}, seed {seed} took {took:?}:\n{damaged}");
        }
    }
}
