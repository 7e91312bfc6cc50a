//! What is said of an address.

use coffer_tables::{IpFacts, TableError, TableFiles, Tables};
use coffer_types::Country;

use crate::support::Folder;
use crate::support::mmdb::{CityRecord, Value, Writer};

/// `flags` are true; `name` is a provider's name, if not empty.
fn anonymous(flags: &[&'static str], name: &str) -> Value {
    let mut members = vec![("is_anonymous", Value::Bool(true))];
    members.extend(flags.iter().map(|flag| (*flag, Value::Bool(true))));
    if !name.is_empty() {
        members.push(("provider_name", name.into()));
    }
    Value::Map(members)
}

fn organization(name: &str) -> Value {
    Value::Map(vec![
        ("autonomous_system_number", Value::U32(64_500)),
        ("autonomous_system_organization", name.into()),
    ])
}

const NEW_YORK: CityRecord<'_> = CityRecord {
    country: "US",
    regions: &[("NY", "New York"), ("061", "New York County")],
    city: "New York City",
    postal_code: "10001",
    place: Some((40.75, -73.99)),
    time_zone: "America/New_York",
    radius: Some(5),
};

fn new_york_facts() -> IpFacts {
    IpFacts {
        country: Country::parse("US").ok(),
        region: Some("NY".to_owned()),
        city: Some("New York City".to_owned()),
        postal_code: Some("10001".to_owned()),
        time_zone: Some("America/New_York".to_owned()),
        latitude: Some(40.75),
        longitude: Some(-73.99),
        accuracy_radius_km: Some(5),
        ..IpFacts::default()
    }
}

/// Tables of one file in the place of its kind.
fn only(folder: &Folder, kind: &str, content: &[u8]) -> Result<Tables, TableError> {
    let path = Some(folder.put(kind, content));
    let mut files = TableFiles::default();
    match kind {
        "city" => files.city = path,
        "asn" => files.asn = path,
        _ => files.anonymous = path,
    }
    Tables::open(files).map_err(|refused| refused.source)
}

fn find(tables: &Tables, ip: &str) -> IpFacts {
    tables.ip().find(ip.parse().unwrap())
}

#[test]
fn without_files_nothing_is_known() {
    for ip in ["192.0.2.1", "2001:db8::1", "::", "255.255.255.255", "::ffff:192.0.2.1"] {
        assert_eq!(find(&Tables::none(), ip), IpFacts::default());
    }
}

#[test]
fn a_city_file_says_where_an_address_is() {
    let content = Writer::new("GeoLite2-City")
        .with("192.0.2.0/24", &NEW_YORK.value())
        .with("2001:db8:1::/48", &CityRecord { country: "AT", ..CityRecord::default() }.value())
        .bytes();
    let tables = only(&Folder::new(), "city", &content).unwrap();
    for ip in ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7"] {
        assert_eq!(find(&tables, ip), new_york_facts(), "{ip}");
    }
    let austria = IpFacts { country: Country::parse("AT").ok(), ..IpFacts::default() };
    assert_eq!(find(&tables, "2001:db8:1::1"), austria);
    assert_eq!(find(&tables, "2001:db8:1:ffff:ffff:ffff:ffff:ffff"), austria);
    for ip in ["192.0.1.255", "192.0.3.0", "2001:db8:0:ffff::", "2001:db8:2::", "::ffff:192.0.3.0"] {
        assert_eq!(find(&tables, ip), IpFacts::default(), "{ip}");
    }
}

