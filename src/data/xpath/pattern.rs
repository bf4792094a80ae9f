//! Patterns of `re-match()` (RFC 7950 section 10.2.1), compiled once and kept: a few in each evaluator, so that a list
//! is matched without asking anybody, and a bounded number in the process.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::{Regex, RegexBuilder};

use super::EvalError;
use crate::data::violation::shorten;
use crate::yang::schema::types::pattern;

/// Patterns that the process keeps.
const KEPT: usize = 256;

/// Patterns that an evaluator keeps: as many as an expression has, mostly.
const RECENT: usize = 8;

/// Bytes of memory for one compiled pattern. Less than the model's own patterns may take: a stranger wrote it.
const SIZE_LIMIT: usize = 1 << 18;

/// Steps for compiling a pattern: an expression that makes a new one for every entry must not get far.
pub(super) const COST: u64 = 10_000;

static PATTERNS: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);

/// The patterns that an evaluator used last.
#[derive(Default)]
pub(super) struct Recent(RefCell<Vec<(String, Regex)>>);

impl Recent {
    /// Whether a text matches a pattern as a whole. `pay` is called before a pattern that nobody kept is compiled.
    pub(super) fn is_match(
        &self,
        source: &str,
        text: &str,
        pay: impl FnOnce() -> Result<(), EvalError>,
    ) -> Result<bool, EvalError> {
        let mut recent = self.0.borrow_mut();
        if let Some((_, regex)) = recent.iter().find(|(known, _)| known == source) {
            return Ok(regex.is_match(text));
        }
        let regex = kept(source, pay)?;
        if recent.len() >= RECENT {
            recent.remove(0);
        }
        let is_match = regex.is_match(text);
        recent.push((source.to_owned(), regex));
        Ok(is_match)
    }
}

fn kept(source: &str, pay: impl FnOnce() -> Result<(), EvalError>) -> Result<Regex, EvalError> {
    let known = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner).get(source).cloned();
    if let Some(regex) = known {
        return Ok(regex);
    }
    pay()?;
    let regex =
        compile(source).map_err(|reason| EvalError::BadPattern { pattern: shorten(source), reason })?;
    let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    if patterns.len() >= KEPT {
        patterns.clear();
    }
    patterns.insert(source.to_owned(), regex.clone());
    Ok(regex)
}

fn compile(source: &str) -> Result<Regex, String> {
    let (translated, _) = pattern::translate(source).map_err(|error| error.to_string())?;
    RegexBuilder::new(&translated).size_limit(SIZE_LIMIT).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it needs too much memory".to_owned(),
        other => other.to_string().lines().last().unwrap_or_default().to_owned(),
    })
}
