//! The score (6.3): it starts at 0, each fact that holds adds its weight, and higher is riskier.

use std::collections::BTreeMap;

use super::super::wire::RiskBody;

/// What each fact adds to the score, by the names of the definition. Numbers add their weight once they are above a
/// bound: `ipVelocity` above 10, `distance` above 1,000 km, and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskWeights(BTreeMap<&'static str, i32>);

/// A weight for a fact that there is not. Holds its name, as the operator wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}: there is no such fact")]
pub struct WeightError(String);

/// Facts with their default weights. Those of the IP address weigh most, as the definition says of the score; a country
/// that is high risk by the operator's own list as much as a proxy; numbers and names are hints.
const DEFAULTS: [(&str, i32); 15] = [
    ("isProxy", 20),
    ("isVpn", 15),
    ("isTor", 30),
    ("isHosting", 10),
    ("hasMismatchedBillingAddressCountry", 15),
    ("hasMismatchedBankCountry", 15),
    ("hasMismatchedTimeZone", 10),
    ("hasFakeName", 20),
    ("isHighRiskCountry", 20),
    ("distance", 10),
    ("paymentInstrumentVelocity", 10),
    ("deviceVelocity", 10),
    ("ipVelocity", 10),
    ("emailVelocity", 10),
    ("billingAddressVelocity", 10),
];

/// Kilometres above which the distance counts.
const FAR_KM: u32 = 1_000;
/// What is more than so many in a day counts. An address may be a whole office's.
const MANY: u32 = 5;
const MANY_OF_AN_ADDRESS: u32 = 10;

impl Default for RiskWeights {
    fn default() -> Self {
        Self(BTreeMap::from(DEFAULTS))
    }
}

impl RiskWeights {
    /// The defaults, with an operator's weights in their places. A weight of 0 switches a fact off.
    pub fn with<'w>(weights: impl IntoIterator<Item = (&'w str, i32)>) -> Result<Self, WeightError> {
        let mut all = Self::default();
        for (name, weight) in weights {
            let entry = all.0.iter_mut().find(|(known, _)| **known == name);
            *entry.ok_or_else(|| WeightError(name.to_owned()))?.1 = weight;
        }
        Ok(all)
    }

    /// The sum over all facts that hold.
    pub(super) fn score(&self, body: &RiskBody<'_>) -> i32 {
        let over = |count: Option<u32>, most: u32| count.map(|count| count > most);
        let facts = [
            ("isProxy", body.is_proxy),
            ("isVpn", body.is_vpn),
            ("isTor", body.is_tor),
            ("isHosting", body.is_hosting),
            ("hasMismatchedBillingAddressCountry", body.has_mismatched_billing_address_country),
            ("hasMismatchedBankCountry", body.has_mismatched_bank_country),
            ("hasMismatchedTimeZone", body.has_mismatched_time_zone),
            ("hasFakeName", body.has_fake_name),
            ("isHighRiskCountry", body.is_high_risk_country),
            ("distance", over(body.distance, FAR_KM)),
            ("paymentInstrumentVelocity", over(body.payment_instrument_velocity, MANY)),
            ("deviceVelocity", over(body.device_velocity, MANY)),
            ("ipVelocity", over(body.ip_velocity, MANY_OF_AN_ADDRESS)),
            ("emailVelocity", over(body.email_velocity, MANY)),
            ("billingAddressVelocity", over(body.billing_address_velocity, MANY_OF_AN_ADDRESS)),
        ];
        let holds = facts.iter().filter(|(_, holds)| *holds == Some(true));
        holds.filter_map(|(name, _)| self.0.get(name)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_facts_that_hold_add_and_numbers_above_their_bounds() {
        let weights = RiskWeights::default();
        assert_eq!(weights.score(&RiskBody::default()), 0);
        let quiet = RiskBody {
            is_proxy: Some(false),
            distance: Some(1_000),
            ip_velocity: Some(10),
            email_velocity: Some(5),
            ..RiskBody::default()
        };
        assert_eq!(weights.score(&quiet), 0);
        let loud = RiskBody {
            is_proxy: Some(true),
            is_tor: Some(true),
            distance: Some(1_001),
            ip_velocity: Some(11),
            email_velocity: Some(6),
            ..RiskBody::default()
        };
        assert_eq!(weights.score(&loud), 20 + 30 + 10 + 10 + 10);
    }

    #[test]
    fn an_operator_changes_single_weights_and_no_others() {
        let weights = RiskWeights::with([("isTor", -5), ("isProxy", 0)]).unwrap();
        let body =
            RiskBody { is_proxy: Some(true), is_tor: Some(true), is_vpn: Some(true), ..RiskBody::default() };
        assert_eq!(weights.score(&body), 10);
        assert_eq!(RiskWeights::with([("isTorr", 1)]), Err(WeightError("isTorr".to_owned())));
    }

    #[test]
    fn every_weight_has_a_fact() {
        let all = RiskBody {
            is_proxy: Some(true),
            is_vpn: Some(true),
            is_tor: Some(true),
            is_hosting: Some(true),
            has_mismatched_billing_address_country: Some(true),
            has_mismatched_bank_country: Some(true),
            has_mismatched_time_zone: Some(true),
            has_fake_name: Some(true),
            is_high_risk_country: Some(true),
            distance: Some(9_999),
            payment_instrument_velocity: Some(99),
            device_velocity: Some(99),
            ip_velocity: Some(99),
            email_velocity: Some(99),
            billing_address_velocity: Some(99),
            ..RiskBody::default()
        };
        let sum: i32 = DEFAULTS.iter().map(|(_, weight)| weight).sum();
        assert_eq!(RiskWeights::default().score(&all), sum);
    }
}
