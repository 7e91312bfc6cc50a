//! Which operations a caller may do, and on whose data. Default deny.
//!
//! An operation is named by its dialect, for instance `PostToken` (`reference/rebilly.md` 2.2); nothing here knows the
//! names.

use std::collections::BTreeSet;

use coffer_types::Tenant;

/// Which operations are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permissions {
    /// All of them.
    All,
    /// Those with these names, and no others.
    Only(BTreeSet<String>),
}

impl Permissions {
    /// The word for all operations.
    pub const ALL: &'static str = "*";

    /// Reads names of operations, or `*` alone. None when `*` stands beside names: it is not clear what is meant.
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<Self> {
        let names: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
        match (names.contains(Self::ALL), names.len()) {
            (false, _) => Some(Self::Only(names)),
            (true, 1) => Some(Self::All),
            (true, _) => None,
        }
    }

    /// Whether this operation is allowed.
    pub fn include(&self, operation: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(operation),
        }
    }

    /// What both allow.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, both) | (both, Self::All) => both.clone(),
            (Self::Only(names), Self::Only(others)) => {
                Self::Only(names.intersection(others).cloned().collect())
            }
        }
    }
}

/// What is allowed on the data of some tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// On whose data.
    pub tenants: Vec<Tenant>,
    /// Which operations.
    pub permissions: Permissions,
}

/// An access control list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acl {
    /// No list: everything that the kind of credential may do.
    Full,
    /// What one of these allows, and nothing else.
    Grants(Vec<Grant>),
}

impl Acl {
    /// Whether the list allows this operation on this tenant's data. Whose credential it is, is asked elsewhere.
    pub fn permits(&self, tenant: Tenant, operation: &str) -> bool {
        match self {
            Self::Full => true,
            Self::Grants(grants) => grants
                .iter()
                .any(|grant| grant.tenants.contains(&tenant) && grant.permissions.include(operation)),
        }
    }

    /// The same list for nothing but these tenants and operations. It never allows more than before.
    #[must_use]
    pub fn cut(&self, tenants: &[Tenant], permissions: &Permissions) -> Self {
        let full;
        let grants = match self {
            Self::Full => {
                full = [Grant { tenants: tenants.to_vec(), permissions: Permissions::All }];
                full.as_slice()
            }
            Self::Grants(grants) => grants.as_slice(),
        };
        let cut = |grant: &Grant| Grant {
            tenants: grant.tenants.iter().copied().filter(|tenant| tenants.contains(tenant)).collect(),
            permissions: grant.permissions.and(permissions),
        };
        Self::Grants(grants.iter().map(cut).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: u32) -> Tenant {
        Tenant::new(number).unwrap()
    }

    fn only(names: &[&str]) -> Permissions {
        Permissions::of(names.iter().copied()).unwrap()
    }

    #[test]
    fn names_are_read_and_a_star_stands_alone() {
        assert_eq!(Permissions::of(["*"]), Some(Permissions::All));
        assert_eq!(Permissions::of(["*", "*"]), Some(Permissions::All));
        assert_eq!(Permissions::of(["*", "A"]), None);
        assert_eq!(Permissions::of([]), Some(Permissions::Only(BTreeSet::new())));
        let some = only(&["A", "B"]);
        assert!(some.include("A") && some.include("B"));
        for other in ["C", "a", "A ", "", "*", "AB"] {
            assert!(!some.include(other), "{other}");
        }
        assert!(Permissions::All.include("anything") && !only(&[]).include(""));
    }

    #[test]
    fn a_list_allows_by_tenant_and_operation_together() {
        let acl = Acl::Grants(vec![
            Grant { tenants: vec![tenant(1)], permissions: only(&["A"]) },
            Grant { tenants: vec![tenant(2), tenant(3)], permissions: Permissions::All },
        ]);
        let table = [(1, "A", true), (1, "B", false), (2, "A", true), (3, "B", true), (4, "A", false)];
        for (number, operation, allowed) in table {
            assert_eq!(acl.permits(tenant(number), operation), allowed, "{number} {operation}");
        }
        assert!(Acl::Full.permits(tenant(4), "A"));
        assert!(!Acl::Grants(Vec::new()).permits(tenant(1), "A"));
    }

    /// A cut list allows what the list and the cut both allow, for every list and cut there is of these parts.
    #[test]
    fn a_cut_never_allows_more_and_loses_nothing_that_both_allow() {
        let some = [Permissions::All, only(&["A"]), only(&["B", "C"]), only(&[])];
        let grants = |permissions: &Permissions| {
            let first = Grant { tenants: vec![tenant(1)], permissions: permissions.clone() };
            let second = Grant { tenants: vec![tenant(1), tenant(2)], permissions: only(&["C"]) };
            Acl::Grants(vec![first, second])
        };
        let lists: Vec<Acl> = some.iter().map(grants).chain([Acl::Full, Acl::Grants(Vec::new())]).collect();
        let sets: [&[Tenant]; 3] = [&[tenant(1)], &[tenant(2), tenant(1)], &[]];
        for (acl, tenants) in lists.iter().flat_map(|acl| sets.map(|tenants| (acl, tenants))) {
            for permissions in &some {
                let cut = acl.cut(tenants, permissions);
                for (number, operation) in
                    (1..=3).flat_map(|number| ["A", "B", "C"].map(|name| (number, name)))
                {
                    let tenant = tenant(number);
                    let both = acl.permits(tenant, operation)
                        && tenants.contains(&tenant)
                        && permissions.include(operation);
                    assert_eq!(cut.permits(tenant, operation), both, "{acl:?} {tenants:?} {permissions:?}");
                }
            }
        }
    }
}
