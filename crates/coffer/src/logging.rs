//! The log: one JSON object a line on standard error.
//!
//! Fields come through an allow-list and messages are fixed texts, so that data cannot slip into a line: an event of
//! a library, or a field that nobody has put on the list, is not printed.

use std::{fmt, io::Write, time::SystemTime};

use coffer_types::Timestamp;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, filter::EnvFilter, layer::Context, prelude::*, registry::LookupSpan};

/// The fields that may be printed. Numbers, names of our own, and route templates.
const FIELDS: [&str; 37] = [
    "address",
    "admin",
    "ahead",
    "code",
    "connections",
    "created",
    "dated",
    "duration_us",
    "entries",
    "error",
    "expired",
    "have",
    "kind",
    "levels",
    "live",
    "method",
    "missing",
    "need",
    "node",
    "order",
    "others",
    "path",
    "purpose",
    "reason",
    "record",
    "request",
    "revision",
    "route",
    "rows",
    "skew",
    "slot",
    "state",
    "status",
    "table",
    "tenant",
    "torn",
    "version",
];

/// Whose events are printed.
const CRATES: [&str; 8] = [
    "coffer",
    "coffer_core",
    "coffer_crypto",
    "coffer_export",
    "coffer_http",
    "coffer_store_postgres",
    "coffer_store_sqlite",
    "coffer_tables",
];

/// Begins to log at this level (`error`, `warn`, `info`, `debug`).
pub(crate) fn start(level: &str) {
    let own = CRATES.map(|name| format!("{name}={level}")).join(",");
    let filter = EnvFilter::new(format!("off,{own}"));
    let _ = tracing_subscriber::registry().with(JsonLines.with_filter(filter)).try_init();
}

struct JsonLines;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::new(*event.metadata().level(), event.metadata().target());
        event.record(&mut line);
        let _ = std::io::stderr().lock().write_all(line.finish().as_bytes());
    }
}

/// A line under way.
struct Line(String);

impl Line {
    fn new(level: Level, target: &str) -> Self {
        let mut line = Self(String::with_capacity(256));
        line.0.push_str("{\"time\":\"");
        line.0.push_str(&now().to_rfc3339());
        line.0.push('"');
        line.text("level", level.as_str());
        line.text("target", target);
        line
    }

    fn text(&mut self, name: &str, value: &str) {
        use fmt::Write;
        let _ = write!(self.0, ",\"{name}\":\"");
        for letter in value.chars() {
            match letter {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                letter if letter.is_control() => self.0.push(' '),
                letter => self.0.push(letter),
            }
        }
        self.0.push('"');
    }

    fn finish(mut self) -> String {
        self.0.push_str("}\n");
        self.0
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a log line tells the system's time, which no behaviour depends on"
)]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" || FIELDS.contains(&field.name()) {
            self.text(field.name(), value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" || FIELDS.contains(&field.name()) {
            self.text(field.name(), &format!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_of_the_list_are_printed() {
        let subscriber = tracing_subscriber::registry().with(Capture);
        let captured = Capture::lines();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(status = 200, secret = "4111111111111111", "request \"answered\"");
        });
        let lines = captured.lock().unwrap().clone();
        assert!(lines.contains("\"status\":\"200\""), "{lines}");
        assert!(lines.contains("\"message\":\"request \\\"answered\\\"\""), "{lines}");
        assert!(!lines.contains("4111"), "{lines}");
    }

    #[derive(Default)]
    struct Capture;

    static LINES: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());

    impl Capture {
        fn lines() -> &'static std::sync::Mutex<String> {
            &LINES
        }
    }

    impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut line = Line::new(*event.metadata().level(), event.metadata().target());
            event.record(&mut line);
            LINES.lock().unwrap().push_str(&line.finish());
        }
    }
}
