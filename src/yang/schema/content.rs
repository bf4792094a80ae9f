//! What tells one set of modules from another: the content-id of the YANG library (RFC 8525 section 3).

use aws_lc_rs::digest::{Context, SHA256};

use super::{Module, Schema};
use crate::base::ident::Ident;

impl Schema {
    /// An identifier of the modules with their texts, revisions, features and whether they are implemented: the same for
    /// the same set, whatever order it was loaded in, and another one as soon as anything in it is another. 32 hexadecimal
    /// digits.
    pub fn content_id(&self) -> Ident {
        let mut modules: Vec<&Module> = self.modules.iter().collect();
        modules.sort_by(|a, b| (&a.name, &a.revision).cmp(&(&b.name, &b.revision)));
        let mut context = Context::new(&SHA256);
        for module in modules {
            text(&mut context, &module.name);
            text(&mut context, module.revision.as_deref().unwrap_or_default());
            context.update(&[u8::from(module.implemented)]);
            context.update(&(module.features.len() as u64).to_be_bytes());
            for feature in &module.features {
                text(&mut context, feature);
            }
            context.update(&module.digest);
        }
        let digest = context.finish();
        let digits: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ident::from(digits)
    }
}

/// With its length in front, so that two texts in a row are never another two.
fn text(context: &mut Context, text: &str) {
    context.update(&(text.len() as u64).to_be_bytes());
    context.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use crate::base::ident::Ident;
    use crate::yang::{Features, Library, Wanted, compile};

    fn content_id(texts: &[&str], wanted: &[Wanted]) -> Ident {
        let mut library = Library::new();
        for text in texts {
            library.add_text("x.yang", text);
        }
        compile(&mut library, wanted).0.unwrap().content_id()
    }

    #[test]
    fn rfc8525_3_it_changes_with_every_part_of_the_set_and_with_nothing_else() {
        let a = "module a { namespace urn:a; prefix a; feature f; leaf x { type string; } }";
        let b = "module b { namespace urn:b; prefix b; import a { prefix a; } }";
        let (want_a, want_b) = (Wanted::latest("a"), Wanted::latest("b"));
        let both = content_id(&[a, b], &[want_a.clone(), want_b.clone()]);
        assert_eq!(both.len(), 32);
        assert_eq!(both, content_id(&[b, a], &[want_b.clone(), want_a.clone()]));
        let other_text = a.replace("string", "int8");
        let without_feature = Wanted { features: Features::Only(Vec::new()), ..want_a.clone() };
        for other in [
            content_id(&[a, b], std::slice::from_ref(&want_a)),
            content_id(&[a, b], std::slice::from_ref(&want_b)),
            content_id(&[&other_text, b], &[want_a, want_b.clone()]),
            content_id(&[a, b], &[without_feature, want_b]),
        ] {
            assert_ne!(both, other);
        }
    }

    #[test]
    fn a_changed_submodule_changes_it() {
        let main = "module a { yang-version 1.1; namespace urn:a; prefix a; include s; }";
        let part = "submodule s { yang-version 1.1; belongs-to a { prefix a; } leaf x { type string; } }";
        let one = content_id(&[main, part], &[Wanted::latest("a")]);
        let other = content_id(&[main, &part.replace("string", "int8")], &[Wanted::latest("a")]);
        assert_ne!(one, other);
    }
}
