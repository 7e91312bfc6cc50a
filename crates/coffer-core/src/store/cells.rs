//! Decoding rows: whatever the engine, a row is a line of cells, taken from the left and parsed into types.

use coffer_crypto::{Blob, Fingerprint, KeyState, Salt, WrappedKey};
use coffer_types::{Bin, Brand, Generation, Last4, RecordNumber, Tenant, Timestamp};

use super::row::{
    CardFace, CustomerRow, InstrumentOutline, InstrumentRow, KeyRow, ReplyRow, ReusableRow, TokenKind,
    TokenRow, TokenState,
};

/// A cursor over the cells of one row. An engine gives the first four; the rest follows from them.
pub trait Cells<'a> {
    /// What a cell that does not decode becomes; an engine may have failures of its own beside it.
    type Error;

    /// A cell does not hold what its type asks for.
    fn unreadable(&self) -> Self::Error;

    /// The next cell, a whole number or nothing.
    fn maybe_integer(&mut self) -> Result<Option<i64>, Self::Error>;

    /// The next cell, bytes or nothing.
    fn maybe_bytes(&mut self) -> Result<Option<&'a [u8]>, Self::Error>;

    /// The next cell, a text or nothing.
    fn maybe_text(&mut self) -> Result<Option<&'a str>, Self::Error>;

    /// A whole number.
    fn integer(&mut self) -> Result<i64, Self::Error> {
        self.maybe_integer()?.ok_or_else(|| self.unreadable())
    }

    /// A whole number that a narrower type can hold.
    fn narrow<T: TryFrom<i64>>(&mut self) -> Result<T, Self::Error> {
        T::try_from(self.integer()?).map_err(|_| self.unreadable())
    }

    /// Bytes.
    fn bytes(&mut self) -> Result<&'a [u8], Self::Error> {
        self.maybe_bytes()?.ok_or_else(|| self.unreadable())
    }

    /// So many bytes.
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Self::Error> {
        self.bytes()?.try_into().map_err(|_| self.unreadable())
    }

    /// A record number.
    fn number(&mut self) -> Result<RecordNumber, Self::Error> {
        RecordNumber::from_u64(self.narrow()?).map_err(|_| self.unreadable())
    }

    /// A tenant.
    fn tenant(&mut self) -> Result<Tenant, Self::Error> {
        Tenant::new(self.narrow()?).map_err(|_| self.unreadable())
    }

    /// A tenant, where zero stands for none.
    fn maybe_tenant(&mut self) -> Result<Option<Tenant>, Self::Error> {
        match self.narrow::<u32>()? {
            0 => Ok(None),
            value => Tenant::new(value).map(Some).map_err(|_| self.unreadable()),
        }
    }

    /// A generation.
    fn generation(&mut self) -> Result<Generation, Self::Error> {
        Generation::new(self.narrow()?).map_err(|_| self.unreadable())
    }

    /// Milliseconds since 1970, or nothing.
    fn maybe_time(&mut self) -> Result<Option<Timestamp>, Self::Error> {
        Ok(self.maybe_integer()?.map(Timestamp::from_millis))
    }

    /// The state of a key.
    fn key_state(&mut self) -> Result<KeyState, Self::Error> {
        KeyState::from_code(self.narrow()?).ok_or_else(|| self.unreadable())
    }

    /// Milliseconds since 1970.
    fn time(&mut self) -> Result<Timestamp, Self::Error> {
        Ok(Timestamp::from_millis(self.integer()?))
    }

    /// Three cells: BIN, last four, brand. Without the last four there is no face, and then nothing else either.
    fn face(&mut self) -> Result<Option<CardFace>, Self::Error> {
        let bin = self.maybe_text()?.map(Bin::parse).transpose().map_err(|_| self.unreadable())?;
        let last4 = self.maybe_text()?.map(Last4::parse).transpose().map_err(|_| self.unreadable())?;
        let brand = match self.maybe_integer()? {
            Some(code) => {
                Some(u8::try_from(code).ok().and_then(Brand::from_code).ok_or_else(|| self.unreadable())?)
            }
            None => None,
        };
        match last4 {
            Some(last4) => Ok(Some(CardFace { bin, last4, brand })),
            None if bin.is_none() && brand.is_none() => Ok(None),
            None => Err(self.unreadable()),
        }
    }

    /// A salt.
    fn salt(&mut self) -> Result<Salt, Self::Error> {
        Ok(Salt::from_bytes(self.array()?))
    }

    /// A fingerprint or nothing.
    fn maybe_fingerprint(&mut self) -> Result<Option<Fingerprint>, Self::Error> {
        let Some(bytes) = self.maybe_bytes()? else { return Ok(None) };
        let bytes = bytes.try_into().map_err(|_| self.unreadable())?;
        Ok(Some(Fingerprint::from_bytes(bytes)))
    }

    /// A sealed value or nothing.
    fn maybe_blob(&mut self) -> Result<Option<Blob>, Self::Error> {
        Ok(self.maybe_bytes()?.map(|bytes| Blob::from_bytes(bytes.to_vec())))
    }

    /// A sealed value.
    fn blob(&mut self) -> Result<Blob, Self::Error> {
        self.maybe_blob()?.ok_or_else(|| self.unreadable())
    }
}

