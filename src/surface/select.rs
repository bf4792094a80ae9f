//! Which entries of a list a read shows, and in which order: `where`, `sort`, `offset` and `limit`; and which descendants,
//! `fields`. Every dialect reads its own parameters and asks here.
//!
//! Entries of state are made complete in small portions, so that what a request holds at once does not grow with the list
//! but with what it shows.

use std::rc::Rc;
use std::sync::Arc;

use super::failure::Failure;
use crate::access::gate::Reading;
use crate::base;
use crate::base::duration::Duration;
use crate::base::error::ErrorTag;
use crate::base::suggest::nearest;
use crate::data::fields::{FieldTree, parse_fields};
use crate::data::path::InstancePath;
use crate::data::read::Subject;
use crate::data::tree::fetch::Fetched;
use crate::data::tree::{Container, List};
use crate::data::violation::{Violation, shorten};
use crate::data::xpath::{Cursor, DEFAULT_BUDGET, EvalError, Evaluator, Item};
use crate::engine::Datastore;
use crate::yang::schema::types::Format;
use crate::yang::schema::xpath::Expression;
use crate::yang::schema::xpath::bind::compile_expression;
use crate::yang::schema::{Node, NodeId, NodeKind, Schema, Value};

/// How many entries of state are complete at once while they are looked at.
const PORTION: usize = 512;

/// Lists longer than this are worked on outside of the ordinary round of a worker, so that other requests go on.
const LONG_LIST: usize = 2_000;

/// What a request says of the entries of a list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entries<'q> {
    /// An XPath 1.0 expression that is true of each, the entry being the context node.
    pub filter: Option<&'q str>,
    /// A leaf to sort by, or a path of names to one, with `-` before it for descending; and the parameter that says so.
    pub sort: Option<(&'static str, &'q str)>,
    /// Without the first so many.
    pub offset: usize,
    /// At most so many.
    pub limit: Option<usize>,
}

/// The compiled selection of one request.
#[derive(Clone, Debug)]
pub struct Selection {
    filter: Option<Expression>,
    order: Option<Order>,
    offset: usize,
    limit: usize,
}

#[derive(Clone, Debug)]
struct Order {
    /// The containers on the way from the entry to the leaf.
    way: Vec<NodeId>,
    leaf: NodeId,
    descending: bool,
}

/// Compiles the `where` of a request for entries of `list`.
///
/// # Errors
/// 400 with the column.
pub fn compile_filter(schema: &Schema, list: NodeId, text: &str) -> Result<Expression, Violation> {
    let module = schema.node(list).module;
    match compile_expression(schema, text, list, module) {
        Ok((expression, _)) => Ok(expression),
        Err(error) => {
            let column = text.get(..error.offset).map_or(error.offset, |before| before.chars().count()) + 1;
            let message = format!("where '{}': {} (column {column})", shorten(text), error.message);
            Err(bad("where", message).info("column", column.to_string()))
        }
    }
}

fn bad(parameter: &str, message: String) -> Violation {
    Violation::new(ErrorTag::BadAttribute, InstancePath::root(), message).info("bad-attribute", parameter)
}

/// The `fields` of a request, for the node that it shows.
///
/// # Errors
/// 400 for syntax and for names that the model does not have there.
pub fn fields(
    schema: &Schema,
    node: NodeId,
    text: Option<&str>,
) -> Result<Option<FieldTree>, Vec<Violation>> {
    // The fault is the parameter's: a path of data would mislead.
    let of_parameter = |fault: Violation| {
        let named = fault.info.iter().any(|(name, _)| name == "bad-attribute");
        let fault = Violation { unknown: None, path: InstancePath::root(), ..fault };
        if named { fault } else { fault.info("bad-attribute", "fields") }
    };
    let parsed = text.map(|text| parse_fields(schema, node, text)).transpose();
    parsed.map_err(|faults| faults.into_iter().map(of_parameter).collect())
}

/// Runs work on so many entries so that the other tasks of this worker move elsewhere where it is long, if the runtime can
/// do that.
pub fn aside<T>(entries: usize, work: impl FnOnce() -> T) -> T {
    if entries > LONG_LIST { base::aside::aside(work) } else { work() }
}

