//! The header of a file: for whom it is, the file's key for each of them, and a MAC over all that.

use std::io::{BufRead, Read};

use data_encoding::BASE64_NOPAD;
use zeroize::Zeroizing;

use super::AgeError;
use crate::digest::is_same_mac;
use crate::primitives::{AeadKey, AgreementKey, DerivingKey, KEY_LEN, MacKey, NONCE_LEN, TAG_LEN};

const FIRST_LINE: &[u8] = b"age-encryption.org/v1\n";
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED";
pub(super) const WRAP_INFO: &[u8] = b"age-encryption.org/v1/X25519";
/// Bytes of a file's key.
pub(super) const FILE_KEY_LEN: usize = 16;
/// Letters of a line of a body; a shorter one ends it.
const BODY_LINE: usize = 64;
/// Bytes of a whole header: some hundred recipients.
const HEADER_BYTES: usize = 32_768;
/// Bytes of one of its lines.
const LINE_BYTES: u64 = 1_024;

/// A header that was read.
pub(super) struct Header {
    /// The file's key, wrapped for X25519 recipients.
    wrapped: Vec<Wrapped>,
    /// Whether it is wrapped with a passphrase.
    has_passphrase: bool,
    /// What the MAC is over.
    covered: Vec<u8>,
    mac: Vec<u8>,
}

struct Wrapped {
    share: [u8; KEY_LEN],
    body: [u8; FILE_KEY_LEN + TAG_LEN],
}

/// Reads a header to its last byte.
pub(super) fn read(file: &mut impl BufRead) -> Result<Header, AgeError> {
    let mut covered = line(file)?;
    if covered != FIRST_LINE {
        return Err(if covered.starts_with(ARMOR) { AgeError::Armored } else { AgeError::NotAge });
    }
    let (mut wrapped, mut has_passphrase) = (Vec::new(), false);
    loop {
        let head = line(file)?;
        if let Some(mac) = head.strip_prefix(b"--- ") {
            covered.extend_from_slice(b"---");
            let mac = base64(mac.strip_suffix(b"\n").ok_or(AgeError::Header)?)?;
            return Ok(Header { wrapped, has_passphrase, covered, mac });
        }
        let body = body(file, &head, &mut covered)?;
        let arguments = head.strip_prefix(b"-> ").ok_or(AgeError::Header)?;
        let arguments = std::str::from_utf8(arguments).map_err(|_| AgeError::Header)?.trim_end_matches('\n');
        let mut arguments = arguments.split(' ');
        match (arguments.next(), arguments.next(), arguments.next()) {
            (Some("X25519"), Some(share), None) => wrapped.push(Wrapped {
                share: base64(share.as_bytes())?.try_into().map_err(|_| AgeError::Header)?,
                body: body.try_into().map_err(|_| AgeError::Header)?,
            }),
            (Some("X25519"), ..) => return Err(AgeError::Header),
            (Some("scrypt"), ..) => has_passphrase = true,
            _ => {}
        }
        if covered.len() > HEADER_BYTES {
            return Err(AgeError::Header);
        }
    }
}

/// The body of a stanza; it and its head are covered by the MAC.
fn body(file: &mut impl BufRead, head: &[u8], covered: &mut Vec<u8>) -> Result<Vec<u8>, AgeError> {
    covered.extend_from_slice(head);
    let mut letters = Vec::new();
    loop {
        let next = line(file)?;
        covered.extend_from_slice(&next);
        let next = next.strip_suffix(b"\n").ok_or(AgeError::Header)?;
        letters.extend_from_slice(next);
        if next.len() > BODY_LINE || covered.len() > HEADER_BYTES {
            return Err(AgeError::Header);
        }
        if next.len() < BODY_LINE {
            return base64(&letters);
        }
    }
}

fn line(file: &mut impl BufRead) -> Result<Vec<u8>, AgeError> {
    let mut line = Vec::new();
    file.take(LINE_BYTES).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// Base64 without padding, in its one canonical form.
fn base64(letters: &[u8]) -> Result<Vec<u8>, AgeError> {
    BASE64_NOPAD.decode(letters).map_err(|_| AgeError::Header)
}

impl Header {
    /// The file's key, by the first identity that opens it; the MAC is right then.
    pub(super) fn file_key(
        &self,
        identities: &[AgreementKey],
    ) -> Result<Zeroizing<[u8; FILE_KEY_LEN]>, AgeError> {
        let mut pairs = identities.iter().flat_map(|own| self.wrapped.iter().map(move |one| (own, one)));
        let key = pairs.find_map(|(own, wrapped)| wrapped.open(own));
        let key = key.ok_or(if self.has_passphrase { AgeError::Passphrase } else { AgeError::NotForUs })?;
        let mut mac_key = Zeroizing::new([0; KEY_LEN]);
        let derived = DerivingKey::extract(&[], &*key).expand(b"header", &mut *mac_key);
        derived.map_err(|_| AgeError::Header)?;
        let mac = MacKey::new(&*mac_key).mac(&[&self.covered]);
        if is_same_mac(&mac, &self.mac) { Ok(key) } else { Err(AgeError::Header) }
    }
}

impl Wrapped {
    fn open(&self, own: &AgreementKey) -> Option<Zeroizing<[u8; FILE_KEY_LEN]>> {
        let salt = [self.share, *own.public()].concat();
        let both = own.agree(&self.share, |secret| DerivingKey::extract(&salt, secret)).ok()?;
        let mut wrapping = Zeroizing::new([0; KEY_LEN]);
        both.expand(WRAP_INFO, &mut *wrapping).ok()?;
        let clear = AeadKey::chacha(&wrapping).ok()?.open([0; NONCE_LEN], &[], &self.body)?;
        let mut key = Zeroizing::new([0; FILE_KEY_LEN]);
        key.copy_from_slice(clear.get(..FILE_KEY_LEN)?);
        Some(key)
    }
}
