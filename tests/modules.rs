//! Modules of a user's own, as an operator meets them: loaded, refused, kept over restarts.

use std::path::{Path, PathBuf};
use std::process::Child;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::conversation::wire::exchange;
use crate::daemon::{run, serve, start, stop};

/// A directory for modules, and one for data.
struct Place {
    _dir: TempDir,
    yang: PathBuf,
    data: PathBuf,
}

impl Place {
    fn new(modules: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Place { yang: dir.path().join("yang"), data: dir.path().join("data"), _dir: dir };
        std::fs::create_dir(&place.yang).unwrap();
        for (name, text) in modules {
            place.write(name, text);
        }
        place
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.yang.join(format!("{name}.yang")), text).unwrap();
    }

    /// The flags that serve these modules.
    fn flags<'a>(&'a self, modules: &[&'a str]) -> Vec<&'a str> {
        let mut flags = vec!["--yang-dir", self.yang.to_str().unwrap()];
        if !modules.is_empty() {
            flags.push("--module");
            flags.extend(modules);
        }
        flags
    }
}

/// A daemon that serves.
struct Served {
    child: Child,
    address: String,
    token: String,
}

impl Served {
    fn start(data: &Path, flags: &[&str]) -> Self {
        let (child, log) = start(data, flags);
        let address = log.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
        let token = std::fs::read_to_string(data.join("root-token")).unwrap().trim().to_owned();
        Served { child, address: format!("http://{address}"), token }
    }

    /// Status and body.
    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} /v1/{path} HTTP/1.1\r\nhost: box\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.token,
            body.len()
        );
        let answer = exchange(&self.address, request.as_bytes()).unwrap();
        (answer.status(), serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn put(&self, path: &str, body: &Value) {
        let (status, answer) = self.send("PUT", path, Some(body));
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
    }

    fn stop(self) {
        stop(self.child);
    }
}

const SHELF: &str = "module shelf {
  yang-version 1.1; namespace urn:shelf; prefix s;
  container shelf {
    list books { key isbn; leaf isbn { type string; } leaf title { type string; } leaf-list authors { type string; ordered-by user; } }
  }
}";

#[test]
fn data_of_a_users_module_is_there_after_a_restart() {
    let place = Place::new(&[("shelf", SHELF)]);
    let served = Served::start(&place.data, &place.flags(&["shelf"]));
    let book = json!({"isbn": "1", "title": "Emma", "authors": ["B", "A"]});
    served.put("config/shelf/books/1", &book);
    served.stop();
    let served = Served::start(&place.data, &place.flags(&["shelf"]));
    assert_eq!(served.get("config/shelf/books/1"), book);
    assert_eq!(served.get("state/shelf/books?count"), json!(1));
    served.stop();
}

#[test]
fn a_name_that_two_modules_have_is_asked_for_with_its_module() {
    let rival = "module rival { yang-version 1.1; namespace urn:rival; prefix r; \
                 container strongbox { leaf colour { type string; } } rpc login { input { leaf who { type string; } } } \
                 container shelf { leaf width { type uint8; } } }";
    let place = Place::new(&[("shelf", SHELF), ("rival", rival)]);
    let served = Served::start(&place.data, &place.flags(&["shelf", "rival"]));
    for (path, told) in [
        ("config/strongbox", "write one of strongbox:strongbox, rival:strongbox"),
        ("config/shelf/books", "write one of shelf:shelf, rival:shelf"),
    ] {
        let (status, body) = served.send("GET", path, None);
        assert_eq!(status, 404);
        assert!(body.to_string().contains(told), "{body}");
    }
    served.put("config/rival:shelf", &json!({"width": 3}));
    served.put("config/shelf:shelf", &json!({"books": [{"isbn": "1"}]}));
    let (status, body) = served.send("PATCH", "config/rival:strongbox", Some(&json!({"colour": "red"})));
    assert_eq!(status, 204, "{body}");
    assert_eq!(
        served.get("config?fields=rival:shelf,shelf:shelf"),
        json!({"rival:shelf": {"width": 3}, "shelf:shelf": {"books": [{"isbn": "1"}]}})
    );
    // What the product's own code means by a name is not changed by a module that has the same.
    served.put("config/strongbox:strongbox/transit-keys/k", &json!({"cipher": "ecdsa-p256"}));
    let (status, body) = served.send("POST", "strongbox-authentication:login", Some(&json!({})));
    assert_eq!(status, 400, "{body}");
    let (status, body) = served.send("POST", "rival:login", Some(&json!({"who": "me"})));
    assert_eq!((status, body.pointer("/errors/0/error-tag")), (501, Some(&json!("operation-not-supported"))));
    served.stop();
}

