//! The map: which token each reference has. Lines are added when what they tell is durable, and are durable themselves
//! before the next batch begins.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use coffer_http::import::Taken;
use rustix::fs::{FlockOperation, flock};

use super::{csv, seen::Hasher};

/// Why a map is not written on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MapError {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(
        "{}: it was not made by this import (another file, organization, dialect, namespace or terminal): \
         name another map with --map",
        .0.display()
    )]
    OfAnother(PathBuf),
    #[error("{}: others than its owner can open it: set its mode to 0600", .0.display())]
    OpenMode(PathBuf),
    #[error("{}: another import is writing it", .0.display())]
    InUse(PathBuf),
}

/// The map of one import.
pub(super) struct Map {
    path: PathBuf,
    /// None where there is none yet, and of a dry run.
    file: Option<File>,
    header: String,
    /// Names the import in every line.
    id: String,
    hasher: Hasher,
    /// References that are in it.
    done: HashSet<u128>,
    /// Lines that are still to be written.
    next: String,
}

impl Map {
    /// Reads what is there. What was cut off in the middle of its last line is as if it had not been written.
    pub(super) fn read(path: &Path, names: &[&str], id: &str, dry_run: bool) -> Result<Self, MapError> {
        let mut map = Self {
            path: path.to_owned(),
            file: None,
            header: format!("reference,outcome,{},import\n", names.join(",")),
            id: id.to_owned(),
            hasher: Hasher::default(),
            done: HashSet::new(),
            next: String::new(),
        };
        let file = match OpenOptions::new().read(true).write(!dry_run).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(map),
            opened => opened.map_err(|error| map.failed(error))?,
        };
        let mode = file.metadata().map_err(|error| map.failed(error))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(MapError::OpenMode(map.path));
        }
        map.lock(&file)?;
        let whole = map.take_in(&file)?;
        if !dry_run {
            let cut = file.set_len(whole).and_then(|()| (&file).seek(SeekFrom::Start(whole)));
            cut.map_err(|error| map.failed(error))?;
            map.file = Some(file);
        }
        Ok(map)
    }

    /// Takes in the lines that are there; gives the bytes of those that are whole.
    fn take_in(&mut self, file: &File) -> Result<u64, MapError> {
        let (mut reader, mut line, mut whole) = (BufReader::new(file), String::new(), 0);
        loop {
            line.clear();
            reader.read_line(&mut line).map_err(|error| self.failed(error))?;
            let is_begun_header = whole == 0 && self.header.starts_with(&line);
            if !line.ends_with('\n') {
                let is_own = whole > 0 || is_begun_header;
                return if is_own { Ok(whole) } else { Err(MapError::OfAnother(self.path.clone())) };
            }
            let (mut reference, mut last) = (String::new(), String::new());
            let fields = csv::fields(line.trim_end_matches('\n'), |place, field| {
                if place == 0 {
                    field.clone_into(&mut reference);
                }
                field.clone_into(&mut last);
            });
            let is_own = if whole == 0 { line == self.header } else { fields.is_some() && last == self.id };
            if !is_own {
                return Err(MapError::OfAnother(self.path.clone()));
            }
            if whole > 0 {
                self.done.insert(self.hasher.hash(&[&reference]));
            }
            whole += line.len() as u64;
        }
    }

    /// Makes the file where there is none.
    pub(super) fn begin(&mut self) -> Result<(), MapError> {
        if self.file.is_none() {
            let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.path);
            let file = made.map_err(|error| self.failed(error))?;
            self.lock(&file)?;
            self.file = Some(file);
            let folder = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let synced = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
            synced.map_err(|error| self.failed(error))?;
        }
        let place = self.file.as_mut().map_or(Ok(0), Seek::stream_position);
        if place.map_err(|error| self.failed(error))? == 0 {
            self.next.clone_from(&self.header);
        }
        self.write()
    }

    /// Whether a reference is in it.
    pub(super) fn has(&self, reference: &str) -> bool {
        self.done.contains(&self.hasher.hash(&[reference]))
    }

    /// Adds a line, to be written with the next ones.
    pub(super) fn add(&mut self, reference: &str, taken: &Taken) {
        let outcome = if taken.made { "made" } else { "matched" };
        let names = taken.names.iter().map(String::as_str);
        let fields: Vec<String> = [reference, outcome]
            .into_iter()
            .chain(names)
            .chain([self.id.as_str()])
            .map(csv::quoted)
            .collect();
        self.next.push_str(&fields.join(","));
        self.next.push('\n');
    }

    /// Writes what was added, to the disk.
    pub(super) fn write(&mut self) -> Result<(), MapError> {
        let next = std::mem::take(&mut self.next);
        if let Some(file) = self.file.as_mut().filter(|_| !next.is_empty()) {
            let written = file.write_all(next.as_bytes()).and_then(|()| file.sync_data());
            written.map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    fn lock(&self, file: &File) -> Result<(), MapError> {
        flock(file, FlockOperation::NonBlockingLockExclusive).map_err(|_| MapError::InUse(self.path.clone()))
    }

    fn failed(&self, source: io::Error) -> MapError {
        MapError::File { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const NAMES: [&str; 1] = ["token"];

    fn taken(token: &str) -> Taken {
        Taken { made: true, differs: false, names: vec![token.to_owned()] }
    }

    #[test]
    fn a_map_goes_on_where_it_was_cut_off_and_is_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        let mut map = Map::read(&path, &NAMES, "aa", false).unwrap();
        map.begin().unwrap();
        map.add("one, \"quoted\"", &taken("t1"));
        map.add("two", &taken("t2"));
        map.write().unwrap();
        assert!(matches!(Map::read(&path, &NAMES, "aa", false), Err(MapError::InUse(_))));
        drop(map);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let whole = fs::read_to_string(&path).unwrap();
        assert_eq!(
            whole,
            "reference,outcome,token,import\n\"one, \"\"quoted\"\"\",made,t1,aa\ntwo,made,t2,aa\n"
        );
        for end in 0..=whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            let mut map = Map::read(&path, &NAMES, "aa", false).unwrap();
            let lines = whole[..end].matches('\n').count();
            assert_eq!((map.has("one, \"quoted\""), map.has("two")), (lines > 1, lines > 2), "{end}");
            map.begin().unwrap();
            map.add("three", &taken("t3"));
            map.write().unwrap();
            drop(map);
            let kept: String = whole.split_inclusive('\n').take(lines.max(1)).collect();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{kept}three,made,t3,aa\n"), "{end}");
        }
        let refused =
            |id, names: &[&str]| matches!(Map::read(&path, names, id, true), Err(MapError::OfAnother(_)));
        assert!(refused("bb", &NAMES) && refused("aa", &["other"]));
        fs::write(&path, "notes of mine").unwrap();
        assert!(refused("aa", &NAMES));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Map::read(&path, &NAMES, "aa", false), Err(MapError::OpenMode(_))));
    }
}
