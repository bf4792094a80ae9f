//! Globs over audiences, subjects and claim values: compiled once, matched in time linear in the text.
//!
//! `*` stands for any run of characters without `/`, `?` and `#`, so that `https://api.*.example.com` does not admit
//! `https://api.evil.com/.example.com`; `**` (or more stars) stands for any run; a pattern that is a lone `*` admits
//! everything. Every other character stands for itself, upper and lower case apart. Not a path glob, not a regular
//! expression: there is nothing to escape, and no character class.

use std::collections::HashSet;

/// One compiled pattern.
#[derive(Clone, Debug)]
pub struct Glob(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// A lone `*`, or only `**`.
    Anything,
    /// No star in it.
    Exact(Box<str>),
    /// Literal text up to the first star and from the last one on, and what is between them.
    Starred { prefix: Box<str>, suffix: Box<str>, middle: Middle },
}

/// What stands from the first star to the last, both included: gaps with literal bytes between them.
///
/// It is matched by following all possibilities at once, one bit each: bit `i` says that the first `i` literal bytes
/// have been seen. A byte of the text moves a bit up when it is the next literal, and keeps it where a gap admits it.
#[derive(Clone, Debug)]
struct Middle {
    /// The literal bytes, gaps left out.
    literals: Box<[u8]>,
    /// For each number of literals seen, 0 to all of them: the gap that begins there.
    gaps: Box<[Option<Gap>]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    /// `*`
    Segment,
    /// `**`
    Any,
}

impl Gap {
    fn admits(self, byte: u8) -> bool {
        self == Gap::Any || !matches!(byte, b'/' | b'?' | b'#')
    }
}

impl Glob {
    /// Compiles a pattern. Every text is one.
    pub fn new(pattern: &str) -> Self {
        if pattern == "*" {
            return Glob(Kind::Anything);
        }
        let (Some(first), Some(last)) = (pattern.find('*'), pattern.rfind('*')) else {
            return Glob(Kind::Exact(pattern.into()));
        };
        let middle = Middle::new(pattern.as_bytes().get(first..=last).unwrap_or_default());
        let prefix = pattern.get(..first).unwrap_or_default();
        let suffix = pattern.get(last + 1..).unwrap_or_default();
        if prefix.is_empty() && suffix.is_empty() && middle.is_anything() {
            return Glob(Kind::Anything);
        }
        Glob(Kind::Starred { prefix: prefix.into(), suffix: suffix.into(), middle })
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        match &self.0 {
            Kind::Anything => true,
            Kind::Exact(exact) => **exact == *text,
            Kind::Starred { prefix, suffix, middle } => text
                .strip_prefix(&**prefix)
                .and_then(|rest| rest.strip_suffix(&**suffix))
                .is_some_and(|between| middle.matches(between.as_bytes())),
        }
    }

    /// Whether it matches every text there is.
    pub fn is_anything(&self) -> bool {
        matches!(self.0, Kind::Anything)
    }
}

impl Middle {
    /// `pattern` begins and ends with a star.
    fn new(pattern: &[u8]) -> Self {
        let mut literals = Vec::new();
        let mut gaps = vec![None];
        let mut stars = 0;
        for byte in pattern {
            if *byte == b'*' {
                stars += 1;
                let gap = if stars == 1 { Gap::Segment } else { Gap::Any };
                if let Some(last) = gaps.last_mut() {
                    *last = Some(gap);
                }
            } else {
                stars = 0;
                literals.push(*byte);
                gaps.push(None);
            }
        }
        Middle { literals: literals.into(), gaps: gaps.into() }
    }

    fn is_anything(&self) -> bool {
        self.literals.is_empty() && self.gaps.iter().all(|gap| *gap == Some(Gap::Any))
    }

    fn matches(&self, text: &[u8]) -> bool {
        if self.literals.is_empty() {
            let gap = self.gaps.first().copied().flatten();
            return text.iter().all(|byte| gap.is_some_and(|gap| gap.admits(*byte)));
        }
        let mut seen = vec![0_u64; self.literals.len() / 64 + 1];
        if let Some(first) = seen.first_mut() {
            *first = 1;
        }
        for byte in text {
            self.step(&mut seen, *byte);
        }
        let all = self.literals.len();
        seen.get(all / 64).is_some_and(|word| word >> (all % 64) & 1 == 1)
    }

    fn step(&self, seen: &mut [u64], byte: u8) {
        let mut carried = 0;
        let counts = self.gaps.chunks(64);
        let nexts = self.literals.chunks(64).chain(std::iter::once(&[][..]));
        for ((word, gaps), literals) in seen.iter_mut().zip(counts).zip(nexts) {
            if *word == 0 && carried == 0 {
                continue;
            }
            let kept = bits(gaps, |gap| gap.is_some_and(|gap| gap.admits(byte)));
            let moved = *word & bits(literals, |literal| *literal == byte);
            let next = *word & kept | moved << 1 | carried;
            carried = moved >> 63;
            *word = next;
        }
    }
}

fn bits<T>(items: &[T], wanted: impl Fn(&T) -> bool) -> u64 {
    items.iter().rev().fold(0, |bits, item| bits << 1 | u64::from(wanted(item)))
}

/// Several patterns, one of which is to match. Patterns without a star are looked up, not tried in turn.
#[derive(Clone, Debug, Default)]
pub struct GlobSet {
    exact: HashSet<Box<str>>,
    starred: Vec<Glob>,
}

