//! What a node has at hand for its keys beside the vault: the policy, what stands above, and who does the work.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use coffer_core::{Hurry, KeepStep, KeyPolicy, KeyStatus, Refused, Vault, WalkSeen};
use coffer_crypto::RootKey;
use tokio::{runtime::Handle, sync::watch};

use super::{device::DeviceState, metrics::KeyMetrics};

/// What stands above the keys, as far as orders on the socket need it.
pub trait RootCustody: Send + Sync {
    /// The word for it: `key file`, `environment variable`, `shares` or `device`.
    fn kind(&self) -> &'static str;

    /// The root that was put ready to be the next, where the node finds it by itself. The text says what is missing.
    fn next_root(&self) -> Result<RootKey, String>;

    /// Takes a root for the time of an order, or gives it back. False where nobody lends one.
    fn lend(&self, root: Option<RootKey>) -> bool;
}

/// Keys, as the node keeps them.
pub struct KeyDesk {
    policy: KeyPolicy,
    custody: Arc<dyn RootCustody>,
    runtime: Handle,
    device: DeviceState,
    hurry: AtomicBool,
    /// Counts the times that the upkeep found nothing to do.
    rests: watch::Sender<u64>,
    pub(crate) metrics: KeyMetrics,
}

/// A root is lent; dropping this gives it back.
pub struct Lent<'d>(&'d dyn RootCustody);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.lend(None);
    }
}

impl fmt::Debug for Lent<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Lent(..)")
    }
}

impl KeyDesk {
    /// Orders run on this runtime, whose thread may wait for a device.
    pub fn new(
        policy: KeyPolicy,
        custody: Arc<dyn RootCustody>,
        device: DeviceState,
        runtime: Handle,
    ) -> Self {
        let (hurry, rests) = (AtomicBool::new(false), watch::channel(0).0);
        Self { policy, custody, runtime, device, hurry, rests, metrics: KeyMetrics::default() }
    }

    /// How long keys live.
    pub fn policy(&self) -> &KeyPolicy {
        &self.policy
    }

    /// Whether the device that holds the KEK answers, where one does.
    pub fn device(&self) -> &DeviceState {
        &self.device
    }

    /// Whether retired keys are to be destroyed as soon as no record needs them.
    pub fn hurry(&self) -> Hurry {
        if self.hurry.load(Ordering::Acquire) { Hurry::DestroyNow } else { Hurry::No }
    }

    /// Notes what a step of the upkeep left to do, for whoever waits, and for the metrics.
    pub fn stepped(&self, step: Result<KeepStep, Refused>, walk: Option<WalkSeen>, revision: u64) {
        self.metrics.walked(walk, revision);
        if matches!(step, Ok(KeepStep::Idle | KeepStep::Paused)) {
            self.rests.send_modify(|count| *count += 1);
        }
    }

    /// Notes which keys are due, for the metrics.
    pub fn looked(&self, vault: &Vault) {
        self.metrics.due(&vault.purposes_due(&self.policy));
    }

    /// Notes whether the device answered. Some: that changed.
    pub fn note_device(&self, answers: bool, now: coffer_types::Timestamp) -> Option<bool> {
        let changed = self.device.noted(answers, now);
        self.metrics.device_up.set(i64::from(answers));
        self.metrics.sealed.set(i64::from(self.device.is_sealed()));
        changed
    }

    pub(super) fn custody(&self) -> &dyn RootCustody {
        &*self.custody
    }

    pub(super) fn lend(&self, root: RootKey) -> Option<Lent<'_>> {
        self.custody.lend(Some(root)).then(|| Lent(&*self.custody))
    }

    pub(super) fn set_hurry(&self, hurry: bool) {
        self.hurry.store(hurry, Ordering::Release);
    }

    /// Waits until the upkeep has found nothing to do, from now on.
    pub(super) async fn rested(&self) {
        let mut rests = self.rests.subscribe();
        // A step that was under way counts for nothing.
        let from = *rests.borrow_and_update();
        let _ = rests.wait_for(|count| *count >= from + 2).await;
    }

    /// Runs to its end on the thread for keys. None: it failed.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.runtime.spawn(work).await.ok()
    }

    /// See [`Vault::key_status_in`].
    pub(super) async fn status(&self, vault: &Vault) -> Result<KeyStatus, Refused> {
        vault.key_status_in(&self.policy, self.hurry()).await
    }
}

impl fmt::Debug for KeyDesk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyDesk(..)")
    }
}
