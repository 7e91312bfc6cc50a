//! The rows of a store. What is secret is a sealed [`Blob`]; what is clear is listed here and nothing else is.

use coffer_crypto::{Blob, Fingerprint, KeyState, Salt, WrappedKey};
use coffer_types::{Bin, Brand, Generation, Last4, Pan, RecordNumber, Tenant, Timestamp, limits};

use super::unit::RecordKey;

/// A row of any table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The short-lived table.
    Token(TokenRow),
    /// A durable table: what customers pay with.
    Instrument(InstrumentRow),
    /// A durable table: who they are.
    Customer(CustomerRow),
    /// A durable table: tokens that can be used until they end.
    Reusable(ReusableRow),
    /// A durable table: what was answered to an act that may be asked for again.
    Reply(ReplyRow),
    /// A unique key and the record that holds it.
    Index {
        /// The unique key.
        key: UniqueKey,
        /// The record.
        holder: RecordNumber,
    },
    /// A wrapped key.
    Key(KeyRow),
}

impl From<TokenRow> for Row {
    fn from(row: TokenRow) -> Self {
        Self::Token(row)
    }
}

impl From<InstrumentRow> for Row {
    fn from(row: InstrumentRow) -> Self {
        Self::Instrument(row)
    }
}

impl From<CustomerRow> for Row {
    fn from(row: CustomerRow) -> Self {
        Self::Customer(row)
    }
}

impl From<ReusableRow> for Row {
    fn from(row: ReusableRow) -> Self {
        Self::Reusable(row)
    }
}

impl From<ReplyRow> for Row {
    fn from(row: ReplyRow) -> Self {
        Self::Reply(row)
    }
}

impl From<KeyRow> for Row {
    fn from(row: KeyRow) -> Self {
        Self::Key(row)
    }
}

/// What may lie in the clear of a card (PCI DSS 3.4.1); other instruments show nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardFace {
    /// First six digits, where showing them leaves enough hidden.
    pub bin: Option<Bin>,
    /// Last four digits.
    pub last4: Last4,
    /// The card scheme, where its range is known.
    pub brand: Option<Brand>,
}

impl CardFace {
    /// What may be seen of this card.
    pub fn of(pan: &Pan) -> Self {
        Self { bin: pan.bin(), last4: pan.last4(), brand: pan.brand() }
    }
}

/// A single-use token. The table is outside every backup, and its rows go after a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// The rising number that the printed token carries.
    pub number: RecordNumber,
    /// Whose it is.
    pub tenant: Tenant,
    /// What it is. Stays what it was.
    pub kind: TokenKind,
    /// Counts the writes of this row.
    pub generation: Generation,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends if nobody uses it: its kind's life later.
    pub expires_at: Timestamp,
    /// Of a card with a number, what may be shown.
    pub face: Option<CardFace>,
    /// Fresh at every write of this row.
    pub salt: Salt,
    /// Sealed names, address, expiry and the dialect's own fields. Stays readable after use, without the card.
    pub details: Blob,
    /// Live, used or blanked; only a live token has what it protects.
    pub state: TokenState,
}

/// What lies in the short-lived table: everything there is used once at most, and within half an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A single-use token. Only these are listed and counted.
    SingleUse,
    /// A card that a browser left for a merchant.
    CardSession,
    /// A verification code that a browser left for a merchant.
    CvvSession,
    /// New details that wait beside a reusable token.
    Conflict,
    /// The fields of a form that a browser fills in, one after the other.
    FieldsSession,
    /// A verification code that outlives the exchange of its token, beside an instrument.
    KeptCode,
}

impl TokenKind {
    /// The stored code. Never renumbered.
    pub fn code(self) -> u8 {
        match self {
            Self::SingleUse => 1,
            Self::CardSession => 2,
            Self::CvvSession => 3,
            Self::Conflict => 4,
            Self::FieldsSession => 5,
            Self::KeptCode => 6,
        }
    }

    /// The kind of a code; none for a code that no kind has.
    pub fn from_code(code: u8) -> Option<Self> {
        let all = [
            Self::SingleUse,
            Self::CardSession,
            Self::CvvSession,
            Self::Conflict,
            Self::FieldsSession,
            Self::KeptCode,
        ];
        all.into_iter().find(|kind| kind.code() == code)
    }

    /// Seconds of its whole life, at most [`limits::SINGLE_USE_SECONDS`].
    pub fn seconds(self) -> i64 {
        match self {
            // A kept code is counted from its token's creation.
            Self::SingleUse | Self::KeptCode => limits::SINGLE_USE_SECONDS,
            Self::CardSession => limits::CARD_SESSION_SECONDS,
            Self::CvvSession => limits::CVV_SESSION_SECONDS,
            Self::Conflict => limits::CONFLICT_SECONDS,
            Self::FieldsSession => limits::FIELDS_SESSION_SECONDS,
        }
    }
}

