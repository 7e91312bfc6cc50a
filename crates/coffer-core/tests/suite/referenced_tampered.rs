//! Rows and unique keys of referenced tokens that somebody changed in the store, and what they tell whoever reads it.

use coffer_core::{
    ForwardOpened, ForwardSource, ReferencedError, Refused, Side,
    store::{IndexKind, ReusableRow, Store, UniqueKey},
};
use coffer_crypto::{Blob, Fingerprint, Salt};
use coffer_types::{Generation, RecordNumber, limits};

use crate::support::{
    AMEX, DAY, MASTERCARD, ReferencedSeen, VISA, World, act, act_of_two, at, card, find, instrument_of,
    key_of, protected, refer, request, run, tenant,
};

const SHUT: ReferencedError = ReferencedError::Refused(Refused::Unavailable);
const UNKNOWN: ReferencedError = ReferencedError::Unknown;

/// Two tokens of one group with their unique keys.
struct Case {
    world: World,
    mine: ReferencedSeen,
    other: ReferencedSeen,
    keys: Vec<(UniqueKey, RecordNumber)>,
    others: Vec<(UniqueKey, RecordNumber)>,
}

impl Case {
    fn new() -> Self {
        let world = World::new();
        let (mut mine, mut other) = (None, None);
        let keys = world.keys_of(|| mine = world.refer(("g", "r"), protected(VISA), "Ada").ok());
        let others = world.keys_of(|| other = world.refer(("g", "s"), protected(AMEX), "Grace").ok());
        Self { world, mine: mine.unwrap(), other: other.unwrap(), keys, others }
    }

    /// At every door, the first token's names mean nothing; the second's are its own.
    fn is_not_there(&self, name: &str) {
        let (world, digits) = (&self.world, self.mine.digits.as_str());
        let fresh = world.create(&act(), &card(MASTERCARD, None, "Eve"));
        assert_eq!(world.referenced(("g", "r")), None, "{name}");
        assert_eq!(world.rename(("g", "r"), "Eve"), Err(UNKNOWN), "{name}");
        assert_eq!(world.replace(("g", "r"), &fresh), Err(UNKNOWN), "{name}");
        assert_eq!(world.unrefer(("g", "r")), Err(UNKNOWN), "{name}");
        assert_eq!(world.referenced(("g", "s")), Some(self.other.clone()), "{name}");
        assert_eq!(world.number_of(&self.other.digits), AMEX, "{name}");
        assert_eq!(world.by_digits(digits).map(|seen| seen.number), Some(self.mine.number), "{name}");
    }
}

#[test]
fn a_token_has_three_keys_that_lead_to_it() {
    let case = Case::new();
    let kinds: Vec<_> = case.keys.iter().map(|(key, _)| key.kind).collect();
    assert_eq!(kinds, [IndexKind::Reference, IndexKind::Digits, IndexKind::GroupMember]);
    assert!(case.keys.iter().all(|(key, holder)| key.tenant == tenant(1) && *holder == case.mine.number));
    let [mine, other] = [&case.keys, &case.others].map(|keys| key_of(keys, IndexKind::GroupMember).value);
    assert_eq!(mine[..8], other[..8], "a group's members lie side by side");
    assert_eq!(mine[8..], case.mine.number.get().to_be_bytes(), "in the order in which they were made");
    case.world.unrefer(("g", "r")).unwrap();
    let left: Vec<_> = case.keys.iter().map(|(key, _)| case.world.holder_of(*key)).collect();
    assert_eq!(left, [Some(case.mine.number), Some(case.mine.number), None], "names stay, a place does not");
}

#[test]
fn a_reference_that_was_bent_to_another_token_shows_nothing() {
    let case = Case::new();
    let key = key_of(&case.keys, IndexKind::Reference);
    for holder in [case.other.number, RecordNumber::MAX] {
        case.world.bend_key(key, holder);
        case.is_not_there("a reference");
        assert_eq!(case.world.refer(("g", "r"), protected(VISA), "Ada"), Err(ReferencedError::Taken));
    }
    case.world.bend_key(key, case.mine.number);
    assert_eq!(case.world.referenced(("g", "r")), Some(case.mine));
}

