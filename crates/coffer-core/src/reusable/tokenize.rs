//! Tokenize: a card becomes a reusable token, matches the one that is there, or conflicts with it.

use coffer_crypto::LocatorBytes;
use coffer_types::{RecordNumber, Timestamp};
use serde_json::value::RawValue;

use super::{CardFacts, Conflict, ReusableDetails, ReusableView, first, namespace::Free};
use crate::{
    audit::{Action, Fact},
    erased::Held,
    index,
    protected::Protected,
    redeem::Opened,
    store::{Outcome, ReusableRow, Row, TokenRow, UniqueKey, UnitBuilder},
    vault::{Act, Refused, Vault, unreadable},
};

/// Where the card comes from.
pub enum Source<'a> {
    /// It came with the call.
    Card(&'a Protected),
    /// A browser left it in a session; its expiry comes from there too. The session is used up.
    Session(&'a LocatorBytes),
}

/// What a reusable token is made from.
pub struct NewReusable<'a> {
    /// The card.
    pub source: Source<'a>,
    /// What it is grouped by.
    pub namespace: Option<&'a str>,
    /// The merchant's words for a new token.
    pub description: &'a str,
    /// When a new token ends; by the lifetime if nothing is said.
    pub ends_at: Option<Timestamp>,
    /// What is kept beside the number.
    pub facts: CardFacts,
    /// Whether what differs from the token that is there may wait beside it. If not, the card is only matched.
    pub may_conflict: bool,
}

/// How long tokens live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Seconds of a token for which nothing else was said, and of one that is extended.
    pub seconds: i64,
    /// Whether a token that is used in the second half of its time gets as many seconds again, from then on.
    pub extends: bool,
}

/// What became of the card.
#[expect(clippy::large_enum_variant, reason = "one a request, and never in a collection")]
#[derive(Debug)]
pub enum Tokenized {
    /// A new token.
    Created(ReusableView),
    /// It was there, and all that was said of it is the same.
    Matched(ReusableView),
    /// It was there, with other details. They wait beside it.
    Conflicting(ReusableView, Conflict),
}

/// Why there is no token. Nothing is used up then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenizeError {
    /// The namespace has as many tokens as it may.
    #[error("the namespace is full")]
    NamespaceFull,
    /// The session is forged, unknown, another tenant's, used or expired: one answer for all.
    #[error("the session cannot be used")]
    NotUsable,
    /// The dialect did not take the card.
    #[error("the card is not taken")]
    NotTaken,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// What one attempt found out of its source.
struct Card {
    protected: Protected,
    facts: CardFacts,
    /// The session that it comes from.
    session: Option<(TokenRow, Opened)>,
}

/// What one attempt decided.
struct Plan {
    tokenized: Tokenized,
    unit: UnitBuilder,
    number: RecordNumber,
    /// A second record that it makes.
    result: Option<RecordNumber>,
    action: Action,
    /// Whether anything has to be written.
    writes: bool,
}