/// What is left of a single-use token. A token whose time is over can still be stored as live: that it expired follows
/// from the time, and [`Self::Expired`] only says that the sweep has come by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// Can be used until it expires.
    Live {
        /// Sealed [`crate::Protected`].
        protected: Blob,
        /// Sealed CVV and what else is sensitive authentication data, under a key of the ring that lives about half
        /// an hour.
        sad: Option<Blob>,
    },
    /// Was used; what it protected and the CVV are gone from the row.
    Used {
        /// When.
        at: Timestamp,
    },
    /// Was not used in time; the sweep has taken what it protected and the CVV out of the row.
    Expired,
}

impl TokenRow {
    /// The record that this row is.
    pub fn key(&self) -> RecordKey {
        RecordKey::Token(self.tenant, self.number)
    }

    /// Whether the token can still be used: not used, not blanked, and its time is not over.
    pub fn is_live(&self, now: Timestamp) -> bool {
        matches!(self.state, TokenState::Live { .. }) && now < self.expires_at
    }
}

/// A stored instrument. Its type has no place for a CVV (PCI DSS 3.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentRow {
    /// The rising number that the printed id carries.
    pub number: RecordNumber,
    /// Whose it is.
    pub tenant: Tenant,
    /// Counts the writes of this row.
    pub generation: Generation,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Of a card, what may be shown.
    pub face: Option<CardFace>,
    /// Keyed hash, per tenant, of the whole PAN or account (PCI DSS 3.5.1.1); none where nothing tells two apart.
    pub fingerprint: Option<Fingerprint>,
    /// Fresh at every write of this row.
    pub salt: Salt,
    /// Sealed [`crate::Protected`].
    pub protected: Blob,
    /// Sealed customer reference, names, address, expiry and the dialect's own fields.
    pub details: Blob,
}

impl InstrumentRow {
    /// The record that this row is.
    pub fn key(&self) -> RecordKey {
        RecordKey::Instrument(self.tenant, self.number)
    }

    /// What of it lies in the clear.
    pub fn outline(&self) -> InstrumentOutline {
        InstrumentOutline {
            number: self.number,
            generation: self.generation,
            created_at: self.created_at,
            updated_at: self.updated_at,
            face: self.face,
            fingerprint: self.fingerprint,
        }
    }
}

/// What of an instrument lies in the clear: all that a list can look at without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstrumentOutline {
    /// See [`InstrumentRow::number`].
    pub number: RecordNumber,
    /// See [`InstrumentRow::generation`].
    pub generation: Generation,
    /// See [`InstrumentRow::created_at`].
    pub created_at: Timestamp,
    /// See [`InstrumentRow::updated_at`].
    pub updated_at: Timestamp,
    /// See [`InstrumentRow::face`].
    pub face: Option<CardFace>,
    /// See [`InstrumentRow::fingerprint`].
    pub fingerprint: Option<Fingerprint>,
}

/// Whom instruments belong to, as far as the merchant said. All but times is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRow {
    /// The rising number.
    pub number: RecordNumber,
    /// Whose it is.
    pub tenant: Tenant,
    /// Counts the writes of this row.
    pub generation: Generation,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Fresh at every write of this row.
    pub salt: Salt,
    /// Sealed id, names, address and the dialect's own fields.
    pub details: Blob,
}

impl CustomerRow {
    /// The record that this row is.
    pub fn key(&self) -> RecordKey {
        RecordKey::Customer(self.tenant, self.number)
    }
}

/// A reusable token with what it protects. Its type has no place for a CVV (PCI DSS 3.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReusableRow {
    /// The rising number that the printed token carries.
    pub number: RecordNumber,
    /// Whose it is.
    pub tenant: Tenant,
    /// Counts the writes of this row.
    pub generation: Generation,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When the sweep may take it. What ends the token is the same time inside the sealed details.
    pub ends_at: Timestamp,
    /// Of a card, what may be shown.
    pub face: Option<CardFace>,
    /// Keyed hash, per tenant, of the whole PAN or account (PCI DSS 3.5.1.1).
    pub fingerprint: Option<Fingerprint>,
    /// Fresh at every write of this row.
    pub salt: Salt,
    /// Sealed [`crate::Protected`].
    pub protected: Blob,
    /// Sealed names, address, expiry, namespace and all else.
    pub details: Blob,
}

impl ReusableRow {
    /// The record that this row is.
    pub fn key(&self) -> RecordKey {
        RecordKey::Reusable(self.tenant, self.number)
    }
}

