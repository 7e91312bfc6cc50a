//! One file of rows (`docs/FORMAT.md` 11.3): a header in the clear, and the rows sealed under a key of this part's own.

use coffer_core::moving::{MovedRow, Table};
use coffer_crypto::{Entropy, Environment, ExportKey, PART_HEADER_LEN, PART_TAG_LEN, Salt};

use crate::{digest::TableDigest, error::MoveError, row};

/// The first bytes of a part.
const MAGIC: &[u8; 8] = b"CofferEx";
/// The format of parts, of keys and of the manifest.
pub(crate) const FORMAT: u8 = 2;
/// AES-256-GCM under a key from HKDF-SHA-256.
const ALGORITHM: u8 = 1;

/// What a part says of itself in the clear. All of it is bound to what is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The code of the environment.
    pub environment: u8,
    /// The one table whose rows it has.
    pub table: Table,
    /// Its number in the export, from 1.
    pub number: u32,
    /// How many rows.
    pub rows: u32,
    /// Bytes of the rows.
    pub clear: u32,
    /// The export's id.
    pub export: [u8; 16],
    /// SHA-256 of the whole file before it; zeros in the first.
    pub previous: [u8; 32],
}

impl Header {
    fn write(&self, salt: &Salt) -> [u8; PART_HEADER_LEN] {
        let mut bytes = [0; PART_HEADER_LEN];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&[FORMAT, ALGORITHM, self.environment, self.table.code()]);
        bytes[12..16].copy_from_slice(&self.number.to_be_bytes());
        bytes[16..20].copy_from_slice(&self.rows.to_be_bytes());
        bytes[20..24].copy_from_slice(&self.clear.to_be_bytes());
        bytes[24..40].copy_from_slice(&self.export);
        bytes[40..72].copy_from_slice(salt.as_bytes());
        bytes[72..].copy_from_slice(&self.previous);
        bytes
    }

    /// The header of a file, its salt, and what is behind it.
    pub(crate) fn read(file: &[u8]) -> Option<(Self, Salt, &[u8])> {
        let (header, sealed) = file.split_first_chunk::<PART_HEADER_LEN>()?;
        let [b'C', b'o', b'f', b'f', b'e', b'r', b'E', b'x', FORMAT, ALGORITHM, environment, table, ..] =
            *header
        else {
            return None;
        };
        let number = |at: usize| header[at..at + 4].try_into().ok().map(u32::from_be_bytes);
        let read = Self {
            environment,
            table: Table::from_code(table)?,
            number: number(12)?,
            rows: number(16)?,
            clear: number(20)?,
            export: header[24..40].try_into().ok()?,
            previous: header[72..].try_into().ok()?,
        };
        let whole = usize::try_from(read.clear).ok()?.checked_add(PART_TAG_LEN)? == sealed.len();
        whole.then_some((read, Salt::from_bytes(header[40..72].try_into().ok()?), sealed))
    }
}

/// Where a part stands: what its header says beside its rows.
pub(crate) struct Place {
    pub(crate) environment: Environment,
    pub(crate) export: [u8; 16],
    pub(crate) number: u32,
    pub(crate) previous: [u8; 32],
}

/// Rows of one table that become a part.
pub(crate) struct Rows {
    pub(crate) table: Table,
    pub(crate) count: u32,
    /// Each behind its length.
    pub(crate) bytes: Vec<u8>,
}

impl Rows {
    pub(crate) fn of(table: Table) -> Self {
        Self { table, count: 0, bytes: Vec::new() }
    }

    /// Takes in a row, here and in the digest of its table.
    pub(crate) fn push(&mut self, row: &MovedRow, digest: &mut TableDigest) {
        let at = self.bytes.len();
        self.bytes.extend([0; 4]);
        row::encode(row, &mut self.bytes);
        let length = self.bytes.len() - at - 4;
        self.bytes[at..at + 4].copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        digest.add_encoded(self.table.code(), &self.bytes[at + 4..]);
        self.count += 1;
    }

    /// The file of these rows.
    pub(crate) fn seal(
        &self,
        key: &ExportKey,
        place: &Place,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, MoveError> {
        let header = Header {
            environment: place.environment.code(),
            table: self.table,
            number: place.number,
            rows: self.count,
            clear: u32::try_from(self.bytes.len()).map_err(|_| MoveError::Failed)?,
            export: place.export,
            previous: place.previous,
        };
        let salt = Salt::generate(entropy).map_err(|_| MoveError::Failed)?;
        seal_part(key, &header, &salt, &self.bytes)
    }
}

/// A whole file from its rows, each behind its length.
pub fn seal_part(key: &ExportKey, header: &Header, salt: &Salt, rows: &[u8]) -> Result<Vec<u8>, MoveError> {
    let head = header.write(salt);
    let sealed = key.seal_part(header.number, salt, &head, rows).map_err(|_| MoveError::Failed)?;
    let mut file = Vec::with_capacity(head.len() + sealed.len());
    file.extend(head);
    file.extend(sealed);
    Ok(file)
}

/// The rows of a whole file; none unless every bit of it is right.
pub fn open_part(key: &ExportKey, file: &[u8]) -> Option<(Header, Vec<MovedRow>)> {
    let (header, salt, sealed) = Header::read(file)?;
    let head = file.first_chunk::<PART_HEADER_LEN>()?;
    let clear = key.open_part(header.number, &salt, head, sealed).ok()?;
    let mut rest = clear.as_slice();
    let mut rows = Vec::with_capacity(usize::try_from(header.rows).ok()?.min(rest.len()));
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (row, behind) = behind.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        rows.push(row::decode(header.table, row)?);
        rest = behind;
    }
    (rest.is_empty() && rows.len() == usize::try_from(header.rows).ok()?).then_some((header, rows))
}
