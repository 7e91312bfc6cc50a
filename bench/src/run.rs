//! The whole run: start both servers, measure every cell, print and write what was seen.

use crate::Failure;
use crate::cell::{self, Cell, Outcome};
use crate::connection::Connection;
use crate::options::Options;
use crate::perf::{self, Counter, Instructions};
use crate::report::{Cost, HEADING, Report, Row};
use crate::request;
use crate::server::{Folder, Server, own_folder};
use crate::workload::{Workload, creates, fill, fresh_namespace};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

const WARM_UP: Duration = Duration::from_millis(500);
const IDLE: Duration = Duration::from_secs(1);

/// How many tokens the read workload goes around.
const READ_TOKENS: usize = 10_000;

/// How many namespaces the match workload goes around.
const MATCHED_NAMESPACES: usize = 10_000;

/// Making tokens is not measured, so it uses the number of connections that does it fast.
const MAKING_CONNECTIONS: usize = 64;
const MAKING_MAX: Duration = Duration::from_mins(2);
const TOKENS_MIN: f64 = 1000.0;
const TOKENS_MAX: f64 = 400_000.0;

/// `perf` gets this long to attach before the load begins, and counts this much longer than the load lasts.
const ATTACH: Duration = Duration::from_millis(400);
const COUNTED: Duration = Duration::from_secs(1);

/// The state of a run.
struct Run<'a> {
    options: &'a Options,
    echo: Server,
    product: Option<Server>,
    /// Made once, read by every read cell.
    read_tokens: Vec<String>,
    report: Report,
    errors: u64,
}

/// Measures on one thread. An interrupt ends the run, and the servers with it.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::while_doing("starting the runtime"))?;
    runtime.block_on(async {
        let unable = |error| Failure::while_doing("listening for signals")(error);
        let mut interrupt = signal(SignalKind::interrupt()).map_err(unable)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(unable)?;
        let mut work = pin!(all(options));
        poll_fn(|context| {
            if interrupt.poll_recv(context).is_ready() || terminate.poll_recv(context).is_ready() {
                return Poll::Ready(Err(Failure::because("stopped by a signal")));
            }
            work.as_mut().poll(context)
        })
        .await
    })
}

async fn all(options: &Options) -> Result<(), Failure> {
    let folder = Folder::new()?;
    let mut run = Run::start(options, &folder)?;
    if options.workloads.contains(&Workload::Read) {
        run.read_tokens = run.make_tokens(READ_TOKENS).await?;
    }
    println!("{HEADING}");
    for connections in &options.connections {
        run.group(*connections).await?;
    }
    if perf::available() {
        run.count_instructions().await?;
    }
    println!("{}", run.report.summary());
    run.report.write(options)?;
    println!("written to {}", options.json.display());
    match run.errors {
        0 => Ok(()),
        errors => Err(Failure::because(format!("{errors} answers were not what was expected"))),
    }
}

impl<'a> Run<'a> {
    fn start(options: &'a Options, folder: &Folder) -> Result<Self, Failure> {
        let echo = Server::echo(folder)?;
        let mut report = Report::default();
        let mut product = None;
        if !options.workloads.is_empty() {
            let program = match &options.coffer {
                Some(program) => program.clone(),
                None => own_folder()?.join("coffer"),
            };
            let server = Server::coffer(&program, folder, options.store.as_deref())?;
            std::thread::sleep(IDLE);
            report.start = Some(server.start);
            report.idle_kib = Some(server.resident_kib()?);
            product = Some(server);
        }
        Ok(Self { options, echo, product, read_tokens: Vec::new(), report, errors: 0 })
    }

    /// All workloads at one number of connections, between two measurements of the echo.
    async fn group(&mut self, connections: usize) -> Result<(), Failure> {
        let before = self.row(Workload::Echo, connections, 0.0).await?;
        let mut rows = vec![before];
        let mut expected = rows[0].per_second;
        for workload in &self.options.workloads {
            let row = self.row(*workload, connections, expected).await?;
            // Redeeming commits as creating does; before that is measured, the echo is the upper bound.
            if *workload == Workload::Create {
                expected = row.per_second;
            }
            rows.push(row);
        }
        rows.push(self.row(Workload::Echo, connections, 0.0).await?);
        let yardstick = f64::midpoint(rows[0].per_second, rows[rows.len() - 1].per_second);
        if yardstick <= 0.0 {
            return Err(Failure::because("the echo server answered nothing"));
        }
        for row in &mut rows {
            row.ratio = row.per_second / yardstick;
        }
        println!("{}", Report::lines(&rows));
        self.report.rows.extend(rows);
        Ok(())
    }

    /// One cell, after making the tokens that it needs at the rate that is expected of it.
    async fn row(&mut self, workload: Workload, connections: usize, expected: f64) -> Result<Row, Failure> {
        let tokens = self.tokens(workload, expected, WARM_UP + self.options.window).await?;
        let outcome = self.cell(workload, connections, tokens, (WARM_UP, self.options.window)).await?;
        Ok(Row::of(workload, connections, &outcome))
    }

