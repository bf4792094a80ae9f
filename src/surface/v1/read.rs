//! GET and HEAD: conditions, selection, and the body in the format that was asked for.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, ETAG, HeaderValue, LAST_MODIFIED, VARY};

use super::Visit;
use super::failure::Failure;
use super::format::Format;
use super::print::Printer;
use super::query::Query;
use super::select::{Selection, asked_by_a_client, compile_filter, is_secret, undecided};
use crate::access::gate::{Outcome, Reading, Resource};
use crate::base::error::ErrorTag;
use crate::data::fields::{FieldTree, parse_fields};
use crate::data::path::InstancePath;
use crate::data::read::Subject;
use crate::data::violation::Violation;
use crate::data::xpath::Cursor;
use crate::engine::{Datastore, Operation};
use crate::surface::http::Reply;
use crate::surface::http::conditional::{Conditions, Verdict};
use crate::yang::schema::xpath::Expression;
use crate::yang::schema::{NodeId, Schema};

/// Lists longer than this are worked on outside of the ordinary round of a worker, so that other requests go on.
const LONG_LIST: usize = 2_000;

/// The `fields` of a request, for the node that it shows.
///
/// # Errors
/// 400 for syntax and for names that the model does not have there.
pub fn fields(schema: &Schema, node: NodeId, query: &Query) -> Result<Option<FieldTree>, Vec<Violation>> {
    let parsed = query.fields.as_deref().map(|text| parse_fields(schema, node, text)).transpose();
    // The fault is the parameter's: a path of data would mislead.
    parsed.map_err(|faults| {
        let of_parameter = |fault: Violation| {
            let named = fault.info.iter().any(|(name, _)| name == "bad-attribute");
            let fault = Violation { unknown: None, path: InstancePath::root(), ..fault };
            if named { fault } else { fault.info("bad-attribute", "fields") }
        };
        faults.into_iter().map(of_parameter).collect()
    })
}

/// A `where` on something that is no list: it is held against the entry that the target is or lies in.
struct EntryFilter {
    entry: InstancePath,
    expression: Expression,
}

impl Visit<'_> {
    pub(super) async fn read(
        &mut self,
        datastore: Datastore,
        path: InstancePath,
        query: &Query,
    ) -> Result<Reply, Failure> {
        let schema = Arc::clone(self.v1.schema());
        let conditions = match datastore {
            Datastore::Config => Conditions::parse(&self.request.headers)?,
            Datastore::State => Conditions::default(),
        };
        let target = path.target();
        if is_secret(&schema, target) {
            let name = &schema.node(target).name;
            return Err(Failure::not_found(&path, format!("'{name}' can be written and never comes back")));
        }
        let fields = fields(&schema, target, query)?;
        let is_list = path.is_whole_list(&schema) && schema.node(target).is_list();
        let selection = if is_list { Some(Selection::compile(&schema, target, query)?) } else { None };
        let entry_filter = if is_list { None } else { entry_filter(&schema, &path, query)? };

        let operation = Operation::Read { datastore, target: path };
        let outcome = self.v1.gate.execute(self.caller.clone(), &self.client, operation).await?;
        let Outcome::Read(reading) = outcome else { return Err(Failure::internal("a read was no read")) };
        if let Some(filter) = &entry_filter {
            filter.check(&schema, &reading)?;
        }
        let validators = self.validators(&reading);
        if let Some(reply) = self.decide(&conditions, &reading, validators.as_deref())? {
            return Ok(reply);
        }
        let printer = Printer::new(&schema, self.wanted.format, datastore, query, fields, &reading.hidden)
            .within(reading.surroundings());
        let body = match (&reading.resource, &selection) {
            (Resource::List(list), Some(selection)) if list.len() > LONG_LIST => {
                aside(|| printer.list(&reading, list, selection, query))?
            }
            (Resource::List(list), Some(selection)) => printer.list(&reading, list, selection, query)?,
            (Resource::List(list), None) => printer.print(Subject::List(list)),
            (Resource::Container(container), _) => printer.print(Subject::Container(container)),
            (Resource::Value(value), _) => printer.print(Subject::of(target, value)),
        };
        if query.validate {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        let reply = Reply::with_body(StatusCode::OK, self.wanted.content_type(), body);
        Ok(with_validators(reply, &reading, validators.as_deref()))
    }

    /// The entity tag of the representation, without quotes; `None` for state.
    fn validators(&self, reading: &Reading) -> Option<String> {
        let etag = reading.etag.as_deref()?;
        Some(match self.wanted.format {
            Format::Json => etag.to_owned(),
            Format::Yaml => format!("{etag}.yaml"),
        })
    }

    /// 304, or 412, or nothing: go on.
    fn decide(
        &self,
        conditions: &Conditions,
        reading: &Reading,
        tag: Option<&str>,
    ) -> Result<Option<Reply>, Failure> {
        let Some(tag) = tag else { return Ok(None) };
        match conditions.decide_read(tag, reading.modified) {
            Verdict::Proceed => Ok(None),
            Verdict::NotModified(same) => {
                let reply = Reply::empty(StatusCode::NOT_MODIFIED);
                Ok(Some(with_validators(reply, reading, Some(same.as_deref().unwrap_or(tag)))))
            }
            Verdict::Failed(header) => {
                let message = format!("{header} does not hold: the resource is another by now");
                let violation = Violation::new(ErrorTag::OperationFailed, reading.target.clone(), message);
                Err(Failure::new(StatusCode::PRECONDITION_FAILED, violation))
            }
        }
    }
}

