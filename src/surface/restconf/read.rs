//! GET and HEAD of data (RFC 8040 sections 4.2 and 4.3): conditions, selection, and the body in the encoding that was asked
//! for.

use std::hash::Hasher as _;

use hyper::StatusCode;
use siphasher::sip::SipHasher13;

use super::Visit;
use super::print::Printer;
use super::query::{Content, Query};
use super::store::Store;
use crate::access::gate::{Reading, Refusal, Resource, Validators};
use crate::data::default::{DefaultValue, case_holds, default_of, is_allowed};
use crate::data::path::InstancePath;
use crate::data::read::{Subject, can_hold_state};
use crate::data::tree::{Container, Data};
use crate::engine::Datastore;
use crate::surface::failure::Failure;
use crate::surface::http::Reply;
use crate::surface::http::conditional::Conditions;
use crate::surface::precondition::{decide_read, of_read};
use crate::surface::select::{EntryFilter, Selection, aside, fields, is_secret, matching};
use crate::yang::schema::{NodeId, Schema, Value};

/// What is shown, and what is known of it.
struct Shown {
    reading: Box<Reading>,
    /// Whether it is the default in use of a target that was not set.
    is_default: bool,
}

impl Visit<'_> {
    pub(super) async fn read(
        &mut self,
        store: Store,
        path: InstancePath,
        query: &Query,
    ) -> Result<Reply, Failure> {
        let query = &store.understand(query)?;
        let dialect = self.dialect;
        let schema: &Schema = dialect.schema();
        let conditions = Conditions::parse(&self.trail.request.headers)?;
        let target = path.target();
        let node = schema.node(target);
        if is_secret(schema, target) {
            return Err(Failure::not_found(
                &path,
                format!("'{}' can be written and never comes back", node.name),
            ));
        }
        let fields = fields(schema, target, query.fields.as_deref())?;
        let is_list = path.is_whole_list(schema) && node.is_list();
        let selection =
            if is_list { Some(Selection::compile(schema, target, &query.entries())?) } else { None };
        let is_leaf_list = path.is_whole_list(schema) && !node.is_list();
        let filter = match is_list || is_leaf_list {
            true => None,
            false => EntryFilter::compile(schema, &path, query.filter.as_deref())?,
        };
        query.check(is_leaf_list)?;
        let Shown { reading, is_default } = self.shown(schema, store, path, query.content).await?;
        if let Some(filter) = &filter {
            filter.check(schema, &reading)?;
        }
        let validators = match store {
            Store::Operational => Validators::default(),
            _ => self.validators(schema, &reading, query),
        };
        if let Some(reply) = decide_read(&conditions, &validators, &reading.target)?
            && !shows_state(&reading, query)
        {
            return Ok(reply);
        }
        let printer = Printer::new(schema, self.wanted, query, fields, &reading.hidden);
        let printer = printer.within(reading.surroundings()).of_default(is_default);
        let body = match (&reading.resource, &selection) {
            (Resource::List(list), Some(selection)) => {
                aside(list.len(), || printer.list(&reading, list, selection, query))?
            }
            (Resource::List(list), None) => printer.print(target, Subject::List(list))?,
            (Resource::Container(container), _) => printer.print(target, Subject::Container(container))?,
            (Resource::Value(Data::LeafList(values)), _) if is_leaf_list => {
                let values = matching(&reading, values, query.filter.as_deref())?;
                printer.values(&reading.target, values, query)?
            }
            (Resource::Value(value), _) => printer.print(target, Subject::of(target, value))?,
        };
        if query.validate {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        let reply = Reply::with_body(StatusCode::OK, self.wanted.content_type(), body);
        Ok(of_read(reply, &validators))
    }

    /// What is at a path. Of a leaf or leaf-list that was not set, the default in use, whatever the mode of defaults (section 3.5.4).
    async fn shown(
        &self,
        schema: &Schema,
        store: Store,
        path: InstancePath,
        content: Content,
    ) -> Result<Shown, Failure> {
        let target = path.target();
        let node = schema.node(target);
        let has_state = can_hold_state(schema, target);
        let is_config = node.config || target == NodeId::ROOT;
        let missing = || Failure::not_found(&path, "there is no such resource");
        match content {
            Content::Config if !is_config => return Err(missing()),
            Content::Nonconfig if !has_state => return Err(missing()),
            _ => {}
        }
        let datastore = match content {
            _ if store == Store::Operational => Datastore::State,
            _ if store == Store::Candidate => Datastore::Candidate,
            Content::All | Content::Nonconfig if has_state => Datastore::State,
            _ => Datastore::Config,
        };
        let outcome = self.trail.read(datastore, path.clone()).await;
        let reading = match outcome {
            Err(Refusal::NotFound { .. }) if default_of(schema, target).is_some() => {
                return self.default_in_use(schema, datastore, &path).await?.ok_or_else(missing);
            }
            outcome => outcome?,
        };
        let is_empty = match &reading.resource {
            Resource::List(list) => list.is_empty(),
            Resource::Value(Data::LeafList(values)) => values.is_empty(),
            _ => false,
        };
        if !is_empty {
            return Ok(Shown { reading, is_default: false });
        }
        // A list without entries is not there.
        self.default_in_use(schema, datastore, &path).await?.ok_or_else(missing)
    }

    async fn default_in_use(
        &self,
        schema: &Schema,
        datastore: Datastore,
        path: &InstancePath,
    ) -> Result<Option<Shown>, Failure> {
        let target = path.target();
        let default = default_of(schema, target).and_then(|default| at_keys(default, path.keys()));
        let (Some(default), Some(parent)) = (default, path.parent()) else {
            return Ok(None);
        };
        let mut reading = self.trail.read(datastore, parent).await?;
        let Resource::Container(container) = &reading.resource else { return Ok(None) };
        let is_set = match container.get(target) {
            Some(Data::LeafList(values)) => !values.is_empty(),
            stored => stored.is_some(),
        };
        let holds = !is_set
            && case_holds(schema, Some(container.as_ref()), target)
            && reading.hidden.nodes().binary_search(&target).is_err()
            && reading
                .surroundings()
                .is_none_or(|around| is_allowed(schema, around.tree, around.path, target));
        reading.target = path.clone();
        reading.resource = Resource::Value(default);
        Ok(holds.then_some(Shown { reading, is_default: true }))
    }

    /// The validators of the representation. They are those of configuration (section 3.5.1): state has none.
    fn validators(&self, schema: &Schema, reading: &Reading, query: &Query) -> Validators {
        let target = reading.target.target();
        let is_config = schema.node(target).config || target == NodeId::ROOT;
        if !is_config || query.content == Content::Nonconfig {
            return Validators::default();
        }
        let defaults = query.with_defaults.unwrap_or_default();
        let mut found = self.dialect.gate.validators_with(reading, defaults);
        if let Some(etag) = &mut found.etag {
            etag.push_str(self.wanted.mark());
            etag.push_str(&self.view());
        }
        found
    }

    /// How entity tags of a view of a resource end: what another query shows is another representation.
    fn view(&self) -> String {
        match self.trail.request.uri.query() {
            None | Some("") => String::new(),
            Some(query) => {
                let mut hasher = SipHasher13::new();
                hasher.write(query.as_bytes());
                format!(".{:08x}", hasher.finish() as u32)
            }
        }
    }
}

