//! POST on an operation (RFC 8040 section 3.6).

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};

use super::print::Printer;
use super::query::Query;
use super::{Visit, body, media};
use crate::data::path::InstancePath;
use crate::data::read::Subject;
use crate::data::tree::Container;
use crate::engine::Operation;
use crate::surface::failure::Failure;
use crate::surface::http::{Payload, Reply};

impl Visit<'_> {
    pub(super) async fn invoke(
        &mut self,
        path: InstancePath,
        query: &Query,
        payload: Payload,
    ) -> Result<Reply, Failure> {
        let request = self.trail.request;
        let schema = Arc::clone(self.dialect.schema());
        let bytes = payload.read(&request.headers).await?;
        let input = match bytes.iter().all(u8::is_ascii_whitespace) {
            true => None,
            false => Some(body::input(&schema, &path, media::sent(&request.headers)?, &bytes)?),
        };
        let operation = Operation::Invoke { target: path, input, validate_only: query.validate };
        let output = self.trail.invoke(operation).await?;
        // What an operation answers is made for this caller and this moment, and may be a secret.
        let no_store = HeaderValue::from_static("no-store");
        let Some(output) = output.filter(|output: &Arc<Container>| !query.validate && !output.is_empty())
        else {
            return Ok(Reply::empty(StatusCode::NO_CONTENT).header(CACHE_CONTROL, no_store));
        };
        let printer = Printer::of_output(&schema, self.wanted);
        let text = printer.print(output.node, Subject::Container(&output))?;
        Ok(Reply::with_body(StatusCode::OK, self.wanted.content_type(), text)
            .header(CACHE_CONTROL, no_store)
            .uncompressed())
    }
}
