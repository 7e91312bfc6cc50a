//! Shares of a root: any that are enough make it, fewer say nothing, and each mistake is told as what it is.

use coffer_crypto::custody::{
    CombineError, MismatchError, Progress, Quorum, QuorumError, SHARE_TEXT_LEN, Scheme, SchemeError, Share,
    ShareTextError, SplitError, combine, split,
};
use coffer_crypto::{Entropy, Environment, OsEntropy, RootKey};

use crate::fixture::{Counting, Dry};

const SAMPLES: &str = include_str!("../samples/shares.txt");
const ROOT: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn root() -> RootKey {
    RootKey::parse_hex(ROOT).unwrap()
}

fn scheme(threshold: u8, count: u8) -> Scheme {
    Scheme::new(threshold, count).unwrap()
}

fn shares_of(root: &RootKey, threshold: u8, count: u8) -> Vec<Share> {
    split(root, Environment::Live, scheme(threshold, count), &OsEntropy).unwrap()
}

fn texts(shares: &[Share]) -> Vec<String> {
    shares.iter().map(|share| share.to_text().to_string()).collect()
}

fn read(texts: &[String]) -> Vec<Share> {
    texts.iter().map(|text| Share::parse(text).unwrap()).collect()
}

/// Every choice of `size` of these texts.
fn choices(texts: &[String], size: u32) -> Vec<Vec<String>> {
    let all = 0..1_u32 << texts.len();
    all.filter(|choice| choice.count_ones() == size)
        .map(|choice| {
            let chosen = texts.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1);
            chosen.map(|(_, text)| text.clone()).collect()
        })
        .collect()
}

fn frozen(name: &str) -> Vec<String> {
    let lines = SAMPLES.lines().filter_map(|line| line.strip_prefix(name)?.split_once(' '));
    lines.map(|(_, text)| text.to_owned()).collect()
}

#[test]
fn shares_are_the_samples_and_read_back() {
    let samples = [
        ("3-of-5", Environment::Live, scheme(3, 5)),
        ("2-of-2", Environment::Sandbox, scheme(2, 2)),
        ("16-of-16", Environment::Live, scheme(16, 16)),
    ];
    for (name, environment, scheme) in samples {
        let shares = split(&root(), environment, scheme, &Counting::from(7)).unwrap();
        assert_eq!(texts(&shares), frozen(name), "{name}");
        for (share, index) in read(&frozen(name)).iter().zip(1..) {
            assert_eq!((share.environment(), share.scheme(), share.index()), (environment, scheme, index));
            assert_eq!(share.root(), root().id());
        }
        let made = combine(&read(&frozen(name))).unwrap();
        assert_eq!(made.to_hex().as_str(), ROOT, "{name}");
    }
    assert_eq!(Scheme::default(), scheme(3, 5));
}

#[test]
fn every_choice_of_enough_shares_makes_the_root_and_none_of_fewer() {
    for (threshold, count) in [(2, 2), (2, 3), (3, 5), (4, 4), (4, 7), (2, 16), (15, 16)] {
        let root = RootKey::generate(&OsEntropy).unwrap();
        let all = texts(&shares_of(&root, threshold, count));
        for chosen in choices(&all, threshold.into()) {
            let made = combine(&read(&chosen)).unwrap();
            assert_eq!(made.to_hex(), root.to_hex(), "{threshold} of {count}");
        }
        for chosen in choices(&all, u32::from(threshold) - 1) {
            let few = combine(&read(&chosen)).err();
            assert_eq!(few, Some(CombineError::TooFew { more: 1 }), "{threshold} of {count}");
        }
        assert_eq!(combine(&read(&all)).unwrap().to_hex(), root.to_hex(), "and all together");
    }
    assert_eq!(combine(&[]).err(), Some(CombineError::TooFew { more: 2 }));
}

