//! Keep: something protected becomes an instrument of a customer, or updates the one that is there. What an exchange,
//! a plain creation and a customer with a token have in common.

use coffer_crypto::{Blob, Class, Field, Fingerprint, Salt};
use coffer_types::{Generation, RecordNumber, Tenant, Timestamp, limits};
use serde::Serialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::{
    audit::Action,
    details::{Contact, Details, InstrumentDetails},
    erased::Held,
    index,
    keys::prints::{Prints, shown},
    protected::Protected,
    read::InstrumentView,
    redeem::Opened,
    store::{CardFace, IndexKind, InstrumentRow, Outcome, Row, UniqueKey, UnitBuilder},
    vault::{Act, Place, Refused, Vault, not_sealed, unreadable, wiped_json},
};

/// What a dialect makes of what came for an instrument.
#[derive(Debug, Default)]
pub struct Made {
    /// Its own fields of an instrument.
    pub own: Option<Box<RawValue>>,
    /// The address, where it is to be another than the one that came.
    pub contact: Option<Contact>,
    /// Its fields of [`Details::extra`], where they are to be others than those that came.
    pub extra: Option<Box<RawValue>>,
}

/// Makes the dialect's part of an instrument, from what came and from the instrument that was there. Where none came,
/// the address that was there has come.
pub type Own<'a> = &'a (dyn Fn(&Details, Option<&InstrumentDetails>) -> Made + Sync);

/// For whom something is kept.
#[derive(Clone, Copy)]
pub struct Keep<'a> {
    /// The merchant's reference for the customer, at most 50 characters.
    pub customer: &'a str,
    /// The dialect's own fields.
    pub own: Own<'a>,
}

/// What is kept without a token before it.
#[derive(Debug)]
pub struct NewInstrument {
    /// What the instrument protects.
    pub protected: Protected,
    /// Everything else.
    pub details: Details,
}

/// An instrument that is about to be durable.
#[derive(Debug)]
pub struct Kept {
    /// The instrument as it will be.
    pub instrument: InstrumentView,
    /// Whether the customer had it already, so that it was updated.
    pub updated: bool,
}

/// Why nothing was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeepError {
    /// There is no number to keep: a partial card.
    #[error("there is nothing to keep")]
    Nothing,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// What one attempt decided.
pub(crate) struct KeepPlan {
    pub(crate) kept: Kept,
    pub(crate) number: RecordNumber,
    /// With everything that this plan writes.
    pub(crate) unit: UnitBuilder,
    /// The line for [`crate::turns::Turn`]; none where nobody else can want what this takes.
    pub(crate) line: Option<[u8; 8]>,
}

impl Vault {
    /// Keeps an instrument of a customer. The same card or account of the same customer is updated: expiry, address
    /// and the dialect's fields are the new ones.
    pub async fn keep<R>(
        &self,
        act: &Act,
        new: &NewInstrument,
        keep: Keep<'_>,
        render: impl Fn(&Kept) -> R,
    ) -> Result<R, KeepError> {
        let mut turn = self.turns.begin();
        let json = wiped_json(&new.details)?;
        loop {
            let now = self.now();
            let protected =
                Protected::from_bytes(&new.protected.to_bytes()).map_err(|_| Refused::Unavailable)?;
            let details = serde_json::from_slice(&json).map_err(|_| Refused::Unavailable)?;
            let opened = Opened { protected, json: json.clone(), details, code: None };
            let plan = self.plan_keep(act, keep, opened, self.unit(now)?, now).await?;
            if !turn.has_come(plan.line).await? {
                continue;
            }
            let unit = plan.unit.fact(act.fact(Action::Keep).object(plan.number)).finish();
            let reply = render(&plan.kept);
            if let Outcome::Done(_) = self.store.commit(unit).await.map_err(Refused::from)? {
                return Ok(reply);
            }
        }
    }

