//! Words that several entries share: organizations, permissions, networks, origins.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use coffer_http::{credentials::Permissions, edge::Origins, rebilly_operations};
use coffer_types::Tenant;
use ipnet::IpNet;

/// Most networks and origins in one list: each request is compared with all of them.
const LIST_MAX: usize = 100;

/// Whether a credential or an issuer may be called so: the audit log has names of its own.
pub(super) fn is_name(name: &str) -> bool {
    !["", "system", "unknown", "import-cards"].contains(&name.trim())
}

/// The tenants of organizations, in their order; at least one.
pub(super) fn tenants(
    names: &[String],
    organizations: &HashMap<String, Tenant>,
) -> Result<Vec<Tenant>, String> {
    if names.is_empty() {
        return Err("it is for no organization".to_owned());
    }
    let find =
        |name: &String| organizations.get(name).copied().ok_or(format!("there is no organization {name}"));
    names.iter().map(find).collect()
}

/// Operations by their names, or `*` for all; at least one.
pub(super) fn permissions(names: &[String]) -> Result<Permissions, String> {
    if names.is_empty() {
        return Err("permissions are names of operations, or [\"*\"] for all".to_owned());
    }
    let known = |name: &String| name == Permissions::ALL || rebilly_operations().any(|known| known == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<&str> = rebilly_operations().collect();
        return Err(format!("there is no operation {unknown}; there are {}", all.join(", ")));
    }
    Permissions::of(names.iter().map(String::as_str)).ok_or("\"*\" stands alone".to_owned())
}

/// Addresses and networks (CIDR).
pub(super) fn networks(texts: &[String]) -> Result<Vec<IpNet>, String> {
    at_most(texts, "networks")?;
    texts.iter().map(|text| network(text).map_err(|reason| format!("{text}: {reason}"))).collect()
}

fn network(text: &str) -> Result<IpNet, &'static str> {
    let wrong = "it is no IP address and no network such as 10.0.0.0/8";
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse::<IpNet>().map_err(|_| wrong)?,
    };
    if network.trunc() != network {
        return Err("bits are set behind the prefix; which network is meant?");
    }
    match network {
        IpNet::V6(network) if network.addr().to_ipv4_mapped().is_some() => {
            Err("it is an IPv4 network in IPv6 form: write it as IPv4")
        }
        network => Ok(network),
    }
}

/// Web origins as a browser writes them (RFC 6454, 6.2), or `*` alone, which is none: all.
pub(super) fn origins(texts: &[String]) -> Result<Origins, String> {
    at_most(texts, "origins")?;
    if texts == ["*"] {
        return Ok(Origins::Any);
    }
    Origins::listed(texts).map_err(|error| format!("{error}; [\"*\"] is all of them"))
}

fn at_most(texts: &[String], what: &str) -> Result<(), String> {
    if texts.len() > LIST_MAX {
        return Err(format!("at most {LIST_MAX} {what}"));
    }
    let mut seen = HashSet::new();
    match texts.iter().find(|text| !seen.insert(*text)) {
        Some(twice) => Err(format!("{twice} stands twice")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn networks_are_exact() {
        let read = |text: &str| networks(&list(&[text]));
        assert_eq!(read("192.0.2.1").unwrap(), ["192.0.2.1/32".parse::<IpNet>().unwrap()]);
        assert_eq!(read("2001:db8::").unwrap(), ["2001:db8::/128".parse::<IpNet>().unwrap()]);
        assert!(read("10.0.0.0/8").is_ok() && read("0.0.0.0/0").is_ok() && read("fd00::/8").is_ok());
        for wrong in [
            "",
            "10.0.0/8",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "::1/64",
            "::ffff:10.0.0.0/104",
            "::ffff:10.0.0.1",
            "lan",
            " ::1",
        ] {
            assert!(read(wrong).unwrap_err().starts_with(&format!("{wrong}:")), "{wrong}");
        }
        assert!(networks(&list(&["::1", "::1"])).unwrap_err().contains("twice"));
        let many: Vec<String> = (0..=LIST_MAX).map(|last| format!("10.0.0.{last}")).collect();
        assert!(networks(&many).is_err() && networks(&many[1..]).is_ok());
    }

    #[test]
    fn a_star_is_every_origin_and_no_list_is_none() {
        let read = |texts: &[&str]| origins(&list(texts));
        assert_eq!(read(&["*"]), Ok(Origins::Any));
        let none = read(&[]).unwrap();
        assert!(!none.allows("https://shop.example") && !none.allows("null"));
        let some = read(&["https://shop.example", "http://localhost:3000"]).unwrap();
        assert!(some.allows("https://shop.example") && some.allows("http://localhost:3000"));
        assert!(!some.allows("https://shop.example:8443") && !some.allows("null"));
        for wrong in ["", "null", "shop.example", "https://shop.example/", "https://u@shop.example"] {
            assert!(read(&[wrong]).unwrap_err().contains("[\"*\"] is all of them"), "{wrong}");
        }
        assert!(read(&["*", "https://shop.example"]).is_err(), "a star stands alone");
        assert!(read(&["https://shop.example", "https://shop.example"]).unwrap_err().contains("twice"));
    }

    #[test]
    fn permissions_are_known_operations() {
        assert_eq!(permissions(&list(&["*"])), Ok(Permissions::All));
        let some = permissions(&list(&["PostToken", "GetToken"])).unwrap();
        assert!(some.include("PostToken") && !some.include("PostPaymentInstrument"));
        assert!(
            permissions(&list(&["PostTokens"])).unwrap_err().contains("no operation PostTokens; there are")
        );
        assert!(permissions(&list(&["*", "PostToken"])).unwrap_err().contains("stands alone"));
        assert!(permissions(&[]).is_err());
    }
}
