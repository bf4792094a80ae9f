//! The Vault dialect from outside: `vault/` is a folder of conversations, `clients` drives it with clients from their
//! registries, and `jwt` is about log ins that need an issuer.

mod asking;
mod audit;
mod clients;
mod jwt;
mod provider;
mod recorder;
mod references;
mod security;

#[test]
fn conversations() {
    crate::conversation::hold("vault");
}
