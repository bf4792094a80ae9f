//! The diagnostic codes of the compiler, each with what it means and what to do: what `strongbox yang explain` prints.
//!
//! A code never changes its meaning; a test holds this table against the codes that the compiler uses.

pub mod examples;

/// One code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `Y` and four digits: `Y00` the text, `Y01` statements by themselves, `Y02` names, `Y03` what they mean,
    /// `Y04` guidelines.
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Why it is wrong and what would be right.
    pub text: &'static str,
    /// Where it says so: sections of RFC 7950 unless another document is named; empty for limits of this compiler.
    pub section: &'static str,
}

const fn code(code: &'static str, section: &'static str, title: &'static str, text: &'static str) -> Code {
    Code { code, title, text, section }
}

/// The code of that name, in upper or lower case.
pub fn find(name: &str) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code.eq_ignore_ascii_case(name))
}

/// All codes, in order.
pub const CODES: &[Code] = &[
    code(
        "Y0001",
        "",
        "the text is too long",
        "A module may have 32 MiB; the largest published ones have two.",
    ),
    code(
        "Y0002",
        "14",
        "a character is not allowed",
        "Control characters other than tab, line feed and carriage return cannot stand in a module; YANG 1.1 also \
         excludes the code points that Unicode calls noncharacters. Remove the character.",
    ),
    code("Y0003", "", "blocks are nested too deeply", "100 blocks may lie within each other."),
    code(
        "Y0004",
        "6.1.1",
        "a comment is never closed",
        "A comment that starts with '/*' ends with the next '*/'.",
    ),
    code(
        "Y0005",
        "6.1.3",
        "a string is never closed",
        "In double quotes a quote is written \\\". In single quotes there is no way to write a single quote: use \
         double quotes, or join several strings with '+'.",
    ),
    code(
        "Y0006",
        "6.1.3",
        "an unknown escape sequence",
        "In double quotes YANG 1.1 knows \\n, \\t, \\\" and \\\\ and no others. Patterns with many backslashes are easier \
         to read in single quotes, where a backslash stands for itself.",
    ),
    code("Y0008", "14", "something stands behind the module", "A file holds one module or one submodule."),
    code("Y0009", "14", "the text is empty", "A file holds one module or one submodule."),
    code("Y0010", "6.3", "a block is never closed", "Each '{' needs its '}'."),
    code("Y0011", "6.3", "a closing brace too many", "There is no open block that this '}' could close."),
    code(
        "Y0012",
        "6.3",
        "a statement was expected",
        "Only statements stand in a block. A statement ends with ';' or with a block, never with both; a keyword is \
         never quoted.",
    ),
    code(
        "Y0013",
        "6.1.2",
        "this is not a keyword",
        "A keyword is a name of letters, digits, '_', '-' and '.', or prefix:name for an extension. There must be a \
         space between it and its argument.",
    ),
    code(
        "Y0014",
        "6.1.3",
        "this argument needs quotes",
        "An argument without quotes cannot contain '*/', and in YANG 1.1 no quotes either.",
    ),
    code(
        "Y0015",
        "6.3",
        "a statement has more than one argument",
        "An argument with spaces in it must be quoted; quoted strings are joined with '+'.",
    ),
    code(
        "Y0016",
        "6.3",
        "a statement does not end",
        "Write ';' or a block behind the keyword and its argument.",
    ),
    code("Y0017", "6", "the text is not UTF-8", "YANG modules are written in UTF-8."),
    code("Y0100", "5.1", "this is not a module", "The outermost statement is 'module' or 'submodule'."),
    code(
        "Y0101",
        "14",
        "there is no such statement",
        "The keyword is none of YANG's. Most likely it is misspelt; a statement of an extension is written with the \
         prefix of the module that defines it.",
    ),
    code(
        "Y0102",
        "7",
        "a statement stands in the wrong place",
        "The tables of RFC 7950 section 7 say which statements may stand in which.",
    ),
    code("Y0103", "7", "a statement is missing", "The statement cannot do without this substatement."),
    code("Y0104", "7", "a statement stands here twice", "At most one of these may stand in this block."),
    code(
        "Y0105",
        "1.1",
        "this needs YANG version 1.1",
        "The module is of version 1, because it says so or because it says nothing. Write 'yang-version 1.1;'.",
    ),
    code("Y0106", "7", "an argument is missing", "The statement needs an argument behind its keyword."),
    code("Y0107", "7.14.2", "an argument too many", "'input' and 'output' take no argument."),
    code(
        "Y0108",
        "7.1",
        "a statement comes too late",
        "A module starts with yang-version, namespace and prefix (a submodule with yang-version and belongs-to), then \
         import and include, then organization, contact, description and reference, then the revisions, then the \
         definitions. Within a section the order is free.",
    ),
    code("Y0109", "14", "a statement has no nodes", "This statement should define at least one node."),
    code(
        "Y0110",
        "6.2",
        "this is not an identifier",
        "An identifier starts with a letter or '_' and goes on with letters, digits, '_', '-' and '.'. In YANG version \
         1 it must not start with 'xml', in upper or lower case.",
    ),
    code("Y0111", "14", "this is not a name", "Write an identifier, or prefix:identifier."),
    code("Y0112", "14", "this word is not allowed", "The argument is one of a few words, in lower case."),
    code(
        "Y0113",
        "7.1.9",
        "this is not a date",
        "A date is written YYYY-MM-DD and must be a day of the calendar.",
    ),
    code(
        "Y0114",
        "14",
        "this number is not allowed",
        "Write a whole number without plus sign and leading zeros.",
    ),
    code("Y0115", "9.6.4", "the name of an enum", "It is not empty and has no blanks at its ends."),
    code(
        "Y0116",
        "7.1.3",
        "this is not a URI",
        "A namespace is a URI with its scheme, such as urn:example:system.",
    ),
    code(
        "Y0117",
        "9.2.4",
        "this is not a range",
        "A range or length is made of parts with '|' between them; a part is a number, or two with '..' between them; \
         'min' and 'max' stand for the limits of the type. Lengths are whole and not negative.",
    ),
    code(
        "Y0118",
        "7.20.2",
        "this is not a feature expression",
        "Names of features are combined with 'not', 'and', 'or' and parentheses.",
    ),
    code(
        "Y0119",
        "6.5",
        "this is not a schema node identifier",
        "It is made of names of nodes with '/' between them. Augments and deviations of a module start with '/', \
         refine, unique and the augments in 'uses' do not.",
    ),
    code("Y0120", "6.4", "this is not an XPath expression", "The argument is an expression of XPath 1.0."),
    code(
        "Y0121",
        "7.8.2",
        "this is not a list of leafs",
        "Name each leaf once, with blanks between the names.",
    ),
    code(
        "Y0122",
        "9.9.2",
        "this is not the path of a leafref",
        "The path is absolute or starts with '..'; it is made of names, and of predicates that compare a key with a \
         leaf: [name = current()/../interface].",
    ),
    code(
        "Y0123",
        "7.20.3.2",
        "a node that is not supported is changed",
        "'deviate not-supported' takes the node away; nothing else can be said of it.",
    ),
    code("Y0124", "7.3", "a typedef has the name of a built-in type", "Choose another name."),
    code(
        "Y0125",
        "2 of RFC 8791",
        "an extension statement stands in the wrong place",
        "Structures, their augments and annotations are defined at the top of a module; a mount point is marked in a \
         container or list.",
    ),
    code("Y0201", "7.1.5", "there is no such module", "No file with that module or submodule was found."),
    code("Y0202", "7.1.5", "there is no such revision", "The module was found, but in other revisions only."),
    code("Y0203", "5.1", "modules import each other", "A chain of imports or includes must not be a circle."),
    code("Y0204", "", "a file cannot be read", "The file was found, but its text cannot be read."),
    code("Y0205", "7.1.5", "a module was expected", "Modules are imported, submodules are included."),
    code(
        "Y0206",
        "5.2",
        "a file has the wrong name",
        "The name of a file is the name of its module, or name@revision.",
    ),
    code(
        "Y0207",
        "7.1.4",
        "a prefix is taken",
        "The prefixes of a module, its own included, are all different.",
    ),
    code(
        "Y0208",
        "12",
        "a version 1 module imports a 1.1 module by revision",
        "Leave the revision-date away, or write the importing module in version 1.1.",
    ),
    code(
        "Y0209",
        "12",
        "a module and its submodule differ in version",
        "They are written in one version of YANG.",
    ),
    code(
        "Y0210",
        "7.2.2",
        "a submodule belongs to another module",
        "A submodule is included by its own module only.",
    ),
    code(
        "Y0211",
        "7.1.4",
        "an unknown prefix",
        "A prefix is the module's own or that of one of its imports.",
    ),
    code(
        "Y0212",
        "6.2.1",
        "there is no such definition",
        "Nothing of that kind and name can be seen from here.",
    ),
    code(
        "Y0213",
        "6.2.1",
        "a name is defined twice",
        "Typedefs and groupings must not have the name of another in the same block or in one around it; features, \
         identities and extensions of a module have different names.",
    ),
    code(
        "Y0214",
        "7.19.2",
        "the argument of an extension",
        "The extension says whether it takes an argument.",
    ),
    code(
        "Y0215",
        "5.6.5",
        "two revisions of a module are to be implemented",
        "A server implements one revision of a module; others can be imported for their typedefs and groupings. Ask for \
         one of them.",
    ),
    code(
        "Y0222",
        "7.20.1",
        "a feature depends on itself",
        "The if-feature statements of features form a circle.",
    ),
    code("Y0223", "5.6.3", "a wanted feature does not exist", "The module has no feature of that name."),
    code(
        "Y0231",
        "",
        "the model is too large",
        "There are more nodes or modules than this compiler handles.",
    ),
    code("Y0232", "7.12", "a grouping uses itself", "A grouping must not refer to itself, directly or not."),
    code(
        "Y0233",
        "7.17",
        "this node cannot be augmented",
        "Containers, lists, choices, cases, inputs, outputs and notifications can be augmented.",
    ),
    code(
        "Y0234",
        "7.17",
        "this cannot be added here",
        "Cases are added to choices, everything else to other nodes.",
    ),
    code(
        "Y0235",
        "7.13.2",
        "a grouping has no such node",
        "The path names no node of the grouping that is used.",
    ),
    code("Y0236", "7.13.2", "this cannot be refined", "A node of that kind has no such property."),
    code("Y0241", "6.5", "a path names no node", "A step of the path is not defined."),
    code(
        "Y0242",
        "7.20.3.2",
        "this cannot be deviated",
        "'add' needs a property that is not there, 'replace' one that is, 'delete' one with the same argument.",
    ),
    code("Y0301", "7.3", "a typedef is defined by itself", "The types of typedefs form a circle."),
    code(
        "Y0302",
        "9",
        "a type lacks something",
        "Some types need a substatement, such as 'path' of a leafref.",
    ),
    code(
        "Y0303",
        "9.12 of RFC 6020",
        "a union has such a member",
        "Version 1 has no empty and no leafref in a union.",
    ),
    code("Y0304", "9", "this does not restrict the type", "Each type has restrictions of its own."),
    code(
        "Y0311",
        "9.2.4",
        "this range does not fit the type",
        "The parts ascend without touching, each bound is a value of the type, and a restriction of a restricted type \
         allows no more than that type.",
    ),
    code("Y0321", "9.6.3", "this cannot be restricted in version 1", "YANG 1.1 allows fewer enums or bits."),
    code(
        "Y0322",
        "9.6.4",
        "an enum or bit does not fit",
        "Names and numbers are different; a number that is not written is one more than the highest so far; where a \
         type is restricted, names and numbers are among its own.",
    ),
    code(
        "Y0323",
        "9.4.5",
        "this is not a pattern",
        "Patterns are regular expressions of XML Schema: always anchored, '^' and '$' are ordinary, and there is no \
         look-ahead, no back reference and no lazy repetition.",
    ),
    code("Y0324", "", "an unknown format", "The format extension knows a few formats."),
    code("Y0331", "7.18.2", "an identity is derived from itself", "The bases of identities form a circle."),
    code(
        "Y0341",
        "7.15",
        "an operation or notification stands in the wrong place",
        "Actions and notifications cannot stand inside an rpc, an action, a notification or a list without keys.",
    ),
    code("Y0342", "7.21.1", "configuration stands in state", "Below 'config false' everything is state."),
    code("Y0343", "7.9.3", "a mandatory choice has a default", "It is one or the other."),
    code("Y0344", "7.6.5", "what must be given has a default", "It is one or the other."),
    code("Y0345", "7.7.5", "more entries are needed than allowed", "min-elements is at most max-elements."),
    code("Y0346", "7.8.2", "a list has no key", "Every list of configuration has a key."),
    code(
        "Y0347",
        "7.8.2",
        "a key is no leaf of the list",
        "Keys are leafs, and children of the list itself.",
    ),
    code("Y0348", "7.8.2", "a key is conditional", "Keys are always there: no 'when', no 'if-feature'."),
    code(
        "Y0349",
        "7.8.2",
        "a key is unlike its list",
        "Keys of configuration are configuration; in version 1 none is empty.",
    ),
    code(
        "Y0351",
        "6.2.1",
        "a node is defined twice",
        "All nodes below one parent have different names, those in different cases of a choice too.",
    ),
    code(
        "Y0352",
        "7.21.2",
        "a definition refers to one that is nearer its end",
        "Within a module, what is current does not use what is deprecated or obsolete, and what is deprecated does not \
         use what is obsolete. Mark the user too, or use something else.",
    ),
    code(
        "Y0353",
        "7.17",
        "an augment makes a node mandatory in another module",
        "Data that was valid without the augment would become invalid. Give the augment a 'when' that holds for those \
         who know of it only, or make the node optional.",
    ),
    code(
        "Y0354",
        "8 of RFC 8040",
        "a template of data needs one container",
        "An rc:yang-data template holds exactly one container, or a choice with one in each case. A structure of RFC 8791 \
         may hold anything.",
    ),
    code(
        "Y0355",
        "2 of RFC 8791",
        "a structure or annotation is defined twice",
        "Templates and structures of a module have different names, and so have its annotations.",
    ),
    code(
        "Y0362",
        "6.4",
        "this expression cannot work",
        "A prefix or function is not known, or a function is called with a wrong number of arguments.",
    ),
    code(
        "Y0363",
        "6.4",
        "this expression is probably wrong",
        "It names a node or identity that does not exist there; it is valid XPath, but that part never selects \
         anything.",
    ),
    code(
        "Y0364",
        "6.4",
        "this expression always comes out the same",
        "The types of the nodes decide the outcome: a value is compared with what it can never be, a function is called \
         with a node for which it finds nothing, or a step leads nowhere.",
    ),
    code(
        "Y0365",
        "7.21.5",
        "a condition depends on itself",
        "Whether a node is there is decided by its 'when'; what that looks at must not depend on the node itself, \
         directly or by way of other conditions.",
    ),
    code("Y0371", "9.9.2", "a leafref leads nowhere", "A step of its path is not defined."),
    code("Y0372", "9.9", "a leafref does not point at a leaf", "It points at one leaf or leaf-list."),
    code("Y0373", "9.9", "leafrefs point at each other", "A chain of leafrefs must not be a circle."),
    code(
        "Y0374",
        "9.9",
        "configuration points at state",
        "What configuration refers to is configuration too, unless 'require-instance false' is said.",
    ),
    code(
        "Y0375",
        "9.9.2",
        "a predicate names no key",
        "A predicate in the path of a leafref compares a key of the list that it stands behind, each key once.",
    ),
    code("Y0381", "7.6.4", "a default is not of its type", "A default is a value of the type of its leaf."),
    code(
        "Y0382",
        "7.7",
        "a default stands here twice",
        "Configured entries of a leaf-list are all different.",
    ),
    code(
        "Y0383",
        "7.6.4",
        "a default is conditional",
        "The enum or bit that a leaf has by default is there whatever features are on: it has no 'if-feature'.",
    ),
    code(
        "Y0391",
        "7.8.3",
        "a unique statement is wrong",
        "It names leafs below the list, not through another list, all of them configuration or all of them state.",
    ),
    code(
        "Y0392",
        "7.9.3",
        "a choice has no such case",
        "The default of a choice is the name of one of its cases.",
    ),
    code(
        "Y0393",
        "7.9.3",
        "a default case has a mandatory node",
        "What is there by default cannot ask for input.",
    ),
    code(
        "Y0401",
        "4.14 of RFC 8407",
        "a definition has no description",
        "Say what it is and what it is for, in whole sentences.",
    ),
    code(
        "Y0402",
        "4.11.3 of RFC 8407",
        "an enum or bit has no description",
        "A name is rarely enough to tell what a value means.",
    ),
    code(
        "Y0403",
        "4.8 of RFC 8407",
        "the head of the module is incomplete",
        "A module says which organization made it, whom to contact, what it is for and of which revision it is.",
    ),
    code(
        "Y0404",
        "4.8 of RFC 8407",
        "a revision has no reference",
        "Name the document that this revision was published in.",
    ),
    code(
        "Y0405",
        "7.1.9",
        "revisions are out of order",
        "The latest stands first, and each date is there once.",
    ),
    code(
        "Y0407",
        "4.1 of RFC 8407",
        "the name of the module does not say whose it is",
        "Names of modules are unique in the world only if they start with the name of an organization.",
    ),
    code(
        "Y0408",
        "4.3.1 of RFC 8407",
        "a name is not in lower case with hyphens",
        "Names of enums, bits and identities are left alone: they may be well-known values.",
    ),
    code("Y0409", "4.3 of RFC 8407", "a name is too long", "Names have at most 64 characters."),
    code(
        "Y0410",
        "4.10 of RFC 8407",
        "something at the top of the module is mandatory",
        "A server with this module would have no valid datastore until somebody writes that node.",
    ),
    code(
        "Y0411",
        "4.4 of RFC 8407",
        "a statement says what holds without it",
        "Leave it away; readers look for what is unusual.",
    ),
    code(
        "Y0412",
        "7.5.4.1",
        "a must has no error-message",
        "Without it a user is shown the expression. Ask for this rule with '--warn Y0412'.",
    ),
    code(
        "Y0413",
        "4.6 of RFC 8407",
        "an expression depends on the order of nodes",
        "Servers need not keep the order of entries that the system orders. Count or compare instead.",
    ),
    code("Y0414", "", "an import is not used", "Nothing in the module has its prefix."),
    code(
        "Y0415",
        "",
        "a local definition is not used",
        "A typedef or grouping inside another statement cannot be used from elsewhere.",
    ),
    code(
        "Y0416",
        "4.3.1 of RFC 8407",
        "a name repeats that of its parent",
        "Names are read with the path before them. Ask for this rule with '--warn Y0416'.",
    ),
    code(
        "Y0417",
        "7.8.2",
        "a list of state has no key",
        "It is allowed, but nobody can ask for one entry. Ask for this rule with '--warn Y0417'.",
    ),
    code("Y0418", "4.14 of RFC 8407", "a description says nothing", "It is empty or a placeholder."),
    code(
        "Y0419",
        "4.26.3 of RFC 8407",
        "anyxml is used",
        "Servers that do not keep XML cannot keep an anyxml whole; anydata holds what YANG can describe.",
    ),
    code(
        "Y0420",
        "4.8 of RFC 8407",
        "a submodule is newer than its module",
        "Who changes a submodule changes the module, and gives it a revision.",
    ),
    code(
        "Y0422",
        "7.1.4",
        "a module has another prefix here",
        "Readers know modules by their own prefixes. Ask for this rule with '--warn Y0422'.",
    ),
    code(
        "Y0450",
        "4.1 of RFC 8407",
        "the name of the module is not one of the IETF",
        "Modules of the IETF start with 'ietf-', those that IANA maintains with 'iana-'.",
    ),
    code(
        "Y0451",
        "4.9 of RFC 8407",
        "the namespace is not one of the IETF",
        "It is 'urn:ietf:params:xml:ns:yang:' and the name of the module.",
    ),
    code(
        "Y0452",
        "3.1 of RFC 8407",
        "the copyright statement is missing or out of date",
        "The description of a module of the IETF ends with the statement of the IETF Trust.",
    ),
    code(
        "Y0453",
        "B of RFC 8407",
        "the description does not name its RFC",
        "A module is read without the document around it, so it says where that is.",
    ),
    code(
        "Y0454",
        "3.1 of RFC 8407",
        "key words are used without saying so",
        "Words such as MUST mean what RFC 2119 says only where a text says that they do.",
    ),
    code(
        "Y0455",
        "4.7 of RFC 8407",
        "an import has no reference",
        "Name the document that the imported module is published in.",
    ),
    code(
        "Y0456",
        "4.8 of RFC 8407",
        "the contact cannot be reached",
        "Give an address or a page of the working group.",
    ),
    code(
        "Y0457",
        "",
        "a line is too long for an RFC",
        "RFCs are 72 characters wide; longer lines are broken by hand, which changes the text of the module.",
    ),
];

#[cfg(test)]
mod tests;
