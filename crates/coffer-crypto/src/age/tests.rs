use std::io::Read;

use data_encoding::BASE64;

use super::payload::PIECE;
use super::*;

/// Identities that were made for these tests, as `age-keygen` writes them.
const KEY: &str = "AGE-SECRET-KEY-10JAMEMJLFP68K2575MJA6YV0J8NS4X9NWEA8L8FJZ0R087LE2GNQCP3CSD";
const OTHER: &str = "AGE-SECRET-KEY-1UZAGTGCHHKFY60G9DPZ9GM6MHSNTCK6FZCUXCF90JEQD6PY0QWTS028CKD";

/// Files that another program made: to both identities, without content, and with a passphrase.
const SMALL: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBKQlk3aW9XUzZFdHBiMGtpUEdYaldaSDVETEhxaUk5K3dEK2\
         ZBQTVMcWkwCngvUXBneXZOdDhOa1FUdEtFb1k5Zm5QN2xBUXVEeUxiNkdvSHUwNEozUlUKLT4gWDI1NTE5IEZkdnJC\
         K3AxMExXejIvV003OW02YnhNVm9wQlpycWpxWWF6OFU1eHhrbmMKUWhmZTRrRVlWS2UyOEUrN1JOdStkOGl2dENEVH\
         BUK3VTVnFKdjBoR29qYwotPiBwLWdyZWFzZSBSbj9jW2UKQlJleTZNdlBlY0VpYVBzZUJwRlQ5N1N0ZGtEMGZaOEtp\
         WDZ6RHJrCi0tLSB4V25qMDU5dFFkU1ZsZXhFWnNNR29BT29nUFAyNzU4eUlaMnREK2dSRGxJCh99s0Gcv/2n7Rp2BW\
         4FQfqO9PeqgzzBJH2oYki9A460gsyIi80cLjlRtBdAl2U=";
const EMPTY: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBVOStxdVZYZmlmZGtQaTdLZFdwd2lGYi83UDJETzVvczBXcW\
         ttK1hmNEVJCmtTc2RKWFJoZjEvQndadWZvNWNZeTBudFlSaGtUd0NWbUtzZk1aS0FhQkUKLT4gX3crfS1ncmVhc2Ug\
         fiAkeiAoClZZcVR0c1R3cldjMmxBcmEKLS0tIFFYOCtyYTU2ZWwzVG1ZT1lLOW5sdG5oZGxTS21aRTZrU3RFcTMzSG\
         1jS1kKpe4UKl/qAKqRSHdYk25zMcZgj/4VVsKa7OjmdpQN0Y8=";
const PASSPHRASE: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBVeDBzeU05RHJCQlNyOTdPMHYvRmpBIDIwCkxwU2huSEovSF\
         diN0dMaG9KRzZISTJPVkRqVS9IK0lNdHFtRmY0elNWRHMKLS0tIHVyY01UaEFHQW1Wc09PR0NiRmpNT2tEUFdqM0Ir\
         aU1rZDNneFR1NTJOZWcKfu2WTz5nNaCeTBQuTLQR6fP5sgG+oF94qUeBknX/z3E9";

fn identities(text: &str) -> AgeIdentities {
    AgeIdentities::parse(text).unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    BASE64.decode(text.as_bytes()).unwrap()
}

fn opened(key: &str, file: &[u8]) -> Result<Vec<u8>, AgeError> {
    let mut clear = Vec::new();
    identities(key).open(file)?.read_to_end(&mut clear)?;
    Ok(clear)
}

/// How many bytes come before it is known that the file is not whole.
fn given_out(file: &[u8]) -> (usize, bool) {
    let Ok(mut reader) = identities(KEY).open(file) else { return (0, false) };
    let mut clear = Vec::new();
    let is_whole = reader.read_to_end(&mut clear).is_ok();
    (clear.len(), is_whole)
}

