//! For each code a model that gets it and the same model put right, as `strongbox yang explain` shows them. Tests compile
//! all of them.

/// Two texts that differ in what the code is about. Several modules in one text lie in files of their own; a text that starts
/// with another statement is the body of a YANG 1.1 module `example` with prefix `ex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// The code.
    pub code: &'static str,
    /// What gets it.
    pub wrong: &'static str,
    /// What does not.
    pub right: &'static str,
}

const fn example(code: &'static str, wrong: &'static str, right: &'static str) -> Example {
    Example { code, wrong, right }
}

/// The example of a code; `None` where a few lines cannot show it.
pub fn find(code: &str) -> Option<&'static Example> {
    EXAMPLES.iter().find(|example| example.code == code)
}

/// All examples, in order of their codes.
pub const EXAMPLES: &[Example] = &[
    example("Y0002", "description \"a bell: \u{7}\";", "description \"a bell\";"),
    example("Y0004", "leaf name { type string; } /* what is it", "leaf name { type string; } /* what it is */"),
    example("Y0005", "description \"the name;", "description \"the name\";"),
    example(
        "Y0006",
        "leaf n { type string { pattern \"\\d+\"; } }",
        "leaf n { type string { pattern '\\d+'; } }",
    ),
    example(
        "Y0008",
        "module a { namespace urn:a; prefix a; } leaf x;",
        "module a { namespace urn:a; prefix a; }",
    ),
    example("Y0009", "// a module will stand here", "module a { namespace urn:a; prefix a; }"),
    example("Y0010", "container c { leaf l { type string; }", "container c { leaf l { type string; } }"),
    example("Y0011", "leaf l { type string; } }", "leaf l { type string; }"),
    example("Y0012", "\"leaf\" l { type string; }", "leaf l { type string; }"),
    example("Y0013", "leaf\"l\" { type string; }", "leaf \"l\" { type string; }"),
    example("Y0014", "leaf l { type string; units it's; }", "leaf l { type string; units \"it's\"; }"),
    example("Y0015", "description the name;", "description \"the name\";"),
    example("Y0016", "leaf l { type string }", "leaf l { type string; }"),
    example("Y0100", "container c;", "module c { namespace urn:c; prefix c; }"),
    example("Y0101", "leef l { type string; }", "leaf l { type string; }"),
    example("Y0102", "container c { type string; }", "leaf c { type string; }"),
    example("Y0103", "leaf l { description \"a leaf\"; }", "leaf l { type string; description \"a leaf\"; }"),
    example("Y0104", "leaf l { type string; type int8; }", "leaf l { type union { type string; type int8; } }"),
    example(
        "Y0105",
        "module a { namespace urn:a; prefix a; anydata d; }",
        "module a { yang-version 1.1; namespace urn:a; prefix a; anydata d; }",
    ),
    example("Y0106", "leaf { type string; }", "leaf l { type string; }"),
    example(
        "Y0107",
        "rpc go { input where { leaf l { type string; } } }",
        "rpc go { input { leaf l { type string; } } }",
    ),
    example(
        "Y0108",
        "module a { prefix a; namespace urn:a; leaf l { type string; } revision 2026-01-01; }",
        "module a { prefix a; namespace urn:a; revision 2026-01-01; leaf l { type string; } }",
    ),
    example("Y0109", "rpc go { input { } }", "rpc go { input { leaf l { type string; } } }"),
    example("Y0110", "leaf 2nd { type string; }", "leaf second { type string; }"),
    example("Y0111", "leaf l { type a:b:c; }", "leaf l { type string; }"),
    example("Y0112", "leaf l { type string; mandatory yes; }", "leaf l { type string; mandatory true; }"),
    example("Y0113", "revision 2026-02-30;", "revision 2026-02-28;"),
    example("Y0114", "leaf-list l { type string; min-elements 01; }", "leaf-list l { type string; min-elements 1; }"),
    example("Y0115", "leaf l { type enumeration { enum \" up\"; } }", "leaf l { type enumeration { enum \"up\"; } }"),
    example(
        "Y0116",
        "module a { namespace a; prefix a; }",
        "module a { namespace urn:example:a; prefix a; }",
    ),
    example("Y0117", "leaf l { type int8 { range \"1 to 9\"; } }", "leaf l { type int8 { range \"1..9\"; } }"),
    example(
        "Y0118",
        "feature f; leaf l { if-feature \"f and\"; type string; }",
        "feature f; leaf l { if-feature \"f\"; type string; }",
    ),
    example(
        "Y0119",
        "grouping g { leaf l { type string; } } uses g { refine /l { default x; } }",
        "grouping g { leaf l { type string; } } uses g { refine l { default x; } }",
    ),
    example(
        "Y0120",
        "leaf l { type string; must \". = \"; }",
        "leaf l { type string; must \". = 'a'\"; }",
    ),
    example(
        "Y0121",
        "list l { key \"\"; leaf k { type string; } }",
        "list l { key \"k\"; leaf k { type string; } }",
    ),
    example(
        "Y0122",
        "leaf a { type string; } leaf b { type leafref { path \"//a\"; } }",
        "leaf a { type string; } leaf b { type leafref { path \"../a\"; } }",
    ),
    example(
        "Y0123",
        "module a { namespace urn:a; prefix a; leaf l { type string; } }
module b { namespace urn:b; prefix b; import a { prefix a; }
  deviation /a:l { deviate not-supported; deviate add { default x; } } }",
        "module a { namespace urn:a; prefix a; leaf l { type string; } }
module b { namespace urn:b; prefix b; import a { prefix a; }
  deviation /a:l { deviate not-supported; } }",
    ),
    example(
        "Y0124",
        "typedef string { type int8; }",
        "typedef word { type string; }",
    ),
    example(
        "Y0125",
        "module ietf-yang-structure-ext { namespace urn:sx; prefix sx; extension structure { argument name; } }
module b { yang-version 1.1; namespace urn:b; prefix b; import ietf-yang-structure-ext { prefix sx; }
  container c { sx:structure book { leaf title { type string; } } } }",
        "module ietf-yang-structure-ext { namespace urn:sx; prefix sx; extension structure { argument name; } }
module b { yang-version 1.1; namespace urn:b; prefix b; import ietf-yang-structure-ext { prefix sx; }
  sx:structure book { leaf title { type string; } } }",
    ),
    example(
        "Y0201",
        "module a { namespace urn:a; prefix a; import nowhere { prefix n; } }",
        "module a { namespace urn:a; prefix a; import b { prefix b; } }
module b { namespace urn:b; prefix b; }",
    ),
    example(
        "Y0202",
        "module a { namespace urn:a; prefix a; import b { prefix b; revision-date 2020-01-01; } }
module b { namespace urn:b; prefix b; revision 2026-01-01; }",
        "module a { namespace urn:a; prefix a; import b { prefix b; revision-date 2026-01-01; } }
module b { namespace urn:b; prefix b; revision 2026-01-01; }",
    ),
    example(
        "Y0203",
        "module a { namespace urn:a; prefix a; import b { prefix b; } }
module b { namespace urn:b; prefix b; import a { prefix a; } }",
        "module a { namespace urn:a; prefix a; import b { prefix b; } }
module b { namespace urn:b; prefix b; }",
    ),
    example(
        "Y0205",
        "module a { namespace urn:a; prefix a; import s { prefix s; } include s; }
submodule s { belongs-to a { prefix a; } }",
        "module a { namespace urn:a; prefix a; include s; }
submodule s { belongs-to a { prefix a; } }",
    ),
    example(
        "Y0207",
        "module a { namespace urn:a; prefix p; import b { prefix p; } }
module b { namespace urn:b; prefix b; }",
        "module a { namespace urn:a; prefix p; import b { prefix b; } }
module b { namespace urn:b; prefix b; }",
    ),
    example(
        "Y0208",
        "module a { namespace urn:a; prefix a; import b { prefix b; revision-date 2026-01-01; } }
module b { yang-version 1.1; namespace urn:b; prefix b; revision 2026-01-01; }",
        "module a { namespace urn:a; prefix a; import b { prefix b; } }
module b { yang-version 1.1; namespace urn:b; prefix b; revision 2026-01-01; }",
    ),
    example(
        "Y0209",
        "module a { yang-version 1.1; namespace urn:a; prefix a; include s; }
submodule s { belongs-to a { prefix a; } }",
        "module a { yang-version 1.1; namespace urn:a; prefix a; include s; }
submodule s { yang-version 1.1; belongs-to a { prefix a; } }",
    ),
    example(
        "Y0210",
        "module a { namespace urn:a; prefix a; include s; }
submodule s { belongs-to b { prefix b; } }",
        "module a { namespace urn:a; prefix a; include s; }
submodule s { belongs-to a { prefix a; } }",
    ),
    example(
        "Y0211",
        "leaf l { type inet:host; }",
        "typedef host { type string; } leaf l { type ex:host; }",
    ),
    example("Y0212", "typedef percent { type int8; } leaf l { type percnt; }", "typedef percent { type int8; } leaf l { type percent; }"),
    example(
        "Y0213",
        "typedef t { type int8; } container c { typedef t { type string; } leaf l { type t; } }",
        "typedef t { type int8; } container c { typedef u { type string; } leaf l { type u; } }",
    ),
    example(
        "Y0214",
        "extension note { argument text; } ex:note;",
        "extension note { argument text; } ex:note \"careful\";",
    ),
    example(
        "Y0222",
        "feature a { if-feature b; } feature b { if-feature a; }",
        "feature a; feature b { if-feature a; }",
    ),
    example(
        "Y0232",
        "grouping g { container c { uses g; } } uses g;",
        "grouping g { container c { leaf l { type string; } } } uses g;",
    ),
    example(
        "Y0233",
        "leaf l { type string; } augment /l { leaf m { type string; } }",
        "container l; augment /l { leaf m { type string; } }",
    ),
    example(
        "Y0234",
        "container c; augment /c { case one { leaf l { type string; } } }",
        "container c; augment /c { leaf l { type string; } }",
    ),
    example(
        "Y0235",
        "grouping g { leaf name { type string; } } uses g { refine nme { default x; } }",
        "grouping g { leaf name { type string; } } uses g { refine name { default x; } }",
    ),
    example(
        "Y0236",
        "grouping g { container c; } uses g { refine c { mandatory true; } }",
        "grouping g { container c; } uses g { refine c { presence \"it is on\"; } }",
    ),
    example(
        "Y0241",
        "container top; augment /tpo { leaf l { type string; } }",
        "container top; augment /top { leaf l { type string; } }",
    ),
    example(
        "Y0242",
        "module a { namespace urn:a; prefix a; leaf l { type string; units s; } }
module b { namespace urn:b; prefix b; import a { prefix a; } deviation /a:l { deviate add { units ms; } } }",
        "module a { namespace urn:a; prefix a; leaf l { type string; units s; } }
module b { namespace urn:b; prefix b; import a { prefix a; } deviation /a:l { deviate replace { units ms; } } }",
    ),
    example("Y0301", "typedef a { type b; } typedef b { type a; }", "typedef a { type b; } typedef b { type int8; }"),
    example("Y0302", "leaf l { type decimal64; }", "leaf l { type decimal64 { fraction-digits 2; } }"),
    example(
        "Y0303",
        "module a { namespace urn:a; prefix a; leaf l { type union { type int8; type empty; } } }",
        "module a { yang-version 1.1; namespace urn:a; prefix a; leaf l { type union { type int8; type empty; } } }",
    ),
    example("Y0304", "leaf l { type int8 { length 1..3; } }", "leaf l { type int8 { range 1..3; } }"),
    example(
        "Y0311",
        "typedef t { type int8 { range 1..10; } } leaf l { type t { range 0..5; } }",
        "typedef t { type int8 { range 1..10; } } leaf l { type t { range 1..5; } }",
    ),
    example(
        "Y0321",
        "module a { namespace urn:a; prefix a; typedef t { type enumeration { enum x; enum y; } }
  leaf l { type t { enum x; } } }",
        "module a { yang-version 1.1; namespace urn:a; prefix a; typedef t { type enumeration { enum x; enum y; } }
  leaf l { type t { enum x; } } }",
    ),
    example(
        "Y0322",
        "leaf l { type enumeration { enum a { value 1; } enum b { value 1; } } }",
        "leaf l { type enumeration { enum a { value 1; } enum b { value 2; } } }",
    ),
    example(
        "Y0323",
        "leaf l { type string { pattern '[a-z'; } }",
        "leaf l { type string { pattern '[a-z]'; } }",
    ),
    example(
        "Y0324",
        "import strongbox-extensions { prefix sbx; } typedef t { type string; sbx:format telephone; } leaf l { type t; }",
        "import strongbox-extensions { prefix sbx; } typedef t { type string; sbx:format duration; } leaf l { type t; }",
    ),
    example(
        "Y0331",
        "identity a { base b; } identity b { base a; }",
        "identity a; identity b { base a; }",
    ),
    example(
        "Y0341",
        "list l { config false; leaf n { type string; } action reset; }",
        "list l { config false; key n; leaf n { type string; } action reset; }",
    ),
    example(
        "Y0342",
        "container c { config false; leaf l { type string; config true; } }",
        "container c { leaf l { type string; config true; } }",
    ),
    example(
        "Y0343",
        "choice c { mandatory true; default a; leaf a { type string; } leaf b { type string; } }",
        "choice c { default a; leaf a { type string; } leaf b { type string; } }",
    ),
    example("Y0344", "leaf l { type int8; mandatory true; default 1; }", "leaf l { type int8; default 1; }"),
    example(
        "Y0345",
        "leaf-list l { type int8; min-elements 3; max-elements 2; }",
        "leaf-list l { type int8; min-elements 2; max-elements 3; }",
    ),
    example("Y0346", "list l { leaf name { type string; } }", "list l { key name; leaf name { type string; } }"),
    example(
        "Y0347",
        "list l { key name; container name; }",
        "list l { key name; leaf name { type string; } }",
    ),
    example(
        "Y0348",
        "feature f; list l { key name; leaf name { if-feature f; type string; } }",
        "feature f; list l { key name; leaf name { type string; } }",
    ),
    example(
        "Y0349",
        "list l { key name; leaf name { type string; config false; } }",
        "list l { key name; leaf name { type string; } }",
    ),
    example(
        "Y0351",
        "choice c { case a { leaf l { type string; } } case b { leaf l { type int8; } } }",
        "choice c { case a { leaf l { type string; } } case b { leaf m { type int8; } } }",
    ),
    example(
        "Y0352",
        "typedef t { status deprecated; type string; } leaf l { type t; }",
        "typedef t { status deprecated; type string; } leaf l { status deprecated; type t; }",
    ),
    example(
        "Y0353",
        "module a { yang-version 1.1; namespace urn:a; prefix a; container c; }
module b { yang-version 1.1; namespace urn:b; prefix b; import a { prefix a; }
  augment /a:c { leaf l { type string; mandatory true; } } }",
        "module a { yang-version 1.1; namespace urn:a; prefix a; container c; }
module b { yang-version 1.1; namespace urn:b; prefix b; import a { prefix a; }
  augment /a:c { leaf l { type string; } } }",
    ),
    example(
        "Y0354",
        "module ietf-restconf { namespace urn:rc; prefix rc; extension yang-data { argument name; } }
module b { yang-version 1.1; namespace urn:b; prefix b; import ietf-restconf { prefix rc; }
  rc:yang-data answer { leaf text { type string; } } }",
        "module ietf-restconf { namespace urn:rc; prefix rc; extension yang-data { argument name; } }
module b { yang-version 1.1; namespace urn:b; prefix b; import ietf-restconf { prefix rc; }
  rc:yang-data answer { container answer { leaf text { type string; } } } }",
    ),
    example(
        "Y0355",
        "module ietf-yang-structure-ext { namespace urn:sx; prefix sx; extension structure { argument name; } }
module b { yang-version 1.1; namespace urn:b; prefix b; import ietf-yang-structure-ext { prefix sx; }
  sx:structure book { leaf title { type string; } } sx:structure book { leaf name { type string; } } }",
        "module ietf-yang-structure-ext { namespace urn:sx; prefix sx; extension structure { argument name; } }
module b { yang-version 1.1; namespace urn:b; prefix b; import ietf-yang-structure-ext { prefix sx; }
  sx:structure book { leaf title { type string; } } sx:structure person { leaf name { type string; } } }",
    ),
    example(
        "Y0362",
        "leaf l { type string; must \"starts-wiht(., 'a')\"; }",
        "leaf l { type string; must \"starts-with(., 'a')\"; }",
    ),
    example(
        "Y0363",
        "container c { leaf name { type string; } leaf l { type string; must \"../nmae\"; } }",
        "container c { leaf name { type string; } leaf l { type string; must \"../name\"; } }",
    ),
    example(
        "Y0364",
        "leaf on { type boolean; } leaf l { type string; must \"../on = 'yes'\"; }",
        "leaf on { type boolean; } leaf l { type string; must \"../on = 'true'\"; }",
    ),
    example(
        "Y0365",
        "leaf a { when \"not(../b)\"; type string; } leaf b { when \"not(../a)\"; type string; }",
        "leaf a { type string; } leaf b { when \"not(../a)\"; type string; }",
    ),
    example(
        "Y0371",
        "leaf a { type string; } leaf b { type leafref { path ../c; } }",
        "leaf a { type string; } leaf b { type leafref { path ../a; } }",
    ),
    example(
        "Y0372",
        "container a; leaf b { type leafref { path ../a; } }",
        "leaf a { type string; } leaf b { type leafref { path ../a; } }",
    ),
    example(
        "Y0373",
        "leaf a { type leafref { path ../b; } } leaf b { type leafref { path ../a; } }",
        "leaf a { type leafref { path ../b; } } leaf b { type string; }",
    ),
    example(
        "Y0374",
        "leaf a { config false; type string; } leaf b { type leafref { path ../a; } }",
        "leaf a { config false; type string; } leaf b { type leafref { path ../a; require-instance false; } }",
    ),
    example(
        "Y0375",
        "list l { key k; leaf k { type string; } leaf v { type string; } } leaf n { type string; }
leaf r { type leafref { path \"/l[v = current()/../n]/k\"; } }",
        "list l { key k; leaf k { type string; } leaf v { type string; } } leaf n { type string; }
leaf r { type leafref { path \"/l[k = current()/../n]/v\"; } }",
    ),
    example("Y0381", "leaf l { type int8; default many; }", "leaf l { type int8; default 3; }"),
    example("Y0382", "leaf-list l { type int8; default 1; default 1; }", "leaf-list l { type int8; default 1; default 2; }"),
    example(
        "Y0383",
        "feature f; leaf l { type enumeration { enum one { if-feature f; } enum two; } default one; }",
        "feature f; leaf l { type enumeration { enum one { if-feature f; } enum two; } default two; }",
    ),
    example(
        "Y0391",
        "list l { key k; unique port; leaf k { type string; } container port; }",
        "list l { key k; unique port; leaf k { type string; } leaf port { type int8; } }",
    ),
    example(
        "Y0392",
        "choice c { default tow; leaf one { type string; } leaf two { type string; } }",
        "choice c { default two; leaf one { type string; } leaf two { type string; } }",
    ),
    example(
        "Y0393",
        "choice c { default a; case a { leaf l { type string; mandatory true; } } }",
        "choice c { default a; case a { leaf l { type string; } } }",
    ),
    example("Y0401", "leaf speed { type int8; }", "leaf speed { type int8; description \"How fast it turns.\"; }"),
    example(
        "Y0402",
        "leaf state { type enumeration { enum up; } }",
        "leaf state { type enumeration { enum up { description \"It works.\"; } } }",
    ),
    example(
        "Y0403",
        "module example-a { namespace urn:a; prefix a; }",
        "module example-a { namespace urn:a; prefix a; organization \"Example\"; contact \"a@example.com\";
  description \"Nothing much.\"; revision 2026-01-01; }",
    ),
    example("Y0404", "revision 2026-01-01;", "revision 2026-01-01 { reference \"Example Design Note 7\"; }"),
    example("Y0405", "revision 2025-01-01; revision 2026-01-01;", "revision 2026-01-01; revision 2025-01-01;"),
    example(
        "Y0407",
        "module system { namespace urn:example:system; prefix sys; }",
        "module example-system { namespace urn:example:system; prefix sys; }",
    ),
    example("Y0408", "leaf maxSpeed { type int8; }", "leaf max-speed { type int8; }"),
    example(
        "Y0409",
        "leaf number-of-packets-that-were-received-without-any-error-since-the-start { type int8; }",
        "leaf packets-received { type int8; }",
    ),
    example(
        "Y0410",
        "container system { leaf name { type string; mandatory true; } }",
        "container system { presence \"the system is set up\"; leaf name { type string; mandatory true; } }",
    ),
    example("Y0411", "leaf l { type string; mandatory false; }", "leaf l { type string; }"),
    example(
        "Y0412",
        "leaf l { type int8; must \". > 1\"; }",
        "leaf l { type int8; must \". > 1\" { error-message \"more than one is needed\"; } }",
    ),
    example(
        "Y0413",
        "list l { key k; leaf k { type int8; } must \"not(preceding-sibling::l[k = current()/k])\"; }",
        "list l { key k; leaf k { type int8; } must \"count(../l[k = current()/k]) = 1\"; }",
    ),
    example(
        "Y0414",
        "module a { namespace urn:a; prefix a; import b { prefix b; } leaf l { type string; } }
module b { namespace urn:b; prefix b; typedef t { type string; } }",
        "module a { namespace urn:a; prefix a; import b { prefix b; } leaf l { type b:t; } }
module b { namespace urn:b; prefix b; typedef t { type string; } }",
    ),
    example(
        "Y0415",
        "container c { typedef t { type int8; } leaf l { type string; } }",
        "container c { typedef t { type int8; } leaf l { type t; } }",
    ),
    example(
        "Y0416",
        "container server { leaf server-port { type int8; } }",
        "container server { leaf port { type int8; } }",
    ),
    example(
        "Y0417",
        "list event { config false; leaf id { type int8; } }",
        "list event { config false; key id; leaf id { type int8; } }",
    ),
    example(
        "Y0418",
        "leaf l { type string; description \"TODO\"; }",
        "leaf l { type string; description \"Where it stands.\"; }",
    ),
    example("Y0419", "anyxml document;", "anydata document;"),
    example(
        "Y0420",
        "module a { namespace urn:a; prefix a; include s; revision 2025-01-01; }
submodule s { belongs-to a { prefix a; } revision 2026-01-01; }",
        "module a { namespace urn:a; prefix a; include s; revision 2026-01-01; }
submodule s { belongs-to a { prefix a; } revision 2026-01-01; }",
    ),
    example(
        "Y0422",
        "module a { namespace urn:a; prefix a; import b { prefix bee; } leaf l { type bee:t; } }
module b { namespace urn:b; prefix b; typedef t { type string; } }",
        "module a { namespace urn:a; prefix a; import b { prefix b; } leaf l { type b:t; } }
module b { namespace urn:b; prefix b; typedef t { type string; } }",
    ),
    example(
        "Y0450",
        "module system { namespace urn:ietf:params:xml:ns:yang:system; prefix sys; }",
        "module ietf-system { namespace urn:ietf:params:xml:ns:yang:ietf-system; prefix sys; }",
    ),
    example(
        "Y0451",
        "module ietf-a { namespace urn:example:a; prefix a; }",
        "module ietf-a { namespace urn:ietf:params:xml:ns:yang:ietf-a; prefix a; }",
    ),
    example(
        "Y0452",
        "description \"A model of systems.\";",
        "description \"A model of systems. Copyright (c) 2026 IETF Trust and the persons identified as authors of the code.\";",
    ),
    example(
        "Y0453",
        "module ietf-a { namespace urn:a; prefix a; description \"A model of systems.\"; }",
        "module ietf-a { namespace urn:a; prefix a; description \"This version is part of RFC 9999.\"; }",
    ),
    example(
        "Y0454",
        "description \"A model.\"; revision 2026-01-01; leaf l { type int8; description \"It MUST be odd.\"; }",
        "description \"A model. Its key words are those of RFC 2119 and RFC 8174.\"; revision 2026-01-01;
leaf l { type int8; description \"It MUST be odd.\"; }",
    ),
    example(
        "Y0455",
        "module a { yang-version 1.1; namespace urn:a; prefix a; import b { prefix b; } }
module b { namespace urn:b; prefix b; }",
        "module a { yang-version 1.1; namespace urn:a; prefix a; import b { prefix b; reference \"RFC 9999\"; } }
module b { namespace urn:b; prefix b; }",
    ),
    example(
        "Y0456",
        "contact \"the people in room 7\"; description \"A model.\";",
        "contact \"<mailto:room7@example.com>\"; description \"A model.\";",
    ),
    example(
        "Y0457",
        "description \"A line that is longer than an RFC has room for, which is seventy-two characters.\";",
        "description \"A line that is short.\";",
    ),
];
