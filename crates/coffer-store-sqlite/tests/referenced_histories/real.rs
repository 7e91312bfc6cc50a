//! The vault, asked the same as the oracle.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use coffer_core::{
    Act, Ask, Attempt, Clock, Contact, Details, ForwardOpened, ForwardSource, NewInstrument, NewReferenced,
    NewToken, Once, Protected, ReferencedChange, ReferencedError, ReferencedForms, ReferencedSource,
    ReferencedView, Refused, RequestId, SadPolicy, SavedReply, Side as ListSide, Swept, Vault, VaultParts,
    store::{Store, contract::block_on},
};
use coffer_crypto::{Entropy, EntropyError, Environment, LocatorBytes, RootKey};
use coffer_types::{Pan, Tenant, Timestamp};
use serde_json::value::RawValue;

use crate::{
    common::Random,
    oracle::{Asked, From as Origin, Names, START, Side, UNSENT},
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

const FORMS: ReferencedForms =
    ReferencedForms { reference: |random| format!("{random:?}"), digits: |number| format!("{number:012}") };

pub(crate) fn tenant(number: u32) -> Tenant {
    Tenant::new(number).unwrap()
}

pub(crate) fn act(number: u32) -> Act {
    let request = RequestId { process: 1, count: 1 };
    Act { tenant: tenant(number), actor: Arc::from("key"), origin: None, request, subject: None, token: None }
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn pan(card: u64) -> String {
    let body = format!("411111{card:09}");
    let digits = body.bytes().rev().map(|digit| u32::from(digit - b'0')).enumerate();
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits.map(|(place, digit)| if place % 2 == 0 { doubled(digit) } else { digit }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// What may be seen of a card.
pub(crate) fn last4(card: u64) -> String {
    pan(card)[12..].to_owned()
}

fn card_of(protected: &Protected) -> u64 {
    let Protected::Card(pan) = protected else { panic!("a card") };
    pan.expose()[6..15].parse().unwrap()
}

fn protected(card: u64) -> Protected {
    Protected::Card(Pan::parse(&pan(card)).unwrap())
}

fn details(words: u64) -> Details {
    let contact = Contact { first_name: Some(words.to_string()), ..Contact::default() };
    Details { expiry: None, contact: Some(contact), extra: None }
}

fn words_of(details: &Details) -> u64 {
    details.contact.as_ref().unwrap().first_name.as_ref().unwrap().parse().unwrap()
}

fn make(details: Details) -> (Details, Box<RawValue>) {
    (details, RawValue::NULL.to_owned())
}

fn saved(text: &str) -> SavedReply {
    SavedReply { status: 200, content_type: None, location: None, body: text.to_owned() }
}

/// Why an act was not done.
enum No {
    /// By its content: what is answered.
    Said(&'static str),
    Refused(Refused),
}

impl From<Refused> for No {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<ReferencedError> for No {
    fn from(error: ReferencedError) -> Self {
        match error {
            ReferencedError::Unknown => Self::Said("unknown"),
            ReferencedError::Taken => Self::Said("taken"),
            ReferencedError::NotUsable => Self::Said("unusable"),
            ReferencedError::Nothing => panic!("all have something"),
            ReferencedError::Refused(refused) => Self::Refused(refused),
        }
    }
}

pub(crate) struct Real {
    /// None while it is opened anew.
    pub(crate) store: Option<Arc<dyn Store>>,
    pub(crate) vault: Option<Vault>,
    pub(crate) clock: Arc<Clock>,
    /// The names of the oracle: of single-use tokens, and of referenced tokens by their digits.
    pub(crate) singles: Mutex<Vec<LocatorBytes>>,
    pub(crate) digits: Mutex<Vec<String>>,
    /// For what is sent and has no key: it needs one.
    unnamed: AtomicU64,
}

impl Real {
    pub(crate) fn over(store: Arc<dyn Store>, seed: u64) -> Self {
        let clock = Arc::new(Clock::stopped(at(START)));
        let vault = start(&store, &clock, seed);
        Self {
            store: Some(store),
            vault: Some(vault),
            clock,
            singles: Mutex::default(),
            digits: Mutex::default(),
            unnamed: AtomicU64::new(0),
        }
    }

    /// Lets go of everything, and begins anew over what was kept.
    pub(crate) fn restart(&mut self, seed: u64, open: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) {
        self.vault = None;
        let store = open(self.store.take().unwrap());
        self.vault = Some(start(&store, &self.clock, seed));
        self.store = Some(store);
    }

    pub(crate) fn vault(&self) -> &Vault {
        self.vault.as_ref().unwrap()
    }

    /// As an interface does it: who finds out late that the answer is there looks for it.
    pub(crate) async fn ask(&self, act: &Act, key: Option<u64>, asked: Asked) -> String {
        let unnamed = || format!("unnamed {}", self.unnamed.fetch_add(1, Ordering::Relaxed));
        let key = match (key, asked) {
            (Some(key), _) => key.to_string(),
            (None, Asked::Forward { .. }) => unnamed(),
            (None, _) => {
                return match self.act(act, None, asked).await {
                    Ok(answer) => answer,
                    Err(No::Said(answer)) => answer.to_owned(),
                    Err(No::Refused(Refused::Contended)) => "contended".to_owned(),
                    Err(No::Refused(refused)) => panic!("{asked:?}: {refused}"),
                };
            }
        };
        let what = format!("{asked:?}");
        loop {
            let ask = Ask { key: key.as_bytes(), what: &[what.as_bytes()], sad: b"" };
            let attempt = match self.vault().ask(act.tenant, ask).await.unwrap() {
                coffer_core::Asked::New(attempt) => attempt,
                coffer_core::Asked::Answered(reply) => return reply.body,
                coffer_core::Asked::Different => return "different".to_owned(),
                coffer_core::Asked::Underway => return "underway".to_owned(),
                coffer_core::Asked::Unknown => return "lost".to_owned(),
            };
            let refused = match self.act(act, Some(&attempt), asked).await {
                Ok(answer) => return answer,
                Err(No::Refused(refused)) => refused,
                Err(No::Said(answer)) => match self.vault().answer(&attempt, &saved(answer)).await {
                    Ok(()) => return answer.to_owned(),
                    Err(refused) => refused,
                },
            };
            match refused {
                Refused::Answered => {}
                Refused::Contended => return "contended".to_owned(),
                other => panic!("{asked:?}: {other}"),
            }
        }
    }

    async fn act(&self, act: &Act, attempt: Option<&Attempt>, asked: Asked) -> Result<String, No> {
        let (vault, save) = (self.vault(), |answer: &String| saved(answer));
        let once = attempt.map(|attempt| Once { attempt, save: &save });
        let view = |view: &ReferencedView| self.view(view);
        match asked {
            Asked::Single { card, words } => {
                let new =
                    NewToken { protected: protected(card), cvv: None, reader: None, details: details(words) };
                let name = |created: &coffer_core::Created| self.single(created.locator);
                Ok(vault.create_once(act, &new, once, name).await?)
            }
            Asked::Create { names, from } => self.create(act, once, names, from).await,
            Asked::Update { names, words } => {
                let (group, reference) = named(names);
                let change = |_: &ReferencedView| -> Result<ReferencedChange, No> {
                    Ok(ReferencedChange {
                        details: details(words),
                        own: RawValue::NULL.to_owned(),
                        routing: None,
                    })
                };
                vault.update_referenced(act, (&group, &reference), once, change, view).await
            }
            Asked::Replace { names, single } => {
                let ((group, reference), token) = (named(names), self.single_at(single));
                let all = |details| details;
                Ok(vault.replace_referenced(act, (&group, &reference), &token, once, all, view).await?)
            }
            Asked::Forward { from, ends } => self.forward(act, attempt.unwrap(), from, ends).await,
            Asked::Delete(names) => {
                let (group, reference) = named(names);
                vault.delete_referenced(act, &group, &reference).await?;
                Ok("deleted".to_owned())
            }
            Asked::Read(names) => {
                let (group, reference) = named(names);
                Ok(self.seen(vault.read_referenced(act.tenant, &group, &reference).await?.as_ref()))
            }
            Asked::ReadDigits(token) => {
                let digits = self.digits_at(token);
                Ok(self.seen(vault.read_referenced_digits(act.tenant, &digits).await?.as_ref()))
            }
            Asked::Reveal(token) => {
                let revealed = vault.reveal_referenced(act, &self.digits_at(token), "test").await?;
                let card = card_of(&revealed.clear.protected);
                Ok(format!("opened {card} {}", self.view(&revealed.view)))
            }
            Asked::List { .. } => self.list(act, asked).await,
        }
    }

    async fn create(
        &self,
        act: &Act,
        once: Option<Once<'_, String>>,
        names: Names,
        from: Origin,
    ) -> Result<String, No> {
        let (group, reference) = named(names);
        let (given, token);
        let source = match from {
            Origin::Given(card, words) => {
                given = NewInstrument { protected: protected(card), details: details(words) };
                ReferencedSource::Given(&given)
            }
            Origin::Single(single) => {
                token = self.single_at(single);
                ReferencedSource::Token(&token)
            }
            Origin::Digits(_) => unreachable!("no token is made of a token"),
        };
        let new =
            NewReferenced { group: &group, reference: Some(&reference), source, make: &make, forms: FORMS };
        Ok(self.vault().create_referenced(act, &new, once, |view| self.view(view)).await?)
    }

    async fn forward(&self, act: &Act, attempt: &Attempt, from: Origin, ends: bool) -> Result<String, No> {
        let (token, digits);
        let source = match from {
            Origin::Given(..) => ForwardSource::Given,
            Origin::Single(single) => {
                token = self.single_at(single);
                ForwardSource::Token(&token)
            }
            Origin::Digits(name) => {
                digits = self.digits_at(name);
                ForwardSource::Digits(&digits)
            }
        };
        let check = |opened: &ForwardOpened| {
            if words_of(&opened.details) == UNSENT { Err(No::Said("checked")) } else { Ok(()) }
        };
        let forward = self.vault().begin_forward(act, attempt, source, check).await?;
        let answer = forward.opened.as_ref().map_or_else(
            || "sent as it came".to_owned(),
            |opened| format!("sent {} {}", card_of(&opened.clear.protected), words_of(&opened.details)),
        );
        if ends {
            self.vault().end_forward(act, attempt, &forward, &saved(&answer)).await?;
        }
        Ok(answer)
    }

    async fn list(&self, act: &Act, asked: Asked) -> Result<String, No> {
        let Asked::List { group, side, at_most, even } = asked else { panic!("a list") };
        let (vault, group) = (self.vault(), format!("group {group}"));
        let side = match side {
            Side::Beginning => ListSide::Beginning,
            Side::After(reference) | Side::Before(reference) => {
                let place = vault.referenced_place(act.tenant, &group, &reference.to_string()).await?;
                match (place, side) {
                    (None, _) => return Ok("placeless".to_owned()),
                    (Some(place), Side::After(_)) => ListSide::After(place),
                    (Some(place), _) => ListSide::Before(place),
                }
            }
        };
        let wanted = |view: &ReferencedView| !even || words_of(&view.details.details).is_multiple_of(2);
        let page = vault.list_referenced(act.tenant, &group, side, at_most, wanted).await?;
        let items: Vec<String> = page.items.iter().map(|view| self.view(view)).collect();
        let more: Option<u64> = page.more.map(|reference| reference.parse().unwrap());
        Ok(format!("listed {items:?} {more:?}"))
    }

    fn seen(&self, view: Option<&ReferencedView>) -> String {
        view.map_or_else(|| "unknown".to_owned(), |view| self.view(view))
    }

    fn view(&self, view: &ReferencedView) -> String {
        let mut known = self.digits.lock().unwrap();
        let index = known.iter().position(|digits| *digits == view.details.digits).unwrap_or_else(|| {
            known.push(view.details.digits.clone());
            known.len() - 1
        });
        let group = view.details.group.strip_prefix("group ").unwrap();
        let (reference, face) = (&view.details.reference, view.face.unwrap());
        let words = words_of(&view.details.details);
        format!("token {index} {group} {reference} {} {words}", face.last4.as_str())
    }

    fn single(&self, locator: LocatorBytes) -> String {
        let mut known = self.singles.lock().unwrap();
        known.push(locator);
        format!("single {}", known.len() - 1)
    }

    fn single_at(&self, index: usize) -> LocatorBytes {
        self.singles.lock().unwrap().get(index).copied().unwrap_or(LocatorBytes([0; 28]))
    }

    fn digits_at(&self, index: usize) -> String {
        self.digits.lock().unwrap().get(index).cloned().unwrap_or_default()
    }

    pub(crate) fn sweep(&self) {
        while block_on(self.vault().sweep()).unwrap() == Swept::More {}
    }
}

fn named((group, reference): Names) -> (String, String) {
    (format!("group {group}"), reference.to_string())
}

fn start(store: &Arc<dyn Store>, clock: &Arc<Clock>, seed: u64) -> Vault {
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
