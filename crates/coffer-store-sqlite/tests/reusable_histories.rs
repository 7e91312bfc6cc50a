//! Random histories of reusable tokens: a small oracle of plain values says what each act must answer, and what many
//! threads did at once is what the model does in the order of the commits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use coffer_core::{
    Act, CardFacts, Clock, Contact, Lifetime, NewReusable, Protected, RequestId, ReusableChange,
    ReusableError, ReusableView, RevealReusableError, Source, Swept, TokenizeError, Tokenized, Vault,
    VaultParts,
    audit::Frame,
    store::{
        CounterKey, CustomerRow, Gauges, IndexKind, InstrumentRow, KeyRow, Model, OldestProtected, Outcome,
        Pending, Position, Put, ReusableRow, Row, Store, Stretch, TokenRow, UniqueKey, Unit, Window,
        contract::block_on,
    },
};
use coffer_crypto::{Entropy, EntropyError, Environment, LocatorBytes, RootKey};
use coffer_types::{Expiry, Pan, RecordNumber, Tenant, Timestamp};
use common::{History, Random, facts as audit_of, folder, open, replay};

const START: i64 = 1_800_000_000;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const NAMESPACES: [Option<&str>; 4] = [None, Some("a"), Some("b"), Some("")];
/// More than a namespace has places.
const CARDS: u64 = 20;
const PLACES: usize = 16;
const MONTH: i64 = 30 * DAY;
const UPDATES: usize = 50;

// What is kept beside a card, as numbers.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Plain {
    holder: Option<u64>,
    expiry: Option<u64>,
    city: Option<u64>,
    reference: Option<u64>,
}

impl Plain {
    fn random(random: &mut Random) -> Self {
        let mut one = || random.pick(&[None, Some(1), Some(1), Some(1), Some(2)]);
        Self { holder: one(), expiry: one(), city: one(), reference: one() }
    }

    fn facts(self) -> CardFacts {
        CardFacts {
            holder: self.holder.map(|value| format!("holder {value}")),
            expiry: self.expiry.map(|value| Expiry::new(2030, i64::try_from(value).unwrap()).unwrap()),
            contact: self
                .city
                .map(|value| Contact { city: Some(format!("city {value}")), ..Contact::default() }),
            scheme_reference: self.reference.map(|value| format!("reference {value}")),
        }
    }

    /// What a vault gave back is one of those that it was given.
    fn of(facts: &CardFacts) -> Self {
        let found = |take: fn(Option<u64>) -> Self| {
            let all = [None, Some(1), Some(2)].map(take);
            let same = |plain: &Self| {
                let (mine, empty) = (plain.facts(), CardFacts::default());
                (mine.holder.is_none() || mine.holder == facts.holder)
                    && (mine.expiry.is_none() || mine.expiry == facts.expiry)
                    && (mine.contact.is_none() || mine.contact == facts.contact)
                    && (mine.scheme_reference.is_none() || mine.scheme_reference == facts.scheme_reference)
                    && mine != empty
            };
            all.into_iter().find(same).unwrap_or_default()
        };
        let plain = Self {
            holder: found(|holder| Self { holder, ..Self::default() }).holder,
            expiry: found(|expiry| Self { expiry, ..Self::default() }).expiry,
            city: found(|city| Self { city, ..Self::default() }).city,
            reference: found(|reference| Self { reference, ..Self::default() }).reference,
        };
        assert!(plain.facts() == *facts, "nothing else came back");
        plain
    }
}

// What acts are asked and what they answer, for the oracle and for the vault.

#[derive(Clone, Debug)]
enum Asked {
    Create { namespace: usize, card: u64, facts: Plain, words: u64, ends: Option<i64> },
    Resolve(usize),
    ReadConflict(usize),
    Describe(usize, u64),
    Change(usize, Plain),
    Delete(usize),
    Read(usize),
    Query(usize),
    Reveal(usize),
}

