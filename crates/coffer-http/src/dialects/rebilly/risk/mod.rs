//! Derived risk metadata (6.2, 6.3): what the operator's tables and the last day tell of a token or an instrument.
//!
//! What is not known is absent, never guessed: no file, no entry, no address, no name. `docs/compat/rebilly.md` says
//! what each member means and what each number counts.

mod facts;
mod headers;
mod score;
mod velocity;

use std::{collections::BTreeSet, net::IpAddr};

use coffer_core::Protected;
use coffer_types::{Brand, Country, Timestamp};

pub use score::{RiskWeights, WeightError};
pub(super) use velocity::Counts;

use super::{
    auth::Caller,
    convert::BankParts,
    wire::{ContactBody, RiskBody, RiskInput},
};
use crate::{app::App, call::Call};

/// How risk is judged.
#[derive(Clone, Debug, Default)]
pub struct RiskSettings {
    /// Countries that count as high risk. Empty: none does.
    pub high_risk: BTreeSet<Country>,
    /// What each fact adds to the score.
    pub weights: RiskWeights,
}

/// What is judged.
pub(super) struct Subject<'a, 'r> {
    pub(super) method: &'static str,
    pub(super) protected: &'a Protected,
    pub(super) billing_address: Option<&'a ContactBody<'r>>,
}

/// What was found.
pub(super) struct Assessed<'r> {
    pub(super) body: RiskBody<'r>,
    bank_country: Option<Country>,
    bank_name: Option<String>,
    brand: Option<Brand>,
    counts: Counts,
}

impl Assessed<'_> {
    /// What the card table knew.
    pub(super) fn bank(&self) -> BankParts<'_> {
        BankParts {
            country: self.bank_country.as_ref().map(Country::as_str),
            name: self.bank_name.as_deref(),
            brand: self.brand,
        }
    }

    /// What is counted once the act is durable.
    pub(super) fn into_counts(self) -> Counts {
        self.counts
    }
}

/// Judges a token or an instrument that is about to be made. Counts nothing yet.
pub(super) fn assess<'r>(
    app: &App,
    call: &Call,
    caller: &Caller,
    subject: &Subject<'_, 'r>,
    input: RiskInput<'r>,
    now: Timestamp,
) -> Assessed<'r> {
    let (tables, settings) = (&app.settings.tables, &app.settings.risk);
    let mut body = headers::inputs(input, call, caller.is_browser);
    let ip: Option<IpAddr> = body.ip_address.as_deref().and_then(|text| text.parse().ok());
    let ip = ip.map(|ip| ip.to_canonical());
    let (bins, data) = (tables.bins(), tables.ip());
    let bank = match subject.protected {
        Protected::Card(pan) => bins.find(pan),
        _ => None,
    };
    let brand = bank.as_ref().and_then(|bank| bank.brand);
    let (bank_country, bank_name) =
        (bank.as_ref().and_then(|bank| bank.country), bank.and_then(|bank| bank.bank.map(str::to_owned)));
    if let Some(ip) = ip {
        facts::of_address(&mut body, data.find(ip), &data, subject.billing_address, now);
    }
    facts::of_holder(&mut body, subject.billing_address);
    facts::of_countries(&mut body, subject.billing_address, bank_country, &settings.high_risk);
    let counts = Counts::of(&body, ip, subject);
    counts.tell(app, caller.act.tenant, now, &mut body);
    body.score = Some(settings.weights.score(&body));
    Assessed { body, bank_country, bank_name, brand, counts }
}
