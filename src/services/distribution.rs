//! What the distribution of an entry comes to, once `inherit` was followed to the entries above it.
//!
//! Not for carrying entries to sites: this only says where they belong.

use serde::{Deserialize, Serialize};

/// The container `distribute` of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Distribute {
    /// Everywhere, nowhere, or as the entry above.
    pub to: Option<Target>,
    /// To these sites.
    pub sites: Vec<String>,
    /// To the sites on which one of these deployments runs.
    pub deployments: Vec<String>,
}

/// The leaf `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Every site.
    All,
    /// No site.
    None,
    /// As the entry above says.
    Inherit,
}

/// The container `distribution-status`. Exactly one of its members is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DistributionStatus {
    /// `all` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Target>,
    /// To these sites.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<String>,
    /// To the sites on which one of these deployments runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deployments: Vec<String>,
}

/// The effective distribution of an entry, given its own word and that of the entries above it, nearest first. One that
/// says nothing inherits; where nobody says anything it is no site.
pub fn effective<'a>(entries: impl IntoIterator<Item = &'a Distribute>) -> DistributionStatus {
    for entry in entries {
        if !entry.sites.is_empty() {
            return DistributionStatus { sites: entry.sites.clone(), ..DistributionStatus::default() };
        }
        if !entry.deployments.is_empty() {
            return DistributionStatus {
                deployments: entry.deployments.clone(),
                ..DistributionStatus::default()
            };
        }
        match entry.to {
            Some(Target::Inherit) | None => {}
            to => return DistributionStatus { to, ..DistributionStatus::default() },
        }
    }
    DistributionStatus { to: Some(Target::None), ..DistributionStatus::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(target: Target) -> Distribute {
        Distribute { to: Some(target), ..Distribute::default() }
    }

    #[test]
    fn an_entry_decides_for_itself_unless_it_inherits() {
        let sites = Distribute { sites: vec!["a".to_owned()], ..Distribute::default() };
        let deployments = Distribute { deployments: vec!["d".to_owned()], ..Distribute::default() };
        let status = |entries: &[Distribute]| serde_json::to_value(effective(entries)).unwrap();
        assert_eq!(status(&[to(Target::All), to(Target::None)]), serde_json::json!({"to": "all"}));
        assert_eq!(status(&[to(Target::None), to(Target::All)]), serde_json::json!({"to": "none"}));
        assert_eq!(status(&[to(Target::Inherit), sites.clone()]), serde_json::json!({"sites": ["a"]}));
        assert_eq!(status(&[Distribute::default(), deployments]), serde_json::json!({"deployments": ["d"]}));
        assert_eq!(status(&[sites, to(Target::All)]), serde_json::json!({"sites": ["a"]}));
    }

    #[test]
    fn where_nobody_says_anything_it_is_no_site() {
        assert_eq!(effective(&[]).to, Some(Target::None));
        assert_eq!(effective(&[to(Target::Inherit)]).to, Some(Target::None));
        assert_eq!(effective(&[to(Target::Inherit), to(Target::Inherit)]).to, Some(Target::None));
    }
}
