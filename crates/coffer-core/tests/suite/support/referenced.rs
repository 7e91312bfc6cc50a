//! Referenced tokens, and short ways to the acts on them.

use coffer_core::{
    Act, Details, NewInstrument, NewReferenced, Protected, ReferencedChange, ReferencedDetails,
    ReferencedError, ReferencedForms, ReferencedPage, ReferencedSource, ReferencedView, Side, Vault,
    store::{IndexKind, Put, ReusableRow, Row, Store, UniqueKey, Unit},
};
use coffer_crypto::LocatorBytes;
use coffer_types::{RecordNumber, RoutingNumber, Tenant, Timestamp};
use data_encoding::HEXUPPER;
use serde_json::{Value, value::RawValue};

use super::{Step, World, act, at, details, instrument_of, run, run_in_steps, tenant};

/// References of hexadecimal digits, digits of twelve.
pub(crate) const FORMS: ReferencedForms =
    ReferencedForms { reference: |random| HEXUPPER.encode(random), digits: |number| format!("{number:012}") };

pub(crate) fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

/// Keeps all details, and has a field of its own.
pub(crate) fn make_all(details: Details) -> (Details, Box<RawValue>) {
    (details, raw(r#"{"made":1.50}"#))
}

/// A referenced token as a caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReferencedSeen {
    pub(crate) number: RecordNumber,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Empty where there is no card.
    pub(crate) last4: String,
    pub(crate) group: String,
    pub(crate) reference: String,
    pub(crate) digits: String,
    pub(crate) details: Value,
    pub(crate) own: String,
}

impl From<&ReferencedView> for ReferencedSeen {
    fn from(view: &ReferencedView) -> Self {
        let ReferencedDetails { group, reference, digits, details, kept_code: _, own } = &view.details;
        Self {
            number: view.number,
            created_at: view.created_at,
            updated_at: view.updated_at,
            last4: view.face.map_or_else(String::new, |face| face.last4.as_str().to_owned()),
            group: group.clone(),
            reference: reference.clone(),
            digits: digits.clone(),
            details: serde_json::to_value(details).unwrap(),
            own: own.get().to_owned(),
        }
    }
}

pub(crate) fn seen(view: &ReferencedView) -> ReferencedSeen {
    ReferencedSeen::from(view)
}

/// A new token of a source; without a reference one is made.
pub(crate) fn new_referenced<'a>(
    group: &'a str,
    reference: &'a str,
    source: ReferencedSource<'a>,
) -> NewReferenced<'a> {
    let reference = (!reference.is_empty()).then_some(reference);
    NewReferenced { group, reference, source, make: &make_all, forms: FORMS }
}

pub(crate) async fn refer(
    vault: &Vault,
    act: &Act,
    (group, reference): (&str, &str),
    given: &NewInstrument,
) -> Result<ReferencedSeen, ReferencedError> {
    let new = new_referenced(group, reference, ReferencedSource::Given(given));
    vault.create_referenced(act, &new, None, seen).await
}

/// Gives a token the details of `name`, and another bank.
pub(crate) async fn rename(
    vault: &Vault,
    act: &Act,
    names: (&str, &str),
    name: &str,
    routing: Option<&str>,
) -> Result<ReferencedSeen, ReferencedError> {
    let change = |_: &ReferencedView| -> Result<ReferencedChange, ReferencedError> {
        let routing = routing.map(|digits| RoutingNumber::parse(digits).unwrap());
        Ok(ReferencedChange { details: details(name), own: raw(&format!("{{\"of\":\"{name}\"}}")), routing })
    };
    vault.update_referenced(act, names, None, change, seen).await
}

pub(crate) async fn replace(
    vault: &Vault,
    act: &Act,
    names: (&str, &str),
    token: &LocatorBytes,
) -> Result<ReferencedSeen, ReferencedError> {
    vault.replace_referenced(act, names, token, None, |details| details, seen).await
}

impl World {
    /// A card or an account becomes a token of tenant 1.
    pub(crate) fn refer(
        &self,
        names: (&str, &str),
        protected: Protected,
        name: &str,
    ) -> Result<ReferencedSeen, ReferencedError> {
        run(refer(&self.vault, &act(), names, &instrument_of(protected, name)))
    }

    /// What a single-use token holds becomes a token of a caller's.
    pub(crate) fn refer_token(
        &self,
        act: &Act,
        (group, reference): (&str, &str),
        token: &LocatorBytes,
    ) -> Result<ReferencedSeen, ReferencedError> {
        let new = new_referenced(group, reference, ReferencedSource::Token(token));
        run(self.vault.create_referenced(act, &new, None, seen))
    }