#[test]
fn a_module_with_errors_stops_the_start_with_every_place() {
    let place = Place::new(&[(
        "bad",
        "module bad {\n  yang-version 1.1;\n  namespace urn:bad;\n  prefix b;\n  leaf a { type strnig; }\n  leaf b { type leafref { path \"../c\"; } }\n}\n",
    )]);
    let (output, errors) = run(&mut serve(&place.data, &place.flags(&["bad"])));
    assert_eq!(output.status.code(), Some(3), "{errors}");
    for told in [
        "bad.yang:5:17",
        "bad.yang:6:36",
        "did you mean the built-in type 'string'?",
        "cannot be served: 2 errors",
    ] {
        assert!(errors.contains(told), "{told:?} is not in\n{errors}");
    }
    assert!(!place.data.exists(), "nothing is made for a model that cannot be served");
    let (output, errors) = run(&mut serve(&place.data, &place.flags(&["bda"])));
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(
        errors.contains("there is no module 'bda'") && errors.contains("did you mean 'bad'?"),
        "{errors}"
    );
}

#[test]
fn the_settings_file_names_modules_and_features_too() {
    let switched = "module switched { yang-version 1.1; namespace urn:sw; prefix s; revision 2020-01-01; feature f; \
                    feature g; container c { leaf x { if-feature f; type string; } leaf y { if-feature g; type string; } } }";
    let place = Place::new(&[("switched@2020-01-01", switched)]);
    let file = place.yang.join("strongbox.yaml");
    let text = format!(
        "yang:\n  dirs: [{}]\n  modules: [switched@2020-01-01]\n  features: ['switched:g']\n",
        place.yang.display()
    );
    std::fs::write(&file, text).unwrap();
    let served = Served::start(&place.data, &["--config", file.to_str().unwrap()]);
    assert_eq!(served.send("PUT", "config/c", Some(&json!({"y": "1"}))).0, 204);
    assert_eq!(served.send("PUT", "config/c", Some(&json!({"x": "1"}))).0, 400);
    served.stop();
    std::fs::write(&file, "yang:\n  modules: [2nd]\n").unwrap();
    let (output, errors) = run(&mut serve(&place.data, &["--config", file.to_str().unwrap()]));
    assert_eq!(output.status.code(), Some(2));
    assert!(
        errors.contains("strongbox.yaml:2:13: yang.modules: '2nd' is not the name of a module"),
        "{errors}"
    );
}

