//! Files that are replaced under a running node.

use std::fs;
use std::path::Path;

use coffer_tables::{PlaceIndex, RefusedTable, TableError, TableFiles, TableKind, TableState, Tables};
use coffer_types::Pan;

use crate::support::Folder;
use crate::support::mmdb::{CityRecord, Value, Writer};

fn ranges(bank: &str) -> String {
    format!("low,high,bank\n411111,411111,{bank}\n")
}

fn city(name: &str) -> Vec<u8> {
    let record = CityRecord { country: "AT", city: name, place: Some((48.0, 16.0)), ..CityRecord::default() };
    Writer::new("GeoLite2-City").with("192.0.2.0/24", &record.value()).bytes()
}

fn organization(name: &str) -> Vec<u8> {
    let record = Value::Map(vec![("autonomous_system_organization", name.into())]);
    Writer::new("GeoLite2-ASN").with("192.0.2.0/24", &record).bytes()
}

fn hosting(flag: bool) -> Vec<u8> {
    let record = Value::Map(vec![("is_hosting_provider", Value::Bool(flag))]);
    Writer::new("GeoIP2-Anonymous-IP").with("192.0.2.0/24", &record).bytes()
}

fn all(folder: &Folder) -> TableFiles {
    TableFiles {
        bins: Some(folder.put("bins.csv", ranges("one"))),
        city: Some(folder.put("city.mmdb", city("One"))),
        asn: Some(folder.put("asn.mmdb", organization("one"))),
        anonymous: Some(folder.put("anonymous.mmdb", hosting(true))),
    }
}

fn bank(tables: &Tables) -> Option<String> {
    let pan = Pan::parse("4111111111111111").unwrap();
    tables.bins().find(&pan)?.bank.map(str::to_owned)
}

/// City, organization, hosting.
fn told(tables: &Tables) -> (Option<String>, Option<String>, Option<bool>) {
    let facts = tables.ip().find("192.0.2.1".parse().unwrap());
    (facts.city, facts.asn_organization, facts.is_hosting)
}

fn some(city: &str, organization: &str, hosting: bool) -> (Option<String>, Option<String>, Option<bool>) {
    (Some(city.to_owned()), Some(organization.to_owned()), Some(hosting))
}

/// The kinds that were swapped and the files that were refused.
fn reload(tables: &Tables) -> (Vec<TableKind>, Vec<TableError>) {
    let (good, bad): (Vec<_>, Vec<_>) = tables.reload_changed().into_iter().partition(Result::is_ok);
    (
        good.into_iter().map(|state| state.unwrap().kind).collect(),
        bad.into_iter().map(|refused| refused.unwrap_err().source).collect(),
    )
}

#[test]
fn files_that_did_not_change_are_left_alone() {
    let folder = Folder::new();
    let tables = Tables::open(all(&folder)).unwrap();
    let (bins, ip) = (tables.bins(), tables.ip());
    assert!(tables.reload_changed().is_empty());
    assert!(std::sync::Arc::ptr_eq(&bins, &tables.bins()));
    assert!(std::sync::Arc::ptr_eq(&ip, &tables.ip()));
    assert!(Tables::none().reload_changed().is_empty());
}

#[test]
fn each_replaced_file_is_swapped_alone() {
    let folder = Folder::new();
    let tables = Tables::open(all(&folder)).unwrap();
    let held = tables.bins();
    assert_eq!((bank(&tables).as_deref(), told(&tables)), (Some("one"), some("One", "one", true)));

    folder.put("bins.csv", ranges("two"));
    assert_eq!(bank(&tables).as_deref(), Some("one"), "not before somebody asks");
    assert_eq!(reload(&tables).0, [TableKind::Bins]);
    assert_eq!(bank(&tables).as_deref(), Some("two"));
    let pan = Pan::parse("4111111111111111").unwrap();
    assert_eq!(held.find(&pan).unwrap().bank, Some("one"), "who holds a version keeps it");

    folder.put("asn.mmdb", organization("two"));
    assert_eq!(reload(&tables).0, [TableKind::Asn]);
    assert_eq!(told(&tables), some("One", "two", true));
    folder.put("city.mmdb", city("Two"));
    assert_eq!(reload(&tables).0, [TableKind::City]);
    assert_eq!(told(&tables), some("Two", "two", true));
    assert_eq!(tables.ip().place_index(), PlaceIndex::Ready(1), "a reload leaves no gap");
    folder.put("anonymous.mmdb", hosting(false));
    assert_eq!(reload(&tables).0, [TableKind::Anonymous]);
    assert_eq!(told(&tables), some("Two", "two", false));
    assert!(tables.reload_changed().is_empty());

    all(&folder);
    let (swapped, refused) = reload(&tables);
    assert_eq!((swapped, refused.len()), (TableKind::ALL.to_vec(), 0));
    assert_eq!((bank(&tables).as_deref(), told(&tables)), (Some("one"), some("One", "one", true)));
}