#[test]
fn files_of_another_program_are_opened() {
    assert_eq!(opened(KEY, &bytes(SMALL)).unwrap(), b"a file of age\n");
    assert_eq!(opened(OTHER, &bytes(SMALL)).unwrap(), b"a file of age\n");
    assert_eq!(opened(&format!("# a key\n\n{OTHER}\n{KEY}\n"), &bytes(EMPTY)).unwrap(), b"");
    assert_eq!(opened(&KEY.to_ascii_lowercase(), &bytes(EMPTY)).unwrap(), b"");
}

#[test]
fn whoever_it_is_not_for_is_told_so() {
    assert!(matches!(opened(OTHER, &bytes(EMPTY)), Err(AgeError::NotForUs)));
    assert!(matches!(opened(KEY, &bytes(PASSPHRASE)), Err(AgeError::Passphrase)));
    assert!(matches!(opened(KEY, b"pan,reference\n"), Err(AgeError::NotAge)));
    assert!(matches!(opened(KEY, b""), Err(AgeError::NotAge)));
    assert!(matches!(opened(KEY, b"-----BEGIN AGE ENCRYPTED FILE-----\n"), Err(AgeError::Armored)));
}

#[test]
fn every_bit_of_a_file_counts() {
    let file = bytes(SMALL);
    for place in 0..file.len() * 8 {
        let mut bent = file.clone();
        bent[place / 8] ^= 1 << (place % 8);
        assert!(opened(KEY, &bent).is_err(), "bit {place}");
    }
    for end in 0..file.len() {
        assert!(opened(KEY, &file[..end]).is_err(), "{end} bytes");
    }
    assert!(opened(KEY, &[&file[..], b"x"].concat()).is_err());
}

#[test]
fn content_of_every_size_comes_back_and_nothing_of_a_piece_that_is_not_whole() {
    for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1] {
        let clear: Vec<u8> = (0..size).map(|place| u8::try_from(place % 251).unwrap()).collect();
        let file = encrypt(&identities(KEY), &clear).unwrap();
        assert_eq!(opened(KEY, &file).unwrap(), clear, "{size}");
    }
    let file = encrypt(&identities(KEY), &vec![7; 3 * PIECE]).unwrap();
    let begin = file.len() - 3 * (PIECE + 16);
    assert_eq!(given_out(&file), (3 * PIECE, true));
    // Cut between two pieces, within one, and without the last.
    assert_eq!(given_out(&file[..begin + PIECE + 16]), (0, false));
    assert_eq!(given_out(&file[..begin + PIECE + 116]), (PIECE, false));
    assert_eq!(given_out(&file[..begin + 2 * (PIECE + 16)]), (PIECE, false));
    assert_eq!(given_out(&file[..file.len() - 1]), (2 * PIECE, false));
    let (first, rest) = file.split_at(begin + PIECE + 16);
    let (second, third) = rest.split_at(PIECE + 16);
    assert_eq!(given_out(&[first, third, second].concat()), (PIECE, false), "two that changed places");
    assert_eq!(given_out(&[first, second, second, third].concat()), (2 * PIECE, false), "one twice");
}

#[test]
fn an_identity_has_a_checksum_and_one_case() {
    for place in 0..KEY.len() {
        let mut bent = KEY.as_bytes().to_vec();
        bent[place] = if bent[place] == b'Q' { b'P' } else { b'Q' };
        assert!(AgeIdentities::parse(std::str::from_utf8(&bent).unwrap()).is_err(), "{place}");
    }
    let mixed = format!("{}{}", &KEY[..20], KEY[20..].to_ascii_lowercase());
    for wrong in ["", "# nothing", &KEY[1..], &mixed, &format!("{KEY}Q"), "age1qqqq", &[KEY; 17].join("\n")] {
        assert!(AgeIdentities::parse(wrong).is_err());
    }
    assert!(matches!(AgeIdentities::parse(&format!("#\n{KEY}\nx")), Err(AgeError::Identity(3))));
}