/// A token as it is seen; its name is its place in the order of creation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct View {
    name: usize,
    namespace: usize,
    facts: Plain,
    words: u64,
    ends: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Created(View),
    Matched(View),
    Conflicting(View, Plain, i64),
    Full,
    Done,
    Unknown,
    TooMany,
    Seen(View),
    Listed(Vec<View>),
    Waiting(View, Plain, i64),
    Opened(u64, View),
}

impl Answer {
    const KINDS: usize = 11;

    fn kind(&self) -> usize {
        match self {
            Self::Created(_) => 0,
            Self::Matched(_) => 1,
            Self::Conflicting(..) => 2,
            Self::Full => 3,
            Self::Done => 4,
            Self::Unknown => 5,
            Self::TooMany => 6,
            Self::Seen(_) => 7,
            Self::Listed(_) => 8,
            Self::Waiting(..) => 9,
            Self::Opened(..) => 10,
        }
    }
}

// The oracle: lists, and a look through all of them for each question.

struct Token {
    tenant: u32,
    card: u64,
    view: View,
    since: i64,
    updates: Vec<i64>,
}

struct Waits {
    tenant: u32,
    token: usize,
    facts: Plain,
    ends: i64,
    over: bool,
}

struct Oracle {
    now: i64,
    lifetime: Lifetime,
    tokens: Vec<Token>,
    gone: BTreeSet<usize>,
    conflicts: Vec<Waits>,
}

impl Oracle {
    fn living(&self, tenant: u32, name: usize) -> bool {
        let there =
            self.tokens.get(name).filter(|token| token.tenant == tenant && token.view.ends > self.now);
        there.is_some() && !self.gone.contains(&name)
    }

    fn in_namespace(&self, tenant: u32, namespace: usize) -> Vec<usize> {
        let names = (0..self.tokens.len()).filter(|name| self.living(tenant, *name));
        names.filter(|name| self.tokens[*name].view.namespace == namespace).collect()
    }

    fn used(&mut self, name: usize) {
        let (now, token) = (self.now, &mut self.tokens[name]);
        let (had, left) = (token.view.ends - token.since, token.view.ends - now);
        let ends = now + self.lifetime.seconds;
        if self.lifetime.extends && left * 2 < had && ends > token.view.ends {
            (token.since, token.view.ends) = (now, ends);
        }
    }

    fn update(&mut self, tenant: u32, name: usize, change: impl FnOnce(&mut View)) -> Answer {
        if !self.living(tenant, name) {
            return Answer::Unknown;
        }
        let (now, token) = (self.now, &mut self.tokens[name]);
        if token.updates.iter().filter(|at| now - **at < MONTH).count() >= UPDATES {
            return Answer::TooMany;
        }
        token.updates.push(now);
        change(&mut token.view);
        Answer::Done
    }

    fn ask(&mut self, tenant: u32, asked: &Asked) -> Answer {
        match asked.clone() {
            Asked::Create { namespace, card, facts, words, ends } => {
                self.create(tenant, namespace, card, facts, words, ends)
            }
            Asked::Resolve(index) => match self.conflict(tenant, index) {
                None => Answer::Unknown,
                Some((token, facts)) => {
                    let answer = self.update(tenant, token, |view| lay_over(&mut view.facts, facts));
                    self.conflicts[index].over = answer == Answer::Done;
                    answer
                }
            },
            Asked::ReadConflict(index) => match self.conflict(tenant, index) {
                None => Answer::Unknown,
                Some((token, facts)) => {
                    Answer::Waiting(self.tokens[token].view.clone(), facts, self.conflicts[index].ends)
                }
            },
            Asked::Describe(name, words) => self.update(tenant, name, |view| view.words = words),
            Asked::Change(name, facts) => self.update(tenant, name, |view| lay_over(&mut view.facts, facts)),
            Asked::Delete(name) if self.living(tenant, name) => {
                self.gone.insert(name);
                Answer::Done
            }
            Asked::Read(name) if self.living(tenant, name) => Answer::Seen(self.tokens[name].view.clone()),
            Asked::Reveal(name) if self.living(tenant, name) => {
                self.used(name);
                Answer::Opened(self.tokens[name].card, self.tokens[name].view.clone())
            }
            Asked::Delete(_) | Asked::Read(_) | Asked::Reveal(_) => Answer::Unknown,
            Asked::Query(namespace) => {
                let names = self.in_namespace(tenant, namespace).into_iter().rev();
                Answer::Listed(names.map(|name| self.tokens[name].view.clone()).collect())
            }
        }
    }

