//! Cards that another provider kept, as each dialect takes and names them. A card becomes the request that would have
//! brought it, is read by the dialect's own reader and kept by its own use case, so that nothing holds here that would
//! not hold over HTTP. What a call alone has (a credential, an idempotency key, a browser's risk) is not there.

use std::{fmt, sync::Arc};

use coffer_core::{Act, Lifetime, Refused, RequestId, Vault};
use coffer_tables::Tables;
use coffer_types::{Expiry, Tenant, Timestamp};

use crate::{
    detector,
    dialects::{
        payroc::{self, Terminal},
        rebilly, worldpay,
    },
    json::Node,
};

/// What is known of a card, by the name that a file has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// The card number.
    Pan,
    /// Month and year in one text.
    Expiry,
    /// The month alone.
    ExpMonth,
    /// The year alone.
    ExpYear,
    /// The name on the card.
    Name,
    /// What the other provider, or the merchant, called it.
    Reference,
    /// Whose it is.
    Customer,
    /// What a token is grouped by.
    Namespace,
    /// The address to bill.
    Line1,
    /// Its second line.
    Line2,
    /// Its city.
    City,
    /// Its state or province.
    Region,
    /// Its postal code.
    PostalCode,
    /// Its country.
    Country,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Pan,
        Self::Expiry,
        Self::ExpMonth,
        Self::ExpYear,
        Self::Name,
        Self::Reference,
        Self::Customer,
        Self::Namespace,
        Self::Line1,
        Self::Line2,
        Self::City,
        Self::Region,
        Self::PostalCode,
        Self::Country,
    ];

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pan => "pan",
            Self::Expiry => "expiry",
            Self::ExpMonth => "expMonth",
            Self::ExpYear => "expYear",
            Self::Name => "name",
            Self::Reference => "reference",
            Self::Customer => "customer",
            Self::Namespace => "namespace",
            Self::Line1 => "line1",
            Self::Line2 => "line2",
            Self::City => "city",
            Self::Region => "region",
            Self::PostalCode => "postalCode",
            Self::Country => "country",
        }
    }
}

/// Whether a column is named as what nobody may keep: a verification code, a PIN, a track (PCI DSS 3.3.1).
pub fn is_forbidden_column(name: &str) -> bool {
    detector::is_code(name, &Node::Integer(123))
}

/// Whether a text might be, or hold, a card number.
pub fn might_hold_card(text: &str) -> bool {
    detector::text_holds_card(text)
}

/// One card. Empty texts are none.
#[derive(Clone, Copy)]
pub struct ForeignCard<'c> {
    /// As it came.
    pub pan: &'c str,
    /// Where there is one.
    pub expiry: Option<Expiry>,
    /// The name on it.
    pub name: Option<&'c str>,
    /// Its name there.
    pub reference: &'c str,
    /// Whose it is; whoever has none is called by the reference.
    pub customer: Option<&'c str>,
    /// What its token is grouped by.
    pub namespace: Option<&'c str>,
    /// Where its bills go.
    pub address: Option<ForeignAddress<'c>>,
}

/// The parts of an address.
#[derive(Clone, Copy, Default)]
pub struct ForeignAddress<'c> {
    /// The first line.
    pub line1: Option<&'c str>,
    /// The second line.
    pub line2: Option<&'c str>,
    /// The city.
    pub city: Option<&'c str>,
    /// The state or province.
    pub region: Option<&'c str>,
    /// The postal code.
    pub postal_code: Option<&'c str>,
    /// The country.
    pub country: Option<&'c str>,
}

/// One thing that is wrong with a card. Never says what the value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where.
    pub column: Column,
    /// Which rule it breaks.
    pub message: String,
}

impl Wrong {
    pub(crate) fn new(column: Column, message: impl Into<String>) -> Self {
        Self { column, message: message.into() }
    }

    pub(crate) fn one(column: Column, message: &str) -> Vec<Self> {
        vec![Self::new(column, message)]
    }

    /// By the last name in a field's path. Whatever no column is behind is a matter of the card itself.
    pub(crate) fn at(path: &str, columns: &[(&str, Column)], message: String) -> Self {
        let name = path.rsplit('.').next().unwrap_or(path);
        let known = columns.iter().find(|(field, _)| *field == name);
        Self { column: known.map_or(Column::Pan, |(_, column)| *column), message }
    }
}

