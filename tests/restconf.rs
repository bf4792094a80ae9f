//! RESTCONF from outside: `restconf/` is a folder of conversations, named after the sections of RFC 8040 and others that
//! they show.

#[test]
fn conversations() {
    crate::conversation::hold("restconf");
}
