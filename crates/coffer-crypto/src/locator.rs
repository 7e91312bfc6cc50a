//! Locators: the place of a record, sealed so that it can be printed as a token (`docs/FORMAT.md` 4).
//!
//! The same record always gives the same locator, nobody without the key can make or change one, and a forged
//! one is refused before the store is asked. It encrypts a number and a tenant, nothing of a card.

use std::fmt;

use coffer_types::{RecordNumber, Tenant};

use crate::Environment;
use crate::aad::Frame;
use crate::key::{KeyBytes, KeyVersion};
use crate::primitives::{AeadKey, NONCE_LEN, Refused, TAG_LEN};
use crate::sealed::SealError;

const CLEAR_LEN: usize = 11;
/// Bytes of a locator: key version, eleven bytes of ciphertext, tag.
pub const LOCATOR_LEN: usize = 1 + CLEAR_LEN + TAG_LEN;

/// GCM-SIV stays safe under one nonce for all: it then shows only that two locators are the same.
const NONCE: [u8; NONCE_LEN] = [0; NONCE_LEN];

/// What a locator leads to. A locator of one kind does not open as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LocatorKind {
    /// A single-use token.
    SingleUseToken,
    /// An instrument.
    Instrument,
    /// A customer.
    Customer,
}

impl LocatorKind {
    const fn code(self) -> u8 {
        match self {
            Self::SingleUseToken => 1,
            Self::Instrument => 2,
            Self::Customer => 3,
        }
    }
}

/// A locator as bytes. A locator of a single-use token is a bearer secret: it is not printed by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LocatorBytes(pub [u8; LOCATOR_LEN]);

impl fmt::Debug for LocatorBytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("LocatorBytes(..)")
    }
}

/// Makes and reads locators under the deployment's locator keys.
pub struct Locator {
    environment: Environment,
    newest: (u8, AeadKey),
    older: Vec<(u8, AeadKey)>,
}

impl Locator {
    /// From versions 1 to 255 in rising order; `None` when there is none.
    pub(crate) fn new(
        environment: Environment,
        versions: &[(KeyVersion, KeyBytes)],
    ) -> Result<Option<Self>, Refused> {
        let mut older = Vec::new();
        for (version, key) in versions {
            let version = u8::try_from(version.get()).map_err(|_| Refused)?;
            older.push((version, AeadKey::gcm_siv(key.expose())?));
        }
        Ok(older.pop().map(|newest| Self { environment, newest, older }))
    }

    /// The locator of a record under the newest key. Equal input, equal output.
    pub fn seal(
        &self,
        kind: LocatorKind,
        tenant: Tenant,
        number: RecordNumber,
    ) -> Result<LocatorBytes, SealError> {
        let (version, key) = &self.newest;
        let [outside, tenant @ ..] = tenant.get().to_be_bytes();
        if outside != 0 {
            return Err(SealError::TooLong);
        }
        let mut clear = [0; CLEAR_LEN];
        clear[..8].copy_from_slice(&number.get().to_be_bytes());
        clear[8..].copy_from_slice(&tenant);
        let mut locator = [*version; LOCATOR_LEN];
        key.seal(NONCE, &self.aad(kind, *version), &clear, &mut locator[1..])?;
        Ok(LocatorBytes(locator))
    }

    /// Where a locator leads. `None` for every locator that this deployment did not make for this kind; why
    /// is never said.
    pub fn open(&self, kind: LocatorKind, locator: &[u8; LOCATOR_LEN]) -> Option<(Tenant, RecordNumber)> {
        let [version, sealed @ ..] = locator;
        let mut keys = std::iter::once(&self.newest).chain(&self.older);
        let (_, key) = keys.find(|(held, _)| held == version)?;
        let clear = key.open(NONCE, &self.aad(kind, *version), sealed)?;
        let (number, tenant) = clear.split_first_chunk::<8>()?;
        let [a, b, c] = *tenant else { return None };
        let tenant = Tenant::new(u32::from_be_bytes([0, a, b, c])).ok()?;
        let number = RecordNumber::from_u64(u64::from_be_bytes(*number)).ok()?;
        Some((tenant, number))
    }

    fn aad(&self, kind: LocatorKind, version: u8) -> Vec<u8> {
        Frame::new(b"coffer locator")
            .part(&[self.environment.code()])
            .part(&[kind.code()])
            .part(&[version])
            .bytes()
    }
}

impl fmt::Debug for Locator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Locator(..)")
    }
}
