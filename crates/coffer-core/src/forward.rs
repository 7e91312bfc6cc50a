//! Forward: clear details go out to somebody else in place of a token, once.
//!
//! The caller's key and the use of a single-use token are durable before anything is sent (the intent), the answer
//! after it came. Between the two nothing is ever sent again: an intent without an answer says that it is not known
//! what happened.

use coffer_crypto::LocatorBytes;
use coffer_types::{Timestamp, limits};

use crate::{
    audit::Action,
    create::Sad,
    details::{Clear, Details},
    kept_code::KeptCode,
    once::{Attempt, Intent, SavedReply},
    referenced::{NewReferenced, ReferencedError, ReferencedView},
    store::{Outcome, UnitBuilder},
    vault::{Act, Refused, Vault},
};

/// What is put in place of.
#[derive(Clone, Copy)]
pub enum ForwardSource<'a> {
    /// A single-use token, which is used up.
    Token(&'a LocatorBytes),
    /// The digits of a referenced token, which stays. A code that was kept beside it leaves with it, once.
    Digits(&'a str),
    /// Nothing: the request has the details itself.
    Given,
}

/// What comes out of a token to be sent on.
#[derive(Debug)]
pub struct ForwardOpened {
    /// What was protected.
    pub clear: Clear,
    /// What belongs to it.
    pub details: Details,
    /// The referenced token that it came out of.
    pub referenced: Option<ReferencedView>,
}

/// An intent that is durable: now the request may be sent, once.
#[derive(Debug)]
pub struct Forward {
    /// What came out of the token; none where the request has the details itself.
    pub opened: Option<ForwardOpened>,
    intent: Intent,
}

impl Vault {
    /// Opens a token, asks `check` whether what is in it may be sent, and writes down that it will be. When this gives
    /// back an error, nothing was used up.
    pub async fn begin_forward<E: From<ReferencedError>>(
        &self,
        act: &Act,
        attempt: &Attempt,
        source: ForwardSource<'_>,
        check: impl Fn(&ForwardOpened) -> Result<(), E>,
    ) -> Result<Forward, E> {
        let refused = |refused| E::from(ReferencedError::Refused(refused));
        for _ in 0..limits::PLAN_ATTEMPTS {
            let now = self.now();
            let (unit, opened) = self.plan_forward(act, source, now).await?;
            if let Some(opened) = &opened {
                check(opened)?;
            }
            let (unit, intent) = self.intend(unit, attempt, now).await.map_err(refused)?;
            let outcome = self.store.commit(unit.finish()).await;
            match outcome.map_err(Refused::from).map_err(refused)? {
                Outcome::Done(_) => return Ok(Forward { opened, intent }),
                Outcome::Lost { .. } => {
                    if let Refused::Answered = self.lost_to_answer(attempt).await.map_err(refused)? {
                        return Err(refused(Refused::Answered));
                    }
                }
            }
        }
        Err(refused(Refused::Contended))
    }

    /// Writes down how it ended. What was sent was sent: this is tried again where the store was busy.
    pub async fn end_forward(
        &self,
        act: &Act,
        attempt: &Attempt,
        forward: &Forward,
        reply: &SavedReply,
    ) -> Result<(), Refused> {
        let mut refused = Refused::Unavailable;
        for _ in 0..limits::PLAN_ATTEMPTS {
            let now = self.now();
            let fact = act.fact(Action::ForwardEnd).object(forward.intent.number);
            let unit = self.unit(now)?.fact(fact.reason(format!("status {}", reply.status)));
            let unit = self.fulfil(unit, attempt, &forward.intent, reply, now)?;
            match self.store.commit(unit.finish()).await {
                Ok(Outcome::Done(_)) => return Ok(()),
                // Somebody ended it already, or it is seven days old.
                Ok(Outcome::Lost { .. }) => return Err(Refused::Contended),
                Err(error) => refused = error.into(),
            }
            tokio::task::yield_now().await;
        }
        Err(refused)
    }

    /// The same, and what was sent is kept as a referenced token, of what the request had itself ([`ReferencedSource::
    /// Given`]). When its reference was taken meanwhile, `bare` is the answer, and nothing is kept.
    pub async fn end_forward_keeping(
        &self,
        act: &Act,
        attempt: &Attempt,
        forward: &Forward,
        new: &NewReferenced<'_>,
        (render, bare): (&(dyn Fn(&ReferencedView) -> SavedReply + Sync), &SavedReply),
    ) -> Result<SavedReply, Refused> {
        let mut refused = Refused::Contended;
        for _ in 0..limits::PLAN_ATTEMPTS {
            let now = self.now();
            let planned = self.plan_referenced(act, new, self.unit(now)?, now).await;
            let (unit, view) = match planned {
                Ok(planned) => planned,
                Err(ReferencedError::Refused(fault)) => return Err(fault),
                // Its name was taken meanwhile.
                Err(_) => {
                    self.end_forward(act, attempt, forward, bare).await?;
                    return Ok(bare.clone());
                }
            };
            let reply = render(&view);
            let fact = act.fact(Action::ForwardEnd).object(forward.intent.number).result(view.number);
            let unit = unit.fact(fact.reason(format!("status {}", reply.status)));
            let unit = self.fulfil(unit, attempt, &forward.intent, &reply, now)?;
            match self.store.commit(unit.finish()).await {
                Ok(Outcome::Done(_)) => return Ok(reply),
                // By a name that was taken, which the next plan sees, or by an end that is written.
                Ok(Outcome::Lost { .. }) => {}
                Err(error) => refused = error.into(),
            }
            tokio::task::yield_now().await;
        }
        Err(refused)
    }

    async fn plan_forward(
        &self,
        act: &Act,
        source: ForwardSource<'_>,
        now: Timestamp,
    ) -> Result<(UnitBuilder, Option<ForwardOpened>), ReferencedError> {
        let fact = act.fact(Action::Forward);
        match source {
            ForwardSource::Given => Ok((self.unit(now)?.fact(fact), None)),
            ForwardSource::Token(token) => {
                let usable = self.usable_token(act, token, now).await?;
                let (live, opened) = usable.ok_or(ReferencedError::NotUsable)?;
                let unit = self.spend_token(&live, &opened, now)?.fact(fact.object(live.number));
                let Sad { cvv, reader } = self.open_sad(&live, now).await?;
                let clear = Clear { protected: opened.protected, cvv, reader };
                Ok((unit, Some(ForwardOpened { clear, details: opened.details, referenced: None })))
            }
            ForwardSource::Digits(digits) => {
                let found = self.find_digits(act.tenant, digits).await?;
                let (row, details) = found.ok_or(ReferencedError::Unknown)?;
                let kept = self.kept_code((act.tenant, row.number), details.kept_code, now).await?;
                let unit = self.unit(now)?.expect_live(row.key(), row.generation);
                let (unit, fact, cvv) = KeptCode::taken(kept, unit, fact.object(row.number));
                let unit = unit.fact(fact);
                let clear = Clear { protected: self.open_reusable(&row)?, cvv, reader: None };
                let json = crate::vault::wiped_json(&details.details)?;
                let copy = serde_json::from_slice(&json).map_err(|_| Refused::Unavailable)?;
                let referenced = Some(ReferencedView::of(&row, details));
                Ok((unit, Some(ForwardOpened { clear, details: copy, referenced })))
            }
        }
    }
}
