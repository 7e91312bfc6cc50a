//! From an IP address to a billing address.

use coffer_tables::{Address, IpFacts, PlaceIndex, TableFiles, Tables};
use coffer_types::Country;

use crate::support::Folder;
use crate::support::mmdb::{CityRecord, Writer};

const VIENNA: (f64, f64) = (48.2082, 16.3738);
const SYDNEY: (f64, f64) = (-33.8688, 151.2093);
const NEW_YORK: (f64, f64) = (40.7128, -74.006);
const LOS_ANGELES: (f64, f64) = (34.0522, -118.2437);

/// Each record in a network of its own.
fn tables(records: &[CityRecord<'_>]) -> Tables {
    let mut writer = Writer::new("GeoLite2-City");
    for (place, record) in records.iter().enumerate() {
        writer = writer.with(&format!("10.{place}.0.0/16"), &record.value());
    }
    let folder = Folder::new();
    let city = Some(folder.put("city", writer.with_mapped_alias().bytes()));
    let tables = Tables::open(TableFiles { city, ..TableFiles::default() }).unwrap();
    tables.ip().wait_for_places();
    tables
}

fn world() -> Tables {
    let record = |country, regions, city, postal_code, place| CityRecord {
        country,
        regions,
        city,
        postal_code,
        place: Some(place),
        ..CityRecord::default()
    };
    tables(&[
        record("AT", &[("9", "Vienna")], "Vienna", "1010", VIENNA),
        record("AU", &[("NSW", "New South Wales")], "Sydney", "2000", SYDNEY),
        record("US", &[("NY", "New York")], "New York", "10001", NEW_YORK),
        record("US", &[("CA", "California")], "Los Angeles", "90001", LOS_ANGELES),
        record("US", &[("IL", "Illinois")], "Springfield", "62701", (39.78, -89.65)),
        record("US", &[("MA", "Massachusetts")], "Springfield", "01103", (42.1, -72.59)),
        record("GB", &[("ENG", "England"), ("OXF", "Oxfordshire")], "Oxford", "OX1", (51.752, -1.2577)),
        record("CA", &[("ON", "Ontario")], "Toronto", "M5V", (43.64, -79.39)),
    ])
}

fn from(country: &str, (latitude, longitude): (f64, f64)) -> IpFacts {
    IpFacts {
        country: Country::parse(country).ok(),
        latitude: Some(latitude),
        longitude: Some(longitude),
        ..IpFacts::default()
    }
}

fn to<'a>(country: &str, region: &'a str, city: &'a str, postal_code: &'a str) -> Address<'a> {
    let given = |text: &'a str| Some(text).filter(|text| !text.is_empty());
    Address {
        country: Country::parse(country).ok(),
        region: given(region),
        city: given(city),
        postal_code: given(postal_code),
    }
}

fn assert_near(distance: Option<u32>, expected: u32) {
    let distance = distance.unwrap();
    assert!(distance.abs_diff(expected) <= 1, "{distance} km, {expected} expected");
}

#[test]
fn distances_of_known_cities() {
    let tables = world();
    let ip = tables.ip();
    let vienna = from("AT", VIENNA);
    assert_near(ip.distance_km(&vienna, &to("US", "NY", "New York", "")), 6_796);
    assert_near(ip.distance_km(&vienna, &to("AU", "", "Sydney", "")), 15_976);
    assert_near(ip.distance_km(&from("US", LOS_ANGELES), &to("US", "", "", "10001")), 3_936);
    assert_eq!(ip.distance_km(&vienna, &to("AT", "", "Vienna", "")), Some(0));
}

#[test]
fn a_postal_code_goes_before_a_city() {
    let tables = world();
    let distance = |address| tables.ip().distance_km(&from("US", NEW_YORK), &address);
    assert_eq!(distance(to("US", "CA", "Los Angeles", "10001")), Some(0));
    assert_eq!(distance(to("US", "", "", "10001-1234")), Some(0));
    assert_eq!(distance(to("US", "", "", " 10001 ")), Some(0));
    assert_near(distance(to("US", "CA", "Los Angeles", "99999")), 3_936);
    assert_eq!(distance(to("US", "", "", "1010")), None, "a code of another country");
    let oxford = from("GB", (51.752, -1.2577));
    for code in ["OX1 2JD", "ox1", "OX1-2JD"] {
        assert_eq!(tables.ip().distance_km(&oxford, &to("GB", "", "", code)), Some(0), "{code}");
    }
    let toronto = from("CA", (43.64, -79.39));
    assert_eq!(tables.ip().distance_km(&toronto, &to("CA", "", "", "m5v 2t6")), Some(0));
}

