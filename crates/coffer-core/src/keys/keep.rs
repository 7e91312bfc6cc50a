//! Keep: whatever is to be done with keys beside the load. One node does it, whichever; every step can be cut off.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use coffer_crypto::{Class, KeyPurpose, KeyState, KeyVersion};
use coffer_types::{RecordNumber, Tenant, Timestamp, limits};

use super::{
    advance::{changed, destroyed, subject, to},
    load::{Loaded, has_keys, named_from},
    policy::KeyPolicy,
    rotate::Level,
    walk::Walked,
};
use crate::{
    numbers::Numbers,
    store::{CounterKey, CounterKind, KeyRow, Outcome, RecordTable},
    vault::{Refused, Vault},
};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Seconds for which a retired key may still seal: a node that did not hear of its end is gone by then.
pub(crate) const SEALS_FOR: i64 = limits::PEER_LIVE_SECONDS + 45;

/// A key that no record needs any more, as a walk has found.
const RENEWED: u8 = 2;
/// The same, found again when its time had come.
const UNUSED: u8 = 3;
/// Records were looked at after a restore.
const RESTORED: u8 = 4;

/// What a step of the upkeep left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepStep {
    /// Nothing, for now.
    Idle,
    /// Records are being renewed: go on after a pause that leaves room for the load.
    More,
    /// The same, and it was stopped by the operator.
    Paused,
}

/// Keys whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hurry {
    /// A retired key is destroyed when no record needs it and no backup that is still kept was made while one did.
    No,
    /// As soon as no record needs it: backups that were made before open no more.
    DestroyNow,
}

/// The oldest records, read once in a turn where somebody asks; the highest number where there are none.
#[derive(Default)]
struct Oldest {
    /// In the short-lived table.
    token: Option<RecordNumber>,
    /// In all tables whose records have names.
    named: Option<RecordNumber>,
}

/// What a walk is for.
struct Waiting {
    /// The counters that say that it is done, and for whose records.
    keys: Vec<(CounterKey, Option<Tenant>)>,
    /// The same of a restore.
    restored: Option<CounterKey>,
    /// Whether records are found by other fingerprints afterwards.
    by_print: bool,
}

impl Vault {
    /// One step of the upkeep of keys: rotations go on, records are renewed, keys that nothing needs are destroyed, and
    /// keys whose time is over are replaced. Call it every second or so, and sooner after [`KeepStep::More`].
    pub async fn keep_keys(&self, policy: &KeyPolicy, hurry: Hurry) -> Result<KeepStep, Refused> {
        let counted = self.write_counts().await?;
        if self.nodes.as_ref().is_some_and(|nodes| !nodes.leads()) {
            self.keys.marks().forget_unset();
            self.refresh_keys().await?;
            return Ok(KeepStep::Idle);
        }
        self.advance_keys().await?;
        let Some(met) = self.have_met().await? else { return Ok(KeepStep::Idle) };
        let loaded = self.keys.load();
        if counted {
            self.keys.marks().counts = counts_in_use(&loaded).into_iter().collect();
        }
        let restored = self.mark_of_restore().await?;
        // A walk that began before all is known would look at some records for less than it tells of.
        if !self.learn_marks(&loaded, &marks_asked(&loaded, restored)).await? {
            return Ok(KeepStep::More);
        }
        let waiting = self.keys_waiting(&loaded, restored, policy, hurry);
        // What waits for the records of one tenant holds up nothing of the others, and no other level.
        let walked = if waiting.keys.is_empty() && waiting.restored.is_none() {
            KeepStep::Idle
        } else {
            self.walk_on(&loaded, waiting, met, policy).await?
        };
        if walked == KeepStep::More {
            return Ok(walked);
        }
        if self.retire_prints(&loaded).await? || self.destroy_due(&loaded, policy, hurry).await? {
            return Ok(KeepStep::More);
        }
        let due = self.levels_due(&loaded, policy).await?;
        if !due.is_empty() {
            tracing::info!(levels = due.len(), "keys are replaced: their time is over");
            if let Err(error) = self.begin_rotation(&loaded, &due).await {
                tracing::error!(error = %error, "keys whose time is over were not replaced");
            }
        }
        Ok(walked)
    }

    /// Stops the renewal of records, or lets it go on. It stays so over restarts, on all nodes.
    pub async fn pause_walk(&self, paused: bool) -> Result<(), Refused> {
        let pauses = self.store.counter(CounterKey::WALK_PAUSES).await?;
        if (pauses % 2 == 1) != paused {
            let unit = self.unit(self.now())?.add_below(CounterKey::WALK_PAUSES, 1, pauses + 1);
            self.store.commit(unit.finish()).await?;
        }
        Ok(())
    }

