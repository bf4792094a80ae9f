//! The functions of XPath 1.0 section 4 and RFC 7950 section 10 that do not return node-sets.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::accessible::ON;
use super::cursor::{Cursor, Item};
use super::{Context, EvalError, Evaluator, pattern, text};
use crate::yang::schema::types::{Type, TypeKind};
use crate::yang::schema::xpath::{Expr, Function};
use crate::yang::schema::{IdentityId, NodeId, Value};

impl<'a> Evaluator<'a> {
    pub(super) fn call_boolean(
        &self,
        function: Function,
        arguments: &[Expr],
        context: &Context<'_, 'a>,
    ) -> Result<bool, EvalError> {
        match function {
            Function::True => Ok(true),
            Function::Boolean => self.boolean_of(argument(function, arguments, 0)?, context),
            Function::Not => Ok(!self.boolean_of(argument(function, arguments, 0)?, context)?),
            Function::StartsWith => {
                let (text, part) = self.two_texts(function, arguments, context)?;
                Ok(text.starts_with(&*part))
            }
            Function::Contains => {
                let (text, part) = self.two_texts(function, arguments, context)?;
                self.spend_on_text(&text)?;
                Ok(text.contains(&*part))
            }
            Function::ReMatch => {
                let (text, source) = self.two_texts(function, arguments, context)?;
                self.spend(text.len() as u64 / 8)?;
                self.patterns.is_match(&source, &text, || self.spend(pattern::COST))
            }
            Function::DerivedFrom | Function::DerivedFromOrSelf => {
                self.derived_from(function, arguments, context)
            }
            Function::BitIsSet => {
                let name = self.text_of(argument(function, arguments, 1)?, context)?;
                Ok(match self.first_leaf(argument(function, arguments, 0)?, context)? {
                    Some((_, Value::Bits(bits))) => bits.split(' ').any(|bit| bit == name),
                    _ => false,
                })
            }
            // lang() looks for an attribute, and YANG data has none.
            _ => Ok(false),
        }
    }

    pub(super) fn call_number(
        &self,
        function: Function,
        arguments: &[Expr],
        context: &Context<'_, 'a>,
    ) -> Result<f64, EvalError> {
        #[allow(clippy::cast_precision_loss)] // counts of nodes in memory
        Ok(match function {
            Function::Position => context.position as f64,
            Function::Last => context.size as f64,
            Function::Count => self.count(argument(function, arguments, 0)?, context)? as f64,
            Function::Sum => self.sum(argument(function, arguments, 0)?, context)?,
            Function::StringLength => self.text_or_own(arguments, context)?.chars().count() as f64,
            Function::Number => match arguments.first() {
                Some(argument) => self.number_of(argument, context)?,
                None => text::to_number(&self.string_value(context.node)?),
            },
            Function::Floor => self.number_of(argument(function, arguments, 0)?, context)?.floor(),
            Function::Ceiling => self.number_of(argument(function, arguments, 0)?, context)?.ceil(),
            Function::Round => text::round(self.number_of(argument(function, arguments, 0)?, context)?),
            Function::EnumValue => match self.first_leaf(argument(function, arguments, 0)?, context)? {
                Some((node, Value::Enum(name))) => self
                    .schema
                    .node(node)
                    .ty()
                    .and_then(|ty| enum_value(ty.effective(), name))
                    .map_or(f64::NAN, f64::from),
                _ => f64::NAN,
            },
            _ => f64::NAN,
        })
    }

