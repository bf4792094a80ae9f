//! `strongbox policy check`: what a policy, or the rules of NACM, say of an operation on a path, and which of them decides. It
//! comes from boot files or from a file with the policy alone; no daemon is asked.
//!
//! Exit codes: 0 for allow, 1 for reject, 2 when the command could not do its work.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;

use crate::access::authorize::check::{decide_by_policy, decide_by_rules_of_nacm};
use crate::access::authorize::nacm::{NACM, Nacm};
use crate::access::authorize::policy::built_in;
use crate::access::authorize::{Decision, Policy, PolicyOperation};
use crate::base::ident::Ident;
use crate::daemon::boot;
use crate::data::decode::{Allow, DecodeOptions, Format, decode};
use crate::data::deserialize::from_data;
use crate::data::path::InstancePath;
use crate::data::tree::{Container, Data};
use crate::engine::SYSTEM_TENANT;
use crate::yang::compile_product;
use crate::yang::schema::{Schema, Value};

/// The policy rejects the operation.
const REJECTED: u8 = 1;
/// There is no such policy, a file cannot be read, the path is not one of the model.
const UNUSABLE: u8 = 2;

/// Where the policies of a tenant are in the model.
const POLICIES: &str = "policy/policies";
/// Where the rules of NACM are.
const RULES: &str = "nacm";

/// What to do with policies.
#[derive(Subcommand, Debug)]
pub enum PolicyCommand {
    /// Say whether a policy allows an operation on a path, and which rule decides; no daemon is needed
    Check(CheckArgs),
}

/// Arguments of `check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The policy; the built-in ones, root and default, need no file, and nacm stands for the rules of NACM
    #[arg(long, value_name = "NAME")]
    policy: String,
    /// Group whose rules of NACM are asked, besides those that name the user; several may be given
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
    /// User whose rules of NACM are asked
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// read, create, update, delete or execute
    #[arg(long)]
    operation: PolicyOperation,
    /// Boot file with the policy, or directory of boot files; several are merged in their order
    #[arg(long, value_name = "FILE|DIRECTORY")]
    boot: Vec<PathBuf>,
    /// Tenant of the boot files whose policy it is [default: system]
    #[arg(long, value_name = "NAME", requires = "boot")]
    tenant: Option<String>,
    /// File with the policy alone, as a GET of /v1/config/policy/policies/NAME (or of /v1/config/nacm) returns it, in YAML
    /// or JSON
    #[arg(long, value_name = "FILE", conflicts_with = "boot")]
    file: Option<PathBuf>,
    /// Path of the model, such as strongbox/jwt-issuers/NAME/roles/NAME/mint
    path: String,
}

impl PolicyCommand {
    /// Runs the command on the standard streams.
    pub fn run(self) -> ExitCode {
        let PolicyCommand::Check(arguments) = self;
        let done = check(&arguments, &mut std::io::stdout().lock(), &mut std::io::stderr().lock());
        // The reader of our output may have gone: nothing is left to say, and nobody to say it to.
        ExitCode::from(done.unwrap_or(UNUSABLE))
    }
}

/// Prints the decision to `out`, and what kept it from deciding to `messages`. Returns the exit code.
fn check(arguments: &CheckArgs, out: &mut dyn Write, messages: &mut dyn Write) -> std::io::Result<u8> {
    let decided = compile_product().map_err(|error| vec![error]).and_then(|schema| {
        let decision = decide(&schema, arguments)?;
        Ok((told(&schema, arguments, &decision), decision.allowed))
    });
    match decided {
        Ok((told, allowed)) => {
            writeln!(out, "{told}")?;
            Ok(if allowed { 0 } else { REJECTED })
        }
        Err(errors) => {
            for error in errors {
                writeln!(messages, "strongbox: {error}")?;
            }
            Ok(UNUSABLE)
        }
    }
}

/// The decision in a line, and another for what an allowed read does not show.
fn told(schema: &Schema, arguments: &CheckArgs, decision: &Decision) -> String {
    let word = if decision.allowed { "allow" } else { "reject" };
    let mut told = match decision.rule() {
        Some((policy, rule)) => format!("{word}: rule '{rule}' of policy '{policy}'"),
        None => {
            let CheckArgs { policy, operation, .. } = arguments;
            format!("{word}: no rule of policy '{policy}' says anything of {operation} there")
        }
    };
    let hidden: BTreeSet<&str> =
        decision.hide.nodes().iter().map(|node| schema.node(*node).name.as_str()).collect();
    if !hidden.is_empty() {
        let hidden: Vec<&str> = hidden.into_iter().collect();
        told.push_str(&format!("\nhidden: {}", hidden.join(", ")));
    }
    told
}