    /// Whether the operator has stopped it.
    pub async fn is_walk_paused(&self) -> Result<bool, Refused> {
        Ok(self.store.counter(CounterKey::WALK_PAUSES).await? % 2 == 1)
    }

    async fn walk_on(
        &self,
        loaded: &Loaded,
        waiting: Waiting,
        met: Instant,
        policy: &KeyPolicy,
    ) -> Result<KeepStep, Refused> {
        if self.is_walk_paused().await? {
            return Ok(KeepStep::Paused);
        }
        if !Self::is_settled(met, policy) {
            return Ok(KeepStep::Idle);
        }
        match self.walk_step(loaded, waiting.by_print).await? {
            Walked::More => {}
            Walked::Rest => return Ok(KeepStep::Idle),
            Walked::Done(left) => {
                let now = self.now();
                let done =
                    |tenant: &Option<Tenant>| tenant.is_none_or(|tenant| !left.contains(&tenant.get()));
                let keys = waiting.keys.into_iter().filter(|(_, tenant)| done(tenant)).map(|(mark, _)| mark);
                for mark in keys.chain(waiting.restored.filter(|_| left.is_empty())) {
                    // When it was: what was written under the key before is in backups of before.
                    let value = now.millis().unsigned_abs();
                    let unit = self.unit(now)?.add_below(mark, value, 1);
                    match self.store.commit(unit.finish()).await? {
                        Outcome::Done(_) => self.keys.marks().note(mark, value),
                        // Another node has set it, and perhaps others.
                        Outcome::Lost { .. } => self.keys.marks().forget_unset(),
                    }
                }
                if left.is_empty() {
                    tracing::info!("every record lies under the keys in use");
                } else {
                    return Ok(KeepStep::Idle);
                }
            }
        }
        Ok(KeepStep::More)
    }

    /// What says that records were looked at since the vault was put back last; none where it never was.
    async fn mark_of_restore(&self) -> Result<Option<CounterKey>, Refused> {
        let restores = self.store.counter(CounterKey::RESTORES).await?;
        let mut subject = [0; 16];
        subject[0] = RESTORED;
        subject[8..].copy_from_slice(&restores.to_be_bytes());
        Ok((restores > 0).then_some(CounterKey { kind: CounterKind::Walk, subject }))
    }

    /// The keys for which records are to be looked at.
    fn keys_waiting(
        &self,
        loaded: &Loaded,
        restored: Option<CounterKey>,
        policy: &KeyPolicy,
        hurry: Hurry,
    ) -> Waiting {
        let marks = self.keys.marks();
        let is_unset = |mark: CounterKey| marks.known(mark).is_none_or(|value| value == 0);
        let restored = restored.filter(|mark| is_unset(*mark));
        let mut waiting = Waiting { keys: Vec::new(), restored, by_print: restored.is_some() };
        for row in walked_for(loaded) {
            let is_over = row.state == KeyState::DecryptOnly
                && renewed_at(marks.known(mark(RENEWED, row)))
                    .is_some_and(|since| self.is_over(since, policy, hurry));
            let tags = [RENEWED, UNUSED].into_iter().take(if is_over { 2 } else { 1 });
            for mark in tags.map(|tag| mark(tag, row)).filter(|mark| is_unset(*mark)) {
                waiting.keys.push((mark, row.tenant));
                waiting.by_print |= row.purpose == KeyPurpose::Fingerprint.code();
            }
        }
        waiting
    }

    /// Fingerprint keys by which every record was found are looked for no more once it is found by the newer ones.
    async fn retire_prints(&self, loaded: &Loaded) -> Result<bool, Refused> {
        let now = self.now();
        let old: Vec<&KeyRow> = {
            let marks = self.keys.marks();
            let is_found = |row: &&KeyRow| renewed_at(marks.known(mark(RENEWED, row))).is_some();
            older_prints(loaded).into_iter().filter(is_found).collect()
        };
        for rows in old.chunks(limits::KEYS_PER_UNIT) {
            let mut unit = self.unit(now)?.add(CounterKey::KEY_REVISION, 1);
            for row in rows {
                unit = changed(unit, row, to(row, KeyState::DecryptOnly, now)?);
            }
            self.store.commit(unit.finish()).await?;
        }
        Ok(!old.is_empty())
    }

