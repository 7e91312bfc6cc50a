//! Where a postal address is: an index of the operator's own City file by postal code, city and country.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};

use coffer_types::Country;

use super::database::Database;
use super::records::City;
use super::sphere::{Place, Vector, kilometres, length};
use crate::limits::{PLACES, REGIONS, SAME_PLACE_KM};

/// The parts of a billing address that say where it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Address<'a> {
    /// Nothing is found without one.
    pub country: Option<Country>,
    /// ISO 3166-2 code without the country, or English name; letter case does not count.
    pub region: Option<&'a str>,
    /// English name; letter case does not count, accents do.
    pub city: Option<&'a str>,
    /// Letter case, spaces and hyphens do not count. Of `12345-6789` or `AB1 2CD` the first part is enough.
    pub postal_code: Option<&'a str>,
}

/// At most [`PLACES`] names, each as a 64-bit hash under a key of this index alone: with as many as that, the chance
/// that any two meet is below one in a million.
pub(super) struct Places {
    points: HashMap<u64, Point>,
    countries: HashMap<Country, Vector>,
    hasher: RandomState,
    /// How many names it takes.
    limit: usize,
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Name<'a> {
    Postal(&'a str),
    City { region: &'a str, city: &'a str },
}

/// Degrees north and east, to some metres; not a number when the name stands for places far apart.
#[derive(Clone, Copy)]
struct Point([f32; 2]);

const AMBIGUOUS: Point = Point([f32::NAN; 2]);

impl Point {
    #[allow(clippy::cast_possible_truncation, reason = "metres are enough")]
    fn of(place: Place) -> Self {
        Self([place.latitude() as f32, place.longitude() as f32])
    }

    fn vector(self) -> Option<Vector> {
        let [latitude, longitude] = self.0.map(f64::from);
        Some(Place::new(latitude, longitude)?.vector())
    }
}

impl Places {
    /// Reads every record once. `None` when the file's search tree is broken.
    pub(super) fn build(database: &Database) -> Option<Self> {
        let mut places = Self::with_limit(PLACES);
        database.each_record(|record: City<'_>| places.add(&record)).then(|| {
            places.points.shrink_to_fit();
            places
        })
    }

    fn with_limit(limit: usize) -> Self {
        Self { points: HashMap::new(), countries: HashMap::new(), hasher: RandomState::new(), limit }
    }

    /// How many names it knows.
    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    /// The place of an address. The middle of its country is a last resort that says something only when the
    /// other end of the way is known to be in another one.
    pub(super) fn find(&self, address: &Address<'_>, other_end: Option<Country>) -> Option<Vector> {
        let country = address.country?;
        self.by_postal_code(country, address.postal_code)
            .or_else(|| self.by_city(country, address))
            .or_else(|| self.middle(country).filter(|_| other_end.is_some_and(|other| other != country)))
    }

    fn by_postal_code(&self, country: Country, code: Option<&str>) -> Option<Vector> {
        let code = code?.trim();
        let first_part = code.split([' ', '-']).next().unwrap_or_default();
        let point = |code| self.point(country, Name::Postal(&postal(code)));
        point(code).or_else(|| point(first_part))
    }

    fn by_city(&self, country: Country, address: &Address<'_>) -> Option<Vector> {
        let (city, region) = (folded(address.city?), folded(address.region.unwrap_or_default()));
        self.point(country, Name::City { region: &region, city: &city })
    }

    fn middle(&self, country: Country) -> Option<Vector> {
        // Points all around the earth have no middle.
        self.countries.get(&country).copied().filter(|sum| length(*sum) > 1e-3)
    }

    fn point(&self, country: Country, name: Name<'_>) -> Option<Vector> {
        self.points.get(&self.key(country, name)).and_then(|point| point.vector())
    }

