//! GET and HEAD: conditions, selection, and the body in the format that was asked for.

use hyper::StatusCode;

use super::Visit;
use super::format::Format;
use super::print::Printer;
use super::query::Query;
use crate::access::gate::{Reading, Resource, Validators};
use crate::data::path::InstancePath;
use crate::data::read::Subject;
use crate::engine::Datastore;
use crate::surface::failure::Failure;
use crate::surface::http::Reply;
use crate::surface::http::conditional::Conditions;
use crate::surface::precondition::{decide_read, of_read};
use crate::surface::select::{EntryFilter, Selection, aside, fields, is_secret};
use crate::yang::schema::Schema;

impl Visit<'_> {
    pub(super) async fn read(
        &mut self,
        datastore: Datastore,
        path: InstancePath,
        query: &Query,
    ) -> Result<Reply, Failure> {
        let v1 = self.v1;
        let schema: &Schema = v1.schema();
        let conditions = match datastore {
            Datastore::Config | Datastore::Candidate => Conditions::parse(&self.trail.request.headers)?,
            Datastore::State => Conditions::default(),
        };
        let target = path.target();
        if is_secret(schema, target) {
            let name = &schema.node(target).name;
            return Err(Failure::not_found(&path, format!("'{name}' can be written and never comes back")));
        }
        let fields = fields(schema, target, query.fields.as_deref())?;
        let is_list = path.is_whole_list(schema) && schema.node(target).is_list();
        let selection =
            if is_list { Some(Selection::compile(schema, target, &query.entries())?) } else { None };
        let entry_filter =
            if is_list { None } else { EntryFilter::compile(schema, &path, query.filter.as_deref())? };

        let reading = self.trail.read(datastore, path).await?;
        if let Some(filter) = &entry_filter {
            filter.check(schema, &reading)?;
        }
        let validators = self.validators(&reading, query);
        if let Some(reply) = decide_read(&conditions, &validators, &reading.target)? {
            return Ok(reply);
        }
        let printer = Printer::new(schema, self.wanted.format, datastore, query, fields, &reading.hidden)
            .within(reading.surroundings());
        let body = match (&reading.resource, &selection) {
            (Resource::List(list), Some(selection)) => {
                aside(list.len(), || printer.list(&reading, list, selection, query))?
            }
            (Resource::List(list), None) => printer.print(Subject::List(list)),
            (Resource::Container(container), _) => printer.print(Subject::Container(container)),
            (Resource::Value(value), _) => printer.print(Subject::of(target, value)),
        };
        if query.validate {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        let reply = Reply::with_body(StatusCode::OK, self.wanted.content_type(), body);
        Ok(of_read(reply, &validators))
    }

    /// The validators of the representation; state has none.
    fn validators(&self, reading: &Reading, query: &Query) -> Validators {
        if reading.datastore == Datastore::State {
            return Validators::default();
        }
        let mut found = self.v1.gate.validators_with(reading, query.with_defaults.unwrap_or_default());
        if let (Some(etag), Format::Yaml) = (&mut found.etag, self.wanted.format) {
            etag.push_str(".yaml");
        }
        found
    }
}
