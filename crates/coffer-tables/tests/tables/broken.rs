//! Damaged files of IP data: an error or no facts, and never a panic.

use coffer_tables::{Address, IpFacts, PlaceIndex, TableError, TableFiles, Tables};
use coffer_types::Country;

use crate::support::Folder;
use crate::support::mmdb::{CityRecord, Value, Writer};

const VIENNA: CityRecord<'_> = CityRecord {
    country: "AT",
    regions: &[("9", "Vienna")],
    city: "Vienna",
    postal_code: "1010",
    place: Some((48.2, 16.4)),
    time_zone: "Europe/Vienna",
    radius: Some(20),
};

fn writer() -> Writer {
    Writer::new("GeoLite2-City").with("192.0.2.0/24", &VIENNA.value()).with_mapped_alias()
}

fn open(content: &[u8]) -> Result<Tables, TableError> {
    open_in(&Folder::new(), content)
}

fn open_in(folder: &Folder, content: &[u8]) -> Result<Tables, TableError> {
    let city = Some(folder.put("city", content));
    Tables::open(TableFiles { city, ..TableFiles::default() }).map_err(|refused| refused.source)
}

fn find(tables: &Tables, ip: &str) -> IpFacts {
    tables.ip().find(ip.parse().unwrap())
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let (folder, whole) = (Folder::new(), writer().bytes());
    // The last member of the metadata is cut first, the marker of the metadata last.
    for length in 0..whole.len() {
        assert!(matches!(open_in(&folder, &whole[..length]), Err(TableError::Damaged { .. })), "{length}");
    }
    assert!(open(&whole).is_ok());
}

#[test]
fn a_file_without_its_beginning_or_its_middle_is_refused() {
    let whole = writer().bytes();
    assert!(matches!(open(&whole[1..]), Err(TableError::Damaged { .. })));
    let middle = [&whole[..300], &whole[306..]].concat();
    assert!(matches!(open(&middle), Err(TableError::Damaged { .. })));
    for other in [&b""[..], b"low,high\n400000,400000\n", b"\xab\xcd\xefMaxMind.com", &[0; 4096]] {
        assert!(matches!(open(other), Err(TableError::Damaged { .. })));
    }
}

#[test]
fn a_wrong_count_of_nodes_is_refused() {
    let writer = writer();
    let count = (0..400).find(|count| open(&writer.bytes_with_node_count(*count)).is_ok()).unwrap();
    assert_eq!(
        writer.bytes(),
        writer.bytes_with_node_count(count),
        "the only count that is taken is the true one"
    );
    for wrong in [count + 1, count + 2, count + 1_000, 0xff_ffff] {
        let refused = open(&writer.bytes_with_node_count(wrong));
        assert!(matches!(refused, Err(TableError::Damaged { .. })), "{wrong}");
    }
}

#[test]
fn a_broken_record_has_no_facts_and_the_others_have() {
    let broken = [
        // A double of four bytes; a map that says it has more; text that is no text; a pointer to nowhere.
        Value::Map(vec![("location", Value::Map(vec![("latitude", Value::Raw(vec![0x64, 1, 2, 3, 4]))]))]),
        Value::Map(vec![("location", Value::Raw(vec![0xff, 0xff, 0xff, 0xff]))]),
        Value::Map(vec![(
            "city",
            Value::Map(vec![("names", Value::Map(vec![("en", Value::Raw(vec![0x42, 0xff, 0xfe]))]))]),
        )]),
        Value::Map(vec![("country", Value::Raw(vec![0x38, 0xff, 0xff, 0xff, 0xff]))]),
        Value::Map(vec![("country", Value::from("AT"))]),
        Value::from("AT"),
    ];
    for value in broken {
        let content = writer().with("198.51.100.0/24", &value).bytes();
        let tables = open(&content).unwrap();
        assert_eq!(find(&tables, "198.51.100.1"), IpFacts::default(), "{value:?}");
        assert_eq!(find(&tables, "192.0.2.1").city.as_deref(), Some("Vienna"));
        tables.ip().wait_for_places();
        assert_eq!(tables.ip().place_index(), PlaceIndex::Ready(4), "the index does without the broken one");
    }
}

#[test]
fn a_search_tree_that_runs_in_a_circle_gives_no_distances_and_ends() {
    let mut content = writer().bytes();
    // The right side of the first node leads back to it.
    content[3..6].copy_from_slice(&[0, 0, 0]);
    let tables = open(&content).unwrap();
    tables.ip().wait_for_places();
    assert_eq!(tables.ip().place_index(), PlaceIndex::Unusable);
    let vienna = find(&tables, "192.0.2.1");
    assert_eq!(vienna.city.as_deref(), Some("Vienna"));
    assert_eq!(find(&tables, "ffff::1"), IpFacts::default());
    let address = Address { country: Country::parse("AT").ok(), city: Some("Vienna"), ..Address::default() };
    assert_eq!(tables.ip().distance_km(&vienna, &address), None);
}

/// Every byte of a small file, changed in two ways: whatever comes, it is an answer.
#[test]
fn any_changed_byte_is_an_error_or_an_answer() {
    let whole = Writer::ipv4_only("GeoLite2-City")
        .with("192.0.2.0/24", &VIENNA.value())
        .with("128.0.0.0/2", &CityRecord { country: "US", ..VIENNA }.value())
        .bytes();
    let address =
        Address { country: Country::parse("AT").ok(), postal_code: Some("1010"), ..Address::default() };
    let folder = Folder::new();
    let (mut refused, mut answered) = (0, 0);
    for place in 0..whole.len() {
        for flip in [0x20, 0xff] {
            let mut content = whole.clone();
            content[place] ^= flip;
            match open_in(&folder, &content) {
                Ok(tables) => {
                    tables.ip().wait_for_places();
                    for ip in ["192.0.2.1", "129.0.0.1", "0.0.0.0", "::1"] {
                        let facts = find(&tables, ip);
                        let distance = tables.ip().distance_km(&facts, &address);
                        assert!(distance.is_none_or(|distance| distance <= 20_016));
                    }
                    answered += 1;
                }
                Err(error) => {
                    assert!(
                        matches!(error, TableError::Damaged { .. } | TableError::WrongType { .. }),
                        "{error}"
                    );
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 100 && answered > 100, "{refused} refused, {answered} answered");
}
