//! Sandbox and live are two worlds.

/// Which world a key and everything sealed under it belongs to. It is part of every AAD, so that what was
/// sealed in one world cannot be opened in the other even if someone copies keys across.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Environment {
    /// Test data, fixed credentials, loopback only.
    Sandbox,
    /// Real cards.
    Live,
}

impl Environment {
    /// The stable code in sealed formats. Never renumber.
    pub const fn code(self) -> u8 {
        match self {
            Self::Sandbox => 1,
            Self::Live => 2,
        }
    }

    /// `sandbox` or `live`, as in the configuration and in what the program prints.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Live => "live",
        }
    }
}
