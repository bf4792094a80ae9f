//! Changes to known inputs, the same ones for the same start.

/// Words that mean something to at least one of the targets.
const WORDS: &[&str] = &[
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "</",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[",
    "&lt;",
    "&#x0;",
    ";",
    ":",
    ",",
    "/",
    "//",
    "..",
    "@",
    "*",
    "|",
    "=",
    "!=",
    "<=",
    "%",
    "%2F",
    "%ff",
    "%00",
    "&",
    "?",
    "+",
    "-",
    "- ",
    "\n",
    "\n  ",
    "\t",
    "\\u0000",
    "\\ud800",
    "\\",
    "null",
    "[null]",
    "true",
    "false",
    "~",
    "!!binary",
    "&a",
    "*a",
    "<<: *a",
    "---",
    "0",
    "-1",
    "1e3",
    "1.0",
    "18446744073709551616",
    "9223372036854775808",
    "NaN",
    ".inf",
    "not(",
    "and",
    "or",
    "div",
    "mod",
    "deref(",
    "current()",
    "count(",
    "position()",
    "last()",
    "re-match(",
    "derived-from(",
    "text()",
    "node()",
    "fuzz:",
    "ancestor::",
    "following::",
    "preceding-sibling::",
    "leaf",
    "list",
    "container",
    "type",
    "uses",
    "grouping",
    "when",
    "must",
    "augment",
    "choice",
    "case",
    "key",
    "min..max",
    "..",
    "pattern",
    "[a-z-[aeiou]]",
    "(a+)+",
    "{0,65535}",
    "fields=",
    "where=",
    "keys=",
    "count=",
    "validate=",
    "depth=",
    "site=",
    "content=",
    "alg",
    "none",
    "HS256",
    "crit",
    ".",
    "eyJhbGciOiJub25lIn0",
    "\u{feff}",
    "\u{0}",
    "\u{202e}",
    "é",
];

/// What an input may grow to.
const LONGEST: usize = 16 * 1024;

/// An endless row of changed inputs.
pub struct Changes {
    seeds: Vec<Vec<u8>>,
    state: u64,
}

impl Changes {
    /// `seeds` must not be empty.
    pub fn new(seeds: Vec<Vec<u8>>, start: u64) -> Self {
        Changes { seeds, state: start.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    /// One of the inputs, changed in one to eight places.
    pub fn next(&mut self) -> Vec<u8> {
        let seed = self.below(self.seeds.len());
        let mut input = self.seeds[seed].clone();
        for _ in 0..=self.below(8) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let from = self.below(input.len() + 1);
        let to = (from + self.below(24)).min(input.len());
        match self.below(8) {
            0 => drop(input.drain(from..to)),
            1 => {
                let part = input[from..to].to_vec();
                insert(input, from, &part);
            }
            2 => {
                let times = self.below(64);
                insert(input, from, &input[from..to].repeat(times));
            }
            3 | 4 => {
                let word = WORDS[self.below(WORDS.len())];
                insert(input, from, word.as_bytes());
            }
            5 => {
                let byte = self.below(256);
                if let Some(place) = input.get_mut(from) {
                    *place = u8::try_from(byte).unwrap_or_default();
                }
            }
            6 => {
                let other = self.below(self.seeds.len());
                let other = self.seeds[other].clone();
                let start = self.below(other.len() + 1);
                let end = (start + self.below(200)).min(other.len());
                insert(input, from, &other[start..end]);
            }
            _ => {
                let moved: Vec<u8> = input.drain(from..to).collect();
                let place = self.below(input.len() + 1);
                insert(input, place, &moved);
            }
        }
    }

    /// A number below `limit`, which is not 0. The generator is xorshift64*.
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let drawn = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap_or(0) % limit
    }
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    input.splice(at..at, bytes.iter().copied());
}
