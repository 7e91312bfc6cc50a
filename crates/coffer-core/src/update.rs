//! Update: an instrument gets new details, by themselves or out of a single-use token; and deactivate, which takes it
//! out of use for good.

use coffer_crypto::{Fingerprint, LocatorBytes};
use coffer_types::{Tenant, Timestamp};
use serde_json::value::RawValue;

use crate::{
    audit::Action,
    details::{Details, InstrumentDetails},
    keep::{keys_or_lone, lone_key, matched_keys},
    keys::prints::{Prints, shown},
    protected::{Protected, ProtectedKind},
    read::InstrumentView,
    redeem::Opened,
    store::{InstrumentRow, Outcome, Row, UniqueKey, Unit, UnitBuilder},
    vault::{Act, Refused, Vault, wiped_json},
};

/// What an instrument is to hold beside what it protects.
#[derive(Debug)]
pub struct Change {
    /// Expiry, address and the dialect's fields.
    pub details: Details,
    /// The dialect's own fields of an instrument.
    pub own: Option<Box<RawValue>>,
}

/// Decides the change: from the instrument as it is, and from the token's details where one is used.
pub type Decide<'a, E> = &'a (dyn Fn(&InstrumentView, Option<&Details>) -> Result<Change, E> + Sync);

/// Why an instrument was not updated. A refused update uses nothing up.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError<E> {
    /// No such instrument of this tenant.
    #[error("there is no such instrument")]
    Unknown,
    /// The token is forged, unknown, another tenant's, used or expired: one answer for all.
    #[error("the token cannot be used")]
    NotUsable,
    /// The token is of another kind than the instrument.
    #[error("the token is of another kind")]
    OtherKind,
    /// The customer has what the token protects as another instrument already.
    #[error("the customer has it already")]
    Taken,
    /// The instrument was deactivated before.
    #[error("the instrument is deactivated")]
    Deactivated,
    /// The caller's own reason.
    #[error("the change was refused")]
    Rejected(E),
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Vault {
    /// Changes an instrument; a change that changes nothing writes nothing. A token that protects a card or an account
    /// puts it in the place of the old one; a partial card token keeps the number.
    pub async fn update_instrument<R, E: Send>(
        &self,
        act: &Act,
        id: &LocatorBytes,
        token: Option<&LocatorBytes>,
        decide: Decide<'_, E>,
        render: impl Fn(&InstrumentView) -> R,
    ) -> Result<R, UpdateError<E>> {
        let mut turn = self.turns.begin();
        loop {
            let now = self.now();
            let row = self.instrument_row(act.tenant, id).await?.ok_or(UpdateError::Unknown)?;
            let before = self.view(&row, id)?;
            let used = match token {
                Some(token) => {
                    let usable = self.exchangeable_token(act, token, now).await?;
                    Some(usable.ok_or(UpdateError::NotUsable)?)
                }
                None => None,
            };
            let change = decide(&before, used.as_ref().map(|(_, opened)| &opened.details));
            let change = change.map_err(UpdateError::Rejected)?;
            if used.is_none() && is_same(&before.details, &change)? {
                return Ok(render(&before));
            }
            let mut fact = act.fact(Action::Update).object(row.number);
            let (unit, fresh) = match used {
                Some((live, opened)) => {
                    fact = act.fact(Action::Update).object(live.number).result(row.number);
                    let unit = self.spend_token(&live, &opened, now)?;
                    // What a token brings takes the place of what was there, the code too.
                    let named = before.details.kept_code;
                    (self.end_code(unit, act.tenant, named, now).await?, Some(opened))
                }
                None => (self.unit(now)?, None),
            };
            let plan = self.plan_update(&row, before.details, fresh, change, unit, now)?;
            for key in &plan.wanted {
                let holder = self.store.holder(*key).await.map_err(Refused::from)?;
                // Its own key: the same card has just come by another update, and the commit will lose.
                if let Some(holder) = holder.filter(|holder| *holder != row.number)
                    && !self.takes_from_erased(*key, holder).await?
                {
                    return Err(UpdateError::Taken);
                }
            }
            if !turn.has_come(Some(plan.line)).await? {
                continue;
            }
            let reply = render(&plan.after);
            let unit = plan.unit.fact(fact).finish();
            if self.done(unit).await? {
                return Ok(reply);
            }
        }
    }

    /// Takes an instrument out of use, for good. What it protected is matched no more.
    pub async fn deactivate_instrument<R>(
        &self,
        act: &Act,
        id: &LocatorBytes,
        render: impl Fn(&InstrumentView) -> R,
    ) -> Result<R, UpdateError<std::convert::Infallible>> {
        let mut turn = self.turns.begin();
        loop {
            let now = self.now();
            let row = self.instrument_row(act.tenant, id).await?.ok_or(UpdateError::Unknown)?;
            let mut details = self.open_instrument_details(&row)?;
            if details.deactivated {
                return Err(UpdateError::Deactivated);
            }
            details.deactivated = true;
            let line = self.customer_prefix(act.tenant, &details.customer)?;
            let protected = self.open_instrument(&row)?;
            let prints = self.prints(row.tenant, &protected)?;
            let (face, json) = (protected.face(), wiped_json(&details)?);
            let print = shown(prints.as_ref());
            let after = self.resealed_instrument(&row, &protected, face, print, &json, now)?;
            let unit = self.end_code(self.unit(now)?, act.tenant, details.kept_code.take(), now).await?;
            let unit = free_match(unit, &after, prints.as_ref(), line);
            let view = InstrumentView::of(&after, *id, details);
            if !turn.has_come(Some(line)).await? {
                continue;
            }
            let reply = render(&view);
            let unit = unit.replace_instrument(row.generation, after);
            if self.done(unit.fact(act.fact(Action::Deactivate).object(row.number)).finish()).await? {
                return Ok(reply);
            }
        }
    }

    fn plan_update(
        &self,
        row: &InstrumentRow,
        before: InstrumentDetails,
        fresh: Option<Opened>,
        change: Change,
        unit: UnitBuilder,
        now: Timestamp,
    ) -> Result<UpdatePlan, PlanError> {
        let line = self.customer_prefix(row.tenant, &before.customer)?;
        let held = self.open_instrument(row)?;
        // Of what is sealed: the row's own fingerprint is clear, and names no key that is freed.
        let old = self.prints(row.tenant, &held)?;
        let (fresh, code) = match fresh {
            Some(opened) => (Some(opened.protected), Some(opened.code)),
            None => (None, None),
        };
        let protected = match (fresh, held.kind()) {
            (None, _) | (Some(Protected::Nothing), ProtectedKind::Card) => held,
            (Some(fresh), kind) if fresh.kind() == kind => fresh,
            (Some(_), _) => return Err(PlanError::OtherKind),
        };
        let prints = self.prints(row.tenant, &protected)?;
        let print = shown(prints.as_ref());
        let (unit, kept_code) = match code {
            Some(code) => self.keep_code(unit, (row.tenant, row.number), code, now)?,
            None => (unit, before.kept_code),
        };
        let details = InstrumentDetails { details: change.details, own: change.own, kept_code, ..before };
        let json = wiped_json(&details)?;
        let after = self.resealed_instrument(row, &protected, protected.face(), print, &json, now)?;
        let is_another = !details.deactivated && print != shown(old.as_ref());
        let keys = |prints: Vec<Fingerprint>| {
            let keys = matched_keys(row.tenant, line, prints.into_iter());
            keys_or_lone(keys, row.tenant, line, row.number)
        };
        let (mut unit, mut wanted) = (unit, Vec::new());
        if is_another {
            let given_back = keys(old.iter().flat_map(Prints::all).collect());
            unit = given_back.into_iter().fold(unit, UnitBuilder::free_key);
            wanted = keys(prints.iter().flat_map(Prints::active).collect());
            let take = |unit: UnitBuilder, key: &UniqueKey| {
                unit.insert(Row::Index { key: *key, holder: row.number })
            };
            unit = wanted.iter().fold(unit, take);
        }
        let unit = unit.replace_instrument(row.generation, after.clone());
        let locator = self.instrument_locator(row.tenant, row.number)?;
        let after = InstrumentView::of(&after, locator, details);
        Ok(UpdatePlan { after, unit, wanted, line })
    }

    pub(crate) async fn instrument_row(
        &self,
        tenant: Tenant,
        id: &LocatorBytes,
    ) -> Result<Option<InstrumentRow>, Refused> {
        let located = self.locate_instrument(id).filter(|(owner, _)| *owner == tenant);
        let Some((_, number)) = located else { return Ok(None) };
        self.instrument_numbered(tenant, number).await
    }

    fn view(&self, row: &InstrumentRow, id: &LocatorBytes) -> Result<InstrumentView, Refused> {
        Ok(InstrumentView::of(row, *id, self.open_instrument_details(row)?))
    }

    /// Whether a unit was done; false when it lost and is to be planned again.
    async fn done(&self, unit: Unit) -> Result<bool, Refused> {
        Ok(matches!(self.store.commit(unit).await?, Outcome::Done(_)))
    }
}

