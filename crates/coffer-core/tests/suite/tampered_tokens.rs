//! Token rows that somebody changed in the store: nothing opens at another place than its own.

use coffer_core::{
    ExchangeError, RedeemError, Refused,
    store::{TokenRow, TokenState},
};
use coffer_crypto::{Blob, LocatorBytes, Salt};
use coffer_types::{Generation, RecordNumber, limits};

use crate::support::{MASTERCARD, VISA, World, act, card, details_of, run, tenant};

/// A row of ours, and the row that is mixed into it.
type Change = fn(TokenRow, &TokenRow) -> TokenRow;

fn flipped(blob: &Blob, byte: usize) -> Blob {
    let mut bytes = blob.as_bytes().to_vec();
    bytes[byte] ^= 1 << (byte % 8);
    Blob::from_bytes(bytes)
}

fn parts(row: &TokenRow) -> (Blob, Option<Blob>) {
    match &row.state {
        TokenState::Live { protected, sad } => (protected.clone(), sad.clone()),
        TokenState::Used { .. } | TokenState::Expired => panic!("the token is live"),
    }
}

fn with_card(row: TokenRow, protected: Blob) -> TokenRow {
    let (_, sad) = parts(&row);
    TokenRow { state: TokenState::Live { protected, sad }, ..row }
}

fn with_sad(row: TokenRow, sad: Option<Blob>) -> TokenRow {
    let (protected, _) = parts(&row);
    TokenRow { state: TokenState::Live { protected, sad }, ..row }
}

/// Two tokens of two people; reads of the first are changed.
struct Case {
    world: World,
    mine: LocatorBytes,
    row: TokenRow,
    other: TokenRow,
}

impl Case {
    fn new() -> Self {
        let world = World::new();
        let mine = world.create(&act(), &card(VISA, Some("123"), "Ada"));
        let theirs = world.create(&act(), &card(MASTERCARD, Some("987"), "Grace"));
        let rows = [&mine, &theirs].map(|token| world.token_row(token).unwrap());
        let [row, other] = rows;
        Self { world, mine, row, other }
    }

    fn tamper(&self, changed: TokenRow) {
        let number = self.row.number;
        assert_ne!(changed, self.row, "the change changes something");
        self.world.store.on_token(move |row| if row.number == number { changed.clone() } else { row });
    }

    /// Whether a read refuses; otherwise it must show what it always showed.
    fn read_refuses(&self) -> bool {
        match run(self.world.vault.read_token(tenant(1), &self.mine)) {
            Ok(view) => {
                let details = serde_json::to_value(&view.unwrap().details).unwrap();
                assert_eq!(details, details_of("Ada"));
                false
            }
            Err(refused) => refused == Refused::Unavailable,
        }
    }

    fn refuses_redeem(&self) {
        let refused = Err(RedeemError::Refused(Refused::Unavailable));
        assert_eq!(self.world.redeem(&self.mine), refused);
    }

    fn refuses_exchange(&self) {
        let refused = Err(ExchangeError::Refused(Refused::Unavailable));
        assert_eq!(self.world.exchange(&act(), &self.mine, "customer"), refused);
    }

    /// Without the change everything is as it was: nothing was used up and no fact claims a use.
    fn is_unharmed(&self) {
        self.world.store.heal();
        assert_eq!(self.world.token_row(&self.mine), Some(self.row.clone()));
        let uses = ["token.redeem", "token.exchange"];
        assert!(self.world.lines().iter().all(|line| !uses.iter().any(|used| line["action"] == *used)));
        assert_eq!(self.world.redeem(&self.mine), Ok((VISA.to_owned(), Some("123".to_owned()))));
    }
}

#[test]
fn a_row_that_is_not_wholly_its_own_is_refused_at_every_door() {
    let changes: [(&str, Change); 8] = [
        ("details of another", |row, other| TokenRow { details: other.details.clone(), ..row }),
        ("details and salt of another", |row, other| TokenRow {
            details: other.details.clone(),
            salt: other.salt.clone(),
            ..row
        }),
        ("salt of another", |row, other| TokenRow { salt: other.salt.clone(), ..row }),
        ("everything of another under our number", |row, other| TokenRow {
            number: row.number,
            ..other.clone()
        }),
        ("another's number", |row, other| TokenRow { number: other.number, ..row }),
        ("an unknown number", |row, _| TokenRow { number: RecordNumber::MAX, ..row }),
        ("another tenant", |row, _| TokenRow { tenant: tenant(2), ..row }),
        ("another generation", |row, _| TokenRow { generation: Generation::FIRST.next().unwrap(), ..row }),
    ];
    for (name, change) in changes {
        let case = Case::new();
        case.tamper(change(case.row.clone(), &case.other));
        assert!(case.read_refuses(), "{name}");
        case.refuses_redeem();
        case.refuses_exchange();
        case.is_unharmed();
    }
}

