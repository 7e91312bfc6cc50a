//! Retired keys that are still there, and why, in words.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    dates,
    status::{Key, Walk},
};

/// Why a retired key is not destroyed yet, as the node tells it.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub(super) enum Waits {
    Nodes {
        node: Option<u16>,
    },
    Records,
    LastLook,
    Backups {
        until: i64,
    },
    KeyRecords {
        until: i64,
    },
    Keys,
    Tokens {
        until: i64,
    },
    Names,
    Due,
    /// Of a newer node.
    #[serde(other)]
    Other,
}

/// A line for each key that stays; those that are alike together.
pub(super) fn lines<'k>(
    keys: impl IntoIterator<Item = &'k Key>,
    walk: Option<&Walk>,
    paused: bool,
) -> String {
    let mut groups: BTreeMap<(&str, u32, String), Vec<u32>> = BTreeMap::new();
    for key in keys {
        let Some(waits) = key.waits else { continue };
        let whose = groups.entry((&key.purpose, key.version, waits.told(walk, paused))).or_default();
        whose.extend(key.tenant);
    }
    let line = |((purpose, version, why), whose): ((&str, u32, String), Vec<u32>)| {
        let whose = match whose.as_slice() {
            [] => String::new(),
            [tenant] => format!(", t{tenant}"),
            many => format!(", {} keys", many.len()),
        };
        format!("  {purpose}, version {version}{whose}: {why}\n")
    };
    groups.into_iter().map(line).collect()
}

impl Waits {
    fn told(self, walk: Option<&Walk>, paused: bool) -> String {
        let renewal = || match walk {
            _ if paused => "the renewal stands still (coffer keys resume)".to_owned(),
            Some(walk) => format!("the renewal is at{}", walk.told().trim_start_matches(':')),
            None => "the renewal is to begin".to_owned(),
        };
        match self {
            Self::Nodes { node: Some(node) } => format!("node {node} does not have the newest keys yet"),
            Self::Nodes { node: None } => "not every node has the newest keys yet".to_owned(),
            Self::Records => format!("records may lie under it; {}", renewal()),
            Self::LastLook => format!("every record is looked at once more; {}", renewal()),
            Self::Backups { until } => format!("backups of the data need it until {}", dates::day(until)),
            Self::KeyRecords { until } => {
                format!("kept key records need it in the device until {}", dates::day(until))
            }
            Self::Keys => "other keys lie under it".to_owned(),
            Self::Tokens { until } => {
                format!("single-use tokens of its time are there until {}", dates::day(until))
            }
            Self::Names => "records are named by it".to_owned(),
            Self::Due => "it is destroyed with the next turn of the upkeep".to_owned(),
            Self::Other => "the node says why, in words of a newer version (--json)".to_owned(),
        }
    }
}
