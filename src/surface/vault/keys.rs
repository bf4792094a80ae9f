//! Seal keys in the two forms of clients: hexadecimal digits and base64. A share is one byte longer than the key: at its end
//! is its number, which the model writes in front of it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::fault::Fault;
use crate::base::secret::Secret;

/// What somebody gives, a whole key or a share, as input of the model.
///
/// # Errors
/// 400 for a text that is neither of the forms.
pub fn offered(key: &str) -> Result<Map<String, Value>, Fault> {
    let wrong = || Fault::bad_request("'key' must be a valid hex or base64 string");
    let bytes = unpacked(key).ok_or_else(wrong)?;
    let given = match bytes.split_last() {
        Some((number, part)) if bytes.len() % 2 == 1 => {
            ("shares".to_owned(), json!([format!("{number}:{}", STANDARD.encode(part))]))
        }
        _ => ("seal-key".to_owned(), STANDARD.encode(bytes.as_slice()).into()),
    };
    Ok(Map::from_iter([given]))
}

/// Puts a new key that is shown into an answer: its shares, or the key itself where there is but one.
///
/// # Errors
/// 500 for keys that the model does not make.
pub fn show(seal_key: &Secret, shares: &[Secret], shown: &mut Map<String, Value>) -> Result<(), Fault> {
    let keys: Vec<Zeroizing<Vec<u8>>> = match shares {
        [] | [_] => STANDARD.decode(seal_key.expose()).map(|key| vec![Zeroizing::new(key)]),
        shares => shares.iter().map(packed).collect(),
    }
    .map_err(|error| super::call::internal(&error.to_string()))?;
    let hex = |key: &Zeroizing<Vec<u8>>| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    shown.insert("keys".to_owned(), keys.iter().map(hex).collect());
    shown.insert("keys_base64".to_owned(), keys.iter().map(|key| STANDARD.encode(key.as_slice())).collect());
    Ok(())
}

/// A share `NUMBER:BASE64` as bytes: the part and then its number.
fn packed(share: &Secret) -> Result<Zeroizing<Vec<u8>>, base64::DecodeError> {
    let share = share.expose_text().unwrap_or_default();
    let (number, part) = share.split_once(':').unwrap_or(("0", share));
    let mut bytes = Zeroizing::new(STANDARD.decode(part)?);
    bytes.push(number.parse().unwrap_or(0));
    Ok(bytes)
}

/// Hexadecimal digits or base64.
fn unpacked(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim();
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let hex = || -> Option<Vec<u8>> {
        let all = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        all.then(|| text.as_bytes().chunks_exact(2).map(digits).collect::<Option<_>>())?
    };
    let bytes = hex().or_else(|| STANDARD.decode(text).ok()).or_else(|| URL_SAFE_NO_PAD.decode(text).ok())?;
    (!bytes.is_empty()).then(|| Zeroizing::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_goes_out_and_comes_back_in_both_forms() {
        let share = Secret::from_text("7:AAECAwQFBgcICQoLDA0ODw==".to_owned());
        let key = Secret::from_text("AAECAwQFBgcICQoLDA0ODw==".to_owned());
        let mut shown = Map::new();
        show(&key, &[share.clone(), share], &mut shown).unwrap();
        for name in ["keys", "keys_base64"] {
            let text = shown[name][0].as_str().unwrap();
            assert_eq!(offered(text).unwrap()["shares"], json!(["7:AAECAwQFBgcICQoLDA0ODw=="]), "{name}");
        }
    }

    #[test]
    fn a_key_that_is_not_split_is_shown_whole() {
        let key = Secret::from_text("AAECAwQFBgcICQoLDA0ODw==".to_owned());
        let mut shown = Map::new();
        show(&key, &[], &mut shown).unwrap();
        assert_eq!(shown["keys"], json!(["000102030405060708090a0b0c0d0e0f"]));
        assert_eq!(
            offered(shown["keys"][0].as_str().unwrap()).unwrap()["seal-key"],
            "AAECAwQFBgcICQoLDA0ODw=="
        );
        assert!(offered("no key!").is_err());
    }
}
