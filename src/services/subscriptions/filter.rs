//! Filters of subscriptions: XPath expressions and subtrees, of their own or of the configuration. A subtree is turned into
//! an expression, so that from here on there is one kind.

use std::sync::Arc;

use serde_json::Value as Json;

use super::refusal::{Reason, Wrong};
use crate::base::ident::Ident;
use crate::data::path::InstancePath;
use crate::data::subtree::to_xpath;
use crate::data::tree::Data;
use crate::data::violation::shorten;
use crate::engine::{Datastore, Snapshot};
use crate::yang::schema::xpath::bind::compile_expression;
use crate::yang::schema::xpath::{Expr, Expression};
use crate::yang::schema::{ModuleId, NodeId, Schema, Value};

/// A filter that can be used.
#[derive(Clone, Debug)]
pub struct Filter {
    pub expression: Arc<Expression>,
    /// As it was written: one of the two.
    pub xpath: Option<String>,
    pub subtree: Option<Json>,
    /// The leaf of the input that had it, or the name of it.
    pub leaf: &'static str,
}

impl Filter {
    /// Compiles a filter: a text is an expression, anything else a subtree.
    pub fn new(schema: &Schema, leaf: &'static str, asked: Json) -> Result<Self, Wrong> {
        let unsupported = |why: String| {
            Wrong::new(Reason::FilterUnsupported, leaf, why.clone()).hint("filter-failure-hint", why)
        };
        let (text, xpath, subtree) = match asked {
            Json::String(text) => (text.clone(), Some(text), None),
            subtree => (to_xpath(schema, &subtree).map_err(unsupported)?, None, Some(subtree)),
        };
        let compiled = compile_expression(schema, &text, NodeId::ROOT, ModuleId(0));
        let (expression, _) = compiled.map_err(|error| unsupported(error.to_string()))?;
        Ok(Filter { expression: Arc::new(expression), xpath, subtree, leaf })
    }

    /// The filter of that name in the configuration of a tenant.
    pub fn configured(
        snapshot: &Snapshot,
        tenant: &Ident,
        is_data: bool,
        leaf: &'static str,
        name: &str,
    ) -> Result<Self, Wrong> {
        let (list, xpath, subtree) = match is_data {
            false => ("stream-filter", "stream-xpath-filter", "stream-subtree-filter"),
            true => ("selection-filter", "datastore-xpath-filter", "datastore-subtree-filter"),
        };
        let schema = snapshot.schema();
        let found = || {
            let filters = schema.find(super::FILTERS)?;
            let list = schema.own_child(filters, list)?;
            let mut path = InstancePath::root();
            path.push(filters, Vec::new());
            path.push(list, vec![Value::string(name)]);
            let entry = snapshot.entry(tenant, &path)?;
            match entry.get(schema.own_child(list, subtree)?) {
                Some(Data::Any(subtree)) => Some(Json::clone(subtree)),
                _ => Some(entry.leaf(schema.own_child(list, xpath)?)?.to_string().into()),
            }
        };
        let asked = found().ok_or_else(|| {
            let message = format!("no filter '{}' is configured", shorten(name));
            Wrong::new(Reason::FilterUnsupported, leaf, message.clone()).hint("filter-failure-hint", message)
        })?;
        Filter::new(schema, leaf, asked)
    }

    /// Whether both were written alike.
    pub fn is_same(&self, other: &Filter) -> bool {
        self.expression.source == other.expression.source
    }
}

/// Whether anything that an expression can lead to is told of when it changes. Where it cannot be told where it leads, it is.
pub fn is_told(schema: &Schema, expression: &Expression, datastore: Datastore) -> bool {
    targets(&expression.root)
        .is_none_or(|targets| targets.iter().any(|node| can_be_told(schema, *node, datastore)))
}

/// Where an expression leads, as far as the compiler could tell.
fn targets(expression: &Expr) -> Option<Vec<NodeId>> {
    match expression {
        Expr::Union(left, right) => {
            let mut all = targets(left)?;
            all.extend(targets(right)?);
            Some(all)
        }
        Expr::Path(path) => path.steps.last()?.targets.clone(),
        Expr::Filter { steps, .. } => steps.last()?.targets.clone(),
        _ => None,
    }
}

fn can_be_told(schema: &Schema, node: NodeId, datastore: Datastore) -> bool {
    let facts = schema.node(node);
    let is_kept = facts.config || (datastore == Datastore::State && facts.extensions.stored);
    (is_kept && facts.is_data())
        || schema.children(node).iter().any(|child| can_be_told(schema, *child, datastore))
}
