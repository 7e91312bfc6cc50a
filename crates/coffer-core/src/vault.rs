//! The vault: a store, keys, a clock and randomness, and what all use cases share.

use std::{
    fmt, io,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use coffer_crypto::{
    Blob, Class, Entropy, Field, LocatorBytes, LocatorKind, Opener, Ring, SadKeyVersion, Salt, SealError,
    forms,
};
use coffer_types::{Generation, RecordNumber, Tenant, Timestamp};
use serde::{Serialize, Serializer, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::{
    audit::{Action, Fact},
    blank::Blanked,
    clock::Clock,
    failures::Failures,
    keys::Keys,
    nodes::Nodes,
    numbers::Numbers,
    restored::Restored,
    sad::SadPolicy,
    session::Sessions,
    store::{Ended, Store, StoreError, Unit, UnitBuilder},
    turns::Turns,
};

/// One running vault. Every use case is a method, in the file that bears its name.
pub struct Vault {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Keys,
    pub(crate) ring: Ring,
    pub(crate) sad: SadPolicy,
    pub(crate) clock: Arc<Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) numbers: Numbers,
    /// What it shares with other nodes; none where it has the store alone.
    pub(crate) nodes: Option<Nodes>,
    /// When it was put back from an earlier time: what of the short-lived table is void.
    pub(crate) restored: Restored,
    pub(crate) failures: Failures,
    pub(crate) turns: Turns,
    pub(crate) blanked: Blanked,
    pub(crate) sessions: Sessions,
    /// Behind which the sweep looks for reusable tokens that are over: behind those that do not open.
    pub(crate) stuck: Mutex<Ended>,
}

/// Who does something, for whom, from where: what every audit fact begins with.
#[derive(Clone, Debug)]
pub struct Act {
    /// Whose data.
    pub tenant: Tenant,
    /// The credential's name in the configuration.
    pub actor: Arc<str>,
    /// The caller's address; of a shopper's browser its network alone ([`crate::network`]).
    pub origin: Option<IpAddr>,
    /// The request.
    pub request: RequestId,
    /// Whom a JWT is for, as a keyed hash: it may be a person.
    pub subject: Option<Arc<str>>,
    /// The name of a JWT.
    pub token: Option<Arc<str>>,
}

impl Act {
    pub(crate) fn fact(&self, action: Action) -> Fact {
        let fact = Fact::system(action).tenant(self.tenant);
        Fact {
            actor: Arc::clone(&self.actor),
            origin: self.origin,
            request: Some(self.request),
            subject: self.subject.clone(),
            token: self.token.clone(),
            ..fact
        }
    }
}

/// Names one request in answers, logs and the audit log. Unique, not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// Drawn once by each process.
    pub process: u64,
    /// Counts the requests of the process.
    pub count: u64,
}

impl fmt::Display for RequestId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}{:010x}", self.process, self.count)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why the vault cannot serve, whatever the use case. Nothing was done, or, where the store was cut off, that is not
/// known. The caller may try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too much is waiting to be written.
    #[error("the queue before the store is full")]
    Busy,
    /// The store, the keys or the randomness did not work.
    #[error("the vault cannot serve this now")]
    Unavailable,
    /// The vault is not open: it waits for custodians, or for its key device. The doors say so in its place.
    #[error("the vault is sealed")]
    Sealed,
    /// Others changed the same records each time that this was planned.
    #[error("the records changed under the request")]
    Contended,
    /// Another request with the same key was answered first: who asks again is given its answer.
    #[error("another request with the same key was answered first")]
    Answered,
    /// What came is more than one record keeps. The only one that is not worth trying again.
    #[error("this is more than one record keeps")]
    TooLarge,
}

/// Why nothing was sealed. Logged once, here.
pub(crate) fn not_sealed(error: SealError) -> Refused {
    match error {
        SealError::TooLong => {
            tracing::error!("what a request brought is more than one record keeps");
            Refused::TooLarge
        }
        error => {
            tracing::error!(error = %error, "a record could not be sealed");
            Refused::Unavailable
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Busy,
            StoreError::Unavailable | StoreError::Corrupt { .. } => Self::Unavailable,
        }
    }
}

impl Vault {
    /// The time by which the vault judges.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The store's figures, for the metrics.
    pub fn gauges(&self) -> crate::store::Gauges {
        self.store.gauges()
    }

    /// The age of the oldest key that may still lie in the ring, in seconds, for the metrics. It dies at 1,830.
    pub fn ring_age_seconds(&self) -> i64 {
        let oldest = self.ring.oldest().map_or(self.now().millis(), SadKeyVersion::start_millis);
        (self.now().millis() - oldest) / 1000
    }

    /// Whether the vault can serve.
    pub fn ready(&self) -> bool {
        self.store.ready() && self.nodes.as_ref().is_none_or(Nodes::is_ready)
    }

    /// By how many milliseconds the system's clock is ahead of the store's, for the metrics; negative where it is
    /// behind. Zero where the vault follows no store's clock.
    pub fn clock_skew_millis(&self) -> i64 {
        self.clock.skew_millis()
    }

