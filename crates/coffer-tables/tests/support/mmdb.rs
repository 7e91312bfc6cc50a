//! Writes files in the `MaxMind` DB format, version 2.0, as far as the tests need it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// A value of the format's data section.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Double(f64),
    U16(u16),
    U32(u32),
    U64(u64),
    Bool(bool),
    Map(Vec<(&'static str, Value)>),
    List(Vec<Value>),
    /// Bytes as they are, right or wrong.
    Raw(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Value {
    /// The value's bytes: a control byte or several, then the content.
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => {
                control(out, 2, text.len());
                out.extend(text.as_bytes());
            }
            Self::Double(number) => {
                control(out, 3, 8);
                out.extend(number.to_be_bytes());
            }
            Self::U16(number) => unsigned(out, 5, u64::from(*number)),
            Self::U32(number) => unsigned(out, 6, u64::from(*number)),
            Self::U64(number) => unsigned(out, 9, *number),
            Self::Bool(flag) => control(out, 14, usize::from(*flag)),
            Self::Map(members) => {
                control(out, 7, members.len());
                for (name, value) in members {
                    Self::from(*name).write(out);
                    value.write(out);
                }
            }
            Self::List(values) => {
                control(out, 11, values.len());
                for value in values {
                    value.write(out);
                }
            }
            Self::Raw(bytes) => out.extend(bytes),
        }
    }
}

fn control(out: &mut Vec<u8>, kind: u8, size: usize) {
    let (short, rest) = match size {
        0..29 => (size, &[][..]),
        29..285 => (29, &(size - 29).to_be_bytes()[7..]),
        _ => (30, &(size - 285).to_be_bytes()[6..]),
    };
    let short = u8::try_from(short).unwrap();
    if kind < 8 {
        out.push(kind << 5 | short);
    } else {
        out.extend([short, kind - 7]);
    }
    out.extend(rest);
}

/// Leading zeros are left out.
fn unsigned(out: &mut Vec<u8>, kind: u8, number: u64) {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    control(out, kind, bytes.len() - zeros);
    out.extend(&bytes[zeros..]);
}

/// One side of a node.
#[derive(Clone, Copy)]
enum Side {
    Empty,
    Node(usize),
    /// Offset in the data section.
    Data(usize),
}

/// A file in the making.
pub(crate) struct Writer {
    database_type: String,
    ip_version: u16,
    nodes: Vec<[Side; 2]>,
    data: Vec<u8>,
    /// Equal values are written once, as the publisher does.
    written: HashMap<Vec<u8>, usize>,
}

impl Writer {
    /// For addresses of both families.
    pub(crate) fn new(database_type: &str) -> Self {
        Self {
            database_type: database_type.to_owned(),
            ip_version: 6,
            nodes: vec![[Side::Empty; 2]],
            data: Vec::new(),
            written: HashMap::new(),
        }
    }

    /// For IPv4 addresses alone.
    pub(crate) fn ipv4_only(database_type: &str) -> Self {
        Self { ip_version: 4, ..Self::new(database_type) }
    }

    /// Adds a network, such as `192.0.2.0/24`, that is not inside another one.
    #[must_use]
    pub(crate) fn with(mut self, network: &str, value: &Value) -> Self {
        let (address, length) = network.split_once('/').unwrap();
        let length: usize = length.parse().unwrap();
        let (bits, length) = match (address.parse().unwrap(), self.ip_version) {
            (IpAddr::V4(v4), 4) => (u128::from(u32::from(v4)) << 96, length),
            (IpAddr::V4(v4), _) => (u128::from(u32::from(v4)), 96 + length),
            (IpAddr::V6(v6), _) => (u128::from(v6), length),
        };
        let mut bytes = Vec::new();
        value.write(&mut bytes);
        let offset = *self.written.entry(bytes.clone()).or_insert(self.data.len());
        if offset == self.data.len() {
            self.data.extend(bytes);
        }
        self.insert(bits, length, Side::Data(offset));
        self
    }

    /// Makes the mapped addresses lead to the IPv4 ones, as the publisher does. After some IPv4 network.
    #[must_use]
    pub(crate) fn with_mapped_alias(mut self) -> Self {
        let mut node = 0;
        for _ in 0..96 {
            let Side::Node(next) = self.nodes[node][0] else { panic!("no IPv4 network yet") };
            node = next;
        }
        let mapped: Ipv6Addr = "::ffff:0:0".parse().unwrap();
        self.insert(mapped.into(), 96, Side::Node(node));
        self
    }

    fn insert(&mut self, bits: u128, length: usize, leaf: Side) {
        let mut node = 0;
        for depth in 0..length {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == length {
                self.nodes[node][side] = leaf;
                return;
            }
            node = match self.nodes[node][side] {
                Side::Node(next) => next,
                Side::Empty => {
                    self.nodes.push([Side::Empty; 2]);
                    self.nodes[node][side] = Side::Node(self.nodes.len() - 1);
                    self.nodes.len() - 1
                }
                Side::Data(_) => panic!("a network inside another one"),
            };
        }
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes_with_node_count(self.nodes.len())
    }

    /// The file with another count of nodes in its header.
    pub(crate) fn bytes_with_node_count(&self, count: usize) -> Vec<u8> {
        let nodes = self.nodes.len();
        let mut out = Vec::new();
        for side in self.nodes.iter().flatten() {
            let record = match side {
                Side::Empty => nodes,
                Side::Node(node) => *node,
                Side::Data(offset) => nodes + 16 + offset,
            };
            out.extend(&u32::try_from(record).unwrap().to_be_bytes()[1..]);
        }
        out.extend([0; 16]);
        out.extend(&self.data);
        out.extend(b"\xab\xcd\xefMaxMind.com");
        let metadata = Value::Map(vec![
            ("node_count", Value::U32(u32::try_from(count).unwrap())),
            ("record_size", Value::U16(24)),
            ("ip_version", Value::U16(self.ip_version)),
            ("database_type", Value::Text(self.database_type.clone())),
            ("languages", Value::List(vec!["en".into()])),
            ("binary_format_major_version", Value::U16(2)),
            ("binary_format_minor_version", Value::U16(0)),
            ("build_epoch", Value::U64(1_700_000_000)),
            ("description", Value::Map(vec![("en", "invented".into())])),
        ]);
        metadata.write(&mut out);
        out
    }
}

/// A record of a City file. What is empty is left out.
#[derive(Clone, Copy, Default)]
pub(crate) struct CityRecord<'a> {
    pub(crate) country: &'a str,
    /// Code and English name, the largest first.
    pub(crate) regions: &'a [(&'a str, &'a str)],
    pub(crate) city: &'a str,
    pub(crate) postal_code: &'a str,
    pub(crate) place: Option<(f64, f64)>,
    pub(crate) time_zone: &'a str,
    pub(crate) radius: Option<u16>,
}