#[test]
fn digits_that_were_bent_to_another_token_open_nothing() {
    let case = Case::new();
    let (world, digits) = (&case.world, case.mine.digits.as_str());
    world.bend_key(key_of(&case.keys, IndexKind::Digits), case.other.number);
    assert_eq!(world.by_digits(digits), None);
    assert_eq!(world.opened(digits).unwrap_err(), UNKNOWN);
    let attempt = world.attempt(request("k"));
    let sends = |_: &ForwardOpened| Ok::<(), ReferencedError>(());
    let refused = run(world.vault.begin_forward(&act(), &attempt, ForwardSource::Digits(digits), sends));
    assert_eq!(refused.unwrap_err(), UNKNOWN);
    world.is_new(request("k"));
    assert_eq!(world.by_digits(&case.other.digits), Some(case.other.clone()));
    assert_eq!(world.referenced(("g", "r")).map(|seen| seen.number), Some(case.mine.number));
}

#[test]
fn a_token_of_another_group_or_tenant_is_not_shown_where_a_key_was_bent_to_it() {
    let case = Case::new();
    let world = &case.world;
    let elsewhere = world.refer(("h", "t"), protected(MASTERCARD), "Eve").unwrap();
    let given = instrument_of(protected(MASTERCARD), "Eve");
    let theirs = run(refer(&world.vault, &act_of_two(), ("g", "r"), &given)).unwrap();
    let member = key_of(&case.keys, IndexKind::GroupMember);
    for holder in [elsewhere.number, theirs.number, RecordNumber::MAX, RecordNumber::MIN] {
        world.bend_key(member, holder);
        for (side, name) in
            [(Side::Beginning, "from the newest"), (Side::Before(RecordNumber::MIN), "oldest")]
        {
            assert_eq!(
                world.listed(tenant(1), "g", side, 9),
                (vec!["s".to_owned()], None),
                "{name} {holder:?}"
            );
        }
    }
    world.bend_key(member, case.other.number);
    let (shown, _) = world.listed(tenant(1), "g", Side::Beginning, 9);
    assert_eq!(shown, ["s"], "one token is not shown twice");
    for holder in [elsewhere.number, theirs.number] {
        world.bend_key(key_of(&case.keys, IndexKind::Reference), holder);
        assert_eq!(world.referenced(("g", "r")), None);
        world.bend_key(key_of(&case.keys, IndexKind::Digits), holder);
        assert_eq!(world.by_digits(&case.mine.digits), None);
    }
}

/// A whole step of keys that lead back to where the list began.
#[test]
fn a_list_ends_wherever_bent_keys_lead() {
    let world = World::new();
    let step = limits::LIST_STEP_ROWS;
    let keys = world.keys_of(|| {
        for index in 0..step + 4 {
            world.refer(("g", &index.to_string()), protected(VISA), "Ada").unwrap();
        }
    });
    let members: Vec<_> = keys.iter().filter(|(key, _)| key.kind == IndexKind::GroupMember).collect();
    let (lowest, highest) = (members[0].1, members[members.len() - 1].1);
    for (holder, side) in [
        (highest, Side::Beginning),
        (RecordNumber::MAX, Side::Beginning),
        (lowest, Side::Before(RecordNumber::MIN)),
        (RecordNumber::MIN, Side::Before(RecordNumber::MIN)),
    ] {
        for (key, _) in &members {
            world.bend_key(*key, holder);
        }
        let (shown, more) = world.listed(tenant(1), "g", side, 500);
        assert!(shown.len() <= 1, "{holder:?} {side:?}: {shown:?}");
        assert_eq!(more, None);
    }
}

