//! What is limited, and what is looked up to judge a card: `[rate_limit]`, `[card_testing]`, `[tables]`, `[risk]`.

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
};

use coffer_http::{RiskSettings, RiskWeights, edge::CardTestingLimits};
use coffer_tables::{RefusedTable, TableFiles};
use coffer_types::Country;
use serde::Deserialize;

/// The key of a setting and what is wrong with it.
pub(super) type Wrong = (&'static str, String);

/// The highest count and the longest time, in seconds, that a limit may have: a day.
const COUNT_MAX: u32 = 1_000_000;
const SECONDS_MAX: u32 = 86_400;

/// How far a weight may lie from 0.
const WEIGHT_MAX: u64 = 100;
/// How many values' velocities may be kept.
const VELOCITY_ENTRIES: std::ops::RangeInclusive<usize> = 1_000..=100_000_000;
/// Weights in one file, and letters of a name.
const WEIGHTS_MAX: usize = 100;
const WEIGHT_NAME_CHARS: usize = 50;

fn within(key: &'static str, value: u32, most: u32) -> Result<(), Wrong> {
    if (1..=most).contains(&value) { Ok(()) } else { Err((key, format!("it is 1 to {most}"))) }
}

/// So many requests of one caller in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateLimit {
    pub(crate) requests: u32,
    pub(crate) seconds: u32,
}

impl RateLimit {
    pub(super) fn check(self) -> Result<(), Wrong> {
        within("rate_limit.requests", self.requests, COUNT_MAX)?;
        within("rate_limit.seconds", self.seconds, SECONDS_MAX)
    }
}

/// When trying out card numbers is stopped. None: the product's own value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CardTesting {
    pub(crate) enabled: bool,
    pub(crate) requests_per_minute: Option<u32>,
    pub(crate) network_requests_per_minute: Option<u32>,
    pub(crate) cards_per_hour: Option<u32>,
    pub(crate) refused_cards: Option<u32>,
    pub(crate) sequential_cards: Option<u32>,
    pub(crate) bin_requests_per_minute: Option<u32>,
}

impl Default for CardTesting {
    fn default() -> Self {
        Self {
            enabled: true,
            requests_per_minute: None,
            network_requests_per_minute: None,
            cards_per_hour: None,
            refused_cards: None,
            sequential_cards: None,
            bin_requests_per_minute: None,
        }
    }
}

impl CardTesting {
    /// The limits; none when they are switched off.
    pub(crate) fn limits(&self) -> Option<CardTestingLimits> {
        let defaults = CardTestingLimits::default();
        let small = |count: Option<u32>, default: u8| {
            count.map_or(default, |count| u8::try_from(count).unwrap_or(u8::MAX))
        };
        self.enabled.then(|| CardTestingLimits {
            caller_creations: self.requests_per_minute.unwrap_or(defaults.caller_creations),
            network_creations: self.network_requests_per_minute.unwrap_or(defaults.network_creations),
            bin_creations: self.bin_requests_per_minute.unwrap_or(defaults.bin_creations),
            distinct_pans: small(self.cards_per_hour, defaults.distinct_pans),
            refused_pans: self.refused_cards.unwrap_or(defaults.refused_pans),
            series_pans: small(self.sequential_cards, defaults.series_pans),
        })
    }

    pub(super) fn check(&self) -> Result<(), Wrong> {
        for (key, count) in [
            ("card_testing.cards_per_hour", self.cards_per_hour),
            ("card_testing.sequential_cards", self.sequential_cards),
        ] {
            count.map_or(Ok(()), |count| within(key, count, u8::MAX.into()))?;
        }
        let counts = [
            ("card_testing.requests_per_minute", self.requests_per_minute),
            ("card_testing.network_requests_per_minute", self.network_requests_per_minute),
            ("card_testing.refused_cards", self.refused_cards),
            ("card_testing.bin_requests_per_minute", self.bin_requests_per_minute),
        ];
        counts
            .into_iter()
            .try_for_each(|(key, count)| count.map_or(Ok(()), |count| within(key, count, COUNT_MAX)))
    }
}