/// Shares say how many are needed, and a liar could say less: what the polynomial gives then is not the root.
#[test]
fn fewer_shares_that_claim_to_be_enough_make_nothing() {
    let all = texts(&shares_of(&root(), 3, 5));
    let lying: Vec<_> = all.iter().map(|text| forged(text, |bytes| bytes[10] = 0x14)).collect();
    for chosen in choices(&lying, 2) {
        assert_eq!(combine(&read(&chosen)).err(), Some(CombineError::Wrong));
    }
}

#[test]
fn schemes_need_two_and_end_at_sixteen() {
    for threshold in 0..=255 {
        for count in 0..=255 {
            let allowed = (2..=16).contains(&count) && (2..=count).contains(&threshold);
            let scheme = Scheme::new(threshold, count);
            assert_eq!(scheme.is_ok(), allowed, "{threshold} of {count}");
            let reason = match (threshold, count) {
                (..2, _) => Some(SchemeError::Alone),
                (_, 17..) => Some(SchemeError::TooMany),
                _ if threshold > count => Some(SchemeError::TooFew { threshold, count }),
                _ => None,
            };
            assert_eq!(scheme.err(), reason);
        }
    }
    let dry = split(&root(), Environment::Live, Scheme::default(), &Dry);
    assert!(matches!(dry.err(), Some(SplitError::Entropy(_))));
}

#[test]
fn a_share_is_read_as_people_type_it() {
    let text = frozen("3-of-5").swap_remove(0);
    let bare = text.replace('-', "");
    for typed in [
        text.to_uppercase(),
        bare.clone(),
        text.replace('-', " "),
        format!("  {}\r\n", text.replace('-', "\n")),
        bare.chars().flat_map(|digit| [digit, ' ']).collect(),
    ] {
        assert_eq!(Share::parse(&typed).unwrap().to_text().as_str(), text);
    }
    assert_eq!(text.len(), SHARE_TEXT_LEN);
}

/// Every character of a share, changed to every other: none passes, and none is taken for something else.
#[test]
fn every_mistyped_character_is_told() {
    let text = frozen("3-of-5").swap_remove(1);
    for (at, was) in text.char_indices().filter(|(_, was)| *was != '-') {
        for other in ('a'..='z').chain('2'..='7').filter(|other| *other != was) {
            let mut typed = text.clone();
            typed.replace_range(at..=at, &other.to_string());
            assert_eq!(Share::parse(&typed).err(), Some(ShareTextError::Checksum), "{at} {other}");
        }
        for other in ['0', '1', '8', '9', '_', 'é', '\0'] {
            let mut typed = text.clone();
            typed.replace_range(at..=at, &other.to_string());
            let place = ShareTextError::Character { group: at / 6 + 1, character: at % 6 + 1 };
            assert_eq!(Share::parse(&typed).err(), Some(place));
        }
    }
    // Neighbours that changed places.
    let groups: Vec<_> = text.split('-').collect();
    for at in 1..groups.len() {
        let mut swapped = groups.clone();
        swapped.swap(at - 1, at);
        assert_eq!(Share::parse(&swapped.join("-")).err(), Some(ShareTextError::Checksum));
    }
}

#[test]
fn what_is_no_share_is_told_by_its_length() {
    let text = frozen("3-of-5").swap_remove(0);
    for (typed, length) in [("", 0), (&text[..text.len() - 1], 79), (&format!("{text}a"), 81), (ROOT, 64)] {
        let expected = if typed == ROOT {
            ShareTextError::Character { group: 1, character: 1 }
        } else {
            ShareTextError::Length(length)
        };
        assert_eq!(Share::parse(typed).err(), Some(expected));
    }
    assert_eq!(Share::parse(&"-".repeat(100_000)).err(), Some(ShareTextError::Length(100_000)));
}

/// The same bytes changed, and the checksum made anew.
fn forged(text: &str, change: impl FnOnce(&mut [u8])) -> String {
    let digits = text.replace('-', "").to_uppercase();
    let mut bytes = data_encoding::BASE32_NOPAD.decode(digits.as_bytes()).unwrap();
    change(&mut bytes[..46]);
    let checksum = coffer_crypto::sha256(&bytes[..46]);
    bytes[46..].copy_from_slice(&checksum[..4]);
    data_encoding::BASE32_NOPAD.encode(&bytes)
}

