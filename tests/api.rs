//! The REST API from outside: `api/` is a folder of conversations with it, and what strangers send on purpose.

mod hostile;

#[test]
fn conversations() {
    crate::conversation::hold("api");
}
