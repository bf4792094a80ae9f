//! The statement tree: what a YANG text says, before any of it is understood.

use super::keyword::KeywordId;
use crate::base::diagnostic::Span;
use crate::base::ident::Ident;

/// A keyword as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keyword {
    /// A statement of RFC 7950.
    Known(KeywordId),
    /// `prefix:name`: a use of an extension (RFC 7950 section 6.3.1).
    Extension {
        /// The prefix of the module that defines it.
        prefix: Ident,
        /// Its name there.
        name: Ident,
    },
    /// Neither.
    Unknown(Ident),
}

impl std::fmt::Display for Keyword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Keyword::Known(id) => f.write_str(id.as_str()),
            Keyword::Extension { prefix, name } => write!(f, "{prefix}:{name}"),
            Keyword::Unknown(name) => f.write_str(name),
        }
    }
}

/// The argument of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The string that it stands for: quotes, escapes, indentation and `+` worked off (RFC 7950 section 6.1.3).
    pub text: Ident,
    /// Where it is written, quotes and all; see [`super::string::locate`] for places inside it.
    pub span: Span,
}

/// One statement with everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it is.
    pub keyword: Keyword,
    /// Where the keyword is written.
    pub keyword_span: Span,
    /// Its argument, if one is written.
    pub argument: Option<Argument>,
    /// The statements in its block, in the order in which they are written.
    pub substatements: Vec<Statement>,
    /// From the keyword to the final `;` or `}`.
    pub span: Span,
}

impl Statement {
    /// The RFC 7950 statement that it is; `None` for extensions and unknown keywords.
    pub fn id(&self) -> Option<KeywordId> {
        match self.keyword {
            Keyword::Known(id) => Some(id),
            Keyword::Extension { .. } | Keyword::Unknown(_) => None,
        }
    }

    /// Whether it is that statement of RFC 7950.
    pub fn is(&self, id: KeywordId) -> bool {
        self.id() == Some(id)
    }

    /// The argument as text; empty where none is written.
    pub fn text(&self) -> &str {
        self.argument.as_ref().map_or("", |argument| argument.text.as_str())
    }

    /// Where the argument is written, or the keyword where there is none.
    pub fn argument_span(&self) -> Span {
        self.argument.as_ref().map_or(self.keyword_span, |argument| argument.span)
    }

    /// Keyword and argument, without the block: the part to underline.
    pub fn head_span(&self) -> Span {
        self.keyword_span.to(self.argument_span())
    }

    /// The first substatement of that kind.
    pub fn find(&self, id: KeywordId) -> Option<&Statement> {
        self.substatements.iter().find(|substatement| substatement.is(id))
    }

    /// All substatements of that kind, in order.
    pub fn all(&self, id: KeywordId) -> impl Iterator<Item = &Statement> {
        self.substatements.iter().filter(move |substatement| substatement.is(id))
    }

    /// The argument of the first substatement of that kind.
    pub fn text_of(&self, id: KeywordId) -> Option<&Ident> {
        self.find(id)?.argument.as_ref().map(|argument| &argument.text)
    }
}
