//! The file of wrapped keys (`docs/FORMAT.md` 11.4). They are wrapped as in the store, the KEK under the root key, and
//! so the file is authenticated and not sealed: it is what the root key opens first.

use coffer_core::{
    moving::{MovedRow, Table},
    store::KeyRow,
};
use coffer_crypto::{
    Environment, ExportFile, ExportKey, Kek, KeyPurpose, KeyVersion, RootKey, is_same_mac, sha256,
};

use crate::{
    error::MoveError,
    part::FORMAT,
    row::{self, decode},
};

/// Its name.
pub(crate) const FILE: &str = "keys.cfx";
const MAGIC: &[u8; 8] = b"CofferKy";
const HEADER_LEN: usize = 36;
const MAC_LEN: usize = 32;

/// The version of the newest KEK among wrapped keys.
pub(crate) fn newest_kek(rows: &[KeyRow]) -> Result<KeyVersion, MoveError> {
    let keks = rows.iter().filter(|row| row.purpose == KeyPurpose::Kek.code());
    keks.map(|row| KeyVersion::new(row.version)).max().ok_or(MoveError::NoVault)
}

/// The KEK of this version among wrapped keys.
pub(crate) fn open_kek(
    rows: &[KeyRow],
    version: KeyVersion,
    environment: Environment,
    root: &RootKey,
) -> Result<Kek, MoveError> {
    let is_it = |row: &&KeyRow| row.purpose == KeyPurpose::Kek.code() && row.version == version.get();
    let row = rows.iter().find(is_it).ok_or(MoveError::NoVault)?;
    root.unwrap_kek(environment, version, &row.wrapped).map_err(|_| MoveError::WrongRoot)
}

/// The bytes of the file.
pub(crate) fn write(
    rows: &[KeyRow],
    key: &ExportKey,
    environment: Environment,
    version: KeyVersion,
    export: [u8; 16],
) -> Vec<u8> {
    let mut file = Vec::with_capacity(HEADER_LEN + MAC_LEN + rows.len() * 96);
    file.extend(MAGIC);
    file.extend([FORMAT, 0, environment.code(), 0]);
    file.extend(version.get().to_be_bytes());
    file.extend(u32::try_from(rows.len()).unwrap_or(u32::MAX).to_be_bytes());
    file.extend(export);
    for key_row in rows {
        let at = file.len();
        file.extend([0; 4]);
        row::encode(&MovedRow::Key(key_row.clone()), &mut file);
        let length = u32::try_from(file.len() - at - 4).unwrap_or(u32::MAX);
        file[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }
    let mac = key.mac(ExportFile::Keys, &file);
    file.extend(mac);
    file
}

/// What the file of an export brings: its keys, and the key that opens everything else of it.
pub(crate) struct Keys {
    pub(crate) rows: Vec<KeyRow>,
    pub(crate) key: ExportKey,
    pub(crate) export: [u8; 16],
    pub(crate) sha256: [u8; 32],
}

/// Reads the file, with the root key.
pub(crate) fn read(file: &[u8], environment: Environment, root: &RootKey) -> Result<Keys, MoveError> {
    let changed = || MoveError::changed(FILE);
    let (body, mac) = file.split_last_chunk::<MAC_LEN>().ok_or_else(changed)?;
    let (header, rest) = body.split_first_chunk::<HEADER_LEN>().ok_or_else(changed)?;
    if !header.starts_with(MAGIC) {
        return Err(changed());
    }
    if header[8] != FORMAT {
        return Err(MoveError::Format { found: header[8].into(), wanted: FORMAT.into() });
    }
    if header[10] != environment.code() {
        return Err(MoveError::WrongEnvironment);
    }
    let mut export = [0; 16];
    export.copy_from_slice(&header[20..]);
    let rows = key_rows(rest).ok_or_else(changed)?;
    let version = KeyVersion::new(u32::from_be_bytes([header[12], header[13], header[14], header[15]]));
    let kek = open_kek(&rows, version, environment, root)?;
    let key = kek.export_key(&export).map_err(|_| MoveError::Failed)?;
    if !is_same_mac(&key.mac(ExportFile::Keys, body), mac) {
        return Err(changed());
    }
    Ok(Keys { rows, key, export, sha256: sha256(file) })
}

fn key_rows(mut rest: &[u8]) -> Option<Vec<KeyRow>> {
    let mut rows = Vec::new();
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (row, behind) = behind.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let MovedRow::Key(row) = decode(Table::Keys, row)? else { return None };
        rows.push(row);
        rest = behind;
    }
    rest.is_empty().then_some(rows)
}
