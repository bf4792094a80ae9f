//! The JSON of a record as it stands in the log. Reading it is serde's work; written it is here, so that the texts of rows, by
//! far the most of it, are copied and not looked at again.

use std::io::Write as _;

use serde_json::Error;

use super::{EditRecord, NotificationRecord, Record, RowValue, TransactionRecord};
use crate::base::json::text::append_quoted;

impl Record {
    /// About how many bytes its JSON has; less only where much has to be escaped.
    pub fn json_length(&self) -> usize {
        let told =
            |told: &NotificationRecord| 64 + told.at.len() + told.name.len() + told.content.expose().len();
        let edit = |edit: &EditRecord| {
            24 + edit.path.len() + edit.value.as_ref().map_or(0, |value| value.expose().len())
        };
        let transaction = |made: &TransactionRecord| {
            let texts = made.tenant.len() + made.request_id.len() + made.actor.len();
            let comment = made.comment.as_deref().map_or(0, str::len);
            let edits: usize = made.edits.iter().map(edit).sum();
            128 + texts + comment + edits + made.notifications.iter().map(told).sum::<usize>()
        };
        128 + self.transactions.iter().map(transaction).sum::<usize>()
    }

    /// Appends its JSON.
    ///
    /// # Errors
    /// None: writing to memory does not fail.
    pub fn append_json(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        write!(out, r#"{{"id":"{}","time":{},"transactions":"#, self.id, self.time.0).map_err(Error::io)?;
        array(out, &self.transactions, transaction)?;
        out.push(b'}');
        Ok(())
    }
}

fn transaction(out: &mut Vec<u8>, transaction: &TransactionRecord) -> Result<(), Error> {
    text(out, r#"{"tenant":"#, &transaction.tenant)?;
    text(out, r#","request-id":"#, &transaction.request_id)?;
    text(out, r#","actor":"#, &transaction.actor)?;
    if let Some(comment) = &transaction.comment {
        text(out, r#","comment":"#, comment)?;
    }
    out.extend_from_slice(br#","edits":"#);
    array(out, &transaction.edits, edit)?;
    if !transaction.notifications.is_empty() {
        out.extend_from_slice(br#","notifications":"#);
        array(out, &transaction.notifications, notification)?;
    }
    out.push(b'}');
    Ok(())
}

fn edit(out: &mut Vec<u8>, edit: &EditRecord) -> Result<(), Error> {
    text(out, r#"{"path":"#, &edit.path)?;
    if let Some(content) = &edit.value {
        value(out, r#","value":"#, content);
    }
    out.push(b'}');
    Ok(())
}

fn notification(out: &mut Vec<u8>, notification: &NotificationRecord) -> Result<(), Error> {
    text(out, r#"{"at":"#, &notification.at)?;
    text(out, r#","name":"#, &notification.name)?;
    value(out, r#","content":"#, &notification.content);
    out.push(b'}');
    Ok(())
}

fn text(out: &mut Vec<u8>, name: &str, text: &str) -> Result<(), Error> {
    out.extend_from_slice(name.as_bytes());
    append_quoted(text, out)
}

fn value(out: &mut Vec<u8>, name: &str, value: &RowValue) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(value.expose().as_bytes());
}

fn array<T>(
    out: &mut Vec<u8>,
    items: &[T],
    mut write: impl FnMut(&mut Vec<u8>, &T) -> Result<(), Error>,
) -> Result<(), Error> {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item)?;
    }
    out.push(b']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::base::clock::Timestamp;

    #[test]
    fn a_record_survives_json_and_debug_shows_no_value() {
        let json = concat!(
            r#"{"id":"00000000-0000-0000-0000-000000000007","time":1700000000000001,"transactions":["#,
            r#"{"tenant":"acme","request-id":"r\"1","actor":"alice","comment":"why","edits":["#,
            r#"{"path":"/a:b[name='x']","value":{"name":"x","pin":"hunter2"}},{"path":"/a:b[name='y']"}]},"#,
            r#"{"tenant":"acme","request-id":"r2","actor":"bob","edits":[],"notifications":["#,
            r#"{"at":"/","name":"a:told","content":{"a:told":{"pin":"hunter2"}}}]}]}"#,
        );
        let record: Record = serde_json::from_str(json).unwrap();
        assert_eq!((record.id, record.time), (Uuid::from_u128(7), Timestamp(1_700_000_000_000_001)));
        assert_eq!(record.transactions[0].request_id, "r\"1");
        assert_eq!(record.transactions[0].comment.as_deref(), Some("why"));
        assert_eq!(record.transactions[0].edits[0].value.as_ref().unwrap().expose().len(), 28);
        assert!(record.transactions[0].edits[1].value.is_none());
        assert_eq!(record.transactions[1].notifications[0].name, "a:told");
        assert!(!format!("{record:?}").contains("hunter2"));
        let mut written = Vec::new();
        record.append_json(&mut written).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), json);
        assert!((json.len()..2 * json.len()).contains(&record.json_length()), "{}", json.len());
    }
}
