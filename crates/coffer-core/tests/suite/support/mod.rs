//! A vault over a store in memory, a clock that the test moves, and randomness that it chose.

mod acts;
mod company;
mod draws;
mod once;
mod referenced;
mod reusables;
mod rotation;
mod search;
mod store;

use std::{
    future::Future,
    path::PathBuf,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use coffer_core::{
    Act, Clear, Clock, Details, ExchangeError, InstrumentDetails, Keep, KekSource, Made, NewToken, Protected,
    RedeemError, RequestId, SadPolicy, StartError, Vault, VaultParts,
    lifecycle::TokenStage,
    peers::Peers,
    store::{InstrumentRow, Model, Store, TokenRow},
};
use coffer_crypto::{Environment, LocatorBytes, RootKey};
use coffer_types::{Cvv, Pan, RecordNumber, Tenant, Timestamp};
use serde_json::Value;

pub(crate) use acts::{
    Visitor, account, contact, counted, details, iban, instrument_of, kept, other, token_of,
};
pub(crate) use company::{Company, Node, wait, while_beating};
pub(crate) use draws::Draws;
pub(crate) use once::{Request, asked, create_once, leave, made, once, reply, request};
pub(crate) use referenced::{ReferencedSeen, key_of, new_referenced, raw, refer, rename, replace, seen};
pub(crate) use reusables::{
    Became, LONG, Offer, ReusableSeen, SHORT, Tokenizing, facts, json_of, line, offer, offer_in, own, pan,
    protected, tokenizing,
};
pub(crate) use rotation::{Before, POLICY, fill, keep, rows_of, sealed_under, states, works};
pub(crate) use search::find;
pub(crate) use store::{Double, Step};

/// Where time stands when a test begins: the first millisecond of a minute and of a slot of the ring.
const START: i64 = 1_800_000_000_000;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const DAY: i64 = 24 * 60 * MINUTE;
/// The whole life of a single-use token.
pub(crate) const LIFE: i64 = 30 * MINUTE;

pub(crate) const VISA: &str = "4111111111111111";
pub(crate) const MASTERCARD: &str = "5555555555554444";
pub(crate) const AMEX: &str = "378282246310005";

/// So many milliseconds after the beginning of the test.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(START + millis)
}

pub(crate) fn tenant(number: u32) -> Tenant {
    Tenant::new(number).unwrap()
}

/// A caller of tenant 1.
pub(crate) fn act() -> Act {
    Act {
        tenant: tenant(1),
        actor: Arc::from("key of one"),
        origin: Some("192.0.2.7".parse().unwrap()),
        request: RequestId { process: 0x00C0_FFEE, count: 7 },
        subject: None,
        token: None,
    }
}

/// A caller of tenant 2.
pub(crate) fn act_of_two() -> Act {
    Act { tenant: tenant(2), actor: Arc::from("key of two"), ..act() }
}

/// What a future gives that never has to wait: everything here runs in memory.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a store in memory answers at once"),
    }
}

/// What futures give that go on side by side: each is asked in its turn until all have ended.
pub(crate) fn together<T>(futures: Vec<Pin<Box<dyn Future<Output = T> + '_>>>) -> Vec<T> {
    let mut under_way: Vec<_> = futures.into_iter().enumerate().collect();
    let mut ended = Vec::new();
    for _ in 0..100_000 {
        under_way.retain_mut(|(index, future)| {
            match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(value) => ended.push((*index, value)),
                Poll::Pending => return true,
            }
            false
        });
        if under_way.is_empty() {
            ended.sort_by_key(|(index, _)| *index);
            return ended.into_iter().map(|(_, value)| value).collect();
        }
    }
    panic!("they wait for each other")
}

/// What a future gives that lets others run between its steps.
pub(crate) fn run_in_steps<T>(future: impl Future<Output = T>) -> T {
    together(vec![Box::pin(future)]).pop().unwrap()
}

