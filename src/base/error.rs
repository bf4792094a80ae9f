//! The table of error-tags (RFC 8040 section 7): the one vocabulary in which every layer says what went wrong.

use std::fmt;

macro_rules! error_tags {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $status:literal;)*) => {
        /// What kind of error, in the words of NETCONF (RFC 6241 appendix A).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorTag { $($(#[$doc])* $variant,)* }

        impl ErrorTag {
            /// Every tag, in the order of the table.
            pub const ALL: &'static [ErrorTag] = &[$(ErrorTag::$variant,)*];

            /// The tag as it stands in an error body.
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorTag::$variant => $text,)* }
            }

            /// The status code that RFC 8040 section 7 maps the tag to (the first where it offers a choice).
            pub const fn status(self) -> u16 {
                match self { $(ErrorTag::$variant => $status,)* }
            }
        }
    };
}

error_tags! {
    /// The resource is used by something else: a key that an issuer still signs with.
    InUse = "in-use", 409;
    /// A value outside its type, range, pattern or constraint.
    InvalidValue = "invalid-value", 400;
    /// The request or an answer to it exceeds a limit.
    TooBig = "too-big", 413;
    /// An attribute (in HTTP: a header or a query parameter) is missing.
    MissingAttribute = "missing-attribute", 400;
    /// An attribute has a value that is not allowed.
    BadAttribute = "bad-attribute", 400;
    /// An attribute is not known here.
    UnknownAttribute = "unknown-attribute", 400;
    /// A mandatory node is missing.
    MissingElement = "missing-element", 400;
    /// A node's value is not of its type.
    BadElement = "bad-element", 400;
    /// The model has no such node here.
    UnknownElement = "unknown-element", 400;
    /// The model has no such module.
    UnknownNamespace = "unknown-namespace", 400;
    /// Policy refuses.
    AccessDenied = "access-denied", 403;
    /// Somebody else holds a lock.
    LockDenied = "lock-denied", 409;
    /// A resource (memory, disk, rate) is exhausted.
    ResourceDenied = "resource-denied", 409;
    /// A roll back could not be completed.
    RollbackFailed = "rollback-failed", 500;
    /// The instance exists already.
    DataExists = "data-exists", 409;
    /// The instance does not exist.
    DataMissing = "data-missing", 409;
    /// The method is not possible on this resource.
    OperationNotSupported = "operation-not-supported", 405;
    /// The operation failed for a reason that no other tag describes.
    OperationFailed = "operation-failed", 500;
    /// Part of the operation was done.
    PartialOperation = "partial-operation", 500;
    /// The message could not be read at all.
    MalformedMessage = "malformed-message", 400;
}

impl fmt::Display for ErrorTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
