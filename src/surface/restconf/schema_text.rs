//! Schema resources (RFC 8040 section 3.7): the YANG text of the modules that are served, where the YANG library says that
//! it is.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderMap, HeaderValue};

use crate::base::error::ErrorTag;
use crate::surface::failure::Failure;
use crate::surface::http::negotiate::media_type;
use crate::surface::http::{Refusal, Reply};
use crate::yang::schema::Schema;

const YANG: &str = "application/yang";
const OFFERS: &[&str] = &[YANG, "text/plain"];

/// The text of a module or submodule by the last segment of its URL: `NAME`, `NAME@REVISION`, each with or without `.yang`.
pub fn find(schema: &Schema, file: &str) -> Option<Arc<str>> {
    let stem = file.strip_suffix(".yang").unwrap_or(file);
    let (name, revision) = match stem.split_once('@') {
        Some((name, revision)) => (name, Some(revision)),
        None => (stem, None),
    };
    if let (None, Some(id)) = (revision, schema.module_by_name(name)) {
        return Some(Arc::clone(&schema.module(id).text));
    }
    let modules = schema.modules().iter().map(|module| (&module.name, &module.revision, &module.text));
    let parts = schema.modules().iter().flat_map(|module| &module.submodules);
    let mut texts = modules.chain(parts.map(|part| (&part.name, &part.revision, &part.text)));
    let found =
        texts.find(|(of, dated, _)| **of == *name && (revision.is_none() || dated.as_deref() == revision));
    found.map(|(_, _, text)| Arc::clone(text))
}

/// Answers with the text.
///
/// # Errors
/// 406.
pub fn read(text: &Arc<str>, headers: &HeaderMap) -> Result<Reply, Failure> {
    let chosen = media_type(headers, OFFERS).and_then(|index| OFFERS.get(index)).copied();
    let media_type = chosen.ok_or_else(|| {
        let message = format!("the text of a module is produced as {}", OFFERS.join(" and "));
        Refusal::new(StatusCode::NOT_ACCEPTABLE, ErrorTag::InvalidValue, message)
    })?;
    let reply =
        Reply::with_body(StatusCode::OK, HeaderValue::from_static(media_type), text.as_bytes().to_vec());
    Ok(reply.header(CACHE_CONTROL, HeaderValue::from_static("private, no-cache")))
}
