//! Callers of all three dialects under a known load: first as fast as they can, which is the capacity of this machine
//! for this mix; then by schedules of 80 % of it, while keys change. What was not a success is counted; how long a call
//! took, or how late it was made, is told and decides nothing.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    callers,
    made::Made,
    pace::{Board, Figures, Pace, SHARE, Stage, figures},
    patient::patiently,
    support::{Answer, Node},
};

/// Callers of each dialect, at all nodes together: with so many more of them no more calls are answered.
const CALLERS: usize = 4;
/// For how long the capacity is measured.
const MEASURED: Duration = Duration::from_secs(4);
/// Calls in the time of a change of keys: that there was a load is shown by so few on any machine.
const LEAST: u64 = 30;
/// Of a thousand calls so many may have been put off by a store that did not answer, and were answered in the end.
const PUT_OFF: u64 = 10;
/// How long it may take until some calls are answered.
const LONGEST: Duration = Duration::from_mins(2);

/// Callers at work.
pub(crate) struct Load {
    shared: Arc<Shared>,
    callers: Vec<JoinHandle<Made>>,
    /// What the callers did as fast as they could, in a second.
    capacity: f64,
    paced: Instant,
}

struct Shared {
    stage: AtomicU8,
    board: Board,
    failed: Mutex<Vec<String>>,
}

/// One caller, without its connections.
pub(crate) struct Caller {
    shared: Arc<Shared>,
    pace: Pace,
    /// Nobody else's: it begins the names of what it makes.
    pub(crate) name: String,
    pub(crate) made: Made,
}

impl Caller {
    pub(crate) fn goes_on(&self) -> bool {
        Stage::of(&self.shared.stage) < Stage::Over
    }

    /// Makes a call when it is due, and again while it is put off. None: it was not answered by one of these, or, asked
    /// again, by `done`: then what was asked for before had been done.
    pub(crate) fn call(
        &mut self,
        what: &str,
        wanted: &[u16],
        done: Option<u16>,
        ask: impl FnMut() -> Answer,
    ) -> Option<Answer> {
        let (stage, due) = self.pace.next(Stage::of(&self.shared.stage));
        let began = Instant::now();
        let (answer, again) = patiently(ask);
        let went = wanted.contains(&answer.status) || (again > 0 && done == Some(answer.status));
        if !went {
            let said = format!("{what}, {again} times put off: {} {}", answer.status, answer.text());
            self.shared.failed.lock().expect("no panic").push(said);
            return None;
        }
        let now = &mut self.shared.board.lock().expect("no panic")[stage as usize];
        now.calls += 1;
        now.put_off += u64::from(again > 0);
        now.slowest = now.slowest.max(began.elapsed());
        now.latest = now.latest.max(due.elapsed());
        Some(answer)
    }

    /// What a call that was answered did not bring.
    pub(crate) fn misses(&self, what: &str) {
        self.shared.failed.lock().expect("no panic").push(what.to_owned());
    }
}

impl Load {
    /// Measures the capacity, and goes on by schedules.
    pub(crate) fn on(nodes: &[&Node]) -> Self {
        let stage = AtomicU8::new(Stage::Warm as u8);
        let shared = Arc::new(Shared { stage, board: Board::default(), failed: Mutex::default() });
        let caller = |name: String| {
            let shared = Arc::clone(&shared);
            Caller { shared, pace: Pace::new(), name, made: Made::default() }
        };
        let mut threads = Vec::new();
        for at in 0..CALLERS {
            let (makes, reads) = (nodes[at % nodes.len()], nodes[(at + 1) % nodes.len()]);
            threads.extend(callers::of(makes, reads, |dialect| caller(format!("{dialect}{at}"))));
        }
        let mut load = Self { shared, callers: threads, capacity: 0.0, paced: Instant::now() };
        load.goes_on();
        load.enter(Stage::Full);
        let began = Instant::now();
        thread::sleep(MEASURED);
        load.answers(Stage::Full, LEAST);
        let calls = load.figures(Stage::Full).calls;
        load.capacity = f64::from(u32::try_from(calls).expect("few")) / began.elapsed().as_secs_f64();
        load.enter(Stage::Paced);
        load.paced = Instant::now();
        load.goes_on();
        load
    }