#[test]
fn a_row_that_is_not_wholly_its_own_is_refused_at_every_door() {
    type Change = fn(&ReusableRow, &ReusableRow) -> ReusableRow;
    let changes: [(&str, Change); 7] = [
        ("details of another", |row, other| ReusableRow { details: other.details.clone(), ..row.clone() }),
        ("salt of another", |row, other| ReusableRow { salt: other.salt.clone(), ..row.clone() }),
        ("everything of another", |row, other| ReusableRow { number: row.number, ..other.clone() }),
        ("another generation", |row, _| ReusableRow {
            generation: Generation::FIRST.next().unwrap(),
            ..row.clone()
        }),
        ("a flipped bit", |row, _| {
            let mut bytes = row.details.as_bytes().to_vec();
            bytes[20] ^= 4;
            ReusableRow { details: Blob::from_bytes(bytes), ..row.clone() }
        }),
        ("no salt", |row, _| ReusableRow { salt: Salt::from_bytes([0; 32]), ..row.clone() }),
        ("no details", |row, _| ReusableRow { details: Blob::from_bytes(Vec::new()), ..row.clone() }),
    ];
    for (name, change) in changes {
        let case = Case::new();
        let (world, digits) = (&case.world, case.mine.digits.as_str());
        let other = world.reusable_row(case.other.number).unwrap();
        world.bend_row(case.mine.number, |row| change(&row, &other));
        let refused = run(world.vault.read_referenced(tenant(1), "g", "r")).unwrap_err();
        assert_eq!(ReferencedError::Refused(refused), SHUT, "{name}");
        assert!(run(world.vault.read_referenced_digits(tenant(1), digits)).is_err(), "{name}");
        assert_eq!(world.opened(digits).unwrap_err(), SHUT, "{name}");
        assert_eq!(world.rename(("g", "r"), "Eve"), Err(SHUT), "{name}");
        assert_eq!(world.unrefer(("g", "r")), Err(SHUT), "{name}");
        let attempt = world.attempt(request("k"));
        let sends = |_: &ForwardOpened| Ok::<(), ReferencedError>(());
        let refused = run(world.vault.begin_forward(&act(), &attempt, ForwardSource::Digits(digits), sends));
        assert_eq!(refused.unwrap_err(), SHUT, "{name}");
        world.is_new(request("k"));
        assert_eq!(world.referenced(("g", "s")), Some(case.other), "{name}");
    }
}

#[test]
fn another_card_is_never_given_out_nor_sealed_anew() {
    let case = Case::new();
    let (world, digits) = (&case.world, case.mine.digits.as_str());
    let other = world.reusable_row(case.other.number).unwrap();
    world.bend_row(case.mine.number, |row| ReusableRow { protected: other.protected.clone(), ..row });
    assert_eq!(world.referenced(("g", "r")), Some(case.mine.clone()), "details are still its own");
    assert_eq!(world.opened(digits).unwrap_err(), SHUT);
    assert_eq!(world.rename(("g", "r"), "Eve"), Err(SHUT));
    let attempt = world.attempt(request("k"));
    let sends = |_: &ForwardOpened| Ok::<(), ReferencedError>(());
    let refused = run(world.vault.begin_forward(&act(), &attempt, ForwardSource::Digits(digits), sends));
    assert_eq!(refused.unwrap_err(), SHUT);
}

#[test]
fn the_clear_columns_decide_nothing() {
    let case = Case::new();
    let world = &case.world;
    let other = world.reusable_row(case.other.number).unwrap();
    let (face, fingerprint) = (other.face, other.fingerprint);
    world.bend_row(case.mine.number, |row| ReusableRow { face, fingerprint, ends_at: at(5), ..row });
    world.clock.raise_to(at(DAY));
    world.sweep_all();
    assert_eq!(world.number_of(&case.mine.digits), VISA, "an end that was brought forward ends nothing");
    let renamed = world.rename(("g", "r"), "Ada").unwrap();
    assert_eq!(renamed.last4, "1111");
    let row = world.reusable_row(case.mine.number).unwrap();
    assert!(
        row.ends_at > at(9_000 * DAY) && row.fingerprint != fingerprint,
        "and is put right when it is written"
    );
    world.unrefer(("g", "r")).unwrap();
}

