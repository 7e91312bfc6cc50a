//! Exchange: a single-use token becomes an instrument of a customer, or updates the one that is there.

use coffer_crypto::{Blob, Class, Field, FingerprintKind, LocatorBytes, Salt};
use coffer_types::{Generation, Pan, RecordNumber, Timestamp, limits};
use serde::Serialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::{
    audit::Action,
    details::InstrumentDetails,
    read::InstrumentView,
    redeem::Opened,
    store::{IndexKind, InstrumentRow, Outcome, Row, TokenRow, UniqueKey, Unit},
    vault::{Act, Place, Refused, Vault, unreadable, wiped_json},
};

/// What is exchanged, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The printed token, parsed.
    pub token: &'a LocatorBytes,
    /// The merchant's reference for the customer.
    pub customer: &'a str,
}

/// An instrument that is about to be durable.
#[derive(Debug)]
pub struct Exchanged {
    /// The instrument as it will be.
    pub instrument: InstrumentView,
    /// Whether the customer had this card already, so that it was updated.
    pub updated: bool,
}

/// Why nothing was exchanged. A refused exchange uses nothing up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// Forged, unknown, another tenant's, used or expired: one answer for all.
    #[error("the token cannot be used")]
    NotUsable,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// What one attempt decided.
struct Plan {
    exchanged: Exchanged,
    unit: Unit,
    /// The card of the customer: what others may want at the same time.
    key: UniqueKey,
}

impl Vault {
    /// Uses up a live token and keeps its card as an instrument. The same card of the same customer is updated:
    /// expiry, address and the dialect's fields are the token's. The code does not come along.
    pub async fn exchange<R>(
        &self,
        act: &Act,
        exchange: Exchange<'_>,
        render: impl Fn(&Exchanged) -> R,
    ) -> Result<R, ExchangeError> {
        let located = self.locate_token(exchange.token).filter(|(tenant, _)| *tenant == act.tenant);
        let Some((_, number)) = located else { return Err(ExchangeError::NotUsable) };
        let (mut turn, mut attempts) = (None, 0);
        while attempts < limits::PLAN_ATTEMPTS {
            let now = self.now();
            let Some(live) = self.live_token(act, number, now).await? else {
                return Err(ExchangeError::NotUsable);
            };
            let plan = self.plan_exchange(act, exchange.customer, &live, now).await?;
            if turn.is_none() && (attempts > 0 || self.turns.are_taken(&plan.key.value)) {
                turn = Some(self.turns.wait(&plan.key.value).await);
                continue;
            }
            attempts += 1;
            let reply = render(&plan.exchanged);
            if let Outcome::Done(_) = self.store.commit(plan.unit).await.map_err(Refused::from)? {
                return Ok(reply);
            }
        }
        Err(Refused::Contended.into())
    }

    async fn plan_exchange(
        &self,
        act: &Act,
        customer: &str,
        live: &TokenRow,
        now: Timestamp,
    ) -> Result<Plan, Refused> {
        let Opened { pan, json, details } = self.open_live(live)?;
        let used = self.used(live, &json, now)?;
        let key = self.customer_card(act, customer, &pan)?;
        let json = instrument_json(customer, &json)?;
        let details = InstrumentDetails { customer: customer.to_owned(), details };
        let token = self.unit(now).replace_token(live.generation, used);
        let fact = act.fact(Action::Exchange).object(live.number);
        let Some(holder) = self.store.holder(key).await? else {
            let number = self.numbers.next(now);
            let row = self.new_instrument(live, number, &pan, &json, now)?;
            let exchanged = self.exchanged(&row, details, false)?;
            let unit = token.insert(row).insert(Row::Index { key, holder: number }).fact(fact.result(number));
            return Ok(Plan { exchanged, unit: unit.finish(), key });
        };
        let Some(before) = self.store.instrument(act.tenant, holder).await? else {
            tracing::error!(record = holder.get(), "a unique key points to no instrument");
            return Err(Refused::Unavailable);
        };
        self.confirm_holder(&before, customer, &pan)?;
        let row = self.updated_instrument(&before, &pan, &json, now)?;
        let exchanged = self.exchanged(&row, details, true)?;
        let unit = token.replace_instrument(before.generation, row).fact(fact.result(holder));
        Ok(Plan { exchanged, unit: unit.finish(), key })
    }

