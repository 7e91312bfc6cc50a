//! The rows of wrapped keys: which of them open, and what they make.

use std::collections::{BTreeMap, BTreeSet};

use coffer_crypto::{Environment, Kek, KeyPurpose, KeyScope, KeyState, KeyVersion, Keyring, KeyringBuilder};
use coffer_types::{Tenant, limits};

use super::Problem;
use crate::{
    KekSource,
    keys::load::{life_of, open_kek},
    moving::Table,
    store::KeyRow,
};

/// Seconds from the step that makes a key active to its use, at most.
const LONGEST_LEAD: i64 = if limits::PEER_LIVE_SECONDS > limits::LOCATOR_LEAD_SECONDS {
    limits::PEER_LIVE_SECONDS
} else {
    limits::LOCATOR_LEAD_SECONDS
};

/// What rows of keys come to.
#[derive(Debug)]
pub struct OpenedKeys {
    /// The keys that open; none where so many do not that there is no keyring. Tenants with a key that does not open
    /// are not in it.
    pub keyring: Option<Keyring>,
    /// What is wrong with the rows.
    pub problems: Vec<Problem>,
}

/// Opens rows of keys, and looks at their states and their versions.
pub fn keys(environment: Environment, rows: &[KeyRow], source: &dyn KekSource) -> OpenedKeys {
    let mut problems = lives(rows);
    let mut keks = BTreeMap::new();
    for row in rows.iter().filter(|row| row.purpose == KeyPurpose::Kek.code() && is_there(row)) {
        match open_kek(environment, source, rows, row.version) {
            Ok(kek) => drop(keks.insert(row.version, kek)),
            Err(_) => problems.push(wrong(
                row,
                "the key-encryption key does not open: it was changed, or the root is another's",
            )),
        }
    }
    let mut left_out = BTreeSet::new();
    let mut opened = Vec::new();
    for row in rows.iter().filter(|row| is_there(row)) {
        let Some(purpose) = under_kek(row) else { continue };
        let opens = keks.get(&row.under).is_some_and(|kek| {
            let mut alone = KeyringBuilder::new(environment, kek);
            alone.add(purpose, scope(row), KeyVersion::new(row.version), &row.wrapped).is_ok()
        });
        if opens {
            opened.push(row);
        } else {
            problems.push(wrong(row, "the key does not open: its row was changed, or what wraps it"));
            left_out.extend(row.tenant);
        }
    }
    let opened = opened.into_iter().filter(|row| row.tenant.is_none_or(|tenant| !left_out.contains(&tenant)));
    let keyring = assemble(environment, &keks, opened);
    if keyring.is_none() {
        problems.push(Problem::of(
            Table::Keys.name(),
            "the keys do not make a complete set: no record can be opened",
        ));
    }
    OpenedKeys { keyring, problems }
}

fn assemble<'r>(
    environment: Environment,
    keks: &BTreeMap<u32, Kek>,
    rows: impl Iterator<Item = &'r KeyRow>,
) -> Option<Keyring> {
    let (_, newest) = keks.last_key_value()?;
    let mut builder = KeyringBuilder::new(environment, newest);
    for kek in keks.values().rev().skip(1) {
        builder.also_under(kek);
    }
    let mut tenants: BTreeMap<Option<Tenant>, Vec<&KeyRow>> = BTreeMap::new();
    for row in rows {
        tenants.entry(row.tenant).or_default().push(row);
    }
    for (tenant, rows) in tenants {
        let has = |purpose: &KeyPurpose| rows.iter().any(|row| row.purpose == purpose.code());
        if tenant.is_some() && !KeyPurpose::OF_TENANT.iter().all(has) {
            continue;
        }
        for row in rows {
            let purpose = under_kek(row)?;
            let version = KeyVersion::new(row.version);
            builder.add_in(life_of(row), purpose, scope(row), version, &row.wrapped).ok()?;
        }
    }
    builder.build().ok()
}

/// The purpose of a key that lies under the KEK; none of the KEK itself and of what only leads to it.
fn under_kek(row: &KeyRow) -> Option<KeyPurpose> {
    let purpose = KeyPurpose::from_code(row.purpose)?;
    let of = KeyPurpose::OF_TENANT.contains(&purpose) || KeyPurpose::OF_DEPLOYMENT.contains(&purpose);
    of.then_some(purpose)
}

fn scope(row: &KeyRow) -> KeyScope {
    row.tenant.map_or(KeyScope::Deployment, KeyScope::Tenant)
}

fn is_there(row: &KeyRow) -> bool {
    row.state != KeyState::Destroyed
}

fn wrong(row: &KeyRow, what: &str) -> Problem {
    let KeyRow { purpose, version, .. } = row;
    Problem::of(Table::Keys.name(), format!("purpose {purpose} version {version}: {what}")).tenant(row.tenant)
}

