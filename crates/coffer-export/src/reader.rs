//! A finished export, opened: what it says of itself, and its parts, one after the other.

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

use coffer_core::{
    KekSource,
    moving::{MovedRow, Table},
    roots_among,
    store::KeyRow,
};
use coffer_crypto::{Environment, ExportFile, ExportKey, RootId, sha256};
use data_encoding::HEXLOWER;

use crate::{
    Progress,
    erased::{Counted, Erased},
    error::MoveError,
    folder::{Folder, part_name},
    keys,
    manifest::{self, Manifest},
    part::{Header, open_part},
};

/// Parts that are read ahead of whoever takes them in.
const AHEAD: usize = 2;

/// A finished export whose keys and manifest are what was written.
pub struct Opened {
    folder: Arc<Folder>,
    key: Arc<ExportKey>,
    /// Its id.
    pub(crate) id: [u8; 16],
    /// Its keys, wrapped; or those that were kept apart.
    pub(crate) keys: Vec<KeyRow>,
    /// Whether the keys were kept apart: then the manifest says nothing of them.
    pub(crate) keys_apart: bool,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// A part's number and its rows.
pub(crate) type Part = (u32, Vec<MovedRow>);

impl Opened {
    /// Opens an export with what opens the KEK of its vault. `keys` is a file of keys that was kept apart; none means
    /// the export's own.
    pub fn open(
        folder: &Path,
        keys_file: Option<&Path>,
        environment: Environment,
        root: &dyn KekSource,
    ) -> Result<Self, MoveError> {
        let folder = Folder::to_read(folder);
        let (bytes, file) = read_both(&folder, keys_file)?;
        let keys = keys::read(&file, environment, root)?;
        let named = manifest::named(manifest::FILE, &bytes)?;
        let key = match keys_file {
            None => keys.key,
            Some(_) => keys::open_export(&keys.rows, named.export_key, environment, root, &named.id)?,
        };
        let manifest: Option<Manifest> = manifest::read(&key, ExportFile::Manifest, &bytes);
        let manifest = manifest.ok_or_else(|| MoveError::changed(manifest::FILE))?;
        if manifest.environment != environment.as_str() {
            return Err(MoveError::WrongEnvironment);
        }
        let own = keys.export == named.id && manifest.keys_sha256 == HEXLOWER.encode(&keys.sha256);
        if keys_file.is_none() && !own {
            return Err(MoveError::changed(keys::FILE));
        }
        let (folder, key) = (Arc::new(folder), Arc::new(key));
        Ok(Self { folder, key, id: named.id, keys: keys.rows, keys_apart: !own, manifest })
    }

    /// Of every part the rows that are sealed under keys that were destroyed, by table and key.
    pub fn erased(&self) -> Result<Vec<Erased>, MoveError> {
        let mut counted = Counted::under(&self.keys);
        if counted.is_needed() {
            for part in self.rows(0, None) {
                part?.1.iter().for_each(|row| counted.add(row));
            }
        }
        Ok(counted.finish())
    }

    /// Looks at every part before anything is written anywhere.
    pub(crate) fn check(&self, progress: &mut dyn Progress) -> Result<(), MoveError> {
        progress
            .stage("checking the export", self.manifest.parts.iter().map(|part| u64::from(part.rows)).sum());
        for (number, entry) in (1..).zip(&self.manifest.parts) {
            self.file(number)?;
            progress.add(entry.rows.into());
        }
        Ok(())
    }

    /// The file of a part, which is what the manifest says.
    fn file(&self, number: u32) -> Result<Vec<u8>, MoveError> {
        file(&self.folder, &self.manifest, self.id, number)
    }

    /// The rows of the parts behind the first so many, read ahead by another thread. Only of one table, where one is
    /// named.
    pub(crate) fn rows(&self, behind: u32, only: Option<Table>) -> Receiver<Result<Part, MoveError>> {
        let (sender, receiver) = sync_channel(AHEAD);
        let (folder, key) = (Arc::clone(&self.folder), Arc::clone(&self.key));
        let (manifest, id) = (self.manifest.clone(), self.id);
        thread::spawn(move || {
            for (number, entry) in (1..).zip(&manifest.parts) {
                if number <= behind || only.is_some_and(|table| table.name() != entry.table) {
                    continue;
                }
                let part = file(&folder, &manifest, id, number).and_then(|file| {
                    let opened = open_part(&key, &file).filter(|(header, _)| header.number == number);
                    let (_, rows) = opened.ok_or_else(|| MoveError::changed(&part_name(number)))?;
                    Ok((number, rows))
                });
                let failed = part.is_err();
                // Whoever takes them may have ended.
                if sender.send(part).is_err() || failed {
                    return;
                }
            }
        });
        receiver
    }
}

/// Which roots open the keys of an export, by its own word: nothing of it is authenticated before one of them is there.
/// None where a device holds the key-encryption key.
pub fn roots(
    folder: &Path,
    keys_file: Option<&Path>,
    environment: Environment,
) -> Result<Vec<RootId>, MoveError> {
    let (_, file) = read_both(&Folder::to_read(folder), keys_file)?;
    Ok(roots_among(&keys::unchecked(&file, environment)?))
}

/// The manifest of a finished export, and the file of its keys.
fn read_both(folder: &Folder, keys_file: Option<&Path>) -> Result<(Vec<u8>, Vec<u8>), MoveError> {
    let Some(manifest) = folder.read(manifest::FILE)? else {
        let begun = folder.has(manifest::BEGUN);
        return Err(if begun { MoveError::Unfinished } else { MoveError::NoExport });
    };
    let keys = match keys_file {
        None => folder.read(keys::FILE)?.ok_or(MoveError::NoKeys),
        Some(path) => read_file(path)?.ok_or_else(|| MoveError::NoFile { path: path.to_owned() }),
    };
    Ok((manifest, keys?))
}

/// A file that lies anywhere; none where it is not there.
fn read_file(path: &Path) -> Result<Option<Vec<u8>>, MoveError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    Folder::to_read(folder.unwrap_or(Path::new("."))).read(name)
}

fn file(folder: &Folder, manifest: &Manifest, id: [u8; 16], number: u32) -> Result<Vec<u8>, MoveError> {
    let name = part_name(number);
    let file = folder.read(&name)?.ok_or_else(|| MoveError::Missing { file: name.clone() })?;
    let entry = usize::try_from(number - 1).ok().and_then(|at| manifest.parts.get(at));
    if entry.is_some_and(|entry| entry.sha256 == HEXLOWER.encode(&sha256(&file))) {
        return Ok(file);
    }
    Err(match Header::read(&file) {
        Some((header, ..)) if header.export != id => MoveError::OtherExport { file: name },
        Some((header, ..)) if header.number != number => {
            MoveError::Misplaced { file: name, number: header.number }
        }
        _ => MoveError::Changed { file: name },
    })
}
