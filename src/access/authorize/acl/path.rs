//! The pattern of a rule: a path in which `+` stands for one segment and a `*` at the end for whatever follows, and in which
//! `{{variable}}` stands for something known of the caller.

use std::cmp::Reverse;

use super::Lookup;

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclPath {
    /// As it was written.
    pub text: String,
    /// Without the `*` at its end.
    pub(super) stem: String,
    /// Whether there was one.
    pub(super) open: bool,
    /// Whether it has variables.
    pub(super) templated: bool,
}

/// How specific a pattern is that matches a path: the greater one decides. A path without wildcards is the most specific
/// one; then the later the first wildcard comes the better, then one that ends exactly, then fewer `+`, then the longer one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Specificity {
    exact: bool,
    first_wildcard: usize,
    closed: bool,
    pluses: Reverse<usize>,
    length: usize,
    text: String,
}

impl Specificity {
    /// Whether the pattern is a path without wildcards.
    pub fn is_exact(&self) -> bool {
        self.exact
    }
}

impl AclPath {
    /// Reads a pattern.
    ///
    /// # Errors
    /// For a `*` that is not at its end, and braces that are not closed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.strip_prefix('/').unwrap_or(text);
        let (stem, open) = match trimmed.strip_suffix('*') {
            Some(stem) => (stem, true),
            None => (trimmed, false),
        };
        if stem.contains('*') {
            return Err(format!("path {text:?}: '*' can only stand at the end; use '+' for a segment"));
        }
        if stem.contains("+*") || stem.ends_with('+') && open {
            return Err(format!("path {text:?}: invalid use of wildcards ('+*' is forbidden)"));
        }
        if stem.matches("{{").count() != stem.matches("}}").count() {
            return Err(format!("path {text:?}: unbalanced templating characters"));
        }
        let templated = stem.contains("{{");
        Ok(AclPath { text: trimmed.to_owned(), stem: stem.to_owned(), open, templated })
    }

    /// Whether a path matches, and how specific the pattern is then.
    pub fn matches(&self, path: &str, lookup: Lookup<'_>) -> Option<Specificity> {
        if self.templated {
            return self.filled(lookup)?.matches_plainly(path);
        }
        self.matches_plainly(path)
    }

    fn matches_plainly(&self, path: &str) -> Option<Specificity> {
        let pluses = self.stem.split('/').filter(|segment| *segment == "+").count();
        let fits = match (pluses, self.open) {
            (0, false) => path == self.stem,
            (0, true) => path.starts_with(&self.stem),
            _ => fits(&self.stem, path, self.open),
        };
        fits.then(|| Specificity {
            exact: pluses == 0 && !self.open,
            first_wildcard: first_wildcard(&self.stem).unwrap_or(self.stem.len()),
            closed: !self.open,
            pluses: Reverse(pluses),
            length: self.stem.len(),
            text: self.text.clone(),
        })
    }

    /// The pattern with its variables filled in; `None` where one has no value, or one that would change what the pattern
    /// means: such a rule speaks of nothing.
    fn filled(&self, lookup: Lookup<'_>) -> Option<AclPath> {
        let mut stem = String::with_capacity(self.stem.len());
        let mut rest = self.stem.as_str();
        while let Some((before, after)) = rest.split_once("{{") {
            let (variable, behind) = after.split_once("}}")?;
            let value = lookup(variable.trim())?;
            if value.is_empty() || value.contains(['*', '+', '/', '{', '}']) {
                return None;
            }
            stem.push_str(before);
            stem.push_str(&value);
            rest = behind;
        }
        stem.push_str(rest);
        Some(AclPath { stem, text: self.text.clone(), open: self.open, templated: false })
    }
}

/// Where the first `+` stands.
fn first_wildcard(stem: &str) -> Option<usize> {
    let mut at = 0;
    for segment in stem.split('/') {
        if segment == "+" {
            return Some(at);
        }
        at += segment.len() + 1;
    }
    None
}

/// Whether a path fits a stem with `+` in it, segment by segment; the last segment of an open stem is the beginning of one.
fn fits(stem: &str, path: &str, open: bool) -> bool {
    let mut wanted = stem.split('/').peekable();
    let mut found = path.split('/');
    while let Some(segment) = wanted.next() {
        let is_last = wanted.peek().is_none();
        let Some(part) = found.next() else { return false };
        if is_last && open {
            return segment == "+" || part.starts_with(segment);
        }
        if segment != "+" && segment != part {
            return false;
        }
    }
    found.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(better: &str, worse: &str, path: &str) {
        let specificity = |pattern: &str| AclPath::parse(pattern).unwrap().matches(path, &|_| None).unwrap();
        assert!(specificity(better) > specificity(worse), "{better} over {worse} for {path}");
    }

    #[test]
    fn patterns_are_ordered_by_how_specific_they_are() {
        order("secret/foo/bar", "secret/foo/*", "secret/foo/bar");
        order("secret/foo/*", "secret/*", "secret/foo/bar");
        order("secret/foo/+", "secret/+/bar", "secret/foo/bar");
        order("secret/+/bar", "secret/+/*", "secret/foo/bar");
        order("secret/+/+/baz", "secret/+/+/*", "secret/foo/bar/baz");
        order("a/b*", "a/+", "a/bc");
    }

    #[test]
    fn wildcards_stand_where_they_may() {
        for wrong in ["a/*/b", "a/+*", "*a", "u/{{x"] {
            assert!(AclPath::parse(wrong).is_err(), "{wrong}");
        }
        for right in ["*", "a/*", "a*", "+/b", "a/+/c*", "/a"] {
            assert!(AclPath::parse(right).is_ok(), "{right}");
        }
    }
}
