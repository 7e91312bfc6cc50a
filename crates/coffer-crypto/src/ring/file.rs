//! Where the ring lies: 65 sectors in a file of its own, or in memory for tests of what is above.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::RingError;
use super::slot::{SECTOR, SLOTS, SadKeyVersion, Sector};

const SECTORS: usize = 1 + SLOTS;
const FILE_LEN: usize = SECTORS * SECTOR;
const EMPTY: Sector = [0; SECTOR];

/// The bytes of the ring, and which of its slots may hold a key.
pub(super) struct RingFile {
    medium: Medium,
    /// What was last written to each slot, also when that write failed half way.
    pub(super) occupied: [Option<SadKeyVersion>; SLOTS],
}

enum Medium {
    File(File),
    Memory(Vec<u8>),
}

impl RingFile {
    /// Opens or creates the file, for this process alone. Mode 0600 and nothing wider is accepted.
    pub(super) fn at(path: &Path) -> Result<Self, RingError> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RingError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let metadata = file.metadata()?;
        if metadata.mode() & 0o077 != 0 {
            return Err(RingError::OpenMode);
        }
        if !metadata.is_file() || (metadata.len() != 0 && metadata.len() != FILE_LEN as u64) {
            return Err(RingError::Foreign);
        }
        if metadata.len() == 0 {
            file.set_len(FILE_LEN as u64)?;
            sync_folder_of(path)?;
        }
        Ok(Self::on(Medium::File(file)))
    }

    pub(super) fn in_memory() -> Self {
        Self::on(Medium::Memory(vec![0; FILE_LEN]))
    }

    fn on(medium: Medium) -> Self {
        Self { medium, occupied: [None; SLOTS] }
    }

    /// The header; all zero when the ring was never begun.
    pub(super) fn header(&self) -> io::Result<Sector> {
        self.read(0)
    }

    /// Begins the ring: empty slots first, the header last, so that a ring with a header is whole.
    pub(super) fn begin(&mut self, header: &Sector) -> io::Result<()> {
        for sector in 1..SECTORS {
            self.write(sector, &EMPTY)?;
        }
        self.sync()?;
        self.write(0, header)?;
        self.sync()
    }

    pub(super) fn slot(&self, index: usize) -> io::Result<Sector> {
        self.read(1 + index)
    }

    /// Puts a key in its slot, over whatever was there; on disk when this returns.
    pub(super) fn put(&mut self, version: SadKeyVersion, sector: &Sector) -> io::Result<()> {
        self.occupied[version.index()] = Some(version);
        self.write(1 + version.index(), sector)?;
        self.sync()
    }

    /// Overwrites slots with zeros; on disk when this returns. After an error all of them count as occupied,
    /// so that the next sweep tries again.
    pub(super) fn wipe(&mut self, slots: &[usize]) -> io::Result<()> {
        if slots.is_empty() {
            return Ok(());
        }
        for index in slots {
            self.write(1 + index, &EMPTY)?;
        }
        self.sync()?;
        for index in slots {
            self.occupied[*index] = None;
        }
        Ok(())
    }

    fn read(&self, sector: usize) -> io::Result<Sector> {
        let mut bytes = EMPTY;
        let at = sector * SECTOR;
        match &self.medium {
            Medium::File(file) => file.read_exact_at(&mut bytes, at as u64)?,
            Medium::Memory(memory) => bytes.copy_from_slice(&memory[at..at + SECTOR]),
        }
        Ok(bytes)
    }

    fn write(&mut self, sector: usize, bytes: &Sector) -> io::Result<()> {
        let at = sector * SECTOR;
        match &mut self.medium {
            Medium::File(file) => file.write_all_at(bytes, at as u64)?,
            Medium::Memory(memory) => memory[at..at + SECTOR].copy_from_slice(bytes),
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        match &self.medium {
            Medium::File(file) => file.sync_data(),
            Medium::Memory(_) => Ok(()),
        }
    }
}

/// Makes the name of a new file durable.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
