//! PATCH with a YANG Patch (RFC 8072): an ordered list of edits as one transaction, and an answer that tells of each.

mod edits;
mod json;
mod message;
mod status;
mod xml;

use std::sync::Arc;

use hyper::StatusCode;

use self::edits::Base;
use self::status::Status;
use super::Visit;
use super::errors::letter;
use super::media::{Format, Wanted};
use super::query::Query;
use super::store::Store;
use super::write::absent;
use crate::access::gate::Refusal;
use crate::data::path::InstancePath;
use crate::data::read::Element;
use crate::data::violation::Violation;
use crate::engine::{Operation, Precondition, WriteKind, WriteOptions};
use crate::surface::failure::Failure;
use crate::surface::http::{Payload, Reply};
use crate::surface::precondition::with_validators;
use crate::yang::schema::Schema;

/// How a client calls its patch and the edits in it, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    patch_id: String,
    edit_ids: Vec<String>,
}

impl Visit<'_> {
    pub(super) async fn yang_patch(
        &mut self,
        store: Store,
        path: InstancePath,
        preconditions: Vec<Precondition>,
        query: &Query,
        format: Format,
        payload: Payload,
    ) -> Result<Reply, Failure> {
        let schema = Arc::clone(self.dialect.schema());
        let bytes = payload.read(&self.trail.request.headers).await?;
        let mut message = message::read(&bytes, format.into())?;
        let edit_ids = message.edits.iter_mut().map(|edit| std::mem::take(&mut edit.id)).collect();
        let names = self.patch.insert(Names { patch_id: message.patch_id.clone(), edit_ids });
        let done = answer(StatusCode::OK, names, &[], &schema, self.wanted);
        let stored = self.trail.stored(store == Store::Candidate);
        let base = Base { path: &path, stored: stored.as_ref() };
        let edits = edits::compile(&schema, base, &message, format)?;
        let options = store.options(query)?;
        let operation = Operation::Write {
            kind: WriteKind::Transaction,
            target: path.clone(),
            edits,
            preconditions,
            validate_only: query.validate,
            options: WriteOptions { comment: options.comment.or(message.comment), ..options },
        };
        let written = self.trail.write(operation).await.map_err(|refusal| {
            let is_of_edits = matches!(refusal, Refusal::Invalid(_));
            let mut failure = absent(refusal, &path);
            if is_of_edits {
                edits::attribute(&schema, base, &message.edits, &mut failure.violations);
            }
            failure
        })?;
        Ok(match &self.trail.caller {
            Some(caller) if !query.validate => {
                let validators = self.dialect.gate.validators(&written.committed.snapshot, caller, &path);
                with_validators(done, validators, self.wanted.mark())
            }
            _ => done,
        })
    }
}

/// The answer to a patch of which nothing was done.
pub(super) fn refused(failure: &Failure, names: &Names, schema: &Schema, wanted: Wanted) -> Reply {
    let status = failure.status.unwrap_or(StatusCode::BAD_REQUEST);
    failure.dress(answer(status, names, &failure.violations, schema, wanted))
}

fn answer(
    status: StatusCode,
    names: &Names,
    violations: &[Violation],
    schema: &Schema,
    wanted: Wanted,
) -> Reply {
    let body = Status {
        schema,
        patch_id: &names.patch_id,
        edit_ids: &names.edit_ids,
        violations,
        format: wanted.format,
    };
    letter(status, schema, wanted, "ietf-yang-patch", Element::yang_patch("yang-patch-status"), &body)
}