/// A card with a code, and personal details and fields of a dialect that name `name`.
pub(crate) fn card(pan: &str, cvv: Option<&str>, name: &str) -> NewToken {
    NewToken {
        protected: Protected::Card(Pan::parse(pan).unwrap()),
        cvv: cvv.map(|cvv| Cvv::parse(cvv).unwrap()),
        reader: None,
        details: details(name),
    }
}

/// The details of [`card`] as JSON.
pub(crate) fn details_of(name: &str) -> Value {
    serde_json::to_value(&card(VISA, None, name).details).unwrap()
}

/// The number and the code of a card in the clear.
pub(crate) fn clear(clear: &Clear) -> (String, Option<String>) {
    let Protected::Card(pan) = &clear.protected else { panic!("no card: {clear:?}") };
    (pan.expose().to_owned(), clear.cvv.as_ref().map(|cvv| cvv.expose().to_owned()))
}

pub(crate) fn root() -> RootKey {
    RootKey::parse_hex(&"5a".repeat(32)).unwrap()
}

/// How a vault is opened; a test changes what it is about.
pub(crate) struct Setup {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) root: RootKey,
    pub(crate) environment: Environment,
    pub(crate) tenants: Vec<Tenant>,
    /// Behind every organization's name.
    pub(crate) suffix: &'static str,
    pub(crate) ring: Option<PathBuf>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) draws: Arc<Draws>,
    pub(crate) node: u16,
    pub(crate) peers: Option<Arc<dyn Peers>>,
    pub(crate) sad: SadPolicy,
}

impl Setup {
    /// Two tenants, a ring in memory, time at [`START`].
    pub(crate) fn over(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            root: root(),
            environment: Environment::Sandbox,
            tenants: vec![tenant(1), tenant(2)],
            suffix: "",
            ring: None,
            clock: Arc::new(Clock::stopped(at(0))),
            draws: Draws::seeded(1),
            node: 0,
            peers: None,
            sad: SadPolicy::default(),
        }
    }

    pub(crate) fn open(self) -> Result<Vault, StartError> {
        run(self.start()).map(|vault| *vault)
    }

    /// The same where a start may have to wait for other nodes.
    pub(crate) async fn start(mut self) -> Result<Box<Vault>, StartError> {
        let root = std::mem::replace(&mut self.root, root());
        self.start_with(Arc::new(root)).await
    }

    /// The same by what stands above the keys.
    pub(crate) async fn start_with(self, source: Arc<dyn KekSource>) -> Result<Box<Vault>, StartError> {
        let parts = VaultParts {
            store: self.store,
            environment: self.environment,
            tenants: self
                .tenants
                .iter()
                .map(|tenant| (*tenant, format!("org_{}{}", tenant.get(), self.suffix)))
                .collect(),
            rings: self.ring.into_iter().collect(),
            clock: self.clock,
            entropy: self.draws,
            node: self.node,
            peers: self.peers,
            sad: self.sad,
        };
        Box::pin(async { Vault::open(parts, source).await.map(Box::new) }).await
    }
}

