//! Erased: records whose data key was destroyed. A backup that is put back later than its key was destroyed brings them
//! back as noise, which nobody opens ever again: to whoever asks they are gone, like what is unknown or over.
//!
//! Only a key that the key table calls destroyed makes a record so. One that does not open under a living key, or that
//! names a key which there never was, is tampering or a fault, and stays one.

use coffer_crypto::{Blob, Class};
use coffer_types::{RecordNumber, Tenant};

use crate::{
    keys::walk::number_of,
    store::{CustomerRow, InstrumentRow, ReplyRow, ReusableRow, Row, TokenRow, TokenState, UniqueKey},
    vault::{Refused, Vault},
};

/// What a unique key leads to.
#[derive(Debug)]
pub(crate) enum Held<T> {
    /// Nothing.
    Nothing,
    /// A record that is erased: it may have to make room.
    Erased(Box<Row>),
    /// This.
    Found(T),
}

impl<T> Held<T> {
    pub(crate) fn found(self) -> Option<T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Nothing | Self::Erased(_) => None,
        }
    }
}

impl Vault {
    /// Whether a record is erased.
    pub(crate) fn is_erased(&self, row: &Row) -> bool {
        match row {
            Row::Token(row) => self.is_token_erased(row),
            Row::Customer(row) => self.is_customer_erased(row),
            Row::Instrument(row) => self.is_instrument_erased(row),
            Row::Reusable(row) => self.is_reusable_erased(row),
            Row::Reply(row) => self.is_reply_erased(row),
            Row::Index { .. } | Row::Key(_) => false,
        }
    }

    pub(crate) fn is_token_erased(&self, row: &TokenRow) -> bool {
        let protected = match &row.state {
            TokenState::Live { protected, .. } => Some(protected),
            TokenState::Used { .. } | TokenState::Expired => None,
        };
        self.is_under_destroyed(Class::ShortLived, row.tenant, protected.into_iter().chain([&row.details]))
    }

    pub(crate) fn is_instrument_erased(&self, row: &InstrumentRow) -> bool {
        self.is_under_destroyed(Class::Durable, row.tenant, [&row.protected, &row.details])
    }

    pub(crate) fn is_reusable_erased(&self, row: &ReusableRow) -> bool {
        self.is_under_destroyed(Class::Durable, row.tenant, [&row.protected, &row.details])
    }

    pub(crate) fn is_customer_erased(&self, row: &CustomerRow) -> bool {
        self.is_under_destroyed(Class::Durable, row.tenant, [&row.details])
    }

    pub(crate) fn is_reply_erased(&self, row: &ReplyRow) -> bool {
        self.is_under_destroyed(Class::Durable, row.tenant, [&row.details])
    }

    fn is_under_destroyed<'b>(
        &self,
        class: Class,
        tenant: Tenant,
        blobs: impl IntoIterator<Item = &'b Blob>,
    ) -> bool {
        // No key is destroyed while a record needs it: only a backup brings one back.
        if !self.restored.ever() {
            return false;
        }
        let loaded = self.keys.load();
        let mut versions = blobs.into_iter().filter_map(|blob| blob.key_version().ok());
        versions.any(|version| loaded.is_destroyed(class, tenant, version))
    }

    /// The instrument of this tenant under this number; none also where it is erased.
    pub(crate) async fn instrument_numbered(
        &self,
        tenant: Tenant,
        number: RecordNumber,
    ) -> Result<Option<InstrumentRow>, Refused> {
        let row = self.store.instrument(tenant, number).await?;
        Ok(row.filter(|row| !self.is_instrument_erased(row)))
    }

    /// The same of reusable and referenced tokens.
    pub(crate) async fn reusable_numbered(
        &self,
        tenant: Tenant,
        number: RecordNumber,
    ) -> Result<Option<ReusableRow>, Refused> {
        let row = self.store.reusable(tenant, number).await?;
        Ok(row.filter(|row| !self.is_reusable_erased(row)))
    }

    /// What one of these unique keys leads to, for who wants them: what is erased makes room.
    pub(crate) async fn in_use<T>(&self, held: Held<T>, keys: &[UniqueKey]) -> Result<Option<T>, Refused> {
        match held {
            Held::Nothing => Ok(None),
            Held::Found(found) => Ok(Some(found)),
            Held::Erased(row) => {
                self.make_room(*row, keys).await?;
                Ok(None)
            }
        }
    }

    /// Whether an instrument that holds a unique key is erased, and has made room.
    pub(crate) async fn takes_from_erased(
        &self,
        key: UniqueKey,
        holder: RecordNumber,
    ) -> Result<bool, Refused> {
        match self.store.instrument(key.tenant, holder).await? {
            Some(row) if self.is_instrument_erased(&row) => {
                self.make_room(Row::Instrument(row), &[key]).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Frees those of these unique keys that an erased record holds. Its row stays, for its other keys lead to it, and
    /// gets another generation: of several who want a key one frees it, and none takes it from who has it by then.
    pub(crate) async fn make_room(&self, row: Row, keys: &[UniqueKey]) -> Result<(), Refused> {
        let number = number_of(&row);
        let mut unit = self.unit(self.now())?;
        for key in keys {
            if self.store.holder(*key).await? == number {
                unit = unit.free_key(*key);
            }
        }
        let next = |generation: coffer_types::Generation| generation.next().ok_or(Refused::Unavailable);
        let unit = match row {
            Row::Customer(row) => {
                let generation = next(row.generation)?;
                unit.replace_customer(row.generation, CustomerRow { generation, ..row })
            }
            Row::Instrument(row) => {
                let generation = next(row.generation)?;
                unit.replace_instrument(row.generation, InstrumentRow { generation, ..row })
            }
            Row::Reusable(row) => {
                let generation = next(row.generation)?;
                unit.replace_reusable(row.generation, ReusableRow { generation, ..row })
            }
            Row::Token(_) | Row::Reply(_) | Row::Index { .. } | Row::Key(_) => return Ok(()),
        };
        // Whoever was quicker did it as well.
        self.store.commit(unit.finish()).await?;
        Ok(())
    }
}
