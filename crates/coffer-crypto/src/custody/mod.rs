//! Custody: where the root, or the KEK above everything in the store, is kept, and how it comes to a node.
//!
//! Four ways, chosen by the operator: the root as a text ([`RootKey::parse_hex`](crate::RootKey::parse_hex)) in a file
//! or a variable; the root in shares of several custodians ([`split`], [`Quorum`]); no root at all, and the KEK in a
//! device ([`Device`]). Files, sockets and the configuration are the program's: this module takes texts.

mod bounded;
mod device_kek;
mod gf256;
mod object;
mod pkcs11;
mod quorum;
mod session;
mod shamir;
mod share;

pub(crate) use device_kek::DeviceKek;
pub use device_kek::DeviceMechanism;
pub use pkcs11::{Device, DeviceConfig, DeviceError, Pin};
pub use quorum::{Progress, Quorum, QuorumError};
pub use shamir::{CombineError, MismatchError, Scheme, SchemeError, SplitError, combine, split};
pub use share::{SHARE_TEXT_LEN, Share, ShareTextError};

/// Where the root comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Custody {
    /// A file that holds the root as 64 hexadecimal digits: for small installs.
    KeyFile,
    /// The same digits in an environment variable.
    Variable,
    /// Custodians bring their shares of it, one at a time: nobody alone has it.
    Shares(Scheme),
    /// There is no root: the KEK lies in a device, which it never leaves.
    Device,
}

impl Custody {
    /// What the configuration and the program call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeyFile => "key file",
            Self::Variable => "environment variable",
            Self::Shares(_) => "shares",
            Self::Device => "device",
        }
    }

    /// Whether a node is sealed when it starts, until custodians have come.
    pub const fn starts_sealed(self) -> bool {
        matches!(self, Self::Shares(_))
    }
}