/// Why a card was not kept. Nothing was written then.
#[derive(Debug)]
pub enum NotKept {
    /// All that is wrong with it.
    Wrong(Vec<Wrong>),
    /// The vault could not serve.
    Refused(Refused),
}

impl From<Refused> for NotKept {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// What became of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether a token was made; else the card had one already.
    pub made: bool,
    /// Whether the token that was there says other things of the card than the file, and goes on to.
    pub differs: bool,
    /// The token's names, in the order of [`Importer::names`].
    pub names: Vec<String>,
}

/// Which dialect takes the cards.
pub enum Target {
    /// Reusable tokens.
    Worldpay {
        /// How long they live.
        lifetime: Lifetime,
    },
    /// Secure tokens of a terminal, which are called by the cards' references.
    Payroc {
        /// The terminal's id.
        id: String,
        /// What it takes.
        terminal: Terminal,
    },
    /// Instruments of customers.
    Rebilly,
}

/// Takes cards for one tenant.
pub struct Importer {
    pub(crate) vault: Arc<Vault>,
    pub(crate) tenant: Tenant,
    pub(crate) tables: Arc<Tables>,
    /// Scheme and host of links, without a slash at the end.
    pub(crate) public_url: String,
    into: Target,
    actor: Arc<str>,
    process: u64,
}

impl Importer {
    /// For a tenant, in the name of an actor of the audit log.
    pub fn new(
        vault: Arc<Vault>,
        tenant: Tenant,
        actor: &str,
        (tables, public_url): (Arc<Tables>, String),
        into: Target,
    ) -> Result<Self, Refused> {
        let process = u64::from_be_bytes(vault.random()?);
        Ok(Self { vault, tenant, tables, public_url, into, actor: Arc::from(actor), process })
    }

    /// What a token's names are called.
    pub fn names(&self) -> &'static [&'static str] {
        match self.into {
            Target::Worldpay { .. } => &worldpay::import::NAMES,
            Target::Payroc { .. } => &payroc::import::NAMES,
            Target::Rebilly => &rebilly::import::NAMES,
        }
    }

    /// What a card is matched by beside its number: cards that are alike in both have one token. None: nothing matches.
    pub fn group<'c>(&self, card: &ForeignCard<'c>) -> Option<&'c str> {
        match self.into {
            Target::Worldpay { .. } => Some(card.namespace.unwrap_or_default()),
            Target::Payroc { .. } => None,
            Target::Rebilly => Some(rebilly::import::customer(card)),
        }
    }

    /// Looks what would become of a card: whether a token would be made, or all that is wrong with it. Writes nothing.
    pub async fn look(&self, card: &ForeignCard<'_>) -> Result<bool, NotKept> {
        let has_one = match &self.into {
            Target::Worldpay { .. } => worldpay::import::look(self, card).await,
            Target::Payroc { id, terminal } => payroc::import::look(self, (id, terminal), card).await,
            Target::Rebilly => rebilly::import::look(self, card).await,
        };
        has_one.map(|has_one| !has_one)
    }

    /// How many tokens a namespace still takes; none where it has no bound.
    pub async fn places_left(&self, namespace: &str) -> Result<Option<usize>, Refused> {
        match self.into {
            Target::Worldpay { .. } if !namespace.is_empty() => {
                worldpay::import::places_left(self, namespace).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Keeps a card. `row` names the act in the audit log, as a request is named.
    pub async fn keep(&self, card: &ForeignCard<'_>, row: u64) -> Result<Taken, NotKept> {
        let act = Act {
            tenant: self.tenant,
            actor: Arc::clone(&self.actor),
            origin: None,
            request: RequestId { process: self.process, count: row },
            subject: None,
            token: None,
        };
        match &self.into {
            Target::Worldpay { lifetime } => worldpay::import::keep(self, &act, card, *lifetime).await,
            Target::Payroc { id, terminal } => payroc::import::keep(self, &act, (id, terminal), card).await,
            Target::Rebilly => rebilly::import::keep(self, &act, card).await,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.vault.now()
    }
}

impl fmt::Debug for Importer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Importer(..)")
    }
}

impl fmt::Debug for ForeignCard<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ForeignCard(..)")
    }
}