impl TokenRow {
    /// Cells: number, tenant, kind, generation, created, expires, used, face, salt, protected, SAD, details.
    pub fn decode<'a, C: Cells<'a>>(cells: &mut C) -> Result<Self, C::Error> {
        let (number, tenant) = (cells.number()?, cells.tenant()?);
        let kind = TokenKind::from_code(cells.narrow()?).ok_or_else(|| cells.unreadable())?;
        let generation = cells.generation()?;
        let (created_at, expires_at) = (cells.time()?, cells.time()?);
        let used_at = cells.maybe_integer()?.map(Timestamp::from_millis);
        let (face, salt) = (cells.face()?, cells.salt()?);
        let state = match (used_at, cells.maybe_blob()?, cells.maybe_blob()?) {
            (None, Some(protected), sad) => TokenState::Live { protected, sad },
            (Some(at), None, None) => TokenState::Used { at },
            (None, None, None) => TokenState::Expired,
            _ => return Err(cells.unreadable()),
        };
        let details = cells.blob()?;
        Ok(Self { number, tenant, kind, generation, created_at, expires_at, face, salt, details, state })
    }
}

impl InstrumentRow {
    /// Cells: number, tenant, generation, created, updated, face, fingerprint, salt, protected, details.
    pub fn decode<'a, C: Cells<'a>>(cells: &mut C) -> Result<Self, C::Error> {
        Ok(Self {
            number: cells.number()?,
            tenant: cells.tenant()?,
            generation: cells.generation()?,
            created_at: cells.time()?,
            updated_at: cells.time()?,
            face: cells.face()?,
            fingerprint: cells.maybe_fingerprint()?,
            salt: cells.salt()?,
            protected: cells.blob()?,
            details: cells.blob()?,
        })
    }
}

impl InstrumentOutline {
    /// Cells: number, generation, created, updated, face, fingerprint.
    pub fn decode<'a, C: Cells<'a>>(cells: &mut C) -> Result<Self, C::Error> {
        Ok(Self {
            number: cells.number()?,
            generation: cells.generation()?,
            created_at: cells.time()?,
            updated_at: cells.time()?,
            face: cells.face()?,
            fingerprint: cells.maybe_fingerprint()?,
        })
    }
}

impl CustomerRow {
    /// Cells: number, tenant, generation, created, updated, salt, details.
    pub fn decode<'a, C: Cells<'a>>(cells: &mut C) -> Result<Self, C::Error> {
        Ok(Self {
            number: cells.number()?,
            tenant: cells.tenant()?,
            generation: cells.generation()?,
            created_at: cells.time()?,
            updated_at: cells.time()?,
            salt: cells.salt()?,
            details: cells.blob()?,
        })
    }
}

impl ReusableRow {
    /// Cells: number, tenant, generation, created, updated, ends, face, fingerprint, salt, protected, details.
    pub fn decode<'a, C: Cells<'a>>(cells: &mut C) -> Result<Self, C::Error> {
        Ok(Self {
            number: cells.number()?,
            tenant: cells.tenant()?,
            generation: cells.generation()?,
            created_at: cells.time()?,
            updated_at: cells.time()?,
            ends_at: cells.time()?,
            face: cells.face()?,
            fingerprint: cells.maybe_fingerprint()?,
            salt: cells.salt()?,
            protected: cells.blob()?,
            details: cells.blob()?,
        })
    }
}

impl ReplyRow {
    /// Cells: number, tenant, key, generation, salt, SAD, details.
    pub fn decode<'a, C: Cells<'a>>(cells: &mut C) -> Result<Self, C::Error> {
        Ok(Self {
            number: cells.number()?,
            tenant: cells.tenant()?,
            key: cells.array()?,
            generation: cells.generation()?,
            salt: cells.salt()?,
            sad: cells.maybe_blob()?,
            details: cells.blob()?,
        })
    }
}

impl KeyRow {
    /// Cells: tenant or zero, purpose, version, generation, state, under, created, active since or null, changed,
    /// wrapped.
    pub fn decode<'a, C: Cells<'a>>(cells: &mut C) -> Result<Self, C::Error> {
        Ok(Self {
            tenant: cells.maybe_tenant()?,
            purpose: cells.narrow()?,
            version: cells.narrow()?,
            generation: cells.generation()?,
            state: cells.key_state()?,
            under: cells.narrow()?,
            created_at: cells.time()?,
            active_at: cells.maybe_time()?,
            changed_at: cells.time()?,
            wrapped: WrappedKey(cells.bytes()?.to_vec()),
        })
    }
}
