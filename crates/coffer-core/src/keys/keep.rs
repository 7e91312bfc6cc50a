//! Keep: whatever is to be done with keys beside the load. One node does it, whichever; every step can be cut off.

use std::time::{Duration, Instant};

use coffer_crypto::{Class, KeyPurpose, KeyState, KeyVersion};
use coffer_types::{RecordNumber, Tenant, Timestamp, limits};

use super::{
    advance::{changed, destroyed, subject, to},
    load::{Loaded, has_keys, named_from, newest_active},
    policy::KeyPolicy,
    rotate::Level,
    walk::Walked,
};
use crate::{
    numbers::Numbers,
    store::{CounterKey, CounterKind, KeyRow, RecordTable},
    vault::{Refused, Vault},
};

/// Seconds of a day.
const DAY: i64 = 86_400;

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
        self.write_counts().await?;
        if self.nodes.as_ref().is_some_and(|nodes| !nodes.leads()) {
            self.refresh_keys().await?;
            return Ok(KeepStep::Idle);
        }
        self.advance_keys().await?;
        let Some(met) = self.have_met().await? else { return Ok(KeepStep::Idle) };
        let loaded = self.keys.load();
        let waiting = self.keys_waiting(&loaded, policy, hurry).await?;
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
                    let unit = self.unit(now)?.add_below(mark, now.millis().unsigned_abs(), 1);
                    self.store.commit(unit.finish()).await?;
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

    /// The keys for which records are to be looked at.
    async fn keys_waiting(
        &self,
        loaded: &Loaded,
        policy: &KeyPolicy,
        hurry: Hurry,
    ) -> Result<Waiting, Refused> {
        let mut waiting = Waiting { keys: Vec::new(), restored: None, by_print: false };
        let restores = self.store.counter(CounterKey::RESTORES).await?;
        if restores > 0 {
            let mut subject = [0; 16];
            subject[0] = RESTORED;
            subject[8..].copy_from_slice(&restores.to_be_bytes());
            let mark = CounterKey { kind: CounterKind::Walk, subject };
            if self.store.counter(mark).await? == 0 {
                waiting.restored = Some(mark);
                waiting.by_print = true;
            }
        }
        for row in loaded.rows.iter().filter(|row| needs_walk(loaded, row)) {
            let by_print = row.purpose == KeyPurpose::Fingerprint.code();
            let mut tags = vec![RENEWED];
            if row.state == KeyState::DecryptOnly && self.is_over(row, policy, hurry).await? {
                tags.push(UNUSED);
            }
            for tag in tags {
                let mark = mark(tag, row);
                if self.store.counter(mark).await? == 0 {
                    waiting.keys.push((mark, row.tenant));
                    waiting.by_print |= by_print;
                }
            }
        }
        Ok(waiting)
    }

    /// Fingerprint keys by which every record was found are looked for no more once it is found by the newer ones.
    async fn retire_prints(&self, loaded: &Loaded) -> Result<bool, Refused> {
        let now = self.now();
        let mut old: Vec<&KeyRow> = Vec::new();
        for row in loaded.rows.iter().filter(|row| is_older_print(loaded, row)) {
            if self.store.counter(mark(RENEWED, row)).await? > 0 {
                old.push(row);
            }
        }
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
        let mut due = Vec::new();
        for row in loaded.rows.iter().filter(|row| row.state == KeyState::DecryptOnly) {
            if self.is_due(loaded, row, policy, hurry).await? {
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
        policy: &KeyPolicy,
        hurry: Hurry,
    ) -> Result<bool, Refused> {
        let first = RecordNumber::MIN;
        match KeyPurpose::from_code(row.purpose) {
            Some(KeyPurpose::DataShortLived) => {
                let behind = row.changed_at.plus_seconds(limits::PEER_LIVE_SECONDS + 45);
                let oldest = self.store.oldest_token().await?;
                Ok(self.now() > behind && oldest.is_none_or(|oldest| Numbers::time_of(oldest) > behind))
            }
            Some(KeyPurpose::DataDurable | KeyPurpose::Fingerprint) => {
                Ok(self.is_over(row, policy, hurry).await?
                    && self.store.counter(mark(UNUSED, row)).await? > 0)
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
                for table in [
                    RecordTable::Tokens,
                    RecordTable::Customers,
                    RecordTable::Instruments,
                    RecordTable::Reusables,
                ] {
                    let lowest = self.store.records(table, first, 1).await?;
                    if lowest.first().and_then(super::walk::number_of).is_some_and(|lowest| lowest < until) {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Whether no backup that is still kept was made while a record lay under the key.
    async fn is_over(&self, row: &KeyRow, policy: &KeyPolicy, hurry: Hurry) -> Result<bool, Refused> {
        let Some(since) = self.unneeded_since(row).await? else { return Ok(false) };
        let kept = if hurry == Hurry::DestroyNow { 0 } else { i64::from(policy.data_backup_days) * DAY };
        Ok(self.now() >= since.plus_seconds(kept))
    }

    /// Since when no record lies under a retired key; none where some may.
    pub(crate) async fn unneeded_since(&self, row: &KeyRow) -> Result<Option<Timestamp>, Refused> {
        let at = self.store.counter(mark(RENEWED, row)).await?;
        Ok(i64::try_from(at).ok().filter(|at| *at > 0).map(Timestamp::from_millis))
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
        for (purpose, tenant) in loaded.keys_of(level) {
            let Some(row) = newest_active(loaded.rows_of(purpose, tenant)) else { continue };
            let since = row.active_at.unwrap_or(row.created_at);
            if days.is_some_and(|days| now >= since.plus_seconds(i64::from(days) * DAY)) {
                return Ok(true);
            }
            if level == Level::Data && self.store.counter(mark_sealed(row)).await? >= policy.seals {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes down how often keys sealed, once a minute. What a crash loses of it is a minute's.
    async fn write_counts(&self) -> Result<(), Refused> {
        {
            let mut written = self.keys.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if written.is_some_and(|at| at.elapsed() < Duration::from_mins(1)) {
                return Ok(());
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
        Ok(())
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

/// Whether records must be looked at before the next step of a key.
fn needs_walk(loaded: &Loaded, row: &KeyRow) -> bool {
    match KeyPurpose::from_code(row.purpose) {
        Some(KeyPurpose::DataDurable) => row.state == KeyState::DecryptOnly,
        Some(KeyPurpose::Fingerprint) => row.state == KeyState::DecryptOnly || is_older_print(loaded, row),
        _ => false,
    }
}

/// Whether a newer fingerprint key is written beside this one.
fn is_older_print(loaded: &Loaded, row: &KeyRow) -> bool {
    let is_print = row.purpose == KeyPurpose::Fingerprint.code() && row.state == KeyState::Active;
    let newest = || newest_active(loaded.rows_of(KeyPurpose::Fingerprint, row.tenant));
    is_print && newest().is_some_and(|newest| newest.version > row.version)
}

fn mark(tag: u8, row: &KeyRow) -> CounterKey {
    CounterKey { kind: CounterKind::Walk, subject: subject(tag, row) }
}

/// Counts what a key sealed, whatever its state.
pub(crate) fn mark_sealed(row: &KeyRow) -> CounterKey {
    let row = KeyRow { state: KeyState::Active, ..row.clone() };
    CounterKey { kind: CounterKind::Sealed, subject: subject(0, &row) }
}