    async fn destroy_due(&self, loaded: &Loaded, policy: &KeyPolicy, hurry: Hurry) -> Result<bool, Refused> {
        let now = self.now();
        let (mut due, mut oldest) = (Vec::new(), Oldest::default());
        for row in loaded.rows.iter().filter(|row| row.state == KeyState::DecryptOnly) {
            if self.is_due(loaded, row, &mut oldest, policy, hurry).await? {
                due.push(row);
            }
        }
        for rows in due.chunks(limits::KEYS_PER_UNIT) {
            let mut unit = self.unit(now)?.add(CounterKey::KEY_REVISION, 1);
            for row in rows {
                unit = changed(unit, row, destroyed(row, now)?);
            }
            self.store.commit(unit.finish()).await?;
        }
        if !due.is_empty() {
            self.scrub().await;
        }
        // First its record, then the key in the device: between the two nothing is lost.
        for row in due.iter().filter(|row| row.purpose == KeyPurpose::Kek.code()) {
            if self.keys.source.destroy(KeyVersion::new(row.version)).is_err() {
                tracing::error!(
                    version = row.version,
                    "a destroyed key is still in the device: destroy it there"
                );
            }
        }
        Ok(!due.is_empty())
    }

    /// Whether nothing needs a retired key any more.
    async fn is_due(
        &self,
        loaded: &Loaded,
        row: &KeyRow,
        oldest: &mut Oldest,
        policy: &KeyPolicy,
        hurry: Hurry,
    ) -> Result<bool, Refused> {
        match KeyPurpose::from_code(row.purpose) {
            Some(KeyPurpose::DataShortLived) => {
                let behind = row.changed_at.plus_seconds(SEALS_FOR);
                if self.now() <= behind {
                    return Ok(false);
                }
                let oldest = match oldest.token {
                    Some(known) => known,
                    None => {
                        *oldest.token.insert(self.store.oldest_token().await?.unwrap_or(RecordNumber::MAX))
                    }
                };
                Ok(Numbers::time_of(oldest) > behind)
            }
            Some(KeyPurpose::DataDurable | KeyPurpose::Fingerprint) => {
                let known = |tag| renewed_at(self.keys.marks().known(mark(tag, row)));
                let is_over = known(RENEWED).is_some_and(|since| self.is_over(since, policy, hurry));
                Ok(is_over && known(UNUSED).is_some())
            }
            // Only one in a device waits here.
            Some(KeyPurpose::Kek) => {
                let kept =
                    if hurry == Hurry::DestroyNow { 0 } else { i64::from(policy.key_backup_days) * DAY };
                Ok(!has_keys(&loaded.rows, row) && self.now() >= row.changed_at.plus_seconds(kept))
            }
            Some(KeyPurpose::Locator) => {
                if self.now() <= row.changed_at.plus_seconds(limits::TOKEN_READABLE_SECONDS) {
                    return Ok(false);
                }
                let later = loaded.rows_of(KeyPurpose::Locator, None);
                let next = later.filter(|held| held.version > row.version && held.active_at.is_some());
                let Some(until) = next.map(named_from).min() else { return Ok(false) };
                let lowest = match oldest.named {
                    Some(known) => known,
                    None => *oldest.named.insert(self.oldest_named().await?),
                };
                Ok(lowest >= until)
            }
            _ => Ok(false),
        }
    }

    /// The lowest number among records whose names a locator key makes.
    async fn oldest_named(&self) -> Result<RecordNumber, Refused> {
        let mut oldest = RecordNumber::MAX;
        for table in
            [RecordTable::Tokens, RecordTable::Customers, RecordTable::Instruments, RecordTable::Reusables]
        {
            let lowest = self.store.records(table, RecordNumber::MIN, 1).await?;
            let lowest = lowest.first().and_then(super::walk::number_of);
            oldest = lowest.map_or(oldest, |lowest| lowest.min(oldest));
        }
        Ok(oldest)
    }

    /// Whether no backup that is still kept was made while a record lay under a key that none needs since then.
    fn is_over(&self, since: Timestamp, policy: &KeyPolicy, hurry: Hurry) -> bool {
        let kept = if hurry == Hurry::DestroyNow { 0 } else { i64::from(policy.data_backup_days) * DAY };
        self.now() >= since.plus_seconds(kept)
    }

    /// Since when no record lies under a retired key; none where some may.
    pub(crate) async fn unneeded_since(&self, row: &KeyRow) -> Result<Option<Timestamp>, Refused> {
        Ok(renewed_at(Some(self.mark_at(mark(RENEWED, row)).await?)))
    }

    /// The levels whose keys have been in use for too long, or have sealed too much.
    async fn levels_due(&self, loaded: &Loaded, policy: &KeyPolicy) -> Result<Vec<Level>, Refused> {
        let now = self.now();
        let mut due = Vec::new();
        for level in Level::ALL {
            if loaded.is_unfinished(level) || (level == Level::Kek && !self.keys.source.makes()) {
                continue;
            }
            if self.is_level_due(loaded, level, policy, now).await? {
                due.push(level);
            }
        }
        Ok(due)
    }