#[test]
fn a_file_of_one_address_family_knows_nothing_of_the_other() {
    let content = Writer::ipv4_only("GeoIP2-City").with("192.0.2.0/24", &NEW_YORK.value()).bytes();
    let tables = only(&Folder::new(), "city", &content).unwrap();
    assert_eq!(find(&tables, "192.0.2.9"), new_york_facts());
    assert_eq!(find(&tables, "::ffff:192.0.2.9"), new_york_facts());
    assert_eq!(find(&tables, "2001:db8::1"), IpFacts::default());

    let content = Writer::new("GeoIP2-City").with("2001:db8::/32", &NEW_YORK.value()).bytes();
    let tables = only(&Folder::new(), "city", &content).unwrap();
    assert_eq!(find(&tables, "2001:db8::1"), new_york_facts());
    assert_eq!(find(&tables, "192.0.2.9"), IpFacts::default());
}

#[test]
fn what_cannot_be_is_left_out() {
    let long = "x".repeat(256);
    let wrong = CityRecord {
        country: "usa",
        regions: &[("", "No Code")],
        city: &long,
        place: Some((91.0, 0.0)),
        time_zone: "Europe/Vienna",
        radius: Some(5),
        ..CityRecord::default()
    };
    let half = Value::Map(vec![("location", Value::Map(vec![("latitude", Value::Double(1.0))]))]);
    let content = Writer::new("GeoIP2-City")
        .with("192.0.2.0/25", &wrong.value())
        .with("192.0.2.128/25", &half)
        .with("192.0.3.0/24", &CityRecord { city: &long[1..], ..wrong }.value())
        .bytes();
    let tables = only(&Folder::new(), "city", &content).unwrap();
    let rest = IpFacts { time_zone: Some("Europe/Vienna".to_owned()), ..IpFacts::default() };
    assert_eq!(find(&tables, "192.0.2.1"), rest);
    assert_eq!(find(&tables, "192.0.2.200"), IpFacts::default());
    assert_eq!(find(&tables, "192.0.3.1"), IpFacts { city: Some(long[1..].to_owned()), ..rest });
}

#[test]
fn an_asn_file_names_the_organization_and_an_isp_file_the_provider() {
    let content = Writer::new("GeoLite2-ASN").with("192.0.2.0/24", &organization("Example Net")).bytes();
    let tables = only(&Folder::new(), "asn", &content).unwrap();
    let expected = IpFacts {
        isp: Some("Example Net".to_owned()),
        asn_organization: Some("Example Net".to_owned()),
        ..IpFacts::default()
    };
    assert_eq!(find(&tables, "192.0.2.1"), expected);

    let isp = Value::Map(vec![
        ("autonomous_system_organization", "Example Net".into()),
        ("isp", "Example Cable".into()),
        ("organization", "Somebody".into()),
    ]);
    let only_isp = Value::Map(vec![("isp", "Example Cable".into())]);
    let content =
        Writer::new("GeoIP2-ISP").with("192.0.2.0/25", &isp).with("192.0.2.128/25", &only_isp).bytes();
    let tables = only(&Folder::new(), "asn", &content).unwrap();
    let expected = IpFacts { isp: Some("Example Cable".to_owned()), ..expected };
    assert_eq!(find(&tables, "192.0.2.1"), expected);
    assert_eq!(find(&tables, "192.0.2.129"), IpFacts { asn_organization: None, ..expected });
}