/// What was answered to an act that its caller may ask for again under one key, and the act's mark. The key is unique
/// within the tenant: no two rows have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyRow {
    /// The rising number; the time in it says when the key is free again.
    pub number: RecordNumber,
    /// Whose it is.
    pub tenant: Tenant,
    /// Keyed hash of the caller's key.
    pub key: [u8; 16],
    /// Counts the writes of this row: an act with an effect elsewhere is written down before it, and answered after.
    pub generation: Generation,
    /// Fresh at every write of this row.
    pub salt: Salt,
    /// Sealed mark of the sensitive authentication data in what was asked, under a key of the ring that lives about
    /// half an hour.
    pub sad: Option<Blob>,
    /// Sealed mark of what was asked, and the answer.
    pub details: Blob,
}

impl ReplyRow {
    /// The record that this row is.
    pub fn record(&self) -> RecordKey {
        RecordKey::Reply(self.tenant, self.number)
    }
}

/// A key that one record at most may hold. The value is a keyed hash: it tells nothing of what it was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueKey {
    /// Whose it is.
    pub tenant: Tenant,
    /// What it is unique for.
    pub kind: IndexKind,
    /// Keyed hash of what must be unique.
    pub value: [u8; 16],
}

/// What a unique key is for. The codes are stored: never give one a second meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum IndexKind {
    /// An instrument of a customer: eight bytes of the customer's hash, and eight of what tells the instrument apart
    /// from the customer's others, so that all of one customer's lie side by side.
    CustomerInstrument = 1,
    /// The name that a tenant's number was first given to.
    TenantName = 2,
    /// A customer's id.
    CustomerId = 3,
    /// A reusable token's card within its namespace.
    ReusableCard = 4,
    /// One of the places of a namespace: fifteen bytes of its hash and the number of the place, so that all of one
    /// namespace's lie side by side.
    NamespacePlace = 5,
    /// The merchant's reference for a referenced token within its group. Never given back: a reference is used once.
    Reference = 6,
    /// The digits of a referenced token. Never given back.
    Digits = 7,
    /// A referenced token in its group: eight bytes of the group's hash and its number, so that all of one group's lie
    /// side by side, in the order in which they were made.
    GroupMember = 8,
}

impl IndexKind {
    /// The stored code.
    pub fn code(self) -> u8 {
        match self {
            Self::CustomerInstrument => 1,
            Self::TenantName => 2,
            Self::CustomerId => 3,
            Self::ReusableCard => 4,
            Self::NamespacePlace => 5,
            Self::Reference => 6,
            Self::Digits => 7,
            Self::GroupMember => 8,
        }
    }

    /// The kind of a code; none for a code that no kind has.
    pub fn from_code(code: u8) -> Option<Self> {
        let all = [
            Self::CustomerInstrument,
            Self::TenantName,
            Self::CustomerId,
            Self::ReusableCard,
            Self::NamespacePlace,
            Self::Reference,
            Self::Digits,
            Self::GroupMember,
        ];
        all.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether a key of this kind means something where no record holds it: a tenant's name has none, and names of
    /// referenced tokens are used once for ever.
    pub fn outlives_its_holder(self) -> bool {
        matches!(self, Self::TenantName | Self::Reference | Self::Digits)
    }
}

/// A key of the hierarchy, wrapped by the one above it. Its row stays when it is destroyed, without the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The tenant whose key it is; none for a key of the whole deployment.
    pub tenant: Option<Tenant>,
    /// What it is for: a code of `coffer_crypto::KeyPurpose`.
    pub purpose: u8,
    /// Counts the keys of one purpose and tenant, from 1.
    pub version: u32,
    /// Counts the writes of this row.
    pub generation: Generation,
    /// Where it is in its life.
    pub state: KeyState,
    /// The version of the key that wraps it.
    pub under: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it seals; none before. Of a locator key: records that are made from then on are named with it.
    pub active_at: Option<Timestamp>,
    /// When it came into its state.
    pub changed_at: Timestamp,
    /// The wrapped bytes; none when it is destroyed.
    pub wrapped: WrappedKey,
}

impl KeyRow {
    /// The record that this row is.
    pub fn key(&self) -> RecordKey {
        RecordKey::Key(self.id())
    }

    /// Which key it is.
    pub fn id(&self) -> KeyId {
        KeyId { tenant: self.tenant, purpose: self.purpose, version: self.version }
    }
}

/// Names one key of the hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    /// See [`KeyRow::tenant`].
    pub tenant: Option<Tenant>,
    /// See [`KeyRow::purpose`].
    pub purpose: u8,
    /// See [`KeyRow::version`].
    pub version: u32,
}
