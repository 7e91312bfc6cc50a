//! Update: a referenced token is changed, or protects something else from now on. Its names stay.

use coffer_crypto::LocatorBytes;
use coffer_types::RoutingNumber;
use serde_json::value::RawValue;

use super::{ReferencedDetails, ReferencedError, ReferencedSource, ReferencedView, create::Found};
use crate::{
    audit::Action,
    details::Details,
    once::Once,
    protected::Protected,
    reusable::line_of,
    vault::{Act, Vault},
};

/// What a referenced token keeps from now on.
pub struct ReferencedChange {
    /// What belongs to what is protected.
    pub details: Details,
    /// The dialect's fields of the token itself.
    pub own: Box<RawValue>,
    /// Of an account, another bank.
    pub routing: Option<RoutingNumber>,
}

impl Vault {
    /// Changes a token. `change` is asked what to make of the token as it is; it may refuse.
    pub async fn update_referenced<R, E: From<ReferencedError>>(
        &self,
        act: &Act,
        (group, reference): (&str, &str),
        once: Option<Once<'_, R>>,
        change: impl Fn(&ReferencedView) -> Result<ReferencedChange, E>,
        render: impl Fn(&ReferencedView) -> R,
    ) -> Result<R, E> {
        let refused = |refused| E::from(ReferencedError::Refused(refused));
        let mut turn = self.turns.begin();
        loop {
            let now = self.now();
            let found = self.find_referenced(act.tenant, group, reference).await.map_err(refused)?;
            let (row, details) = found.ok_or(ReferencedError::Unknown)?;
            let view = ReferencedView::of(&row, details);
            let change = change(&view)?;
            let mut protected = self.open_reusable(&row).map_err(refused)?;
            if let (Protected::Account(account), Some(routing)) = (&mut protected, change.routing) {
                account.routing = Some(routing);
            }
            let details = ReferencedDetails { details: change.details, own: change.own, ..view.details };
            let after = self.resealed_referenced(&row, &protected, &details, now).map_err(refused)?;
            if !turn.has_come(Some(line_of(row.number))).await.map_err(refused)? {
                continue;
            }
            let reply = render(&ReferencedView::of(&after, details));
            let unit = self.unit(now).map_err(refused)?.replace_reusable(row.generation, after);
            let unit = unit.fact(act.fact(Action::ReusableUpdate).object(row.number));
            if self.commit_once(act, unit, once, &reply, now).await.map_err(refused)? {
                return Ok(reply);
            }
        }
    }

    /// Puts what a single-use token protects in the place of what a token protects; the single-use token is used up.
    /// `make` makes of its details what is kept of them.
    pub async fn replace_referenced<R>(
        &self,
        act: &Act,
        (group, reference): (&str, &str),
        token: &LocatorBytes,
        once: Option<Once<'_, R>>,
        make: impl Fn(Details) -> Details,
        render: impl Fn(&ReferencedView) -> R,
    ) -> Result<R, ReferencedError> {
        let mut turn = self.turns.begin();
        loop {
            let now = self.now();
            let found = self.find_referenced(act.tenant, group, reference).await?;
            let (row, details) = found.ok_or(ReferencedError::Unknown)?;
            let found = self.source_of(act, ReferencedSource::Token(token), now).await?;
            let Found { protected, details: brought, token: used } = found;
            let (live, mut opened) = used.ok_or(ReferencedError::NotUsable)?;
            let unit = self.spend_token(&live, &opened, now)?;
            let unit = self.end_code(unit, act.tenant, details.kept_code, now).await?;
            let (unit, kept_code) =
                self.keep_code(unit, (act.tenant, row.number), opened.code.take(), now)?;
            let details = ReferencedDetails { details: make(brought), kept_code, ..details };
            let after = self.resealed_referenced(&row, &protected, &details, now)?;
            if !turn.has_come(Some(line_of(row.number))).await? {
                continue;
            }
            let reply = render(&ReferencedView::of(&after, details));
            let unit = unit.replace_reusable(row.generation, after);
            let unit = unit.fact(act.fact(Action::ReusableUpdate).object(live.number).result(row.number));
            if self.commit_once(act, unit, once, &reply, now).await? {
                return Ok(reply);
            }
        }
    }
}
