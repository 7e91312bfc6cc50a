//! The content of a file: pieces of 64 KiB, each of which authenticates itself, its place, and whether it is the last.

use std::fmt;
use std::io::{self, BufRead, ErrorKind, Read};

use zeroize::Zeroizing;

use super::AgeError;
use super::header::FILE_KEY_LEN;
use crate::primitives::{AeadKey, DerivingKey, KEY_LEN, NONCE_LEN, TAG_LEN};

/// Bytes of every piece but the last.
pub(super) const PIECE: usize = 65_536;
/// Bytes of what the payload's key is derived by.
pub(super) const SALT: usize = 16;

/// The clear content. Nothing of a piece is given out before the piece is known to be whole, unchanged and in its
/// place; the last one tells that nothing is missing behind it. What was given out is wiped.
pub struct AgeReader<R> {
    file: R,
    key: AeadKey,
    /// Pieces opened so far.
    count: u64,
    is_over: bool,
    clear: Zeroizing<Vec<u8>>,
    /// Bytes of `clear` that were taken.
    taken: usize,
}

impl<R: BufRead> AgeReader<R> {
    pub(super) fn new(mut file: R, file_key: &[u8; FILE_KEY_LEN]) -> Result<Self, AgeError> {
        let mut salt = [0; SALT];
        file.read_exact(&mut salt).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => AgeError::Damaged,
            _ => AgeError::Io(error),
        })?;
        let mut key = Zeroizing::new([0; KEY_LEN]);
        let derived = DerivingKey::extract(&salt, file_key).expand(b"payload", &mut *key);
        derived.map_err(|_| AgeError::Damaged)?;
        let key = AeadKey::chacha(&key).map_err(|_| AgeError::Damaged)?;
        Ok(Self { file, key, count: 0, is_over: false, clear: Zeroizing::default(), taken: 0 })
    }

    fn next_piece(&mut self) -> Result<(), AgeError> {
        let mut sealed = Vec::with_capacity(PIECE + TAG_LEN);
        self.file.by_ref().take((PIECE + TAG_LEN) as u64).read_to_end(&mut sealed)?;
        let is_last = self.file.fill_buf()?.is_empty();
        // 11 bytes of the place, one for the last.
        let mut nonce = [0; NONCE_LEN];
        nonce[3..11].copy_from_slice(&self.count.to_be_bytes());
        nonce[11] = u8::from(is_last);
        let clear = self.key.open(nonce, &[], &sealed).ok_or(AgeError::Damaged)?;
        // Only a file without content has a piece without content.
        if clear.is_empty() && self.count > 0 {
            return Err(AgeError::Damaged);
        }
        self.count = self.count.checked_add(1).ok_or(AgeError::Damaged)?;
        (self.clear, self.taken, self.is_over) = (clear, 0, is_last);
        Ok(())
    }
}

impl<R: BufRead> BufRead for AgeReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken == self.clear.len() && !self.is_over {
            self.next_piece().map_err(|error| match error {
                AgeError::Io(error) => error,
                error => io::Error::new(ErrorKind::InvalidData, error),
            })?;
        }
        Ok(self.clear.get(self.taken..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.taken = self.taken.saturating_add(count).min(self.clear.len());
    }
}

impl<R: BufRead> Read for AgeReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let clear = self.fill_buf()?;
        let count = clear.len().min(out.len());
        out[..count].copy_from_slice(&clear[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R> fmt::Debug for AgeReader<R> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AgeReader(..)")
    }
}