    /// Writes what is still counted in memory, finishes what was accepted and takes no more.
    pub async fn close(&self) {
        self.flush_failures().await;
        self.leave().await;
        if let Err(error) = self.store.close().await {
            tracing::error!(error = %error, "the store did not close cleanly");
        }
    }

    /// Where a printed single-use token points. None for anything that this vault did not print.
    pub fn locate_token(&self, token: &LocatorBytes) -> Option<(Tenant, RecordNumber)> {
        self.keys.locator().open(LocatorKind::SingleUseToken, &token.0)
    }

    /// Where a printed instrument id points. None for anything that this vault did not print.
    pub fn locate_instrument(&self, id: &LocatorBytes) -> Option<(Tenant, RecordNumber)> {
        self.keys.locator().open(LocatorKind::Instrument, &id.0)
    }

    /// The long form of a locator, where a dialect prints 64 bytes in hexadecimal digits.
    pub fn long_form(&self, locator: &LocatorBytes) -> Result<String, Refused> {
        let tail = self.keys.locator().tail(locator).ok_or(Refused::Unavailable)?;
        Ok(forms::long(locator, &tail))
    }

    /// The locator of a long form. None for anything that this vault did not print.
    pub fn parse_long_form(&self, text: &str) -> Option<LocatorBytes> {
        let (locator, tail) = forms::parse_long(text)?;
        (self.keys.locator().tail(&locator)? == tail).then_some(locator)
    }

    pub(crate) fn token_locator(
        &self,
        tenant: Tenant,
        number: RecordNumber,
    ) -> Result<LocatorBytes, Refused> {
        let sealed = self.keys.locator().seal(LocatorKind::SingleUseToken, tenant, number);
        sealed.map_err(|_| Refused::Unavailable)
    }

    pub(crate) fn instrument_locator(
        &self,
        tenant: Tenant,
        number: RecordNumber,
    ) -> Result<LocatorBytes, Refused> {
        let sealed = self.keys.locator().seal(LocatorKind::Instrument, tenant, number);
        sealed.map_err(|_| Refused::Unavailable)
    }

    /// A keyed hash within one tenant, for whatever a dialect has to tell apart without showing it. It changes with the
    /// tenant's index key.
    pub fn keyed_hash(&self, tenant: Tenant, label: &'static str, bytes: &[u8]) -> Result<[u8; 16], Refused> {
        self.keys.index_key(tenant, label, &[bytes]).map_err(|_| Refused::Unavailable)
    }

    /// A number for a record. None is drawn by a node whose number may be another's by now.
    pub(crate) fn number(&self, now: Timestamp) -> Result<RecordNumber, Refused> {
        if self.nodes.as_ref().is_some_and(|nodes| !nodes.may_draw()) {
            return Err(Refused::Unavailable);
        }
        Ok(self.numbers.next(now))
    }

    pub(crate) fn unit(&self, now: Timestamp) -> Result<UnitBuilder, Refused> {
        Ok(Unit::build(self.number(now)?, now))
    }

    /// Randomness for a dialect.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], Refused> {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes).map_err(|_| Refused::Unavailable)?;
        Ok(bytes)
    }

    /// Fresh salts, drawn in one call.
    pub(crate) fn salts<const N: usize>(&self) -> Result<[Salt; N], Refused> {
        let mut bytes = [[0_u8; 32]; N];
        self.entropy.fill(bytes.as_flattened_mut()).map_err(|_| Refused::Unavailable)?;
        Ok(bytes.map(Salt::from_bytes))
    }

    pub(crate) fn opener(
        &self,
        class: Class,
        at: Place,
        salt: &Salt,
        blob: &Blob,
    ) -> Result<Opener, Refused> {
        let version = blob.key_version().map_err(|_| unreadable(at))?;
        let opener = self.keys.opener(class, at.tenant, at.number, at.generation, salt, version);
        opener.map_err(|_| unreadable(at))
    }
}

/// Where a sealed value lies: what its associated data binds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) tenant: Tenant,
    pub(crate) number: RecordNumber,
    pub(crate) generation: Generation,
}

/// Opens a sealed JSON value.
pub(crate) fn open_json<T: DeserializeOwned>(opener: &Opener, at: Place, blob: &Blob) -> Result<T, Refused> {
    let clear = opener.open(Field::Details, blob).map_err(|_| unreadable(at))?;
    serde_json::from_slice(&clear).map_err(|_| unreadable(at))
}

/// The JSON of something clear, in a buffer that is wiped. The length is counted first: a buffer that grows leaves
/// unwiped copies behind.
pub fn wiped_json<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value).map_err(|_| Refused::Unavailable)?;
    let mut out = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *out, value).map_err(|_| Refused::Unavailable)?;
    Ok(out)
}

/// Counts what is written to it.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A record that is there and does not open: tampering or a wrong key. Logged once, here, and shown to nobody.
pub(crate) fn unreadable(at: Place) -> Refused {
    tracing::error!(record = at.number.get(), tenant = at.tenant.get(), "a sealed record does not open");
    Refused::Unavailable
}

impl fmt::Debug for Vault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Vault(..)")
    }
}
