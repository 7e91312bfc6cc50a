//! Once: an act that its caller may ask for again under one key, and that is done once (`design.md` section 4).
//!
//! Nobody waits. Whoever asks looks for an answer under the key ([`Vault::ask`]). If none is there, the act is planned,
//! and the answer goes into the act's own unit: of several that plan at the same time one commits, and the others lose
//! on the key, are told so by [`Refused::Answered`], ask again and find the answer. An act with an effect elsewhere
//! writes its key down before the effect, without an answer, and the answer after it (`forward.rs`).
//!
//! Of what was asked only a keyed mark is kept. What in it is sensitive authentication data has a mark of its own,
//! which is sealed under a key that lives about half an hour and is compared only while it lives.

use std::fmt;

use coffer_crypto::{Blob, Class, Field, SadKeyVersion, SealError};
use coffer_types::{Generation, RecordNumber, Tenant, Timestamp, limits};
use serde::{Deserialize, Serialize};

use crate::{
    numbers::Numbers,
    store::{Outcome, ReplyRow, UnitBuilder},
    vault::{Act, Place, Refused, Vault, not_sealed, open_json, unreadable, wiped_json},
};

/// What is asked for. Two askings are one when all of it is the same.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// The caller's key, unique within the tenant.
    pub key: &'a [u8],
    /// Method, path, body and whatever else matters, without sensitive authentication data.
    pub what: &'a [&'a [u8]],
    /// The sensitive authentication data; empty where there is none.
    pub sad: &'a [u8],
}

/// What is known of an act that was asked for.
#[derive(Debug)]
pub enum Asked {
    /// Nobody asked for it before.
    New(Attempt),
    /// It was done, and this was the answer.
    Answered(SavedReply),
    /// Something else was asked for under the same key.
    Different,
    /// It has an effect elsewhere, and may still be on its way.
    Underway,
    /// It has an effect elsewhere, and whether it came to its end is not known.
    Unknown,
}

/// An act that is tried, by its key and its marks.
pub struct Attempt {
    tenant: Tenant,
    key: [u8; 16],
    mark: [u8; 16],
    sad: Option<[u8; 16]>,
}

/// An answer, as far as it is given again.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
pub struct SavedReply {
    /// The status.
    pub status: u16,
    /// The media type of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Where what was made is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The body.
    pub body: String,
}

/// How the answer of an act is kept.
pub struct Once<'a, R> {
    /// The act.
    pub attempt: &'a Attempt,
    /// What is kept of an answer.
    pub save: &'a (dyn Fn(&R) -> SavedReply + Sync),
}

impl<R> Clone for Once<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Once<'_, R> {}

/// What is sealed in a [`ReplyRow`].
#[derive(Deserialize, Serialize)]
pub(crate) struct Kept {
    mark: [u8; 16],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<SavedReply>,
}

/// A key that was written down before an effect elsewhere.
#[derive(Debug)]
pub(crate) struct Intent {
    pub(crate) number: RecordNumber,
    /// Under which key of the ring the mark of sensitive authentication data lies: the answer's lives no longer.
    sad: Option<SadKeyVersion>,
}

impl Vault {
    /// Looks for what was answered before.
    pub async fn ask(&self, tenant: Tenant, ask: Ask<'_>) -> Result<Asked, Refused> {
        let attempt = self.attempt(tenant, ask)?;
        for _ in 0..limits::PLAN_ATTEMPTS {
            let Some(row) = self.store.reply(tenant, attempt.key).await? else {
                return Ok(Asked::New(attempt));
            };
            let now = self.now();
            let made_at = Numbers::time_of(row.number);
            if made_at.plus_seconds(limits::REPLY_SECONDS) <= now {
                // The sweep comes a little later; the key is free already.
                let unit = self.unit(now)?.erase(row.record(), row.generation);
                self.store.commit(unit.finish()).await?;
                continue;
            }
            // What was answered is not known any more, nor to what: the key is used, and nothing is done a second time.
            if self.is_reply_erased(&row) {
                return Ok(Asked::Different);
            }
            let kept = self.open_reply(&row)?;
            if kept.mark != attempt.mark || !self.is_same_sad(&row, &attempt, now).await? {
                return Ok(Asked::Different);
            }
            return Ok(match kept.answer {
                Some(answer) => Asked::Answered(answer),
                None if now < made_at.plus_seconds(limits::REPLY_UNDERWAY_SECONDS) => Asked::Underway,
                None => Asked::Unknown,
            });
        }
        Err(Refused::Contended)
    }

    /// Keeps the answer to an act that changed nothing, a refusal above all: who asks again is answered the same.
    pub async fn answer(&self, attempt: &Attempt, reply: &SavedReply) -> Result<(), Refused> {
        let now = self.now();
        let unit = self.unit(now)?.insert(self.seal_reply(attempt, Some(reply), now).await?);
        if let Outcome::Done(_) = self.store.commit(unit.finish()).await? {
            return Ok(());
        }
        Err(self.lost_to_answer(attempt).await?)
    }

    /// Commits an act with its answer. False: others changed what the plan stands on.
    pub(crate) async fn commit_once<R>(
        &self,
        act: &Act,
        unit: UnitBuilder,
        once: Option<Once<'_, R>>,
        reply: &R,
        now: Timestamp,
    ) -> Result<bool, Refused> {
        let Some(Once { attempt, save }) = once else {
            return Ok(matches!(self.store.commit(unit.finish()).await?, Outcome::Done(_)));
        };
        // The key was looked up for this tenant.
        if attempt.tenant != act.tenant {
            return Err(Refused::Unavailable);
        }
        let row = self.seal_reply(attempt, Some(&save(reply)), now).await?;
        if let Outcome::Done(_) = self.store.commit(unit.insert(row).finish()).await? {
            return Ok(true);
        }
        match self.lost_to_answer(attempt).await? {
            Refused::Answered => Err(Refused::Answered),
            _ => Ok(false),
        }
    }

