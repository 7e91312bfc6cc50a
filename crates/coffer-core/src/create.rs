//! Create: details come in, a single-use token goes out.

use std::fmt;

use coffer_crypto::{Class, Field, LocatorBytes, SadKeyVersion};
use coffer_types::{Cvv, Generation, Tenant, Timestamp};
use zeroize::Zeroizing;

use crate::{
    audit::Action,
    details::Details,
    once::Once,
    protected::Protected,
    store::{TokenKind, TokenRow, TokenState},
    vault::{Act, Place, Refused, Vault, not_sealed, wiped_json},
};

/// What a token is made from; the parts are valid because their types are.
pub struct NewToken {
    /// What the token protects.
    pub protected: Protected,
    /// The verification code, if the caller sent one.
    pub cvv: Option<Cvv>,
    /// What a reader of cards sent (track, chip data, an encrypted block), as JSON that only the dialect understands.
    /// Sensitive authentication data: it has the code's life.
    pub reader: Option<Zeroizing<String>>,
    /// Everything else.
    pub details: Details,
}

/// A token that is about to be durable.
#[derive(Clone, Copy, Debug)]
pub struct Created {
    /// What the printed token is made of.
    pub locator: LocatorBytes,
    /// When it was made.
    pub created_at: Timestamp,
}

impl fmt::Debug for NewToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("NewToken(..)")
    }
}

impl Vault {
    /// Makes a single-use token that ends at its first use or after 30 minutes.
    ///
    /// `render` makes the reply before the commit; it is given back after the token is on disk.
    pub async fn create<R>(
        &self,
        act: &Act,
        new: &NewToken,
        render: impl FnOnce(&Created) -> R,
    ) -> Result<R, Refused> {
        self.create_once(act, new, None, render).await
    }

    /// The same, and what is answered is kept for whoever asks again under the same key.
    pub async fn create_once<R>(
        &self,
        act: &Act,
        new: &NewToken,
        once: Option<Once<'_, R>>,
        render: impl FnOnce(&Created) -> R,
    ) -> Result<R, Refused> {
        let now = self.now();
        let row = self.seal_token(act.tenant, TokenKind::SingleUse, new, now).await?;
        let created = Created { locator: self.token_locator(row.tenant, row.number)?, created_at: now };
        let reply = render(&created);
        let fact = act.fact(Action::Create).object(row.number);
        let unit = self.unit(now)?.insert(row).fact(fact);
        if self.commit_once(act, unit, once, &reply, now).await? {
            Ok(reply)
        } else {
            Err(Refused::Contended)
        }
    }

    /// A new row of the short-lived table that lives as long as its kind.
    pub(crate) async fn seal_token(
        &self,
        tenant: Tenant,
        kind: TokenKind,
        new: &NewToken,
        now: Timestamp,
    ) -> Result<TokenRow, Refused> {
        let sad = self.sad_key_for(new, None, now).await?;
        let at = Place { tenant, number: self.number(now)?, generation: Generation::FIRST };
        self.seal_token_at(at, kind, new, (now, now), sad)
    }

    /// The key of the ring for what is sensitive authentication data of a token; none where there is none. What of it
    /// came in earlier, under the ring's key of that time, keeps that key.
    pub(crate) async fn sad_key_for(
        &self,
        new: &NewToken,
        since: Option<SadKeyVersion>,
        now: Timestamp,
    ) -> Result<Option<SadKeyVersion>, Refused> {
        match since {
            _ if self.sad.is_dropped() || (new.cvv.is_none() && new.reader.is_none()) => Ok(None),
            Some(since) => Ok(Some(since)),
            None => Ok(Some(self.sad_key(now).await?)),
        }
    }

    /// A row of the short-lived table, made at one time and written at another. What is sensitive authentication data
    /// in it is sealed under the key of [`Vault::sad_key_for`].
    pub(crate) fn seal_token_at(
        &self,
        at: Place,
        kind: TokenKind,
        new: &NewToken,
        (created_at, now): (Timestamp, Timestamp),
        sad: Option<SadKeyVersion>,
    ) -> Result<TokenRow, Refused> {
        let Place { tenant, number, generation } = at;
        let [salt] = self.salts()?;
        let sealer = self.keys.sealer(Class::ShortLived, tenant, number, generation, salt.clone());
        let mut sealer = sealer.map_err(not_sealed)?;
        let clear = if self.sad.is_dropped() { None } else { sad_bytes(new) };
        let sad = match clear {
            Some(clear) => {
                let version = sad.ok_or(Refused::Unavailable)?;
                let sealer = self.ring.sealer(version, tenant, number, generation, salt.clone(), now);
                Some(sealer.map_err(not_sealed)?.seal(Field::Sad, &clear).map_err(not_sealed)?)
            }
            None => None,
        };
        let protected = sealer.seal(Field::Protected, &new.protected.to_bytes()).map_err(not_sealed)?;
        let details = sealer.seal(Field::Details, &wiped_json(&new.details)?).map_err(not_sealed)?;
        Ok(TokenRow {
            number,
            tenant,
            kind,
            generation,
            created_at,
            expires_at: created_at.plus_seconds(kind.seconds()),
            face: new.protected.face(),
            salt,
            details,
            state: TokenState::Live { protected, sad },
        })
    }
}

