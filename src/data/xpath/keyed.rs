//! List entries by key: `list[key = value]` is a look-up, not a search, where the predicates give every key.

use std::rc::Rc;

use super::cursor::{Cursor, Item};
use super::{Context, EvalError, Evaluator, kind};
use crate::yang::schema::types::{Format, ParseContext, Raw, Strictness, Type, TypeKind};
use crate::yang::schema::xpath::{Axis, Comparison, Expr, Function, Step};
use crate::yang::schema::{NodeId, Value};

/// The key values that predicates give; `None` for one that no entry can have.
type Given = Vec<(NodeId, Option<Value>)>;

impl<'a> Evaluator<'a> {
    /// The entry that a step's predicates address by its whole key: `Some(None)` when there is none, `None` when the
    /// predicates do not say. `known` is a key value that is certain already. The predicates still have to be checked.
    pub(super) fn entry_by_key(
        &self,
        from: &Cursor<'a>,
        step: &Step,
        current: &Cursor<'a>,
        known: Option<(NodeId, &Value)>,
    ) -> Result<Option<Option<Cursor<'a>>>, EvalError> {
        let Item::Inner { node: parent, data: Some(container) } = from.item() else { return Ok(None) };
        let (Axis::Child, Some([target])) = (step.axis, step.targets.as_deref()) else { return Ok(None) };
        let list = self.schema.node(*target);
        let keys = list.keys();
        if keys.is_empty()
            || list.parent != parent
            || !self.is_accessible(*target)
            || step.predicates.iter().any(kind::is_positional)
        {
            return Ok(None);
        }
        let mut given: Given = known.into_iter().map(|(key, value)| (key, Some(value.clone()))).collect();
        for predicate in &step.predicates {
            self.gather(predicate, keys, current, &mut given)?;
        }
        let mut key = Vec::with_capacity(keys.len());
        for leaf in keys {
            match given.iter().find(|(given, _)| given == leaf) {
                Some((_, Some(value))) => key.push(value.clone()),
                Some((_, None)) => return Ok(Some(None)),
                None => return Ok(None),
            }
        }
        self.spend(1)?;
        let entry = container.list(*target).and_then(|list| list.get(&key));
        Ok(Some(entry.map(|entry| {
            let item = Item::Inner { node: *target, data: Some(&**entry) };
            Cursor::below(&Rc::new(from.clone()), item)
        })))
    }

    fn gather(
        &self,
        predicate: &Expr,
        keys: &[NodeId],
        current: &Cursor<'a>,
        given: &mut Given,
    ) -> Result<(), EvalError> {
        match predicate {
            Expr::And(left, right) => {
                self.gather(left, keys, current, given)?;
                self.gather(right, keys, current, given)
            }
            Expr::Compare(Comparison::Equal, left, right) => {
                for (leaf, other) in [(left, right), (right, left)] {
                    if let Some(key) = key_leaf(leaf, keys)
                        && let Some(value) = self.key_value(key, other, current)?
                    {
                        given.push((key, value));
                        return Ok(());
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The one value that a key leaf must have to equal an expression; `Some(None)` when it cannot, `None` when that
    /// is not certain.
    fn key_value(
        &self,
        key: NodeId,
        other: &Expr,
        current: &Cursor<'a>,
    ) -> Result<Option<Option<Value>>, EvalError> {
        let Some(ty) = self.schema.node(key).ty().map(|ty| ty.effective()) else { return Ok(None) };
        if !has_one_text(ty) {
            return Ok(None);
        }
        match other {
            Expr::Literal(text) => Ok(Some(self.parse_key(key, ty, text))),
            _ if is_fixed(other) => {
                let context = Context { node: current, current, position: 1, size: 1 };
                let nodes = self.nodes_of(other, &context)?;
                Ok(match nodes.as_slice() {
                    [] => Some(None),
                    [only] => only.item().value().map(|value| match value {
                        Value::String(_) if matches!(ty.kind, TypeKind::String { .. }) => Some(value.clone()),
                        _ => self.parse_key(key, ty, &value.to_string()),
                    }),
                    _ => None,
                })
            }
            _ => Ok(None),
        }
    }

    fn parse_key(&self, key: NodeId, ty: &Type, text: &str) -> Option<Value> {
        let module = self.schema.node(key).module;
        let context =
            ParseContext { schema: self.schema, module, strictness: Strictness::Text, prefixes: None };
        ty.parse(Raw::Text(text), context).ok()
    }
}

/// Whether values of a type are equal exactly when their texts are: then a text leads to at most one key.
fn has_one_text(ty: &Type) -> bool {
    let plain = matches!(
        ty.kind,
        TypeKind::String { .. }
            | TypeKind::Enumeration { .. }
            | TypeKind::Int { .. }
            | TypeKind::Uint { .. }
            | TypeKind::Boolean
            | TypeKind::Bits { .. }
            | TypeKind::Binary { .. }
    );
    plain && !matches!(ty.format, Some(Format::DateAndTime | Format::Spelling(_)))
}

/// The key that an operand names: a path of one child step.
fn key_leaf(operand: &Expr, keys: &[NodeId]) -> Option<NodeId> {
    let Expr::Path(path) = operand else { return None };
    let ([Step { axis: Axis::Child, predicates, targets: Some(targets), .. }], false) =
        (path.steps.as_slice(), path.absolute)
    else {
        return None;
    };
    match targets.as_slice() {
        [only] if predicates.is_empty() && keys.contains(only) => Some(*only),
        _ => None,
    }
}

/// Whether an operand has the same value whatever node the predicate is about.
fn is_fixed(operand: &Expr) -> bool {
    match operand {
        Expr::Path(path) => path.absolute,
        Expr::Call(Function::Current, _) => true,
        Expr::Filter { primary, .. } => is_fixed(primary),
        _ => false,
    }
}
