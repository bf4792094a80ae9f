//! What becomes of stored data when the modules are not those that it was stored with.

use std::collections::HashSet;
use std::fmt;

use crate::base::ident::Ident;

/// What may be done at a start when the modules have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModelChange {
    /// Nothing is written, whatever fits or does not: for a look.
    Look,
    /// Data that fits is kept, in the form that the new modules give it; where something does not, the start is refused.
    #[default]
    Keep,
    /// What does not fit is dropped.
    Drop,
}

/// A part of the stored data that does not fit the modules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// Whose.
    pub tenant: Ident,
    /// Instance-identifier of what does not fit; everything below it goes with it.
    pub path: String,
    /// Why it does not.
    pub reason: String,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.tenant, self.path, self.reason)
    }
}

/// Collects losses.
#[derive(Debug, Default)]
pub(super) struct Losses(Vec<Loss>);

impl Losses {
    pub fn add(&mut self, tenant: &Ident, path: impl Into<String>, reason: impl Into<String>) {
        self.0.push(Loss { tenant: tenant.clone(), path: path.into(), reason: reason.into() });
    }

    /// By tenant and path, each once, and without those that are part of another.
    pub fn outermost(self) -> Vec<Loss> {
        let mut all = self.0;
        // The first reason is the one that was met first.
        all.sort_by(|a, b| (&a.tenant, &a.path).cmp(&(&b.tenant, &b.path)));
        all.dedup_by(|a, b| a.tenant == b.tenant && a.path == b.path);
        let known: HashSet<(Ident, String)> =
            all.iter().map(|loss| (loss.tenant.clone(), loss.path.clone())).collect();
        all.retain(|loss| {
            !ancestors(&loss.path).any(|above| known.contains(&(loss.tenant.clone(), above.to_owned())))
        });
        all
    }
}

/// The instance-identifiers around one: around `/a:b[c='x']/d` these are `/`, `/a:b` and `/a:b[c='x']`.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let root = (path.len() > 1).then_some("/");
    root.into_iter().chain(boundaries(path).filter_map(|(at, _)| path.get(..at)))
}

/// Where each step of an instance-identifier ends.
pub(super) fn step_ends(path: &str) -> impl Iterator<Item = usize> {
    let slashes = boundaries(path).filter_map(|(at, letter)| (letter == '/').then_some(at));
    slashes.chain((path.len() > 1).then_some(path.len()))
}

/// Where predicates and, but for the first, steps begin, each with its first character.
fn boundaries(path: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut depth = 0_usize;
    path.char_indices().filter(move |(at, letter)| {
        match (quote, letter) {
            (Some(open), _) => {
                quote = quote.filter(|_| *letter != open);
                return false;
            }
            (None, '\'' | '"') => quote = Some(*letter),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        (*letter == '/' && depth == 0 && *at > 0) || (*letter == '[' && depth == 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_apart_at_its_steps_whatever_its_keys_hold() {
        let path = "/a:b[c='x/[y'][d=\"it's\"]/e/f[g='1']";
        let steps: Vec<&str> = step_ends(path).map(|end| &path[..end]).collect();
        assert_eq!(steps, ["/a:b[c='x/[y'][d=\"it's\"]", "/a:b[c='x/[y'][d=\"it's\"]/e", path]);
        assert_eq!(step_ends("/").count(), 0);
        let around: Vec<&str> = ancestors("/a:b[c='x']/d").collect();
        assert_eq!(around, ["/", "/a:b", "/a:b[c='x']"]);
        assert_eq!(ancestors("/").count(), 0);
    }

    #[test]
    fn only_the_outermost_losses_are_told() {
        let mut losses = Losses::default();
        for path in ["/a:b/c", "/a:b-c", "/a:b[k='1']/x", "/a:b[k='1']", "/a:b-c", "/a:z[k='2']/x"] {
            losses.add(&"t".into(), path, "why");
        }
        losses.add(&"u".into(), "/a:b[k='1']/x", "why");
        let told: Vec<String> = losses.outermost().iter().map(ToString::to_string).collect();
        let wanted = [
            "t /a:b-c: why",
            "t /a:b/c: why",
            "t /a:b[k='1']: why",
            "t /a:z[k='2']/x: why",
            "u /a:b[k='1']/x: why",
        ];
        assert_eq!(told, wanted);
    }
}
