//! `bits` (RFC 7950 section 9.7).

use std::fmt::Write as _;

use super::parse::{Found, joined, text_of};
use super::{Bit, Raw, TypeError};
use crate::yang::schema::value::Value;

pub(super) fn parse(bits: &[Bit], raw: Raw<'_>) -> Result<Value, TypeError> {
    let text = text_of(raw, "a set of bits")?;
    let mut set = vec![false; bits.len()];
    for name in text.split_ascii_whitespace() {
        let position = bits.iter().position(|bit| bit.name == *name);
        match position.and_then(|position| set.get_mut(position)) {
            Some(flag) if *flag => {
                return Err(TypeError::new(format!("{} names the bit '{name}' twice", Found(raw))));
            }
            Some(flag) => *flag = true,
            None => {
                let known = joined(bits.iter().map(|bit| bit.name.as_str()));
                return Err(TypeError::new(format!(
                    "{} is not among the bits {known}",
                    Found(Raw::Text(name))
                )));
            }
        }
    }
    let mut canonical = String::with_capacity(text.len());
    for (bit, _) in bits.iter().zip(&set).filter(|(_, set)| **set) {
        let space = if canonical.is_empty() { "" } else { " " };
        let _ = write!(canonical, "{space}{}", bit.name);
    }
    Ok(Value::Bits(canonical.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits() -> Vec<Bit> {
        ["read", "write", "run"]
            .into_iter()
            .zip(0..)
            .map(|(name, position)| Bit { name: name.into(), position, is_conditional: false })
            .collect()
    }

    #[test]
    fn rfc7950_9_7_2_canonical_order_is_by_position() {
        assert_eq!(parse(&bits(), Raw::Text(" run  read")).unwrap().to_string(), "read run");
        assert_eq!(parse(&bits(), Raw::Text("")).unwrap().to_string(), "");
    }

    #[test]
    fn rfc7950_9_7_2_unknown_and_repeated_bits_are_refused() {
        assert_eq!(
            parse(&bits(), Raw::Text("read fly")).unwrap_err().message,
            "'fly' is not among the bits read, write, run"
        );
        assert!(parse(&bits(), Raw::Text("read read")).is_err());
    }
}
