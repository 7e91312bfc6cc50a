//! The device that holds the KEK: a node that has opened its keys goes on without it for a time, and then no longer.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use coffer_types::Timestamp;

/// Whether the device answers, and since when it does not.
#[derive(Debug)]
pub struct DeviceState {
    grace: Duration,
    away: Mutex<Option<(Instant, Timestamp)>>,
}

impl DeviceState {
    /// A device that answers. A node serves on for `grace` after it does not.
    pub fn new(grace: Duration) -> Self {
        Self { grace, away: Mutex::new(None) }
    }

    /// Notes whether it answered at this time. Some: that changed.
    pub fn noted(&self, answers: bool, now: Timestamp) -> Option<bool> {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match (answers, away.is_some()) {
            (true, true) => {
                *away = None;
                Some(true)
            }
            (false, false) => {
                *away = Some((Instant::now(), now));
                Some(false)
            }
            _ => None,
        }
    }

    /// Since when it does not answer.
    pub fn away_since(&self) -> Option<Timestamp> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner).map(|(_, since)| since)
    }

    /// Whether it has not answered for longer than the node may go on without it.
    pub fn is_sealed(&self) -> bool {
        let away = *self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.is_some_and(|(since, _)| since.elapsed() >= self.grace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_sealed_when_the_device_was_away_for_too_long_and_until_it_is_back() {
        let now = Timestamp::from_millis(1_000);
        let (patient, strict) = (DeviceState::new(Duration::from_hours(1)), DeviceState::new(Duration::ZERO));
        for device in [&patient, &strict] {
            assert_eq!(device.noted(true, now), None);
            assert!(device.away_since().is_none() && !device.is_sealed());
            assert_eq!(device.noted(false, now), Some(false));
            assert_eq!(device.noted(false, Timestamp::from_millis(2_000)), None);
            assert_eq!(device.away_since(), Some(now), "since the first time");
        }
        assert!(!patient.is_sealed() && strict.is_sealed());
        assert_eq!(strict.noted(true, now), Some(true));
        assert!(!strict.is_sealed() && strict.away_since().is_none());
    }
}
