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
    /// Becomes a referenced token, or what one protects from now on.
    Refer,
    /// Given out to be sent on in its place.
    Forward,
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
pub const TOKEN_TABLE: [(TokenStateName, TokenEvent, TokenStateName); 9] = [
    (TokenStateName::Live, TokenEvent::Exchange, TokenStateName::Used),
    (TokenStateName::Live, TokenEvent::Redeem, TokenStateName::Used),
    (TokenStateName::Live, TokenEvent::Update, TokenStateName::Used),
    (TokenStateName::Live, TokenEvent::Refer, TokenStateName::Used),
    (TokenStateName::Live, TokenEvent::Forward, TokenStateName::Used),
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

/// What can happen to a session of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldsEvent {
    /// A field is filled in.
    Fill,
    /// What is filled in becomes a single-use token.
    Finish,
    /// Ten minutes have passed since it was opened.
    TimeUp,
}

/// From a state, on an event, to a state. A pair that is not listed is refused and changes nothing.
pub const FIELDS_TABLE: [(WaitingStateName, FieldsEvent, WaitingStateName); 3] = [
    (WaitingStateName::Waiting, FieldsEvent::Fill, WaitingStateName::Waiting),
    (WaitingStateName::Waiting, FieldsEvent::Finish, WaitingStateName::Used),
    (WaitingStateName::Waiting, FieldsEvent::TimeUp, WaitingStateName::Over),
];

/// Where a code is in its life that its tenant keeps through an exchange, beside an instrument or a referenced token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptCodeStateName {
    /// Leaves with the instrument the first time that it leaves.
    Kept,
    /// Is nowhere: the instrument leaves without it.
    Gone,
}

/// What can happen to a kept code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptCodeEvent {
    /// The instrument shows its clear details.
    Reveal,
    /// What the instrument protects is given out to be sent on in its place.
    Forward,
    /// The instrument is changed without a token.
    Change,
    /// A token without a code is used on the instrument, or the same card is kept once more.
    Replace,
    /// A token with a code is used on the instrument.
    Bring,
    /// The instrument is deactivated or deleted.
    Retire,
    /// Thirty minutes have passed since the creation of the token that brought it.
    TimeUp,
}

/// From a state, on an event, to a state. A pair that is not listed changes nothing.
pub const KEPT_CODE_TABLE: [(KeptCodeStateName, KeptCodeEvent, KeptCodeStateName); 8] = [
    (KeptCodeStateName::Kept, KeptCodeEvent::Reveal, KeptCodeStateName::Gone),
    (KeptCodeStateName::Kept, KeptCodeEvent::Forward, KeptCodeStateName::Gone),
    (KeptCodeStateName::Kept, KeptCodeEvent::Change, KeptCodeStateName::Kept),
    (KeptCodeStateName::Kept, KeptCodeEvent::Replace, KeptCodeStateName::Gone),
    (KeptCodeStateName::Kept, KeptCodeEvent::Bring, KeptCodeStateName::Kept),
    (KeptCodeStateName::Kept, KeptCodeEvent::Retire, KeptCodeStateName::Gone),
    (KeptCodeStateName::Kept, KeptCodeEvent::TimeUp, KeptCodeStateName::Gone),
    (KeptCodeStateName::Gone, KeptCodeEvent::Bring, KeptCodeStateName::Kept),
];

/// Where a reference of a merchant's is in its life, and the token that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceStateName {
    /// Nobody used it within its group.
    Free,
    /// It names a referenced token.
    Named,
    /// Its token was deleted. It is nobody's for ever.
    Burned,
}

/// What can happen to a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceEvent {
    /// A referenced token is made under it.
    Create,
    /// Its token is changed.
    Update,
    /// Its token protects something else from now on.
    Replace,
    /// Its token shows its clear number.
    Reveal,
    /// What its token protects is given out to be sent on in its place.
    Forward,
    /// Its token is deleted.
    Delete,
    /// However much time passes, and the sweep comes by.
    Sweep,
}

/// From a state, on an event, to a state. A pair that is not listed is refused and changes nothing.
pub const REFERENCE_TABLE: [(ReferenceStateName, ReferenceEvent, ReferenceStateName); 6] = [
    (ReferenceStateName::Free, ReferenceEvent::Create, ReferenceStateName::Named),
    (ReferenceStateName::Named, ReferenceEvent::Update, ReferenceStateName::Named),
    (ReferenceStateName::Named, ReferenceEvent::Replace, ReferenceStateName::Named),
    (ReferenceStateName::Named, ReferenceEvent::Reveal, ReferenceStateName::Named),
    (ReferenceStateName::Named, ReferenceEvent::Forward, ReferenceStateName::Named),
    (ReferenceStateName::Named, ReferenceEvent::Delete, ReferenceStateName::Burned),
];

/// Where a key is in its life, under which an act may be asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyStateName {
    /// Nobody asked under it, or seven days ago.
    Free,
    /// What was asked has an effect elsewhere, and may still be on its way.
    Underway,
    /// It has an effect elsewhere, and whether it came to its end is not known.
    Unknown,
    /// It was done or refused, and this is answered from now on.
    Answered,
}

/// What can happen to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyEvent {
    /// An act without an effect elsewhere is done, or refused.
    Act,
    /// An act with an effect elsewhere is about to be sent.
    Begin,
    /// What was sent was answered.
    End,
    /// The longest time is over that an upstream may take.
    UpstreamTimeUp,
    /// Seven days have passed since it was taken.
    TimeUp,
}

/// From a state, on an event, to a state. A pair that is not listed is refused and changes nothing.
pub const REPLY_TABLE: [(ReplyStateName, ReplyEvent, ReplyStateName); 8] = [
    (ReplyStateName::Free, ReplyEvent::Act, ReplyStateName::Answered),
    (ReplyStateName::Free, ReplyEvent::Begin, ReplyStateName::Underway),
    (ReplyStateName::Underway, ReplyEvent::End, ReplyStateName::Answered),
    (ReplyStateName::Underway, ReplyEvent::UpstreamTimeUp, ReplyStateName::Unknown),
    (ReplyStateName::Underway, ReplyEvent::TimeUp, ReplyStateName::Free),
    (ReplyStateName::Unknown, ReplyEvent::End, ReplyStateName::Answered),
    (ReplyStateName::Unknown, ReplyEvent::TimeUp, ReplyStateName::Free),
    (ReplyStateName::Answered, ReplyEvent::TimeUp, ReplyStateName::Free),
];
