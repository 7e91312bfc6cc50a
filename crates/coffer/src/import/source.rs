//! The file: opened by its identity, and read as often as it takes, row by row.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use coffer_crypto::{
    Sha256,
    age::{AgeError, AgeIdentities, AgeReader},
};
use coffer_types::limits;
use zeroize::Zeroizing;

use super::{
    csv, json,
    row::{Header, HeaderFault, Row, RowFault},
};
use crate::secret::{SecretError, SecretSource};

/// Bytes that are read of the file at a time.
const BUFFER: usize = 131_072;

/// Why a file cannot be read on. Nothing of what stands in it is repeated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("--identity: {0}")]
    Secret(#[from] SecretError),
    #[error("--identity: {0}")]
    Identity(AgeError),
    #[error(
        "{}: {source}; only a file that is encrypted to an age recipient is taken: \
         age -r RECIPIENT -o cards.csv.age cards.csv (coffer import-cards --help says more)",
        path.display()
    )]
    Age { path: PathBuf, source: AgeError },
    #[error("{}: after line {line}: {source}", path.display())]
    Content { path: PathBuf, line: u64, source: io::Error },
    #[error("line {0} has more than {max} bytes", max = limits::IMPORT_LINE_BYTES)]
    TooLong(u64),
    #[error("there are more than {max} rows: cut the file", max = limits::IMPORT_ROWS)]
    TooMany,
    #[error("line {line}: {fault}")]
    Header { line: u64, fault: HeaderFault },
    #[error("line {0}: this is neither CSV with a header line nor JSON objects")]
    Json(u64),
}

/// A file and what opens it.
pub(super) struct Source {
    path: PathBuf,
    file: File,
    identities: AgeIdentities,
}

impl Source {
    pub(super) fn open(path: &Path, identity: &Path) -> Result<Self, SourceError> {
        let text = SecretSource::file(identity.to_owned()).read()?;
        let identities = AgeIdentities::parse(&text).map_err(SourceError::Identity)?;
        let failed = |source| SourceError::File { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, identities })
    }

    /// SHA-256 of the file as it lies there.
    pub(super) fn digest(&mut self) -> Result<[u8; 32], SourceError> {
        let mut digest = Sha256::new();
        let hashed = self.rewound().and_then(|mut file| {
            loop {
                let piece = file.fill_buf()?;
                if piece.is_empty() {
                    return Ok(());
                }
                digest.update(piece);
                let count = piece.len();
                file.consume(count);
            }
        });
        hashed.map_err(|source| SourceError::File { path: self.path.clone(), source })?;
        Ok(digest.finish())
    }

    /// Its rows, from the first one on.
    pub(super) fn rows(&mut self) -> Result<Rows<'_>, SourceError> {
        let failed = |source| SourceError::File { path: self.path.clone(), source };
        let file = self.rewound().map_err(failed)?;
        let age = |source| SourceError::Age { path: self.path.clone(), source };
        let content = Content {
            path: self.path.clone(),
            line: 0,
            clear: self.identities.open(file).map_err(age)?,
            buffer: Zeroizing::new(Vec::with_capacity(limits::IMPORT_LINE_BYTES + 1)),
        };
        Rows::begin(content)
    }

    fn rewound(&self) -> io::Result<BufReader<&File>> {
        (&self.file).rewind()?;
        Ok(BufReader::with_capacity(BUFFER, &self.file))
    }
}

/// The clear content, with one line or object at a time in a buffer that never grows.
pub(super) struct Content<'s> {
    path: PathBuf,
    /// The line that was begun last, counted from one.
    pub(super) line: u64,
    clear: AgeReader<BufReader<&'s File>>,
    pub(super) buffer: Zeroizing<Vec<u8>>,
}

impl Content<'_> {
    /// The next byte, which is still there.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, SourceError> {
        let (path, line) = (&self.path, self.line);
        let failed = |source| SourceError::Content { path: path.clone(), line, source };
        Ok(self.clear.fill_buf().map_err(failed)?.first().copied())
    }

    /// Passes over the next byte.
    pub(super) fn pass(&mut self) {
        self.clear.consume(1);
    }

    /// Takes the next byte into the buffer.
    pub(super) fn take(&mut self, byte: u8) -> Result<(), SourceError> {
        if self.buffer.len() >= limits::IMPORT_LINE_BYTES {
            return Err(SourceError::TooLong(self.line));
        }
        self.buffer.push(byte);
        self.pass();
        Ok(())
    }

    /// Reads the next line into the buffer, without its end; false where there is none.
    pub(super) fn next_line(&mut self) -> Result<bool, SourceError> {
        self.buffer.clear();
        if self.peek()?.is_none() {
            return Ok(false);
        }
        self.line += 1;
        let (path, line) = (&self.path, self.line);
        let failed = |source| SourceError::Content { path: path.clone(), line, source };
        let most = limits::IMPORT_LINE_BYTES as u64 + 1;
        self.clear.by_ref().take(most).read_until(b'\n', &mut self.buffer).map_err(failed)?;
        if self.buffer.pop_if(|last| *last == b'\n').is_none()
            && self.buffer.len() > limits::IMPORT_LINE_BYTES
        {
            return Err(SourceError::TooLong(line));
        }
        self.buffer.pop_if(|last| *last == b'\r');
        Ok(true)
    }
}

/// What the content is written in.
enum Form {
    Csv(Header),
    Json(json::Objects),
}

/// Rows, one after the other.
pub(super) struct Rows<'s> {
    content: Content<'s>,
    form: Form,
    count: u64,
}

/// One row, or what is wrong with the whole of it.
pub(super) type Next = (u64, Result<Row, RowFault>);

impl<'s> Rows<'s> {
    fn begin(mut content: Content<'s>) -> Result<Self, SourceError> {
        let is_json = |byte: u8| byte == b'{' || byte == b'[' || byte.is_ascii_whitespace();
        let form = if content.peek()?.is_some_and(is_json) {
            Form::Json(json::Objects::begin(&mut content)?)
        } else {
            content.next_line()?;
            let header = Header::parse(&content.buffer);
            Form::Csv(header.map_err(|fault| SourceError::Header { line: 1, fault })?)
        };
        Ok(Self { content, form, count: 0 })
    }

    /// Which columns there are; none is known before of JSON.
    pub(super) fn header(&self) -> Option<&Header> {
        match &self.form {
            Form::Csv(header) => Some(header),
            Form::Json(_) => None,
        }
    }

    /// The next row with the line that it begins in.
    pub(super) fn next(&mut self) -> Result<Option<Next>, SourceError> {
        let row = match &mut self.form {
            Form::Csv(header) => loop {
                if !self.content.next_line()? {
                    break None;
                }
                if !self.content.buffer.is_empty() {
                    break Some((self.content.line, csv::row(&self.content.buffer, header)));
                }
            },
            Form::Json(objects) => match objects.next(&mut self.content)? {
                None => None,
                Some(line) => match json::row(&self.content.buffer) {
                    Ok(row) => Some((line, row)),
                    Err(fault) => return Err(SourceError::Header { line, fault }),
                },
            },
        };
        if row.is_some() {
            self.count += 1;
            if self.count > limits::IMPORT_ROWS {
                return Err(SourceError::TooMany);
            }
        }
        Ok(row)
    }
}
