//! The Vault dialect from outside: `vault/` is a folder of conversations, and `interop` drives it with clients from their
//! registries.

#[test]
fn conversations() {
    crate::conversation::hold("vault");
}
