//! Everything in Coffer that touches a key: sealing, the key hierarchy, fingerprints, locators and the
//! ring of short-lived keys for sensitive authentication data (SAD).
//!
//! One picture of who wraps whom; `docs/KEYS.md` tells the rest, `docs/FORMAT.md` draws every byte.
//!
//! ```text
//! RootKey ─ wraps ─► Kek ─ wraps ─┬─► per tenant: data keys (short-lived, durable), fingerprint, index
//! custody          or a device    ├─► per deployment: locator keys, export key
//!                                 └─► per deployment: ring key ─ wraps ─► Ring: one key per half minute
//! Keyring ─ derives ─► one record key per write ─► Sealer / Opener
//! ```
//!
//! The crate knows nothing of tables, of requests or of what a card is. Clock and randomness are parameters.
//! All primitives come from AWS-LC; only the modules `primitives`, `digest` and `signing` name it. Devices are
//! reached by PKCS#11, which `custody` alone names.

mod aad;
pub mod age;
mod credential;
pub mod custody;
mod digest;
mod entropy;
mod environment;
mod export;
mod fingerprint;
pub mod forms;
mod kek;
mod key;
mod key_state;
mod keyring;
mod locator;
mod primitives;
mod ring;
mod root;
mod sealed;
mod signing;
mod wrap;

pub use credential::CredentialHasher;
pub use digest::{Sha256, is_same_mac, sha256};
pub use entropy::{Entropy, EntropyError, OsEntropy};
pub use environment::Environment;
pub use export::{ExportFile, ExportKey, PART_HEADER_LEN, PART_TAG_LEN};
pub use fingerprint::{Fingerprint, FingerprintKind};
pub use kek::Kek;
pub use key::{Class, KeyPurpose, KeyScope, KeyVersion};
pub use key_state::KeyState;
pub use keyring::{KeyLife, Keyring, KeyringBuilder, KeyringError};
pub use locator::{LOCATOR_LEN, Locator, LocatorBytes, LocatorKind, SHORT_NAME_LEN, ShortName, TAIL_LEN};
pub use ring::{
    Exchange, OFFER_MARK_LEN, OfferMark, Opening, Ring, RingError, RingKey, SLOT_SECONDS, SadKeyVersion,
    ShareError, SharedRingKey,
};
pub use root::{ROOT_ID_LEN, RootId, RootKey, RootKeyError};
pub use sealed::{Blob, Field, MAX_CLEAR_LEN, OpenError, Opener, Salt, SealError, Sealer};
pub use signing::{Ed25519Key, Ed25519KeyError, PublicKeyError, PublicKeyKind, parse_public_key};
pub use wrap::{RewrapError, UnwrapError, WrapError, WrappedKey};