    fn conflict(&self, tenant: u32, index: usize) -> Option<(usize, Plain)> {
        let conflict = self.conflicts.get(index)?;
        let waits = conflict.tenant == tenant && !conflict.over && conflict.ends > self.now;
        (waits && self.living(tenant, conflict.token)).then_some((conflict.token, conflict.facts))
    }

    fn create(
        &mut self,
        tenant: u32,
        namespace: usize,
        card: u64,
        facts: Plain,
        words: u64,
        ends: Option<i64>,
    ) -> Answer {
        let there = self.in_namespace(tenant, namespace);
        if let Some(name) = there.iter().find(|name| self.tokens[**name].card == card) {
            self.used(*name);
            let view = self.tokens[*name].view.clone();
            let other = |stored: Option<u64>, offered: Option<u64>| offered.filter(|_| offered != stored);
            let differing = Plain {
                holder: other(view.facts.holder, facts.holder),
                expiry: other(view.facts.expiry, facts.expiry),
                city: other(view.facts.city, facts.city),
                reference: other(view.facts.reference, facts.reference),
            };
            if differing == Plain::default() {
                return Answer::Matched(view);
            }
            let ends = self.now + 1_800;
            self.conflicts.push(Waits { tenant, token: *name, facts: differing, ends, over: false });
            return Answer::Conflicting(view, differing, ends);
        }
        if NAMESPACES[namespace].is_some() && there.len() == PLACES {
            return Answer::Full;
        }
        let ends = ends.unwrap_or(self.now + self.lifetime.seconds);
        let view = View { name: self.tokens.len(), namespace, facts, words, ends };
        self.tokens.push(Token { tenant, card, view: view.clone(), since: self.now, updates: Vec::new() });
        Answer::Created(view)
    }
}

fn lay_over(stored: &mut Plain, offered: Plain) {
    stored.holder = offered.holder.or(stored.holder);
    stored.expiry = offered.expiry.or(stored.expiry);
    stored.city = offered.city.or(stored.city);
    stored.reference = offered.reference.or(stored.reference);
}

// The vault, asked the same.

struct Draws(AtomicU64);

impl Entropy for Draws {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        let mut random = Random::new(self.0.fetch_add(1, Ordering::Relaxed));
        for byte in out {
            *byte = u8::try_from(random.below(256)).unwrap();
        }
        Ok(())
    }
}

fn tenant(number: u32) -> Tenant {
    Tenant::new(number).unwrap()
}

fn act(number: u32) -> Act {
    let request = RequestId { process: 1, count: 1 };
    Act { tenant: tenant(number), actor: Arc::from("key"), origin: None::<IpAddr>, request }
}

