//! The bounds of the product, with their units and reasons. The length of a field stands where the field is read, in
//! a dialect's `wire.rs`; every other number that limits something belongs here.
//!
//! Seconds that move a [`Timestamp`](crate::Timestamp) are `i64`, seconds of a timeout are `u64`, counts and
//! sizes in memory are `usize`.

// Tokens

/// Seconds: the whole life of a single-use token, and of the sensitive authentication data in it. The hard
/// cap of security reference 2; configuration may only lower it.
pub const SINGLE_USE_SECONDS: i64 = 1_800;

/// Seconds: how long the masked row of a used or expired single-use token can still be read before it is
/// swept. A day covers a merchant's retries and same-day questions.
pub const TOKEN_READABLE_SECONDS: i64 = 86_400;

// Card data

/// Digits of the shortest card number: old Maestro numbers (security reference 5.2).
pub const PAN_DIGITS_MIN: usize = 12;

/// Digits of the longest card number (ISO/IEC 7812).
pub const PAN_DIGITS_MAX: usize = 19;

/// Years: how far ahead an expiry may lie. No issuer goes further (security reference 5.3).
pub const EXPIRY_YEARS_AHEAD: i32 = 20;

// Requests

/// Bytes of a request's body. A documented request has a few kilobytes; the rest is room for long addresses.
pub const BODY_BYTES: usize = 65_536;

/// Levels of arrays and objects in a JSON body. The contracts need far fewer; a parser's stack must not be
/// the limit.
pub const JSON_DEPTH: usize = 32;

/// Object members and array elements in one JSON body, all levels together. Bounds the work per byte.
pub const JSON_MEMBERS: usize = 1_024;

/// Bytes of a request's line and headers together.
pub const HEADER_BYTES: usize = 16_384;

/// Headers of a request.
pub const HEADER_COUNT: usize = 100;

/// Seconds from the first byte of a request to the end of its headers. Half-sent headers hold a connection no
/// longer.
pub const HEADER_READ_SECONDS: u64 = 5;

/// Seconds from the end of the headers to the end of the body. Even a full body then needs
/// only 6.5 KB a second, and a body sent drop by drop holds a connection no longer.
pub const BODY_READ_SECONDS: u64 = 10;

/// Seconds that a connection may wait for its next request.
pub const IDLE_SECONDS: u64 = 60;

/// Longest wait for a peer to take bytes of an answer, in seconds. Answers are small; who reads none of one
/// holds memory for nothing.
pub const WRITE_SECONDS: u64 = 10;

/// Open connections of one listener. Each costs a file handle and buffers; what comes beyond waits or is
/// refused.
pub const CONNECTIONS: usize = 4_096;

/// Open connections from one address. A proxy or a load test needs as many; one client must not take them
/// all.
pub const CONNECTIONS_PER_ADDRESS: usize = 1_024;

/// Seconds that a refused client is told to wait (`Retry-After`) when the queue is full: the queue drains in
/// far less.
pub const RETRY_AFTER_SECONDS: u64 = 1;

/// Keys (credential or address prefix, reason, minute) under which failed authentication is counted at a
/// time. Strangers choose them, so the table is bounded; what does not fit is counted together.
pub const AUTH_FAILURE_KEYS: usize = 1_024;

/// Seconds that accepted requests get to finish after the order to stop.
pub const SHUTDOWN_SECONDS: u64 = 10;

// The store

/// Units that may wait for the writer. A full queue is answered with 503, and nothing is lost.
pub const QUEUE_UNITS: usize = 4_096;

/// Units in one commit. Large enough that the fsync is shared, small enough that the first waits little for
/// the last.
pub const BATCH_UNITS: usize = 256;

/// Times that the core plans an act anew after it lost against another writer; then the caller is told to
/// retry.
pub const PLAN_ATTEMPTS: usize = 4;

/// Bytes of write-ahead log past which the writer makes room for a restarting checkpoint: 64 MiB.
pub const WAL_RESTART_BYTES: u64 = 64 * 1024 * 1024;

/// Rows that the sweeper removes in one commit, so that it never holds up the load.
pub const SWEEP_ROWS: u32 = 500;

// Tenants

/// The highest tenant number: 24 bits, which is what a token has room for.
pub const TENANT_MAX: u32 = 0xFF_FFFF;

/// Characters of a tenant's name.
pub const TENANT_NAME_CHARS: usize = 50;

// What must hold between them; a wrong number stops the build.
const _: () = {
    assert!(SINGLE_USE_SECONDS <= 30 * 60, "security reference 2: thirty minutes is the hard cap");
    assert!(TOKEN_READABLE_SECONDS >= SINGLE_USE_SECONDS, "a token is readable while it lives");
    assert!(
        PAN_DIGITS_MIN >= 12 && PAN_DIGITS_MIN <= PAN_DIGITS_MAX,
        "the mask shows eight digits, four stay hidden"
    );
    assert!(PAN_DIGITS_MAX <= 19, "ISO/IEC 7812");
    assert!(
        CONNECTIONS_PER_ADDRESS <= CONNECTIONS && BATCH_UNITS <= QUEUE_UNITS,
        "a part is not above its whole"
    );
};

/// Furthest that the sandbox's clock can be moved, in seconds: ten years. Further on no test card is valid, and record
/// numbers end in 2093.
pub const SANDBOX_CLOCK_SECONDS: u64 = 315_360_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that contracts and promises name; a change here is a change of a promise.
    #[test]
    fn promised_values() {
        assert_eq!(SINGLE_USE_SECONDS, 30 * 60);
        assert_eq!(TOKEN_READABLE_SECONDS, 24 * 60 * 60);
        assert_eq!(BODY_BYTES, 64 * 1024);
        assert_eq!(HEADER_BYTES, 16 * 1024);
        assert_eq!(WAL_RESTART_BYTES, 67_108_864);
        assert_eq!((PAN_DIGITS_MIN, PAN_DIGITS_MAX), (12, 19));
        assert_eq!(TENANT_MAX, (1 << 24) - 1);
        assert_eq!(CONNECTIONS_PER_ADDRESS, 1024, "the sandbox promises as many");
    }
}
