//! How the root is kept, and how long keys live: `root_key`, `[custody]`, `[keys]`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use coffer_core::KeyPolicy;
use coffer_crypto::custody::{DeviceConfig, DeviceMechanism};
use serde::Deserialize;

use super::{Config, ConfigError};
use crate::{
    custody::{Custody, DeviceSource, KeyFile, Shares, Variable},
    node::NodeError,
    secret::SecretSource,
};

/// The `CKA_ID` of a deployment's KEKs, unless it is configured.
const KEY_ID: &str = "coffer";
/// Hours that a node goes on without its device.
const GRACE_HOURS: u32 = 24;
const GRACE_HOURS_MAX: u32 = 24 * 31;
/// Days that a key may live, or a backup be kept: ten years.
const DAYS_MAX: u32 = 3_650;
const ROWS_MAX: u32 = 1_000_000;

/// `[custody]`, where the root is in no file and no variable.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum CustodyEntry {
    /// Custodians bring their shares at each start.
    Shares {},
    /// The KEK lies in a device.
    Pkcs11(Pkcs11),
}

/// A device, by its PKCS#11 module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pkcs11 {
    /// The shared library.
    pub(crate) module: PathBuf,
    /// The token's label.
    pub(crate) token: String,
    pin: SecretSource,
    /// `aes-gcm` or `aes-key-wrap-pad`.
    mechanism: Option<String>,
    /// Tells the KEKs of several deployments on one token apart.
    key_id: Option<String>,
    /// How long serving goes on when the device is lost.
    grace_hours: Option<u32>,
}

/// `[keys]`: when keys are replaced, and how long what they sealed is kept elsewhere.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KeysEntry {
    data_days: Option<u32>,
    kek_days: Option<u32>,
    fingerprint_days: Option<u32>,
    locator_days: Option<u32>,
    root_days: Option<u32>,
    data_backup_days: Option<u32>,
    key_backup_days: Option<u32>,
    renew_rows_per_second: Option<u32>,
}

impl KeysEntry {
    /// The policy that it makes of the defaults.
    pub(crate) fn policy(&self) -> KeyPolicy {
        let own = KeyPolicy::default();
        KeyPolicy {
            data_days: self.data_days.unwrap_or(own.data_days),
            kek_days: self.kek_days.unwrap_or(own.kek_days),
            fingerprint_days: self.fingerprint_days,
            locator_days: self.locator_days,
            root_days: self.root_days.unwrap_or(own.root_days),
            data_backup_days: self.data_backup_days.unwrap_or(own.data_backup_days),
            key_backup_days: self.key_backup_days.unwrap_or(own.key_backup_days),
            walk_rows: self.renew_rows_per_second.unwrap_or(own.walk_rows),
            ..own
        }
    }

    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let days = [
            ("keys.data_days", self.data_days, 1),
            ("keys.kek_days", self.kek_days, 1),
            ("keys.fingerprint_days", self.fingerprint_days, 1),
            ("keys.locator_days", self.locator_days, 1),
            ("keys.root_days", self.root_days, 1),
            ("keys.data_backup_days", self.data_backup_days, 0),
            ("keys.key_backup_days", self.key_backup_days, 0),
        ];
        for (key, value, least) in days {
            if value.is_some_and(|days| !(least..=DAYS_MAX).contains(&days)) {
                return Err((key, format!("it is {least} to {DAYS_MAX}")));
            }
        }
        if self.renew_rows_per_second.is_some_and(|rows| !(1..=ROWS_MAX).contains(&rows)) {
            return Err(("keys.renew_rows_per_second", format!("it is 1 to {ROWS_MAX}")));
        }
        Ok(())
    }
}

impl CustodyEntry {
    pub(super) fn below(&mut self, folder: &Path) {
        if let Self::Pkcs11(device) = self {
            device.module = folder.join(&device.module);
            device.pin.below(folder);
        }
    }
}

impl Pkcs11 {
    fn check(&self) -> Result<(), (&'static str, String)> {
        if self.grace_hours.is_some_and(|hours| hours > GRACE_HOURS_MAX) {
            return Err(("custody.grace_hours", format!("it is 0 to {GRACE_HOURS_MAX}")));
        }
        if self.token.is_empty() || self.token.len() > 32 {
            return Err(("custody.token", "a token's label has 1 to 32 bytes".to_owned()));
        }
        if self.key_id.as_ref().is_some_and(|id| id.is_empty() || id.len() > 32) {
            return Err(("custody.key_id", "it has 1 to 32 bytes".to_owned()));
        }
        self.mechanism().map(|_| ())
    }

    pub(crate) fn mechanism(&self) -> Result<DeviceMechanism, (&'static str, String)> {
        let Some(name) = &self.mechanism else { return Ok(DeviceMechanism::Gcm) };
        let known = || ("custody.mechanism", "it is aes-gcm or aes-key-wrap-pad".to_owned());
        DeviceMechanism::parse(name).ok_or_else(known)
    }

    pub(crate) fn grace_hours(&self) -> u32 {
        self.grace_hours.unwrap_or(GRACE_HOURS)
    }

    /// Logs in to the device.
    pub(crate) fn open(&self) -> Result<DeviceSource, NodeError> {
        let wrong = |(key, reason)| ConfigError::Setting { key, reason };
        let config = DeviceConfig {
            module: self.module.clone(),
            token: self.token.clone(),
            key_id: self.key_id.clone().unwrap_or_else(|| KEY_ID.to_owned()).into_bytes(),
            mechanism: self.mechanism().map_err(wrong)?,
        };
        let pin = self.pin.read().map_err(|error| format!("custody.pin: {error}"))?;
        DeviceSource::open(config, pin, Duration::from_hours(self.grace_hours().into()))
    }
}

impl Config {
    /// Whether the node itself speaks TLS with clients.
    pub(crate) fn speaks_tls(&self) -> bool {
        self.tls.is_some()
    }

    pub(super) fn check_custody(&self) -> Result<(), ConfigError> {
        let wrong = |(key, reason)| ConfigError::Setting { key, reason };
        match (&self.root_key, &self.custody) {
            (Some(_), Some(_)) => {
                return Err(wrong(("custody", "a vault has root_key or [custody], not both".to_owned())));
            }
            (None, None) => {
                let said = "name the file of the root key, or say [custody] how it is kept else".to_owned();
                return Err(wrong(("root_key", said)));
            }
            (None, Some(CustodyEntry::Shares {})) if self.admin_socket.is_none() => {
                let said =
                    "custodians bring their shares to it: name one, such as \"run/coffer.sock\"".to_owned();
                return Err(wrong(("admin_socket", said)));
            }
            (None, Some(CustodyEntry::Pkcs11(device))) => device.check().map_err(wrong)?,
            _ => {}
        }
        self.keys.check().map_err(wrong)
    }

    /// What stands above the keys. A key file is read once, and a device is logged in to.
    pub(crate) fn open_custody(&self) -> Result<Custody, NodeError> {
        match (&self.root_key, &self.custody) {
            (Some(SecretSource::File { file }), _) => {
                Ok(Custody::File(Arc::new(KeyFile::new(file.clone(), self.data.clone())?)))
            }
            (Some(source), _) => Ok(Custody::Variable(Arc::new(Variable::new(source.clone())?))),
            (None, Some(CustodyEntry::Pkcs11(device))) => Ok(Custody::Device(Arc::new(device.open()?))),
            (None, _) => Ok(Custody::Shares(Arc::new(Shares::default()))),
        }
    }
}
