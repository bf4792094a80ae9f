//! `?site=`: which site is to answer. This one answers for itself only; the connection to others is not built yet.

use hyper::StatusCode;

use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::violation::{Violation, shorten};
use crate::engine::{Engine, SYSTEM_TENANT};
use crate::surface::failure::Failure;
use crate::yang::schema::Value;

/// The list of the model that names the other sites.
const SITES: &str = "/sites";

/// Whether this site may answer a request.
///
/// # Errors
/// 404 for a site that nobody has heard of, 503 for one that is known and cannot be reached.
pub fn check(engine: &Engine, wanted: Option<&str>) -> Result<(), Failure> {
    let Some(wanted) = wanted.filter(|wanted| engine.settings().site != *wanted) else { return Ok(()) };
    if is_known(engine, wanted) {
        return Err(Failure::site_unreachable(wanted));
    }
    let message = format!("there is no site '{}'; this one is '{}'", shorten(wanted), engine.settings().site);
    let violation = Violation::new(ErrorTag::DataMissing, InstancePath::root(), message);
    Err(Failure::new(StatusCode::NOT_FOUND, violation.info("bad-attribute", "site")))
}

fn is_known(engine: &Engine, site: &str) -> bool {
    let Some(list) = engine.schema().find(SITES) else { return false };
    let path = InstancePath::root().child(list).entry([Value::string(site)]);
    engine.snapshot().entry(SYSTEM_TENANT, &path).is_some()
}
