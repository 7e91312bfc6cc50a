//! IP data: where an address is, whose it is and whether it hides somebody.

mod database;
mod places;
mod records;
mod sphere;

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;

use coffer_types::{Country, Timestamp};

use self::database::{Database, Kind};
pub use self::places::Address;
use self::places::Places;
use self::records::{Anonymous, Asn, City};
use self::sphere::Place;
use crate::TableKind;
use crate::error::TableError;

/// The operator's IP data, in memory: up to three `MaxMind`-format files. Cheap to clone.
#[derive(Clone, Default)]
pub struct IpData {
    city: Option<CityFile>,
    asn: Option<Arc<Database>>,
    anonymous: Option<Arc<Database>>,
}

/// What the files say of one address (Rebilly reference 6.2). A fact of a file that is not there, or has no entry,
/// or a broken one, is `None`. Texts have 1 to [`crate::limits::IP_TEXT_CHARS`] characters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IpFacts {
    /// The country, from the City file as all up to the radius.
    pub country: Option<Country>,
    /// ISO 3166-2 code of the largest subdivision, without the country: `NY`.
    pub region: Option<String>,
    /// English name.
    pub city: Option<String>,
    /// Postal code; in some countries its first part only.
    pub postal_code: Option<String>,
    /// IANA name: `America/New_York`.
    pub time_zone: Option<String>,
    /// Degrees north, -90 to 90; there exactly when `longitude` is.
    pub latitude: Option<f64>,
    /// Degrees east, -180 to 180.
    pub longitude: Option<f64>,
    /// Kilometres around the point, in which the address probably is.
    pub accuracy_radius_km: Option<u16>,
    /// The provider: its name in an ISP file, else `asn_organization`.
    pub isp: Option<String>,
    /// Who holds the autonomous system.
    pub asn_organization: Option<String>,
    /// A public or residential proxy. With an entry in the Anonymous file, a flag that the entry lacks is false.
    pub is_proxy: Option<bool>,
    /// A VPN.
    pub is_vpn: Option<bool>,
    /// A Tor exit node.
    pub is_tor: Option<bool>,
    /// Rented to anybody: hosting.
    pub is_hosting: Option<bool>,
    /// Name of the VPN or hosting provider: from an Anonymous-Plus file, else `asn_organization` if the address is
    /// one or the other.
    pub provider: Option<String>,
}

/// Whether distances can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceIndex {
    /// There is no City file.
    NoFile,
    /// Still being built in the background; no distance yet.
    Building,
    /// Built, with so many postal codes and city names.
    Ready(usize),
    /// The City file is damaged inside, or the system gave no thread: no distances.
    Unusable,
}

impl IpData {
    /// No files: every fact is `None`.
    pub fn none() -> Self {
        Self::default()
    }

    /// What is known of the address. An IPv4 address that is written as IPv6 (`::ffff:a.b.c.d`) is looked up as
    /// what it is.
    pub fn find(&self, ip: IpAddr) -> IpFacts {
        let ip = ip.to_canonical();
        let mut facts = IpFacts::default();
        if let Some(record) = self.city.as_ref().and_then(|city| city.database.record::<City<'_>>(ip)) {
            record.tell(&mut facts);
        }
        if let Some(record) = self.asn.as_ref().and_then(|asn| asn.record::<Asn<'_>>(ip)) {
            record.tell(&mut facts);
        }
        if let Some(record) = self.anonymous.as_ref().and_then(|file| file.record::<Anonymous<'_>>(ip)) {
            record.tell(&mut facts);
        }
        facts
    }

    /// Kilometres along the surface, rounded, from an IP address to a billing address (Rebilly reference 6.2).
    ///
    /// The place of the billing address comes from the City file: its postal code, else its city, else, when its
    /// country is not that of the IP address, the middle of that country. `None` when neither leads to one place,
    /// and until the index is built ([`IpData::place_index`]).
    pub fn distance_km(&self, from: &IpFacts, to: &Address<'_>) -> Option<u32> {
        let here = Place::new(from.latitude?, from.longitude?)?.vector();
        let places = self.city.as_ref()?.places.get()?.as_ref()?;
        let there = places.find(to, from.country)?;
        Some(sphere::whole_kilometres(here, there))
    }

    /// Whether the index behind [`IpData::distance_km`] is there.
    pub fn place_index(&self) -> PlaceIndex {
        match self.city.as_ref().map(|city| city.places.get()) {
            None => PlaceIndex::NoFile,
            Some(None) => PlaceIndex::Building,
            Some(Some(None)) => PlaceIndex::Unusable,
            Some(Some(Some(places))) => PlaceIndex::Ready(places.len()),
        }
    }

    /// Waits until the index of places is built, if there is a City file. Blocks the thread.
    pub fn wait_for_places(&self) {
        if let Some(city) = &self.city {
            city.places.wait();
        }
    }

    /// How large the file of this kind is, in nodes of its search tree, and when it was built.
    pub(crate) fn size_and_date(&self, kind: TableKind) -> (usize, Option<Timestamp>) {
        let file = match kind {
            TableKind::Bins => None,
            TableKind::City => self.city.as_ref().map(|city| &city.database),
            TableKind::Asn => self.asn.as_ref(),
            TableKind::Anonymous => self.anonymous.as_ref(),
        };
        file.map_or((0, None), |file| (file.nodes(), file.built()))
    }

    /// The same data with another City file, whose index is built at once or in the background.
    pub(crate) fn with_city(&self, path: &Path, index: Index) -> Result<Self, TableError> {
        Ok(Self { city: Some(CityFile::open(path, index)?), ..self.clone() })
    }

    /// The same data with another ASN or ISP file.
    pub(crate) fn with_asn(&self, path: &Path) -> Result<Self, TableError> {
        Ok(Self { asn: Some(Arc::new(Database::open(path, Kind::Asn)?)), ..self.clone() })
    }

    /// The same data with another Anonymous-IP or Anonymous-Plus file.
    pub(crate) fn with_anonymous(&self, path: &Path) -> Result<Self, TableError> {
        Ok(Self { anonymous: Some(Arc::new(Database::open(path, Kind::Anonymous)?)), ..self.clone() })
    }
}

/// When an index of places is built: it takes seconds for a worldwide file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Index {
    /// Before the file is used. So a replacement never leaves a gap.
    AtOnce,
    /// While it is used. So a node starts without delay.
    InBackground,
}

#[derive(Clone)]
struct CityFile {
    database: Arc<Database>,
    /// Empty while it is being built; `None` in it when that failed.
    places: Arc<OnceLock<Option<Places>>>,
}

impl CityFile {
    fn open(path: &Path, index: Index) -> Result<Self, TableError> {
        let file = Self { database: Arc::new(Database::open(path, Kind::City)?), places: Arc::default() };
        match index {
            Index::AtOnce => file.build(),
            Index::InBackground => {
                let background = file.clone();
                let thread = thread::Builder::new().name("coffer-places".to_owned());
                if thread.spawn(move || background.build()).is_err() {
                    file.places.get_or_init(|| None);
                }
            }
        }
        Ok(file)
    }

    fn build(&self) {
        self.places.get_or_init(|| Places::build(&self.database));
    }
}