#[test]
fn a_tenant_without_keys_is_refused_too() {
    let case = Case::new();
    case.tamper(TokenRow { tenant: tenant(77), ..case.row.clone() });
    assert!(case.read_refuses());
    case.refuses_redeem();
    case.refuses_exchange();
    case.is_unharmed();
}

#[test]
fn another_card_gives_nothing() {
    let case = Case::new();
    let (_, sad) = parts(&case.row);
    let (their_card, _) = parts(&case.other);
    let changes = [
        with_card(case.row.clone(), their_card),
        with_card(case.row.clone(), sad.unwrap()),
        with_card(case.row.clone(), case.row.details.clone()),
        with_card(case.row.clone(), Blob::from_bytes(Vec::new())),
    ];
    for changed in changes {
        case.tamper(changed);
        assert!(!case.read_refuses(), "the details are still its own");
        case.refuses_redeem();
        case.refuses_exchange();
    }
    case.is_unharmed();
}

#[test]
fn another_code_gives_nothing() {
    let case = Case::new();
    let (_, their_sad) = parts(&case.other);
    let truncated = Blob::from_bytes(parts(&case.row).1.unwrap().as_bytes()[..10].to_vec());
    for sad in [their_sad.unwrap(), truncated, Blob::from_bytes(Vec::new())] {
        case.tamper(with_sad(case.row.clone(), Some(sad)));
        case.refuses_redeem();
    }
    case.is_unharmed();
}

#[test]
fn every_flipped_bit_is_noticed() {
    let case = Case::new();
    let (card, sad) = parts(&case.row);
    for byte in 0..card.as_bytes().len() {
        case.tamper(with_card(case.row.clone(), flipped(&card, byte)));
        case.refuses_redeem();
        case.refuses_exchange();
    }
    for byte in 0..case.row.details.as_bytes().len() {
        case.tamper(TokenRow { details: flipped(&case.row.details, byte), ..case.row.clone() });
        assert!(case.read_refuses());
        case.refuses_redeem();
        case.refuses_exchange();
    }
    for byte in 0..32 {
        let mut salt = *case.row.salt.as_bytes();
        salt[byte] ^= 1 << (byte % 8);
        case.tamper(TokenRow { salt: Salt::from_bytes(salt), ..case.row.clone() });
        assert!(case.read_refuses());
        case.refuses_redeem();
        case.refuses_exchange();
    }
    let sad = sad.unwrap();
    // Bytes 2 to 5 name the key: see the next test.
    for byte in (0..2).chain(6..sad.as_bytes().len()) {
        case.tamper(with_sad(case.row.clone(), Some(flipped(&sad, byte))));
        case.refuses_redeem();
    }
    case.is_unharmed();
}

#[test]
fn a_code_under_a_key_that_the_ring_does_not_hold_is_no_code() {
    let blobs = |case: &Case| {
        let (card, sad) = parts(&case.row);
        let elsewhere = (2..6).map(|byte| flipped(sad.as_ref().unwrap(), byte));
        elsewhere.chain([card, parts(&case.other).0, case.row.details.clone()]).collect::<Vec<_>>()
    };
    for sad in blobs(&Case::new()) {
        let case = Case::new();
        case.tamper(with_sad(case.row.clone(), Some(sad)));
        assert_eq!(case.world.redeem(&case.mine), Ok((VISA.to_owned(), None)));
    }
}

#[test]
fn a_used_row_does_not_come_back_to_life() {
    let case = Case::new();
    case.world.redeem(&case.mine).unwrap();
    let used = case.world.token_row(&case.mine).unwrap();
    let old = case.row.clone();
    let mixes = [
        TokenRow { salt: old.salt.clone(), details: old.details.clone(), ..used.clone() },
        TokenRow { details: old.details.clone(), ..used.clone() },
        TokenRow { generation: used.generation, ..old.clone() },
    ];
    for mix in mixes {
        let usable = matches!(mix.state, TokenState::Live { .. });
        case.tamper(mix);
        assert!(case.read_refuses());
        let refused = RedeemError::Refused(Refused::Unavailable);
        let expected = if usable { refused } else { RedeemError::NotUsable };
        assert_eq!(case.world.redeem(&case.mine), Err(expected));
    }
    let card_again = TokenRow { state: old.state.clone(), ..used };
    case.tamper(card_again);
    case.refuses_redeem();
}

#[test]
fn an_old_row_that_a_read_still_shows_gives_nothing() {
    let case = Case::new();
    case.world.redeem(&case.mine).unwrap();
    let (old, number) = (case.row.clone(), case.row.number);
    case.world.store.on_token(move |row| if row.number == number { old.clone() } else { row });
    let contended = RedeemError::Refused(Refused::Contended);
    assert_eq!(case.world.redeem(&case.mine), Err(contended), "the commit sees that it was used");
    let result = case.world.exchange(&act(), &case.mine, "customer");
    assert_eq!(result, Err(ExchangeError::Refused(Refused::Contended)));
    let uses = case.world.lines().into_iter().filter(|line| line["action"] == "token.redeem");
    assert_eq!(uses.count(), 1, "after {} attempts", limits::PLAN_ATTEMPTS);
}
