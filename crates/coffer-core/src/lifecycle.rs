//! The lives of things as tables: state × event. Tests walk them, and the documentation is made from them.

use coffer_types::Timestamp;

use crate::store::{TokenRow, TokenState};

/// Where a single-use token is in its life, at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStage {
    /// Can be used once.
    Live,
    /// Was used, at this time.
    Used {
        /// When.
        at: Timestamp,
    },
    /// Was not used in time; ended at this time.
    Expired {
        /// When.
        at: Timestamp,
    },
}

impl TokenStage {
    /// The stage of a row at a time.
    pub fn of(row: &TokenRow, now: Timestamp) -> Self {
        match row.state {
            TokenState::Used { at } => Self::Used { at },
            TokenState::Live { .. } if row.is_live(now) => Self::Live,
            TokenState::Live { .. } | TokenState::Expired => Self::Expired { at: row.expires_at },
        }
    }
}

/// What can happen to a single-use token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenEvent {
    /// Exchanged into an instrument.
    Exchange,
    /// Redeemed for its clear details.
    Redeem,
    /// Used to update an instrument.
    Update,
    /// Thirty minutes have passed since its creation.
    TimeUp,
    /// A day has passed since its creation.
    Sweep,
}

/// The names of a token's states in [`TOKEN_TABLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStateName {
    /// See [`TokenStage::Live`].
    Live,
    /// See [`TokenStage::Used`].
    Used,
    /// See [`TokenStage::Expired`].
    Expired,
    /// The row is gone: the answer is that of a token that never was.
    Gone,
}

/// From a state, on an event, to a state. A pair that is not listed is refused and changes nothing.
pub const TOKEN_TABLE: [(TokenStateName, TokenEvent, TokenStateName); 7] = [
    (TokenStateName::Live, TokenEvent::Exchange, TokenStateName::Used),
    (TokenStateName::Live, TokenEvent::Redeem, TokenStateName::Used),
    (TokenStateName::Live, TokenEvent::Update, TokenStateName::Used),
    (TokenStateName::Live, TokenEvent::TimeUp, TokenStateName::Expired),
    (TokenStateName::Live, TokenEvent::Sweep, TokenStateName::Gone),
    (TokenStateName::Used, TokenEvent::Sweep, TokenStateName::Gone),
    (TokenStateName::Expired, TokenEvent::Sweep, TokenStateName::Gone),
];

/// Where an instrument is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstrumentStateName {
    /// In use: the same card or account of its customer matches it.
    Active,
    /// Out of use, for good. It can still be read, changed and revealed, and nothing matches it.
    Deactivated,
}

/// What can happen to an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstrumentEvent {
    /// What it protects is kept for its customer once more, with a token or without.
    Keep,
    /// It is changed, with a token or without.
    Update,
    /// It becomes its customer's default.
    BecomeDefault,
    /// It is taken out of use.
    Deactivate,
    /// It shows its clear details.
    Reveal,
}

/// From a state, on an event, to a state. A pair that is not listed is refused and changes nothing of the instrument:
/// what a deactivated one protects is kept as another.
pub const INSTRUMENT_TABLE: [(InstrumentStateName, InstrumentEvent, InstrumentStateName); 7] = [
    (InstrumentStateName::Active, InstrumentEvent::Keep, InstrumentStateName::Active),
    (InstrumentStateName::Active, InstrumentEvent::Update, InstrumentStateName::Active),
    (InstrumentStateName::Active, InstrumentEvent::BecomeDefault, InstrumentStateName::Active),
    (InstrumentStateName::Active, InstrumentEvent::Reveal, InstrumentStateName::Active),
    (InstrumentStateName::Active, InstrumentEvent::Deactivate, InstrumentStateName::Deactivated),
    (InstrumentStateName::Deactivated, InstrumentEvent::Update, InstrumentStateName::Deactivated),
    (InstrumentStateName::Deactivated, InstrumentEvent::Reveal, InstrumentStateName::Deactivated),
];

/// Where a reusable token is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReusableStateName {
    /// In use: its card matches it within its namespace.
    Living,
    /// Its time is over. Nobody sees it, and its row waits for the sweep, or for whoever wants its card or its place.
    Ended,
    /// The row is gone, and its card and its place are free.
    Gone,
}

/// What can happen to a reusable token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReusableEvent {
    /// Its card comes again, with nothing that differs.
    Match,
    /// Its card comes again with other details.
    Conflict,
    /// What waits beside it is written.
    Resolve,
    /// A part of it is changed.
    Update,
    /// It shows its clear number.
    Reveal,
    /// It is deleted.
    Delete,
    /// The time that is sealed in it is over.
    TimeUp,
    /// The sweep comes by.
    Sweep,
}

/// From a state, on an event, to a state. A pair that is not listed is refused and changes nothing of the token: a card
/// whose token is over or gone becomes another.
pub const REUSABLE_TABLE: [(ReusableStateName, ReusableEvent, ReusableStateName); 10] = [
    (ReusableStateName::Living, ReusableEvent::Match, ReusableStateName::Living),
    (ReusableStateName::Living, ReusableEvent::Conflict, ReusableStateName::Living),
    (ReusableStateName::Living, ReusableEvent::Resolve, ReusableStateName::Living),
    (ReusableStateName::Living, ReusableEvent::Update, ReusableStateName::Living),
    (ReusableStateName::Living, ReusableEvent::Reveal, ReusableStateName::Living),
    (ReusableStateName::Living, ReusableEvent::Delete, ReusableStateName::Gone),
    (ReusableStateName::Living, ReusableEvent::TimeUp, ReusableStateName::Ended),
    (ReusableStateName::Ended, ReusableEvent::Match, ReusableStateName::Gone),
    (ReusableStateName::Ended, ReusableEvent::Conflict, ReusableStateName::Gone),
    (ReusableStateName::Ended, ReusableEvent::Sweep, ReusableStateName::Gone),
];

/// Where a conflict or a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingStateName {
    /// Can be used once.
    Waiting,
    /// Was used.
    Used,
    /// Was not used in time, or what it waited beside is gone.
    Over,
}

/// What can happen to a conflict or a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingEvent {
    /// The conflict is resolved; the session's card becomes a token, matches one or conflicts with one.
    Use,
    /// Half an hour has passed for a conflict, a minute for a session of a card.
    TimeUp,
    /// The token that a conflict waits beside is deleted.
    TokenDeleted,
}

/// From a state, on an event, to a state. A pair that is not listed is refused and changes nothing.
pub const CONFLICT_TABLE: [(WaitingStateName, WaitingEvent, WaitingStateName); 3] = [
    (WaitingStateName::Waiting, WaitingEvent::Use, WaitingStateName::Used),
    (WaitingStateName::Waiting, WaitingEvent::TimeUp, WaitingStateName::Over),
    (WaitingStateName::Waiting, WaitingEvent::TokenDeleted, WaitingStateName::Over),
];

/// As [`CONFLICT_TABLE`]; a session of a card waits beside no token.
pub const SESSION_TABLE: [(WaitingStateName, WaitingEvent, WaitingStateName); 2] = [
    (WaitingStateName::Waiting, WaitingEvent::Use, WaitingStateName::Used),
    (WaitingStateName::Waiting, WaitingEvent::TimeUp, WaitingStateName::Over),
];