    async fn cell(
        &mut self,
        workload: Workload,
        connections: usize,
        tokens: Vec<String>,
        (warm_up, window): (Duration, Duration),
    ) -> Result<Outcome, Failure> {
        let address = self.server(workload)?.address;
        let requests = workload.requests(tokens)?;
        let cell = Cell { address, connections, warm_up, window, requests, keep_ids: false };
        let outcome = cell::run(cell).await?;
        self.note(workload.name(), &outcome);
        Ok(outcome)
    }

    fn server(&self, workload: Workload) -> Result<&Server, Failure> {
        match workload {
            Workload::Echo => Ok(&self.echo),
            _ => self.product.as_ref().ok_or_else(|| Failure::because("the product was not started")),
        }
    }

    /// The tokens for a cell of this length.
    async fn tokens(
        &mut self,
        workload: Workload,
        rate: f64,
        time: Duration,
    ) -> Result<Vec<String>, Failure> {
        match workload {
            Workload::Read => Ok(self.read_tokens.clone()),
            Workload::Match => self.fill_namespaces().await,
            Workload::Payroc => Ok(vec![self.bearer_token().await?]),
            _ if workload.consumes() => self.make_tokens(tokens_for(rate, time)).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Creates tokens, unmeasured.
    async fn make_tokens(&mut self, count: usize) -> Result<Vec<String>, Failure> {
        let cell = Cell {
            address: self.server(Workload::Create)?.address,
            connections: MAKING_CONNECTIONS,
            warm_up: Duration::ZERO,
            window: MAKING_MAX,
            requests: creates(count)?,
            keep_ids: true,
        };
        let outcome = cell::run(cell).await?;
        self.note("making tokens", &outcome);
        if outcome.ids.is_empty() {
            return Err(Failure::because("no token could be made: no answer 201 with a Location"));
        }
        Ok(outcome.ids)
    }

    /// Namespaces that have the card which is matched, unmeasured.
    async fn fill_namespaces(&mut self) -> Result<Vec<String>, Failure> {
        let namespaces: Vec<String> = (0..MATCHED_NAMESPACES).map(|_| fresh_namespace()).collect();
        let cell = Cell {
            address: self.server(Workload::Tokenize)?.address,
            connections: MAKING_CONNECTIONS,
            warm_up: Duration::ZERO,
            window: MAKING_MAX,
            requests: fill(namespaces.clone()),
            keep_ids: false,
        };
        let outcome = cell::run(cell).await?;
        self.note("filling namespaces", &outcome);
        Ok(namespaces)
    }

    /// A bearer token, which outlives every cell: it is good for an hour.
    async fn bearer_token(&self) -> Result<String, Failure> {
        let mut connection = Connection::open(self.server(Workload::Payroc)?.address).await?;
        let answer = connection.exchange(&request::authorize()).await?;
        let body: Option<serde_json::Value> = serde_json::from_slice(answer.body).ok();
        let token = body.as_ref().and_then(|body| body["access_token"].as_str());
        token.map(str::to_owned).ok_or_else(|| Failure::because("no bearer token was given"))
    }

    /// Says at once what went wrong in a cell, and remembers that something did.
    fn note(&mut self, what: &str, outcome: &Outcome) {
        for (error, count) in &outcome.errors {
            eprintln!("{what}: {count} times {error}");
        }
        self.errors += outcome.error_count();
    }

    /// Every workload once more, for a second, with `perf` attached: it would disturb the measured cells.
    async fn count_instructions(&mut self) -> Result<(), Failure> {
        let counts = &self.options.connections;
        let Some(connections) = counts.iter().copied().min_by_key(|count| count.abs_diff(64)) else {
            return Ok(());
        };
        let workloads: Vec<_> = [Workload::Echo].into_iter().chain(self.options.workloads.clone()).collect();
        for workload in workloads {
            let rows = self.report.rows.iter().rev();
            let known = rows.filter(|row| row.workload == workload && row.connections == connections);
            let rate = known.map(|row| row.per_second).next().unwrap_or(0.0);
            let tokens = self.tokens(workload, rate, COUNTED).await?;
            let counter = Counter::start(self.server(workload)?.process(), ATTACH + COUNTED + ATTACH)?;
            // The server is idle until the load begins and after it ends, so the count is the load's alone.
            tokio::time::sleep(ATTACH).await;
            let outcome = self.cell(workload, connections, tokens, (Duration::ZERO, COUNTED)).await?;
            let total = counter.finish()?;
            if let (Some(total), 1..) = (total, outcome.answered) {
                let (user, kernel) = (total.user / outcome.answered, total.kernel / outcome.answered);
                let instructions = Instructions { user, kernel };
                self.report.costs.push(Cost { workload, connections, instructions });
            }
        }
        Ok(())
    }
}

/// How many tokens a consuming workload may need: a third more than expected, within bounds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a small positive number"
)]
fn tokens_for(rate: f64, time: Duration) -> usize {
    (rate * time.as_secs_f64() * 4.0 / 3.0).clamp(TOKENS_MIN, TOKENS_MAX) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_suffice_for_a_third_more_than_expected_and_stay_within_bounds() {
        assert_eq!(tokens_for(3000.0, Duration::from_secs(2)), 8000);
        assert_eq!(tokens_for(0.0, Duration::from_secs(2)), 1000);
        assert_eq!(tokens_for(1e9, Duration::from_secs(2)), 400_000);
    }
}
