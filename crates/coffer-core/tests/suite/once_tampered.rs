//! What lies in the store of answers tells nothing, and what somebody changed there answers nobody.

use coffer_core::{
    Asked, Refused,
    store::{ReplyRow, Store},
};
use coffer_crypto::{Blob, Salt, Sha256};
use coffer_types::Generation;

use crate::support::{Request, VISA, World, act, asked, card, find, reply, request, run, tenant};

const CODE: &str = "9173";

/// Two answers with codes, and the first one's row.
struct Case {
    world: World,
    mine: Request<'static>,
    other: Request<'static>,
    row: ReplyRow,
    others: ReplyRow,
}

impl Case {
    fn new() -> Self {
        let world = World::new();
        let mine = Request { sad: CODE, ..request("marked-key-of-mine") };
        let other = Request { sad: CODE, ..request("key-of-another") };
        let rows = world.replies_of(|| {
            for (request, body) in [(mine, "marked-answer"), (other, "another answer")] {
                run(world.vault.answer(&world.attempt(request), &reply(201, body))).unwrap();
            }
        });
        let [row, others] = rows.try_into().unwrap();
        Self { world, mine, other, row, others }
    }

    /// What is asked for first, when its row reads so.
    fn ask(&self, changed: &ReplyRow) -> Result<Asked, Refused> {
        assert_ne!(*changed, self.row, "the change changes something");
        let changed = changed.clone();
        self.world.store.on_reply(move |_| changed.clone());
        let asked = self.world.asked(self.mine);
        self.world.store.heal();
        asked
    }
}

#[test]
fn a_row_under_another_requests_key_answers_it_nothing() {
    let case = Case::new();
    // The other's row, moved whole to this key: it opens, and is not what was asked for.
    let moved = ReplyRow { key: case.row.key, ..case.others.clone() };
    assert!(matches!(case.ask(&moved), Ok(Asked::Different)));
    case.world.answered(case.mine);
    case.world.answered(case.other);
}

#[test]
fn a_row_that_is_not_wholly_its_own_answers_nobody() {
    let case = Case::new();
    let second = Generation::FIRST.next().unwrap();
    let (row, others) = (&case.row, &case.others);
    let number = coffer_types::RecordNumber::from_u64(row.number.get() + 1).unwrap();
    let changes = [
        ("details of another", ReplyRow { details: others.details.clone(), ..row.clone() }),
        ("salt of another", ReplyRow { salt: others.salt.clone(), ..row.clone() }),
        ("mark of another's code", ReplyRow { sad: others.sad.clone(), ..row.clone() }),
        ("another's number", ReplyRow { number: others.number, ..row.clone() }),
        ("another number", ReplyRow { number, ..row.clone() }),
        ("another generation", ReplyRow { generation: second, ..row.clone() }),
        ("another tenant", ReplyRow { tenant: tenant(2), ..row.clone() }),
        ("no details", ReplyRow { details: Blob::from_bytes(Vec::new()), ..row.clone() }),
    ];
    for (name, changed) in changes {
        let asked = case.ask(&changed);
        assert!(matches!(asked, Err(Refused::Unavailable)), "{name}: {asked:?}");
    }
    case.world.answered(case.mine);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let case = Case::new();
    let flipped = |blob: &Blob, at: usize| {
        let mut bytes = blob.as_bytes().to_vec();
        bytes[at] ^= 1 << (at % 8);
        Blob::from_bytes(bytes)
    };
    for at in 0..case.row.details.as_bytes().len() {
        let changed = ReplyRow { details: flipped(&case.row.details, at), ..case.row.clone() };
        assert!(matches!(case.ask(&changed), Err(Refused::Unavailable)), "details, byte {at}");
    }
    let sad = case.row.sad.clone().unwrap();
    // The version in the head picks the key: one that is not there compares nothing, as after half an hour.
    for at in (0..2).chain(6..sad.as_bytes().len()) {
        let changed = ReplyRow { sad: Some(flipped(&sad, at)), ..case.row.clone() };
        assert!(matches!(case.ask(&changed), Err(Refused::Unavailable)), "mark, byte {at}");
    }
    for at in 0..32 {
        let mut salt = *case.row.salt.as_bytes();
        salt[at] ^= 1;
        let changed = ReplyRow { salt: Salt::from_bytes(salt), ..case.row.clone() };
        assert!(matches!(case.ask(&changed), Err(Refused::Unavailable)), "salt, byte {at}");
    }
    case.world.answered(case.mine);
}

#[test]
fn a_row_that_was_given_to_another_tenant_tells_them_nothing() {
    let case = Case::new();
    // The other tenant's own key, as the store would have it.
    let theirs = {
        let world = World::new();
        let rows = world.replies_of(|| {
            let Ok(Asked::New(attempt)) = run(asked(&world.vault, tenant(2), case.mine)) else {
                panic!("nothing is there")
            };
            run(world.vault.answer(&attempt, &reply(201, "theirs"))).unwrap();
        });
        rows[0].key
    };
    assert_ne!(theirs, case.row.key, "one key of a caller is two of two tenants");
    let bent = ReplyRow { key: theirs, tenant: tenant(2), ..case.row.clone() };
    case.world.store.on_reply(move |row| row);
    let unit = coffer_core::store::Unit::build(case.row.number, case.world.vault.now());
    let unit = unit.erase(case.row.record(), case.row.generation).finish();
    case.world.model.apply(&unit).unwrap();
    let unit = coffer_core::store::Unit::build(case.row.number, case.world.vault.now());
    case.world.model.apply(&unit.insert(bent).finish()).unwrap();
    let asked = run(asked(&case.world.vault, tenant(2), case.mine));
    assert!(matches!(asked, Err(Refused::Unavailable)), "{asked:?}");
    case.world.is_new(case.mine);
}

#[test]
fn rows_and_frames_hold_nothing_of_what_was_asked_and_answered() {
    let case = Case::new();
    let world = &case.world;
    let marked = Request { key: "marked-key", path: "/marked-path", body: "marked-asked", ..case.mine };
    let made = world.replies_of(|| drop(world.create_once(marked, &card(VISA, Some(CODE), "Ada"))));
    run(world.vault.redeem(&act(), made[0].number, |_| ())).unwrap_err();
    let mut bytes = format!("{:?}", world.model).into_bytes();
    for row in made.iter().chain([&case.row, &case.others]) {
        bytes.extend(format!("{row:?}").bytes());
        bytes.extend(row.key);
        bytes.extend(row.salt.as_bytes());
        bytes.extend(row.details.as_bytes());
        bytes.extend(row.sad.as_ref().unwrap().as_bytes());
    }
    for frame in run(world.model.frames(None, u32::MAX)).unwrap() {
        bytes.extend(frame.records);
    }
    let mut digest = Sha256::new();
    digest.update(CODE.as_bytes());
    let answer = world.answered(marked).body;
    let marks: [&[u8]; 10] = [
        b"marked",
        b"key-of-mine",
        b"key-of-another",
        CODE.as_bytes(),
        &digest.finish(),
        b"application/json",
        b"POST",
        b"/tokens",
        VISA.as_bytes(),
        answer.as_bytes(),
    ];
    for mark in marks {
        assert_eq!(find(&bytes, mark), None, "{}", String::from_utf8_lossy(mark));
    }
    for there in [made[0].key.as_slice(), made[0].details.as_bytes(), b"key of one"] {
        assert_eq!(find(&bytes, there), Some("raw"), "the search does see what is there");
    }
    let [one, two] = [&case.row, &case.others].map(|row| row.sad.clone().unwrap());
    assert_ne!(one, two, "equal codes look different");
}