#[test]
fn an_entry_of_an_anonymous_file_decides_every_flag() {
    let networks = [
        ("192.0.2.0/28", anonymous(&["is_public_proxy"], "")),
        ("192.0.2.16/28", anonymous(&["is_residential_proxy"], "")),
        ("192.0.2.32/28", anonymous(&["is_anonymous_vpn"], "")),
        ("192.0.2.48/28", anonymous(&["is_tor_exit_node"], "")),
        ("192.0.2.64/28", anonymous(&["is_hosting_provider"], "")),
        ("192.0.2.80/28", anonymous(&[], "")),
        ("192.0.2.112/28", Value::Map(Vec::new())),
        ("192.0.2.128/28", Value::Map(vec![("is_anonymous", Value::Bool(false))])),
    ];
    let mut writer = Writer::new("GeoIP2-Anonymous-IP");
    for (network, value) in &networks {
        writer = writer.with(network, value);
    }
    let tables = only(&Folder::new(), "anonymous", &writer.bytes()).unwrap();
    let flags = |ip| {
        let facts = find(&tables, ip);
        assert_eq!(facts.provider, None);
        [facts.is_proxy, facts.is_vpn, facts.is_tor, facts.is_hosting]
    };
    assert_eq!(flags("192.0.2.1"), [true, false, false, false].map(Some));
    assert_eq!(flags("192.0.2.17"), [true, false, false, false].map(Some));
    assert_eq!(flags("192.0.2.33"), [false, true, false, false].map(Some));
    assert_eq!(flags("192.0.2.49"), [false, false, true, false].map(Some));
    assert_eq!(flags("192.0.2.65"), [false, false, false, true].map(Some));
    assert_eq!(flags("192.0.2.81"), [false; 4].map(Some));
    assert_eq!(flags("192.0.2.129"), [false; 4].map(Some));
    assert_eq!(flags("192.0.2.96"), [None; 4]);
    assert_eq!(flags("192.0.2.113"), [None; 4], "an empty record is no entry");
}

#[test]
fn a_provider_is_named_or_is_the_organization_of_a_vpn_or_host() {
    let folder = Folder::new();
    let networks = [
        ("192.0.2.0/28", anonymous(&["is_anonymous_vpn"], "Hidden Ltd")),
        ("192.0.2.16/28", anonymous(&["is_anonymous_vpn"], "")),
        ("192.0.2.32/28", anonymous(&["is_hosting_provider"], "")),
        ("192.0.2.48/28", anonymous(&["is_public_proxy", "is_tor_exit_node"], "")),
        ("198.51.100.0/24", anonymous(&["is_anonymous_vpn"], "")),
    ];
    let mut writer = Writer::new("GeoIP-Anonymous-Plus");
    for (network, value) in &networks {
        writer = writer.with(network, value);
    }
    let asn = Writer::new("GeoLite2-ASN").with("192.0.2.0/24", &organization("Example Net")).bytes();
    let files = TableFiles {
        asn: Some(folder.put("asn", asn)),
        anonymous: Some(folder.put("anonymous", writer.bytes())),
        ..TableFiles::default()
    };
    let tables = Tables::open(files).unwrap();
    let provider = |ip| find(&tables, ip).provider;
    assert_eq!(provider("192.0.2.1").as_deref(), Some("Hidden Ltd"));
    assert_eq!(provider("192.0.2.17").as_deref(), Some("Example Net"));
    assert_eq!(provider("192.0.2.33").as_deref(), Some("Example Net"));
    assert_eq!(provider("192.0.2.49"), None, "neither a VPN nor a host");
    assert_eq!(provider("192.0.2.65"), None, "no entry");
    assert_eq!(provider("198.51.100.1"), None, "no organization");
}

#[test]
fn a_file_is_taken_only_in_the_place_of_its_kind() {
    let types = [
        ("GeoIP2-City", "city"),
        ("GeoLite2-City", "city"),
        ("GeoIP2-Enterprise", "city"),
        ("DBIP-City-Lite", "city"),
        ("GeoLite2-ASN", "asn"),
        ("GeoIP2-ISP", "asn"),
        ("GeoIP2-Anonymous-IP", "anonymous"),
        ("GeoIP-Anonymous-Plus", "anonymous"),
        ("GeoLite2-Country", ""),
        ("GeoIP2-Domain", ""),
        ("", ""),
    ];
    let folder = Folder::new();
    for (database_type, kind) in types {
        let content = Writer::new(database_type).with("192.0.2.0/24", &Value::Map(Vec::new())).bytes();
        for place in ["city", "asn", "anonymous"] {
            match only(&folder, place, &content) {
                Ok(_) => assert_eq!(place, kind, "{database_type}"),
                Err(TableError::WrongType { file, .. }) => {
                    assert_ne!(place, kind, "{database_type}");
                    assert_eq!(file, folder.path(place));
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}