fn seconds(at: Timestamp) -> i64 {
    assert_eq!(at.millis() % 1_000, 0, "a whole second");
    at.millis() / 1_000
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn pan(card: u64) -> String {
    let body = format!("411111{card:09}");
    let digits = body.bytes().rev().map(|digit| u32::from(digit - b'0')).enumerate();
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits.map(|(place, digit)| if place % 2 == 0 { doubled(digit) } else { digit }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn card_of(protected: &Protected) -> u64 {
    let Protected::Card(pan) = protected else { panic!("a card") };
    pan.expose()[6..15].parse().unwrap()
}

struct Real {
    store: Arc<dyn Store>,
    clock: Arc<Clock>,
    vault: Vault,
    lifetime: Lifetime,
    /// The names of the oracle, as numbers of the vault.
    names: Mutex<Vec<RecordNumber>>,
    conflicts: Mutex<Vec<LocatorBytes>>,
}

impl Real {
    fn over(store: Arc<dyn Store>, lifetime: Lifetime, seed: u64) -> Self {
        let clock = Arc::new(Clock::stopped(at(START)));
        let vault = start(&store, &clock, seed);
        Self { store, clock, vault, lifetime, names: Mutex::default(), conflicts: Mutex::default() }
    }

    fn number(&self, name: usize) -> RecordNumber {
        self.names.lock().unwrap().get(name).copied().unwrap_or(RecordNumber::MAX)
    }

    fn view(&self, view: &ReusableView) -> View {
        let mut names = self.names.lock().unwrap();
        let known = names.iter().position(|number| *number == view.number);
        let name = known.unwrap_or_else(|| {
            names.push(view.number);
            names.len() - 1
        });
        let namespace = NAMESPACES.iter().position(|one| *one == view.details.namespace.as_deref());
        View {
            name,
            namespace: namespace.unwrap(),
            facts: Plain::of(&view.details.facts),
            words: view.details.description.parse().unwrap(),
            ends: seconds(view.details.ends_at),
        }
    }

    async fn ask(&self, act: &Act, asked: &Asked) -> Answer {
        let (vault, tenant) = (&self.vault, act.tenant);
        let changed = |result: Result<(), ReusableError>| match result {
            Ok(()) => Answer::Done,
            Err(ReusableError::Unknown) => Answer::Unknown,
            Err(ReusableError::TooManyUpdates) => Answer::TooMany,
            Err(ReusableError::Refused(refused)) => panic!("{asked:?}: {refused}"),
        };
        match asked {
            Asked::Create { .. } => self.create(act, asked).await,
            Asked::Resolve(index) => changed(vault.resolve_conflict(act, &self.conflict_name(*index)).await),
            Asked::ReadConflict(index) => {
                match vault.read_conflict(act, &self.conflict_name(*index)).await.unwrap() {
                    None => Answer::Unknown,
                    Some((view, waits)) => {
                        Answer::Waiting(self.view(&view), Plain::of(&waits.facts), seconds(waits.ends_at))
                    }
                }
            }
            Asked::Describe(name, words) => {
                let change = ReusableChange::Description(words.to_string());
                changed(vault.update_reusable(act, self.number(*name), &change).await)
            }
            Asked::Change(name, facts) => {
                let change = ReusableChange::Facts(facts.facts());
                changed(vault.update_reusable(act, self.number(*name), &change).await)
            }
            Asked::Delete(name) => changed(vault.delete_reusable(act, self.number(*name)).await),
            Asked::Read(name) => {
                let view = vault.read_reusable(tenant, self.number(*name)).await.unwrap();
                view.map_or(Answer::Unknown, |view| Answer::Seen(self.view(&view)))
            }
            Asked::Query(namespace) => {
                let views = vault.read_namespace(tenant, NAMESPACES[*namespace].unwrap()).await.unwrap();
                Answer::Listed(views.iter().map(|view| self.view(view)).collect())
            }
            Asked::Reveal(name) => {
                match vault.reveal_reusable(act, self.number(*name), "test", self.lifetime).await {
                    Ok(shown) => Answer::Opened(card_of(&shown.clear.protected), self.view(&shown.view)),
                    Err(RevealReusableError::Unknown) => Answer::Unknown,
                    Err(RevealReusableError::Refused(refused)) => panic!("{asked:?}: {refused}"),
                }
            }
        }
    }

    fn conflict_name(&self, index: usize) -> LocatorBytes {
        self.conflicts.lock().unwrap().get(index).copied().unwrap_or(LocatorBytes([0; 28]))
    }

    async fn create(&self, act: &Act, asked: &Asked) -> Answer {
        let Asked::Create { namespace, card, facts, words, ends } = asked else { panic!("a create") };
        let protected = Protected::Card(Pan::parse(&pan(*card)).unwrap());
        let new = NewReusable {
            source: Source::Card(&protected),
            namespace: NAMESPACES[*namespace],
            description: &words.to_string(),
            ends_at: ends.map(at),
            facts: facts.facts(),
        };
        // Planned again, it is rendered again: names are given to what came of it alone.
        let render = |became: &Tokenized| match became {
            Tokenized::Created(view) => (view.number, None, true),
            Tokenized::Matched(view) => (view.number, None, false),
            Tokenized::Conflicting(view, waits) => {
                let waits = (waits.locator, Plain::of(&waits.facts), seconds(waits.ends_at));
                (view.number, Some(waits), false)
            }
        };
        let seen = Mutex::new(None);
        let answer = self.vault.tokenize(
            act,
            &new,
            self.lifetime,
            |_| true,
            |became| {
                let (Tokenized::Created(view) | Tokenized::Matched(view) | Tokenized::Conflicting(view, _)) =
                    became;
                *seen.lock().unwrap() = Some((
                    view.number,
                    view.details.facts.clone(),
                    view.details.ends_at,
                    view.details.description.clone(),
                ));
                render(became)
            },
        );
        let (number, waits, created) = match answer.await {
            Ok(became) => became,
            Err(TokenizeError::NamespaceFull) => return Answer::Full,
            Err(other) => panic!("{asked:?}: {other}"),
        };
        let (seen_number, facts, ends_at, words) = seen.into_inner().unwrap().unwrap();
        assert_eq!(number, seen_number);
        let mut names = self.names.lock().unwrap();
        let name = names.iter().position(|known| *known == number).unwrap_or_else(|| {
            names.push(number);
            names.len() - 1
        });
        let view = View {
            name,
            namespace: *namespace,
            facts: Plain::of(&facts),
            words: words.parse().unwrap(),
            ends: seconds(ends_at),
        };
        match waits {
            None if created => Answer::Created(view),
            None => Answer::Matched(view),
            Some((locator, facts, ends)) => {
                self.conflicts.lock().unwrap().push(locator);
                Answer::Conflicting(view, facts, ends)
            }
        }
    }

    fn sweep(&self) {
        while block_on(self.vault.sweep()).unwrap() == Swept::More {}
        let ended = block_on(self.store.ended_reusables(self.clock.now(), 10)).unwrap();
        assert_eq!(ended, [], "the sweep leaves nothing that is over");
    }
}

fn start(store: &Arc<dyn Store>, clock: &Arc<Clock>, seed: u64) -> Vault {
    let parts = VaultParts {
        store: Arc::clone(store),
        environment: Environment::Sandbox,
        tenants: [1, 2].map(|number| (tenant(number), format!("org_{number}"))).to_vec(),
        ring: None,
        clock: Arc::clone(clock),
        entropy: Arc::new(Draws(AtomicU64::new(seed << 32))),
        node: 0,
    };
    block_on(Vault::open(parts, &RootKey::parse_hex(&"5a".repeat(32)).unwrap())).unwrap()
}

/// Something to ask about what may be there: of the newest names most often.
fn random_asked(random: &mut Random, now: i64, names: usize, conflicts: usize) -> Asked {
    let one_of = |random: &mut Random, count: usize| {
        let back = usize::try_from(random.below(random_bound(count))).unwrap();
        count.saturating_sub(back)
    };
    let name = one_of(random, names);
    match random.below(100) {
        0..50 => Asked::Create {
            namespace: random.pick(&[0, 1, 1, 1, 2, 3]),
            card: random.below(CARDS),
            facts: Plain::random(random),
            words: random.below(5),
            ends: random
                .pick(&[None, None, None, Some(HOUR), Some(2 * DAY), Some(20 * DAY)])
                .map(|more| now + more),
        },
        50..60 => Asked::Resolve(one_of(random, conflicts.min(12)) + conflicts.saturating_sub(12)),
        60..66 => Asked::ReadConflict(one_of(random, conflicts.min(12)) + conflicts.saturating_sub(12)),
        66..72 => Asked::Describe(name, random.below(5)),
        72..80 => Asked::Change(name, Plain::random(random)),
        80..84 => Asked::Delete(name),
        84..90 => Asked::Read(name),
        90..95 => Asked::Query(random.pick(&[1, 2, 3])),
        _ => Asked::Reveal(name),
    }
}

fn random_bound(count: usize) -> u64 {
    u64::try_from(count.min(60)).unwrap() + 1
}

/// One history: each act is asked of the oracle and of the vault. Counts the kinds of answers.
fn run(store: &Arc<dyn Store>, seed: u64, acts: u32, kinds: &mut [u32; Answer::KINDS]) {
    let lifetime = Lifetime { seconds: 10 * DAY, extends: !seed.is_multiple_of(3) };
    let mut real = Real::over(Arc::clone(store), lifetime, seed);
    let gone = BTreeSet::new();
    let mut oracle = Oracle { now: START, lifetime, tokens: Vec::new(), gone, conflicts: Vec::new() };
    let mut random = Random::new(seed);
    for step in 0..acts {
        match random.below(100) {
            0..8 => {
                oracle.now += random.pick(&[1, 60, 20 * 60, 1_800, 12 * HOUR, 12 * HOUR, 3 * DAY, 6 * DAY]);
                real.clock.raise_to(at(oracle.now));
            }
            8..10 => real.sweep(),
            10 => {
                real.vault = start(store, &real.clock, seed + 1_000 + u64::from(step));
                // A new start puts time behind the newest number; histories are in whole seconds.
                oracle.now = (real.clock.now().millis() + 999) / 1_000;
                real.clock.raise_to(at(oracle.now));
            }
            drawn => {
                let asked =
                    random_asked(&mut random, oracle.now, oracle.tokens.len(), oracle.conflicts.len());
                let caller = random.pick(&[1, 1, 1, 1, 2]);
                // Now and then the same is asked until it is asked too often.
                let times = if drawn < 16 && matches!(asked, Asked::Describe(..) | Asked::Change(..)) {
                    UPDATES + 2
                } else {
                    1
                };
                for _ in 0..times {
                    let expected = oracle.ask(caller, &asked);
                    let answer = block_on(real.ask(&act(caller), &asked));
                    assert_eq!(answer, expected, "seed {seed}, act {step} of tenant {caller}: {asked:?}");
                    kinds[answer.kind()] += 1;
                }
            }
        }
    }
    real.sweep();
    let left: Vec<_> = block_on(store.ended_reusables(at(i64::MAX / 1_000), 10_000)).unwrap();
    let left: BTreeSet<_> = left.iter().map(|row| (row.tenant.get(), row.number)).collect();
    let living = (0..oracle.tokens.len()).filter(|name| oracle.living(oracle.tokens[*name].tenant, *name));
    let living: BTreeSet<_> = living.map(|name| (oracle.tokens[name].tenant, real.number(name))).collect();
    assert_eq!(left, living, "seed {seed}: what is left is what lives");
}

#[test]
fn the_oracle_foretells_every_answer() {
    let mut kinds = [0; Answer::KINDS];
    for seed in 1..=10 {
        run(&(Arc::new(Model::new()) as Arc<dyn Store>), seed, 1_500, &mut kinds);
    }
    for seed in 11..=13 {
        let folder = folder();
        run(&(Arc::new(open(folder.path())) as Arc<dyn Store>), seed, 600, &mut kinds);
    }
    assert!(kinds.iter().all(|count| *count >= 20), "every answer was met often: {kinds:?}");
}

/// A store that writes down what was committed to it.
struct Recorded {
    inner: Arc<dyn Store>,
    history: Arc<Mutex<History>>,
}

impl Store for Recorded {
    fn commit(&self, unit: Unit) -> Pending<'static, Outcome> {
        let (pending, history) = (self.inner.commit(unit.clone()), Arc::clone(&self.history));
        Box::pin(async move {
            let outcome = pending.await?;
            history.lock().unwrap().push((unit, outcome));
            Ok(outcome)
        })
    }
    fn token(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<TokenRow>> {
        self.inner.token(tenant, number)
    }
    fn instrument(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<InstrumentRow>> {
        self.inner.instrument(tenant, number)
    }
    fn customer(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<CustomerRow>> {
        self.inner.customer(tenant, number)
    }
    fn reusable(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<ReusableRow>> {
        self.inner.reusable(tenant, number)
    }
    fn ended_reusables(&self, now: Timestamp, at_most: u32) -> Pending<'_, Vec<ReusableRow>> {
        self.inner.ended_reusables(now, at_most)
    }
    fn holder(&self, key: UniqueKey) -> Pending<'_, Option<RecordNumber>> {
        self.inner.holder(key)
    }
    fn holders(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        at_most: u32,
    ) -> Pending<'_, Vec<RecordNumber>> {
        self.inner.holders(tenant, kind, prefix, at_most)
    }
    fn tokens(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<TokenRow>> {
        self.inner.tokens(tenant, window)
    }
    fn count_tokens(&self, tenant: Tenant, from: RecordNumber) -> Pending<'_, u64> {
        self.inner.count_tokens(tenant, from)
    }
    fn instruments(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentRow>> {
        self.inner.instruments(tenant, window)
    }
    fn count_instruments(&self, tenant: Tenant) -> Pending<'_, u64> {
        self.inner.count_instruments(tenant)
    }
    fn counter(&self, key: CounterKey) -> Pending<'_, u64> {
        self.inner.counter(key)
    }
    fn keys(&self) -> Pending<'_, Vec<KeyRow>> {
        self.inner.keys()
    }
    fn oldest_token(&self) -> Pending<'_, Option<RecordNumber>> {
        self.inner.oldest_token()
    }
    fn oldest_protected(&self, stretch: Stretch) -> Pending<'_, OldestProtected> {
        self.inner.oldest_protected(stretch)
    }
    fn newest_number(&self) -> Pending<'_, Option<RecordNumber>> {
        self.inner.newest_number()
    }
    fn frames(&self, after: Position, limit: u32) -> Pending<'_, Vec<Frame>> {
        self.inner.frames(after, limit)
    }
    fn gauges(&self) -> Gauges {
        self.inner.gauges()
    }
    fn ready(&self) -> bool {
        self.inner.ready()
    }
    fn close(&self) -> Pending<'_, ()> {
        unreachable!("the test drops it")
    }
}