#[test]
fn a_change_of_the_modules_that_data_does_not_fit_is_refused_until_it_is_agreed_to() {
    let place = Place::new(&[("shelf", SHELF)]);
    let served = Served::start(&place.data, &place.flags(&["shelf"]));
    served.put("config/shelf/books/1", &json!({"isbn": "1", "title": "Emma"}));
    served.put("config/shelf/books/x2", &json!({"isbn": "x2", "title": "Persuasion"}));
    served.put("config/strongbox/transit-keys/k", &json!({"cipher": "ecdsa-p256"}));
    served.stop();
    place.write(
        "shelf",
        &SHELF.replace("leaf isbn { type string; }", "leaf isbn { type uint8; } leaf pages { type uint16; }"),
    );

    let flags = place.flags(&["shelf"]);
    for (more, told) in [
        (&[][..], "--upgrade asks whether to drop it"),
        (&["--upgrade"], "there is no terminal to ask on"),
        (&["--validate"], "1 part of the stored data does not fit"),
        (&["--validate", "--upgrade=yes"], "1 part of the stored data does not fit"),
    ] {
        let mut arguments = flags.clone();
        arguments.extend(more);
        let (output, errors) = run(serve(&place.data, &arguments).stdin(std::process::Stdio::null()));
        assert_eq!(output.status.code(), Some(4), "{errors}");
        assert!(errors.contains("does not fit: system /shelf:shelf/books[isbn='x2']: "), "{errors}");
        assert!(errors.contains(told), "{told:?} is not in\n{errors}");
    }

    let mut arguments = flags.clone();
    arguments.push("--upgrade=yes");
    let served = Served::start(&place.data, &arguments);
    assert_eq!(served.get("config/shelf/books"), json!([{"isbn": 1, "title": "Emma"}]));
    assert_eq!(served.get("config/strongbox/transit-keys?keys"), json!(["k"]));
    served.stop();
    let served = Served::start(&place.data, &flags);
    assert_eq!(served.get("config/shelf/books"), json!([{"isbn": 1, "title": "Emma"}]));
    served.stop();

    let (output, errors) = run(&mut serve(&place.data, &[]));
    assert_eq!(output.status.code(), Some(4), "{errors}");
    assert!(errors.contains("does not fit: system /shelf:shelf: "), "{errors}");
    let served = Served::start(&place.data, &["--upgrade", "yes"]);
    assert_eq!(served.send("GET", "config/shelf", None).0, 404);
    assert_eq!(served.get("config/strongbox/transit-keys?keys"), json!(["k"]));
    served.stop();
}

#[test]
fn the_example_is_served_as_its_readme_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let place = Place::new(&[]);
    let text = std::fs::read_to_string(root.join("examples/music/strongbox.yaml")).unwrap();
    let file = place.yang.join("strongbox.yaml");
    std::fs::write(&file, text.replace("examples/", &format!("{}/examples/", root.display()))).unwrap();
    let served = Served::start(&place.data, &["--config", file.to_str().unwrap()]);
    assert_eq!(
        served.get("config/music/artists?where=albums/stars%3E4&fields=name,albums/title"),
        json!([{"name": "Miles Davis", "albums": [
            {"title": "Bitches Brew", "year": 1970},
            {"title": "Kind of Blue", "year": 1959}
        ]}])
    );
    let album = "config/music/artists/Miles%20Davis/albums/Kind%20of%20Blue,1959";
    let (status, body) =
        served.send("PATCH", album, Some(&json!({"stars": 6, "genre": "polka", "with": ["Nobody"]})));
    assert_eq!((status, body["errors"].as_array().map(Vec::len)), (400, Some(2)), "{body}");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    for error in body["errors"].as_array().unwrap() {
        assert!(readme.contains(error["error-message"].as_str().unwrap()), "{error}");
    }
    served.stop();
}

#[test]
fn rfc8040_3_7_the_text_of_a_submodule_is_where_the_library_says() {
    let part = "submodule crate-part {\n  yang-version 1.1; belongs-to crate { prefix c; }\n  revision 2024-01-01;\n  leaf lid { type string; }\n}\n";
    let whole = "module crate { yang-version 1.1; namespace urn:crate; prefix c; include crate-part; }";
    let place = Place::new(&[("crate", whole), ("crate-part", part)]);
    let served = Served::start(&place.data, &place.flags(&["crate"]));
    let ask = |path: &str| {
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: box\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
            served.token
        );
        let answer = exchange(&served.address, head.as_bytes()).unwrap();
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
        answer.text()
    };
    let library = |path: &str| -> Value { serde_json::from_str(&ask(path)).unwrap() };
    let new = library("/restconf/data/ietf-yang-library:yang-library/module-set=complete/module=crate");
    let old = library("/restconf/data/ietf-yang-library:modules-state/module=crate,");
    for location in [
        &new["ietf-yang-library:module"][0]["submodule"][0]["location"][0],
        &old["ietf-yang-library:module"][0]["submodule"][0]["schema"],
    ] {
        let location = location.as_str().unwrap();
        assert!(location.ends_with("/crate-part@2024-01-01.yang"), "{location}");
        assert_eq!(ask(&location[location.find("/restconf/").unwrap()..]), part);
    }
    assert_eq!(ask("/restconf/schema/crate-part"), part);
    served.stop();
}
