//! The path of a rule: names and keys with `/` between them, `*` for any one of them, `**` for a subtree.
//!
//! Written as a path of the `/v1` dialect without its prefix (`strongbox/jwt-issuers/*/roles/**`), a leading slash
//! being a matter of taste. Keys are percent-encoded; several keys of one entry are separated by commas.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

/// One segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PatternSegment {
    /// A name or the keys of an entry.
    Literal(Literal),
    /// `*`: exactly one name or one entry's keys.
    Any,
    /// `**`: any number of segments, none included, so that `a/**` matches `a` as well.
    Subtree,
}

/// A segment that stands for itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Literal {
    /// As it was written: what a name is compared with.
    pub text: Box<str>,
    /// Its parts between commas, percent-decoded: what the keys of an entry are compared with.
    pub keys: Vec<Box<str>>,
}

/// A parsed rule path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    /// Its segments; none is the root of the tree.
    pub segments: Vec<PatternSegment>,
}

/// Why a text is not a rule path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Two slashes in a row, or one at the end.
    #[error(
        "segment {position} of the path is empty; write one '/' between names, as in strongbox/jwt-issuers/*"
    )]
    Empty {
        /// Which segment, from 1.
        position: usize,
    },
    /// A star among other characters.
    #[error(
        "'{found}' mixes a star with other characters; '*' stands for one whole segment, '**' for a subtree, \
         and a key that holds a star writes it %2A"
    )]
    Star {
        /// The segment, at most 64 characters of it.
        found: String,
    },
    /// A percent-encoding that does not give UTF-8.
    #[error("'{found}' is not percent-encoded UTF-8")]
    Encoding {
        /// The segment, at most 64 characters of it.
        found: String,
    },
}

impl PathPattern {
    /// How specific the pattern is: the number of its literal segments.
    pub fn literals(&self) -> u16 {
        let count =
            self.segments.iter().filter(|segment| matches!(segment, PatternSegment::Literal(_))).count();
        u16::try_from(count).unwrap_or(u16::MAX)
    }
}

impl FromStr for PathPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let inner = text.strip_prefix('/').unwrap_or(text);
        if inner.is_empty() {
            return Ok(PathPattern { segments: Vec::new() });
        }
        let mut segments: Vec<PatternSegment> = Vec::new();
        for (index, part) in inner.split('/').enumerate() {
            let segment = match part {
                "" => return Err(PatternError::Empty { position: index + 1 }),
                "*" => PatternSegment::Any,
                "**" => PatternSegment::Subtree,
                _ => PatternSegment::Literal(literal(part)?),
            };
            // `**/**` says no more than `**`, and would only make the compiled form larger.
            if segment != PatternSegment::Subtree || segments.last() != Some(&PatternSegment::Subtree) {
                segments.push(segment);
            }
        }
        Ok(PathPattern { segments })
    }
}

fn literal(part: &str) -> Result<Literal, PatternError> {
    let found = || part.chars().take(64).collect::<String>();
    if part.contains('*') {
        return Err(PatternError::Star { found: found() });
    }
    let keys = part
        .split(',')
        .map(|key| percent_decode_str(key).decode_utf8().map(|key| Box::from(&*key)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| PatternError::Encoding { found: found() })?;
    Ok(Literal { text: part.into(), keys })
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments.iter().enumerate() {
            let text = match segment {
                PatternSegment::Literal(literal) => &*literal.text,
                PatternSegment::Any => "*",
                PatternSegment::Subtree => "**",
            };
            write!(f, "{}{text}", if index == 0 { "" } else { "/" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PathPattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_leading_slash_makes_no_difference() {
        assert_eq!(pattern("/strongbox/jwt-issuers/*"), pattern("strongbox/jwt-issuers/*"));
        assert_eq!(pattern("/").segments, []);
    }

    #[test]
    fn keys_are_decoded_and_split_at_commas_that_are_not_encoded() {
        let PatternSegment::Literal(literal) = &pattern("list/a%2Cb,c%2Fd").segments[1] else { panic!() };
        assert_eq!(literal.keys, [Box::from("a,b"), Box::from("c/d")]);
    }

    #[test]
    fn literal_segments_are_what_makes_a_pattern_specific() {
        assert_eq!(pattern("strongbox/*/x/**").literals(), 2);
        assert_eq!(pattern("**").literals(), 0);
    }

    #[test]
    fn empty_segments_stray_stars_and_bad_encodings_are_refused() {
        assert_eq!("a//b".parse::<PathPattern>(), Err(PatternError::Empty { position: 2 }));
        assert_eq!("a/".parse::<PathPattern>(), Err(PatternError::Empty { position: 2 }));
        assert!(matches!("a/pay*".parse::<PathPattern>(), Err(PatternError::Star { .. })));
        assert!(matches!("a/%ff".parse::<PathPattern>(), Err(PatternError::Encoding { .. })));
    }

    #[test]
    fn neighbouring_subtrees_are_one() {
        assert_eq!(pattern("a/**/**/b").to_string(), "a/**/b");
    }
}
