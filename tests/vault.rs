//! The Vault dialect from outside: `vault/` is a folder of conversations, and `clients` drives it with clients from their
//! registries.

mod clients;

#[test]
fn conversations() {
    crate::conversation::hold("vault");
}
