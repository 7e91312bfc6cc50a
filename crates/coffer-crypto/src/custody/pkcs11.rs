//! A device that keeps the KEK: any token with a PKCS#11 module.
//!
//! The calls of this file are synchronous. A thread of the device's own makes them, one after the other, and each
//! comes back within [`CALL`], done or not: an executor's thread must not make them all the same, for it would wait
//! so long.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use zeroize::Zeroizing;

use super::bounded::Worker;
use super::device_kek::{Clear, DeviceKek, DeviceMechanism};
use super::session::Connection;
use crate::key::KeyVersion;
use crate::primitives::NONCE_LEN;
use crate::{Environment, Kek};

/// How long one call of a device may take, connecting anew included.
const CALL: Duration = Duration::from_secs(10);

/// Which device, and how its key is named there.
#[derive(Clone, Debug)]
pub struct DeviceConfig {
    /// The PKCS#11 module, a shared library. It runs inside the program: whoever can replace it has everything.
    pub module: PathBuf,
    /// The label of the token. Exactly one token must have it.
    pub token: String,
    /// The `CKA_ID` of the deployment's KEKs, so that several deployments can share a token; their labels are
    /// `coffer-kek-v1` and so on.
    pub key_id: Vec<u8>,
    /// How a KEK that is made there wraps. One that is there keeps its own way.
    pub mechanism: DeviceMechanism,
}

/// The PIN of the token's user. Wiped on drop.
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// A PIN as the operator gave it.
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Pin(..)")
    }
}

/// The device did not do it. What a module says in its error codes is not looked at: modules differ, and telling why a
/// key did not open would help an attacker alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// The module is no shared library with PKCS#11's functions, or did not start.
    #[error("the PKCS#11 module could not be loaded")]
    Module,
    /// No token has the label, or several have.
    #[error("there is not exactly one token with this label")]
    Token,
    /// The PIN was not taken. It is not tried again: a token locks after a few wrong ones.
    #[error("the token did not take the PIN; it is not tried again, so that it does not lock")]
    Login,
    /// One try is left, or none.
    #[error("the token's PIN is locked, or one wrong try away from it: log in once by other means first")]
    LastTry,
    /// No key has this label and id, or several have.
    #[error("there is not exactly one KEK of this version and id on the token")]
    NoKey,
    /// A key with this label and id is there.
    #[error("a KEK of this version and id is on the token already")]
    KeyExists,
    /// The key does not have the attributes that it must have.
    #[error("the KEK on the token is not fit: {0}")]
    Unfit(&'static str),
    /// Anything else: it is unplugged, does not answer in time, or refused.
    #[error("the device did not answer, or refused")]
    Away,
}

/// A token, logged in. Dropping it closes the session, and with the last session of the program the login; a program
/// drops it before it ends, for a module may not bear to end in the middle of a call.
pub struct Device {
    worker: Worker<Connection>,
    mechanism: DeviceMechanism,
}

impl Device {
    /// Loads the module, finds the token and logs in. A PIN that is not taken is tried once and never again.
    pub fn open(config: DeviceConfig, pin: Pin) -> Result<Arc<Self>, DeviceError> {
        let mechanism = config.mechanism;
        let worker = Worker::start("coffer-device", CALL, Connection::new(config, pin));
        let device = Self { worker: worker.map_err(|_| DeviceError::Away)?, mechanism };
        device.worker.call(Connection::connect).unwrap_or(Err(DeviceError::Away))?;
        Ok(Arc::new(device))
    }

    /// The KEK of this version, which must be there once, and fit: AES-256, made there, never extractable.
    pub fn kek(self: &Arc<Self>, environment: Environment, version: KeyVersion) -> Result<Kek, DeviceError> {
        let label = label(version);
        let mechanism = {
            let label = label.clone();
            self.call(move |connection| connection.fit(&label))?
        };
        let key = DeviceKek::new(Arc::clone(self), label, mechanism);
        Ok(Kek::in_device(environment, version, key))
    }

    /// Makes the KEK of this version in the device. PKCS#11 knows no unique labels: one operator makes it, and not
    /// every node at its start.
    pub fn generate_kek(
        self: &Arc<Self>,
        environment: Environment,
        version: KeyVersion,
    ) -> Result<Kek, DeviceError> {
        let (label, mechanism) = (label(version), self.mechanism);
        self.call(move |connection| connection.generate(&label, mechanism))?;
        self.kek(environment, version)
    }

    /// Destroys the KEK of this version in the device: what lies under it is noise from then on.
    pub fn destroy_kek(&self, version: KeyVersion) -> Result<(), DeviceError> {
        let label = label(version);
        self.call(move |connection| connection.destroy(&label))
    }

    pub(super) fn encrypt(
        &self,
        label: &str,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        clear: Clear,
    ) -> Result<([u8; NONCE_LEN], Vec<u8>), DeviceError> {
        let (label, aad) = (label.to_owned(), aad.to_vec());
        self.call(move |connection| connection.encrypt(&label, nonce, &aad, &clear))
    }

    pub(super) fn decrypt(
        &self,
        label: &str,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Clear, DeviceError> {
        let (label, aad, sealed) = (label.to_owned(), aad.to_vec(), sealed.to_vec());
        self.call(move |connection| connection.decrypt(&label, nonce, &aad, &sealed))
    }

    pub(super) fn wrap(&self, label: &str, clear: Clear) -> Result<Vec<u8>, DeviceError> {
        let label = label.to_owned();
        self.call(move |connection| connection.wrap(&label, &clear))
    }

    pub(super) fn unwrap(&self, label: &str, wrapped: &[u8]) -> Result<Clear, DeviceError> {
        let (label, wrapped) = (label.to_owned(), wrapped.to_vec());
        self.call(move |connection| connection.unwrap(&label, &wrapped))
    }

    fn call<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<R, DeviceError> + Send + 'static,
    ) -> Result<R, DeviceError> {
        self.worker.call(work).unwrap_or(Err(DeviceError::Away))
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Device(..)")
    }
}

fn label(version: KeyVersion) -> String {
    format!("coffer-kek-v{}", version.get())
}