#[test]
fn shares_with_a_checksum_that_cannot_be_are_refused() {
    let text = frozen("3-of-5").swap_remove(0);
    let changes: [(usize, &[u8]); 4] = [
        (0, &[0, 2]),
        (1, &[0, 3, 255]),
        // k and n, each less one: 1 of 5, and 6 of 5.
        (10, &[0x04, 0x54]),
        (11, &[0, 6, 17, 255]),
    ];
    for (at, values) in changes {
        for value in values {
            let forged = forged(&text, |bytes| bytes[at] = *value);
            assert_eq!(Share::parse(&forged).err(), Some(ShareTextError::Format), "byte {at}: {value}");
        }
    }
}

#[test]
fn shares_that_do_not_go_together_say_why() {
    let one = texts(&shares_of(&root(), 3, 5));
    let again = texts(&shares_of(&root(), 3, 5));
    let of_six = texts(&shares_of(&root(), 3, 6));
    let other = texts(&shares_of(&RootKey::generate(&OsEntropy).unwrap(), 3, 5));
    let sandbox = split(&root(), Environment::Sandbox, Scheme::default(), &OsEntropy).unwrap();
    let mismatches = [
        (&one[0], MismatchError::Twice(1)),
        (&again[1], MismatchError::Split),
        (&of_six[1], MismatchError::Scheme),
        (&other[1], MismatchError::Root),
        (&texts(&sandbox)[1], MismatchError::Environment),
    ];
    for (with, why) in mismatches {
        let shares = read(&[one[0].clone(), with.clone()]);
        assert_eq!(combine(&shares).err(), Some(CombineError::Mismatch(why)));
        let mut quorum = Quorum::new(Environment::Live, &[]);
        quorum.add(&one[0]).unwrap();
        let refused = quorum.add(with).unwrap_err();
        if why == MismatchError::Environment {
            assert_eq!(refused, QuorumError::Environment);
        } else {
            assert_eq!(refused, QuorumError::Mismatch(why));
        }
        assert_eq!(quorum.progress(), Some(Progress { have: 1, need: 3 }), "the first one stays");
    }
}

#[test]
fn a_changed_value_makes_no_root() {
    let all = texts(&shares_of(&root(), 3, 5));
    let bent = forged(&all[1], |bytes| bytes[20] ^= 1);
    let three = read(&[all[0].clone(), bent.clone(), all[2].clone()]);
    assert_eq!(combine(&three).err(), Some(CombineError::Wrong));
    let further = read(&[all[0].clone(), all[3].clone(), all[2].clone(), bent]);
    assert_eq!(combine(&further).err(), Some(CombineError::Wrong), "one above the threshold counts too");
}

#[test]
fn custodians_come_one_at_a_time() {
    let root = RootKey::generate(&OsEntropy).unwrap();
    let id = root.id();
    let all = texts(&shares_of(&root, 3, 5));
    let mut quorum = Quorum::new(Environment::Live, &[id]);
    assert_eq!(quorum.progress(), None);
    assert_eq!(quorum.take().err(), Some(CombineError::TooFew { more: 2 }));
    for (have, text) in (1..).zip([&all[4], &all[0]]) {
        let progress = quorum.add(text).unwrap();
        assert_eq!(progress, Progress { have, need: 3 });
        assert!(!progress.is_complete());
        assert_eq!(quorum.take().err(), Some(CombineError::TooFew { more: 3 - have }));
    }
    assert_eq!(quorum.add("nonsense").err(), Some(QuorumError::Text(ShareTextError::Length(8))));
    assert!(quorum.add(&all[2]).unwrap().is_complete());
    assert_eq!(quorum.take().unwrap().to_hex(), root.to_hex());
    assert_eq!(quorum.progress(), None, "the shares are forgotten");

    quorum.add(&all[1]).unwrap();
    quorum.forget();
    assert_eq!(quorum.progress(), None);
    let other = shares_of(&RootKey::generate(&OsEntropy).unwrap(), 3, 5);
    let refused = quorum.add(&other[0].to_text()).err();
    assert_eq!(refused, Some(QuorumError::Root(other[0].root())), "the root of another store");
    let bent = forged(&all[3], |bytes| bytes[30] ^= 0x80);
    for text in [&all[0], &all[1], &bent] {
        quorum.add(text).unwrap();
    }
    assert_eq!(quorum.take().err(), Some(CombineError::Wrong));
    assert_eq!(quorum.progress(), None, "and everybody comes again");
}

