//! The tables of a node and their replacement while it runs.

use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::file::Identity;
use crate::ip::Index;
use crate::{BinTable, IpData, TableError};

/// The files that the configuration names. All are optional.
#[derive(Clone, Debug, Default)]
pub struct TableFiles {
    /// Card ranges: CSV, see `docs/TABLES.md`.
    pub bins: Option<PathBuf>,
    /// A `MaxMind`-format City or Enterprise file.
    pub city: Option<PathBuf>,
    /// A `MaxMind`-format ASN or ISP file.
    pub asn: Option<PathBuf>,
    /// A `MaxMind`-format Anonymous-IP or Anonymous-Plus file.
    pub anonymous: Option<PathBuf>,
}

/// Which of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TableKind {
    /// Card ranges.
    Bins,
    /// City or Enterprise.
    City,
    /// ASN or ISP.
    Asn,
    /// Anonymous-IP or Anonymous-Plus.
    Anonymous,
}

impl TableKind {
    /// Every kind, in the order in which files are read.
    pub const ALL: [Self; 4] = [Self::Bins, Self::City, Self::Asn, Self::Anonymous];

    /// One lower-case word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bins => "bins",
            Self::City => "city",
            Self::Asn => "asn",
            Self::Anonymous => "anonymous",
        }
    }
}

impl TableFiles {
    fn path(&self, kind: TableKind) -> Option<&Path> {
        match kind {
            TableKind::Bins => self.bins.as_deref(),
            TableKind::City => self.city.as_deref(),
            TableKind::Asn => self.asn.as_deref(),
            TableKind::Anonymous => self.anonymous.as_deref(),
        }
    }
}

/// The tables of a node. Readers take the current version and keep it as long as they hold it; a reload never
/// makes them wait for a file.
pub struct Tables {
    files: TableFiles,
    bins: RwLock<Arc<BinTable>>,
    ip: RwLock<Arc<IpData>>,
    /// The version of each file that was last tried, in the order of [`TableKind::ALL`].
    tried: Mutex<[Option<Identity>; TableKind::ALL.len()]>,
}

impl Tables {
    /// Reads every file that is named. The first that does not read is the error. Blocks for as long as the disk
    /// takes; the index behind [`IpData::distance_km`] is then built in the background.
    pub fn open(files: TableFiles) -> Result<Self, TableError> {
        let tables = Self { files, ..Self::none() };
        let mut tried = [None; TableKind::ALL.len()];
        for (kind, tried) in TableKind::ALL.into_iter().zip(&mut tried) {
            if let Some(path) = tables.files.path(kind) {
                *tried = Identity::of(path);
                tables.load(kind, path, Index::InBackground)?;
            }
        }
        Ok(Self { tried: Mutex::new(tried), ..tables })
    }

    /// Tables that know nothing and never change.
    pub fn none() -> Self {
        Self {
            files: TableFiles::default(),
            bins: RwLock::new(Arc::new(BinTable::empty())),
            ip: RwLock::new(Arc::new(IpData::none())),
            tried: Mutex::default(),
        }
    }

    /// The current card ranges.
    pub fn bins(&self) -> Arc<BinTable> {
        Arc::clone(&self.bins.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The current IP data.
    pub fn ip(&self) -> Arc<IpData> {
        Arc::clone(&self.ip.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at every file and reads those that are not the version last tried (device, inode, size, time of
    /// change). Says for each of these whether it is now in use; one that does not read leaves the version before it
    /// in use, and is not tried again until it changes again. A file that went away counts as changed, once.
    ///
    /// Blocks: reading and indexing a worldwide City file takes seconds. To be called on a thread that may wait,
    /// every few seconds; callers at the same time go one after the other.
    pub fn reload_changed(&self) -> Vec<Result<TableKind, TableError>> {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let mut outcomes = Vec::new();
        for (kind, tried) in TableKind::ALL.into_iter().zip(tried.iter_mut()) {
            let Some(path) = self.files.path(kind) else { continue };
            // Before the reading: a change meanwhile is then seen the next time.
            let now = Identity::of(path);
            if now != *tried {
                *tried = now;
                outcomes.push(self.load(kind, path, Index::AtOnce).map(|()| kind));
            }
        }
        outcomes
    }

    fn load(&self, kind: TableKind, path: &Path, index: Index) -> Result<(), TableError> {
        let ip = match kind {
            TableKind::Bins => {
                let table = Arc::new(BinTable::open(path)?);
                swap(&self.bins, table);
                return Ok(());
            }
            TableKind::City => self.ip().with_city(path, index)?,
            TableKind::Asn => self.ip().with_asn(path)?,
            TableKind::Anonymous => self.ip().with_anonymous(path)?,
        };
        swap(&self.ip, Arc::new(ip));
        Ok(())
    }
}

/// The old version, if nobody else holds it, is freed when the lock is open again.
fn swap<T>(current: &RwLock<Arc<T>>, new: Arc<T>) {
    let old = mem::replace(&mut *current.write().unwrap_or_else(PoisonError::into_inner), new);
    drop(old);
}