impl GlobSet {
    /// Whether there is no pattern at all.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.starred.is_empty()
    }

    /// Whether one of the patterns matches the whole of `text`.
    pub fn matches(&self, text: &str) -> bool {
        self.exact.contains(text) || self.starred.iter().any(|glob| glob.matches(text))
    }

    /// Whether one of the patterns matches every text there is.
    pub fn admits_anything(&self) -> bool {
        self.starred.iter().any(Glob::is_anything)
    }
}

impl<'p> FromIterator<&'p str> for GlobSet {
    fn from_iter<I: IntoIterator<Item = &'p str>>(patterns: I) -> Self {
        let mut set = GlobSet::default();
        for pattern in patterns {
            match Glob::new(pattern) {
                Glob(Kind::Exact(exact)) => {
                    set.exact.insert(exact);
                }
                glob => set.starred.push(glob),
            }
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(pattern).matches(text)
    }

    /// The definition, written down as directly as can be; exponential.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', '*', rest @ ..] => {
                let rest = &rest[rest.iter().take_while(|letter| **letter == '*').count()..];
                (0..=text.len()).any(|taken| naive(rest, &text[taken..]))
            }
            ['*', rest @ ..] => {
                let run = text.iter().take_while(|letter| !matches!(letter, '/' | '?' | '#')).count();
                (0..=run).any(|taken| naive(rest, &text[taken..]))
            }
            [literal, rest @ ..] => {
                text.split_first().is_some_and(|(first, after)| first == literal && naive(rest, after))
            }
        }
    }

    #[test]
    fn a_star_stops_at_the_separators_of_a_url() {
        let pattern = "https://api.*.example.com";
        assert!(matches(pattern, "https://api.eu.example.com"));
        assert!(matches(pattern, "https://api.eu.west.example.com"));
        assert!(matches(pattern, "https://api..example.com"));
        for text in [
            "https://api.evil.com/.example.com",
            "https://api.evil.com?.example.com",
            "https://api.evil.com#.example.com",
            "https://api.example.com",
            "https://api.eu.example.com.evil.com",
            "http://api.eu.example.com",
            "HTTPS://api.eu.example.com",
            "",
        ] {
            assert!(!matches(pattern, text), "{text}");
        }
    }

    #[test]
    fn two_stars_cross_separators_and_a_lone_star_admits_anything() {
        assert!(matches("https://**/token", "https://a/b?c#d/token"));
        assert!(!matches("https://*/token", "https://a/b/token"));
        assert!(matches("a***z", "a/?#z"));
        for text in ["", "a", "/?#", "\u{1f512}"] {
            assert!(matches("*", text) && matches("**", text));
        }
        assert!(!matches("*a", "b/a"));
        assert!(matches("read:*", "read:orders") && !matches("read:*", "read:a/b"));
    }

    #[test]
    fn everything_else_is_literal() {
        for pattern in ["a.c", "[a-c]", "a?c", "a{1}", "\\d", "^a$", "a|b", "ä", "%2A"] {
            assert!(matches(pattern, pattern), "{pattern}");
        }
        assert!(!matches("a.c", "abc"));
        assert!(!matches("a?c", "abc"));
        assert!(matches("a?*", "a?b") && !matches("a?*", "ab"));
        assert!(matches("ä*ü", "äöü") && !matches("ä*ü", "äö"));
    }

    #[test]
    fn prefix_and_suffix_do_not_share_characters() {
        assert!(!matches("aba*aba", "aba"));
        assert!(!matches("aba*aba", "ababa"));
        assert!(matches("aba*aba", "abaaba"));
    }

    #[test]
    fn long_patterns_cross_the_words_of_the_bit_set() {
        for length in [62, 63, 64, 65, 127, 128, 129, 300] {
            let body = "ab".repeat(length).chars().take(length).collect::<String>();
            let pattern = format!("*{body}*");
            assert!(matches(&pattern, &format!("xx{body}yy")), "{length}");
            assert!(!matches(&pattern, &body[1..]), "{length}");
            assert!(!matches(&pattern, &format!("x/{body}yy")), "{length}");
        }
    }

    #[test]
    fn a_pattern_made_to_blow_up_does_not() {
        let pattern = format!("{}b", "**a".repeat(300));
        let text = "a".repeat(20_000);
        assert!(!matches(&pattern, &text));
    }

    #[test]
    fn a_set_admits_what_any_of_its_patterns_admits() {
        let set: GlobSet = ["a", "b*", "c"].into_iter().collect();
        assert!(set.matches("a") && set.matches("bx") && set.matches("c") && !set.matches("ab"));
        assert!(!set.admits_anything() && !set.is_empty());
        assert!(["a", "*"].into_iter().collect::<GlobSet>().admits_anything());
        assert!(GlobSet::default().is_empty() && !GlobSet::default().matches(""));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn agrees_with_the_definition(pattern in "[ab/?*]{0,9}", text in "[ab/?#]{0,9}") {
            let letters: Vec<char> = pattern.chars().collect();
            let expected = pattern == "*" || naive(&letters, &text.chars().collect::<Vec<_>>());
            prop_assert_eq!(matches(&pattern, &text), expected, "{:?} on {:?}", pattern, text);
        }

        #[test]
        fn text_without_stars_matches_itself_only(text in "[^*]{0,20}", other in "[^*]{0,20}") {
            prop_assert!(matches(&text, &text));
            prop_assert_eq!(matches(&text, &other), text == other);
        }
    }
}
