//! Keys of a small deployment, from randomness that counts.

use std::sync::atomic::{AtomicU8, Ordering};

use coffer_crypto::{
    Entropy, EntropyError, Environment, Kek, KeyLife, KeyPurpose, KeyScope, KeyVersion, Keyring,
    KeyringBuilder, RootKey, Salt, WrappedKey,
};
use coffer_types::{RecordNumber, Tenant, Timestamp};

/// A number that every scheme publishes for tests.
pub(crate) const PAN: &[u8] = b"4111111111111111";
pub(crate) const TENANT: u32 = 7;
pub(crate) const RECORD: u64 = 123_456_789;

/// Bytes that count up and wrap around: the same keys in every run.
pub(crate) struct Counting(AtomicU8);

impl Counting {
    pub(crate) fn from(first: u8) -> Self {
        Self(AtomicU8::new(first))
    }
}

impl Entropy for Counting {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        for byte in out {
            *byte = self.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// No randomness at all.
pub(crate) struct Dry;

impl Entropy for Dry {
    fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError)
    }
}

/// One row of the store's key table.
pub(crate) struct Row {
    pub(crate) purpose: KeyPurpose,
    pub(crate) scope: KeyScope,
    pub(crate) version: KeyVersion,
    pub(crate) wrapped: WrappedKey,
    /// Of a locator key: the first record that is named with it.
    pub(crate) from: RecordNumber,
}

/// Everything that a store holds of keys, and the root key beside it.
pub(crate) struct Deployment {
    pub(crate) environment: Environment,
    pub(crate) root: RootKey,
    pub(crate) wrapped_kek: WrappedKey,
    pub(crate) rows: Vec<Row>,
}

impl Deployment {
    pub(crate) fn new(environment: Environment, seed: u8, tenants: &[u32]) -> Self {
        let entropy = Counting::from(seed);
        let root = RootKey::generate(&entropy).unwrap();
        let kek = Kek::generate(environment, KeyVersion::FIRST, &entropy).unwrap();
        let wrapped_kek = root.wrap_kek(&kek, &entropy).unwrap();
        let mut deployment = Self { environment, root, wrapped_kek, rows: Vec::new() };
        // In the order in which keys came to be: the samples count on the randomness.
        for purpose in [KeyPurpose::Locator, KeyPurpose::Ring] {
            deployment.add(&kek, purpose, KeyScope::Deployment, 1, &entropy);
        }
        for number in tenants {
            for purpose in KeyPurpose::OF_TENANT {
                deployment.add(&kek, purpose, KeyScope::Tenant(tenant(*number)), 1, &entropy);
            }
        }
        deployment.add(&kek, KeyPurpose::Export, KeyScope::Deployment, 1, &entropy);
        deployment
    }

    pub(crate) fn add(
        &mut self,
        kek: &Kek,
        purpose: KeyPurpose,
        scope: KeyScope,
        version: u32,
        entropy: &Counting,
    ) {
        let version = KeyVersion::new(version);
        let wrapped = kek.wrap_new(purpose, scope, version, entropy).unwrap();
        self.rows.push(Row { purpose, scope, version, wrapped, from: RecordNumber::MIN });
    }

    /// A second locator key, which names the records from one on.
    pub(crate) fn add_locator(&mut self, version: u32, from: u64) {
        self.add(&self.kek(), KeyPurpose::Locator, KeyScope::Deployment, version, &Counting::from(200));
        if let Some(row) = self.rows.last_mut() {
            row.from = record(from);
        }
    }

    pub(crate) fn kek(&self) -> Kek {
        self.root.unwrap_kek(self.environment, KeyVersion::FIRST, &self.wrapped_kek).unwrap()
    }

    pub(crate) fn keyring(&self) -> Keyring {
        let kek = self.kek();
        let mut builder = KeyringBuilder::new(self.environment, &kek);
        for row in &self.rows {
            let life = KeyLife { from: row.from, ..KeyLife::FIRST };
            builder.add_in(life, row.purpose, row.scope, row.version, &row.wrapped).unwrap();
        }
        builder.build().unwrap()
    }
}

/// The sandbox deployment that the frozen samples belong to.
pub(crate) fn sample() -> Deployment {
    Deployment::new(Environment::Sandbox, 0, &[TENANT])
}

pub(crate) fn tenant(number: u32) -> Tenant {
    Tenant::new(number).unwrap()
}

pub(crate) fn record(number: u64) -> RecordNumber {
    RecordNumber::from_u64(number).unwrap()
}

/// The bytes a0 to bf.
pub(crate) fn salt() -> Salt {
    Salt::generate(&Counting::from(0xa0)).unwrap()
}

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}