#[test]
fn a_file_written_in_place_is_seen_by_its_size() {
    let folder = Folder::new();
    let tables = Tables::open(all(&folder)).unwrap();
    fs::write(folder.path("bins.csv"), ranges("longer")).unwrap();
    assert_eq!(reload(&tables).0, [TableKind::Bins]);
    assert_eq!(bank(&tables).as_deref(), Some("longer"));
}

#[test]
fn a_bad_replacement_keeps_the_old_and_is_tried_once() {
    let folder = Folder::new();
    let tables = Tables::open(all(&folder)).unwrap();
    let whole = city("Two");
    folder.put("bins.csv", "low,high\n4,4\n");
    folder.put("city.mmdb", &whole[..whole.len() / 2]);
    folder.put("asn.mmdb", hosting(false));
    folder.put("anonymous.mmdb", hosting(false));

    let (swapped, refused) = reload(&tables);
    assert_eq!(swapped, [TableKind::Anonymous]);
    assert!(matches!(&refused[0], TableError::Bins { file, .. } if *file == folder.path("bins.csv")));
    assert!(matches!(&refused[1], TableError::Damaged { file } if *file == folder.path("city.mmdb")));
    assert!(matches!(&refused[2], TableError::WrongType { file, .. } if *file == folder.path("asn.mmdb")));
    assert_eq!(refused.len(), 3);
    assert_eq!((bank(&tables).as_deref(), told(&tables)), (Some("one"), some("One", "one", false)));
    assert!(tables.reload_changed().is_empty(), "the same bad file is not tried again");

    folder.put("city.mmdb", whole);
    assert_eq!(reload(&tables).0, [TableKind::City]);
    assert_eq!(told(&tables).0.as_deref(), Some("Two"));
}

#[test]
fn a_file_that_goes_away_is_told_once_and_may_come_back() {
    let folder = Folder::new();
    let tables = Tables::open(all(&folder)).unwrap();
    fs::remove_file(folder.path("bins.csv")).unwrap();
    let (swapped, refused) = reload(&tables);
    assert!(swapped.is_empty());
    assert!(
        matches!(&refused[..], [TableError::Unreadable { file, .. }] if *file == folder.path("bins.csv"))
    );
    assert!(tables.reload_changed().is_empty());
    assert_eq!(bank(&tables).as_deref(), Some("one"));
    folder.put("bins.csv", ranges("two"));
    assert_eq!(reload(&tables).0, [TableKind::Bins]);
    assert_eq!(bank(&tables).as_deref(), Some("two"));
}

#[test]
fn a_start_needs_every_file_that_is_named() {
    let folder = Folder::new();
    let missing = folder.path("missing");
    let place: [fn(&mut TableFiles, &Path); 4] = [
        |files, path| files.bins = Some(path.to_owned()),
        |files, path| files.city = Some(path.to_owned()),
        |files, path| files.asn = Some(path.to_owned()),
        |files, path| files.anonymous = Some(path.to_owned()),
    ];
    for (put, expected) in place.into_iter().zip(TableKind::ALL) {
        let mut files = all(&folder);
        put(&mut files, &missing);
        let RefusedTable { kind, source: refused } = Tables::open(files).err().unwrap();
        assert_eq!(kind, expected);
        assert!(matches!(&refused, TableError::Unreadable { file, .. } if *file == missing), "{refused}");
        assert!(refused.to_string().starts_with(missing.to_str().unwrap()));
    }
    let files = TableFiles { bins: Some(folder.path("")), ..TableFiles::default() };
    let refused = Tables::open(files).err().unwrap();
    assert!(matches!(refused.source, TableError::NotAFile { .. }));
    assert!(refused.to_string().starts_with("tables.bins: "), "{refused}");
}

#[test]
fn the_operator_is_told_how_each_table_stands() {
    let folder = Folder::new();
    let tables = Tables::open(all(&folder)).unwrap();
    let states = tables.states();
    assert_eq!(states.iter().map(|state| state.kind).collect::<Vec<_>>(), TableKind::ALL);
    assert!(states.iter().all(|state| state.is_current && state.entries > 0 && state.dated.is_some()));
    let ranges_of = |tables: &Tables| tables.states().remove(0);
    let first = ranges_of(&tables);
    assert_eq!((first.entries, first.path), (1, folder.path("bins.csv")));

    folder.put("bins.csv", "low,high\n4,4\n");
    assert!(tables.reload_changed()[0].is_err());
    let refused = ranges_of(&tables);
    assert!(!refused.is_current && refused.entries == 1, "the old one serves on, and is told to");
    folder.put("bins.csv", "low,high\n411111,411111\n41111122,41111123\n");
    assert!(tables.reload_changed()[0].is_ok());
    let TableState { is_current, entries, .. } = ranges_of(&tables);
    assert!(is_current && entries == 2);
    assert!(Tables::none().states().is_empty());
}
