//! Read: what a caller may see of a token or an instrument. Never the number, never the code.

use coffer_crypto::{Class, Fingerprint, LocatorBytes};
use coffer_types::{Generation, RecordNumber, Tenant, Timestamp, limits};

use crate::{
    details::{Details, InstrumentDetails},
    lifecycle::TokenStage,
    numbers::Numbers,
    store::{CardFace, InstrumentRow, TokenRow},
    vault::{Place, Refused, Vault, open_json},
};

/// A single-use token, masked.
#[derive(Debug)]
pub struct TokenView {
    /// What the printed token is made of.
    pub locator: LocatorBytes,
    /// Where it is in its life.
    pub stage: TokenStage,
    /// When it was made.
    pub created_at: Timestamp,
    /// Of a card with a number, what may be shown.
    pub face: Option<CardFace>,
    /// What came with it.
    pub details: Details,
}

/// An instrument, masked.
#[derive(Debug)]
pub struct InstrumentView {
    /// The record's number: it rises with time.
    pub number: RecordNumber,
    /// What the printed id is made of.
    pub locator: LocatorBytes,
    /// Counts its writes.
    pub generation: Generation,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Of a card with a number, what may be shown.
    pub face: Option<CardFace>,
    /// Keyed hash of the number, the same for one card or account within one tenant; none where nothing tells two
    /// apart.
    pub fingerprint: Option<Fingerprint>,
    /// Customer and what came with it.
    pub details: InstrumentDetails,
}

impl Vault {
    /// The token of this tenant behind a printed form; none when it is forged, unknown, another tenant's, or was
    /// swept away a day after it was made.
    pub async fn read_token(
        &self,
        tenant: Tenant,
        token: &LocatorBytes,
    ) -> Result<Option<TokenView>, Refused> {
        let Some((_, number)) = self.locate_token(token).filter(|(owner, _)| *owner == tenant) else {
            return Ok(None);
        };
        // The sweep comes a little later; what it will take is not shown any more.
        if number < self.lowest_readable() {
            return Ok(None);
        }
        let row = self.store.token(tenant, number).await?.filter(|row| !self.is_token_erased(row));
        row.map(|row| self.token_view(&row, *token)).transpose()
    }

    /// The lowest number of a token that can still be read: from a day ago, and made since the vault was put back last.
    pub(crate) fn lowest_readable(&self) -> RecordNumber {
        let day = Numbers::lowest_at(self.now().plus_seconds(-limits::TOKEN_READABLE_SECONDS));
        day.max(self.restored.lowest())
    }

    pub(crate) fn token_view(&self, row: &TokenRow, locator: LocatorBytes) -> Result<TokenView, Refused> {
        Ok(TokenView {
            locator,
            stage: TokenStage::of(row, self.now()),
            created_at: row.created_at,
            face: row.face,
            details: self.open_token_details(row)?,
        })
    }

    /// The instrument of this tenant behind a printed id; none as for tokens.
    pub async fn read_instrument(
        &self,
        tenant: Tenant,
        id: &LocatorBytes,
    ) -> Result<Option<InstrumentView>, Refused> {
        let Some(row) = self.instrument_row(tenant, id).await? else { return Ok(None) };
        let details = self.open_instrument_details(&row)?;
        Ok(Some(InstrumentView::of(&row, *id, details)))
    }

    pub(crate) fn open_token_details(&self, row: &TokenRow) -> Result<Details, Refused> {
        let at = row.place();
        let opener = self.opener(Class::ShortLived, at, &row.salt, &row.details)?;
        open_json(&opener, at, &row.details)
    }

    pub(crate) fn open_instrument_details(&self, row: &InstrumentRow) -> Result<InstrumentDetails, Refused> {
        let at = row.place();
        let opener = self.opener(Class::Durable, at, &row.salt, &row.details)?;
        open_json(&opener, at, &row.details)
    }
}

impl InstrumentView {
    pub(crate) fn of(row: &InstrumentRow, locator: LocatorBytes, details: InstrumentDetails) -> Self {
        Self {
            number: row.number,
            locator,
            generation: row.generation,
            created_at: row.created_at,
            updated_at: row.updated_at,
            face: row.face,
            fingerprint: row.fingerprint,
            details,
        }
    }
}

impl TokenRow {
    pub(crate) fn place(&self) -> Place {
        Place { tenant: self.tenant, number: self.number, generation: self.generation }
    }
}

impl InstrumentRow {
    pub(crate) fn place(&self) -> Place {
        Place { tenant: self.tenant, number: self.number, generation: self.generation }
    }
}
