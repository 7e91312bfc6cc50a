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
    moving::{MovedRow, Table},
    store::KeyRow,
};
use coffer_crypto::{Environment, ExportFile, ExportKey, RootKey, sha256};
use data_encoding::HEXLOWER;

use crate::{
    Progress,
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
    /// Its keys, wrapped.
    pub(crate) keys: Vec<KeyRow>,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// A part's number and its rows.
pub(crate) type Part = (u32, Vec<MovedRow>);

impl Opened {
    /// Opens an export with the root key of its vault.
    pub fn open(folder: &Path, environment: Environment, root: &RootKey) -> Result<Self, MoveError> {
        let folder = Folder::to_read(folder);
        let Some(bytes) = folder.read(manifest::FILE)? else {
            let begun = folder.has(manifest::BEGUN);
            return Err(if begun { MoveError::Unfinished } else { MoveError::NoExport });
        };
        let file = folder.read(keys::FILE)?;
        let file = file.ok_or_else(|| MoveError::Missing { file: keys::FILE.to_owned() })?;
        let keys = keys::read(&file, environment, root)?;
        let manifest: Option<Manifest> = manifest::read(&keys.key, ExportFile::Manifest, &bytes);
        let manifest = manifest.ok_or_else(|| MoveError::changed(manifest::FILE))?;
        manifest::check_format(manifest.format)?;
        if manifest.environment != environment.as_str() {
            return Err(MoveError::WrongEnvironment);
        }
        if manifest.export != HEXLOWER.encode(&keys.export)
            || manifest.keys_sha256 != HEXLOWER.encode(&keys.sha256)
        {
            return Err(MoveError::changed(keys::FILE));
        }
        let (folder, key) = (Arc::new(folder), Arc::new(keys.key));
        Ok(Self { folder, key, id: keys.export, keys: keys.rows, manifest })
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