#[test]
fn nothing_prints_a_share() {
    let shares = shares_of(&root(), 3, 5);
    assert_eq!(format!("{:?}", shares[1]), "Share(2 of 5, ..)");
    let mut quorum = Quorum::new(Environment::Live, &[]);
    quorum.add(&shares[1].to_text()).unwrap();
    assert_eq!(format!("{quorum:?}"), "Quorum(1 shares, ..)");
}

/// Multiplication of the field by addition of shifted polynomials, for solving below.
fn times(one: u8, other: u8) -> u8 {
    let mut long =
        (0..8).filter(|bit| other >> bit & 1 == 1).fold(0_u16, |sum, bit| sum ^ (u16::from(one) << bit));
    for bit in (8..16).rev() {
        long ^= if long >> bit & 1 == 1 { 0x11b << (bit - 8) } else { 0 };
    }
    u8::try_from(long).unwrap()
}

/// How often each value was drawn for the coefficients of degree one and two of 3-of-3 shares, solved from the shares:
/// at 1 a polynomial less its root is c1 + c2, at 2 it is 2 c1 + 4 c2.
fn coefficients(entropy: &dyn Entropy, splits: usize) -> [[u32; 256]; 2] {
    let key = root();
    let clear: Vec<u8> = (0..32).collect();
    let inverse_of_six = (1..=255).find(|value| times(6, *value) == 1).unwrap();
    let mut counts = [[0; 256]; 2];
    for _ in 0..splits {
        let shares = split(&key, Environment::Live, scheme(3, 3), entropy).unwrap();
        let values: Vec<Vec<u8>> = shares[..2].iter().map(value_of).collect();
        for at in 0..32 {
            let (one, two) = (values[0][at] ^ clear[at], values[1][at] ^ clear[at]);
            let second = times(two ^ times(2, one), inverse_of_six);
            counts[0][usize::from(one ^ second)] += 1;
            counts[1][usize::from(second)] += 1;
        }
    }
    counts
}

fn value_of(share: &Share) -> Vec<u8> {
    let digits = share.to_text().replace('-', "").to_uppercase();
    data_encoding::BASE32_NOPAD.decode(digits.as_bytes()).unwrap()[14..46].to_vec()
}

/// Known flaws of this scheme's libraries: coefficients that are never zero, or only odd. More than a million of them
/// as the product draws them: with 255 degrees of freedom, a uniform source passes 420 once in 10^9 runs.
#[test]
fn coefficients_are_uniform_over_all_values_zero_included() {
    let splits = 16_400;
    for counts in coefficients(&OsEntropy, splits) {
        let expected = f64::from(u32::try_from(splits * 32).unwrap()) / 256.0;
        let chi_square: f64 =
            counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        assert!(chi_square < 420.0, "chi-square {chi_square}");
        assert!(chi_square > 130.0, "too even to be random: {chi_square}");
    }
}

/// A source that gives every byte equally often gives every coefficient equally often: each is a byte as it was drawn.
#[test]
fn a_coefficient_is_a_byte_as_it_was_drawn() {
    // A split takes 2 + 64 bytes: 128 splits walk 33 times around the 256 values, two bytes of each off.
    let [first, second] = coefficients(&Counting::from(0), 128);
    let drawn: Vec<u32> = first.iter().zip(second).map(|(first, second)| first + second).collect();
    let mut expected = [33_u32; 256];
    let mut at = 0_usize;
    for _ in 0..128 {
        expected[at % 256] -= 1;
        expected[(at + 1) % 256] -= 1;
        at += 66;
    }
    assert_eq!(drawn, expected);
}
