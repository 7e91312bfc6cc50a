//! The same of generated data, whole, cut off, changed and arbitrary.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::Pan;
use crate::test_numbers::check_digit;

/// A card and well-formed data that hold it and other objects.
#[derive(Debug)]
struct Chip {
    card: Seen,
    data: Vec<u8>,
}

fn chips() -> impl Strategy<Value = Chip> {
    let digits = prop_oneof![
        select(PUBLISHED).prop_map(|(number, _)| number.to_owned()),
        "7[0-9]{10,17}".prop_map(|body| format!("{body}{}", check_digit(&body))),
    ];
    let parts = (digits, 2000_u16..2100, 1_u8..=12, "[A-Z]{1,12}/[A-Z .]{0,11}[A-Z]", select(&[1, 2, 3][..]));
    (parts, any::<[bool; 2]>(), noise()).prop_flat_map(
        |((digits, year, month, name, numbers), rest, noise)| {
            let yymm = format!("{:02}{month:02}", year % 100);
            let mut objects = noise;
            objects.extend((numbers & 1 != 0).then(|| ("5A", packed(&digits))));
            let track = format!("{digits}D{yymm}201");
            objects.extend((numbers & 2 != 0).then(|| ("57", packed(&track))));
            objects.extend(rest[0].then(|| ("5F24", hex(&format!("{yymm}28")))));
            objects.extend(rest[1].then(|| ("5F20", name.clone().into_bytes())));
            let has_expiry = numbers & 2 != 0 || rest[0];
            let card = (digits, has_expiry.then_some((year, month)), rest[1].then_some(name));
            laid_out(objects).prop_map(move |data| Chip { card: card.clone(), data })
        },
    )
}

/// Objects that are passed over.
fn noise() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let tags = select(&["50", "82", "9F02", "9F26", "DF8129", "5F25", "9A", "C0"][..]);
    prop::collection::vec((tags, prop::collection::vec(any::<u8>(), 0..300)), 0..5)
}

/// Data that hold the objects in some order, in templates or not, with fill between them or not.
fn laid_out(objects: Vec<(&'static str, Vec<u8>)>) -> impl Strategy<Value = Vec<u8>> {
    let count = objects.len();
    let ways =
        prop::collection::vec((any::<u8>(), 0_usize..3, select(&["70", "6F", "E1", "BF0C"][..])), count);
    (Just(objects).prop_shuffle(), ways).prop_map(|(objects, ways)| {
        let mut data = Vec::new();
        for ((tag, value), (way, fill, template)) in objects.into_iter().zip(ways) {
            let form = if value.len() > 0xFF { 2 } else { u8::from(value.len() > 0x7F) + way % 2 };
            data.extend(object_with(tag, form, &value));
            data.extend(vec![0; fill]);
            if way & 0b1110 == 0 {
                data = object(template, &data);
            }
        }
        data
    })
}

/// Bytes as they are, and bytes that mean something.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let telling = hex("5A575F24209F70E1FF1F99818280000102030812414D");
    let telling = prop_oneof![4 => select(telling), 1 => any::<u8>()];
    prop_oneof![prop::collection::vec(any::<u8>(), 0..200), prop::collection::vec(telling, 0..200)]
}

/// Whatever is read is what the types promise.
fn judge(data: &[u8]) -> Result<(), TestCaseError> {
    let Ok(card) = read_chip(data) else { return Ok(()) };
    prop_assert!(Pan::parse(card.pan.expose()).is_ok());
    prop_assert!(card.expiry.is_none_or(|expiry| (2000..2100).contains(&expiry.year())));
    prop_assert!(card.holder.is_none_or(|name| (1..=26).contains(&name.len()) && name.trim() == *name));
    Ok(())
}

/// Whether what was read of a part is nothing but what the whole has.
fn within(part: &Seen, whole: &Seen) -> bool {
    part.0 == whole.0 && (part.1.is_none() || part.1 == whole.1) && (part.2.is_none() || part.2 == whole.2)
}

proptest! {
    #[test]
    fn well_formed_data_are_read_back(chip in chips()) {
        let card = read_chip(&chip.data);
        prop_assert_eq!(card.as_ref().err(), None);
        prop_assert_eq!(card.map(|card| seen(&card)).ok(), Some(chip.card));
    }

    #[test]
    fn a_part_tells_nothing_but_what_the_whole_has(chip in chips()) {
        for end in 0..chip.data.len() {
            if let Ok(card) = read_chip(&chip.data[..end]) {
                prop_assert!(within(&seen(&card), &chip.card), "{}", end);
            }
        }
    }

    #[test]
    fn changed_bytes_never_make_a_wrong_number(
        chip in chips(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let mut data = chip.data;
        for (at, byte) in changes {
            let at = at.index(data.len());
            data[at] = byte;
        }
        judge(&data)?;
    }

    #[test]
    fn any_bytes_are_answered(data in bytes()) {
        judge(&data)?;
        // The same behind a card: objects that are read before do not change how the rest is taken.
        judge(&[&pan(VISA)[..], &data].concat())?;
    }
}