/// Whether state is among what is shown, of which the tag says nothing: then a 304 would be a lie. The tag of the datastore
/// is by its definition that of configuration alone (section 3.4.1.2).
fn shows_state(reading: &Reading, query: &Query) -> bool {
    let schema = reading.snapshot.schema();
    if reading.target.steps.is_empty() || query.content == Content::Config {
        return false;
    }
    match &reading.resource {
        Resource::Container(container) => holds_state(schema, container),
        Resource::List(list) => can_hold_state(schema, list.node),
        Resource::Value(_) => false,
    }
}

fn holds_state(schema: &Schema, container: &Container) -> bool {
    container.children().iter().any(|(id, data)| {
        !schema.node(*id).config
            || can_hold_state(schema, *id)
                && match data {
                    Data::Container(container) => holds_state(schema, container),
                    Data::List(list) => list.iter().any(|entry| holds_state(schema, entry)),
                    _ => false,
                }
    })
}

/// What of a default stands at a path that ends in these keys: of a leaf-list all of it, or the entry that is named.
fn at_keys(default: DefaultValue<'_>, keys: &[Value]) -> Option<Data> {
    match (default, keys) {
        (DefaultValue::Leaf(value), _) => Some(Data::Leaf(value.clone())),
        (DefaultValue::LeafList(values), []) => Some(Data::LeafList(values.into())),
        (DefaultValue::LeafList(values), [named, ..]) => {
            values.contains(named).then(|| Data::Leaf(named.clone()))
        }
    }
}