impl Vault {
    /// Makes a token of a card, or finds the one that is there. `own` is asked about the card before anything is
    /// decided: it makes the dialect's own fields of a new token, or none where the dialect does not take the card.
    ///
    /// `render` makes the reply before the commit; it is given back after everything is on disk.
    pub async fn tokenize<R>(
        &self,
        act: &Act,
        new: &NewReusable<'_>,
        lifetime: Lifetime,
        own: impl Fn(&Protected) -> Option<Box<RawValue>>,
        render: impl Fn(&Tokenized) -> R,
    ) -> Result<R, TokenizeError> {
        let (mut turn, mut lifetime) = (self.turns.begin(), lifetime);
        loop {
            let now = self.now();
            let card = self.card_of(act, new, now).await?;
            let own = own(&card.protected).ok_or(TokenizeError::NotTaken)?;
            let keys = self.card_keys(act.tenant, new.namespace, &card.protected)?;
            let key = keys.first().ok_or(TokenizeError::NotTaken)?;
            let line = index::first_half(&match new.namespace {
                Some(namespace) => self.namespace_hash(act.tenant, namespace)?,
                None => key.value,
            });
            let unit = self.begin_with(act, &card, now)?;
            let held = self.matched_reusable(&keys, new.namespace, &card.protected).await?;
            let plan = match self.in_use(held, &keys).await? {
                Some((row, details)) if details.ends_at <= now => {
                    if turn.has_come(Some(line)).await? {
                        self.bury(&row, &details, now).await?;
                    }
                    continue;
                }
                Some((row, details)) => {
                    let offered = new.may_conflict.then_some(&card.facts);
                    self.plan_match(act, offered, (row, details), lifetime, unit, now)?
                }
                None => {
                    let place = match new.namespace {
                        None => None,
                        Some(namespace) => match self.free_place(act.tenant, namespace, now).await? {
                            Free::Place(place) => Some(place),
                            Free::Ended(row, details) => {
                                if turn.has_come(Some(line)).await? {
                                    self.bury(&row, &details, now).await?;
                                }
                                continue;
                            }
                            Free::None => return Err(TokenizeError::NamespaceFull),
                        },
                    };
                    self.plan_new(act, new, &card, (own, place), lifetime, unit, now)?
                }
            };
            if !plan.writes && card.session.is_none() {
                return Ok(render(&plan.tokenized));
            }
            if !turn.has_come(Some(line)).await? {
                continue;
            }
            let reply = render(&plan.tokenized);
            let fact = act.fact(plan.action).object(plan.number);
            let fact = plan.result.into_iter().fold(fact, Fact::result);
            if let Outcome::Done(_) =
                self.store.commit(plan.unit.fact(fact).finish()).await.map_err(Refused::from)?
            {
                return Ok(reply);
            }
            // Others are changing the token: it is extended at its next use, and this one goes on.
            lifetime.extends = false;
        }
    }

    /// What becomes of a card that came in a session uses the session up.
    fn begin_with(&self, act: &Act, card: &Card, now: Timestamp) -> Result<UnitBuilder, Refused> {
        let Some((live, opened)) = &card.session else { return self.unit(now) };
        let fact = act.fact(Action::SessionUse).object(live.number);
        Ok(self.spend_token(live, opened, now)?.fact(fact))
    }

    async fn card_of(&self, act: &Act, new: &NewReusable<'_>, now: Timestamp) -> Result<Card, TokenizeError> {
        match new.source {
            Source::Card(protected) => {
                let protected =
                    Protected::from_bytes(&protected.to_bytes()).map_err(|_| Refused::Unavailable)?;
                Ok(Card { protected, facts: new.facts.clone(), session: None })
            }
            Source::Session(session) => {
                let usable = self.usable_session(act, session, now).await?;
                let (live, opened) = usable.ok_or(TokenizeError::NotUsable)?;
                let protected =
                    Protected::from_bytes(&opened.protected.to_bytes()).map_err(|_| Refused::Unavailable)?;
                let expiry = opened.details.expiry.or(new.facts.expiry);
                let facts = CardFacts { expiry, ..new.facts.clone() };
                Ok(Card { protected, facts, session: Some((live, opened)) })
            }
        }
    }

    /// The token that holds one of the unique keys of a card.
    pub(crate) async fn matched_reusable(
        &self,
        keys: &[UniqueKey],
        namespace: Option<&str>,
        protected: &Protected,
    ) -> Result<Held<(ReusableRow, ReusableDetails)>, Refused> {
        let mut matched = Held::Nothing;
        for key in keys {
            match self.held_reusable(*key, namespace, protected).await? {
                Held::Nothing => {}
                erased @ Held::Erased(_) => matched = erased,
                found @ Held::Found(_) => return Ok(found),
            }
        }
        Ok(matched)
    }

