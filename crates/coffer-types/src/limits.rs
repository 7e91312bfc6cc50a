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

/// Seconds that new details wait beside a reusable token (Worldpay reference 4.4).
pub const CONFLICT_SECONDS: i64 = 1_800;

/// Seconds of a session in which a browser left a card: a merchant's server uses it at once (Worldpay reference 12).
pub const CARD_SESSION_SECONDS: i64 = 60;

/// Sessions of each kind that a node remembers, to take what they hold at their end: some 1 MB. More than come in a
/// quarter of an hour wait for half an hour.
pub const SESSIONS_REMEMBERED: usize = 65_536;

/// Seconds of a session in which a browser left a verification code (Worldpay reference 12).
pub const CVV_SESSION_SECONDS: i64 = 900;

/// Reusable tokens of one namespace (seed 001).
pub const NAMESPACE_TOKENS: u8 = 16;

/// Changes of one reusable token in [`REUSABLE_UPDATE_SECONDS`] (Worldpay reference 6).
pub const REUSABLE_UPDATES: usize = 50;

/// Seconds of the rolling window in which changes of a reusable token are counted: 30 days.
pub const REUSABLE_UPDATE_SECONDS: i64 = 2_592_000;

/// Seconds: how far ahead the end of a reusable token may lie, ten years. No card is valid for so long (Worldpay
/// reference 8 names the error and no number).
pub const REUSABLE_SECONDS_MAX: i64 = 315_576_000;

/// Reusable tokens that the sweep erases in one step. Each is a commit of its own, for it frees unique keys.
pub const SWEEP_REUSABLES: u32 = 32;

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

/// Seconds for the rest of a body that nobody will read: of a caller who was refused. After that the connection ends.
pub const BODY_DISCARD_SECONDS: u64 = 1;

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

/// Instruments that one filtered or sorted list may open. Each costs some microseconds of one core; who needs more
/// narrows the filter to a customer or to a time.
pub const LIST_ROWS: u32 = 200_000;

/// Bytes of sealed details that such a list may open: 256 MiB.
pub const LIST_BYTES: usize = 256 * 1024 * 1024;

/// Seconds that a list waits for a place before it is refused with 503.
pub const LIST_WAIT_SECONDS: u64 = 5;

/// Rows that such a list reads in one step. Other requests of the thread come between two steps.
pub const LIST_STEP_ROWS: u32 = 128;

/// Lists that a node puts together at a time; others wait. A thousand of the largest rows are some 60 MB.
pub const LISTS_AT_A_TIME: usize = 4;

/// Lists that may wait for the threads that read them. More are refused with 503.
pub const LIST_QUEUE: usize = 64;

/// Threads that read lists. They must not take every core from the reads by key.
pub const LIST_THREADS: usize = 2;

// Tenants

/// The highest tenant number: 24 bits, which is what a token has room for.
pub const TENANT_MAX: u32 = 0xFF_FFFF;

/// Characters of a tenant's name.
pub const TENANT_NAME_CHARS: usize = 50;

// What must hold between them; a wrong number stops the build.
const _: () = {
    assert!(SINGLE_USE_SECONDS <= 30 * 60, "security reference 2: thirty minutes is the hard cap");
    assert!(CONFLICT_SECONDS <= SINGLE_USE_SECONDS, "a conflict lies in the short-lived table");
    assert!(
        CARD_SESSION_SECONDS <= SINGLE_USE_SECONDS && CVV_SESSION_SECONDS <= SINGLE_USE_SECONDS,
        "security reference 2: thirty minutes is the hard cap"
    );
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

// Callers from the open network

/// Networks of trusted proxies. A content network publishes some dozens, and each request from a proxy looks through
/// all of them.
pub const TRUSTED_PROXY_NETWORKS: usize = 256;

/// Entries of `X-Forwarded-For` that are looked at, from the right. Real chains have two or three; a client may write
/// as many as fit into the head.
pub const FORWARDED_HOPS: usize = 16;

/// Requests of one organization in one window of [`QUOTA_SECONDS`]: the number that Rebilly publishes for its sandbox
/// (Rebilly reference 3.3). The one for live is not public.
pub const QUOTA_REQUESTS: u32 = 3_000;

/// Seconds of the window in which an organization's requests are counted (Rebilly reference 3.3).
pub const QUOTA_SECONDS: u32 = 600;

/// Token creations a minute with one publishable key from one address: what Basis Theory allows (security reference 9).
pub const TESTING_CALLER_CREATIONS: u32 = 50;

/// Token creations a minute with one publishable key from one network: four busy addresses of a shared one.
pub const TESTING_NETWORK_CREATIONS: u32 = 200;

/// Token creations a minute with one publishable key for one BIN. One large issuer's customers at a sale are fewer.
pub const TESTING_BIN_CREATIONS: u32 = 300;

/// Seconds of the windows of the three limits above.
pub const TESTING_CREATION_SECONDS: i64 = 60;

/// Seconds that a caller is refused beyond the window whose creations it has used up (security reference 9).
pub const TESTING_BLOCK_SECONDS: i64 = 10;

/// Distinct card numbers an hour with one publishable key from one address. The reference asks for 5 a session; there
/// is no session, and behind one address of an office or of a mobile network there are many shoppers.
pub const TESTING_DISTINCT_PANS: u8 = 20;

/// Seconds of the window of distinct card numbers.
pub const TESTING_DISTINCT_SECONDS: i64 = 3_600;

/// Refused card numbers (check digit, length) with one publishable key from one address in ten minutes. People mistype
/// two or three times; who sends twenty has a program that guesses.
pub const TESTING_REFUSED_PANS: u32 = 20;

/// Seconds of the window of refused card numbers.
pub const TESTING_REFUSED_SECONDS: i64 = 600;

/// Distinct card numbers with the same first [`TESTING_SERIES_DIGITS`] digits, with one publishable key from one
/// network, in ten minutes. Of 16 digits that leaves four, and only somebody who counts upwards meets ten of them.
pub const TESTING_SERIES_PANS: u8 = 10;

/// Digits that the numbers of a series have in common.
pub const TESTING_SERIES_DIGITS: usize = 12;

/// Seconds of the window of a series.
pub const TESTING_SERIES_SECONDS: i64 = 600;

/// Places of each sort (caller, network, series, BIN) whose counters are kept at a time. Strangers choose them, so the
/// tables are bounded: some 50 MB when every place of every sort holds all that it may.
pub const TESTING_PLACES: usize = 65_536;

/// Values whose velocity is kept at a time, all tenants together (Rebilly reference 6.2): some 25 MB.
pub const VELOCITY_ENTRIES: usize = 200_000;

/// Origins that one publishable key may list. A merchant has a few shops; each call looks through all of them.
pub const ORIGINS_PER_KEY: usize = 64;

/// Seconds that a browser may keep the answer to a preflight (security reference 9).
pub const CORS_PREFLIGHT_SECONDS: u64 = 600;

const _: () = {
    assert!(PAN_DIGITS_MIN >= TESTING_SERIES_DIGITS, "every card number has the digits of a series");
    assert!(TESTING_CALLER_CREATIONS <= TESTING_NETWORK_CREATIONS, "an address is part of its network");
};

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
        assert_eq!((QUOTA_REQUESTS, QUOTA_SECONDS), (3_000, 600), "Rebilly reference 3.3");
    }
}
