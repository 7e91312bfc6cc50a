//! What stands above the keys of a node, by its configuration: a key file, a variable, custodians with their shares, or
//! a device. Each is a [`KekSource`] for the vault, and answers orders about the root on the admin socket.

mod device;
mod key_file;
mod shares;
mod variable;
mod wanted;

use std::{sync::Arc, time::Duration};

use coffer_core::KekSource;
use coffer_crypto::RootId;
use coffer_http::{DeviceState, RootCustody};

pub(crate) use device::DeviceSource;
pub(crate) use key_file::{KeyFile, next_of, read_root};
pub(crate) use shares::Shares;
pub(crate) use variable::Variable;
pub(crate) use wanted::Wanted;

/// How the root comes to a node.
#[derive(Clone)]
pub(crate) enum Custody {
    File(Arc<KeyFile>),
    Variable(Arc<Variable>),
    /// The node is sealed when it starts.
    Shares(Arc<Shares>),
    /// There is no root.
    Device(Arc<DeviceSource>),
}

impl Custody {
    pub(crate) fn source(&self) -> Arc<dyn KekSource> {
        match self {
            Self::File(source) => Arc::<KeyFile>::clone(source),
            Self::Variable(source) => Arc::<Variable>::clone(source),
            Self::Shares(source) => Arc::<Shares>::clone(source),
            Self::Device(source) => Arc::<DeviceSource>::clone(source),
        }
    }

    pub(crate) fn orders(&self) -> Arc<dyn RootCustody> {
        match self {
            Self::File(source) => Arc::<KeyFile>::clone(source),
            Self::Variable(source) => Arc::<Variable>::clone(source),
            Self::Shares(source) => Arc::<Shares>::clone(source),
            Self::Device(source) => Arc::<DeviceSource>::clone(source),
        }
    }

    /// Tells it which roots open the store, by the store's record.
    pub(crate) fn settle(&self, roots: &[RootId]) {
        if let Self::File(file) = self {
            file.settle(roots);
        }
    }

    /// How long a node serves on without its device.
    pub(crate) fn device_state(&self) -> DeviceState {
        DeviceState::new(match self {
            Self::Device(device) => device.grace(),
            _ => Duration::MAX,
        })
    }
}