    /// The token that holds a unique key.
    ///
    /// Where a unique key leads is not sealed. That it leads to this card in this namespace is only seen inside the
    /// token; without this look, a bent key would show one card's token for another.
    async fn held_reusable(
        &self,
        key: UniqueKey,
        namespace: Option<&str>,
        protected: &Protected,
    ) -> Result<Held<(ReusableRow, ReusableDetails)>, Refused> {
        let Some(holder) = self.store.holder(key).await? else { return Ok(Held::Nothing) };
        let Some(row) = self.store.reusable(key.tenant, holder).await? else {
            // Deleted between the two reads: then the key went with it.
            if self.store.holder(key).await? != Some(holder) {
                return Ok(Held::Nothing);
            }
            tracing::error!(record = holder.get(), "a unique key points to no reusable token");
            return Err(Refused::Unavailable);
        };
        if self.is_reusable_erased(&row) {
            return Ok(Held::Erased(Box::new(Row::Reusable(row))));
        }
        let (held, details) = (self.open_reusable(&row)?, self.open_reusable_details(&row)?);
        if held.identity() != protected.identity() || details.namespace.as_deref() != namespace {
            return Err(unreadable(row.place()));
        }
        Ok(Held::Found((row, details)))
    }

    fn plan_match(
        &self,
        act: &Act,
        offered: Option<&CardFacts>,
        (row, mut details): (ReusableRow, ReusableDetails),
        lifetime: Lifetime,
        unit: UnitBuilder,
        now: Timestamp,
    ) -> Result<Plan, Refused> {
        let number = row.number;
        let differing = offered.map(|offered| details.facts.differing(offered)).unwrap_or_default();
        // Whatever is written of it, it must not have been deleted meanwhile.
        let unit = unit.expect_live(row.key(), row.generation);
        let (unit, extended) = self.extend(unit, &row, &mut details, lifetime, now)?;
        let view = self.reusable_view(&row, details)?;
        if differing.is_empty() {
            let (tokenized, action) = (Tokenized::Matched(view), Action::ReusableMatch);
            return Ok(Plan { tokenized, unit, number, result: None, action, writes: extended });
        }
        let (conflict, waiting) = self.seal_conflict(act, number, differing, now)?;
        let result = Some(waiting.number);
        let (tokenized, action) = (Tokenized::Conflicting(view, conflict), Action::ReusableConflict);
        Ok(Plan { tokenized, unit: unit.insert(waiting), number, result, action, writes: true })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is a part of the decision, and none goes with another"
    )]
    fn plan_new(
        &self,
        act: &Act,
        new: &NewReusable<'_>,
        card: &Card,
        (own, place): (Box<RawValue>, Option<u8>),
        lifetime: Lifetime,
        unit: UnitBuilder,
        now: Timestamp,
    ) -> Result<Plan, Refused> {
        let number = self.number(now)?;
        let details = ReusableDetails {
            locator: self.keys.locator().version_of(number),
            ends_at: whole_seconds(new.ends_at.unwrap_or(now.plus_seconds(lifetime.seconds))),
            since: now,
            namespace: new.namespace.map(ToOwned::to_owned),
            place,
            description: new.description.to_owned(),
            facts: card.facts.clone(),
            own,
            updates: Vec::new(),
        };
        let row = self.seal_reusable(
            first(act.tenant, number),
            &card.protected,
            (&details, details.ends_at),
            (now, now),
        )?;
        let unit = self.hold_keys(unit.insert(row.clone()), &row, &details)?;
        let tokenized = Tokenized::Created(self.reusable_view(&row, details)?);
        Ok(Plan { tokenized, unit, number, result: None, action: Action::ReusableCreate, writes: true })
    }

    /// Gives a token new time where it is used in the second half of what it had.
    pub(super) fn extend(
        &self,
        unit: UnitBuilder,
        row: &ReusableRow,
        details: &mut ReusableDetails,
        lifetime: Lifetime,
        now: Timestamp,
    ) -> Result<(UnitBuilder, bool), Refused> {
        let (total, left) =
            (details.ends_at.millis() - details.since.millis(), details.ends_at.millis() - now.millis());
        let ends_at = whole_seconds(now.plus_seconds(lifetime.seconds));
        if !lifetime.extends || left.saturating_mul(2) >= total || ends_at <= details.ends_at {
            return Ok((unit, false));
        }
        (details.since, details.ends_at) = (now, ends_at);
        let after = self.resealed_reusable(row, details, now)?;
        Ok((unit.replace_reusable(row.generation, after), true))
    }
}

/// Tokens end at whole seconds, as they are printed.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis().div_euclid(1_000) * 1_000)
}
