//! Locators: the place of a record, sealed so that it can be printed as a token (`docs/FORMAT.md` 4).
//!
//! The same record always gives the same locator, nobody without the key can make or change one, and a forged
//! one is refused before the store is asked. It encrypts a number and a tenant, nothing of a card.

use std::fmt;

use coffer_types::{RecordNumber, Tenant};
use zeroize::Zeroizing;

use crate::Environment;
use crate::aad::Frame;
use crate::key::KeyBytes;
use crate::key_state::KeyState;
use crate::keyring::Loaded;
use crate::primitives::{AeadKey, DerivingKey, KEY_LEN, MacKey, NONCE_LEN, Refused, TAG_LEN, first_bytes};
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
    /// A reusable token.
    Reusable,
    /// A reusable token's description, to be changed.
    ReusableDescription,
    /// A reusable token's card holder, to be changed.
    ReusableHolder,
    /// A reusable token's expiry of the card, to be changed.
    ReusableExpiry,
    /// A reusable token's address, to be changed.
    ReusableAddress,
    /// A reusable token's scheme reference, to be changed.
    ReusableSchemeReference,
    /// New details that wait beside a reusable token.
    Conflict,
    /// A card that a browser left for a merchant, to be tokenized.
    CardSession,
    /// A verification code that a browser left for a merchant.
    CvvSession,
    /// The fields of a form that a browser fills in, one after the other.
    FieldsSession,
}

impl LocatorKind {
    /// Every kind, in the order of its code.
    const ALL: [Self; 13] = [
        Self::SingleUseToken,
        Self::Instrument,
        Self::Customer,
        Self::Reusable,
        Self::ReusableDescription,
        Self::ReusableHolder,
        Self::ReusableExpiry,
        Self::ReusableAddress,
        Self::ReusableSchemeReference,
        Self::Conflict,
        Self::CardSession,
        Self::CvvSession,
        Self::FieldsSession,
    ];

    /// The number that is bound into every locator of this kind, 1 to 13. Never given to another kind.
    pub const fn code(self) -> u8 {
        match self {
            Self::SingleUseToken => 1,
            Self::Instrument => 2,
            Self::Customer => 3,
            Self::Reusable => 4,
            Self::ReusableDescription => 5,
            Self::ReusableHolder => 6,
            Self::ReusableExpiry => 7,
            Self::ReusableAddress => 8,
            Self::ReusableSchemeReference => 9,
            Self::Conflict => 10,
            Self::CardSession => 11,
            Self::CvvSession => 12,
            Self::FieldsSession => 13,
        }
    }

    /// The kind of a code, where a printed form says it; `None` for a code that no kind has.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
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

/// Bytes of a short name: key version, number, tag.
pub const SHORT_NAME_LEN: usize = 1 + NUMBER_LEN + SHORT_TAG_LEN;
const NUMBER_LEN: usize = 8;
/// Four bytes: a guess is right once in four thousand million times, and a guess is worth nothing without the
/// tenant's credential.
const SHORT_TAG_LEN: usize = 4;

/// The name of a reusable token where a locator is too long: its number, masked and with a short tag, for whoever
/// shows the tenant's credential. It is no bearer secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShortName(pub [u8; SHORT_NAME_LEN]);

/// Bytes that follow a locator in its long form ([`Locator::tail`]).
pub const TAIL_LEN: usize = 36;

/// Makes and reads locators under the deployment's locator keys.
pub struct Locator {
    environment: Environment,
    /// In rising order; one at least.
    versions: Vec<Version>,
}

/// One version of the locator key.
struct Version {
    number: u8,
    /// Records from this number on are named with it, up to where the next one begins. None: no record is.
    from: Option<RecordNumber>,
    keys: Keys,
}

/// What one version of the locator key is used for.
struct Keys {
    aead: AeadKey,
    /// Derived: makes the tag of a short name.
    tag: MacKey,
    /// Derived: makes the mask of a short name.
    mask: MacKey,
    /// Derived: makes what follows a locator in its long form.
    tail: DerivingKey,
}

impl Keys {
    fn new(key: &KeyBytes) -> Result<Self, Refused> {
        let derived = |info: Vec<u8>| -> Result<Zeroizing<[u8; KEY_LEN]>, Refused> {
            let mut bytes = Zeroizing::new([0; KEY_LEN]);
            DerivingKey::new(key.expose()).expand(&info, bytes.as_mut_slice())?;
            Ok(bytes)
        };
        let of_names = |label: &[u8; 4]| -> Result<MacKey, Refused> {
            let bytes = derived(Frame::new(b"coffer short name").part(label).bytes())?;
            Ok(MacKey::new(bytes.as_slice()))
        };
        Ok(Self {
            aead: AeadKey::gcm_siv(key.expose())?,
            tag: of_names(b"tag.")?,
            mask: of_names(b"mask")?,
            tail: DerivingKey::new(&*derived(Frame::new(b"coffer long form").bytes())?),
        })
    }
}

impl Locator {
    /// From versions 1 to 255 in rising order; `None` where no record could be named.
    pub(crate) fn new(environment: Environment, loaded: &[Loaded]) -> Result<Option<Self>, Refused> {
        let mut versions = Vec::new();
        for Loaded { version, life, key } in loaded {
            let version = u8::try_from(version.get()).map_err(|_| Refused)?;
            let from = (life.state != KeyState::Distributed).then_some(life.from);
            versions.push(Version { number: version, from, keys: Keys::new(key)? });
        }
        let locator = Self { environment, versions };
        Ok(locator.versions.iter().any(|held| held.from.is_some()).then_some(locator))
    }

