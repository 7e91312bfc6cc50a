//! An invented world for the risk tests: IP data and card ranges in an operator's files, and a node that knows them.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::calls::TOKENS;
use crate::{
    live::Live,
    mmdb::{CityRecord, Value as Data, Writer},
    support::{Answer, Client, Node},
};

pub(crate) const ALPHA_KEY: (&str, &str) = ("REB-APIKEY", "sk_live_alpha_0001");
pub(crate) const ALPHA_BROWSER: (&str, &str) = ("Authorization", "pk_live_alpha_0001");

/// Addresses of documentation networks (RFC 5737, RFC 3849) and what the files say of them.
pub(crate) const NEW_YORK: &str = "203.0.113.7";
pub(crate) const SYDNEY: &str = "2001:db8::7";
pub(crate) const KOLKATA: &str = "198.51.100.7";
/// Country and no more.
pub(crate) const GERMANY: &str = "198.51.100.200";
/// Only the files of providers and of anonymous addresses know it.
pub(crate) const PROXY: &str = "192.0.2.1";
/// In no file.
pub(crate) const NOWHERE: &str = "192.0.2.200";

pub(crate) fn city_file(city: &str) -> Vec<u8> {
    let new_york = CityRecord {
        country: "US",
        regions: &[("NY", "New York State")],
        city,
        postal_code: "10001",
        place: Some((40.75, -74.0)),
        time_zone: "America/New_York",
        radius: Some(20),
    };
    let sydney = CityRecord {
        country: "AU",
        city: "Sydney",
        place: Some((-33.9, 151.2)),
        time_zone: "Australia/Sydney",
        ..CityRecord::default()
    };
    let kolkata = CityRecord {
        country: "IN",
        city: "Kolkata",
        postal_code: "700001-700099",
        place: Some((22.57, 88.36)),
        time_zone: "Asia/Kolkata",
        ..CityRecord::default()
    };
    let london = CityRecord {
        country: "GB",
        city: "London",
        postal_code: "WC2N",
        place: Some((51.5, -0.12)),
        time_zone: "Europe/London",
        ..CityRecord::default()
    };
    let germany = CityRecord { country: "DE", ..CityRecord::default() };
    Writer::new("GeoLite2-City")
        .with("203.0.113.0/24", &new_york.value())
        .with("198.51.100.0/26", &kolkata.value())
        .with("198.51.100.64/26", &london.value())
        .with("198.51.100.192/26", &germany.value())
        .with("2001:db8::/64", &sydney.value())
        .bytes()
}

pub(crate) fn asn_file() -> Vec<u8> {
    let provider = |isp: &str, organization: &str| {
        Data::Map(vec![("isp", isp.into()), ("autonomous_system_organization", organization.into())])
    };
    Writer::new("GeoIP2-ISP")
        .with("203.0.113.0/24", &provider("Hudson Cable", "Hudson Networks"))
        .with("192.0.2.0/25", &provider("Shadow Line", "Shadow Hosting"))
        .bytes()
}

/// One address for every flag, and one with an entry that has none of the four.
pub(crate) fn anonymous_file() -> Vec<u8> {
    let mut file = Writer::new("GeoIP2-Anonymous-IP");
    for (network, flags) in [
        ("192.0.2.1/32", vec!["is_public_proxy"]),
        ("192.0.2.2/32", vec!["is_anonymous_vpn"]),
        ("192.0.2.3/32", vec!["is_tor_exit_node"]),
        ("192.0.2.4/32", vec!["is_hosting_provider"]),
        ("192.0.2.5/32", vec![]),
        (
            "203.0.113.8/32",
            vec!["is_hosting_provider", "is_anonymous_vpn", "is_public_proxy", "is_tor_exit_node"],
        ),
    ] {
        let mut members = vec![("is_anonymous", Data::Bool(true))];
        members.extend(flags.into_iter().map(|flag| (flag, Data::Bool(true))));
        file = file.with(network, &Data::Map(members));
    }
    file.bytes()
}

/// Ranges around the published test numbers: one of six digits, within it one of eight that has another bank.
pub(crate) const RANGES: &str = "low,high,country,bank,brand\n\
    411111,411111,GB,Six Digit Bank,\n\
    41111111,41111111,US,Eight Digit Bank,\n\
    555555,555555,DE,\"Bank, Gift & Co\",mastercard\n\
    378282,378282,,Bank of No Country,\n\
    601111,601111,US,,\n\
    675964,675964,,,mastercard\n";

/// Files, configuration and a running node.
pub(crate) struct World {
    pub(crate) live: Live,
    pub(crate) node: Node,
    pub(crate) client: Client,
}

impl World {
    /// A node with all four files; `more` is the end of its configuration.
    pub(crate) fn new(more: &str) -> Self {
        let live = Live::new();
        live.write("bins.csv", RANGES, 0o644);
        for (name, content) in
            [("city", city_file("New York")), ("asn", asn_file()), ("anonymous", anonymous_file())]
        {
            fs::write(live.path(&format!("{name}.mmdb")), content).expect("a file");
        }
        let path = |name: &str| live.path(name).display().to_string();
        let config = format!(
            "trusted_proxies = [\"127.0.0.1\"]\n{}\n[tables]\nbins = {:?}\ncity = {:?}\nasn = {:?}\n\
             anonymous = {:?}\n{more}\n",
            live.config(),
            path("bins.csv"),
            path("city.mmdb"),
            path("asn.mmdb"),
            path("anonymous.mmdb"),
        );
        let node = live.try_start(&config).expect("the node starts");
        let client = node.client();
        let mut world = Self { live, node, client };
        world.wait_for("the index of places", |world| {
            world.risk(NEW_YORK, &json!({"country": "IN", "city": "Kolkata"})).get("distance").is_some()
        });
        world
    }

    /// Makes a token as a server does.
    pub(crate) fn token(&mut self, body: &Value) -> Value {
        let answer = self.client.call("POST", TOKENS, &[ALPHA_KEY], body.to_string().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// Risk metadata of an address and a billing address, of a method that has no more.
    pub(crate) fn risk(&mut self, ip: &str, billing: &Value) -> Value {
        let body = json!({"method": "cash", "billingAddress": billing, "riskMetadata": {"ipAddress": ip}});
        self.token(&body)["riskMetadata"].clone()
    }

    /// Makes a token as a browser does, by way of a proxy.
    pub(crate) fn browse(&mut self, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let mut all = vec![ALPHA_BROWSER];
        all.extend(headers);
        let answer = self.client.call("POST", TOKENS, &all, body.to_string().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer
    }

    /// Puts a file in the place of another, as an operator should: beside it, and renamed over it.
    pub(crate) fn replace(&self, name: &str, content: &[u8]) {
        let new = self.live.path("new");
        fs::write(&new, content).expect("a file");
        fs::rename(new, self.live.path(name)).expect("a rename");
    }

    /// Asks until it is so.
    pub(crate) fn wait_for(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !is_so(self) {
            assert!(Instant::now() < deadline, "not after a minute: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