    fn enter(&self, stage: Stage) {
        self.shared.stage.store(stage as u8, Ordering::SeqCst);
    }

    fn figures(&self, stage: Stage) -> Figures {
        figures(&self.shared.board, stage)
    }

    /// Waits until so many more calls have been answered that each caller had its turn.
    pub(crate) fn goes_on(&self) {
        let now = Stage::of(&self.shared.stage);
        self.answers(now, self.figures(now).calls + LEAST);
    }

    fn answers(&self, stage: Stage, calls: u64) {
        let began = Instant::now();
        while self.figures(stage).calls < calls {
            self.has_not_failed();
            assert!(self.callers.iter().all(|caller| !caller.is_finished()), "a caller has ended");
            assert!(began.elapsed() < LONGEST, "no calls are answered any more");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Does something to the keys: there is load meanwhile, and no call fails.
    pub(crate) fn during<T>(&self, what: &str, change: impl FnOnce() -> T) -> T {
        let (before, began) = (self.figures(Stage::Paced), Instant::now());
        let changed = change();
        let calls = self.figures(Stage::Paced).calls - before.calls;
        tell(&format!("{what}: {calls} calls in {:.1} s", began.elapsed().as_secs_f64()));
        self.has_not_failed();
        assert!(calls >= LEAST, "{what}: there were only {calls} calls");
        changed
    }

    /// Whether all records are renewed, by this status. No call has failed so far, and every record opens.
    pub(crate) fn is_renewed(&self, now: &serde_json::Value) -> bool {
        self.has_not_failed();
        assert!(now["walk"]["stuck"].as_u64().unwrap_or(0) == 0, "{}", now["walk"]);
        now["renewing"] == false
    }

    fn has_not_failed(&self) {
        let failed = self.shared.failed.lock().expect("no panic");
        assert!(failed.is_empty(), "{} calls failed, such as {:?}", failed.len(), failed.first());
    }

    /// Ends the load: not one call may have failed, and few were put off, none of them by the change of keys. What the
    /// callers have made.
    pub(crate) fn ends(self, nodes: &[&Node]) -> Vec<Made> {
        let took = self.paced.elapsed().as_secs_f64();
        let paced = self.figures(Stage::Paced);
        self.enter(Stage::Over);
        let (shared, capacity) = (self.shared, self.capacity);
        let made = self.callers.into_iter().map(|caller| caller.join().expect("no panic")).collect();
        let failed = shared.failed.lock().expect("no panic");
        assert!(failed.is_empty(), "{} calls failed, such as {:?}", failed.len(), failed.first());
        for node in nodes {
            // Of a record under a key that a node does not have: there was no meeting.
            assert!(!node.said().contains("a key that is not here"), "a node was left behind");
        }
        let reached = f64::from(u32::try_from(paced.calls).expect("few")) / took;
        let told = format!(
            "capacity {capacity:.0} calls/s; paced at {SHARE} %: {:.0} calls/s; reached {reached:.0} calls/s, {:.0} % \
             of the capacity, for {took:.1} s: {paced:?}",
            capacity * f64::from(SHARE) / 100.0,
            100.0 * reached / capacity,
        );
        tell(&told);
        assert!(paced.put_off * 1_000 <= paced.calls * PUT_OFF, "too many calls were put off: {told}");
        made
    }
}

/// Seen with `--nocapture`, and where the test fails.
#[expect(clippy::print_stderr, reason = "figures for whoever runs the test")]
fn tell(line: &str) {
    eprintln!("{line}");
}
