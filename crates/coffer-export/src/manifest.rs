//! What belongs together (`docs/FORMAT.md` 11.5): JSON in an envelope with its MAC.

use std::fmt;

use coffer_core::moving::{LaneHead, Table};
use coffer_crypto::{ExportFile, ExportKey, is_same_mac};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{digest::TableDigest, error::MoveError, part::FORMAT};

/// The name of the manifest.
pub(crate) const FILE: &str = "manifest.json";
/// The name of what is known when an export begins; there until the manifest is.
pub(crate) const BEGUN: &str = "begun.json";

/// Everything about a finished export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// 2.
    pub format: u32,
    /// `sandbox` or `live`.
    pub environment: String,
    /// The export's random id, 32 hexadecimal digits.
    pub export: String,
    /// The version of the vault's export key that the export's key comes from.
    pub export_key: u32,
    /// When it was begun, in UTC.
    pub begun: String,
    /// When it was finished.
    pub ended: String,
    /// Whether nothing was committed between the two: only then it is exactly the vault.
    pub quiet: bool,
    /// Commits of the source in between.
    pub commits_meanwhile: u64,
    /// The heads of the source's lanes when it was begun.
    pub lanes_at_begin: Vec<Lane>,
    /// The same when it was finished.
    pub lanes_at_end: Vec<Lane>,
    /// SHA-256 of the file of keys.
    pub keys_sha256: String,
    /// Every table.
    pub tables: Vec<TableEntry>,
    /// Every part, in order.
    pub parts: Vec<PartEntry>,
}

/// What is known when an export begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) format: u32,
    pub(crate) export: String,
    pub(crate) export_key: u32,
    pub(crate) at: String,
    pub(crate) lanes: Vec<Lane>,
}

/// How far a lane had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// The lane.
    pub lane: u64,
    /// Its last frame.
    pub frame: u64,
    /// The position in it.
    pub position: u64,
}

impl From<LaneHead> for Lane {
    fn from(head: LaneHead) -> Self {
        Self { lane: head.place.lane, frame: head.place.number, position: head.last.0 }
    }
}

/// All rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Its name.
    pub table: String,
    /// How many.
    pub rows: u64,
    /// [`TableDigest::hex`].
    pub digest: String,
}

impl TableEntry {
    pub(crate) fn new(table: Table, digest: &TableDigest) -> Self {
        Self { table: table.name().to_owned(), rows: digest.rows, digest: digest.hex() }
    }
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartEntry {
    /// The table whose rows it has.
    pub table: String,
    /// How many.
    pub rows: u32,
    /// SHA-256 of the whole file.
    pub sha256: String,
}

impl Manifest {
    /// What it says of a table; nothing of one that it does not name.
    pub fn table(&self, table: Table) -> Option<&TableEntry> {
        self.tables.iter().find(|entry| entry.table == table.name())
    }

    /// One JSON object.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The rows of all tables together.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|entry| entry.rows).sum()
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for table in &self.tables {
            writeln!(out, "{:<18} {:>14}", table.table, table.rows)?;
        }
        writeln!(out, "{} parts, export {}", self.parts.len(), self.export)?;
        if self.quiet {
            return write!(out, "exact: nothing was committed meanwhile");
        }
        let commits = self.commits_meanwhile;
        write!(out, "NOT EXACT: {commits} commits were made meanwhile, and what they wrote may be missing")
    }
}

/// A body, and its MAC over the exact bytes of it.
#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    mac: String,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// The bytes of the file.
pub(crate) fn write<T: Serialize>(key: &ExportKey, file: ExportFile, body: &T) -> Result<Vec<u8>, MoveError> {
    let body = serde_json::value::to_raw_value(body).map_err(|_| MoveError::Failed)?;
    let mac = HEXLOWER.encode(&key.mac(file, body.get().as_bytes()));
    let mut bytes = serde_json::to_vec(&Envelope { mac, body: &body }).map_err(|_| MoveError::Failed)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a file whose MAC is right; none for any other.
pub(crate) fn read<T: DeserializeOwned>(key: &ExportKey, file: ExportFile, bytes: &[u8]) -> Option<T> {
    let envelope: Envelope<'_> = serde_json::from_slice(bytes).ok()?;
    let mac = HEXLOWER.decode(envelope.mac.as_bytes()).ok()?;
    if !is_same_mac(&key.mac(file, envelope.body.get().as_bytes()), &mac) {
        return None;
    }
    serde_json::from_str(envelope.body.get()).ok()
}

/// What says which key checks the MAC of a file: looked at before it is checked, and for nothing else.
#[derive(Clone, Copy)]
pub(crate) struct Named {
    pub(crate) id: [u8; 16],
    pub(crate) export_key: u32,
}

/// See [`Named`]. Refuses a format that this program does not know.
pub(crate) fn named(name: &'static str, bytes: &[u8]) -> Result<Named, MoveError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    #[derive(Deserialize)]
    struct Body {
        export: String,
        export_key: u32,
    }
    let changed = || MoveError::changed(name);
    let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(|_| changed())?;
    let Format { format } = serde_json::from_str(envelope.body.get()).map_err(|_| changed())?;
    check_format(format)?;
    let body: Body = serde_json::from_str(envelope.body.get()).map_err(|_| changed())?;
    let id = HEXLOWER.decode(body.export.as_bytes()).ok().and_then(|id| id.try_into().ok());
    Ok(Named { id: id.ok_or_else(changed)?, export_key: body.export_key })
}

/// Refuses a format that this program does not know.
fn check_format(found: u32) -> Result<(), MoveError> {
    let wanted = u32::from(FORMAT);
    if found == wanted { Ok(()) } else { Err(MoveError::Format { found, wanted }) }
}
