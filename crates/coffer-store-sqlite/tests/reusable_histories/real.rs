//! The vault, asked the same as the oracle.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use coffer_core::{
    Act, Clock, Lifetime, NewReusable, Protected, RequestId, ReusableChange, ReusableError, ReusableView,
    RevealReusableError, SadPolicy, Source, Swept, TokenizeError, Tokenized, Vault, VaultParts,
    store::{Ended, Store, contract::block_on},
};
use coffer_crypto::{Entropy, EntropyError, Environment, LocatorBytes, RootKey};
use coffer_types::{Pan, RecordNumber, Tenant, Timestamp};
use serde_json::value::RawValue;

use crate::{
    common::Random,
    oracle::{Answer, Asked, NAMESPACES, Plain, START, View},
};

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

pub(crate) fn tenant(number: u32) -> Tenant {
    Tenant::new(number).unwrap()
}

pub(crate) fn act(number: u32) -> Act {
    let request = RequestId { process: 1, count: 1 };
    Act {
        tenant: tenant(number),
        actor: Arc::from("key"),
        origin: None::<IpAddr>,
        request,
        subject: None,
        token: None,
    }
}

pub(crate) fn seconds(at: Timestamp) -> i64 {
    assert_eq!(at.millis() % 1_000, 0, "a whole second");
    at.millis() / 1_000
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

pub(crate) fn pan(card: u64) -> String {
    let body = format!("411111{card:09}");
    let digits = body.bytes().rev().map(|digit| u32::from(digit - b'0')).enumerate();
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits.map(|(place, digit)| if place % 2 == 0 { doubled(digit) } else { digit }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

pub(crate) fn card_of(protected: &Protected) -> u64 {
    let Protected::Card(pan) = protected else { panic!("a card") };
    pan.expose()[6..15].parse().unwrap()
}

pub(crate) struct Real {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) vault: Vault,
    pub(crate) lifetime: Lifetime,
    /// The names of the oracle, as numbers of the vault.
    pub(crate) names: Mutex<Vec<RecordNumber>>,
    pub(crate) conflicts: Mutex<Vec<LocatorBytes>>,
}

impl Real {
    pub(crate) fn over(store: Arc<dyn Store>, lifetime: Lifetime, seed: u64) -> Self {
        let clock = Arc::new(Clock::stopped(at(START)));
        let vault = start(&store, &clock, seed);
        Self { store, clock, vault, lifetime, names: Mutex::default(), conflicts: Mutex::default() }
    }

    pub(crate) fn number(&self, name: usize) -> RecordNumber {
        self.names.lock().unwrap().get(name).copied().unwrap_or(RecordNumber::MAX)
    }

    pub(crate) fn view(&self, view: &ReusableView) -> View {
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

    pub(crate) async fn ask(&self, act: &Act, asked: &Asked) -> Answer {
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

    pub(crate) fn conflict_name(&self, index: usize) -> LocatorBytes {
        self.conflicts.lock().unwrap().get(index).copied().unwrap_or(LocatorBytes([0; 28]))
    }

    pub(crate) async fn create(&self, act: &Act, asked: &Asked) -> Answer {
        let Asked::Create { namespace, card, facts, words, ends } = asked else { panic!("a create") };
        let protected = Protected::Card(Pan::parse(&pan(*card)).unwrap());
        let new = NewReusable {
            source: Source::Card(&protected),
            namespace: NAMESPACES[*namespace],
            description: &words.to_string(),
            ends_at: ends.map(at),
            facts: facts.facts(),
            may_conflict: true,
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
            |_| Some(RawValue::NULL.to_owned()),
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

    pub(crate) fn sweep(&self) {
        while block_on(self.vault.sweep()).unwrap() == Swept::More {}
        let ended = block_on(self.store.ended_reusables(Ended::NOTHING, self.clock.now(), 10)).unwrap();
        assert_eq!(ended, [], "the sweep leaves nothing that is over");
    }
}

pub(crate) fn start(store: &Arc<dyn Store>, clock: &Arc<Clock>, seed: u64) -> Vault {
    let parts = VaultParts {
        store: Arc::clone(store),
        environment: Environment::Sandbox,
        tenants: [1, 2].map(|number| (tenant(number), format!("org_{number}"))).to_vec(),
        rings: Vec::new(),
        clock: Arc::clone(clock),
        entropy: Arc::new(Draws(AtomicU64::new(seed << 32))),
        node: 0,
        peers: None,
        sad: SadPolicy::default(),
    };
    block_on(Vault::open(parts, Arc::new(RootKey::parse_hex(&"5a".repeat(32)).unwrap()))).unwrap()
}
