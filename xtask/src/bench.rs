//! Builds the product and the load generator as they ship and runs the benchmark.

use crate::{Failure, cargo};

/// Every argument goes on to `coffer-bench run`, which knows them.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    // Two builds, not one: built together, the echo server's framework would switch on features in libraries
    // that the product shares with it, and the product measured would not be the product shipped.
    cargo::succeed(cargo::cargo().args(["build", "--release", "--locked", "--package", "coffer"]))?;
    let mut bench = cargo::cargo();
    bench.args(["run", "--release", "--locked", "--package", "coffer-bench", "--", "run"]);
    cargo::succeed(bench.args(arguments))
}