impl CityRecord<'_> {
    pub(crate) fn value(&self) -> Value {
        let names = |name: &str| Value::Map(vec![("de", "Anderswo".into()), ("en", name.into())]);
        let mut members = Vec::new();
        if !self.city.is_empty() {
            members
                .push(("city", Value::Map(vec![("geoname_id", Value::U32(1)), ("names", names(self.city))])));
        }
        if !self.country.is_empty() {
            members.push(("country", Value::Map(vec![("iso_code", self.country.into())])));
        }
        if !self.regions.is_empty() {
            let region = |(code, name): &(&str, &str)| {
                Value::Map(vec![("iso_code", (*code).into()), ("names", names(name))])
            };
            members.push(("subdivisions", Value::List(self.regions.iter().map(region).collect())));
        }
        if !self.postal_code.is_empty() {
            members.push(("postal", Value::Map(vec![("code", self.postal_code.into())])));
        }
        let mut location = Vec::new();
        if let Some((latitude, longitude)) = self.place {
            location.push(("latitude", Value::Double(latitude)));
            location.push(("longitude", Value::Double(longitude)));
        }
        if !self.time_zone.is_empty() {
            location.push(("time_zone", self.time_zone.into()));
        }
        if let Some(radius) = self.radius {
            location.push(("accuracy_radius", Value::U16(radius)));
        }
        if !location.is_empty() {
            members.push(("location", Value::Map(location)));
        }
        Value::Map(members)
    }
}
