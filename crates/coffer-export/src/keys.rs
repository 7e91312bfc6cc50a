//! The file of wrapped keys (`docs/FORMAT.md` 11.4). They are wrapped as in the store, and so the file is authenticated
//! and not sealed: it is what opens first. It is a record of its own, which can be kept apart from the rows of an
//! export, be newer than they are, and be thrown away earlier.

use coffer_core::{
    KekSource,
    moving::{MovedRow, Table},
    open_kek,
    store::KeyRow,
};
use coffer_crypto::{
    Environment, ExportFile, ExportKey, KeyPurpose, KeyState, KeyVersion, is_same_mac, sha256,
};
use coffer_types::limits;

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

fn newest(rows: &[KeyRow], purpose: KeyPurpose) -> Option<&KeyRow> {
    let there = |row: &&KeyRow| row.purpose == purpose.code() && row.state != KeyState::Destroyed;
    rows.iter().filter(there).max_by_key(|row| row.version)
}

/// The version of the export key from which the keys of new exports are derived.
pub(crate) fn newest_export(rows: &[KeyRow]) -> Result<u32, MoveError> {
    let row = newest(rows, KeyPurpose::Export);
    row.map(|row| row.version).ok_or_else(|| match newest(rows, KeyPurpose::Kek) {
        Some(_) => MoveError::NoExportKey,
        None => MoveError::NoVault,
    })
}

/// The key of the export with this id, from this version of the vault's export key.
pub(crate) fn open_export(
    rows: &[KeyRow],
    version: u32,
    environment: Environment,
    root: &dyn KekSource,
    export: &[u8; 16],
) -> Result<ExportKey, MoveError> {
    let of = |purpose: KeyPurpose, version: u32| {
        rows.iter().find(|row| row.purpose == purpose.code() && row.version == version)
    };
    let row = of(KeyPurpose::Export, version).ok_or(MoveError::NoExportKey)?;
    if row.state == KeyState::Destroyed {
        return Err(MoveError::ExportKeyDestroyed);
    }
    of(KeyPurpose::Kek, row.under).ok_or(MoveError::NoVault)?;
    let kek = open_kek(environment, root, rows, row.under).map_err(|_| MoveError::WrongRoot)?;
    ExportKey::open(&kek, KeyVersion::new(version), &row.wrapped, export).map_err(|_| MoveError::WrongRoot)
}

/// The bytes of the file. `key` is derived from the newest export key among the rows and from `export`.
pub(crate) fn write(
    rows: &[KeyRow],
    key: &ExportKey,
    environment: Environment,
    version: u32,
    export: [u8; 16],
) -> Vec<u8> {
    let mut file = Vec::with_capacity(HEADER_LEN + MAC_LEN + rows.len() * 128);
    file.extend(MAGIC);
    file.extend([FORMAT, 0, environment.code(), 0]);
    file.extend(version.to_be_bytes());
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

/// What a file of keys brings. Its MAC was right.
pub(crate) struct Keys {
    pub(crate) rows: Vec<KeyRow>,
    /// The key of the export that the file names.
    pub(crate) key: ExportKey,
    pub(crate) export: [u8; 16],
    pub(crate) sha256: [u8; 32],
}

/// Reads the file. Before its MAC is checked its bytes are taken apart, at most as many as there are, and the one KEK
/// and the one export key that it names are opened: nothing else is done with them.
pub(crate) fn read(file: &[u8], environment: Environment, root: &dyn KekSource) -> Result<Keys, MoveError> {
    let Apart { rows, version, export, body, mac } = apart(file, environment)?;
    let key = open_export(&rows, version, environment, root, &export)?;
    if !is_same_mac(&key.mac(ExportFile::Keys, body), mac) {
        return Err(MoveError::changed(FILE));
    }
    Ok(Keys { rows, key, export, sha256: sha256(file) })
}

/// The file's rows, of which nothing says yet that they are what was written: they say for whom to look.
pub(crate) fn unchecked(file: &[u8], environment: Environment) -> Result<Vec<KeyRow>, MoveError> {
    Ok(apart(file, environment)?.rows)
}

/// A file that was taken apart, and whose MAC was not looked at.
struct Apart<'f> {
    rows: Vec<KeyRow>,
    version: u32,
    export: [u8; 16],
    body: &'f [u8],
    mac: &'f [u8; MAC_LEN],
}

fn apart(file: &[u8], environment: Environment) -> Result<Apart<'_>, MoveError> {
    let changed = || MoveError::changed(FILE);
    if u64::try_from(file.len()).unwrap_or(u64::MAX) > limits::MOVE_FILE_BYTES {
        return Err(changed());
    }
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
    let version = u32::from_be_bytes([header[12], header[13], header[14], header[15]]);
    Ok(Apart { rows, version, export, body, mac })
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