fn decide(schema: &Schema, arguments: &CheckArgs) -> Result<Decision, Vec<String>> {
    let CheckArgs { operation, path, .. } = arguments;
    let name = arguments.policy.as_str();
    let decided = if let Some(policy) = built_in().into_iter().find(|policy| policy.name == *name) {
        decide_by_policy(schema, &policy, *operation, path)
    } else if name == NACM {
        let rules: Nacm = written(schema, &parse(schema, RULES)?, arguments)?;
        let named: Vec<Ident> = arguments.group.iter().map(|group| Ident::from(group.as_str())).collect();
        let groups = rules.groups_of(arguments.user.as_deref().map(Ident::from).as_ref(), &named);
        decide_by_rules_of_nacm(schema, &rules, &groups, *operation, path)
    } else {
        let place = parse(schema, POLICIES)?.entry([Value::String(name.into())]);
        let policy: Policy = written(schema, &place, arguments)?;
        decide_by_policy(schema, &policy, *operation, path)
    };
    decided.map_err(|error| vec![error])
}

fn parse(schema: &Schema, path: &str) -> Result<InstancePath, Vec<String>> {
    InstancePath::parse_v1(schema, path).map_err(|violation| vec![violation.told().into_owned()])
}

/// The policy, or the rules of NACM, as the arguments say where it is written.
fn written<T: DeserializeOwned>(
    schema: &Schema,
    place: &InstancePath,
    arguments: &CheckArgs,
) -> Result<T, Vec<String>> {
    let entry = match &arguments.file {
        Some(file) => from_file(schema, place, file),
        None => from_boot_files(schema, place, arguments),
    };
    from_data(schema, &*entry?).map_err(|error| vec![error.to_string()])
}

fn from_file(schema: &Schema, place: &InstancePath, file: &Path) -> Result<Arc<Container>, Vec<String>> {
    let failed = |reason: String| format!("{}: {reason}", file.display());
    let text = std::fs::read(file).map_err(|error| vec![failed(format!("cannot be read: {error}"))])?;
    let is_json = file.extension().is_some_and(|extension| extension == "json");
    let options = DecodeOptions::plain(if is_json { Format::Json } else { Format::Yaml }, Allow::Config);
    match decode(schema, place, &text, &options) {
        Ok(Data::Container(entry)) => Ok(entry),
        Ok(_) => Err(vec![failed("a map with the members of one policy is expected".to_owned())]),
        Err(violations) => Err(violations
            .iter()
            .map(|violation| failed(format!("{}: {}", violation.path.to_v1(schema), violation.told())))
            .collect()),
    }
}

fn from_boot_files(
    schema: &Schema,
    place: &InstancePath,
    arguments: &CheckArgs,
) -> Result<Arc<Container>, Vec<String>> {
    let name = arguments.policy.as_str();
    if arguments.boot.is_empty() {
        return Err(vec![format!(
            "'{name}' is not a built-in policy; --boot or --file says where it is written"
        )]);
    }
    let trees = boot::configured(schema, &arguments.boot)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<String>>())?;
    let tenant = arguments.tenant.as_deref().unwrap_or(SYSTEM_TENANT);
    if let Some(entry) = trees.get(tenant).and_then(|tree| tree.entry(place)) {
        return Ok(Arc::clone(entry));
    }
    if place.keys().is_empty() {
        return Err(vec![format!("the boot files have no rules of NACM for tenant '{tenant}'")]);
    }
    let policies = place.entry(Vec::new());
    let known: Vec<String> = trees
        .iter()
        .filter_map(|(tenant, tree)| Some((tenant, tree.list(&policies)?)))
        .flat_map(|(tenant, list)| {
            let names = list.iter().flat_map(|entry| entry.key(schema));
            names.map(move |name| format!("'{name}' of tenant '{tenant}'")).collect::<Vec<String>>()
        })
        .collect();
    let known = if known.is_empty() { "none at all".to_owned() } else { known.join(", ") };
    Err(vec![format!("the boot files have no policy '{name}' of tenant '{tenant}'; they have {known}")])
}

#[cfg(test)]
mod tests {
    use super::*;

    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: PolicyCommand,
    }

    const ENTRY: &str = "name: minter