/// States and versions: a key that was destroyed has no bytes and every other has some; versions count from 1 without a
/// gap; of each key that is in use one version at least is active, and of all but fingerprint keys one at most, which
/// is the newest but for one that is on its way; and none was to be used later than the lead that its kind has.
fn lives(rows: &[KeyRow]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut versions: BTreeMap<(Option<Tenant>, u8), Vec<&KeyRow>> = BTreeMap::new();
    for row in rows {
        let Some(purpose) = KeyPurpose::from_code(row.purpose) else {
            problems.push(wrong(row, "there is no such purpose"));
            continue;
        };
        let of_tenant = KeyPurpose::OF_TENANT.contains(&purpose);
        if of_tenant != row.tenant.is_some() {
            problems.push(wrong(row, "a key of this purpose does not belong there"));
        }
        if under_kek(row).is_none() && purpose != KeyPurpose::Kek {
            continue;
        }
        if is_there(row) == row.wrapped.0.is_empty() {
            problems.push(wrong(row, "its state and its bytes do not go together"));
        }
        versions.entry((row.tenant, row.purpose)).or_default().push(row);
    }
    for rows in versions.values() {
        for (expected, row) in (1..).zip(rows) {
            if row.version != expected {
                problems.push(wrong(row, "versions before this one are missing"));
                break;
            }
        }
        let newest = rows.iter().rev().find(|row| row.state == KeyState::Active);
        let several = rows.first().is_some_and(|row| row.purpose == KeyPurpose::Fingerprint.code());
        for row in rows {
            let is_before = newest.is_some_and(|newest| row.version < newest.version);
            match row.state {
                KeyState::Active if is_before && !several => {
                    problems.push(wrong(row, "a newer version of this key is active as well"));
                }
                KeyState::DecryptOnly | KeyState::Destroyed if newest.is_some() && !is_before => {
                    problems.push(wrong(row, "it is retired, and an older version is active"));
                }
                KeyState::Distributed if is_before => {
                    problems.push(wrong(row, "it is on its way, and a newer version is active"));
                }
                _ => {}
            }
            if row.active_at.is_some_and(|at| at > row.changed_at.plus_seconds(LONGEST_LEAD)) {
                problems.push(wrong(row, "it is to be used from a time on that no rotation gives"));
            }
        }
        if let Some(row) = rows.last().filter(|_| rows.iter().all(|row| row.state != KeyState::Active)) {
            problems.push(wrong(row, "no version of this key is active"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use coffer_crypto::WrappedKey;
    use coffer_types::{Generation, Timestamp};

    use super::*;

    const ON_ITS_WAY: u8 = 1;
    const ACTIVE: u8 = 2;
    const RETIRED: u8 = 3;
    const GONE: u8 = 4;

    /// One key of a tenant, whose versions are in these states, made active a lead after their last step.
    fn said(purpose: KeyPurpose, states: &[u8], lead: i64) -> Vec<String> {
        let at = Timestamp::from_millis(1_800_000_000_000);
        let row = |(version, state): (u32, &u8)| {
            let state = KeyState::from_code(*state).unwrap();
            let bytes = if state == KeyState::Destroyed { Vec::new() } else { vec![1; 62] };
            KeyRow {
                tenant: Some(Tenant::new(1).unwrap()),
                purpose: purpose.code(),
                version,
                generation: Generation::FIRST,
                state,
                under: 1,
                created_at: at,
                active_at: (state != KeyState::Distributed).then(|| at.plus_seconds(lead)),
                changed_at: at,
                wrapped: WrappedKey(bytes),
            }
        };
        let rows: Vec<KeyRow> = (1..).zip(states).map(row).collect();
        lives(&rows).into_iter().map(|problem| problem.what.into_owned()).collect()
    }

    #[test]
    fn states_that_a_rotation_gives_are_right() {
        let data = KeyPurpose::DataDurable;
        for states in
            [&[ACTIVE][..], &[RETIRED, ACTIVE], &[GONE, RETIRED, ACTIVE], &[GONE, ACTIVE, ON_ITS_WAY]]
        {
            assert_eq!(said(data, states, LONGEST_LEAD), Vec::<String>::new(), "{states:?}");
        }
        assert_eq!(said(KeyPurpose::Fingerprint, &[RETIRED, ACTIVE, ACTIVE], 0), Vec::<String>::new());
    }

    #[test]
    fn states_that_none_gives_are_named() {
        let data = KeyPurpose::DataDurable;
        for (states, what) in [
            (&[ACTIVE, RETIRED][..], "version 2: it is retired, and an older version is active"),
            (&[ACTIVE, GONE], "version 2: it is retired, and an older version is active"),
            (&[ACTIVE, RETIRED, ACTIVE], "version 1: a newer version of this key is active as well"),
            (&[ON_ITS_WAY, ACTIVE], "version 1: it is on its way, and a newer version is active"),
            (&[RETIRED, RETIRED], "version 2: no version of this key is active"),
        ] {
            let said = said(data, states, 0);
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(said[0].ends_with(what), "{said:?}");
        }
        let later = said(data, &[ACTIVE], LONGEST_LEAD + 1);
        assert!(later.len() == 1 && later[0].contains("from a time on that no rotation gives"), "{later:?}");
    }
}
