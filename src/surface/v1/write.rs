//! POST, PUT, PATCH and DELETE in config, and in what the caller prepares.

use std::sync::Arc;

use hyper::header::LOCATION;
use hyper::{Method, StatusCode};

use super::Visit;
use super::body;
use super::errors;
use super::format::{Format, Sent};
use super::json_patch::{self, PatchError};
use super::query::Query;
use super::route::ResourceKind;
use crate::access::gate::{Refusal, Written};
use crate::base::error::ErrorTag;
use crate::data::edit::Edit;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::{Datastore, Operation, Precondition, WriteKind, WriteOptions};
use crate::surface::failure::Failure;
use crate::surface::http::conditional::Conditions;
use crate::surface::http::{Payload, Reply};
use crate::surface::precondition::{preconditions, with_validators};

/// How often a JSON Patch is worked out anew because somebody else changed the resource meanwhile.
const PATCH_ATTEMPTS: usize = 4;

impl Visit<'_> {
    pub(super) async fn write(
        &mut self,
        datastore: Datastore,
        path: InstancePath,
        kind: ResourceKind,
        query: &Query,
        payload: Payload,
    ) -> Result<Reply, Failure> {
        let request = self.trail.request;
        let conditions = Conditions::parse(&request.headers)?;
        let preconditions = preconditions(&conditions, &path);
        let schema = Arc::clone(self.v1.schema());
        let method = &request.method;
        let sent = match *method {
            Method::DELETE => Sent::Either,
            _ => Sent::of(&request.headers, *method == Method::PATCH)?,
        };
        let bytes = payload.read(&request.headers).await?;
        let (kind, target, edits) = match (method, kind) {
            (&Method::POST, ResourceKind::Root) => {
                (WriteKind::Transaction, path, body::transaction(&schema, sent, &bytes)?)
            }
            (&Method::POST, _) => {
                let edit = body::create(&schema, &path, sent, &bytes)?;
                (WriteKind::Create, edit.path.clone(), vec![edit])
            }
            (&Method::PUT, _) => {
                let edit = body::put(&schema, &path, sent, &bytes)?;
                (WriteKind::Put, path, vec![edit])
            }
            (&Method::PATCH, _) if sent == Sent::JsonPatch => {
                return self.json_patch(datastore, path, preconditions, query, &bytes).await;
            }
            (&Method::PATCH, _) => {
                let edits = body::patch(&schema, &path, sent, &bytes)?;
                (WriteKind::Patch, path, edits)
            }
            _ => {
                let edit = body::delete(&schema, &path);
                (WriteKind::Delete, path, vec![edit])
            }
        };
        let written = self.commit(datastore, (kind, target.clone()), edits, preconditions, query).await;
        let written =
            written.map_err(Failure::from).map_err(|failure| match (kind, errors::settle(failure)) {
                // What is missing lies inside of the transaction: the resource that was asked for is there.
                (WriteKind::Transaction, failure) if failure.status == Some(StatusCode::NOT_FOUND) => {
                    Failure { status: Some(StatusCode::CONFLICT), ..failure }
                }
                (_, failure) => failure,
            })?;
        Ok(self.written(datastore, (kind, &target), &written, query.validate))
    }

    async fn commit(
        &mut self,
        datastore: Datastore,
        (kind, target): (WriteKind, InstancePath),
        edits: Vec<Edit>,
        preconditions: Vec<Precondition>,
        query: &Query,
    ) -> Result<Written, Refusal> {
        let options = query.writing.options().map_err(|fault| Refusal::Invalid(vec![fault]))?;
        let options = WriteOptions { candidate: datastore == Datastore::Candidate, ..options };
        let validate_only = query.validate;
        let operation = Operation::Write { kind, target, edits, preconditions, validate_only, options };
        self.trail.write(operation).await
    }

    /// A JSON Patch is worked out on what the caller can see, and holds only as long as that is what is there.
    async fn json_patch(
        &mut self,
        datastore: Datastore,
        path: InstancePath,
        preconditions: Vec<Precondition>,
        query: &Query,
        bytes: &[u8],
    ) -> Result<Reply, Failure> {
        let patch = body::json_patch(bytes)?;
        let schema = Arc::clone(self.v1.schema());
        for attempt in 1.. {
            let (document, etag) = self.document(datastore, &path).await?;
            let patched = json_patch::apply(document, &patch).map_err(|error| of_patch(&error, &path))?;
            let text = serde_json::to_vec(&patched).unwrap_or_default();
            let edit = body::put(&schema, &path, Sent::Value(Format::Json), &text)?;
            let mut all = preconditions.clone();
            all.push(Precondition::IfMatch { path: path.clone(), etags: vec![etag] });
            let kind = WriteKind::Patch;
            match self.commit(datastore, (kind, path.clone()), vec![edit], all, query).await {
                Ok(written) => {
                    return Ok(self.written(datastore, (kind, &path), &written, query.validate));
                }
                Err(Refusal::Precondition(_)) if attempt < PATCH_ATTEMPTS && preconditions.is_empty() => {}
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Err(Failure::unavailable("the resource keeps changing; try again"))
    }

    /// The resource as a JSON document, and its entity tag.
    async fn document(
        &self,
        datastore: Datastore,
        path: &InstancePath,
    ) -> Result<(serde_json::Value, String), Failure> {
        let reading = self.trail.read(datastore, path.clone()).await?;
        let Some(container) = self.whole(&reading) else {
            let message = "a JSON Patch needs a resource that the caller may read without exception";
            let violation = Violation::new(ErrorTag::AccessDenied, path.clone(), message);
            return Err(Failure::new(StatusCode::FORBIDDEN, violation));
        };
        let text = self.document_of(container);
        let document =
            serde_json::from_slice(&text).map_err(|error| Failure::internal(&error.to_string()))?;
        let etag = self.v1.gate.validators_of(&reading).etag;
        Ok((document, etag.unwrap_or_default()))
    }

    /// The answer to a write that was made, or would have been.
    fn written(
        &self,
        datastore: Datastore,
        (kind, target): (WriteKind, &InstancePath),
        written: &Written,
        validate: bool,
    ) -> Reply {
        let schema = self.v1.schema();
        let created = match kind {
            WriteKind::Create => true,
            WriteKind::Put => written.created,
            _ => false,
        };
        let mut reply = Reply::empty(if created { StatusCode::CREATED } else { StatusCode::NO_CONTENT });
        if created {
            let tree = if datastore == Datastore::Candidate { "candidate" } else { "config" };
            reply = reply.header_text(LOCATION, format!("/v1/{tree}{}", target.to_v1(schema)));
        }
        let has_tag = matches!(kind, WriteKind::Create | WriteKind::Put | WriteKind::Patch) && !validate;
        match (has_tag, &self.trail.caller) {
            (true, Some(caller)) => {
                let validators = self.v1.gate.validators(&written.committed.snapshot, caller, target);
                with_validators(reply, validators, "")
            }
            _ => reply,
        }
    }
}

/// A patch that is none is a 400, one that does not fit what is there a 409 (RFC 5789 section 2.2).
fn of_patch(error: &PatchError, path: &InstancePath) -> Failure {
    let (status, tag) = match error {
        PatchError::Malformed { .. } => (StatusCode::BAD_REQUEST, ErrorTag::MalformedMessage),
        PatchError::Conflict { .. } => (StatusCode::CONFLICT, ErrorTag::OperationFailed),
    };
    Failure::new(status, Violation::new(tag, path.clone(), error.to_string()))
}
