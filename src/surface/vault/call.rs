//! What a handler works with: the request in the words of its endpoint, and the way to the model.

use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::answer::{Answer, Auth};
use super::asked::Asked;
use super::fault::Fault;
use super::field::Arguments;
use super::mount::Mount;
use super::route::{Captures, Endpoint};
use super::translate;
use crate::access::authenticate::TokenFacts;
use crate::access::gate::{Refusal, Resource};
use crate::base::clock::Timestamp;
use crate::base::duration::Duration;
use crate::base::ident::Ident;
use crate::base::secret::Secret;
use crate::data::decode::from_serde;
use crate::data::deserialize::from_data;
use crate::data::edit::{Edit, EditOperation};
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data, Found};
use crate::engine::{Datastore, Operation, Output, WriteKind, WriteOptions};
use crate::services::token::IssuedToken;
use crate::surface::trail::Trail;
use crate::yang::schema::{NodeId, NodeKind, Schema};

/// A request that found its endpoint.
pub struct Call<'r> {
    /// Who asks, and what is written down of it.
    pub trail: Trail<'r>,
    /// Whose tree it is about.
    pub tenant: Ident,
    /// The mount that it is below.
    pub mount: Mount,
    /// Its row in the table.
    pub endpoint: &'static Endpoint,
    /// What it asks for.
    pub asked: Asked,
    /// The variable parts of the path.
    pub captures: Captures,
    /// Its parameters.
    pub arguments: Arguments,
    /// The parameters as they were sent.
    pub sent: Map<String, Value>,
}

