//! What was replaced or erased is not in the files any more.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::{fs, path::Path};

use coffer_core::store::{
    CustomerRow, InstrumentRow, Store, Stretch, TokenRow, TokenState,
    contract::{block_on, customer, instrument, number, tenant, token, unit, used},
};
use coffer_crypto::Blob;
use coffer_types::Generation;
use common::{done, folder, open};

fn is_found(folder: &Path, mark: &[u8]) -> bool {
    ["coffer.db", "coffer.db-wal"].iter().any(|name| {
        let bytes = fs::read(folder.join(name)).unwrap_or_default();
        bytes.windows(mark.len()).any(|window| window == mark)
    })
}

/// A blob of a length, made of a mark over and over.
fn marked(mark: &str, length: usize) -> Blob {
    Blob::from_bytes(mark.bytes().cycle().take(length).collect())
}

/// Lengths that fit in a page, fill one, and need pages of their own.
#[test]
fn a_used_or_erased_record_leaves_no_bytes() {
    for length in [40, 900, 3_000, 20_000] {
        let folder = folder();
        let store = open(folder.path());
        for value in 1..=9 {
            let state = TokenState::Live {
                protected: marked("MARKED-CARD-BLOB", length),
                sad: Some(marked("MARKED-SAD-BLOB", length)),
            };
            done(&store, unit(value).insert(TokenRow { state, ..token(value) }));
        }
        let stored = InstrumentRow { protected: marked("MARKED-STORED-BLOB", length), ..instrument(10) };
        done(&store, unit(10).insert(stored.clone()));
        let known = CustomerRow { details: marked("MARKED-CUSTOMER-BLOB", length), ..customer(11) };
        let gone = CustomerRow { number: number(12), ..known.clone() };
        done(&store, unit(11).insert(known).insert(gone.clone()));
        let marks: [&[u8]; 4] =
            [b"MARKED-CARD-BLOB", b"MARKED-SAD-BLOB", b"MARKED-STORED-BLOB", b"MARKED-CUSTOMER-BLOB"];
        assert!(marks.iter().all(|mark| is_found(folder.path(), mark)), "the search finds what is there");
        for value in 1..=5 {
            done(&store, unit(20 + value).replace_token(Generation::FIRST, used(value, 1)));
        }
        done(&store, unit(30).erase(token(6).key(), Generation::FIRST));
        done(&store, unit(31).erase_tokens_below(token(99).number, 100));
        done(&store, unit(32).erase(stored.key(), Generation::FIRST));
        let second = Generation::FIRST.next().unwrap();
        let changed = CustomerRow { generation: second, ..customer(11) };
        done(&store, unit(33).replace_customer(Generation::FIRST, changed));
        done(&store, unit(34).erase(gone.key(), Generation::FIRST));
        block_on(store.close()).unwrap();
        for mark in marks {
            assert!(!is_found(folder.path(), mark), "{} of {length} bytes", String::from_utf8_lossy(mark));
        }
    }
}

/// As above, and the masked row is still there: its details are.
#[test]
fn a_blanked_token_keeps_its_details_and_nothing_of_its_card() {
    for length in [40, 900, 3_000, 20_000] {
        let folder = folder();
        let store = open(folder.path());
        for value in 1..=9 {
            let state = TokenState::Live {
                protected: marked("MARKED-CARD-BLOB", length),
                sad: Some(marked("MARKED-SAD-BLOB", length)),
            };
            let details = marked("MARKED-DETAILS-BLOB", length);
            done(&store, unit(value).insert(TokenRow { state, details, ..token(value) }));
        }
        let secret: [&[u8]; 2] = [b"MARKED-CARD-BLOB", b"MARKED-SAD-BLOB"];
        assert!(secret.iter().all(|mark| is_found(folder.path(), mark)), "the search finds what is there");
        let stretch = |from, at_most| Stretch { from: number(from), below: number(10), at_most };
        done(&store, unit(20).blank_tokens(stretch(0, 4)));
        done(&store, unit(21).blank_tokens(stretch(5, 100)));
        block_on(store.close()).unwrap();
        for mark in secret {
            assert!(!is_found(folder.path(), mark), "{} of {length} bytes", String::from_utf8_lossy(mark));
        }
        drop(store);
        let store = open(folder.path());
        for value in 1..=9 {
            let row = block_on(store.token(tenant(1), number(value))).unwrap().unwrap();
            assert_eq!(row.state, TokenState::Expired);
            assert_eq!(row.details, marked("MARKED-DETAILS-BLOB", length));
        }
    }
}
