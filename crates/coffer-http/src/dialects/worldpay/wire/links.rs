//! HAL links (section 2, 4.3).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// Where something is.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Link {
    /// Absolute.
    pub(crate) href: String,
}

impl Link {
    pub(crate) fn of(href: String) -> Self {
        Self { href }
    }
}

/// Where the names of links are explained.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Curie {
    href: String,
    name: &'static str,
    templated: bool,
}

impl Curie {
    /// Of the links `name:…`.
    pub(crate) fn of(base: &str, name: &'static str) -> Self {
        Self { href: format!("{base}/rels/{name}/{{rel}}.json"), name, templated: true }
    }

    /// Of the links `verifications:…`, which are explained elsewhere; with `.json` in the older versions.
    pub(crate) fn of_verifications(base: &str, extension: &str) -> Self {
        let href = format!("{base}/rels/verifications/accounts/{{rel}}{extension}");
        Self { href, name: "verifications", templated: true }
    }
}

/// An answer that has links and nothing else.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Links")]
pub(crate) struct RootBody {
    #[serde(rename = "_links")]
    links: NamedLinks,
}

#[derive(Serialize, JsonSchema)]
struct NamedLinks {
    #[serde(flatten)]
    named: BTreeMap<&'static str, Link>,
    curies: [Curie; 1],
}

impl RootBody {
    pub(crate) fn of<const N: usize>(links: [(&'static str, String); N], curie: Curie) -> Self {
        let named = links.into_iter().map(|(name, href)| (name, Link { href })).collect();
        Self { links: NamedLinks { named, curies: [curie] } }
    }
}