    /// Adds to a unit that the key is taken, while the answer is not known yet.
    pub(crate) async fn intend(
        &self,
        unit: UnitBuilder,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<(UnitBuilder, Intent), Refused> {
        let row = self.seal_reply(attempt, None, now).await?;
        let at = row.place();
        let version = row.sad.as_ref().map(Blob::key_version).transpose().map_err(|_| unreadable(at))?;
        let intent = Intent { number: row.number, sad: version.map(SadKeyVersion::from) };
        Ok((unit.insert(row), intent))
    }

    /// Adds to a unit the answer to an act whose key is taken.
    pub(crate) fn fulfil(
        &self,
        unit: UnitBuilder,
        attempt: &Attempt,
        intent: &Intent,
        reply: &SavedReply,
        now: Timestamp,
    ) -> Result<UnitBuilder, Refused> {
        let generation = Generation::FIRST.next().ok_or(Refused::Unavailable)?;
        let at = Place { tenant: attempt.tenant, number: intent.number, generation };
        let row = self.seal_reply_at(at, attempt, Some(reply), (now, intent.sad))?;
        Ok(unit.replace_reply(Generation::FIRST, row))
    }

    /// What an act lost against: an answer under its own key, or something else.
    pub(crate) async fn lost_to_answer(&self, attempt: &Attempt) -> Result<Refused, Refused> {
        let found = self.store.reply(attempt.tenant, attempt.key).await?;
        Ok(if found.is_some() { Refused::Answered } else { Refused::Contended })
    }

    /// The marks of what is asked. The caller's key is part of it: a row whose clear key was bent answers nobody. So is
    /// whether there is sensitive authentication data, which outlives the mark of that.
    fn attempt(&self, tenant: Tenant, ask: Ask<'_>) -> Result<Attempt, Refused> {
        let hash = |label, parts: &[&[u8]]| {
            self.keys.index_key(tenant, label, parts).map_err(|_| Refused::Unavailable)
        };
        let key = hash("once key v1", &[ask.key])?;
        let with_sad = [u8::from(!ask.sad.is_empty())];
        let parts: Vec<&[u8]> = [ask.key, &with_sad].into_iter().chain(ask.what.iter().copied()).collect();
        let mark = hash("once mark v1", &parts)?;
        let without = ask.sad.is_empty() || self.sad.is_dropped();
        let sad = if without { None } else { Some(hash("once sad v1", &[ask.sad])?) };
        Ok(Attempt { tenant, key, mark, sad })
    }

    async fn seal_reply(
        &self,
        attempt: &Attempt,
        answer: Option<&SavedReply>,
        now: Timestamp,
    ) -> Result<ReplyRow, Refused> {
        let number = self.number(now)?;
        let at = Place { tenant: attempt.tenant, number, generation: Generation::FIRST };
        let version = match &attempt.sad {
            Some(_) => Some(self.sad_key(now).await?),
            None => None,
        };
        self.seal_reply_at(at, attempt, answer, (now, version))
    }

    fn seal_reply_at(
        &self,
        at: Place,
        attempt: &Attempt,
        answer: Option<&SavedReply>,
        (now, version): (Timestamp, Option<SadKeyVersion>),
    ) -> Result<ReplyRow, Refused> {
        let Place { tenant, number, generation } = at;
        let [salt] = self.salts()?;
        let sealer = self.keys.sealer(Class::Durable, tenant, number, generation, salt.clone());
        let kept = wiped_json(&Kept { mark: attempt.mark, answer: answer.cloned() })?;
        let details = sealer.map_err(not_sealed)?.seal(Field::Details, &kept).map_err(not_sealed)?;
        let sad = match (&attempt.sad, version) {
            (Some(mark), Some(version)) => {
                match self.ring.sealer(version, tenant, number, generation, salt.clone(), now) {
                    Ok(mut sealer) => Some(sealer.seal(Field::Sad, mark).map_err(not_sealed)?),
                    // Its time is over: nothing is compared any more.
                    Err(SealError::KeyGone) => None,
                    Err(error) => return Err(not_sealed(error)),
                }
            }
            _ => None,
        };
        Ok(ReplyRow { number, tenant, key: attempt.key, generation, salt, sad, details })
    }

    fn open_reply(&self, row: &ReplyRow) -> Result<Kept, Refused> {
        let at = row.place();
        let opener = self.opener(Class::Durable, at, &row.salt, &row.details)?;
        open_json(&opener, at, &row.details)
    }

    /// Whether the sensitive authentication data is the same, or can no longer be compared.
    async fn is_same_sad(&self, row: &ReplyRow, attempt: &Attempt, now: Timestamp) -> Result<bool, Refused> {
        let at = row.place();
        // Whether there was any is in the other mark.
        let (Some(blob), Some(mark)) = (&row.sad, &attempt.sad) else { return Ok(true) };
        let version = SadKeyVersion::from(blob.key_version().map_err(|_| unreadable(at))?);
        self.fetch_key(version, now).await?;
        let opener = self.ring.opener(version, row.tenant, row.number, row.generation, &row.salt, now);
        let Ok(opener) = opener else { return Ok(true) };
        let kept = opener.open(Field::Sad, blob).map_err(|_| unreadable(at))?;
        Ok(kept.as_slice() == mark)
    }
}

impl ReplyRow {
    fn place(&self) -> Place {
        Place { tenant: self.tenant, number: self.number, generation: self.generation }
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Attempt(..)")
    }
}

impl fmt::Debug for SavedReply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SavedReply({}, ..)", self.status)
    }
}