/// Whether a node never comes back, by the model.
pub fn is_secret(schema: &Schema, node: NodeId) -> bool {
    let extensions = schema.node(node).extensions;
    extensions.secret || extensions.hashed
}

/// A `where` that cannot be decided over this data.
pub fn undecided(error: &EvalError) -> Failure {
    Failure::from(bad("where", format!("where: {error}")))
}

/// An evaluator over what the caller may read: of config only config, and no secrets.
pub fn asked_by_a_client(reading: &Reading) -> Evaluator<'_> {
    let evaluator = Evaluator::new(reading.snapshot.schema(), &reading.tree().root).without_secrets();
    match reading.datastore {
        Datastore::Config | Datastore::Candidate => evaluator.config_only(),
        Datastore::State => evaluator,
    }
}

/// The values of the leaf-list that was read for which an expression is true, each being the context node.
///
/// # Errors
/// 400 for an expression that is none, cannot be evaluated over this data, or costs too much.
pub fn matching(reading: &Reading, values: &[Value], text: Option<&str>) -> Result<Vec<Value>, Failure> {
    let Some(text) = text else { return Ok(values.to_vec()) };
    let schema: &Schema = reading.snapshot.schema();
    let node = reading.target.target();
    let expression = compile_filter(schema, node, text)?;
    let evaluator = asked_by_a_client(reading).with_budget(DEFAULT_BUDGET);
    let root = &*reading.tree().root;
    let parent = reading.target.parent().and_then(|path| Cursor::at(schema, root, &path.steps));
    let parent = Rc::new(parent.unwrap_or_else(|| Cursor::root(root)));
    let mut chosen = Vec::new();
    for value in values {
        let matches = evaluator.matches(&expression, &Cursor::below(&parent, Item::Leaf { node, value }));
        if matches.map_err(|error| undecided(&error))? {
            chosen.push(value.clone());
        }
    }
    Ok(chosen)
}