/// A running vault and everything around it.
pub(crate) struct World {
    pub(crate) vault: Vault,
    pub(crate) model: Arc<Model>,
    /// The vault's store: the model, with hooks between.
    pub(crate) store: Arc<Double>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) draws: Arc<Draws>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_ring(None)
    }

    pub(crate) fn with_ring(ring: Option<PathBuf>) -> Self {
        Self::with_sad(ring, SadPolicy::default())
    }

    /// Tenant 1 keeps codes through an exchange, and tenant 2 does not.
    pub(crate) fn keeping() -> Self {
        Self::with_sad(None, SadPolicy::Stored { kept_by: [tenant(1)].into() })
    }

    pub(crate) fn with_sad(ring: Option<PathBuf>, sad: SadPolicy) -> Self {
        let model = Arc::new(Model::new());
        let store = Double::over(&model);
        let setup = Setup { ring, sad, ..Setup::over(Arc::clone(&store) as Arc<dyn Store>) };
        let (clock, draws) = (Arc::clone(&setup.clock), Arc::clone(&setup.draws));
        Self { vault: setup.open().unwrap(), model, store, clock, draws }
    }

    /// A second vault over the same store, as another node would be; no hook sees what it does.
    pub(crate) fn neighbour(&self) -> Vault {
        let setup = Setup::over(Arc::clone(&self.model) as Arc<dyn Store>);
        Setup { node: 1, draws: Draws::seeded(99), clock: Arc::clone(&self.clock), ..setup }.open().unwrap()
    }

    pub(crate) fn create(&self, act: &Act, new: &NewToken) -> LocatorBytes {
        run(self.vault.create(act, new, |created| created.locator)).unwrap()
    }

    /// Redeems for tenant 1.
    pub(crate) fn redeem(&self, token: &LocatorBytes) -> Result<(String, Option<String>), RedeemError> {
        run(self.vault.redeem(&act(), self.number(token), |redeemed| clear(&redeemed.clear)))
    }

    /// Exchanges and gives back what the caller would see.
    pub(crate) fn exchange(
        &self,
        act: &Act,
        token: &LocatorBytes,
        customer: &str,
    ) -> Result<(Seen, bool), ExchangeError> {
        exchange(&self.vault, act, token, customer)
    }

    pub(crate) fn number(&self, token: &LocatorBytes) -> RecordNumber {
        self.vault.locate_token(token).unwrap().1
    }

    /// The stage that a read by tenant 1 shows; none when there is no such token.
    pub(crate) fn stage(&self, token: &LocatorBytes) -> Option<TokenStage> {
        run(self.vault.read_token(tenant(1), token)).unwrap().map(|view| view.stage)
    }

    /// The row as it lies in the store.
    pub(crate) fn token_row(&self, token: &LocatorBytes) -> Option<TokenRow> {
        run(self.model.token(tenant(1), self.number(token))).unwrap()
    }

    /// The row as it lies in the store.
    pub(crate) fn instrument_row(&self, id: &LocatorBytes) -> InstrumentRow {
        let (tenant, number) = self.vault.locate_instrument(id).unwrap();
        run(self.model.instrument(tenant, number)).unwrap().unwrap()
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        lines(&*self.model)
    }
}

/// An instrument as a caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) locator: LocatorBytes,
    pub(crate) generation: u32,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Empty where there is no card with a number.
    pub(crate) last4: String,
    pub(crate) fingerprint: Option<[u8; 16]>,
    pub(crate) details: Value,
}

impl From<&coffer_core::InstrumentView> for Seen {
    fn from(view: &coffer_core::InstrumentView) -> Self {
        Self {
            locator: view.locator,
            generation: view.generation.get(),
            created_at: view.created_at,
            updated_at: view.updated_at,
            last4: view.face.map_or_else(String::new, |face| face.last4.as_str().to_owned()),
            fingerprint: view.fingerprint.map(|fingerprint| *fingerprint.as_bytes()),
            details: serde_json::to_value(&view.details).unwrap(),
        }
    }
}

pub(crate) fn exchange(
    vault: &Vault,
    act: &Act,
    token: &LocatorBytes,
    customer: &str,
) -> Result<(Seen, bool), ExchangeError> {
    run(vault.exchange(act, token, Keep { customer, own: &no_own }, kept))
}

/// A dialect without fields of its own.
pub(crate) fn no_own(_: &Details, _: Option<&InstrumentDetails>) -> Made {
    Made::default()
}

/// The audit log, line by line. Its chain is checked on the way.
pub(crate) fn lines(store: &dyn Store) -> Vec<Value> {
    let frames = run(store.frames(None, u32::MAX)).unwrap();
    let mut previous = [0; 32];
    let mut lines = Vec::new();
    for frame in &frames {
        assert!(frame.is_intact() && frame.previous == previous, "the log is chained");
        previous = frame.hash;
        let records = frame.records.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.extend(records.map(|line| serde_json::from_slice::<Value>(line).unwrap()));
    }
    lines
}

/// The lines of one action.
pub(crate) fn lines_of(store: &dyn Store, action: &str) -> Vec<Value> {
    lines(store).into_iter().filter(|line| line["action"] == action).collect()
}