/// The first byte of the sealed form with a reader's data. A code alone begins with the count of its digits.
const WITH_READER: u8 = 0x80;

/// Bytes of a code in the sealed form; zeros where there is none.
const CODE_BYTES: usize = 5;

/// The bytes that are sealed of what is sensitive authentication data (`docs/FORMAT.md` 7); none where there is none.
fn sad_bytes(new: &NewToken) -> Option<Zeroizing<Vec<u8>>> {
    let code = new.cvv.as_ref().map(Cvv::padded);
    match (&code, &new.reader) {
        (None, None) => None,
        (Some(code), None) => Some(Zeroizing::new(code.to_vec())),
        (code, Some(reader)) => {
            let mut clear = Zeroizing::new(Vec::with_capacity(1 + CODE_BYTES + reader.len()));
            clear.push(WITH_READER);
            clear.extend_from_slice(code.as_ref().map_or(&[0; CODE_BYTES][..], |code| code.as_slice()));
            clear.extend_from_slice(reader.as_bytes());
            Some(clear)
        }
    }
}

/// What is sensitive authentication data of a token.
#[derive(Default)]
pub(crate) struct Sad {
    pub(crate) cvv: Option<Cvv>,
    pub(crate) reader: Option<Zeroizing<String>>,
}

impl Sad {
    /// Reads back what was sealed. None for what nobody sealed.
    pub(crate) fn from_bytes(clear: &[u8]) -> Option<Self> {
        let Some(rest) = clear.strip_prefix(&[WITH_READER]) else {
            return Some(Self { cvv: Some(Cvv::from_padded(clear).ok()?), reader: None });
        };
        let (code, reader) = rest.split_first_chunk::<CODE_BYTES>()?;
        let cvv = if *code == [0; CODE_BYTES] { None } else { Some(Cvv::from_padded(code).ok()?) };
        let reader = Zeroizing::new(std::str::from_utf8(reader).ok()?.to_owned());
        Some(Self { cvv, reader: Some(reader) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(cvv: Option<&str>, reader: Option<&str>) -> NewToken {
        NewToken {
            protected: Protected::Nothing,
            cvv: cvv.map(|code| Cvv::parse(code).unwrap()),
            reader: reader.map(|text| Zeroizing::new(text.to_owned())),
            details: Details { expiry: None, contact: None, extra: None },
        }
    }

    /// The drawings of `docs/FORMAT.md` 7, byte by byte.
    #[test]
    fn what_is_sensitive_is_sealed_in_one_form_and_reads_back() {
        let frozen: [(NewToken, &[u8]); 4] = [
            (token(Some("123"), None), b"\x03123\0"),
            (token(Some("1234"), None), b"\x041234"),
            (token(None, Some("{}")), b"\x80\0\0\0\0\0{}"),
            (token(Some("123"), Some("{\"a\":1}")), b"\x80\x03123\0{\"a\":1}"),
        ];
        for (new, bytes) in frozen {
            assert_eq!(sad_bytes(&new).unwrap().as_slice(), bytes);
            let back = Sad::from_bytes(bytes).unwrap();
            assert_eq!(back.cvv.as_ref().map(Cvv::expose), new.cvv.as_ref().map(Cvv::expose));
            assert_eq!(back.reader, new.reader);
        }
        assert!(sad_bytes(&token(None, None)).is_none());
        let broken: [&[u8]; 6] =
            [b"", b"\x80", b"\x80\0\0\0\0", b"\x80\x03\0\0\0\0", b"\x80\0\0\0\0\0\xff", b"\x81123\0"];
        for bytes in broken {
            assert!(Sad::from_bytes(bytes).is_none(), "{bytes:?}");
        }
        assert_eq!(format!("{:?}", token(Some("123"), Some("track"))), "NewToken(..)");
    }
}
