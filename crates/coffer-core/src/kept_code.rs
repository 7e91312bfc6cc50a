//! Kept codes: a verification code that outlives the exchange of its token, for the first payment with the instrument
//! (`docs/decisions/0034`). It lies in a row of the short-lived table of its own, sealed under the token's key of the
//! ring, and ends when the token would have ended. The instrument's sealed details name the row and the row's name the
//! instrument; the unit that gives the code out erases the row.

use coffer_crypto::LocatorBytes;
use coffer_crypto::SadKeyVersion;
use coffer_types::{Cvv, Generation, RecordNumber, Tenant, Timestamp, limits};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    audit::Fact,
    create::NewToken,
    details::Details,
    numbers::Numbers,
    protected::Protected,
    redeem::Opened,
    store::{TokenKind, TokenRow, TokenState, UnitBuilder},
    vault::{Act, Place, Refused, Vault, unreadable},
};

/// A code that a token brings to an exchange and that its tenant keeps.
pub(crate) struct BroughtCode {
    cvv: Cvv,
    /// The token's key of the ring: the code gets no new time.
    version: SadKeyVersion,
    created_at: Timestamp,
    ends_at: Timestamp,
}

/// A kept code that can be given out now, with its row.
pub(crate) struct KeptCode {
    row: TokenRow,
    /// None where its key is gone already, or its tenant keeps codes no more.
    cvv: Option<Cvv>,
}

/// What is sealed beside the code.
#[derive(Deserialize, Serialize)]
struct Beside {
    /// The number of the instrument or referenced token.
    holder: u64,
    /// When the code ends, in milliseconds after 1970. The row's own time is clear.
    ends_at: i64,
}

impl Vault {
    /// [`Vault::usable_token`] for an exchange: with its code, where the tenant keeps that.
    pub(crate) async fn exchangeable_token(
        &self,
        act: &Act,
        token: &LocatorBytes,
        now: Timestamp,
    ) -> Result<Option<(TokenRow, Opened)>, Refused> {
        let Some((live, mut opened)) = self.usable_token(act, token, now).await? else { return Ok(None) };
        opened.code = self.brought_code(&live, now).await?;
        Ok(Some((live, opened)))
    }

    async fn brought_code(&self, live: &TokenRow, now: Timestamp) -> Result<Option<BroughtCode>, Refused> {
        let TokenState::Live { sad: Some(sad), .. } = &live.state else { return Ok(None) };
        if !self.sad.keeps(live.tenant) {
            return Ok(None);
        }
        let version = sad.key_version().map_err(|_| unreadable(live.place()))?;
        // What a reader of cards sent is for one payment with the card at hand: it is not kept.
        let Some(cvv) = self.open_sad(live, now).await?.cvv else { return Ok(None) };
        // The time in the number bounds a token whose clear times were bent.
        let ends_at = live.expires_at.min(end_of(live.number));
        let (version, created_at) = (SadKeyVersion::from(version), live.created_at);
        Ok(Some(BroughtCode { cvv, version, created_at, ends_at }))
    }

    /// Adds to a unit that a code goes on beside `holder`, and gives the number for the holder's details.
    pub(crate) fn keep_code(
        &self,
        unit: UnitBuilder,
        (tenant, holder): (Tenant, RecordNumber),
        code: Option<BroughtCode>,
        now: Timestamp,
    ) -> Result<(UnitBuilder, Option<u64>), Refused> {
        let Some(BroughtCode { cvv, version, created_at, ends_at }) = code else { return Ok((unit, None)) };
        let beside = Beside { holder: holder.get(), ends_at: ends_at.millis() };
        let extra = to_raw_value(&beside).map_err(|_| Refused::Unavailable)?;
        let new = NewToken {
            protected: Protected::Nothing,
            cvv: Some(cvv),
            reader: None,
            details: Details { expiry: None, contact: None, extra: Some(extra) },
        };
        let number = self.number(now)?;
        let at = Place { tenant, number, generation: Generation::FIRST };
        let row = self.seal_token_at(at, TokenKind::KeptCode, &new, (created_at, now), Some(version))?;
        let row = TokenRow { expires_at: ends_at, ..row };
        self.sessions.add(TokenKind::KeptCode, (ends_at, number));
        Ok((unit.insert(row), Some(number.get())))
    }

    /// Adds to a unit that the code which a holder's details name is over, if it is still there.
    pub(crate) async fn end_code(
        &self,
        unit: UnitBuilder,
        tenant: Tenant,
        named: Option<u64>,
        now: Timestamp,
    ) -> Result<UnitBuilder, Refused> {
        let row = self.code_row(tenant, named, now).await?;
        Ok(row.into_iter().fold(unit, |unit, row| unit.erase(row.key(), row.generation)))
    }

    /// The code that a holder's details name, opened. Who gives it out adds [`KeptCode::taken`] to the unit.
    pub(crate) async fn kept_code(
        &self,
        (tenant, holder): (Tenant, RecordNumber),
        named: Option<u64>,
        now: Timestamp,
    ) -> Result<Option<KeptCode>, Refused> {
        let Some(row) = self.code_row(tenant, named, now).await? else { return Ok(None) };
        let opened = self.open_live(&row)?;
        let beside = opened.details.extra.as_deref().map_or("", RawValue::get);
        let beside: Beside = serde_json::from_str(beside).map_err(|_| unreadable(row.place()))?;
        if beside.holder != holder.get() || beside.ends_at <= now.millis() {
            return Ok(None);
        }
        let cvv = if self.sad.keeps(tenant) { self.open_sad(&row, now).await?.cvv } else { None };
        Ok(Some(KeptCode { row, cvv }))
    }

    async fn code_row(
        &self,
        tenant: Tenant,
        named: Option<u64>,
        now: Timestamp,
    ) -> Result<Option<TokenRow>, Refused> {
        let number = named.and_then(|named| RecordNumber::from_u64(named).ok());
        // Most are over: then the store is not asked.
        let Some(number) = number.filter(|number| now < end_of(*number)) else { return Ok(None) };
        self.live_row(tenant, TokenKind::KeptCode, number, now).await
    }
}

impl KeptCode {
    /// Adds to a unit and to its fact that the code leaves: the row goes in the same commit, and of several that want
    /// it one gets it. The fact names the row where a code leaves with it.
    pub(crate) fn taken(
        kept: Option<Self>,
        unit: UnitBuilder,
        fact: Fact,
    ) -> (UnitBuilder, Fact, Option<Cvv>) {
        let Some(Self { row, cvv }) = kept else { return (unit, fact, None) };
        let fact = if cvv.is_some() { fact.result(row.number) } else { fact };
        (unit.erase(row.key(), row.generation), fact, cvv)
    }
}

/// When a row of this number is over at the latest.
fn end_of(number: RecordNumber) -> Timestamp {
    Numbers::time_of(number).plus_seconds(limits::SINGLE_USE_SECONDS)
}
