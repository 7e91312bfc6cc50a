//! What an operator decides about this dialect.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
    time::Instant,
};

use coffer_types::Tenant;
use zeroize::Zeroizing;

use crate::upstream::Upstream;

/// The terminals that there are, and who processes payments.
#[derive(Debug, Default)]
pub struct PayrocSettings {
    /// By their ids, 4 to 50 characters each; unique on the node.
    pub terminals: HashMap<String, Terminal>,
    /// Who processes payments.
    pub processor: Processor,
}

/// A terminal of a merchant account.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// The merchant account.
    pub tenant: Tenant,
    /// What it takes.
    pub accepts: Accepts,
    /// Whether it takes cards that have expired.
    pub expired_cards: bool,
    /// The names of the custom fields that it knows; all are kept where there is no list (`design.md` section 8).
    pub custom_fields: Option<Vec<String>>,
}

impl Terminal {
    /// One that takes everything but expired cards, and keeps every custom field.
    pub fn of(tenant: Tenant) -> Self {
        let accepts = Accepts { cards: true, ach: true, pad: true };
        Self { tenant, accepts, expired_cards: false, custom_fields: None }
    }
}

/// What a terminal takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepts {
    /// Cards.
    pub cards: bool,
    /// Accounts of the United States.
    pub ach: bool,
    /// Accounts of Canada.
    pub pad: bool,
}

/// Who processes payments.
#[derive(Debug, Default)]
pub enum Processor {
    /// Nobody: payments are refused.
    #[default]
    None,
    /// The rules of the sandbox, which move no money.
    Sandbox,
    /// Somebody else, whom clear details are sent to.
    Upstream(Arc<Forwarding>),
}

/// Where payments are sent.
pub struct Forwarding {
    /// Where.
    pub(super) upstream: Upstream,
    /// Its identity service, where it has one.
    pub(super) identity: Option<Upstream>,
    /// What is shown there: an API key where there is an identity service, else a bearer token.
    pub(super) key: Zeroizing<String>,
    /// The bearer token of the identity service, and until when it is used.
    pub(super) bearer: Mutex<Option<(Zeroizing<String>, Instant)>>,
}

impl Forwarding {
    /// To an upstream, with what is shown there: an API key where there is an identity service that gives bearer tokens
    /// for it, else a bearer token itself.
    pub fn new(upstream: Upstream, identity: Option<Upstream>, key: Zeroizing<String>) -> Self {
        Self { upstream, identity, key, bearer: Mutex::new(None) }
    }
}

impl fmt::Debug for Forwarding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Forwarding({:?})", self.upstream)
    }
}
