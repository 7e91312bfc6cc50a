//! Cards that become reusable tokens, and short ways to the acts on them.

use std::{cell::Cell, future::Future, pin::Pin};

use coffer_core::{
    Act, CardFacts, Conflict, Lifetime, NewReusable, NewToken, Protected, ReusableChange, ReusableError,
    ReusableView, RevealReusableError, SessionKind, Source, TokenizeError, Tokenized, Vault,
    store::{ReusableRow, Store},
};
use coffer_crypto::{LocatorBytes, ShortName};
use coffer_types::{Expiry, Pan, RecordNumber, Timestamp};
use serde_json::{Value, json, value::RawValue};

use super::{DAY, World, act, clear, contact, run, tenant};

/// As a sandbox has it: ninety days, and no more.
pub(crate) const SHORT: Lifetime = Lifetime { seconds: 90 * DAY / 1_000, extends: false };
/// As a live vault has it: four years, and again as long for a token that is used.
pub(crate) const LONG: Lifetime = Lifetime { seconds: 1_461 * DAY / 1_000, extends: true };

/// One of sixty-four cards that are all different, with a right check digit.
pub(crate) fn pan(index: u32) -> String {
    let body = format!("411111{index:09}");
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit - b'0')) {
            (0, digit) if digit > 4 => digit * 2 - 9,
            (0, digit) => digit * 2,
            (_, digit) => digit,
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

pub(crate) fn protected(pan: &str) -> Protected {
    Protected::Card(Pan::parse(pan).unwrap())
}

/// All four facts, of which three name `name`.
pub(crate) fn facts(name: &str) -> CardFacts {
    CardFacts {
        holder: Some(name.to_owned()),
        expiry: Some(Expiry::new(2030, 4).unwrap()),
        contact: Some(contact(name)),
        scheme_reference: Some(format!("series of {name}")),
    }
}

pub(crate) fn json_of(facts: &CardFacts) -> Value {
    serde_json::to_value(facts).unwrap()
}

/// What is offered for a token.
#[derive(Clone)]
pub(crate) struct Offer<'a> {
    pub(crate) pan: &'a str,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) description: &'a str,
    pub(crate) ends_at: Option<Timestamp>,
    pub(crate) facts: CardFacts,
    pub(crate) lifetime: Lifetime,
}

/// A card of Ada's without a namespace.
pub(crate) fn offer(pan: &str) -> Offer<'_> {
    let description = "first words";
    Offer { pan, namespace: None, description, ends_at: None, facts: facts("Ada"), lifetime: SHORT }
}

/// A card of Ada's within a namespace.
pub(crate) fn offer_in<'a>(namespace: &'a str, pan: &'a str) -> Offer<'a> {
    Offer { namespace: Some(namespace), ..offer(pan) }
}

/// A reusable token as a caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReusableSeen {
    pub(crate) number: RecordNumber,
    pub(crate) names: [LocatorBytes; 6],
    pub(crate) short: ShortName,
    pub(crate) created_at: Timestamp,
    pub(crate) ends_at: Timestamp,
    pub(crate) last4: String,
    pub(crate) namespace: Option<String>,
    pub(crate) description: String,
    pub(crate) facts: Value,
}

impl From<&ReusableView> for ReusableSeen {
    fn from(view: &ReusableView) -> Self {
        let names = view.names;
        Self {
            number: view.number,
            names: [
                names.token,
                names.description,
                names.holder,
                names.expiry,
                names.address,
                names.scheme_reference,
            ],
            short: names.short,
            created_at: view.created_at,
            ends_at: view.details.ends_at,
            last4: view.face.map_or_else(String::new, |face| face.last4.as_str().to_owned()),
            namespace: view.details.namespace.clone(),
            description: view.details.description.clone(),
            facts: json_of(&view.details.facts),
        }
    }
}

/// What waits beside a token, as a caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ConflictSeen {
    pub(crate) locator: LocatorBytes,
    pub(crate) facts: Value,
    pub(crate) ends_at: Timestamp,
}

impl From<&Conflict> for ConflictSeen {
    fn from(conflict: &Conflict) -> Self {
        Self { locator: conflict.locator, facts: json_of(&conflict.facts), ends_at: conflict.ends_at }
    }
}

/// What became of a card.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Became {
    Created(ReusableSeen),
    Matched(ReusableSeen),
    Conflicting(ReusableSeen, ConflictSeen),
}

impl From<&Tokenized> for Became {
    fn from(tokenized: &Tokenized) -> Self {
        match tokenized {
            Tokenized::Created(view) => Self::Created(view.into()),
            Tokenized::Matched(view) => Self::Matched(view.into()),
            Tokenized::Conflicting(view, conflict) => Self::Conflicting(view.into(), conflict.into()),
        }
    }
}

