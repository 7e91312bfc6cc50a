//! Things to keep that are no cards, and short ways to the acts on instruments.

use std::convert::Infallible;

use coffer_core::{
    Account, Act, Change, Contact, ContactPoint, Details, InstrumentDetails, InstrumentView, Keep, KeepError,
    Kept, Made, NewInstrument, NewToken, Other, Protected, UpdateError, Visit, Walk,
    store::InstrumentOutline,
};
use coffer_crypto::LocatorBytes;
use coffer_types::{AccountNumber, Expiry, RecordNumber, RoutingNumber};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{Seen, World, no_own, run, run_in_steps};

/// Somebody with a name and an address that name `name`.
pub(crate) fn contact(name: &str) -> Contact {
    let email =
        ContactPoint { label: "main".to_owned(), value: format!("{name}@example.com"), primary: Some(true) };
    Contact { first_name: Some(name.to_owned()), emails: Some(vec![email]), ..Contact::default() }
}

/// An expiry, and personal details and fields of a dialect that name `name`.
pub(crate) fn details(name: &str) -> Details {
    let extra = RawValue::from_string(format!("{{\"riskOf\":\"{name}\",\"score\":1.50}}"));
    Details {
        expiry: Some(Expiry::new(2030, 4).unwrap()),
        contact: Some(contact(name)),
        extra: Some(extra.unwrap()),
    }
}

pub(crate) fn account(number: &str, routing: &str) -> Protected {
    let number = AccountNumber::parse_bban(number).unwrap();
    Protected::Account(Account { number, routing: Some(RoutingNumber::parse(routing).unwrap()) })
}

pub(crate) fn iban(text: &str) -> Protected {
    Protected::Account(Account { number: AccountNumber::parse_iban(text).unwrap(), routing: None })
}

pub(crate) fn other(identity: Option<&str>, json: &str) -> Protected {
    let own = |text: &str| Zeroizing::new(text.to_owned());
    Protected::Other(Other { identity: identity.map(own), json: own(json) })
}

pub(crate) fn token_of(protected: Protected, name: &str) -> NewToken {
    NewToken { protected, cvv: None, reader: None, details: details(name) }
}

pub(crate) fn instrument_of(protected: Protected, name: &str) -> NewInstrument {
    NewInstrument { protected, details: details(name) }
}

/// What a caller sees of an instrument that was kept, and whether it was updated.
pub(crate) fn kept(kept: &Kept) -> (Seen, bool) {
    (Seen::from(&kept.instrument), kept.updated)
}

/// A dialect's own fields that count how often something was kept.
pub(crate) fn counted(_: &Details, before: Option<&InstrumentDetails>) -> Made {
    let before = before.and_then(|before| before.own.as_ref()).map_or(0, |own| own.get().parse().unwrap());
    let own = Some(RawValue::from_string((before + 1_u32).to_string()).unwrap());
    Made { own, ..Made::default() }
}

/// Opens what it glances at, as far as it wants it, and remembers what it saw.
pub(crate) struct Visitor {
    pub(crate) glanced: Vec<RecordNumber>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) wants: fn(&InstrumentOutline) -> bool,
    /// What looking at one row costs beside opening it.
    pub(crate) work: u64,
    pub(crate) worked: u64,
}

impl Default for Visitor {
    fn default() -> Self {
        Self { glanced: Vec::new(), seen: Vec::new(), wants: |_| true, work: 0, worked: 0 }
    }
}

impl Visit for Visitor {
    fn glance(&mut self, outline: &InstrumentOutline) -> bool {
        self.glanced.push(outline.number);
        self.worked += self.work;
        (self.wants)(outline)
    }

    fn visit(&mut self, view: InstrumentView) {
        self.seen.push(Seen::from(&view));
        self.worked += self.work;
    }

    fn worked(&mut self) -> u64 {
        std::mem::take(&mut self.worked)
    }
}

impl World {
    pub(crate) fn keep(
        &self,
        act: &Act,
        new: &NewInstrument,
        customer: &str,
    ) -> Result<(Seen, bool), KeepError> {
        run(self.vault.keep(act, new, Keep { customer, own: &no_own }, kept))
    }

    /// Gives an instrument the details of `name`, and what the token protects.
    pub(crate) fn update(
        &self,
        act: &Act,
        id: &LocatorBytes,
        token: Option<&LocatorBytes>,
        name: &str,
    ) -> Result<Seen, UpdateError<Infallible>> {
        let decide = |before: &InstrumentView, _: Option<&Details>| {
            Ok(Change { details: details(name), own: before.details.own.clone() })
        };
        run(self.vault.update_instrument(act, id, token, &decide, |after| Seen::from(after)))
    }

    pub(crate) fn deactivate(&self, act: &Act, id: &LocatorBytes) -> Result<Seen, UpdateError<Infallible>> {
        run(self.vault.deactivate_instrument(act, id, |after| Seen::from(after)))
    }

    pub(crate) fn instrument_number(&self, id: &LocatorBytes) -> RecordNumber {
        self.vault.locate_instrument(id).unwrap().1
    }

    /// What an instrument of tenant 1 protects.
    pub(crate) fn revealed(&self, id: &LocatorBytes) -> Protected {
        let number = self.instrument_number(id);
        run(self.vault.reveal(&super::act(), number, "test")).unwrap().clear.protected
    }

    /// The number of a card of tenant 1.
    pub(crate) fn pan(&self, id: &LocatorBytes) -> String {
        match self.revealed(id) {
            Protected::Card(pan) => pan.expose().to_owned(),
            other => panic!("no card: {other:?}"),
        }
    }

    /// The instruments of a walk, in its order.
    pub(crate) fn walk(&self, act: &Act, walk: Walk<'_>) -> Vec<Seen> {
        let mut visitor = Visitor::default();
        run_in_steps(self.vault.walk_instruments(act.tenant, walk, &mut visitor)).unwrap();
        visitor.seen
    }

    /// Everything of tenant 1 that an act may change: what was refused leaves it as it was.
    pub(crate) fn everything(&self) -> String {
        format!("{:?}", self.model)
    }
}
