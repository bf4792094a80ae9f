//! The API resource and what stands in it beside data: the list of operations and the version of the YANG library (RFC
//! 8040 section 3.3).

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use serde_json::{Value, json};

use super::Visit;
use super::media::Format;
use crate::data::read::{Element, Layout, write_xml};
use crate::surface::failure::Failure;
use crate::surface::http::Reply;
use crate::yang::schema::{NodeId, NodeKind, Schema};

impl Visit<'_> {
    pub(super) fn api(&self) -> Result<Reply, Failure> {
        let version = library_version(self.dialect.schema());
        let api = json!({"data": {}, "operations": {}, "yang-library-version": version});
        self.element("restconf", &api)
    }

    pub(super) fn operations(&self) -> Result<Reply, Failure> {
        let schema = self.dialect.schema();
        let operations: serde_json::Map<String, Value> = schema
            .children(NodeId::ROOT)
            .iter()
            .map(|id| schema.node(*id))
            .filter(|node| matches!(node.kind, NodeKind::Rpc))
            .map(|node| (format!("{}:{}", schema.module(node.module).name, node.name), json!([null])))
            .collect();
        self.element("operations", &operations.into())
    }

    pub(super) fn library_version(&self) -> Result<Reply, Failure> {
        self.element("yang-library-version", &library_version(self.dialect.schema()).into())
    }

    /// An element of RESTCONF's own.
    fn element(&self, name: &str, value: &Value) -> Result<Reply, Failure> {
        let body = match self.wanted.format {
            Format::Json => json!({format!("ietf-restconf:{name}"): value}).to_string().into_bytes(),
            Format::Xml => {
                let mut out = Vec::new();
                let written = write_xml(
                    self.dialect.schema(),
                    value,
                    Element::restconf(name),
                    Layout::Compact,
                    &mut out,
                );
                written.map_err(|error| Failure::internal(&error.to_string()))?;
                out
            }
        };
        Ok(Reply::with_body(StatusCode::OK, self.wanted.content_type(), body)
            .header(CACHE_CONTROL, HeaderValue::from_static("private, no-cache")))
    }
}

/// The revision of the YANG library that is served.
fn library_version(schema: &Schema) -> &str {
    let module = schema.module_by_name("ietf-yang-library").map(|id| schema.module(id));
    module.and_then(|module| module.revision.as_deref()).unwrap_or_default()
}
