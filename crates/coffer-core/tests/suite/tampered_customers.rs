//! Customer rows and their unique keys that somebody changed in the store: nobody is shown as somebody else.

use coffer_core::{
    CustomerError, DefaultInstrument, PutCustomer, Refused, Who,
    store::{CustomerRow, IndexKind, Store},
};
use coffer_crypto::{Blob, Salt};
use coffer_types::{Generation, RecordNumber};

use crate::support::{World, act, contact, run, tenant};

/// Two customers of one tenant; reads of the first are changed.
struct Case {
    world: World,
    row: CustomerRow,
    other: CustomerRow,
}

fn put(world: &World, id: &str, name: &str) -> Result<(), CustomerError> {
    let put = PutCustomer {
        id: Some(id),
        name: &|_| unreachable!("the id is given"),
        contact: Who::Said(Some(contact(name))),
        own: None,
        default: DefaultInstrument::None,
    };
    run(world.vault.put_customer(&act(), &put, |_, _| ()))
}

impl Case {
    fn new() -> Self {
        let world = World::new();
        let rows = [("one", "Ada"), ("two", "Grace")].map(|(id, name)| {
            put(&world, id, name).unwrap();
            let number = run(world.model.newest_number()).unwrap().unwrap();
            run(world.model.customer(tenant(1), number)).unwrap().unwrap()
        });
        let [row, other] = rows;
        Self { world, row, other }
    }

    fn refuses_both(&self, what: &str) {
        let before = self.world.everything();
        let read = run(self.world.vault.read_customer(tenant(1), "one"));
        assert_eq!(read.err(), Some(Refused::Unavailable), "{what}");
        let put = put(&self.world, "one", "Edith");
        assert_eq!(put, Err(CustomerError::Refused(Refused::Unavailable)), "{what}");
        assert_eq!(self.world.everything(), before, "{what}");
    }

    fn is_unharmed(&self) {
        self.world.store.heal();
        for (id, name) in [("one", "Ada"), ("two", "Grace")] {
            let view = run(self.world.vault.read_customer(tenant(1), id)).unwrap().unwrap();
            assert_eq!(view.details.contact.unwrap().first_name.as_deref(), Some(name));
        }
    }
}

#[test]
fn a_unique_key_that_was_bent_to_another_customer_shows_nothing() {
    let case = Case::new();
    let other = case.other.number;
    case.world.store.on_holder(move |_| other);
    case.refuses_both("another's");
    case.world.store.on_holder(|_| RecordNumber::MAX);
    case.refuses_both("nobody's");
    case.is_unharmed();
}

#[test]
fn a_row_that_is_not_wholly_its_own_is_refused() {
    let case = Case::new();
    let (row, other) = (case.row.clone(), case.other.clone());
    let mut flipped = row.details.as_bytes().to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let mut salt = *row.salt.as_bytes();
    salt[31] ^= 0x80;
    let changed = [
        ("details of another", CustomerRow { details: other.details.clone(), ..row.clone() }),
        ("everything of another", CustomerRow { number: row.number, ..other.clone() }),
        ("another's whole row", other.clone()),
        ("another's number", CustomerRow { number: other.number, ..row.clone() }),
        ("another tenant", CustomerRow { tenant: tenant(2), ..row.clone() }),
        ("another generation", CustomerRow { generation: Generation::FIRST.next().unwrap(), ..row.clone() }),
        ("a flipped bit", CustomerRow { details: Blob::from_bytes(flipped), ..row.clone() }),
        ("no details", CustomerRow { details: Blob::from_bytes(Vec::new()), ..row.clone() }),
        ("another salt", CustomerRow { salt: Salt::from_bytes(salt), ..row.clone() }),
    ];
    for (what, changed) in changed {
        let number = row.number;
        case.world.store.on_customer(move |row| if row.number == number { changed.clone() } else { row });
        case.refuses_both(what);
    }
    case.is_unharmed();
}

/// The index tells half a hash: an instrument that was hung under another customer's prefix is not shown as theirs.
#[test]
fn an_instrument_under_a_bent_key_is_not_shown_as_anothers() {
    let case = Case::new();
    let new = crate::support::instrument_of(crate::support::other(None, "{}"), "Ada");
    let mine = case.world.keep(&act(), &new, "one").unwrap().0;
    let number = case.world.instrument_number(&mine.locator);
    case.world.store.on_holders(move |_| vec![number]);
    let walk = |customers| case.world.walk(&act(), coffer_core::Walk { customers, ..Default::default() });
    assert_eq!(walk(&["two"]), []);
    assert_eq!(walk(&["one"]), [mine]);
    let held = run(case.world.model.holders(tenant(1), IndexKind::CustomerInstrument, [0; 8], 10));
    assert_eq!(held, Ok(Vec::new()), "no prefix but the customer's");
}
