//! Conflicts: new details that wait beside a reusable token until somebody decides, for half an hour.

use coffer_crypto::{Class, Field, LocatorBytes, LocatorKind};
use coffer_types::{Generation, RecordNumber, Timestamp, limits};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use zeroize::Zeroizing;

use super::{CardFacts, ReusableView, line_of, update::ReusableError};
use crate::{
    audit::Action,
    details::Details,
    protected::{Other, Protected},
    redeem::Opened,
    store::{Outcome, TokenKind, TokenRow, TokenState},
    vault::{Act, Refused, Vault, not_sealed, unreadable, wiped_json},
};

/// Details that differ from a token's, waiting.
#[derive(Debug)]
pub struct Conflict {
    /// What the printed conflict is made of.
    pub locator: LocatorBytes,
    /// What differs, and nothing else.
    pub facts: CardFacts,
    /// When they are gone.
    pub ends_at: Timestamp,
}

/// Why a conflict was not resolved. It waits on.
pub type ResolveError = ReusableError;

/// What stays readable of a conflict's row until it goes: nothing of anybody.
#[derive(Deserialize, Serialize)]
struct Beside {
    /// The number of the token.
    token: u64,
}

/// A conflict that is still open.
struct Waiting {
    live: TokenRow,
    opened: Opened,
    token: RecordNumber,
    facts: CardFacts,
}

impl Vault {
    /// A conflict of this tenant and the token that it waits beside; none when either is gone.
    pub async fn read_conflict(
        &self,
        act: &Act,
        conflict: &LocatorBytes,
    ) -> Result<Option<(ReusableView, Conflict)>, Refused> {
        let now = self.now();
        let Some(waiting) = self.waiting(act, conflict, now).await? else { return Ok(None) };
        let Some(view) = self.read_reusable(act.tenant, waiting.token).await? else { return Ok(None) };
        let ends_at = waiting.live.expires_at;
        let conflict = Conflict { locator: *conflict, facts: waiting.facts, ends_at };
        Ok(Some((view, conflict)))
    }

    /// Writes everything that waits into the token. The conflict is over then, and cannot be used again.
    pub async fn resolve_conflict(&self, act: &Act, conflict: &LocatorBytes) -> Result<(), ResolveError> {
        let mut turn = self.turns.begin();
        loop {
            let now = self.now();
            let waiting = self.waiting(act, conflict, now).await?.ok_or(ReusableError::Unknown)?;
            let Waiting { live, opened, token: number, facts } = waiting;
            let (row, mut details) =
                self.live_reusable(act.tenant, number, now).await?.ok_or(ReusableError::Unknown)?;
            details.note_update(now)?;
            details.facts = std::mem::take(&mut details.facts).overlaid(facts);
            let after = self.resealed_reusable(&row, &details, now)?;
            if !turn.has_come(Some(line_of(number))).await? {
                continue;
            }
            let unit = self.spend_token(&live, &opened, now)?.replace_reusable(row.generation, after);
            let fact = act.fact(Action::ReusableResolve).object(number).result(live.number);
            if let Outcome::Done(_) =
                self.store.commit(unit.fact(fact).finish()).await.map_err(Refused::from)?
            {
                return Ok(());
            }
        }
    }

    async fn waiting(
        &self,
        act: &Act,
        conflict: &LocatorBytes,
        now: Timestamp,
    ) -> Result<Option<Waiting>, Refused> {
        let located = self.locate(LocatorKind::Conflict, conflict).filter(|(owner, _)| *owner == act.tenant);
        let Some((_, number)) = located else { return Ok(None) };
        let Some(live) = self.live_row(act.tenant, TokenKind::Conflict, number, now).await? else {
            return Ok(None);
        };
        let opened = self.open_live(&live)?;
        let Protected::Other(kept) = &opened.protected else { return Err(unreadable(live.place())) };
        let facts = serde_json::from_str(&kept.json).map_err(|_| unreadable(live.place()))?;
        let beside = opened.details.extra.as_deref().map_or("", RawValue::get);
        let beside: Beside = serde_json::from_str(beside).map_err(|_| unreadable(live.place()))?;
        let token = RecordNumber::from_u64(beside.token).map_err(|_| unreadable(live.place()))?;
        Ok(Some(Waiting { live, opened, token, facts }))
    }

    pub(super) fn seal_conflict(
        &self,
        act: &Act,
        token: RecordNumber,
        facts: CardFacts,
        now: Timestamp,
    ) -> Result<(Conflict, TokenRow), Refused> {
        let extra = to_raw_value(&Beside { token: token.get() }).map_err(|_| Refused::Unavailable)?;
        // What waits is a person's: it goes with what is protected, at its use or after half an hour.
        let json = String::from_utf8(wiped_json(&facts)?.to_vec()).map_err(|_| Refused::Unavailable)?;
        let waits = Protected::Other(Other { identity: None, json: Zeroizing::new(json) });
        let details = Details { expiry: None, contact: None, extra: Some(extra) };
        let (tenant, number, generation) = (act.tenant, self.number(now)?, Generation::FIRST);
        let [salt] = self.salts()?;
        let sealer = self.keys.sealer(Class::ShortLived, tenant, number, generation, salt.clone());
        let mut sealer = sealer.map_err(not_sealed)?;
        let protected = sealer.seal(Field::Protected, &waits.to_bytes()).map_err(not_sealed)?;
        let details = sealer.seal(Field::Details, &wiped_json(&details)?).map_err(not_sealed)?;
        let row = TokenRow {
            number,
            tenant,
            kind: TokenKind::Conflict,
            generation,
            created_at: now,
            expires_at: now.plus_seconds(limits::CONFLICT_SECONDS),
            face: None,
            salt,
            details,
            state: TokenState::Live { protected, sad: None },
        };
        let locator = self.keys.locator().seal(LocatorKind::Conflict, tenant, number);
        let locator = locator.map_err(|_| Refused::Unavailable)?;
        Ok((Conflict { locator, facts, ends_at: row.expires_at }, row))
    }
}
