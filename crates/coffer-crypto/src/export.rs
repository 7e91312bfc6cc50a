//! The key of one export: seals its parts, and says that its other files are its own (`docs/FORMAT.md` 11).

use std::fmt;

use zeroize::Zeroizing;

use crate::aad::Frame;
use crate::environment::Environment;
use crate::key::{KeyPurpose, KeyScope, KeyVersion};
use crate::primitives::{AeadKey, DerivingKey, KEY_LEN, MacKey, NONCE_LEN, Refused, TAG_LEN};
use crate::sealed::{OpenError, Salt, SealError};
use crate::wrap::{UnwrapError, WrappedKey};
use crate::{Kek, Keyring};

/// Bytes of the clear header of a part, all of which are bound to what it seals.
pub const PART_HEADER_LEN: usize = 104;

/// Bytes that a sealed part has more than its clear rows.
pub const PART_TAG_LEN: usize = TAG_LEN;

/// The files of an export that are not sealed, only authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFile {
    /// What is known when an export begins.
    Begun,
    /// The wrapped keys.
    Keys,
    /// What is known when it has ended.
    Manifest,
}

/// The key of one export. It lies nowhere: it is derived from the deployment's export key
/// ([`KeyPurpose::Export`]) and the export's random id.
pub struct ExportKey {
    deriving: DerivingKey,
    mac: MacKey,
}

impl ExportKey {
    /// The key of one export of this deployment's vault, from the wrapped key of purpose [`KeyPurpose::Export`]:
    /// whoever opens the KEK opens all of the export. `id` is 16 random bytes, drawn once for an export.
    pub fn open(
        kek: &Kek,
        version: KeyVersion,
        wrapped: &WrappedKey,
        id: &[u8; 16],
    ) -> Result<Self, UnwrapError> {
        let environment = kek.environment();
        let key = kek.unwrap(environment, KeyPurpose::Export, KeyScope::Deployment, version, wrapped)?;
        Self::derive(&DerivingKey::new(key.expose()), environment, version, id).map_err(|_| UnwrapError)
    }

    /// From the deployment's export key.
    fn derive(
        key: &DerivingKey,
        environment: Environment,
        version: KeyVersion,
        id: &[u8; 16],
    ) -> Result<Self, Refused> {
        let info = Frame::new(b"coffer export key")
            .part(&[environment.code()])
            .part(&version.get().to_be_bytes())
            .part(id)
            .bytes();
        let deriving = DerivingKey::new(&*expand(key, &info)?);
        let mac = MacKey::new(expand(&deriving, &Frame::new(b"coffer export mac").bytes())?.as_slice());
        Ok(Self { deriving, mac })
    }

    /// Seals the rows of a part. `salt` is fresh at every try, also of the same part: a part that was begun, and whose
    /// rows have changed since, is sealed under another key.
    pub fn seal_part(
        &self,
        number: u32,
        salt: &Salt,
        header: &[u8; PART_HEADER_LEN],
        clear: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let mut sealed = vec![0; clear.len() + TAG_LEN];
        self.part_key(number, salt)?.seal([0; NONCE_LEN], &part_aad(header), clear, &mut sealed)?;
        Ok(sealed)
    }

    /// Opens the rows of a part.
    pub fn open_part(
        &self,
        number: u32,
        salt: &Salt,
        header: &[u8; PART_HEADER_LEN],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let key = self.part_key(number, salt).map_err(|_| OpenError)?;
        key.open([0; NONCE_LEN], &part_aad(header), sealed).ok_or(OpenError)
    }

    /// The MAC of a file that is only authenticated. Compare with [`crate::is_same_mac`].
    pub fn mac(&self, file: ExportFile, bytes: &[u8]) -> [u8; 32] {
        let label = match file {
            ExportFile::Begun => Frame::new(b"coffer export begun"),
            ExportFile::Keys => Frame::new(b"coffer export keys"),
            ExportFile::Manifest => Frame::new(b"coffer export manifest"),
        };
        self.mac.mac(&[&label.bytes(), bytes])
    }

    /// A key of its own for each try to write each part: its one nonce is zero.
    fn part_key(&self, number: u32, salt: &Salt) -> Result<AeadKey, Refused> {
        let info =
            Frame::new(b"coffer export part").part(&number.to_be_bytes()).part(salt.as_bytes()).bytes();
        AeadKey::gcm(&*expand(&self.deriving, &info)?)
    }
}

impl Keyring {
    /// The key of one export, from the newest export key. `id` is 16 random bytes, drawn once for an export. The other
    /// half, on the side that reads it, is [`ExportKey::open`].
    pub fn export_key(&self, id: &[u8; 16]) -> Result<ExportKey, SealError> {
        let (version, key) = self.newest_export();
        Ok(ExportKey::derive(key, self.environment(), version, id)?)
    }
}

fn part_aad(header: &[u8; PART_HEADER_LEN]) -> Vec<u8> {
    Frame::new(b"coffer export header").part(header).bytes()
}

fn expand(key: &DerivingKey, info: &[u8]) -> Result<Zeroizing<[u8; KEY_LEN]>, Refused> {
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    key.expand(info, bytes.as_mut_slice())?;
    Ok(bytes)
}

impl fmt::Debug for ExportKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ExportKey(..)")
    }
}