rest-api:
  rules:
    - path: strongbox/jwt-issuers/**
      operations: {read: allow}
      hide-fields: [signing-key]
    - path: strongbox/jwt-issuers/*/roles/reader/mint
      operations: {update: allow}
    - path: strongbox/jwt-issuers/internal/**
      operations: {all: reject}
";

    /// Exit code, output and messages of a check of the policy `minter`, or of more arguments that name another.
    fn checked(policy: &str, operation: &str, path: &str, more: &[&str]) -> (u8, String, String) {
        let arguments = ["policy", "check", "--policy", policy, "--operation", operation, path];
        let PolicyCommand::Check(arguments) =
            Line::try_parse_from(arguments.iter().chain(more)).unwrap().command;
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let status = check(&arguments, &mut out, &mut messages).unwrap();
        (status, String::from_utf8(out).unwrap(), String::from_utf8(messages).unwrap())
    }

    fn entry_file(dir: &tempfile::TempDir) -> String {
        let file = dir.path().join("minter.yaml");
        std::fs::write(&file, ENTRY).unwrap();
        file.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_policy_of_its_own_file_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let file = entry_file(&dir);
        let said = |operation, path| checked("minter", operation, path, &["--file", &file]);
        let (status, out, _) = said("execute", "strongbox/jwt-issuers/payments/roles/reader/mint");
        assert_eq!(
            (status, out.as_str()),
            (0, "allow: rule 'strongbox/jwt-issuers/*/roles/reader/mint' of policy 'minter'\n")
        );
        let (status, out, _) = said("read", "/strongbox/jwt-issuers/payments");
        assert_eq!(
            (status, out.as_str()),
            (0, "allow: rule 'strongbox/jwt-issuers/**' of policy 'minter'\nhidden: signing-key\n")
        );
        let (status, out, _) = said("read", "strongbox/jwt-issuers/internal");
        assert_eq!(
            (status, out.as_str()),
            (REJECTED, "reject: rule 'strongbox/jwt-issuers/internal/**' of policy 'minter'\n")
        );
        let (status, out, _) = said("delete", "strongbox/jwt-issuers/payments");
        assert_eq!(
            (status, out.as_str()),
            (REJECTED, "reject: no rule of policy 'minter' says anything of delete there\n")
        );
    }

    #[test]
    fn what_cannot_be_decided_is_another_failure_than_a_rejection() {
        let dir = tempfile::tempdir().unwrap();
        let file = entry_file(&dir);
        for (policy, path, more, told) in [
            ("minter", "strongbox/nothing", &["--file", file.as_str()][..], "nothing"),
            ("other", "strongbox", &["--file", file.as_str()], "minter"),
            ("minter", "strongbox", &["--file", "no/such/file"], "no/such/file: cannot be read"),
            ("minter", "strongbox", &["--boot", "no/such/file"], "no/such/file: cannot be read"),
            ("minter", "strongbox", &[], "--boot or --file"),
        ] {
            let (status, out, messages) = checked(policy, "read", path, more);
            assert_eq!((status, out.as_str()), (UNUSABLE, ""), "{messages}");
            assert!(messages.starts_with("strongbox: ") && messages.contains(told), "{messages}");
        }
    }

    #[test]
    fn the_rules_of_nacm_are_asked_for_a_user_or_a_group() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("nacm.yaml");
        let rules = "groups:
  group:
    - {name: readers, user-name: [wilma]}
rule-list:
  - name: readers
    group: [readers]
    rule:
      - {name: issuers, module-name: strongbox-jwt-issuer, access-operations: read, action: permit}
      - {name: own, path: \"/strongbox:strongbox/strongbox-authentication:authentication\", action: permit}
";
        std::fs::write(&file, rules).unwrap();
        let file = file.to_str().unwrap();
        let said = |operation, path, more: &[&str]| {
            let more: Vec<&str> = ["--file", file].iter().chain(more).copied().collect();
            checked("nacm", operation, path, &more)
        };
        let issuers = "strongbox/jwt-issuers";
        let allowed = "allow: rule 'readers/issuers' of policy 'nacm'\n";
        for who in [["--user", "wilma"], ["--group", "readers"]] {
            assert_eq!(said("read", issuers, &who), (0, allowed.to_owned(), String::new()));
        }
        let refused = "reject: rule 'default-deny-all' of policy 'nacm'\n";
        assert_eq!(said("read", issuers, &["--user", "fred"]), (REJECTED, refused.to_owned(), String::new()));
        assert_eq!(said("delete", issuers, &["--user", "wilma"]).0, REJECTED);
        std::fs::write(file, rules.replace("authentication\"", "authentification\"")).unwrap();
        let (status, _, messages) = said("read", issuers, &["--user", "wilma"]);
        assert!(status == UNUSABLE && messages.contains("rule 'readers/own'"), "{messages}");
    }

    #[test]
    fn built_in_policies_need_no_file() {
        assert_eq!(checked("root", "delete", "strongbox/transit-keys/a", &[]).0, 0);
        assert_eq!(checked("default", "delete", "strongbox/transit-keys/a", &[]).0, REJECTED);
    }
}
