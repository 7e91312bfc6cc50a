//! Locators: only this deployment makes them, each leads to one place, and no two texts name the same one.

use coffer_crypto::{Environment, LOCATOR_LEN, LocatorBytes, LocatorKind, forms};
use coffer_types::RecordNumber;

use crate::fixture::{Deployment, RECORD, TENANT, record, sample, tenant};

const KINDS: [LocatorKind; 2] = [LocatorKind::SingleUseToken, LocatorKind::Instrument];

/// Numbers that look random and are the same in every run (the constants of a 64-bit MCG).
fn numbers(count: usize) -> impl Iterator<Item = u64> {
    let step = |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    std::iter::successors(Some(0x0123_4567_89ab_cdef), step).take(count)
}

#[test]
fn a_locator_leads_back() {
    let keyring = sample().keyring();
    let corners = [0, 1, u64::from(u32::MAX), RecordNumber::MAX.get()];
    for number in corners.into_iter().chain(numbers(2_000).map(|number| number >> 1)) {
        let owner = tenant(u32::try_from(number % 0xff_ffff).unwrap() + 1);
        for kind in KINDS {
            let locator = keyring.locator().seal(kind, owner, record(number)).unwrap();
            assert_eq!(keyring.locator().seal(kind, owner, record(number)), Ok(locator));
            let printed = forms::parse_grouped(&forms::grouped(&locator)).unwrap();
            assert_eq!(forms::parse_upper(&forms::upper(&locator)), Some(printed));
            assert_eq!(keyring.locator().open(kind, &printed.0), Some((owner, record(number))));
        }
    }
}

#[test]
fn every_bit_of_a_locator_counts() {
    let keyring = sample().keyring();
    for kind in KINDS {
        let LocatorBytes(bytes) = keyring.locator().seal(kind, tenant(TENANT), record(RECORD)).unwrap();
        for bit in 0..LOCATOR_LEN * 8 {
            let mut forged = bytes;
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keyring.locator().open(kind, &forged), None, "bit {bit}");
        }
    }
}

#[test]
fn a_locator_of_one_kind_is_not_one_of_the_other() {
    let keyring = sample().keyring();
    for (made, asked) in [(KINDS[0], KINDS[1]), (KINDS[1], KINDS[0])] {
        let locator = keyring.locator().seal(made, tenant(TENANT), record(RECORD)).unwrap();
        assert!(keyring.locator().open(made, &locator.0).is_some());
        assert_eq!(keyring.locator().open(asked, &locator.0), None);
    }
}

#[test]
fn another_environment_or_key_makes_other_locators() {
    let own = sample().keyring();
    let same_bytes_live = Deployment::new(Environment::Live, 0, &[TENANT]).keyring();
    let other_key = Deployment::new(Environment::Sandbox, 1, &[TENANT]).keyring();
    let locator = own.locator().seal(KINDS[0], tenant(TENANT), record(RECORD)).unwrap();
    assert_eq!(same_bytes_live.locator().open(KINDS[0], &locator.0), None);
    assert_eq!(other_key.locator().open(KINDS[0], &locator.0), None);
}

/// A retired locator key reads the names that it made, and makes none of records that came after it.
#[test]
fn an_older_key_still_reads() {
    let mut deployment = sample();
    let before = deployment.keyring();
    let old = before.locator().seal(KINDS[0], tenant(TENANT), record(RECORD)).unwrap();
    let later = before.locator().seal(KINDS[0], tenant(TENANT), record(RECORD + 1)).unwrap();
    deployment.add_locator(255, RECORD + 1);
    let after = deployment.keyring();
    let new = after.locator().seal(KINDS[0], tenant(TENANT), record(RECORD + 1)).unwrap();
    assert_eq!((old.0[0], new.0[0]), (1, 255));
    for (locator, number) in [(old, RECORD), (new, RECORD + 1)] {
        let place = Some((tenant(TENANT), record(number)));
        assert_eq!(after.locator().open(KINDS[0], &locator.0), place);
    }
    assert_eq!(after.locator().open(KINDS[0], &later.0), None, "it is named by the new key alone");
    let by_new = after.locator().seal_with(255, KINDS[0], tenant(TENANT), record(RECORD)).unwrap();
    assert_eq!(after.locator().open(KINDS[0], &by_new.0), None, "and this one by the old key");
    assert_eq!(before.locator().open(KINDS[0], &new.0), None);
    let mut relabelled = new.0;
    relabelled[0] = 1;
    assert_eq!(after.locator().open(KINDS[0], &relabelled), None);
}

/// What was printed under an older key is printed the same for ever, where the record remembers the key.
#[test]
fn a_remembered_key_prints_the_same() {
    let mut deployment = sample();
    let before = deployment.keyring();
    let (tenant, record) = (tenant(TENANT), record(RECORD));
    let version = before.locator().version_of(record);
    let printed = before.locator().seal(LocatorKind::Reusable, tenant, record).unwrap();
    let name = before.locator().short_name(version, tenant, record).unwrap();
    deployment.add_locator(2, RECORD + 1);
    let after = deployment.keyring();
    assert_eq!((version, after.locator().version_of(record)), (1, 1));
    assert_eq!(after.locator().seal(LocatorKind::Reusable, tenant, record), Ok(printed));
    assert_eq!(after.locator().seal_with(version, LocatorKind::Reusable, tenant, record), Ok(printed));
    assert_eq!(after.locator().short_name(version, tenant, record), Ok(name));
    assert_eq!(after.locator().open_short_name(tenant, &name), Some(record));
    assert_ne!(after.locator().short_name(2, tenant, record), Ok(name));
    assert!(after.locator().seal_with(3, LocatorKind::Reusable, tenant, record).is_err());
    assert!(after.locator().short_name(3, tenant, record).is_err());
}

#[test]
fn a_short_name_leads_back_for_its_tenant_alone() {
    let deployment = Deployment::new(Environment::Sandbox, 0, &[TENANT, 8]);
    let keyring = deployment.keyring();
    let locator = keyring.locator();
    let mut seen = std::collections::HashSet::new();
    for number in [0, 1, RecordNumber::MAX.get()].into_iter().chain(numbers(500).map(|number| number >> 1)) {
        let name = locator.short_name(1, tenant(TENANT), record(number)).unwrap();
        assert_eq!(locator.open_short_name(tenant(TENANT), &name), Some(record(number)));
        assert_eq!(locator.open_short_name(tenant(8), &name), None, "another tenant's name means nothing");
        assert!(seen.insert(name.0), "no two records have one name");
        for bit in 0..name.0.len() * 8 {
            let mut other = name;
            other.0[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(locator.open_short_name(tenant(TENANT), &other), None, "{number} bit {bit}");
        }
    }
}

#[test]
fn neighbours_look_unrelated() {
    let keyring = sample().keyring();
    let seal = |number| keyring.locator().seal(KINDS[0], tenant(TENANT), record(number)).unwrap().0;
    let differing: u32 =
        seal(RECORD)[1..].iter().zip(&seal(RECORD + 1)[1..]).map(|(a, b)| (a ^ b).count_ones()).sum();
    assert!(differing > 60, "{differing} of 216 bits differ");
    assert_eq!(format!("{:?}", LocatorBytes(seal(RECORD))), "LocatorBytes(..)");
}
