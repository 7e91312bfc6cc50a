//! One `MaxMind`-format file, read to memory.

use std::io::Read;
use std::net::IpAddr;
use std::path::Path;

use coffer_types::Timestamp;
use maxminddb::{Metadata, Reader, WithinOptions};
use serde::Deserialize;

use crate::error::TableError;
use crate::limits::IP_FILE_BYTES;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    City,
    Asn,
    Anonymous,
}

impl Kind {
    /// Words of which the database type in the file's metadata must hold one. Other publishers name theirs after
    /// `MaxMind`'s.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::City => &["City", "Enterprise"],
            Self::Asn => &["ASN", "ISP"],
            Self::Anonymous => &["Anonymous-IP", "Anonymous-Plus"],
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::City => "City or Enterprise",
            Self::Asn => "ASN or ISP",
            Self::Anonymous => "Anonymous-IP or Anonymous-Plus",
        }
    }
}

pub(super) struct Database {
    reader: Reader<Vec<u8>>,
    bytes: usize,
}

impl Database {
    /// Reads a file of at most [`IP_FILE_BYTES`]. Checks its header, its kind and that the content begins where the
    /// header says; records are checked when they are looked up.
    pub(super) fn open(path: &Path, kind: Kind) -> Result<Self, TableError> {
        let mut content = Vec::new();
        let file = crate::file::open(path, IP_FILE_BYTES)?;
        let read = file.take(IP_FILE_BYTES).read_to_end(&mut content);
        read.map_err(|source| TableError::Unreadable { file: path.to_owned(), source })?;

        // The library's errors may show what stands in the file, so they go no further.
        let damaged = || TableError::Damaged { file: path.to_owned() };
        let header = Reader::from_source(content.as_slice()).map_err(|_| damaged())?;
        if !is_separated(&content, header.metadata()) {
            return Err(damaged());
        }
        if !kind.words().iter().any(|word| header.metadata().database_type.contains(word)) {
            return Err(TableError::WrongType { file: path.to_owned(), expected: kind.expected() });
        }
        let bytes = content.len();
        let reader = Reader::from_source(content).map_err(|_| damaged())?;
        Ok(Self { reader, bytes })
    }

    /// Nodes of the search tree.
    pub(super) fn nodes(&self) -> usize {
        self.reader.metadata().node_count as usize
    }

    /// When it was built; `None` where the file does not say.
    pub(super) fn built(&self) -> Option<Timestamp> {
        let seconds =
            i64::try_from(self.reader.metadata().build_epoch).ok().filter(|seconds| *seconds > 0)?;
        Some(Timestamp::from_millis(seconds.saturating_mul(1_000)))
    }

    /// The record of an address; `None` when there is none, or a broken one.
    pub(super) fn record<'a, T: Deserialize<'a>>(&'a self, ip: IpAddr) -> Option<T> {
        self.reader.lookup(ip).ok()?.decode().ok()?
    }

    /// Shows every record once, however many networks share it; broken ones are left out. `false` when the search
    /// tree is broken: then there may have been more.
    pub(super) fn each_record<'a, T: Deserialize<'a>>(&'a self, mut visit: impl FnMut(T)) -> bool {
        // Empty networks are asked for as well, so that each step of the walk counts against its bound.
        let options = WithinOptions::default().include_networks_without_data();
        let leaves = (self.reader.metadata().node_count as usize).saturating_mul(LEAVES_PER_NODE);
        let Ok(networks) = self.reader.networks(options) else { return false };
        let mut seen = Offsets::below(self.bytes);
        for (walked, network) in networks.enumerate() {
            let Ok(network) = network else { return false };
            if walked >= leaves {
                return false;
            }
            if !network.offset().is_some_and(|offset| seen.insert(offset)) {
                continue;
            }
            if let Ok(Some(record)) = network.decode() {
                visit(record);
            }
        }
        true
    }
}

/// Bounds the walk through a search tree. A tree has one leaf more than nodes; the rest is room for files whose
/// branches are shared.
const LEAVES_PER_NODE: usize = 4;

/// Zero bytes between the search tree and the records (`MaxMind` DB format 2.0). A header whose count of nodes or size
/// of a record is wrong puts them elsewhere.
const SEPARATOR: [u8; 16] = [0; 16];

fn is_separated(content: &[u8], metadata: &Metadata) -> bool {
    let tree = metadata.node_count as usize * (usize::from(metadata.record_size) / 4);
    content.get(tree..).is_some_and(|rest| rest.starts_with(&SEPARATOR))
}

/// A set of offsets, a bit each.
struct Offsets(Vec<u64>);

impl Offsets {
    fn below(end: usize) -> Self {
        Self(vec![0; end.div_ceil(64)])
    }

    /// Whether it is new.
    fn insert(&mut self, offset: usize) -> bool {
        let bit = 1 << (offset % 64);
        let Some(word) = self.0.get_mut(offset / 64) else { return false };
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_new_once() {
        let mut seen = Offsets::below(130);
        for offset in [0, 1, 63, 64, 127, 128, 129] {
            assert!(seen.insert(offset), "{offset}");
            assert!(!seen.insert(offset), "{offset}");
        }
        assert!(!seen.insert(100_000));
    }
}
