//! What a write says besides what it changes, by query parameters that every dialect has under the same names: `comment`,
//! `confirmed`, `persist` and `persist-id`.

use crate::base::error::ErrorTag;
use crate::data::path::InstancePath;
use crate::data::violation::Violation;
use crate::engine::{Confirmed, WriteOptions};

/// How long a comment, and a name by which others may confirm, can be, in characters.
const LONGEST: usize = 1_000;

/// What values of `comment` look like.
pub const COMMENT: &str = "a text of at most 1,000 characters";
/// What it does.
pub const COMMENT_DOC: &str = "why the change is made; the history of commits shows it";
/// What values of `confirmed` look like.
pub const CONFIRMED: &str = "a number of seconds from 1 to 4294967295, or nothing for 600";
/// What it does.
pub const CONFIRMED_DOC: &str =
    "the change, and all that follow it, is undone unless it is confirmed in that time";
/// What values of `persist` and `persist-id` look like.
pub const PERSIST: &str = "a text of at most 1,000 characters, beside confirmed";
/// What `persist` does.
pub const PERSIST_DOC: &str = "whoever knows this text may confirm the change";
/// What `persist-id` does.
pub const PERSIST_ID_DOC: &str = "the text of the change that waits for confirmation already, to extend it";

/// The parameters of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writing {
    /// `comment`.
    pub comment: Option<String>,
    /// `confirmed`, in seconds.
    pub confirmed: Option<u32>,
    /// `persist`.
    pub persist: Option<String>,
    /// `persist-id`.
    pub persist_id: Option<String>,
}

impl Writing {
    /// Reads a `comment`; `None` when it is not of the form.
    pub fn comment(&mut self, text: &str) -> Option<()> {
        self.comment = Some(bounded(text)?);
        Some(())
    }

    /// Reads a `confirmed`.
    pub fn confirmed(&mut self, text: &str) -> Option<()> {
        self.confirmed = match text {
            "" => Some(Confirmed::TIMEOUT),
            // A sign would parse, and means nothing here.
            _ if text.bytes().all(|digit| digit.is_ascii_digit()) => {
                text.parse().ok().filter(|time| *time > 0)
            }
            _ => None,
        };
        self.confirmed.map(|_| ())
    }

    /// Reads a `persist`.
    pub fn persist(&mut self, text: &str) -> Option<()> {
        self.persist = Some(bounded(text)?);
        Some(())
    }

    /// Reads a `persist-id`.
    pub fn persist_id(&mut self, text: &str) -> Option<()> {
        self.persist_id = Some(bounded(text)?);
        Some(())
    }

    /// What they come to.
    ///
    /// # Errors
    /// `bad-attribute` for one that means nothing without `confirmed`.
    pub fn options(&self) -> Result<WriteOptions, Violation> {
        let Writing { comment, confirmed, persist, persist_id } = self;
        let confirmed = confirmed.map(|timeout| Confirmed {
            timeout,
            persist: persist.clone(),
            persist_id: persist_id.clone(),
        });
        let lonely = match (&confirmed, persist, persist_id) {
            (None, Some(_), _) => "persist",
            (None, _, Some(_)) => "persist-id",
            _ => return Ok(WriteOptions { comment: comment.clone(), confirmed, candidate: false }),
        };
        let message = format!("'{lonely}' means nothing without 'confirmed'");
        let violation = Violation::new(ErrorTag::BadAttribute, InstancePath::root(), message);
        Err(violation.info("bad-attribute", lonely))
    }
}

fn bounded(text: &str) -> Option<String> {
    (!text.is_empty() && text.chars().count() <= LONGEST).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_write_says_is_read_and_held_together() {
        let mut writing = Writing::default();
        assert_eq!(writing.options().unwrap(), WriteOptions::default());
        for text in ["", "60", "4294967295"] {
            assert!(writing.confirmed(text).is_some(), "{text}");
        }
        for text in ["0", "-1", "+1", "x", "4294967296", "1.5"] {
            assert!(writing.confirmed(text).is_none(), "{text}");
        }
        assert!(writing.comment("").is_none() && writing.comment(&"x".repeat(1_001)).is_none());
        writing.persist("p").unwrap();
        let refused = writing.options().unwrap_err();
        assert_eq!(refused.message, "'persist' means nothing without 'confirmed'");
        writing.confirmed("").unwrap();
        let confirmed = writing.options().unwrap().confirmed.unwrap();
        assert_eq!((confirmed.timeout, confirmed.persist.as_deref()), (600, Some("p")));
    }
}