impl Became {
    #[track_caller]
    pub(crate) fn created(self) -> ReusableSeen {
        match self {
            Self::Created(seen) => seen,
            other => panic!("not created: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn matched(self) -> ReusableSeen {
        match self {
            Self::Matched(seen) => seen,
            other => panic!("not matched: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn conflicting(self) -> (ReusableSeen, ConflictSeen) {
        match self {
            Self::Conflicting(seen, conflict) => (seen, conflict),
            other => panic!("no conflict: {other:?}"),
        }
    }
}

/// One act among others, and how it ended.
pub(crate) type Tokenizing<'a> = Pin<Box<dyn Future<Output = Result<Became, TokenizeError>> + 'a>>;

pub(crate) fn tokenizing<'a>(vault: &'a Vault, act: &'a Act, offer: Offer<'a>) -> Tokenizing<'a> {
    Box::pin(async move {
        let card = protected(offer.pan);
        let new = NewReusable {
            source: Source::Card(&card),
            namespace: offer.namespace,
            description: offer.description,
            ends_at: offer.ends_at,
            facts: offer.facts.clone(),
            may_conflict: true,
        };
        vault.tokenize(act, &new, offer.lifetime, own, |became| Became::from(became)).await
    })
}

impl World {
    pub(crate) fn tokenize(&self, act: &Act, offer: &Offer<'_>) -> Result<Became, TokenizeError> {
        run(tokenizing(&self.vault, act, offer.clone()))
    }

    /// A new token of tenant 1.
    #[track_caller]
    pub(crate) fn reusable(&self, offer: &Offer<'_>) -> ReusableSeen {
        self.tokenize(&act(), offer).unwrap().created()
    }

    /// What waits beside a token of tenant 1.
    #[track_caller]
    pub(crate) fn conflict(&self, offer: &Offer<'_>) -> ConflictSeen {
        self.tokenize(&act(), offer).unwrap().conflicting().1
    }

    /// A token of tenant 1, read.
    pub(crate) fn read(&self, number: RecordNumber) -> Option<ReusableSeen> {
        run(self.vault.read_reusable(tenant(1), number)).unwrap().map(|view| ReusableSeen::from(&view))
    }

    /// The tokens of a namespace of tenant 1, by their numbers.
    pub(crate) fn in_namespace(&self, namespace: &str) -> Vec<RecordNumber> {
        let views = run(self.vault.read_namespace(tenant(1), namespace)).unwrap();
        views.iter().map(|view| view.number).collect()
    }

    /// The conflict of tenant 1 and its token.
    pub(crate) fn read_conflict(&self, conflict: &LocatorBytes) -> Option<(ReusableSeen, ConflictSeen)> {
        let found = run(self.vault.read_conflict(&act(), conflict)).unwrap();
        found.map(|(view, conflict)| (ReusableSeen::from(&view), ConflictSeen::from(&conflict)))
    }

    pub(crate) fn resolve(&self, conflict: &LocatorBytes) -> Result<(), ReusableError> {
        run(self.vault.resolve_conflict(&act(), conflict))
    }

    pub(crate) fn describe(&self, number: RecordNumber, words: &str) -> Result<(), ReusableError> {
        let change = ReusableChange::Description(words.to_owned());
        run(self.vault.update_reusable(&act(), number, &change))
    }

    pub(crate) fn change(&self, number: RecordNumber, facts: CardFacts) -> Result<(), ReusableError> {
        run(self.vault.update_reusable(&act(), number, &ReusableChange::Facts(facts)))
    }

    pub(crate) fn delete(&self, number: RecordNumber) -> Result<(), ReusableError> {
        run(self.vault.delete_reusable(&act(), number))
    }

    /// The clear number of a token of tenant 1, under a lifetime.
    pub(crate) fn open_card(
        &self,
        number: RecordNumber,
        lifetime: Lifetime,
    ) -> Result<(String, ReusableSeen), RevealReusableError> {
        let revealed = run(self.vault.reveal_reusable(&act(), number, "test", lifetime))?;
        let (pan, cvv) = clear(&revealed.clear);
        assert_eq!(cvv, None, "no code was kept");
        Ok((pan, ReusableSeen::from(&revealed.view)))
    }

    /// The row as it lies in the store, of tenant 1.
    pub(crate) fn reusable_row(&self, number: RecordNumber) -> Option<ReusableRow> {
        run(self.model.reusable(tenant(1), number)).unwrap()
    }

    /// A session of a caller.
    pub(crate) fn session(&self, act: &Act, kind: SessionKind, new: &NewToken) -> LocatorBytes {
        run(self.vault.create_session(act, kind, new, |session| *session)).unwrap()
    }

    /// Makes a token of the card that was left in a session: the card of the offer is not looked at.
    pub(crate) fn tokenize_session(
        &self,
        act: &Act,
        session: &LocatorBytes,
        offer: &Offer<'_>,
    ) -> Result<Became, TokenizeError> {
        let new = NewReusable {
            source: Source::Session(session),
            namespace: offer.namespace,
            description: offer.description,
            ends_at: offer.ends_at,
            facts: offer.facts.clone(),
            may_conflict: true,
        };
        let asked = Cell::new(0);
        let takes = |card: &Protected| {
            asked.set(asked.get() + 1);
            matches!(card, Protected::Card(_)).then(|| own(card)).flatten()
        };
        let answer = self.vault.tokenize(act, &new, offer.lifetime, takes, |became| Became::from(became));
        run(answer).inspect(|_| assert!(asked.get() > 0, "the dialect was asked about the card"))
    }

    /// Sweeps until nothing is left to do.
    pub(crate) fn sweep_all(&self) {
        while run(self.vault.sweep()).unwrap() == coffer_core::Swept::More {}
    }

    /// The lines since so many, without their positions.
    pub(crate) fn lines_since(&self, before: usize) -> Vec<Value> {
        let mut lines = self.lines().split_off(before);
        for line in &mut lines {
            line.as_object_mut().unwrap().remove("position");
        }
        lines
    }
}

/// The line of the audit log about an act of tenant 1 at a time, but for its position.
pub(crate) fn line(at: Timestamp, action: &str, object: RecordNumber) -> Value {
    json!({
        "at": at.millis(), "outcome": "done", "action": action, "tenant": 1, "actor": "key of one",
        "origin": "192.0.2.7", "request": "0000000000c0ffee0000000007", "object": object.get(),
    })
}

/// What a dialect keeps of a card: here nothing of it.
pub(crate) fn own(_: &Protected) -> Option<Box<RawValue>> {
    RawValue::from_string(r#"{"kept":true}"#.to_owned()).ok()
}