fn with_validators(reply: Reply, reading: &Reading, tag: Option<&str>) -> Reply {
    let reply = reply.header(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    let dated = |reply: Reply| match reading.modified {
        Some(modified) => reply.header_text(LAST_MODIFIED, &modified.http_date()),
        None => reply,
    };
    match tag {
        Some(tag) => dated(reply.header_text(ETAG, &format!("\"{tag}\"")))
            .header(CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        None => reply.header(CACHE_CONTROL, HeaderValue::from_static("no-store")),
    }
}

/// Runs long work so that the other tasks of this worker move elsewhere, where the runtime can do that.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

fn entry_filter(
    schema: &Schema,
    path: &InstancePath,
    query: &Query,
) -> Result<Option<EntryFilter>, Vec<Violation>> {
    let Some(text) = query.filter.as_deref() else { return Ok(None) };
    let is_entry = |index: &usize| {
        path.steps.get(*index).is_some_and(|step| !step.keys.is_empty() && schema.node(step.node).is_list())
    };
    let Some(index) = (0..path.steps.len()).rev().find(is_entry) else {
        let message = "'where' means nothing here: the target is no list and lies in no list entry";
        let violation = Violation::new(ErrorTag::BadAttribute, InstancePath::root(), message);
        return Err(vec![violation.info("bad-attribute", "where")]);
    };
    let steps = path.steps.get(..=index).unwrap_or_default().to_vec();
    let entry = InstancePath { steps };
    let expression = compile_filter(schema, entry.target(), text).map_err(|fault| vec![fault])?;
    Ok(Some(EntryFilter { entry, expression }))
}

impl EntryFilter {
    /// 404 unless the expression is true of the entry.
    fn check(&self, schema: &Schema, reading: &Reading) -> Result<(), Failure> {
        let evaluator = asked_by_a_client(reading);
        let matches = match Cursor::at(schema, &reading.tree.root, &self.entry) {
            Some(entry) => evaluator.matches(&self.expression, &entry).map_err(|error| undecided(&error))?,
            None => false,
        };
        if matches {
            return Ok(());
        }
        Err(Failure::not_found(&self.entry, "the expression in 'where' is not true of this entry"))
    }
}
