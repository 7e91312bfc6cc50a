//! The tables of a node and their replacement while it runs.

use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use coffer_types::Timestamp;

use crate::file::Identity;
use crate::ip::Index;
use crate::{BinTable, IpData, RefusedTable, TableError};

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

    /// Its place in [`TableKind::ALL`].
    const fn place(self) -> usize {
        match self {
            Self::Bins => 0,
            Self::City => 1,
            Self::Asn => 2,
            Self::Anonymous => 3,
        }
    }

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

/// How one table stands, for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableState {
    /// Which table.
    pub kind: TableKind,
    /// Where the configuration finds it.
    pub path: PathBuf,
    /// Of card ranges, how many; of IP data, the nodes of the search tree.
    pub entries: usize,
    /// When IP data was built, as the file says, or when a file of card ranges was last changed.
    pub dated: Option<Timestamp>,
    /// Whether the file that lies there now is the one in use. False: it did not read, and the one before it serves on.
    pub is_current: bool,
}

/// The tables of a node. Readers take the current version and keep it as long as they hold it; a reload never
/// makes them wait for a file.
pub struct Tables {
    files: TableFiles,
    bins: RwLock<Arc<BinTable>>,
    ip: RwLock<Arc<IpData>>,
    /// The version of each file that was last tried, in the order of [`TableKind::ALL`].
    tried: Mutex<[Option<Identity>; TableKind::ALL.len()]>,
    /// Of the files that are named, in the same order. Held for a moment only, also while a file is being read.
    states: Mutex<[Option<TableState>; TableKind::ALL.len()]>,
}

impl Tables {
    /// Reads every file that is named. The first that does not read is the error. Blocks for as long as the disk
    /// takes; the index behind [`IpData::distance_km`] is then built in the background.
    pub fn open(files: TableFiles) -> Result<Self, RefusedTable> {
        let tables = Self { files, ..Self::none() };
        let mut tried = [None; TableKind::ALL.len()];
        for (kind, tried) in TableKind::ALL.into_iter().zip(&mut tried) {
            if let Some(path) = tables.files.path(kind) {
                *tried = Identity::of(path);
                tables.replace(kind, path, Index::InBackground, *tried)?;
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
            states: Mutex::default(),
        }
    }

    /// How each table stands that the configuration names. Never waits for a file.
    pub fn states(&self) -> Vec<TableState> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).iter().flatten().cloned().collect()
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
    pub fn reload_changed(&self) -> Vec<Result<TableState, RefusedTable>> {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let mut outcomes = Vec::new();
        for (kind, tried) in TableKind::ALL.into_iter().zip(tried.iter_mut()) {
            let Some(path) = self.files.path(kind) else { continue };
            // Before the reading: a change meanwhile is then seen the next time.
            let now = Identity::of(path);
            if now != *tried {
                *tried = now;
                outcomes.push(self.replace(kind, path, Index::AtOnce, now));
            }
        }
        outcomes
    }

    /// Takes a file into use, or notes that it did not read.
    fn replace(
        &self,
        kind: TableKind,
        path: &Path,
        index: Index,
        found: Option<Identity>,
    ) -> Result<TableState, RefusedTable> {
        let loaded = self.load(kind, path, index);
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut states[kind.place()];
        match loaded {
            Ok(Loaded { entries, built }) => {
                let dated = built.or_else(|| found.map(Identity::modified));
                let new = TableState { kind, path: path.to_owned(), entries, dated, is_current: true };
                Ok(state.insert(new).clone())
            }
            Err(source) => {
                if let Some(state) = state {
                    state.is_current = false;
                }
                Err(RefusedTable { kind, source })
            }
        }
    }

    fn load(&self, kind: TableKind, path: &Path, index: Index) -> Result<Loaded, TableError> {
        let ip = match kind {
            TableKind::Bins => {
                let table = Arc::new(BinTable::open(path)?);
                let entries = table.ranges();
                swap(&self.bins, table);
                return Ok(Loaded { entries, built: None });
            }
            TableKind::City => self.ip().with_city(path, index)?,
            TableKind::Asn => self.ip().with_asn(path)?,
            TableKind::Anonymous => self.ip().with_anonymous(path)?,
        };
        let (entries, built) = ip.size_and_date(kind);
        swap(&self.ip, Arc::new(ip));
        Ok(Loaded { entries, built })
    }
}

/// What a file says of itself.
struct Loaded {
    entries: usize,
    built: Option<Timestamp>,
}

/// The old version, if nobody else holds it, is freed when the lock is open again.
fn swap<T>(current: &RwLock<Arc<T>>, new: Arc<T>) {
    let old = mem::replace(&mut *current.write().unwrap_or_else(PoisonError::into_inner), new);
    drop(old);
}