    async fn is_level_due(
        &self,
        loaded: &Loaded,
        level: Level,
        policy: &KeyPolicy,
        now: Timestamp,
    ) -> Result<bool, Refused> {
        let days = policy.days(level);
        let is_old = |row: &&KeyRow| {
            let since = row.active_at.unwrap_or(row.created_at);
            days.is_some_and(|days| now >= since.plus_seconds(i64::from(days) * DAY))
        };
        if level.purposes().iter().any(|purpose| loaded.in_use_of(*purpose).values().any(is_old)) {
            return Ok(true);
        }
        Ok(level == Level::Data && self.has_sealed_enough(loaded, policy).await?)
    }

    /// Whether a data key in use has sealed too much: some are looked at in a turn, each once a minute.
    async fn has_sealed_enough(&self, loaded: &Loaded, policy: &KeyPolicy) -> Result<bool, Refused> {
        if self.keys.marks().counts.is_empty() {
            return Ok(false);
        }
        let in_use = counts_in_use(loaded);
        for _ in 0..limits::WALK_ROWS {
            let Some(next) = self.keys.marks().counts.front().copied() else { break };
            // It stays the first until there is another key.
            if in_use.contains(&next) && self.store.counter(next).await? >= policy.seals {
                return Ok(true);
            }
            self.keys.marks().counts.pop_front();
        }
        Ok(false)
    }

    /// Writes down how often keys sealed, once a minute; true where one was over. What a crash loses of it is a
    /// minute's.
    async fn write_counts(&self) -> Result<bool, Refused> {
        {
            let mut written = self.keys.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if written.is_some_and(|at| at.elapsed() < Duration::from_mins(1)) {
                return Ok(false);
            }
            *written = Some(Instant::now());
        }
        let loaded = self.keys.load();
        let mut unit = self.unit(self.now())?;
        let mut any = false;
        for (tenant, class, version, count) in self.keys.take_counts() {
            let purpose = match class {
                Class::ShortLived => KeyPurpose::DataShortLived,
                Class::Durable | Class::Sad => KeyPurpose::DataDurable,
            };
            let row = loaded.rows_of(purpose, Some(tenant)).find(|row| row.version == version.get());
            if let Some(row) = row {
                unit = unit.add(mark_sealed(row), count);
                any = true;
            }
        }
        if any {
            self.store.commit(unit.finish()).await?;
        }
        Ok(true)
    }
}

impl KeyPolicy {
    /// Days after which a level is replaced; none where it is only when asked to.
    pub(crate) fn days(&self, level: Level) -> Option<u32> {
        match level {
            Level::Kek => Some(self.kek_days),
            Level::Data => Some(self.data_days),
            Level::Fingerprint => self.fingerprint_days,
            Level::Locator => self.locator_days,
        }
    }
}

/// The keys for which records must be looked at before their next step.
fn walked_for(loaded: &Loaded) -> Vec<&KeyRow> {
    let purposes = [KeyPurpose::DataDurable.code(), KeyPurpose::Fingerprint.code()];
    let is_retired = |row: &&KeyRow| row.state == KeyState::DecryptOnly && purposes.contains(&row.purpose);
    loaded.rows.iter().filter(is_retired).chain(older_prints(loaded)).collect()
}

/// Fingerprint keys beside which a newer one is written.
fn older_prints(loaded: &Loaded) -> Vec<&KeyRow> {
    let newest: BTreeMap<Option<Tenant>, &KeyRow> = loaded.in_use_of(KeyPurpose::Fingerprint);
    let live = loaded.live_of(KeyPurpose::Fingerprint).filter(|row| row.state == KeyState::Active);
    live.filter(|row| newest.get(&row.tenant).is_some_and(|newest| newest.version > row.version)).collect()
}

/// The marks on which the next step of some key depends.
fn marks_asked(loaded: &Loaded, restored: Option<CounterKey>) -> BTreeSet<CounterKey> {
    let of = |row: &KeyRow| [mark(RENEWED, row), mark(UNUSED, row)];
    walked_for(loaded).into_iter().flat_map(of).chain(restored).collect()
}

/// The counts of writes of data keys in use.
fn counts_in_use(loaded: &Loaded) -> BTreeSet<CounterKey> {
    let purposes = Level::Data.purposes().iter();
    purposes.flat_map(|purpose| loaded.in_use_of(*purpose).into_values()).map(mark_sealed).collect()
}

/// The time that a mark tells of.
fn renewed_at(mark: Option<u64>) -> Option<Timestamp> {
    mark.and_then(|at| i64::try_from(at).ok()).filter(|at| *at > 0).map(Timestamp::from_millis)
}

fn mark(tag: u8, row: &KeyRow) -> CounterKey {
    CounterKey { kind: CounterKind::Walk, subject: subject(tag, row) }
}

/// Counts what a key sealed, whatever its state.
pub(crate) fn mark_sealed(row: &KeyRow) -> CounterKey {
    let row = KeyRow { state: KeyState::Active, ..row.clone() };
    CounterKey { kind: CounterKind::Sealed, subject: subject(0, &row) }
}