impl Selection {
    /// Compiles what a request says of the entries of a list.
    ///
    /// # Errors
    /// Everything that is wrong with `where` and `sort`.
    pub fn compile(schema: &Schema, list: NodeId, query: &Entries<'_>) -> Result<Self, Vec<Violation>> {
        let mut faults = Vec::new();
        let filter = query
            .filter
            .and_then(|text| compile_filter(schema, list, text).map_err(|fault| faults.push(fault)).ok());
        let order = query.sort.and_then(|(parameter, text)| {
            Order::compile(schema, list, parameter, text).map_err(|fault| faults.push(fault)).ok()
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Selection { filter, order, offset: query.offset, limit: query.limit.unwrap_or(usize::MAX) })
    }

    /// Whether every entry is selected, in the order of the list.
    pub fn is_everything(&self) -> bool {
        self.filter.is_none() && self.order.is_none() && self.offset == 0 && self.limit == usize::MAX
    }

    /// Shows the whole list where that is what is selected, without gathering its entries: those of state are made complete one
    /// by one. `None` where entries must be looked at first.
    ///
    /// # Errors
    /// 500 when state cannot be read.
    pub fn whole<T>(
        &self,
        reading: &Reading,
        list: &List,
        show: impl FnOnce(Subject<'_>) -> T,
    ) -> Option<Result<T, Failure>> {
        if !self.is_everything() {
            return None;
        }
        if reading.datastore == Datastore::Config {
            return Some(Ok(show(Subject::List(list))));
        }
        let completing = reading.completing();
        let shown = show(Subject::Completed(list, &completing));
        Some(completing.finish().map(|()| shown).map_err(Failure::from))
    }

    /// How many entries are selected, `offset` and `limit` aside.
    ///
    /// # Errors
    /// As [`Selection::entries`].
    pub fn count(&self, reading: &Reading, list: &List) -> Result<usize, Failure> {
        if self.filter.is_none() && reading.datastore == Datastore::Config {
            return Ok(list.len());
        }
        let mut count = 0;
        self.visit(reading, list, |_| {
            count += 1;
            true
        })?;
        Ok(count)
    }

    /// The selected entries in order, complete and as the caller may see them.
    ///
    /// # Errors
    /// 400 when the expression cannot be evaluated over this data or costs too much, 500 when state cannot be read.
    pub fn entries(&self, reading: &Reading, list: &List) -> Result<Vec<Arc<Container>>, Failure> {
        let schema = reading.snapshot.schema();
        let Some(order) = &self.order else {
            let mut skip = self.offset;
            let mut chosen = Vec::new();
            if self.limit == 0 {
                return Ok(chosen);
            }
            self.visit(reading, list, |entry| {
                if skip > 0 {
                    skip -= 1;
                } else {
                    chosen.push(Arc::clone(entry));
                }
                chosen.len() < self.limit
            })?;
            return Ok(chosen);
        };
        let mut keyed: Vec<(SortKey, Arc<Container>)> = Vec::new();
        self.visit(reading, list, |entry| {
            keyed.push((order.key_of(schema, entry), Arc::clone(entry)));
            true
        })?;
        // Entries without a value come last in either direction; equal ones stay in list order.
        keyed.sort_by(|(a, _), (b, _)| match (a, b) {
            (SortKey::None, _) | (_, SortKey::None) => a.cmp(b),
            _ if order.descending => b.cmp(a),
            _ => a.cmp(b),
        });
        Ok(keyed.into_iter().map(|(_, entry)| entry).skip(self.offset).take(self.limit).collect())
    }

    /// Shows every entry that the filter lets through, until told to stop.
    fn visit(
        &self,
        reading: &Reading,
        list: &List,
        mut show: impl FnMut(&Arc<Container>) -> bool,
    ) -> Result<(), Failure> {
        if reading.datastore == Datastore::Config {
            let entries = list.iter();
            return self.visit_portion(reading, entries, DEFAULT_BUDGET, &mut show).map(drop);
        }
        let portions = u64::try_from(list.len() / PORTION).unwrap_or(u64::MAX).saturating_add(1);
        let budget = (DEFAULT_BUDGET / portions).max(50_000);
        let mut entries = list.iter();
        loop {
            let portion: Vec<Arc<Container>> = entries
                .by_ref()
                .take(PORTION)
                .filter_map(|entry| reading.complete(entry).transpose())
                .collect::<Result<_, _>>()?;
            let last = entries.len() == 0;
            if !self.visit_portion(reading, portion.iter(), budget, &mut show)? || last {
                return Ok(());
            }
        }
    }

    fn visit_portion<'a>(
        &self,
        reading: &'a Reading,
        entries: impl Iterator<Item = &'a Arc<Container>>,
        budget: u64,
        show: &mut impl FnMut(&Arc<Container>) -> bool,
    ) -> Result<bool, Failure> {
        let Some(filter) = &self.filter else {
            for entry in entries {
                if !show(entry) {
                    return Ok(false);
                }
            }
            return Ok(true);
        };
        let schema: &Schema = reading.snapshot.schema();
        let root = &*reading.tree().root;
        let evaluator = asked_by_a_client(reading).with_budget(budget);
        let parent = reading.target.parent().and_then(|path| Cursor::at(schema, root, &path.steps));
        let parent = Rc::new(parent.unwrap_or_else(|| Cursor::root(root)));
        for entry in Fetched::new(entries) {
            let item = Item::Inner { node: entry.node, data: Some(entry) };
            let matches = evaluator.matches(filter, &Cursor::below(&parent, item));
            if matches.map_err(|error| undecided(&error))? && !show(entry) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Order {
    fn compile(schema: &Schema, list: NodeId, parameter: &str, text: &str) -> Result<Self, Violation> {
        let (descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let find = |parent: NodeId, name: &str| {
            let child = match name.split_once(':') {
                Some((module, bare)) => schema.child(parent, Some(schema.module_by_name(module)?), bare),
                None => schema.child_meant(parent, name),
            };
            child.ok().map(|child| schema.node(child))
        };
        let (containers, last) = name.rsplit_once('/').unwrap_or(("", name));
        let mut way = Vec::new();
        let mut at = list;
        for step in containers.split('/').filter(|step| !step.is_empty()) {
            match find(at, step) {
                Some(node) if matches!(node.kind, NodeKind::Container { .. }) => at = node.id,
                _ => {
                    let message = format!("'{}': '{}' is no container", shorten(name), shorten(step));
                    return Err(bad(parameter, message));
                }
            }
            way.push(at);
        }
        // The order of the answer would tell of a secret.
        let can_order = |node: &Node| node.is_leaf() && !is_secret(schema, node.id);
        if let Some(leaf) = find(at, last).filter(|node| can_order(node)) {
            return Ok(Order { way, leaf: leaf.id, descending });
        }
        let leafs = || {
            let children = schema.children(at).iter().map(|id| schema.node(*id));
            children.filter(|node| can_order(node)).map(|node| node.name.as_str())
        };
        let hint = match nearest(last, leafs()) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("its leafs are {}", leafs().collect::<Vec<_>>().join(", ")),
        };
        let what = if at == list { "an entry of " } else { "" };
        let around = &schema.node(at).name;
        Err(bad(parameter, format!("'{}' is no leaf of {what}'{around}'; {hint}", shorten(last))))
    }

    fn key_of(&self, schema: &Schema, entry: &Container) -> SortKey {
        let node = schema.node(self.leaf);
        let default = match &node.kind {
            NodeKind::Leaf { default, .. } => default.as_ref(),
            _ => None,
        };
        let mut around = Some(entry);
        for step in &self.way {
            around = around.and_then(|around| around.container(*step)).map(|inner| &**inner);
        }
        let set = around.and_then(|around| around.leaf(self.leaf));
        let Some(value) = set.or(default) else { return SortKey::None };
        let format = node.ty().and_then(|ty| ty.format);
        match (format, value.as_str()) {
            (Some(Format::Duration), Some(text)) => match text.parse::<Duration>() {
                Ok(duration) => SortKey::Number(duration.seconds().into()),
                Err(_) => SortKey::Value(value.clone()),
            },
            (Some(Format::DateAndTime), Some(text)) => match text.parse::<jiff::Timestamp>() {
                Ok(instant) => SortKey::Number(instant.as_nanosecond()),
                Err(_) => SortKey::Value(value.clone()),
            },
            _ => SortKey::Value(value.clone()),
        }
    }
}

/// What an entry is sorted by. Lengths and instants sort by size, not by letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SortKey {
    Number(i128),
    Value(Value),
    None,
}

/// A `where` on something that is no list: it is held against the entry that the target is or lies in.
pub struct EntryFilter {
    entry: InstancePath,
    expression: Expression,
}

impl EntryFilter {
    /// The filter of a request for what is at a path; `None` without an expression.
    ///
    /// # Errors
    /// 400 where the target lies in no entry, and for an expression that is none.
    pub fn compile(
        schema: &Schema,
        path: &InstancePath,
        text: Option<&str>,
    ) -> Result<Option<EntryFilter>, Vec<Violation>> {
        let Some(text) = text else { return Ok(None) };
        let is_entry = |index: &usize| {
            path.steps
                .get(*index)
                .is_some_and(|step| !step.keys.is_empty() && schema.node(step.node).is_list())
        };
        let Some(index) = (0..path.steps.len()).rev().find(is_entry) else {
            let message = "'where' means nothing here: the target is no list and lies in no list entry";
            return Err(vec![bad("where", message.to_owned())]);
        };
        let steps = path.steps.get(..=index).unwrap_or_default().to_vec();
        let entry = InstancePath { steps };
        let expression = compile_filter(schema, entry.target(), text).map_err(|fault| vec![fault])?;
        Ok(Some(EntryFilter { entry, expression }))
    }

    /// Holds it against what was read.
    ///
    /// # Errors
    /// 404 unless the expression is true of the entry.
    pub fn check(&self, schema: &Schema, reading: &Reading) -> Result<(), Failure> {
        let evaluator = asked_by_a_client(reading);
        let matches = match Cursor::at(schema, &reading.tree().root, &self.entry.steps) {
            Some(entry) => evaluator.matches(&self.expression, &entry).map_err(|error| undecided(&error))?,
            None => false,
        };
        if matches {
            return Ok(());
        }
        Err(Failure::not_found(&self.entry, "the expression in 'where' is not true of this entry"))
    }
}
