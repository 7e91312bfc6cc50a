//! Random histories of one instrument and its codes, against a model of a few lines: whether a code is there, which,
//! and until when.

use std::sync::{Arc, Mutex};

use coffer_core::store::{Put, Row, Store, TokenKind};
use coffer_crypto::LocatorBytes;
use coffer_types::RecordNumber;

use crate::support::{LIFE, MASTERCARD, MINUTE, Step, VISA, World, act, at, card, clear, run, tenant};

#[derive(Clone, Debug)]
enum Do {
    /// A token is made so many minutes before it is exchanged, or used on the instrument.
    Exchange {
        code: Option<String>,
        waits: i64,
    },
    Update {
        code: Option<String>,
        waits: i64,
        other_card: bool,
    },
    Change,
    Reveal,
    Wait {
        minutes: i64,
    },
    Sweep,
}

/// Numbers that look random and are the same for one seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    fn minutes(&mut self, end: u64) -> i64 {
        i64::try_from(self.below(end)).unwrap()
    }

    fn code(&mut self) -> Option<String> {
        (self.below(3) > 0).then(|| (100 + self.below(900)).to_string())
    }

    fn act(&mut self) -> Do {
        match self.below(12) {
            0 | 1 => Do::Exchange { code: self.code(), waits: self.minutes(32) },
            2 | 3 => {
                let other_card = self.below(2) == 0;
                Do::Update { code: self.code(), waits: self.minutes(32), other_card }
            }
            4 => Do::Change,
            5..=8 => Do::Reveal,
            9 | 10 => Do::Wait { minutes: self.minutes(20) },
            _ => Do::Sweep,
        }
    }
}

/// What should be so.
struct Expected {
    now: i64,
    pan: &'static str,
    code: Option<(String, i64)>,
}

impl Expected {
    /// A token that was made before brings its code, if it is still good; says whether it is.
    fn brings(&mut self, code: Option<&str>, made: i64) -> bool {
        let is_good = self.now < made + LIFE;
        if is_good {
            self.code = code.map(|code| (code.to_owned(), made + LIFE));
        }
        is_good
    }
}

fn revealed(world: &World, id: &LocatorBytes) -> (String, Option<String>) {
    let number = world.instrument_number(id);
    clear(&run(world.vault.reveal(&act(), number, "test")).unwrap().clear)
}

fn walk(history: &[Do]) {
    let world = World::keeping();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let made = Arc::clone(&kept);
    world.store.on_commit(move |unit| {
        for put in unit.puts() {
            if let Put::Insert(Row::Token(row)) = put
                && row.kind == TokenKind::KeptCode
            {
                made.lock().unwrap().push(row.number);
            }
        }
        Step::Pass
    });
    let first = world.create(&act(), &card(VISA, None, "Ada"));
    let id = world.exchange(&act(), &first, "c").unwrap().0.locator;
    let mut expected = Expected { now: 0, pan: VISA, code: None };
    for (step, done) in history.iter().enumerate() {
        match done {
            Do::Exchange { code, waits } | Do::Update { code, waits, other_card: _ } => {
                let pan = match done {
                    Do::Update { other_card: true, .. } if expected.pan == VISA => MASTERCARD,
                    Do::Update { other_card: true, .. } => VISA,
                    _ => expected.pan,
                };
                let token = world.create(&act(), &card(pan, code.as_deref(), "Ada"));
                let made = expected.now;
                expected.now += waits * MINUTE;
                world.clock.raise_to(at(expected.now));
                let went = match done {
                    Do::Update { .. } => world.update(&act(), &id, Some(&token), "Ada").is_ok(),
                    _ => world.exchange(&act(), &token, "c").is_ok_and(|(seen, _)| seen.locator == id),
                };
                let is_good = expected.brings(code.as_deref(), made);
                assert_eq!(went, is_good, "{step}: {done:?}");
                expected.pan = if is_good { pan } else { expected.pan };
            }
            Do::Change => drop(world.update(&act(), &id, None, "Grace").unwrap()),
            Do::Reveal => {
                let code = expected.code.take().filter(|(_, ends_at)| expected.now < *ends_at);
                let given = (expected.pan.to_owned(), code.map(|(code, _)| code));
                assert_eq!(revealed(&world, &id), given, "{step}");
            }
            Do::Wait { minutes } => {
                expected.now += minutes * MINUTE;
                world.clock.raise_to(at(expected.now));
            }
            Do::Sweep => drop(run(world.vault.sweep()).unwrap()),
        }
        let live = codes(&world, &kept.lock().unwrap(), expected.now);
        let is_there = expected.code.as_ref().is_some_and(|(_, ends_at)| expected.now < *ends_at);
        assert_eq!(live, usize::from(is_there), "{step}: no code lies anywhere but the one that can leave");
    }
}

/// How many rows there are whose code could leave.
fn codes(world: &World, kept: &[RecordNumber], now: i64) -> usize {
    let rows = kept.iter().filter_map(|number| run(world.model.token(tenant(1), *number)).unwrap());
    rows.filter(|row| row.is_live(at(now))).count()
}

#[test]
fn a_code_is_there_when_the_model_says_so() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let steps = 1 + dice.below(24);
        walk(&(0..steps).map(|_| dice.act()).collect::<Vec<_>>());
    }
}
