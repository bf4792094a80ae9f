//! Whether somebody may do all that rules over paths allow: for whoever writes such a policy, or hands it out.
//!
//! On the safe side, like [`super::super::cover`]: `false` means that it is not so, or cannot be seen from the patterns.

use super::path::AclPath;
use super::{Acl, AclRule, Capability};

/// Whether all that `wanted` allows is allowed by rules that are held together.
pub fn covers(held: &[&Acl], wanted: &Acl) -> bool {
    wanted.rules.iter().all(|rule| {
        let grants_nothing =
            rule.capabilities.has(Capability::Deny) || rule.capabilities.iter().next().is_none();
        grants_nothing || is_covered(held, rule)
    })
}

/// A rule is covered where one that is held reaches as far, and none that speaks of some part of that gives less.
fn is_covered(held: &[&Acl], wanted: &AclRule) -> bool {
    let own = || held.iter().flat_map(|acl| &acl.rules);
    let gives = |rule: &AclRule| {
        rule.capabilities.contains(wanted.capabilities) && (is_unbounded(rule) || same_bounds(rule, wanted))
    };
    // Names are listed by the path with a slash at its end and without, and other rules may speak of the other form.
    let is_list = wanted.capabilities.has(Capability::List);
    let with_slash = AclPath { stem: format!("{}/", wanted.path.stem), ..wanted.path.clone() };
    let without = wanted.path.stem.strip_suffix('/').map(|stem| AclPath {
        stem: stem.to_owned(),
        open: false,
        ..wanted.path.clone()
    });
    let is_of_list =
        |path: &AclPath| meet(path, &with_slash) || without.as_ref().is_some_and(|other| meet(path, other));
    let speaks = |rule: &&AclRule| meet(&rule.path, &wanted.path) || is_list && is_of_list(&rule.path);
    own().any(|rule| gives(rule) && contains(&rule.path, &wanted.path)) && own().filter(speaks).all(gives)
}

fn is_unbounded(rule: &AclRule) -> bool {
    rule.min_wrapping == 0
        && rule.max_wrapping == 0
        && rule.allowed.is_none()
        && rule.denied.is_empty()
        && rule.required.is_empty()
}

fn same_bounds(a: &AclRule, b: &AclRule) -> bool {
    a.min_wrapping == b.min_wrapping
        && a.max_wrapping == b.max_wrapping
        && a.allowed == b.allowed
        && a.denied == b.denied
        && a.required == b.required
}

/// A segment with variables can be anything without a slash.
fn is_any(segment: &str) -> bool {
    segment == "+" || segment.contains("{{")
}

/// Whether every path that `inner` matches is matched by `outer`.
fn contains(outer: &AclPath, inner: &AclPath) -> bool {
    if outer.text == inner.text {
        return true;
    }
    if outer.templated {
        return false;
    }
    let (wanted, found): (Vec<&str>, Vec<&str>) =
        (outer.stem.split('/').collect(), inner.stem.split('/').collect());
    let Some((last, before)) = wanted.split_last() else { return false };
    let one = |wanted: &str, found: &str| wanted == "+" || !is_any(found) && wanted == found;
    if outer.open {
        let fits =
            before.len() < found.len() && before.iter().zip(&found).all(|(wanted, found)| one(wanted, found));
        let at_last = found.get(before.len()).copied().unwrap_or_default();
        // What the last segment of an open pattern begins with says nothing of an open end of the other.
        return fits && (last.is_empty() || *last == "+" || !is_any(at_last) && at_last.starts_with(last));
    }
    !inner.open
        && wanted.len() == found.len()
        && wanted.iter().zip(&found).all(|(wanted, found)| one(wanted, found))
}

/// Whether some path could be matched by both.
fn meet(a: &AclPath, b: &AclPath) -> bool {
    let (left, right): (Vec<&str>, Vec<&str>) = (a.stem.split('/').collect(), b.stem.split('/').collect());
    let ends = |at: usize, segments: &[&str], open: bool| open && at + 1 == segments.len();
    for at in 0.. {
        match (left.get(at), right.get(at)) {
            (None, None) => return true,
            (None, Some(_)) | (Some(_), None) => return false,
            (Some(one), Some(other)) => {
                let (left_open, right_open) = (ends(at, &left, a.open), ends(at, &right, b.open));
                let same = is_any(one)
                    || is_any(other)
                    || one == other
                    || left_open && other.starts_with(one)
                    || right_open && one.starts_with(other);
                if !same {
                    return false;
                }
                if left_open || right_open {
                    return true;
                }
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    fn covered(held: &str, wanted: &str) -> bool {
        covers(&[&parse(held).unwrap()], &parse(wanted).unwrap())
    }

    #[test]
    fn nobody_writes_what_they_may_not_do() {
        let admin = r#"path "auth/*" { capabilities = ["create", "read", "update", "delete", "list"] }
            path "auth/token/*" { capabilities = ["read"] }"#;
        for (wanted, expected) in [
            (r#"path "auth/jwt/role/x" { capabilities = ["read", "update"] }"#, true),
            (r#"path "auth/jwt/+/x" { capabilities = ["read"] }"#, true),
            (r#"path "auth/jwt/{{identity.entity.name}}" { capabilities = ["read"] }"#, true),
            (r#"path "auth/jwt/*" { capabilities = ["sudo"] }"#, false),
            (r#"path "auth/token/create" { capabilities = ["update"] }"#, false),
            (r#"path "auth/*" { capabilities = ["update"] }"#, false),
            (r#"path "auth/+/create" { capabilities = ["update"] }"#, false),
            (r#"path "sys/seal" { capabilities = ["update"] }"#, false),
            (r#"path "sys/seal" { capabilities = ["deny"] }"#, true),
            (r#"path "*" { capabilities = ["read"] }"#, false),
            ("", true),
        ] {
            assert_eq!(covered(admin, wanted), expected, "{wanted}");
        }
    }

    #[test]
    fn bounds_of_what_is_held_are_kept() {
        let held = r#"path "a" {
            capabilities = ["update"]
            denied_parameters = { "p" = [] }
            }"#;
        assert!(covered(held, held));
        assert!(!covered(held, r#"path "a" { capabilities = ["update"] }"#));
    }
}
