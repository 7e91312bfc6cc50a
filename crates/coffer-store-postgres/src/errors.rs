//! What can go wrong, sorted by what must follow from it.

use coffer_core::store::StoreError;
use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::rows::cells::Unreadable;

/// Why a store could not be opened, or its tables not be made. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address of the database is not one that is allowed.
    #[error(transparent)]
    Address(#[from] crate::AddressError),
    /// The database could not be reached, or it let nobody in. The text is the driver's, without what was sent.
    #[error("the database cannot be used: {reason}")]
    Unreachable {
        /// Why, without host, user or password.
        reason: String,
    },
    /// There are no tables yet.
    #[error("the database holds no store yet: `coffer migrate` makes its tables")]
    Empty,
    /// There are tables of the same names that are not ours.
    #[error("the database holds tables of something else")]
    NotAStore,
    /// The tables are older than this program.
    #[error("the store has schema version {found}, this program needs {wanted}: `coffer migrate` widens it")]
    Older {
        /// What the database says.
        found: i64,
        /// What this program needs.
        wanted: i64,
    },
    /// The tables are newer than this program can work with.
    #[error(
        "the store has schema version {found}, and programs below {oldest} cannot use it: this one knows {wanted}"
    )]
    Newer {
        /// What the database says.
        found: i64,
        /// The oldest version that a program may have.
        oldest: i64,
        /// What this program knows.
        wanted: i64,
    },
    /// The store belongs to another environment.
    #[error("the store belongs to the environment {found:?}, not to {wanted:?}")]
    Environment {
        /// What the database says.
        found: String,
        /// What was asked for.
        wanted: &'static str,
    },
    /// An import into the store has begun and not ended.
    #[error("an import into this store was not finished: run `coffer import` again")]
    Importing,
    /// Nodes of an older version would not find what they need any more.
    #[error("{nodes} nodes of an older version are running: stop them before the tables are narrowed")]
    StillRunning {
        /// How many.
        nodes: i64,
    },
    /// Others changed the tables at the same time, again and again.
    #[error("somebody else is changing the tables of this database")]
    Contended,
    /// The engine failed with this SQLSTATE.
    #[error("the database failed: {}", explained(state))]
    Engine {
        /// Five characters; `-----` where the failure was not the engine's.
        state: String,
    },
    /// The store's own thread could not be started.
    #[error("the store's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(state) => Self::Engine { state: state.code().to_owned() },
            None => Self::Unreachable { reason: reason(&error) },
        }
    }
}

impl From<PoolError> for OpenError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => refused_at_the_door(&error),
            PoolError::Timeout(_) => Self::Unreachable { reason: "no answer in time".to_owned() },
            _ => Self::Unreachable { reason: "no connection".to_owned() },
        }
    }
}

/// A connection that was not made.
fn refused_at_the_door(error: &tokio_postgres::Error) -> OpenError {
    OpenError::Unreachable { reason: told(error) }
}

/// What an operator is told of an error: what the database means, or what the system or TLS says. No text of the
/// database's own, which can repeat values.
pub(crate) fn told(error: &tokio_postgres::Error) -> String {
    error.code().map_or_else(|| reason(error), |state| explained(state.code()))
}

/// A SQLSTATE with what is mostly meant by it.
fn explained(state: &str) -> String {
    let meaning = match state {
        "28P01" => "it refuses the password of this role, or there is no such role",
        "28000" => "it lets this role in from nowhere, or not in this way (pg_hba.conf)",
        "3D000" => "there is no database of this name",
        "42501" => "this role may not do this: it needs the rights of the tables' owner",
        "42P01" | "42703" => "a table or column of the store is not there",
        "53100" => "its disk is full",
        "53300" => "it has no free connection",
        "57P01" | "57P02" | "57P03" => "it is stopping or starting",
        "25006" => "it takes no writes: a standby, or read-only",
        _ => return format!("SQLSTATE {state}"),
    };
    format!("{meaning} (SQLSTATE {state})")
}

/// What the system or TLS says below the driver's own words. Neither repeats a secret.
fn reason(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut below = std::error::Error::source(error);
    while let Some(error) = below {
        text = error.to_string();
        below = error.source();
    }
    text
}

/// What a failed statement means for the one who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The connection is gone or may not write: whether a commit under way was made is not known.
    Broken,
    /// A row is there already.
    Taken,
    /// Others were in the way: the same again may succeed.
    InTheWay,
    /// The engine has no room, or refuses for a reason of its own. Nothing was written.
    Refused,
    /// A row does not decode.
    Unreadable,
}

impl From<Unreadable> for Trouble {
    fn from(_: Unreadable) -> Self {
        Self::Unreadable
    }
}

impl From<&tokio_postgres::Error> for Trouble {
    fn from(error: &tokio_postgres::Error) -> Self {
        let Some(state) = error.code() else { return Self::Broken };
        if *state == SqlState::UNIQUE_VIOLATION {
            return Self::Taken;
        }
        // Of class 57 only a statement that took too long leaves the connection as it was; 25006 is a standby; after
        // 40003 nobody knows.
        match (state.code().get(..2).unwrap_or_default(), state.code()) {
            ("08", _) | (_, "25006" | "25P03" | "40003") => Self::Broken,
            ("40", _) | (_, "55P03" | "57014") => Self::InTheWay,
            ("57", _) => Self::Broken,
            _ => Self::Refused,
        }
    }
}

impl Trouble {
    /// What the caller of a read gets.
    pub(crate) fn of_a_read(self, table: &'static str) -> StoreError {
        match self {
            Self::Unreadable => StoreError::Corrupt { table },
            _ => StoreError::Unavailable,
        }
    }
}

/// The SQLSTATE, the only thing of an engine's error that is logged: its texts can repeat values.
pub(crate) fn state(error: &tokio_postgres::Error) -> &str {
    error.code().map_or("-----", SqlState::code)
}

/// Whether the database has no room, or its disk fails: then it takes nothing of anybody.
pub(crate) fn is_for_want_of_room(error: &tokio_postgres::Error) -> bool {
    ["53", "58"].iter().any(|class| state(error).starts_with(class))
}
