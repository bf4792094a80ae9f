//! `enumeration` (RFC 7950 section 9.6).

use super::parse::{Found, joined, text_of};
use super::{EnumName, Raw, TypeError};
use crate::yang::schema::value::Value;

pub(super) fn parse(names: &[EnumName], raw: Raw<'_>) -> Result<Value, TypeError> {
    let wrong = || {
        let known = joined(names.iter().map(|known| known.name.as_str()));
        TypeError::new(format!("{} is not one of {known}", Found(raw)))
    };
    let text = text_of(raw, "").map_err(|_| wrong())?;
    names
        .iter()
        .find(|known| known.name == *text)
        .map(|known| Value::Enum(known.name.clone()))
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7950_9_6_1_a_refusal_lists_the_names() {
        let names: Vec<EnumName> = ["ES256", "ES384"]
            .into_iter()
            .zip(0..)
            .map(|(name, value)| EnumName { name: name.into(), value, is_conditional: false })
            .collect();
        assert_eq!(parse(&names, Raw::Text("ES384")).unwrap(), Value::Enum("ES384".into()));
        assert_eq!(
            parse(&names, Raw::Text("ES999")).unwrap_err().message,
            "'ES999' is not one of ES256, ES384"
        );
        assert_eq!(parse(&names, Raw::Uint(0)).unwrap_err().message, "0 is not one of ES256, ES384");
        assert!(parse(&names, Raw::Text(" ES256")).is_err());
    }
}
