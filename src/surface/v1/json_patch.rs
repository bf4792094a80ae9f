//! JSON Patch (RFC 6902) on a JSON document: `add`, `remove`, `replace`, `move`, `copy`, `test`.
//!
//! It works on the document as the dialect prints it and knows nothing of the model: what it makes is decoded and validated
//! like any other body.

use serde_json::Value;

/// How many operations one patch may have.
const MAX_OPERATIONS: usize = 10_000;

/// How many nodes a patch may add over all its operations: `copy` could double a document again and again.
const MAX_ADDED: usize = 1_000_000;

/// Why a patch was not applied, with the index of the operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The patch itself is not one (RFC 5789 section 2.2: malformed, 400).
    #[error("operation {index} of the patch: {message}")]
    Malformed {
        /// Index of the operation.
        index: usize,
        /// What is wrong.
        message: String,
    },
    /// It does not fit the document: a place that does not exist, a `test` that fails (conflicting state, 409).
    #[error("operation {index} of the patch: {message}")]
    Conflict {
        /// Index of the operation.
        index: usize,
        /// What was found.
        message: String,
    },
}

/// Applies a patch to a document, all or nothing.
///
/// # Errors
/// The first operation that is malformed or does not fit.
pub fn apply(mut document: Value, patch: &Value) -> Result<Value, PatchError> {
    let malformed = |index, message: &str| PatchError::Malformed { index, message: message.to_owned() };
    let Value::Array(operations) = patch else {
        return Err(malformed(0, "a JSON Patch is an array of operations"));
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(malformed(MAX_OPERATIONS, "a patch may have at most 10000 operations"));
    }
    let mut budget = MAX_ADDED;
    for (index, operation) in operations.iter().enumerate() {
        let operation =
            Operation::read(operation).map_err(|message| PatchError::Malformed { index, message })?;
        operation
            .apply(&mut document, &mut budget)
            .map_err(|message| PatchError::Conflict { index, message })?;
    }
    Ok(document)
}

enum Operation<'p> {
    Add(Pointer, &'p Value),
    Remove(Pointer),
    Replace(Pointer, &'p Value),
    Move { from: Pointer, to: Pointer },
    Copy { from: Pointer, to: Pointer },
    Test(Pointer, &'p Value),
}

impl<'p> Operation<'p> {
    fn read(operation: &'p Value) -> Result<Self, String> {
        let Value::Object(members) = operation else { return Err("is not an object".to_owned()) };
        let pointer = |name: &str| match members.get(name) {
            Some(Value::String(text)) => Pointer::parse(text),
            Some(_) => Err(format!("'{name}' is not a string")),
            None => Err(format!("'{name}' is missing")),
        };
        let value = || members.get("value").ok_or_else(|| "'value' is missing".to_owned());
        let kind = members.get("op").and_then(Value::as_str).ok_or("'op' is missing or not a string")?;
        let to = pointer("path")?;
        Ok(match kind {
            "add" => Operation::Add(to, value()?),
            "remove" => Operation::Remove(to),
            "replace" => Operation::Replace(to, value()?),
            "test" => Operation::Test(to, value()?),
            "copy" => Operation::Copy { from: pointer("from")?, to },
            "move" => {
                let from = pointer("from")?;
                if to.0.len() > from.0.len() && to.0.starts_with(&from.0) {
                    return Err(format!("'{to}' lies below '{from}': nothing can be moved into itself"));
                }
                Operation::Move { from, to }
            }
            other => {
                let shown: String = other.chars().take(64).collect();
                return Err(format!("'{shown}' is none of add, remove, replace, move, copy, test"));
            }
        })
    }

    fn apply(self, document: &mut Value, budget: &mut usize) -> Result<(), String> {
        let mut spend = |value: &Value| {
            *budget = budget.checked_sub(size(value)).ok_or("the patch makes the document too large")?;
            Ok::<Value, String>(value.clone())
        };
        match self {
            Operation::Add(to, value) => add(document, &to, spend(value)?),
            Operation::Remove(from) => remove(document, &from).map(|_| ()),
            Operation::Replace(to, value) => {
                let value = spend(value)?;
                *find_mut(document, &to)? = value;
                Ok(())
            }
            Operation::Move { from, to } => {
                let value = remove(document, &from)?;
                add(document, &to, value)
            }
            Operation::Copy { from, to } => {
                let value = spend(find(document, &from)?)?;
                add(document, &to, value)
            }
            Operation::Test(at, expected) => {
                let found = find(document, &at)?;
                if same(found, expected) {
                    return Ok(());
                }
                Err(format!("the test of '{at}' failed: found {}, expected {}", show(found), show(expected)))
            }
        }
    }
}

fn add(document: &mut Value, to: &Pointer, value: Value) -> Result<(), String> {
    let Some((last, above)) = to.0.split_last() else {
        *document = value;
        return Ok(());
    };
    match find_mut(document, &Pointer(above.to_vec()))? {
        Value::Object(members) => {
            members.insert(last.clone(), value);
            Ok(())
        }
        Value::Array(items) => {
            let at = if last == "-" { items.len() } else { index(last, to)? };
            if at > items.len() {
                return Err(format!("'{to}' is behind the end of an array of {}", items.len()));
            }
            items.insert(at, value);
            Ok(())
        }
        _ => Err(format!("what '{to}' lies in is neither an object nor an array")),
    }
}

fn remove(document: &mut Value, from: &Pointer) -> Result<Value, String> {
    let Some((last, above)) = from.0.split_last() else { return Ok(document.take()) };
    let missing = || format!("there is nothing at '{from}'");
    match find_mut(document, &Pointer(above.to_vec()))? {
        Value::Object(members) => members.shift_remove(last).ok_or_else(missing),
        Value::Array(items) => {
            let at = index(last, from)?;
            if at < items.len() { Ok(items.remove(at)) } else { Err(missing()) }
        }
        _ => Err(missing()),
    }
}

fn find<'d>(document: &'d Value, at: &Pointer) -> Result<&'d Value, String> {
    at.0.iter().try_fold(document, |value, token| {
        let found = match value {
            Value::Object(members) => members.get(token),
            Value::Array(items) => items.get(index(token, at)?),
            _ => None,
        };
        found.ok_or_else(|| format!("there is nothing at '{at}'"))
    })
}

