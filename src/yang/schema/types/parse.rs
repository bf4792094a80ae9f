//! From a scalar to a value.

use super::{ParseContext, Raw, Type, TypeError};
use crate::yang::schema::value::Value;

pub(super) fn parse(_ty: &Type, _raw: Raw<'_>, _context: ParseContext<'_>) -> Result<Value, TypeError> {
    Err(TypeError { message: String::new(), app_tag: None })
}