    pub(super) fn call_text<'x>(
        &self,
        function: Function,
        arguments: &'x [Expr],
        context: &Context<'_, 'a>,
    ) -> Result<Cow<'x, str>, EvalError>
    where
        'a: 'x,
    {
        let text = match function {
            Function::String => return self.text_or_own(arguments, context),
            Function::Concat => {
                let mut text = String::new();
                for argument in arguments {
                    text.push_str(&self.text_of(argument, context)?);
                    self.spend_on_text(&text)?;
                }
                text
            }
            Function::SubstringBefore | Function::SubstringAfter => {
                let (text, part) = self.two_texts(function, arguments, context)?;
                self.spend_on_text(&text)?;
                let (before, after) = text.split_once(&*part).unwrap_or_default();
                if function == Function::SubstringBefore { before } else { after }.to_owned()
            }
            Function::Substring => {
                let text = self.text_of(argument(function, arguments, 0)?, context)?;
                let start = self.number_of(argument(function, arguments, 1)?, context)?;
                let length = arguments.get(2).map(|length| self.number_of(length, context)).transpose()?;
                self.spend_on_text(&text)?;
                text::substring(&text, start, length)
            }
            Function::NormalizeSpace => {
                let text = self.text_or_own(arguments, context)?;
                self.spend_on_text(&text)?;
                text::normalize_space(&text)
            }
            Function::Translate => {
                let text = self.text_of(argument(function, arguments, 0)?, context)?;
                let from = self.text_of(argument(function, arguments, 1)?, context)?;
                let to = self.text_of(argument(function, arguments, 2)?, context)?;
                self.spend_on_text(&text)?;
                self.spend_on_text(&from)?;
                text::translate(&text, &from, &to)
            }
            Function::LocalName | Function::Name | Function::NamespaceUri => {
                let first = match arguments.first() {
                    Some(argument) => self.nodes_of(argument, context)?.into_iter().next(),
                    None => Some(context.node.clone()),
                };
                first.map(|node| self.name(function, &node)).unwrap_or_default()
            }
            _ => String::new(),
        };
        Ok(Cow::Owned(text))
    }

    /// `name()` is qualified with the module's own prefix.
    fn name(&self, function: Function, cursor: &Cursor<'a>) -> String {
        let item = cursor.item();
        if matches!(item, Item::Text { .. }) || item.node() == NodeId::ROOT {
            return String::new();
        }
        let node = self.schema.node(item.node());
        let module = self.schema.module(node.module);
        match function {
            Function::LocalName => node.name.to_string(),
            Function::Name => format!("{}:{}", module.prefix, node.name),
            _ => module.namespace.to_string(),
        }
    }

    fn sum(&self, nodes: &Expr, context: &Context<'_, 'a>) -> Result<f64, EvalError> {
        let mut sum = 0.0;
        let _ = self.visit_values_of(nodes, context, &mut |item, cursor| {
            sum += match (item.value(), cursor) {
                (Some(value), _) => text::number_of_value(value),
                (None, Some(cursor)) => text::to_number(&self.string_value(cursor)?),
                (None, None) => f64::NAN,
            };
            ON
        })?;
        Ok(sum)
    }

    /// RFC 7950 sections 10.4.1 and 10.4.2: whether one of the nodes is an identityref to an identity derived from the
    /// named one.
    fn derived_from(
        &self,
        function: Function,
        arguments: &[Expr],
        context: &Context<'_, 'a>,
    ) -> Result<bool, EvalError> {
        let name = self.text_of(argument(function, arguments, 1)?, context)?;
        let Some(base) = self.identity(&name) else { return Ok(false) };
        let visited = self.visit_items_of(argument(function, arguments, 0)?, context, &mut |item| {
            let Some(Value::Identity(identity)) = item.value() else { return ON };
            let module = self.schema.module_by_name(&identity.module);
            let own = module.and_then(|module| self.schema.identity_by_name(module, &identity.name));
            let Some(own) = own else { return ON };
            let is_derived = self.schema.identity(own).ancestors.contains(&base)
                || (function == Function::DerivedFromOrSelf && own == base);
            Ok(if is_derived { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(visited.is_break())
    }

    /// The identity that a text means. The compiler has qualified literals with the name of the module.
    fn identity(&self, text: &str) -> Option<IdentityId> {
        match text.split_once(':') {
            Some((module, name)) => self.schema.identity_by_name(self.schema.module_by_name(module)?, name),
            None => match self.schema.identities_named(text) {
                [only] => Some(*only),
                _ => None,
            },
        }
    }

    /// The first node of a node-set in document order, if it is a leaf.
    fn first_leaf(
        &self,
        nodes: &Expr,
        context: &Context<'_, 'a>,
    ) -> Result<Option<(NodeId, &'a Value)>, EvalError> {
        let nodes = self.nodes_of(nodes, context)?;
        Ok(nodes.first().and_then(|first| Some((first.item().node(), first.item().value()?))))
    }

    /// The argument's text, or the context node's where there is none.
    fn text_or_own<'x>(
        &self,
        arguments: &'x [Expr],
        context: &Context<'_, 'a>,
    ) -> Result<Cow<'x, str>, EvalError>
    where
        'a: 'x,
    {
        match arguments.first() {
            Some(argument) => self.text_of(argument, context),
            None => self.string_value(context.node),
        }
    }

    fn two_texts<'x>(
        &self,
        function: Function,
        arguments: &'x [Expr],
        context: &Context<'_, 'a>,
    ) -> Result<(Cow<'x, str>, Cow<'x, str>), EvalError>
    where
        'a: 'x,
    {
        let first = self.text_of(argument(function, arguments, 0)?, context)?;
        let second = self.text_of(argument(function, arguments, 1)?, context)?;
        Ok((first, second))
    }

    /// Long texts cost as much as the nodes that could be looked at meanwhile.
    fn spend_on_text(&self, text: &str) -> Result<(), EvalError> {
        self.spend(text.len() as u64 / 64)
    }
}

fn argument(function: Function, arguments: &[Expr], index: usize) -> Result<&Expr, EvalError> {
    arguments
        .get(index)
        .ok_or_else(|| EvalError::BadArgument(format!("{function:?} needs at least {} arguments", index + 1)))
}

/// The integer of an enum name; in a union, of the first member that has the name.
fn enum_value(ty: &Type, name: &str) -> Option<i32> {
    match &ty.kind {
        TypeKind::Enumeration { names } => {
            names.iter().find(|candidate| candidate.name == *name).map(|found| found.value)
        }
        TypeKind::Union { members } => members.iter().find_map(|member| enum_value(member.effective(), name)),
        _ => None,
    }
}