/// Files to look up a card's bank and a caller's place in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tables {
    pub(crate) bins: Option<PathBuf>,
    pub(crate) city: Option<PathBuf>,
    pub(crate) asn: Option<PathBuf>,
    pub(crate) anonymous: Option<PathBuf>,
}

impl Tables {
    /// Reads the files.
    pub(crate) fn open(&self) -> Result<coffer_tables::Tables, RefusedTable> {
        coffer_tables::Tables::open(TableFiles {
            bins: self.bins.clone(),
            city: self.city.clone(),
            asn: self.asn.clone(),
            anonymous: self.anonymous.clone(),
        })
    }

    /// Every path that may be named.
    pub(super) fn paths_mut(&mut self) -> [Option<&mut PathBuf>; 4] {
        let Self { bins, city, asn, anonymous } = self;
        [bins.as_mut(), city.as_mut(), asn.as_mut(), anonymous.as_mut()]
    }

    pub(super) fn check(&self) -> Result<(), Wrong> {
        let paths = [
            ("tables.bins", &self.bins),
            ("tables.city", &self.city),
            ("tables.asn", &self.asn),
            ("tables.anonymous", &self.anonymous),
        ];
        match paths
            .into_iter()
            .find(|(_, path)| path.as_ref().is_some_and(|path| path.as_os_str().is_empty()))
        {
            Some((key, _)) => Err((key, "it is the path of a file".to_owned())),
            None => Ok(()),
        }
    }
}

/// How a risk score is put together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Risk {
    /// ISO 3166-1, two capital letters each.
    pub(crate) high_risk_countries: Vec<String>,
    /// What each fact adds to a score, -100 to 100, by its name.
    pub(crate) weights: BTreeMap<String, i64>,
    /// Values whose velocity is kept at a time.
    pub(crate) velocity_entries: Option<usize>,
}

impl Risk {
    /// How risk is judged.
    pub(super) fn settings(&self) -> Result<RiskSettings, Wrong> {
        let countries = self.high_risk_countries.iter().map(|text| Country::parse(text));
        let high_risk = countries.collect::<Result<_, _>>();
        let high_risk = high_risk.map_err(|error| ("risk.high_risk_countries", error.to_string()))?;
        // They were checked to be small.
        let weight = |(name, weight): (&'_ String, &i64)| Some((name.clone(), i32::try_from(*weight).ok()?));
        let named: Vec<(String, i32)> = self.weights.iter().filter_map(weight).collect();
        let weights = RiskWeights::with(named.iter().map(|(name, weight)| (name.as_str(), *weight)));
        let weights = weights.map_err(|error| ("risk.weights", error.to_string()))?;
        Ok(RiskSettings { high_risk, weights })
    }

    pub(super) fn check(&self) -> Result<(), Wrong> {
        if self.velocity_entries.is_some_and(|entries| !VELOCITY_ENTRIES.contains(&entries)) {
            return Err(("risk.velocity_entries", "it is 1000 to 100000000".to_owned()));
        }
        let country = |text: &String| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        let mut seen = HashSet::new();
        if let Some(wrong) =
            self.high_risk_countries.iter().find(|text| !country(text) || !seen.insert(*text))
        {
            let reason = format!("{wrong}: a country is two capital letters (ISO 3166-1) and stands once");
            return Err(("risk.high_risk_countries", reason));
        }
        let key = "risk.weights";
        if self.weights.len() > WEIGHTS_MAX {
            return Err((key, format!("at most {WEIGHTS_MAX} weights")));
        }
        let named = |name: &str| {
            let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
            (1..=WEIGHT_NAME_CHARS).contains(&name.len()) && letters
        };
        match self.weights.iter().find(|(name, weight)| !named(name) || weight.unsigned_abs() > WEIGHT_MAX) {
            Some((name, _)) => Err((key, format!("{name}: a name and a whole number of -100 to 100"))),
            None => Ok(()),
        }
    }
}