    /// The locator of a record under the key that records of its time are named with. Equal input, equal output, also
    /// when the key was rotated since.
    pub fn seal(
        &self,
        kind: LocatorKind,
        tenant: Tenant,
        number: RecordNumber,
    ) -> Result<LocatorBytes, SealError> {
        self.seal_with(self.version_of(number), kind, tenant, number)
    }

    /// The version of the key that a record is named with: it depends on the number alone, and so never changes.
    pub fn version_of(&self, number: RecordNumber) -> u8 {
        let named = self.versions.iter().rev().find(|held| held.from.is_some_and(|from| from <= number));
        named.or(self.versions.first()).map_or(0, |held| held.number)
    }

    /// The locator of a record under the key of this version, so that what was printed once is printed the same for
    /// ever.
    pub fn seal_with(
        &self,
        version: u8,
        kind: LocatorKind,
        tenant: Tenant,
        number: RecordNumber,
    ) -> Result<LocatorBytes, SealError> {
        let key = &self.keys(version).ok_or(SealError::UnknownVersion)?.aead;
        let [outside, tenant @ ..] = tenant.get().to_be_bytes();
        if outside != 0 {
            return Err(SealError::TooLong);
        }
        let mut clear = [0; CLEAR_LEN];
        clear[..8].copy_from_slice(&number.get().to_be_bytes());
        clear[8..].copy_from_slice(&tenant);
        let mut locator = [version; LOCATOR_LEN];
        key.seal(NONCE, &self.aad(kind, version), &clear, &mut locator[1..])?;
        Ok(LocatorBytes(locator))
    }

    /// Where a locator leads. `None` for every locator that this deployment did not make for this kind; why
    /// is never said.
    pub fn open(&self, kind: LocatorKind, locator: &[u8; LOCATOR_LEN]) -> Option<(Tenant, RecordNumber)> {
        let [version, sealed @ ..] = locator;
        let clear = self.keys(*version)?.aead.open(NONCE, &self.aad(kind, *version), sealed)?;
        let (number, tenant) = clear.split_first_chunk::<8>()?;
        let [a, b, c] = *tenant else { return None };
        let tenant = Tenant::new(u32::from_be_bytes([0, a, b, c])).ok()?;
        let number = RecordNumber::from_u64(u64::from_be_bytes(*number)).ok()?;
        // A record has one name: who knows a retired key makes none of the records that came after it.
        (self.version_of(number) == *version).then_some((tenant, number))
    }

    /// The short name of a tenant's record under the key of this version. Equal input, equal output.
    pub fn short_name(
        &self,
        version: u8,
        tenant: Tenant,
        number: RecordNumber,
    ) -> Result<ShortName, SealError> {
        let keys = self.keys(version).ok_or(SealError::UnknownVersion)?;
        let number = number.get().to_be_bytes();
        let tag = self.short_tag(keys, version, tenant, number);
        let mut name = [version; SHORT_NAME_LEN];
        name[1..=NUMBER_LEN].copy_from_slice(&self.masked(keys, tenant, tag, number));
        name[1 + NUMBER_LEN..].copy_from_slice(&tag);
        Ok(ShortName(name))
    }

    /// The record of this tenant that a short name means. `None` for every name that was not made for this tenant.
    pub fn open_short_name(&self, tenant: Tenant, name: &ShortName) -> Option<RecordNumber> {
        let [version, rest @ ..] = name.0;
        let keys = self.keys(version)?;
        let (masked, tag) = rest.split_first_chunk::<NUMBER_LEN>()?;
        let tag = first_bytes::<SHORT_TAG_LEN>(tag);
        let number = self.masked(keys, tenant, tag, *masked);
        // Not a secret's comparison: who shows the tenant's credential may know each of its names.
        if self.short_tag(keys, version, tenant, number) != tag {
            return None;
        }
        let number = RecordNumber::from_u64(u64::from_be_bytes(number)).ok()?;
        (self.version_of(number) == version).then_some(number)
    }

    /// What follows this locator where a dialect prints 64 bytes: as good as random, and the same every time, so that
    /// there is one long form of a locator and no other. `None` for a version that this deployment does not have.
    pub fn tail(&self, locator: &LocatorBytes) -> Option<[u8; TAIL_LEN]> {
        let keys = self.keys(locator.0[0])?;
        let info = Frame::new(b"coffer long tail").part(&[self.environment.code()]).part(&locator.0).bytes();
        let mut tail = [0; TAIL_LEN];
        keys.tail.expand(&info, &mut tail).ok()?;
        Some(tail)
    }

    fn keys(&self, version: u8) -> Option<&Keys> {
        self.versions.iter().rev().find(|held| held.number == version).map(|held| &held.keys)
    }

    fn short_tag(&self, keys: &Keys, version: u8, tenant: Tenant, number: [u8; 8]) -> [u8; SHORT_TAG_LEN] {
        let frame = Frame::new(b"coffer short name tag")
            .part(&[self.environment.code()])
            .part(&[version])
            .part(&tenant.get().to_be_bytes())
            .part(&number);
        first_bytes(&keys.tag.mac(&[&frame.bytes()]))
    }

    /// Masks a number, or takes the mask off again.
    fn masked(&self, keys: &Keys, tenant: Tenant, tag: [u8; SHORT_TAG_LEN], number: [u8; 8]) -> [u8; 8] {
        let frame = Frame::new(b"coffer short name mask")
            .part(&[self.environment.code()])
            .part(&tenant.get().to_be_bytes())
            .part(&tag);
        let mask: [u8; NUMBER_LEN] = first_bytes(&keys.mask.mac(&[&frame.bytes()]));
        std::array::from_fn(|at| number[at] ^ mask[at])
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
