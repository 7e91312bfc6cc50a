//! Looks for a mark in bytes, also where somebody has encoded it.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

/// The form in which the mark lies in the bytes: raw, hex of either case, or base64 of either alphabet at any of
/// the three ways in which three bytes can meet four letters. None when it is not there.
pub(crate) fn find(bytes: &[u8], mark: &[u8]) -> Option<&'static str> {
    let forms = [
        ("raw", mark.to_vec()),
        ("hex", HEXLOWER.encode(mark).into()),
        ("HEX", HEXUPPER.encode(mark).into()),
    ];
    let plain = forms.into_iter().find(|(_, form)| contains(bytes, form));
    plain.map(|(name, _)| name).or_else(|| in_base64(bytes, mark).then_some("base64"))
}

/// Whole groups of the mark only: what its neighbours share a letter with is not known.
fn in_base64(bytes: &[u8], mark: &[u8]) -> bool {
    (0..3).any(|skip| {
        let whole = &mark[skip..skip + (mark.len() - skip) / 3 * 3];
        let long_enough = whole.len() >= 3;
        let texts = [BASE64_NOPAD.encode(whole), BASE64URL_NOPAD.encode(whole)];
        long_enough && texts.iter().any(|text| contains(bytes, text.as_bytes()))
    })
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn finds_a_mark_in_every_form() {
    let mark = b"4111111111111111";
    let wrap = |inside: &[u8]| [b"\x00before".as_slice(), inside, b"after\xff"].concat();
    assert_eq!(find(&wrap(mark), mark), Some("raw"));
    assert_eq!(find(&wrap(HEXLOWER.encode(b"J1").as_bytes()), b"J1"), Some("hex"));
    assert_eq!(find(&wrap(HEXUPPER.encode(b"J1").as_bytes()), b"J1"), Some("HEX"));
    for before in 0..3 {
        let text = BASE64_NOPAD.encode(&[&vec![b'x'; before], mark.as_slice(), b"yz"].concat());
        assert_eq!(find(&wrap(text.as_bytes()), mark), Some("base64"), "{before} bytes before");
    }
    assert_eq!(find(&wrap(b"4111111111111112"), mark), None);
    assert_eq!(find(b"", mark), None);
}