impl Call<'_> {
    /// The schema.
    pub fn schema(&self) -> &Arc<Schema> {
        self.trail.gate.engine().schema()
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.trail.gate.engine().clock().now()
    }

    /// A variable part of the path.
    pub fn captured(&self, name: &str) -> &str {
        self.captures.iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value.as_str())
    }

    /// The variable part that is called `name`.
    pub fn name(&self) -> String {
        self.captured("name").to_owned()
    }

    /// Whether the caller may do what is more than the capability on the path: rules over paths must give `sudo` there.
    /// Where none speaks of the path, whoever asks has the right by rules over the data, which are asked about the very
    /// operation.
    pub fn has_sudo(&self) -> bool {
        let Some(caller) = &self.trail.caller else { return false };
        let is_enough = |capability: &&str| matches!(*capability, "root" | "sudo");
        !caller.warranted || self.trail.gate.capabilities(caller, &self.asked.path).iter().any(is_enough)
    }

    /// A place in the model: `strongbox/mounts/auth/{}`, with a key for each pair of braces.
    ///
    /// # Errors
    /// 400 for a key that the model does not allow.
    pub fn place(&self, template: &str, keys: &[&str]) -> Result<InstancePath, Fault> {
        let mut text = String::with_capacity(template.len() + 32);
        let mut keys = keys.iter();
        for (index, part) in template.split("{}").enumerate() {
            if index > 0 {
                text.extend(utf8_percent_encode(keys.next().unwrap_or(&""), NON_ALPHANUMERIC));
            }
            text.push_str(part);
        }
        InstancePath::parse_v1(self.schema(), &text)
            .map_err(|violation| Fault::bad_request(violation.told().into_owned()))
    }

    /// The list of a log-in method that the mount serves: its own of that name, or that of the tenant.
    ///
    /// # Errors
    /// 400 where there can be none.
    pub fn served(&self, method: &str, own: &str) -> Result<InstancePath, Fault> {
        match self.mount.has_its_own {
            true => self.place(&format!("strongbox/mounts/auth/{{}}/{method}/{own}"), &[&self.mount.key]),
            false => self.place(&format!("strongbox/authentication/{method}"), &[]),
        }
    }

    /// The entry of a list with one key.
    ///
    /// # Errors
    /// 400 for a key that the model does not allow.
    pub fn entry_of(&self, list: InstancePath, key: &str) -> Result<InstancePath, Fault> {
        let key = utf8_percent_encode(key, NON_ALPHANUMERIC);
        let text = format!("{}/{key}", list.to_v1(self.schema()));
        self.place(text.trim_start_matches('/'), &[])
    }

    /// The key of the entry that a name in a request means: as it is given where there is such an entry, and otherwise in
    /// lower case, as this dialect makes entries. So what a list shows can be asked for, whoever made it.
    pub fn meant(&self, list: &InstancePath, given: &str) -> String {
        let given = given.trim();
        match self.entry_of(list.clone(), given).is_ok_and(|entry| self.is_there(&entry)) {
            true => given.to_owned(),
            false => given.to_lowercase(),
        }
    }

    /// The entry of a list that the variable part `name` of the path means, by [`Call::meant`].
    ///
    /// # Errors
    /// As [`Call::entry_of`].
    pub fn named_entry(&self, list: InstancePath) -> Result<InstancePath, Fault> {
        let key = self.meant(&list, self.captured("name"));
        self.entry_of(list, &key)
    }

    /// A node below a place.
    ///
    /// # Errors
    /// 500 where the model has none of that name.
    pub fn below(&self, place: InstancePath, name: &str) -> Result<InstancePath, Fault> {
        let node = self.schema().own_child(place.target(), name);
        node.map(|node| place.child(node)).ok_or_else(|| internal(&format!("the model has no '{name}'")))
    }

    /// A container or entry as a struct, with defaults filled in; `None` when it is not there.
    ///
    /// # Errors
    /// A refusal other than that.
    pub async fn read<T: DeserializeOwned>(
        &self,
        datastore: Datastore,
        place: InstancePath,
    ) -> Result<Option<T>, Fault> {
        let Some(container) = self.container(datastore, place).await? else { return Ok(None) };
        from_data(self.schema(), &container).map(Some).map_err(|error| internal(&error.to_string()))
    }

    /// A container or entry; `None` when it is not there.
    ///
    /// # Errors
    /// A refusal other than that.
    pub async fn container(
        &self,
        datastore: Datastore,
        place: InstancePath,
    ) -> Result<Option<Arc<Container>>, Fault> {
        match self.trail.read(datastore, place).await {
            Ok(reading) => match reading.resource {
                Resource::Container(container) => Ok(Some(container)),
                _ => Ok(None),
            },
            Err(Refusal::NotFound { .. }) => Ok(None),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// The entries of a list; none where the entry around the list is not there.
    ///
    /// # Errors
    /// A refusal other than that.
    pub async fn entries(
        &self,
        datastore: Datastore,
        list: InstancePath,
    ) -> Result<Vec<Arc<Container>>, Fault> {
        match self.trail.read(datastore, list).await {
            Ok(reading) => match &reading.resource {
                Resource::List(list) => {
                    let complete = list.iter().filter_map(|entry| reading.complete(entry).transpose());
                    complete.collect::<Result<_, _>>().map_err(|error| Fault::from(Refusal::State(error)))
                }
                _ => Ok(Vec::new()),
            },
            Err(Refusal::NotFound { .. }) => Ok(Vec::new()),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// The first keys of the entries of a list.
    ///
    /// # Errors
    /// As [`Call::entries`].
    pub async fn keys(&self, list: InstancePath) -> Result<Vec<String>, Fault> {
        let entries = self.entries(Datastore::Config, list).await?;
        let key = |entry: &Arc<Container>| entry.key_values(1).next().map(ToString::to_string);
        Ok(entries.iter().filter_map(key).collect())
    }

    /// Whether something is there, whoever may see it: for telling a creation from an update.
    pub fn is_there(&self, place: &InstancePath) -> bool {
        let snapshot = self.trail.gate.engine().snapshot();
        snapshot.tenant(&self.tenant).is_some_and(|data| data.tree.get(place).is_some())
    }

    /// A length of time that is configured, whoever may see it: for telling what cannot be had under it.
    pub fn configured_length(&self, place: &InstancePath) -> Option<Duration> {
        let snapshot = self.trail.gate.engine().snapshot();
        match snapshot.tenant(&self.tenant)?.tree.get(place)? {
            Found::Node(Data::Leaf(value)) => value.to_string().parse().ok(),
            _ => None,
        }
    }

    /// Changes configuration.
    ///
    /// # Errors
    /// A refusal.
    pub async fn change(
        &mut self,
        kind: WriteKind,
        target: InstancePath,
        edits: Vec<Edit>,
    ) -> Result<(), Fault> {
        let operation = Operation::Write {
            kind,
            target,
            edits,
            preconditions: Vec::new(),
            validate_only: false,
            options: WriteOptions::default(),
        };
        self.trail.write(operation).await.map(drop).map_err(Fault::from)
    }

    /// Writes an entry by what was sent for those fields that are leafs of it; what was not sent stays as it is.
    ///
    /// # Errors
    /// A refusal.
    pub async fn put(&mut self, entry: InstancePath, more: Vec<Edit>) -> Result<(), Fault> {
        let mut edits = vec![translate::present(self.schema(), &entry)];
        edits.extend(translate::edits(self.schema(), &entry, self.endpoint.fields, &self.arguments)?);
        edits.extend(more);
        self.change(WriteKind::Put, entry, edits).await
    }

    /// Takes an entry away, which need not be there, and has nothing to answer.
    ///
    /// # Errors
    /// A refusal.
    pub async fn remove(&mut self, entry: InstancePath) -> Result<Answer, Fault> {
        let edits = vec![Edit::without_value(entry.clone(), EditOperation::Remove)];
        self.change(WriteKind::Delete, entry, edits).await?;
        Ok(Answer::nothing())
    }

    /// What the fields of the endpoint are in an entry; `None` when it is not there.
    ///
    /// # Errors
    /// A refusal.
    pub async fn shown(&self, entry: InstancePath) -> Result<Option<Map<String, Value>>, Fault> {
        let Some(container) = self.container(Datastore::Config, entry).await? else { return Ok(None) };
        translate::shown(self.schema(), self.endpoint.fields, &container).map(Some)
    }

    /// Runs an operation of the model.
    ///
    /// # Errors
    /// A refusal.
    pub async fn invoke(
        &mut self,
        target: InstancePath,
        input: &(impl Serialize + Sync),
    ) -> Result<Option<Arc<Container>>, Fault> {
        match self.run(target, input).await? {
            Some(output) => output.container().map_err(|error| Fault::from(Refusal::from(error))),
            None => Ok(None),
        }
    }

    /// The same, for whoever knows what the operation answers.
    ///
    /// # Errors
    /// A refusal.
    pub async fn run(
        &mut self,
        target: InstancePath,
        input: &(impl Serialize + Sync),
    ) -> Result<Option<Output>, Fault> {
        self.invoke_or_try(target, input, false).await
    }

    async fn invoke_or_try(
        &mut self,
        target: InstancePath,
        input: &(impl Serialize + Sync),
        validate_only: bool,
    ) -> Result<Option<Output>, Fault> {
        let schema = Arc::clone(self.schema());
        let children = &schema.node(target.target()).schema_children;
        // One without parameters has nothing to be read.
        let is_input = |id: &&NodeId| {
            matches!(schema.node(**id).kind, NodeKind::Input) && !schema.children(**id).is_empty()
        };
        let input = match children.iter().find(is_input) {
            Some(node) => match from_serde(&schema, *node, input) {
                Ok(Data::Container(container)) => Some(container),
                Ok(_) => None,
                Err(violations) => return Err(Fault::from(Refusal::Invalid(violations))),
            },
            None => None,
        };
        let operation = Operation::Invoke { target, input, validate_only };
        self.trail.run(operation).await.map_err(Fault::from)
    }

    /// Finds out whether an operation of the model could be run, everything short of doing it.
    ///
    /// # Errors
    /// The refusal that it would get.
    pub async fn try_out(
        &mut self,
        target: InstancePath,
        input: &(impl Serialize + Sync),
    ) -> Result<(), Fault> {
        self.invoke_or_try(target, input, true).await.map(drop)
    }

    /// Runs an operation of the model that answers a value of this type.
    ///
    /// # Errors
    /// A refusal; 500 where it answers something else.
    pub async fn value<T: 'static>(
        &mut self,
        target: InstancePath,
        input: &(impl Serialize + Sync),
    ) -> Result<Box<T>, Fault> {
        let output = self.run(target, input).await?;
        output.and_then(Output::into_value).ok_or_else(|| internal("an operation answers something else"))
    }

    /// Runs an operation of the model and reads its output.
    ///
    /// # Errors
    /// A refusal.
    pub async fn ask<T: DeserializeOwned>(
        &mut self,
        target: InstancePath,
        input: &(impl Serialize + Sync),
    ) -> Result<T, Fault> {
        let output = self.invoke(target, input).await?;
        let output = output.ok_or_else(|| internal("an operation without an output"))?;
        self.understood(&output)
    }

    /// The output of an operation as a struct.
    ///
    /// # Errors
    /// 500 where it does not fit.
    pub fn understood<T: DeserializeOwned>(&self, output: &Container) -> Result<T, Fault> {
        from_data(self.schema(), output).map_err(|error| internal(&error.to_string()))
    }

    /// Runs an operation that hands out a token, and answers with it.
    ///
    /// # Errors
    /// A refusal.
    pub async fn hand_out(
        &mut self,
        target: InstancePath,
        input: &(impl Serialize + Sync),
    ) -> Result<Answer, Fault> {
        let issued = self.value::<IssuedToken>(target, input).await?;
        let IssuedToken { token, facts, .. } = *issued;
        let token = token.as_ref().and_then(Secret::expose_text).unwrap_or_default().to_owned();
        let by_entity = self.trail.gate.identity_policies(&self.tenant, &facts);
        // As of when it was made: a second that began since then is not taken from what was granted.
        let auth = Auth::of(&facts, token, facts.creation_time);
        Ok(Answer::auth(auth.with_identity(&by_entity)))
    }
}

/// 500, with the reason in the log only.
pub fn internal(reason: &str) -> Fault {
    tracing::error!(reason, "a request of the Vault dialect failed");
    Fault::new(hyper::StatusCode::INTERNAL_SERVER_ERROR, "1 error occurred:\n\t* internal error\n\n")
        .because(reason)
}

impl Auth {
    /// The same with what the token has by its entity.
    #[must_use]
    pub fn with_identity(mut self, policies: &[Ident]) -> Self {
        self.identity_policies = policies.iter().map(ToString::to_string).collect();
        self.policies.extend(self.identity_policies.iter().cloned());
        self.policies.sort_unstable();
        self.policies.dedup();
        self
    }

    /// A token as clients see it.
    pub fn of(facts: &TokenFacts, token: String, now: Timestamp) -> Self {
        let mut policies: Vec<String> = facts.policies.iter().map(ToString::to_string).collect();
        policies.sort_unstable();
        let metadata: Map<String, Value> = facts
            .metadata
            .iter()
            .map(|fact| (fact.name.to_string(), Value::from(fact.value.as_str())))
            .collect();
        Auth {
            client_token: token,
            accessor: facts.accessor.to_string(),
            token_policies: policies.clone(),
            policies,
            metadata: (!metadata.is_empty()).then_some(metadata),
            lease_duration: facts.expires_in(now).unwrap_or(0),
            renewable: facts.renewable,
            entity_id: facts.entity.as_ref().map(ToString::to_string).unwrap_or_default(),
            token_type: if facts.accessor.is_empty() { "batch" } else { "service" },
            orphan: facts.parent.is_none(),
            num_uses: facts.num_uses.unwrap_or(0),
            ..Auth::default()
        }
    }
}
