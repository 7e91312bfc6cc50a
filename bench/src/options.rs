//! The command line of `coffer-bench`.

use crate::Failure;
use crate::workload::Workload;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const HELP: &str = "\
coffer-bench run [options]      measure, print a table, write a JSON file
  --seconds N                   the measured time of each cell, 0.1 to 600 (3)
  --connections A,B,…           connection counts, each 1 to 1024 (1,16,64,256)
  --workloads A,B,…             any of create,redeem,native-redeem,read,tokenize,match,payroc; echo alone is
                                always measured (all)
  --json FILE                   where the numbers go (target/bench.json)
  --coffer FILE                 the product's binary (coffer beside this program)
  --store URL                   the product keeps everything in this PostgreSQL database, which is empty
coffer-bench echo --listen ADDRESS:PORT
                                the yardstick alone
";

/// What the program is asked to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Mode {
    Help,
    Echo(SocketAddr),
    Run(Options),
}

/// How to measure.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) window: Duration,
    pub(crate) connections: Vec<usize>,
    /// Without the echo, which is always measured.
    pub(crate) workloads: Vec<Workload>,
    pub(crate) json: PathBuf,
    pub(crate) coffer: Option<PathBuf>,
    pub(crate) store: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(3),
            connections: vec![1, 16, 64, 256],
            workloads: Workload::OF_THE_PRODUCT.to_vec(),
            json: PathBuf::from("target/bench.json"),
            coffer: None,
            store: None,
        }
    }
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(arguments: &[String]) -> Result<Mode, Failure> {
    let mut rest = arguments.iter().map(String::as_str);
    match rest.next() {
        None | Some("help" | "--help" | "-h") => Ok(Mode::Help),
        Some("echo") => match (rest.next(), rest.next(), rest.next()) {
            (Some("--listen"), Some(address), None) => {
                address.parse().map(Mode::Echo).map_err(Failure::while_doing("reading --listen"))
            }
            _ => Err(Failure::because("echo needs --listen ADDRESS:PORT")),
        },
        Some("run") => options(rest).map(Mode::Run),
        Some(other) => Err(Failure::because(format!("no mode {other}: run, echo or help"))),
    }
}

fn options<'a>(mut rest: impl Iterator<Item = &'a str>) -> Result<Options, Failure> {
    let mut options = Options::default();
    while let Some(name) = rest.next() {
        if matches!(name, "--help" | "-h") {
            return Err(Failure::because(HELP));
        }
        let value = rest.next().ok_or_else(|| Failure::because(format!("{name} needs a value")))?;
        match name {
            "--seconds" => options.window = seconds(value)?,
            "--connections" => options.connections = list(value, connections)?,
            "--workloads" => options.workloads = list(value, workload)?.into_iter().flatten().collect(),
            "--json" => options.json = PathBuf::from(value),
            "--coffer" => options.coffer = Some(PathBuf::from(value)),
            "--store" => options.store = Some(value.to_owned()),
            _ => return Err(Failure::because(format!("no option {name}\n{HELP}"))),
        }
    }
    Ok(options)
}

fn seconds(text: &str) -> Result<Duration, Failure> {
    let seconds: f64 = text.parse().map_err(Failure::while_doing("reading --seconds"))?;
    if (0.1..=600.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(Failure::because("--seconds is 0.1 to 600"))
    }
}

fn connections(text: &str) -> Result<usize, Failure> {
    match text.parse() {
        Ok(count @ 1..=1024) => Ok(count),
        _ => Err(Failure::because("--connections are numbers from 1 to 1024")),
    }
}

/// The workload of a name; nothing for the echo.
fn workload(name: &str) -> Result<Option<Workload>, Failure> {
    if name == Workload::Echo.name() {
        return Ok(None);
    }
    let found = Workload::OF_THE_PRODUCT.into_iter().find(|workload| workload.name() == name);
    found.map(Some).ok_or_else(|| Failure::because(format!("no workload {name}")))
}

fn list<T>(text: &str, item: impl Fn(&str) -> Result<T, Failure>) -> Result<Vec<T>, Failure> {
    text.split(',').map(|part| item(part.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Mode, Failure> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn without_options_everything_is_measured() {
        assert_eq!(parsed("run").unwrap(), Mode::Run(Options::default()));
        assert_eq!(Options::default().workloads.len(), 7);
    }

    #[test]
    fn every_option_is_read() {
        let line =
            "run --seconds 0.5 --connections 2,8 --workloads read,echo,create --json a --coffer b --store c";
        let expected = Options {
            window: Duration::from_millis(500),
            connections: vec![2, 8],
            workloads: vec![Workload::Read, Workload::Create],
            json: "a".into(),
            coffer: Some("b".into()),
            store: Some("c".to_owned()),
        };
        assert_eq!(parsed(line).unwrap(), Mode::Run(expected));
        assert_eq!(parsed("echo --listen 127.0.0.1:1").unwrap(), Mode::Echo(([127, 0, 0, 1], 1).into()));
        assert_eq!(parsed("").unwrap(), Mode::Help);
    }

    #[test]
    fn the_echo_alone_can_be_measured() {
        let Mode::Run(options) = parsed("run --workloads echo").unwrap() else { panic!("must run") };
        assert!(options.workloads.is_empty());
    }

    #[test]
    fn wrong_lines_are_refused() {
        for line in [
            "fly",
            "echo",
            "echo --listen here",
            "run --seconds",
            "run --seconds 0",
            "run --seconds nan",
            "run --seconds 601",
            "run --connections 0",
            "run --connections 1025",
            "run --connections 1,,2",
            "run --workloads sing",
            "run --verbose 1",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