    /// The unique key of one card of one customer. A keyed hash: it tells nothing of either.
    fn customer_card(&self, act: &Act, customer: &str, pan: &Pan) -> Result<UniqueKey, Refused> {
        let parts = [customer.as_bytes(), pan.expose().as_bytes()];
        let value = self.keys.index_key(act.tenant, "customer card v1", &parts);
        let value = value.map_err(|_| Refused::Unavailable)?;
        Ok(UniqueKey { tenant: act.tenant, kind: IndexKind::CustomerCard, value })
    }

    /// Where a unique key leads is not sealed. That it leads to this card of this customer is only seen inside the
    /// instrument; without this look, a bent key would put one customer's card into another's instrument.
    fn confirm_holder(&self, holder: &InstrumentRow, customer: &str, pan: &Pan) -> Result<(), Refused> {
        let (held, details) = (self.open_instrument_pan(holder)?, self.open_instrument_details(holder)?);
        let same = held.expose() == pan.expose() && details.customer == customer;
        if same { Ok(()) } else { Err(unreadable(holder.place())) }
    }

    fn new_instrument(
        &self,
        live: &TokenRow,
        number: RecordNumber,
        pan: &Pan,
        details: &[u8],
        now: Timestamp,
    ) -> Result<InstrumentRow, Refused> {
        let at = Place { tenant: live.tenant, number, generation: Generation::FIRST };
        let (salt, card, details) = self.seal_instrument(at, pan, details)?;
        let fingerprint = self.keys.fingerprint(live.tenant, FingerprintKind::Pan, pan.expose().as_bytes());
        Ok(InstrumentRow {
            number,
            tenant: live.tenant,
            generation: at.generation,
            created_at: now,
            updated_at: now,
            bin: live.bin,
            last4: live.last4,
            brand: live.brand,
            fingerprint: fingerprint.map_err(|_| Refused::Unavailable)?,
            salt,
            card,
            details,
        })
    }

    fn updated_instrument(
        &self,
        before: &InstrumentRow,
        pan: &Pan,
        details: &[u8],
        now: Timestamp,
    ) -> Result<InstrumentRow, Refused> {
        let generation = before.generation.next().ok_or(Refused::Unavailable)?;
        let (salt, card, details) =
            self.seal_instrument(Place { generation, ..before.place() }, pan, details)?;
        Ok(InstrumentRow { generation, updated_at: now, salt, card, details, ..before.clone() })
    }

    fn seal_instrument(&self, at: Place, pan: &Pan, details: &[u8]) -> Result<(Salt, Blob, Blob), Refused> {
        let [salt] = self.salts()?;
        let sealed = |_| Refused::Unavailable;
        let mut sealer = self
            .keys
            .sealer(Class::Durable, at.tenant, at.number, at.generation, salt.clone())
            .map_err(sealed)?;
        let card = sealer.seal(Field::Card, pan.padded().as_slice()).map_err(sealed)?;
        let details = sealer.seal(Field::Details, details).map_err(sealed)?;
        Ok((salt, card, details))
    }

    fn exchanged(
        &self,
        row: &InstrumentRow,
        details: InstrumentDetails,
        updated: bool,
    ) -> Result<Exchanged, Refused> {
        let locator = self.instrument_locator(row.tenant, row.number)?;
        Ok(Exchanged { instrument: InstrumentView::of(row, locator, details), updated })
    }
}

/// The JSON of [`InstrumentDetails`], with a token's details as they were sealed.
fn instrument_json(customer: &str, details: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refused> {
    #[derive(Serialize)]
    struct Sealed<'a> {
        customer: &'a str,
        details: &'a RawValue,
    }
    let details: &RawValue = serde_json::from_slice(details).map_err(|_| Refused::Unavailable)?;
    wiped_json(&Sealed { customer, details })
}
