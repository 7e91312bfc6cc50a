//! Where a version of a key is in its life.

/// The states of a version of a key, in the order in which it goes through them (PCI DSS 3.7.4, 3.7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyState {
    /// It is there, and the nodes load it. It opens, and nothing is sealed under it.
    Distributed,
    /// The newest version in this state seals. Of fingerprint keys two can be in it: both are written and looked for.
    Active,
    /// It opens what was sealed under it, and nothing new.
    DecryptOnly,
    /// Its bytes are gone; that it was there is still known.
    Destroyed,
}

impl KeyState {
    /// Every state, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Distributed, Self::Active, Self::DecryptOnly, Self::Destroyed];

    /// The stored code. Never renumbered.
    pub const fn code(self) -> u8 {
        match self {
            Self::Distributed => 1,
            Self::Active => 2,
            Self::DecryptOnly => 3,
            Self::Destroyed => 4,
        }
    }

    /// The state of a code; none for a code that no state has.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The word for it in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Distributed => "distributed",
            Self::Active => "active",
            Self::DecryptOnly => "decrypt-only",
            Self::Destroyed => "destroyed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_one_to_one() {
        for (at, state) in (1..).zip(KeyState::ALL) {
            assert_eq!(state.code(), at);
            assert_eq!(KeyState::from_code(at), Some(state));
        }
        assert_eq!((KeyState::from_code(0), KeyState::from_code(5)), (None, None));
    }
}