/// Whether an instrument would be as it was.
fn is_same(before: &InstrumentDetails, change: &Change) -> Result<bool, Refused> {
    let (was, is) = (before.own.as_deref().map(RawValue::get), change.own.as_deref().map(RawValue::get));
    Ok(was == is && wiped_json(&before.details)? == wiped_json(&change.details)?)
}

/// The unique key by which details match an instrument is freed, and the one that only keeps it among its customer's
/// takes its place.
fn free_match(
    unit: UnitBuilder,
    row: &InstrumentRow,
    prints: Option<&Prints>,
    customer: [u8; 8],
) -> UnitBuilder {
    let Some(prints) = prints else { return unit };
    let lone = lone_key(row.tenant, customer, row.number);
    let given_back = matched_keys(row.tenant, customer, prints.all());
    let unit = given_back.into_iter().fold(unit, UnitBuilder::free_key);
    unit.insert(Row::Index { key: lone, holder: row.number })
}

/// What one attempt decided.
struct UpdatePlan {
    after: InstrumentView,
    unit: UnitBuilder,
    /// The unique keys that the instrument takes anew.
    wanted: Vec<UniqueKey>,
    /// The line for [`crate::turns::Turn`].
    line: [u8; 8],
}

/// Why there is no plan.
enum PlanError {
    OtherKind,
    Refused(Refused),
}

impl From<Refused> for PlanError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl<E> From<PlanError> for UpdateError<E> {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::OtherKind => Self::OtherKind,
            PlanError::Refused(refused) => Self::Refused(refused),
        }
    }
}
