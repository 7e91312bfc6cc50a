//! The published vectors of project Wycheproof, run through the functions that the product uses. Cases that
//! our shapes cannot express (other key, nonce or tag sizes) are left out; how many remain is asserted.

use wycheproof::{TestResult, aead, hkdf, mac, xdh};

use super::{AeadKey, AgreementKey, DerivingKey, MacKey, Refused, first_bytes};

/// Seals and opens every case with a 256-bit key, a 96-bit nonce and a 128-bit tag. Says how many there were.
fn run_aead(name: aead::TestName, make: fn(&[u8; 32]) -> Result<AeadKey, Refused>) -> (usize, usize) {
    let (mut valid, mut invalid) = (0, 0);
    let groups = aead::TestSet::load(name).unwrap().test_groups;
    for group in groups.iter().filter(|g| (g.key_size, g.nonce_size, g.tag_size) == (256, 96, 128)) {
        for case in &group.tests {
            let key = make(case.key.as_ref().try_into().unwrap()).unwrap();
            let nonce = case.nonce.as_ref().try_into().unwrap();
            let expected = [case.ct.as_ref(), case.tag.as_ref()].concat();
            let mut sealed = vec![0; case.pt.len() + 16];
            key.seal(nonce, &case.aad, &case.pt, &mut sealed).unwrap();
            let opened = key.open(nonce, &case.aad, &expected);
            match case.result {
                TestResult::Valid => {
                    assert_eq!(sealed, expected, "case {}", case.tc_id);
                    assert_eq!(opened.unwrap().as_slice(), case.pt.as_ref(), "case {}", case.tc_id);
                    valid += 1;
                }
                TestResult::Invalid => {
                    assert!(opened.is_none(), "case {} opened", case.tc_id);
                    invalid += 1;
                }
                TestResult::Acceptable => panic!("case {} is neither valid nor invalid", case.tc_id),
            }
        }
    }
    (valid, invalid)
}

#[test]
fn aes_256_gcm() {
    assert_eq!(run_aead(aead::TestName::AesGcm, AeadKey::gcm), (39, 27));
}

#[test]
fn chacha20_poly1305() {
    assert_eq!(run_aead(aead::TestName::ChaCha20Poly1305, AeadKey::chacha), (256, 60));
}

#[test]
fn aes_256_gcm_siv() {
    assert_eq!(run_aead(aead::TestName::AesGcmSiv, AeadKey::gcm_siv), (69, 34));
}

/// All key sizes, whole tags and tags cut to 128 bits: fingerprints are such tags.
#[test]
fn hmac_sha_256() {
    let (mut valid, mut invalid) = (0, 0);
    for group in mac::TestSet::load(mac::TestName::HmacSha256).unwrap().test_groups {
        for case in &group.tests {
            let whole = MacKey::new(&case.key).mac(&[&case.msg]);
            let (front, back) = case.msg.split_at(case.msg.len() / 2);
            assert_eq!(MacKey::new(&case.key).mac(&[front, back]), whole, "case {}", case.tc_id);
            let tag = &whole[..group.tag_size / 8];
            match case.result {
                TestResult::Valid => {
                    assert_eq!(tag, case.tag.as_ref(), "case {}", case.tc_id);
                    valid += 1;
                }
                TestResult::Invalid => {
                    assert_ne!(tag, case.tag.as_ref(), "case {}", case.tc_id);
                    invalid += 1;
                }
                TestResult::Acceptable => panic!("case {} is neither valid nor invalid", case.tc_id),
            }
        }
    }
    assert_eq!((valid, invalid), (66, 108));
}

/// The vectors are for extract and expand. We only expand; the extract step is an HMAC (RFC 5869, 2.2), so
/// both are ours here.
#[test]
fn hkdf_sha_256() {
    let (mut valid, mut invalid) = (0, 0);
    for group in hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap().test_groups {
        for case in &group.tests {
            let extracted = MacKey::new(&case.salt).mac(&[&case.ikm]);
            let mut okm = vec![0; case.size];
            let expanded = DerivingKey::new(&first_bytes(&extracted)).expand(&case.info, &mut okm);
            let mut whole = vec![0; case.size];
            let both = DerivingKey::extract(&case.salt, &case.ikm).expand(&case.info, &mut whole);
            assert_eq!((both, &whole), (expanded, &okm), "case {}", case.tc_id);
            match case.result {
                TestResult::Valid => {
                    assert_eq!(expanded, Ok(()), "case {}", case.tc_id);
                    assert_eq!(okm, case.okm.as_ref(), "case {}", case.tc_id);
                    valid += 1;
                }
                TestResult::Invalid => {
                    assert_eq!(expanded, Err(Refused), "case {}", case.tc_id);
                    invalid += 1;
                }
                TestResult::Acceptable => panic!("case {} is neither valid nor invalid", case.tc_id),
            }
        }
    }
    assert_eq!((valid, invalid), (83, 3));
}

/// Public keys that make zeros are refused; all others, also those of the twist, agree on what is published.
#[test]
fn x25519() {
    let (mut agreed, mut refused) = (0, 0);
    for group in xdh::TestSet::load(xdh::TestName::X25519).unwrap().test_groups {
        for case in &group.tests {
            let key = AgreementKey::new(case.private_key.as_ref().try_into().unwrap()).unwrap();
            let Ok(theirs) = case.public_key.as_ref().try_into() else { continue };
            if let Ok(shared) = key.agree(theirs, <[u8]>::to_vec) {
                assert_eq!(shared, case.shared_secret.as_ref(), "case {}", case.tc_id);
                agreed += 1;
            } else {
                assert_eq!(case.shared_secret.as_ref(), [0; 32], "case {}", case.tc_id);
                refused += 1;
            }
        }
    }
    assert_eq!((agreed, refused), (487, 31));
}
