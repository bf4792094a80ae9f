//! A bound on how deep the flow collections (`[…]`, `{…}`) of a YAML text nest, found before the YAML reader sees it.
//!
//! That reader takes time in the square of the nesting, and notices only when it has read everything; a megabyte of `[`
//! would keep it busy for minutes. Where quotes and block scalars begin depends on the whole context, so this does not
//! decide: it follows every reading in which some bracket so far opened the outermost collection, and keeps the deepest
//! of those that are in the same state. The bound is never too low. It is too high only for texts with very many
//! brackets that nothing closes.

/// The states of a reader inside a flow collection.
#[derive(Clone, Copy)]
enum State {
    /// Where a token can start.
    Between,
    /// In a plain scalar or anchor.
    Plain,
    /// In a plain scalar, behind a colon: white space makes it a name.
    PlainColon,
    /// In a plain scalar, behind white space: `#` starts a comment.
    PlainSpace,
    /// In double quotes.
    Double,
    /// Behind a backslash in double quotes.
    Escape,
    /// In single quotes.
    Single,
    /// Behind a single quote in single quotes: the end, or the first half of a doubled one.
    SingleQuote,
    /// In a tag, which may hold brackets.
    Tag,
    /// In a comment.
    Comment,
}

const STATES: [State; 10] = [
    State::Between,
    State::Plain,
    State::PlainColon,
    State::PlainSpace,
    State::Double,
    State::Escape,
    State::Single,
    State::SingleQuote,
    State::Tag,
    State::Comment,
];

/// The deepest reading in each state; 0 where there is none.
type Depths = [usize; STATES.len()];

/// Whether flow collections may nest deeper than `limit`.
pub(super) fn is_deeper(text: &str, limit: usize) -> bool {
    let openers = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if openers <= limit {
        return false;
    }
    let mut depths: Depths = [0; STATES.len()];
    for byte in text.bytes() {
        let mut next: Depths = [0; STATES.len()];
        for (state, depth) in STATES.into_iter().zip(depths) {
            if depth > 0 {
                step(state, byte, depth, &mut next);
            }
        }
        if matches!(byte, b'[' | b'{') {
            // Here the outermost collection may begin.
            reach(&mut next, State::Between, 1);
        }
        if next.iter().any(|depth| *depth > limit) {
            return true;
        }
        depths = next;
    }
    false
}

fn reach(depths: &mut Depths, state: State, depth: usize) {
    if let Some(slot) = depths.get_mut(state as usize) {
        *slot = (*slot).max(depth);
    }
}

/// Where a reading in `state` can be behind one more byte.
fn step(state: State, byte: u8, depth: usize, next: &mut Depths) {
    let is_space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    match state {
        State::Between => match byte {
            b'"' => reach(next, State::Double, depth),
            b'\'' => reach(next, State::Single, depth),
            b'#' => reach(next, State::Comment, depth),
            b'!' => {
                reach(next, State::Tag, depth);
                reach(next, State::Plain, depth);
            }
            b' ' | b'\t' | b'\n' | b'\r' | b'?' | b':' => reach(next, State::Between, depth),
            _ => plain(byte, depth, next),
        },
        State::Plain if is_space => reach(next, State::PlainSpace, depth),
        State::PlainSpace if is_space => reach(next, State::PlainSpace, depth),
        State::PlainSpace if byte == b'#' => reach(next, State::Comment, depth),
        State::PlainColon if is_space => reach(next, State::Between, depth),
        State::Plain | State::PlainSpace | State::PlainColon => plain(byte, depth, next),
        State::Double => match byte {
            b'"' => reach(next, State::Between, depth),
            b'\\' => reach(next, State::Escape, depth),
            _ => reach(next, State::Double, depth),
        },
        State::Escape => reach(next, State::Double, depth),
        State::Single if byte == b'\'' => reach(next, State::SingleQuote, depth),
        State::Single => reach(next, State::Single, depth),
        State::SingleQuote if byte == b'\'' => reach(next, State::Single, depth),
        State::SingleQuote => step(State::Between, byte, depth, next),
        State::Tag if is_space => reach(next, State::Between, depth),
        State::Tag => reach(next, State::Tag, depth),
        State::Comment if matches!(byte, b'\n' | b'\r') => reach(next, State::Between, depth),
        State::Comment => reach(next, State::Comment, depth),
    }
}

/// A byte at the start of a plain scalar or in one: brackets and commas end it.
fn plain(byte: u8, depth: usize, next: &mut Depths) {
    match byte {
        b'[' | b'{' => reach(next, State::Between, depth + 1),
        b']' | b'}' => reach(next, State::Between, depth - 1),
        b',' => reach(next, State::Between, depth),
        b':' => reach(next, State::PlainColon, depth),
        _ => reach(next, State::Plain, depth),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_seen_through_whatever_stands_between() {
        for between in [
            "",
            " ",
            "\n",
            "a, ",
            "\"]]\", ",
            "']]'', ', ",
            "# ]]\n",
            "&a ",
            "!<]]> ",
            "{a: ",
            "it's, ",
            "a: \"\\\"]\", ",
        ] {
            let text = format!("it's: \"'[\"\nb: |\n  \"[ '\nc: {}", format!("[{between}").repeat(300));
            assert!(is_deeper(&text, 256), "{between:?}");
        }
    }

    #[test]
    fn ordinary_texts_are_let_through() {
        let entry = "- {name: \"a]\", list: [x, 'it''s {', \"\\\"[\"], globs: ['*.example.com', \"[a-z]\"]} # it's [fine\n";
        assert!(!is_deeper(&entry.repeat(2_000), 256));
        assert!(!is_deeper(&"a: [b, {c: [d]}]\n".repeat(2_000), 256));
        let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(!is_deeper(&nested.repeat(10), 256));
    }
}
