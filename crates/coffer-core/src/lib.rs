//! The vault itself: what may happen to card details and tokens, and what is written when it does.
//!
//! Start with [`Vault`]: it holds the store, the keys, the clock and the randomness, and every use case is a method
//! on it in a file of its own (`create.rs`, `exchange.rs`, `keep.rs`, `update.rs`, `redeem.rs`, `reveal.rs`,
//! `customers.rs`, `list.rs`, `read.rs`, `find.rs`, `session.rs`, `fields.rs`, `forward.rs`, and `reusable/` and
//! `referenced/` for tokens that can be used until they end or are deleted). `once.rs` is for acts that may be asked
//! for again. A use case reads, decides, lets its caller render the reply, and makes one durable [`store::Unit`] of
//! everything it changes.
//!
//! This crate does no I/O of its own, knows no HTTP status and no company's words.

pub mod audit;
mod blank;
mod callers;
mod clock;
mod create;
mod customers;
mod details;
mod erased;
mod exchange;
mod failures;
mod fields;
mod find;
mod forward;
pub mod fsck;
mod index;
mod keep;
mod kept_code;
mod keys;
pub mod lifecycle;
mod list;
pub mod moving;
mod nodes;
mod numbers;
mod once;
pub mod peers;
mod protected;
mod read;
mod redeem;
mod referenced;
mod restored;
mod reusable;
mod reveal;
mod ring_keys;
mod sad;
mod session;
mod start;
pub mod store;
mod sweep;
mod turns;
mod update;
mod vault;

pub use clock::Clock;
pub use create::{Created, NewToken};
pub use customers::{CustomerError, CustomerPut, CustomerView, DefaultInstrument, PutCustomer, Who};
pub use details::{Clear, Contact, ContactPoint, CustomerDetails, Details, InstrumentDetails};
pub use exchange::ExchangeError;
pub use failures::{Failure, FailureReason, network};
pub use fields::{FieldsError, FieldsSession};
pub use find::Named;
pub use forward::{Forward, ForwardOpened, ForwardSource};
pub use keep::{Keep, KeepError, Kept, Made, NewInstrument, Own};
pub use keys::{
    acts::{roots_among, roots_of},
    keep::{Hurry, KeepStep},
    load::open_kek,
    policy::KeyPolicy,
    root::RootError,
    rotate::{Level, RotateError, Rotated},
    source::{KekSource, KekSourceError},
    status::{KeyReport, KeyStatus, NodeKeys},
    waits::KeyWaits,
    walk::WalkSeen,
};
pub use list::{Page, Visit, Walk, WalkError};
pub use numbers::Numbers;
pub use once::{Ask, Asked, Attempt, Once, SavedReply};
pub use protected::{Account, Other, Protected, ProtectedKind};
pub use read::{InstrumentView, TokenView};
pub use redeem::{RedeemError, Redeemed};
pub use referenced::{
    NewReferenced, ReferencedChange, ReferencedDetails, ReferencedError, ReferencedForms, ReferencedPage,
    ReferencedSource, ReferencedView, RevealedReferenced, Side,
};
pub use restored::mark_restored;
pub use reusable::{
    CardFacts, Conflict, Lifetime, NewReusable, ResolveError, ReusableChange, ReusableDetails, ReusableError,
    ReusableNames, ReusableView, RevealReusableError, RevealedReusable, Source, TokenizeError, Tokenized,
};
pub use reveal::{RevealError, Revealed};
pub use sad::SadPolicy;
pub use session::SessionKind;
pub use start::{StartError, VaultParts};
pub use sweep::Swept;
pub use update::{Change, Decide, UpdateError};
pub use vault::{Act, Refused, RequestId, Vault, wiped_json};