    /// Adds to a unit what keeping this takes.
    pub(crate) async fn plan_keep(
        &self,
        act: &Act,
        keep: Keep<'_>,
        opened: Opened,
        unit: UnitBuilder,
        now: Timestamp,
    ) -> Result<KeepPlan, KeepError> {
        let Opened { protected, json, details, code } = opened;
        if let Protected::Nothing = protected {
            return Err(KeepError::Nothing);
        }
        let prints = self.prints(act.tenant, &protected)?;
        let fingerprint = shown(prints.as_ref());
        let customer = self.customer_prefix(act.tenant, keep.customer)?;
        let keys = matched_keys(act.tenant, customer, prints.iter().flat_map(Prints::active));
        let line = (!keys.is_empty()).then_some(customer);
        let held = self.matched(&keys, keep.customer, &protected).await?;
        let matched = self.in_use(held, &keys).await?;
        let whole = |own, details, kept_code| InstrumentDetails {
            customer: keep.customer.to_owned(),
            details,
            deactivated: false,
            kept_code,
            own,
        };
        let Some((before, old)) = matched else {
            let number = self.number(now)?;
            let made = (keep.own)(&details, None);
            let (own, details, json) = changed(details, json, made)?;
            let (unit, kept_code) = self.keep_code(unit, (act.tenant, number), code, now)?;
            let json = instrument_json(keep.customer, &json, kept_code, own.as_deref())?;
            let at = Place { tenant: act.tenant, number, generation: Generation::FIRST };
            let (salt, blob, details_blob) = self.seal_instrument(at, &protected, &json)?;
            let row = InstrumentRow {
                number,
                tenant: act.tenant,
                generation: at.generation,
                created_at: now,
                updated_at: now,
                face: protected.face(),
                fingerprint,
                salt,
                protected: blob,
                details: details_blob,
            };
            let kept = self.kept(&row, whole(own, details, kept_code), false)?;
            let unit = keys_or_lone(keys, act.tenant, customer, number)
                .into_iter()
                .fold(unit.insert(row), |unit, key| unit.insert(Row::Index { key, holder: number }));
            return Ok(KeepPlan { kept, number, unit, line });
        };
        let (details, json) = with_address(details, json, &old.details)?;
        let made = (keep.own)(&details, Some(&old));
        let (own, details, json) = changed(details, json, made)?;
        let unit = self.end_code(unit, act.tenant, old.kept_code, now).await?;
        let (unit, kept_code) = self.keep_code(unit, (act.tenant, before.number), code, now)?;
        let json = instrument_json(keep.customer, &json, kept_code, own.as_deref())?;
        let row = self.resealed_instrument(&before, &protected, protected.face(), fingerprint, &json, now)?;
        let kept = self.kept(&row, whole(own, details, kept_code), true)?;
        let number = before.number;
        let unit = unit.replace_instrument(before.generation, row);
        Ok(KeepPlan { kept, number, unit, line })
    }

    /// The instrument that holds one of the unique keys of what is protected.
    pub(crate) async fn matched(
        &self,
        keys: &[UniqueKey],
        customer: &str,
        protected: &Protected,
    ) -> Result<Held<(InstrumentRow, InstrumentDetails)>, Refused> {
        let mut matched = Held::Nothing;
        for key in keys {
            match self.held_instrument(*key, customer, protected).await? {
                Held::Nothing => {}
                erased @ Held::Erased(_) => matched = erased,
                found @ Held::Found(_) => return Ok(found),
            }
        }
        Ok(matched)
    }

    /// The instrument that holds a unique key.
    ///
    /// Where a unique key leads is not sealed. That it leads to this card of this customer is only seen inside the
    /// instrument; without this look, a bent key would put one customer's card into another's instrument.
    async fn held_instrument(
        &self,
        key: UniqueKey,
        customer: &str,
        protected: &Protected,
    ) -> Result<Held<(InstrumentRow, InstrumentDetails)>, Refused> {
        for _ in 0..limits::PLAN_ATTEMPTS {
            let Some(holder) = self.store.holder(key).await? else { return Ok(Held::Nothing) };
            let Some(row) = self.store.instrument(key.tenant, holder).await? else {
                tracing::error!(record = holder.get(), "a unique key points to no instrument");
                return Err(Refused::Unavailable);
            };
            if self.is_instrument_erased(&row) {
                return Ok(Held::Erased(Box::new(Row::Instrument(row))));
            }
            let (held, details) = (self.open_instrument(&row)?, self.open_instrument_details(&row)?);
            let same = held.identity() == protected.identity() && details.customer == customer;
            if same && !details.deactivated {
                return Ok(Held::Found((row, details)));
            }
            // Deactivated, or given another number, between the two reads: then the key went with it.
            if self.store.holder(key).await? == Some(holder) {
                return Err(unreadable(row.place()));
            }
        }
        Err(Refused::Contended)
    }

    /// See [`index::customer_prefix`].
    pub(crate) fn customer_prefix(&self, tenant: Tenant, customer: &str) -> Result<[u8; 8], Refused> {
        self.keys.index(|keys| index::customer_prefix(keys, tenant, customer))
    }

    /// The next generation of an instrument, sealed anew.
    pub(crate) fn resealed_instrument(
        &self,
        before: &InstrumentRow,
        protected: &Protected,
        face: Option<CardFace>,
        fingerprint: Option<Fingerprint>,
        details: &[u8],
        now: Timestamp,
    ) -> Result<InstrumentRow, Refused> {
        let generation = before.generation.next().ok_or(Refused::Unavailable)?;
        let at = Place { generation, ..before.place() };
        let (salt, protected, details) = self.seal_instrument(at, protected, details)?;
        Ok(InstrumentRow {
            generation,
            updated_at: now,
            face,
            fingerprint,
            salt,
            protected,
            details,
            ..before.clone()
        })
    }