#[test]
fn a_city_is_found_in_any_letter_case_within_its_region() {
    let tables = world();
    let distance = |address| tables.ip().distance_km(&from("US", NEW_YORK), &address);
    for (region, city) in
        [("", "NEW YORK"), ("NY", "new york"), ("ny", " New York "), ("new york", "New York")]
    {
        assert_eq!(distance(to("US", region, city, "")), Some(0), "{region} {city}");
    }
    assert_eq!(distance(to("US", "CA", "New York", "")), None, "not in that region");
    assert_eq!(distance(to("AU", "", "New York", "")), distance(to("AU", "", "", "")), "not in that country");
    let oxford = from("GB", (51.752, -1.2577));
    for region in ["ENG", "Oxfordshire", "oxf", ""] {
        assert_eq!(tables.ip().distance_km(&oxford, &to("GB", region, "Oxford", "")), Some(0), "{region}");
    }
}

#[test]
fn a_name_that_stands_for_two_places_says_nothing_without_the_region() {
    let tables = world();
    let distance = |address| tables.ip().distance_km(&from("US", (39.78, -89.65)), &address);
    assert_eq!(distance(to("US", "", "Springfield", "")), None);
    assert_eq!(distance(to("US", "IL", "Springfield", "")), Some(0));
    assert_near(distance(to("US", "MA", "Springfield", "")), 1_453);
}

#[test]
fn the_middle_of_a_country_counts_from_another_country_only() {
    let tables = world();
    let nowhere = to("AT", "", "Atlantis", "");
    assert_near(tables.ip().distance_km(&from("US", NEW_YORK), &nowhere), 6_796);
    assert_eq!(tables.ip().distance_km(&from("AT", SYDNEY), &nowhere), None);
    assert_eq!(tables.ip().distance_km(&from("", SYDNEY), &nowhere), None, "perhaps the same country");
    assert_eq!(tables.ip().distance_km(&from("US", NEW_YORK), &to("FR", "", "", "")), None);
    assert_eq!(tables.ip().distance_km(&from("US", NEW_YORK), &to("", "NY", "New York", "10001")), None);
}

#[test]
fn a_country_across_the_antimeridian_has_its_middle_there() {
    let island = |place| CityRecord { country: "FJ", place: Some(place), ..CityRecord::default() };
    let tables = tables(&[island((-17.0, 179.0)), island((-17.0, -179.0))]);
    let distance =
        |longitude| tables.ip().distance_km(&from("NZ", (-17.0, longitude)), &to("FJ", "", "", "")).unwrap();
    assert!(distance(180.0) <= 1, "{}", distance(180.0));
    assert!(distance(-180.0) <= 1);
    assert!(distance(0.0) > 16_000);
}

#[test]
fn a_distance_is_rounded_and_needs_both_ends() {
    let tables = world();
    // A degree of latitude is 111.19 km.
    let north = |degrees| from("AT", (VIENNA.0 + degrees, VIENNA.1));
    let vienna = to("AT", "", "Vienna", "");
    assert_eq!(tables.ip().distance_km(&north(0.004), &vienna), Some(0));
    assert_eq!(tables.ip().distance_km(&north(0.005), &vienna), Some(1));
    assert_eq!(tables.ip().distance_km(&north(1.0), &vienna), Some(111));
    assert_eq!(tables.ip().distance_km(&IpFacts { latitude: None, ..north(0.0) }, &vienna), None);
    assert_eq!(tables.ip().distance_km(&IpFacts { longitude: None, ..north(0.0) }, &vienna), None);
    let off = IpFacts { latitude: Some(f64::NAN), ..north(0.0) };
    assert_eq!(tables.ip().distance_km(&off, &vienna), None);
}

#[test]
fn records_without_country_or_place_are_in_no_index() {
    let tables = tables(&[
        CityRecord { country: "AT", city: "Vienna", ..CityRecord::default() },
        CityRecord { city: "Vienna", place: Some(VIENNA), ..CityRecord::default() },
        CityRecord { country: "AT", place: Some(VIENNA), ..CityRecord::default() },
    ]);
    assert_eq!(tables.ip().place_index(), PlaceIndex::Ready(0));
    assert_eq!(tables.ip().distance_km(&from("AT", VIENNA), &to("AT", "", "Vienna", "")), None);
}

#[test]
fn the_index_tells_its_state() {
    // Vienna: its code, its name in the country, by the region's code and by the region's name.
    let vienna = CityRecord {
        country: "AT",
        regions: &[("9", "Vienna")],
        city: "Vienna",
        postal_code: "1010",
        place: Some(VIENNA),
        ..CityRecord::default()
    };
    assert_eq!(tables(&[vienna, vienna]).ip().place_index(), PlaceIndex::Ready(4));
    assert_eq!(Tables::none().ip().place_index(), PlaceIndex::NoFile);
    Tables::none().ip().wait_for_places();
    assert_eq!(Tables::none().ip().distance_km(&from("US", VIENNA), &to("AT", "", "Vienna", "")), None);
}