#[test]
fn rows_keys_and_frames_hold_nothing_clear() {
    const NAME: &str = "Markworthy";
    const GROUP: &str = "group-of-note";
    const REFERENCE: &str = "reference-of-note";
    let world = World::new();
    let mut made = Vec::new();
    let keys = world.keys_of(|| {
        let token = world.create(&act(), &card(AMEX, Some("9173"), NAME));
        made.push(world.refer_token(&act(), (GROUP, REFERENCE), &token).unwrap());
        made.push(
            world.refer((GROUP, ""), crate::support::account("7788990011", "021000021"), NAME).unwrap(),
        );
        made.push(world.refer((GROUP, "replaced"), protected(VISA), NAME).unwrap());
    });
    let fresh = world.create(&act(), &card(MASTERCARD, Some("9173"), NAME));
    world.replace((GROUP, "replaced"), &fresh).unwrap();
    world.rename((GROUP, REFERENCE), NAME).unwrap();
    run(world.vault.reveal_referenced(&act(), &made[0].digits, "case")).unwrap();
    world.listed(tenant(1), GROUP, Side::Beginning, 9);
    let mut bytes = format!("{:?} {keys:?}", world.model).into_bytes();
    bytes.extend(keys.iter().flat_map(|(key, _)| key.value));
    for seen in &made {
        let row = world.reusable_row(seen.number).unwrap();
        bytes.extend(format!("{row:?}").bytes());
        bytes.extend(row.fingerprint.iter().flat_map(Fingerprint::as_bytes));
        bytes.extend(
            [row.salt.as_bytes().as_slice(), row.protected.as_bytes(), row.details.as_bytes()].concat(),
        );
    }
    for frame in run(world.model.frames(None, u32::MAX)).unwrap() {
        bytes.extend(frame.records);
    }
    let mut marks = vec![AMEX, VISA, MASTERCARD, "9173", "7788990011", "021000021", NAME, GROUP, REFERENCE];
    marks.extend(["replaced", "riskOf"]);
    marks.extend(made.iter().flat_map(|seen| [seen.reference.as_str(), seen.digits.as_str()]));
    for mark in marks {
        assert_eq!(find(&bytes, mark.as_bytes()), None, "{mark}");
    }
    let row = world.reusable_row(made[0].number).unwrap();
    for there in [row.salt.as_bytes().as_slice(), row.details.as_bytes(), &keys[0].0.value, b"0005", b"case"]
    {
        assert_eq!(find(&bytes, there), Some("raw"), "the search does see what is there");
    }
}

#[test]
fn nothing_clear_is_printed_by_what_passes_through() {
    let world = World::new();
    let made = world.refer(("group-of-note", "reference-of-note"), protected(VISA), "Markworthy").unwrap();
    let view = run(world.vault.read_referenced(tenant(1), "group-of-note", "reference-of-note")).unwrap();
    let revealed = run(world.vault.reveal_referenced(&act(), &made.digits, "case")).unwrap();
    let page = run(world.vault.list_referenced(tenant(1), "group-of-note", Side::Beginning, 9, |_| true));
    let attempt = world.attempt(request("k"));
    let sends = |_: &ForwardOpened| Ok::<(), ReferencedError>(());
    let source = ForwardSource::Digits(&made.digits);
    let forward = run(world.vault.begin_forward(&act(), &attempt, source, sends)).unwrap();
    let shown = format!("{view:?} {revealed:?} {:?} {forward:?} {attempt:?}", page.unwrap().items);
    for mark in [VISA, "of-note", "Markworthy", made.digits.as_str()] {
        assert_eq!(find(shown.as_bytes(), mark.as_bytes()), None, "{mark} in {shown}");
    }
    for there in ["ReferencedView", "RevealedReferenced", "ForwardOpened", "ReferencedDetails(..)", "1111"] {
        assert!(shown.contains(there), "{there} was looked at");
    }
}