    fn seal_instrument(
        &self,
        at: Place,
        protected: &Protected,
        details: &[u8],
    ) -> Result<(Salt, Blob, Blob), Refused> {
        let [salt] = self.salts()?;
        let mut sealer = self
            .keys
            .sealer(Class::Durable, at.tenant, at.number, at.generation, salt.clone())
            .map_err(not_sealed)?;
        let protected = sealer.seal(Field::Protected, &protected.to_bytes()).map_err(not_sealed)?;
        let details = sealer.seal(Field::Details, details).map_err(not_sealed)?;
        Ok((salt, protected, details))
    }

    fn kept(&self, row: &InstrumentRow, details: InstrumentDetails, updated: bool) -> Result<Kept, Refused> {
        let locator = self.instrument_locator(row.tenant, row.number)?;
        Ok(Kept { instrument: InstrumentView::of(row, locator, details), updated })
    }
}

/// The unique key of an instrument that the same details of the same customer match.
pub(crate) fn matched_key(tenant: Tenant, customer: [u8; 8], fingerprint: &Fingerprint) -> UniqueKey {
    instrument_key(tenant, customer, index::first_half(fingerprint.as_bytes()))
}

/// The same of several fingerprints.
pub(crate) fn matched_keys(
    tenant: Tenant,
    customer: [u8; 8],
    prints: impl Iterator<Item = Fingerprint>,
) -> Vec<UniqueKey> {
    prints.map(|print| matched_key(tenant, customer, &print)).collect()
}

/// The keys of what is matched, or the one of what nothing matches.
pub(crate) fn keys_or_lone(
    keys: Vec<UniqueKey>,
    tenant: Tenant,
    customer: [u8; 8],
    number: RecordNumber,
) -> Vec<UniqueKey> {
    if keys.is_empty() { vec![lone_key(tenant, customer, number)] } else { keys }
}

/// The unique key of an instrument that nothing matches: of a method where every one is new, or deactivated.
pub(crate) fn lone_key(tenant: Tenant, customer: [u8; 8], number: RecordNumber) -> UniqueKey {
    instrument_key(tenant, customer, number.get().to_be_bytes())
}

fn instrument_key(tenant: Tenant, customer: [u8; 8], rest: [u8; 8]) -> UniqueKey {
    let mut value = [0; 16];
    value[..8].copy_from_slice(&customer);
    value[8..].copy_from_slice(&rest);
    UniqueKey { tenant, kind: IndexKind::CustomerInstrument, value }
}

/// What came, with the address that was there where none came: a card without one only brings what is on the card.
fn with_address(
    came: Details,
    json: Zeroizing<Vec<u8>>,
    old: &Details,
) -> Result<(Details, Zeroizing<Vec<u8>>), Refused> {
    if came.contact.is_some() || old.contact.is_none() {
        return Ok((came, json));
    }
    let details = Details { contact: old.contact.clone(), ..came };
    let json = wiped_json(&details)?;
    Ok((details, json))
}

/// What came, with what the dialect put in its place; and the dialect's own fields.
#[expect(clippy::type_complexity, reason = "three parts that are used at once")]
fn changed(
    came: Details,
    json: Zeroizing<Vec<u8>>,
    made: Made,
) -> Result<(Option<Box<RawValue>>, Details, Zeroizing<Vec<u8>>), Refused> {
    let Made { own, contact, extra } = made;
    if contact.is_none() && extra.is_none() {
        return Ok((own, came, json));
    }
    let details =
        Details { contact: contact.or(came.contact), extra: extra.or(came.extra), expiry: came.expiry };
    let json = wiped_json(&details)?;
    Ok((own, details, json))
}

/// The JSON of [`InstrumentDetails`], with a token's details as they were sealed.
fn instrument_json(
    customer: &str,
    details: &[u8],
    kept_code: Option<u64>,
    own: Option<&RawValue>,
) -> Result<Zeroizing<Vec<u8>>, Refused> {
    #[derive(Serialize)]
    struct Sealed<'a> {
        customer: &'a str,
        details: &'a RawValue,
        #[serde(skip_serializing_if = "Option::is_none")]
        kept_code: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        own: Option<&'a RawValue>,
    }
    let details: &RawValue = serde_json::from_slice(details).map_err(|_| Refused::Unavailable)?;
    wiped_json(&Sealed { customer, details, kept_code, own })
}
