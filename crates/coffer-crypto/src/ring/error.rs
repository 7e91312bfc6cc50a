//! Why the ring refuses.

use std::io;

use thiserror::Error;

use crate::entropy::EntropyError;
use crate::wrap::WrapError;

/// The ring could not do its work. Taking in SAD must then fail; everything else can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RingError {
    /// The file could not be read or written.
    #[error("the ring file could not be read or written: {0}")]
    Io(io::ErrorKind),
    /// The file is not a ring, or one of another store or environment. Nothing was changed in it.
    #[error("the ring file does not belong to this store")]
    Foreign,
    /// Another process has the ring open.
    #[error("the ring file is in use by another process")]
    InUse,
    /// Others than the owner may read or write the file.
    #[error("the ring file must be readable and writable by its owner only (mode 0600)")]
    OpenMode,
    /// The clock was set back by more than a half minute, or stands before 1970 or beyond what a slot number
    /// can hold.
    #[error("the clock was set back or is out of range")]
    Clock,
    /// A key of another node came too late: its time is over.
    #[error("the key of a half minute is dead already")]
    Dead,
    /// Another key of the same half minute is held.
    #[error("another key of the same half minute is held already")]
    Other,
    /// A new key could not be made.
    #[error("no new key could be made for the ring")]
    Key(#[from] WrapError),
}

/// Why nothing goes from node to node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ShareError {
    /// What is announced was not made by a node of this vault for this process, or was changed.
    #[error("the announced key was not made by this process of this vault")]
    Announcement,
    /// What is sealed is for another process, half minute, environment or private key, or was changed.
    #[error("the sealed key of the ring does not open here")]
    Share,
    /// A new key could not be made.
    #[error("no key could be made to exchange keys of the ring")]
    Key,
}

impl From<EntropyError> for ShareError {
    fn from(_: EntropyError) -> Self {
        Self::Key
    }
}

impl From<io::Error> for RingError {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind())
    }
}

impl From<EntropyError> for RingError {
    fn from(error: EntropyError) -> Self {
        Self::Key(error.into())
    }
}