fn find_mut<'d>(document: &'d mut Value, at: &Pointer) -> Result<&'d mut Value, String> {
    at.0.iter().try_fold(document, |value, token| {
        let found = match value {
            Value::Object(members) => members.get_mut(token),
            Value::Array(items) => items.get_mut(index(token, at)?),
            _ => None,
        };
        found.ok_or_else(|| format!("there is nothing at '{at}'"))
    })
}

/// An array index: digits without leading zeros (RFC 6901 section 4).
fn index(token: &str, at: &Pointer) -> Result<usize, String> {
    let digits = !token.is_empty() && token.bytes().all(|digit| digit.is_ascii_digit());
    let index = if digits && (token == "0" || !token.starts_with('0')) { token.parse().ok() } else { None };
    index.ok_or_else(|| format!("'{at}' leads into an array with something that is no index"))
}

/// Equality of RFC 6902 section 4.6: numbers by value, objects without order.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

fn show(value: &Value) -> String {
    crate::data::violation::shorten(&value.to_string())
}

/// A JSON Pointer (RFC 6901), unescaped.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pointer(Vec<String>);

impl Pointer {
    fn parse(text: &str) -> Result<Self, String> {
        let shown = || crate::data::violation::shorten(text);
        if text.is_empty() {
            return Ok(Pointer(Vec::new()));
        }
        let rest =
            text.strip_prefix('/').ok_or_else(|| format!("'{}' does not begin with a slash", shown()))?;
        rest.split('/')
            .map(|token| {
                let broken = token.split('~').skip(1).any(|after| !after.starts_with(['0', '1']));
                if broken {
                    return Err(format!("'{}' has a ~ that neither 0 nor 1 follows", shown()));
                }
                Ok(token.replace("~1", "/").replace("~0", "~"))
            })
            .collect::<Result<_, _>>()
            .map(Pointer)
    }
}