    fn key(&self, country: Country, name: Name<'_>) -> u64 {
        match name {
            Name::Postal(code) => self.hasher.hash_one((0_u8, country, code)),
            Name::City { region, city } => self.hasher.hash_one((1_u8, country, region, city)),
        }
    }

    fn add(&mut self, record: &City<'_>) {
        let (Some(country), Some(place)) = (record.country(), record.place()) else { return };
        let sum = self.countries.entry(country).or_default();
        for (total, part) in sum.iter_mut().zip(place.vector()) {
            *total += part;
        }
        if let Some(code) = record.postal.code {
            self.put(country, Name::Postal(&postal(code)), place);
        }
        let Some(city) = record.city.english().map(folded) else { return };
        self.put(country, Name::City { region: "", city: &city }, place);
        for region in record.subdivisions.iter().take(REGIONS) {
            let (code, name) = (region.iso_code.map(folded), region.english().map(folded));
            for region in [&code, &name.filter(|name| Some(name) != code.as_ref())].into_iter().flatten() {
                self.put(country, Name::City { region, city: &city }, place);
            }
        }
    }

    /// The first place of a name stays, unless another one is far away. A full index takes no further names.
    fn put(&mut self, country: Country, name: Name<'_>, place: Place) {
        let key = self.key(country, name);
        let full = self.points.len() >= self.limit;
        match self.points.entry(key) {
            Entry::Vacant(_) if full => {}
            Entry::Vacant(entry) => {
                entry.insert(Point::of(place));
            }
            Entry::Occupied(mut entry) => {
                let far = |first| kilometres(first, place.vector()) > SAME_PLACE_KM;
                if entry.get().vector().is_some_and(far) {
                    entry.insert(AMBIGUOUS);
                }
            }
        }
    }
}

fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

fn postal(code: &str) -> String {
    code.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_index_takes_no_further_names() {
        let at = |latitude| Place::new(latitude, 16.0).unwrap();
        let country = Country::parse("AT").unwrap();
        let mut places = Places::with_limit(2);
        for (code, latitude) in [("1", 47.0), ("2", 48.0), ("3", 49.0), ("1", 47.5), ("2", 50.0)] {
            places.put(country, Name::Postal(code), at(latitude));
        }
        let found = |code| places.point(country, Name::Postal(code));
        assert_eq!(places.len(), 2);
        assert_eq!(found("1"), Some(at(47.0).vector()), "the first place, 56 km from the second");
        assert_eq!(found("2"), None, "222 km apart");
        assert_eq!(found("3"), None);
    }

    #[test]
    fn a_name_is_found_as_what_it_was_put() {
        let country = |code| Country::parse(code).unwrap();
        let mut places = Places::with_limit(10);
        let at = Place::new(48.0, 16.0).unwrap();
        places.put(country("AT"), Name::Postal("1010"), at);
        places.put(country("AT"), Name::City { region: "a", city: "b" }, at);
        let known = |code, name| places.point(country(code), name).is_some();
        assert!(known("AT", Name::Postal("1010")) && known("AT", Name::City { region: "a", city: "b" }));
        assert!(!known("DE", Name::Postal("1010")));
        assert!(!known("AT", Name::City { region: "", city: "1010" }));
        assert!(!known("AT", Name::City { region: "", city: "ab" }));
        assert!(!known("AT", Name::City { region: "ab", city: "" }));
    }

    #[test]
    fn points_around_the_earth_have_no_middle() {
        let country = Country::parse("AT").unwrap();
        let mut places = Places::with_limit(0);
        let opposite =
            [Place::new(10.0, 20.0), Place::new(-10.0, -160.0)].map(|place| place.unwrap().vector());
        let sum = [0, 1, 2].map(|axis| opposite[0][axis] + opposite[1][axis]);
        places.countries.insert(country, sum);
        assert_eq!(places.middle(country), None);
        places.countries.insert(country, opposite[0]);
        assert_eq!(places.middle(country), Some(opposite[0]));
    }
}
