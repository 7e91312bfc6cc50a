//! Read: what a caller may see of a token or an instrument. Never the number, never the code.

use coffer_crypto::{Class, Fingerprint, LocatorBytes};
use coffer_types::{Bin, Brand, Generation, Last4, Tenant, Timestamp, limits};

use crate::{
    details::{Details, InstrumentDetails},
    lifecycle::TokenStage,
    numbers::Numbers,
    store::{InstrumentRow, TokenRow},
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
    /// First six digits, where they may be shown.
    pub bin: Option<Bin>,
    /// Last four digits.
    pub last4: Last4,
    /// The card scheme, where known.
    pub brand: Option<Brand>,
    /// What came with the card.
    pub details: Details,
}

/// An instrument, masked.
#[derive(Debug)]
pub struct InstrumentView {
    /// What the printed id is made of.
    pub locator: LocatorBytes,
    /// Counts its writes.
    pub generation: Generation,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// First six digits, where they may be shown.
    pub bin: Option<Bin>,
    /// Last four digits.
    pub last4: Last4,
    /// The card scheme, where known.
    pub brand: Option<Brand>,
    /// Keyed hash of the card number, the same for one card within one tenant.
    pub fingerprint: Fingerprint,
    /// Customer and what came with the card.
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
        if number < Numbers::lowest_at(self.now().plus_seconds(-limits::TOKEN_READABLE_SECONDS)) {
            return Ok(None);
        }
        let Some(row) = self.store.token(tenant, number).await? else { return Ok(None) };
        Ok(Some(TokenView {
            locator: *token,
            stage: TokenStage::of(&row, self.now()),
            created_at: row.created_at,
            bin: row.bin,
            last4: row.last4,
            brand: row.brand,
            details: self.open_token_details(&row)?,
        }))
    }

    /// The instrument of this tenant behind a printed id; none as for tokens.
    pub async fn read_instrument(
        &self,
        tenant: Tenant,
        id: &LocatorBytes,
    ) -> Result<Option<InstrumentView>, Refused> {
        let Some((_, number)) = self.locate_instrument(id).filter(|(owner, _)| *owner == tenant) else {
            return Ok(None);
        };
        let Some(row) = self.store.instrument(tenant, number).await? else { return Ok(None) };
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
            locator,
            generation: row.generation,
            created_at: row.created_at,
            updated_at: row.updated_at,
            bin: row.bin,
            last4: row.last4,
            brand: row.brand,
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