    pub(crate) fn rename(&self, names: (&str, &str), name: &str) -> Result<ReferencedSeen, ReferencedError> {
        run(rename(&self.vault, &act(), names, name, None))
    }

    pub(crate) fn replace(
        &self,
        names: (&str, &str),
        token: &LocatorBytes,
    ) -> Result<ReferencedSeen, ReferencedError> {
        run(replace(&self.vault, &act(), names, token))
    }

    pub(crate) fn unrefer(&self, (group, reference): (&str, &str)) -> Result<(), ReferencedError> {
        run(self.vault.delete_referenced(&act(), group, reference))
    }

    pub(crate) fn referenced(&self, (group, reference): (&str, &str)) -> Option<ReferencedSeen> {
        let view = run(self.vault.read_referenced(tenant(1), group, reference)).unwrap();
        view.as_ref().map(seen)
    }

    pub(crate) fn by_digits(&self, digits: &str) -> Option<ReferencedSeen> {
        run(self.vault.read_referenced_digits(tenant(1), digits)).unwrap().as_ref().map(seen)
    }

    /// What a token of tenant 1 protects.
    pub(crate) fn opened(&self, digits: &str) -> Result<Protected, ReferencedError> {
        run(self.vault.reveal_referenced(&act(), digits, "test")).map(|revealed| revealed.clear.protected)
    }

    /// The number of the card of a token of tenant 1.
    #[track_caller]
    pub(crate) fn number_of(&self, digits: &str) -> String {
        match self.opened(digits).unwrap() {
            Protected::Card(pan) => pan.expose().to_owned(),
            other => panic!("no card: {other:?}"),
        }
    }

    /// Some of a group, by their references, and from where it goes on.
    pub(crate) fn listed(
        &self,
        owner: Tenant,
        group: &str,
        side: Side,
        at_most: usize,
    ) -> (Vec<String>, Option<String>) {
        self.listed_of(owner, group, side, at_most, |_| true)
    }

    pub(crate) fn listed_of(
        &self,
        owner: Tenant,
        group: &str,
        side: Side,
        at_most: usize,
        wanted: impl FnMut(&ReferencedView) -> bool + Send,
    ) -> (Vec<String>, Option<String>) {
        let page = run_in_steps(self.vault.list_referenced(owner, group, side, at_most, wanted));
        let ReferencedPage { items, more } = page.unwrap();
        (items.into_iter().map(|view| view.details.reference).collect(), more)
    }

    /// The place of a token of tenant 1.
    #[track_caller]
    pub(crate) fn place(&self, group: &str, reference: &str) -> RecordNumber {
        run(self.vault.referenced_place(tenant(1), group, reference)).unwrap().unwrap()
    }

    /// The unique keys that are taken while something is done, in their order.
    pub(crate) fn keys_of(&self, act: impl FnOnce()) -> Vec<(UniqueKey, RecordNumber)> {
        let kept = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let sink = std::sync::Arc::clone(&kept);
        self.store.on_commit(move |unit| {
            for put in unit.puts() {
                if let Put::Insert(Row::Index { key, holder }) = put {
                    sink.lock().unwrap().push((*key, *holder));
                }
            }
            Step::Pass
        });
        act();
        self.store.heal();
        let keys = kept.lock().unwrap();
        keys.clone()
    }

    /// Lets a unique key lead elsewhere.
    pub(crate) fn bend_key(&self, key: UniqueKey, holder: RecordNumber) {
        self.model.apply(&Unit::build(holder, at(0)).free_key(key).finish()).unwrap();
        self.model.apply(&Unit::build(holder, at(0)).insert(Row::Index { key, holder }).finish()).unwrap();
    }

    /// Changes the row in the store itself.
    pub(crate) fn bend_row(&self, number: RecordNumber, change: impl FnOnce(ReusableRow) -> ReusableRow) {
        let before = self.reusable_row(number).unwrap();
        let (key, generation) = (before.key(), before.generation);
        let row = change(before);
        self.model.apply(&Unit::build(number, at(0)).erase(key, generation).finish()).unwrap();
        self.model.apply(&Unit::build(number, at(0)).insert(row).finish()).unwrap();
    }

    /// Where a key leads.
    pub(crate) fn holder_of(&self, key: UniqueKey) -> Option<RecordNumber> {
        run(self.model.holder(key)).unwrap()
    }
}

/// The key of a kind.
#[track_caller]
pub(crate) fn key_of(keys: &[(UniqueKey, RecordNumber)], kind: IndexKind) -> UniqueKey {
    keys.iter().find(|(key, _)| key.kind == kind).unwrap().0
}