impl std::fmt::Display for Pointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text: String = self.0.iter().map(|token| format!("/{token}")).collect();
        f.write_str(&crate::data::violation::shorten(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patch(document: Value, patch: Value) -> Result<Value, String> {
        apply(document, &patch).map_err(|error| error.to_string())
    }

    #[test]
    fn rfc6902_appendix_a() {
        for (before, operations, after) in [
            (
                json!({"foo": "bar"}),
                json!([{"op": "add", "path": "/baz", "value": "q"}]),
                json!({"foo": "bar", "baz": "q"}),
            ),
            (
                json!({"foo": [1, 3]}),
                json!([{"op": "add", "path": "/foo/1", "value": 2}]),
                json!({"foo": [1, 2, 3]}),
            ),
            (
                json!({"foo": [1]}),
                json!([{"op": "add", "path": "/foo/-", "value": [2]}]),
                json!({"foo": [1, [2]]}),
            ),
            (json!({"a": 1, "b": 2}), json!([{"op": "remove", "path": "/b"}]), json!({"a": 1})),
            (json!({"a": [1, 2, 3]}), json!([{"op": "remove", "path": "/a/1"}]), json!({"a": [1, 3]})),
            (json!({"a": 1}), json!([{"op": "replace", "path": "/a", "value": 2}]), json!({"a": 2})),
            (
                json!({"a": {"x": 1}, "b": {}}),
                json!([{"op": "move", "from": "/a/x", "path": "/b/y"}]),
                json!({"a": {}, "b": {"y": 1}}),
            ),
            (json!([1, 2, 3]), json!([{"op": "move", "from": "/0", "path": "/2"}]), json!([2, 3, 1])),
            (json!({"a": 1}), json!([{"op": "copy", "from": "/a", "path": "/b"}]), json!({"a": 1, "b": 1})),
            (
                json!({"a/b": 1, "m~n": 2}),
                json!([{"op": "test", "path": "/a~1b", "value": 1.0}, {"op": "test", "path": "/m~0n", "value": 2}]),
                json!({"a/b": 1, "m~n": 2}),
            ),
            (json!({"a": 1}), json!([{"op": "add", "path": "", "value": {"b": 2}}]), json!({"b": 2})),
            (json!({"~01": 10}), json!([{"op": "test", "path": "/~001", "value": 10}]), json!({"~01": 10})),
        ] {
            assert_eq!(patch(before.clone(), operations.clone()).unwrap(), after, "{before} {operations}");
        }
    }

    #[test]
    fn what_does_not_fit_is_a_conflict_that_names_the_operation() {
        for (operations, message) in [
            (json!([{"op": "remove", "path": "/x"}]), "operation 0 of the patch: there is nothing at '/x'"),
            (
                json!([{"op": "replace", "path": "/x/y", "value": 1}]),
                "operation 0 of the patch: there is nothing at '/x/y'",
            ),
            (
                json!([{"op": "add", "path": "/l/9", "value": 1}]),
                "operation 0 of the patch: '/l/9' is behind the end of an array of 2",
            ),
            (
                json!([{"op": "test", "path": "/a", "value": "1"}]),
                "operation 0 of the patch: the test of '/a' failed: found 1, expected \"1\"",
            ),
        ] {
            let result = apply(json!({"a": 1, "l": [1, 2]}), &operations);
            assert!(matches!(&result, Err(PatchError::Conflict { .. })), "{operations}");
            assert_eq!(result.unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn what_is_no_patch_is_malformed() {
        for operations in [
            json!({}),
            json!([1]),
            json!([{"op": "add", "path": "/a"}]),
            json!([{"op": "add", "value": 1}]),
            json!([{"op": "add", "path": "a", "value": 1}]),
            json!([{"op": "add", "path": "/~2", "value": 1}]),
            json!([{"op": "increment", "path": "/a"}]),
            json!([{"op": "move", "from": "/a", "path": "/a/b"}]),
        ] {
            let result = apply(json!({"a": 1}), &operations);
            assert!(matches!(result, Err(PatchError::Malformed { .. })), "{operations}: {result:?}");
        }
    }

    #[test]
    fn doubling_by_copy_is_bounded() {
        let copies: Vec<Value> = (0..64).map(|_| json!({"op": "copy", "from": "", "path": "/-"})).collect();
        let error = patch(json!([1]), Value::Array(copies)).unwrap_err();
        assert!(error.ends_with("the patch makes the document too large"), "{error}");
    }

    #[test]
    fn nothing_happens_when_one_operation_fails() {
        let document = json!({"a": 1});
        let operations = json!([{"op": "remove", "path": "/a"}, {"op": "test", "path": "/a", "value": 1}]);
        assert!(matches!(apply(document, &operations), Err(PatchError::Conflict { index: 1, .. })));
    }
}
