//! A node whose database stalls answers 503 and when to try again, which is right: whoever is asked for something here
//! asks again in the same way, so many times and no more.

use std::{thread, time::Duration};

use crate::support::Answer;

/// How often somebody asks again.
const TRIES: u32 = 40;
/// A stall of the database is longer than this, and shorter than all tries together.
const EVERY: Duration = Duration::from_millis(250);

/// Asks until there is another answer than *try again*: the last answer, and how often it was asked again for.
pub(crate) fn patiently(mut ask: impl FnMut() -> Answer) -> (Answer, u32) {
    for again in 0..TRIES {
        let answer = ask();
        if !puts_off(&answer) {
            return (answer, again);
        }
        thread::sleep(EVERY);
    }
    (ask(), TRIES)
}

/// The last answer alone.
pub(crate) fn answered(ask: impl FnMut() -> Answer) -> Answer {
    patiently(ask).0
}

/// Whether this is what a store that does not answer makes of a call. A sealed vault is none.
fn puts_off(answer: &Answer) -> bool {
    answer.status == 503 && answer.header("retry-after").is_some() && !answer.text().contains("sealed")
}
