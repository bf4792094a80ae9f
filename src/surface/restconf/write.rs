//! POST, PUT, PATCH and DELETE of data (RFC 8040 sections 4.4 to 4.7).

use std::sync::Arc;

use hyper::header::{HOST, LOCATION};
use hyper::{Method, StatusCode};

use super::media::Patch;
use super::query::Query;
use super::route::DataKind;
use super::store::Store;
use super::{ROOT, Visit, body, media};
use crate::access::gate::{Refusal, Written};
use crate::base::error::ErrorTag;
use crate::data::edit::Edit;
use crate::data::path::InstancePath;
use crate::engine::{Operation, WriteKind};
use crate::surface::failure::Failure;
use crate::surface::http::conditional::Conditions;
use crate::surface::http::{Payload, Reply};
use crate::surface::precondition::{preconditions, with_validators};

impl Visit<'_> {
    pub(super) async fn write(
        &mut self,
        store: Store,
        path: InstancePath,
        kind: DataKind,
        query: &Query,
        payload: Payload,
    ) -> Result<Reply, Failure> {
        let request = self.trail.request;
        let schema = Arc::clone(self.dialect.schema());
        let conditions = Conditions::parse(&request.headers)?;
        let preconditions = preconditions(&conditions, &path);
        if request.method == Method::PATCH
            && let Patch::Edits(format) = media::sent_patch(&request.headers)?
        {
            return self.yang_patch(store, path, preconditions, query, format, payload).await;
        }
        let mut edits = Vec::new();
        let (write, edit) = match request.method {
            Method::DELETE => (WriteKind::Delete, body::delete(&schema, &path)),
            ref method => {
                let format = media::sent(&request.headers)?;
                let bytes = payload.read(&request.headers).await?;
                match *method {
                    Method::POST => (WriteKind::Create, body::create(&schema, &path, format, &bytes, query)?),
                    Method::PUT => {
                        edits = self.ancestors(store, &path);
                        (WriteKind::Put, body::put(&schema, &path, format, &bytes, query)?)
                    }
                    _ => (WriteKind::Patch, body::patch(&schema, &path, format, &bytes)?),
                }
            }
        };
        // What is created is the child; everything else is done to the resource itself.
        let target = if write == WriteKind::Create { edit.path.clone() } else { path.clone() };
        edits.push(edit);
        let operation = Operation::Write {
            kind: write,
            target: target.clone(),
            edits,
            preconditions,
            validate_only: query.validate,
            options: store.options(query)?,
        };
        let written = self.trail.write(operation).await.map_err(|refusal| absent(refusal, &path))?;
        let created = match write {
            WriteKind::Create => true,
            // A container without presence was there before, as empty as it was.
            WriteKind::Put => {
                written.created
                    && kind != DataKind::Datastore
                    && !schema.node(target.target()).is_np_container()
            }
            _ => false,
        };
        let place = created.then_some(store);
        Ok(self.written(write, &target, place, &written, query.validate))
    }

    /// What a PUT has to create before its target can be.
    fn ancestors(&self, store: Store, target: &InstancePath) -> Vec<Edit> {
        let Some(caller) = &self.trail.caller else { return Vec::new() };
        let running = self.dialect.engine().snapshot();
        let snapshot = match store {
            Store::Candidate => self.dialect.gate.prepared(caller, running),
            _ => running,
        };
        let data = snapshot.tenant(&caller.tenant);
        data.map(|data| body::ancestors(self.dialect.schema(), &data.tree, target)).unwrap_or_default()
    }

    /// The answer to a write that was made, or would have been; `created` is where.
    fn written(
        &self,
        write: WriteKind,
        target: &InstancePath,
        created: Option<Store>,
        written: &Written,
        validate: bool,
    ) -> Reply {
        let status = if created.is_some() { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
        let mut reply = Reply::empty(status);
        if let Some(store) = created {
            let path = target.to_restconf(self.dialect.schema());
            reply = reply.header_text(LOCATION, format!("{}{ROOT}/{}{path}", self.base(), store.place()));
        }
        match &self.trail.caller {
            Some(caller) if write != WriteKind::Delete && !validate => {
                let validators = self.dialect.gate.validators(&written.committed.snapshot, caller, target);
                with_validators(reply, validators, self.wanted.mark())
            }
            _ => reply,
        }
    }

    /// Scheme and authority as the client knows them; nothing where it did not say.
    fn base(&self) -> String {
        let request = self.trail.request;
        let authority = request.uri.authority().map(|authority| authority.as_str());
        let Some(authority) = authority.or_else(|| request.header(&HOST)) else { return String::new() };
        let public = &self.dialect.engine().settings().public_url;
        let encrypted = request.client.peer.encrypted || public.starts_with("https:");
        format!("{}://{authority}", if encrypted { "https" } else { "http" })
    }
}

/// What is missing on the way to the resource that the URL names, or is that resource, makes it a 404; what is missing
/// elsewhere contradicts the request (409).
pub(super) fn absent(refusal: Refusal, path: &InstancePath) -> Failure {
    let Refusal::Invalid(violations) = &refusal else { return refusal.into() };
    let is_absent = |edit: &InstancePath| path.starts_with(edit);
    let all = violations
        .iter()
        .all(|one| one.tag == ErrorTag::DataMissing && one.app_tag.is_none() && is_absent(&one.path));
    let failure = Failure::from(refusal);
    match all {
        true => Failure { status: Some(StatusCode::NOT_FOUND), ..failure },
        false => failure,
    }
}
