//! POST on an action or a global operation.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};

use super::format::Sent;
use super::print::Printer;
use super::query::Query;
use super::{Visit, body};
use crate::data::path::InstancePath;
use crate::data::read::Subject;
use crate::data::tree::Container;
use crate::engine::Operation;
use crate::surface::failure::Failure;
use crate::surface::http::{Payload, Reply};
use crate::surface::select::fields;
use crate::yang::schema::{NodeId, NodeKind};

impl Visit<'_> {
    pub(super) async fn invoke(
        &mut self,
        path: InstancePath,
        query: &Query,
        payload: Payload,
    ) -> Result<Reply, Failure> {
        let request = self.trail.request;
        let schema = Arc::clone(self.v1.schema());
        let bytes = payload.read(&request.headers).await?;
        let sent = if bytes.is_empty() { Sent::Either } else { Sent::of(&request.headers, false)? };
        let input = body::input(&schema, &path, sent, &bytes)?;
        let output_node = self.output_of(path.target());
        // A field that does not exist is told before anything is done.
        let fields = fields(&schema, output_node, query.fields.as_deref())?;
        let operation = Operation::Invoke { target: path.clone(), input, validate_only: query.validate };
        let output = self.trail.invoke(operation).await?;
        // What an operation answers is made for this caller and this moment, and may be a secret.
        let no_store = HeaderValue::from_static("no-store");
        let Some(output) = output.filter(|output: &Arc<Container>| !query.validate && !output.is_empty())
        else {
            return Ok(Reply::empty(StatusCode::NO_CONTENT).header(CACHE_CONTROL, no_store));
        };
        let printer = Printer::of_output(&schema, self.wanted.format, fields);
        let text = printer.print(Subject::Container(&output));
        Ok(Reply::with_body(StatusCode::OK, self.wanted.content_type(), text)
            .header(CACHE_CONTROL, no_store)
            .uncompressed())
    }

    fn output_of(&self, operation: NodeId) -> NodeId {
        let schema = self.v1.schema();
        let children = &schema.node(operation).schema_children;
        let output = children.iter().find(|child| matches!(schema.node(**child).kind, NodeKind::Output));
        output.copied().unwrap_or(operation)
    }
}
