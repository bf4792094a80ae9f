//! The API resource and what stands in it beside data: the list of operations and the version of the YANG library (RFC
//! 8040 section 3.3).

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use serde_json::{Value, json};

use super::Visit;
use super::media::Format;
use super::query::Query;
use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::read::{Element, Layout, write_xml};
use crate::data::violation::{Violation, shorten};
use crate::surface::failure::Failure;
use crate::surface::http::Reply;
use crate::yang::schema::{NodeId, NodeKind, Schema};

impl Visit<'_> {
    /// The API resource, of which `depth` and `fields` may show less.
    pub(super) fn api(&self, query: &Query) -> Result<Reply, Failure> {
        let version = library_version(self.dialect.schema());
        let mut api = serde_json::Map::new();
        let wanted = query.fields.as_deref().map(named).transpose()?;
        // What is named is shown whatever the depth.
        let is_shown = |name: &str| match &wanted {
            Some(wanted) => wanted.contains(&name),
            None => query.depth.is_none_or(|depth| depth > 1),
        };
        for (name, value) in MEMBERS.into_iter().zip([json!({}), json!({}), json!(version)]) {
            if is_shown(name) {
                api.insert(name.to_owned(), value);
            }
        }
        self.element("restconf", &api.into())
    }

    /// The operations that are there to be invoked (section 3.3.2): not those of a module that nothing here does.
    pub(super) fn operations(&self) -> Result<Reply, Failure> {
        let schema = self.dialect.schema();
        let engine = self.dialect.engine();
        let operations: serde_json::Map<String, Value> = schema
            .children(NodeId::ROOT)
            .iter()
            .filter(|id| engine.implements(**id))
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

/// What stands in the API resource.
const MEMBERS: [&str; 3] = ["data", "operations", "yang-library-version"];

/// The members that `fields` names; nothing stands below them here.
fn named(fields: &str) -> Result<Vec<&'static str>, Violation> {
    let member = |field: &str| {
        let name = field.strip_prefix("ietf-restconf:").unwrap_or(field);
        MEMBERS.into_iter().find(|member| *member == name).ok_or_else(|| {
            let here = MEMBERS.join(", ");
            let message = format!("fields: '{}' is unknown here; there are {here}", shorten(field));
            let fault = Violation::new(ErrorTag::InvalidValue, InstancePath::root(), message);
            fault.info("bad-attribute", "fields")
        })
    };
    fields.split([';', ',']).map(member).collect()
}

/// The revision of the YANG library that is served.
fn library_version(schema: &Schema) -> &str {
    let module = schema.module_by_name("ietf-yang-library").map(|id| schema.module(id));
    module.and_then(|module| module.revision.as_deref()).unwrap_or_default()
}
