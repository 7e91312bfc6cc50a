//! Which dialects there are, and how the paths of a document become paths of a node.

/// A dialect that Coffer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// Below `/rebilly`, with and without the organization in the path (Rebilly reference 2.1).
    Rebilly,
    /// Below `/worldpay`.
    Worldpay,
    /// The API below `/payroc/v1`, the identity service below `/payroc`.
    Payroc,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 3] = [Self::Rebilly, Self::Worldpay, Self::Payroc];

    /// The name, as in `NAME.openapi.yaml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rebilly => "rebilly",
            Self::Worldpay => "worldpay",
            Self::Payroc => "payroc",
        }
    }

    /// The dialect of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// The dialect that answers at this path of a node.
    pub fn of(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.below(path).is_some())
    }

    /// What the paths of a document may say for this path of a node, the most literal first: the path without query and
    /// one trailing slash, then without the mount, then without version or organization. None below another mount.
    pub(crate) fn candidates(self, path: &str) -> Option<Vec<String>> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let below = self.below(path)?;
        let mut found = vec![path.to_owned(), below.to_owned()];
        match self {
            Self::Rebilly => found.extend(without_organization(below)),
            // The identity service has one path, and stands beside the API.
            Self::Payroc => match (below.strip_prefix("/v1"), below.trim_end_matches('/')) {
                (Some(rest), _) if rest.trim_end_matches('/') != IDENTITY => found.push(rest.to_owned()),
                (None, IDENTITY) | (Some(_), _) => {}
                (None, _) => found.truncate(1),
            },
            Self::Worldpay => {}
        }
        for path in &mut found {
            if path.len() > 1 && path.ends_with('/') {
                path.pop();
            }
        }
        found.dedup();
        Some(found)
    }

    /// The rest of the path below the mount, `/` included.
    fn below(self, path: &str) -> Option<&str> {
        let rest = path.strip_prefix('/')?.strip_prefix(self.name())?;
        if rest.is_empty() { Some("/") } else { rest.starts_with('/').then_some(rest) }
    }
}

/// The path of Payroc's identity service.
const IDENTITY: &str = "/authorize";

/// `/organizations/{org}/x` is `/x`, and `/storefront/organizations/{org}/x` is `/storefront/x`: the definition writes
/// the first order and the SDK sends the second (Rebilly reference 2.1).
fn without_organization(path: &str) -> Option<String> {
    const FAMILIES: [&str; 2] = ["/storefront", "/experimental"];
    let family = FAMILIES.into_iter().find(|family| path.starts_with(&format!("{family}/organizations/")));
    let family = family.unwrap_or_default();
    let (_, rest) = path.strip_prefix(family)?.strip_prefix("/organizations/")?.split_once('/')?;
    Some(format!("{family}/{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(path: &str) -> Option<String> {
        Dialect::of(path)?.candidates(path)?.pop()
    }

    #[test]
    fn every_way_to_write_an_organization_is_one_path() {
        for path in ["/rebilly/tokens", "/rebilly/organizations/org_x/tokens", "/rebilly/tokens/?limit=2#a/b"]
        {
            assert_eq!(last(path).as_deref(), Some("/tokens"), "{path}");
        }
        let storefront = "/storefront/payment-instruments";
        for path in [
            "/rebilly/storefront/payment-instruments",
            "/rebilly/organizations/org_x/storefront/payment-instruments",
            "/rebilly/storefront/organizations/org_x/payment-instruments",
        ] {
            assert_eq!(last(path).as_deref(), Some(storefront), "{path}");
        }
    }

    #[test]
    fn the_literal_path_comes_first() {
        let found = Dialect::Rebilly.candidates("/rebilly/organizations/org_x/tokens").unwrap();
        assert_eq!(found[0], "/rebilly/organizations/org_x/tokens");
        assert_eq!(found[1], "/organizations/org_x/tokens");
    }

    #[test]
    fn a_mount_ends_with_a_segment() {
        assert_eq!(Dialect::of("/rebilly"), Some(Dialect::Rebilly));
        assert_eq!(Dialect::of("/payroc/v1/tokens"), Some(Dialect::Payroc));
        assert_eq!(last("/payroc/v1/tokens").as_deref(), Some("/tokens"));
        assert_eq!(last("/payroc/authorize/").as_deref(), Some("/authorize"));
        for path in ["/rebillyx/tokens", "/coffer/v1/tokens/a/redeem", "", "rebilly/tokens", "/x/rebilly"] {
            assert_eq!(Dialect::of(path), None, "{path}");
        }
    }

    #[test]
    fn the_identity_service_is_beside_the_api() {
        assert_eq!(last("/payroc/payments").as_deref(), Some("/payroc/payments"), "of neither");
        assert_eq!(last("/payroc/v1/authorize").as_deref(), Some("/v1/authorize"), "of neither");
    }

    #[test]
    fn an_organization_alone_is_no_organization_before_a_path() {
        assert_eq!(last("/rebilly/organizations/org_x").as_deref(), Some("/organizations/org_x"));
    }
}
