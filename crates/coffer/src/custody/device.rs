//! A KEK that lies in a device: it is made there, and never leaves it.

use std::{sync::Arc, time::Duration};

use coffer_core::{KekSource, KekSourceError};
use coffer_crypto::{
    Entropy, Environment, Kek, KeyVersion, RootId, RootKey, WrappedKey,
    custody::{Device, DeviceConfig, DeviceError, Pin},
};
use coffer_http::RootCustody;
use zeroize::Zeroizing;

use crate::node::NodeError;

/// What lies in the store of a KEK that a device holds: a word that says so.
const IN_DEVICE: &[u8] = b"in a device";

/// A token, logged in.
pub(crate) struct DeviceSource {
    device: Arc<Device>,
    grace: Duration,
}

impl DeviceSource {
    pub(crate) fn open(
        config: DeviceConfig,
        pin: Zeroizing<String>,
        grace: Duration,
    ) -> Result<Self, NodeError> {
        let device = Device::open(config, Pin::new(pin)).map_err(|error| format!("custody: {error}"))?;
        Ok(Self { device, grace })
    }

    /// How long a node serves on when it is gone.
    pub(crate) fn grace(&self) -> Duration {
        self.grace
    }

    pub(crate) fn device(&self) -> &Arc<Device> {
        &self.device
    }

    fn kek(&self, environment: Environment, version: KeyVersion) -> Result<Kek, KekSourceError> {
        self.device.kek(environment, version).map_err(|error| told(error, version))
    }
}

fn told(error: DeviceError, version: KeyVersion) -> KekSourceError {
    tracing::error!(error = %error, version = version.get(), "the key device");
    match error {
        DeviceError::NoKey => KekSourceError::Missing,
        DeviceError::Unfit(_) => KekSourceError::Wrong,
        _ => KekSourceError::Away,
    }
}

impl KekSource for DeviceSource {
    fn root(&self) -> Option<RootId> {
        None
    }

    fn open(
        &self,
        environment: Environment,
        version: KeyVersion,
        _: &WrappedKey,
    ) -> Result<Kek, KekSourceError> {
        self.kek(environment, version)
    }

    /// The first KEK was made by an operator (`coffer keys init`). One that is there from an order that was cut off is
    /// taken.
    fn make(
        &self,
        environment: Environment,
        version: KeyVersion,
        _: &dyn Entropy,
    ) -> Result<(Kek, WrappedKey), KekSourceError> {
        let kek = if version == KeyVersion::FIRST {
            self.kek(environment, version)?
        } else {
            match self.device.generate_kek(environment, version) {
                Err(DeviceError::KeyExists) => self.kek(environment, version)?,
                made => made.map_err(|error| told(error, version))?,
            }
        };
        Ok((kek, WrappedKey(IN_DEVICE.to_vec())))
    }

    fn makes(&self) -> bool {
        true
    }

    fn destroy(&self, version: KeyVersion) -> Result<(), KekSourceError> {
        match self.device.destroy_kek(version) {
            // Another node, or an order that was cut off, has done it.
            Ok(()) | Err(DeviceError::NoKey) => Ok(()),
            Err(error) => Err(told(error, version)),
        }
    }
}

impl RootCustody for DeviceSource {
    fn kind(&self) -> &'static str {
        "device"
    }

    fn next_root(&self) -> Result<RootKey, String> {
        Err("there is no root to change: the key-encryption key lies in a device".to_owned())
    }

    fn lend(&self, _: Option<RootKey>) -> bool {
        false
    }
}