const THREADS: u64 = 4;
const ACTS: u64 = 150;

/// Many threads at once, each with acts of its own; the clock moves on under them.
fn run_many(real: &Real, seed: u64) -> Vec<Answer> {
    thread::scope(|scope| {
        let lane = |lane: u64| {
            move || {
                let mut random = Random::new(seed * 100 + lane);
                let mut answers = Vec::new();
                for _ in 0..ACTS {
                    if random.below(40) == 0 {
                        let more = random.pick(&[60, 1_800, HOUR, DAY, 6 * DAY]);
                        real.clock.raise_to(at(seconds(real.clock.now()) + more));
                    }
                    if random.below(40) == 0 {
                        block_on(real.vault.sweep()).unwrap();
                    }
                    let (names, conflicts) =
                        (real.names.lock().unwrap().len(), real.conflicts.lock().unwrap().len());
                    let now = seconds(real.clock.now());
                    let asked = random_asked(&mut random, now, names, conflicts);
                    answers.push(block_on(real.ask(&act(1), &asked)));
                }
                answers
            }
        };
        let threads: Vec<_> = (0..THREADS).map(|index| scope.spawn(lane(index))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Every unique key leads to a living row and back, no namespace has more than its places, no card is there twice.
fn look_through(real: &Real, history: &History, seed: u64) {
    let rows = block_on(real.store.ended_reusables(at(i64::MAX / 1_000), 10_000)).unwrap();
    let numbers: BTreeSet<_> = rows.iter().map(|row| row.number).collect();
    let (mut cards, mut places) = (BTreeSet::new(), BTreeSet::new());
    let mut keys: Vec<UniqueKey> = Vec::new();
    for put in history.iter().flat_map(|(unit, _)| unit.puts()) {
        if let Put::Insert(Row::Index { key, .. }) = put {
            keys.push(*key);
        }
    }
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let Some(holder) = block_on(real.store.holder(key)).unwrap() else { continue };
        let held = match key.kind {
            IndexKind::ReusableCard => &mut cards,
            IndexKind::NamespacePlace => &mut places,
            _ => continue,
        };
        assert!(held.insert(holder), "seed {seed}: two keys of a kind lead to one token");
    }
    assert_eq!(cards, numbers, "seed {seed}: each token has its card's key, and each key its token");
    let (mut seen, mut placed) = (BTreeSet::new(), BTreeSet::new());
    for row in &rows {
        let shown = block_on(real.vault.reveal_reusable(&act(1), row.number, "test", real.lifetime));
        let Ok(shown) = shown else { continue };
        let namespace = shown.view.details.namespace;
        assert!(
            seen.insert((namespace.clone(), card_of(&shown.clear.protected))),
            "seed {seed}: a card is there once"
        );
        if namespace.is_some() {
            placed.insert(row.number);
        }
    }
    assert_eq!(places, placed, "seed {seed}: a place each");
    for namespace in NAMESPACES.into_iter().flatten() {
        let views = block_on(real.vault.read_namespace(tenant(1), namespace)).unwrap();
        assert!(views.len() <= PLACES, "seed {seed}");
        let listed: BTreeSet<_> = views.iter().map(|view| view.number).collect();
        assert!(listed.is_subset(&placed), "seed {seed}");
    }
}

#[test]
fn what_many_threads_did_at_once_is_what_the_model_does_in_their_order() {
    let mut kinds = [0; Answer::KINDS];
    for seed in 1..=4 {
        let folder = folder();
        let inner = Arc::new(open(folder.path()));
        let history = Arc::new(Mutex::new(History::new()));
        let store = Recorded { inner: Arc::clone(&inner) as Arc<dyn Store>, history: Arc::clone(&history) };
        let lifetime = Lifetime { seconds: 10 * DAY, extends: true };
        let real = Real::over(Arc::new(store), lifetime, seed);
        for answer in run_many(&real, seed) {
            kinds[answer.kind()] += 1;
        }
        real.sweep();
        let until_now = history.lock().unwrap().clone();
        look_through(&real, &until_now, seed);
        let history = std::mem::take(&mut *history.lock().unwrap());
        let model = replay(&history, seed);
        let all = at(i64::MAX / 1_000);
        let (theirs, ours) = (inner.ended_reusables(all, 10_000), model.ended_reusables(all, 10_000));
        assert_eq!(block_on(theirs), block_on(ours), "seed {seed}");
        assert_eq!(audit_of(&*inner), audit_of(&model), "seed {seed}");
        for put in history.iter().flat_map(|(unit, _)| unit.puts()) {
            if let Put::Insert(Row::Index { key, .. }) = put {
                assert_eq!(block_on(inner.holder(*key)), block_on(model.holder(*key)), "seed {seed}");
            }
        }
    }
    let met = kinds.iter().filter(|count| **count > 0).count();
    assert!(met >= 9, "nearly every answer was met: {kinds:?}");
}
