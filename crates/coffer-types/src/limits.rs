//! The bounds of the vault as a whole, with their units and reasons: requests, connections, queues, lists, lives,
//! memory. What bounds one field, header, token or line of the configuration stands where that is read, what bounds an
//! operator's table in `coffer-tables`.
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

/// Seconds of a session in which a browser fills in the fields of a form (Payroc reference 8.1).
pub const FIELDS_SESSION_SECONDS: i64 = 600;

/// Seconds that the answer to an act with an idempotency key is kept: seven days (Payroc reference 1.3).
pub const REPLY_SECONDS: i64 = 604_800;

/// Seconds after which an act with an effect elsewhere has come to its end, or its process has: the longest that an
/// upstream may take ([`UPSTREAM_SECONDS_MAX`]), and time for the commits before and after. An answer that is still
/// not there then will never be.
pub const REPLY_UNDERWAY_SECONDS: i64 = 180;

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

/// Bytes of the chip data of one card. A transaction's objects have a few hundred; a reader that adds its own and the
/// card's certificates stays below two thousand.
pub const CHIP_BYTES: usize = 4_096;

/// Templates within templates of chip data. Cards nest them three or four deep.
pub const CHIP_DEPTH: usize = 8;

/// Objects of chip data, templates and what is in them. A transaction has some forty.
pub const CHIP_OBJECTS: usize = 256;

/// Characters of track 1, with both sentinels and the check character (ISO/IEC 7813).
pub const TRACK_1_CHARS: usize = 79;

/// Characters of track 2, counted in the same way (ISO/IEC 7813).
pub const TRACK_2_CHARS: usize = 40;

/// Characters of track 3, counted in the same way (ISO/IEC 4909).
pub const TRACK_3_CHARS: usize = 107;

/// Characters of all tracks of one card, and of two line ends between them.
pub const TRACKS_CHARS: usize = TRACK_1_CHARS + TRACK_2_CHARS + TRACK_3_CHARS + 4;

// Requests

/// Bytes of a request's body. A documented request has a few kilobytes; the rest is room for long addresses.
pub const BODY_BYTES: usize = 65_536;

/// Levels of arrays and objects in a JSON body. The contracts need far fewer; a parser's stack must not be
/// the limit.
pub const JSON_DEPTH: usize = 32;

/// Object members and array elements in one JSON body, all levels together. Bounds the work per byte.
pub const JSON_MEMBERS: usize = 1_024;

/// Members of `riskMetadata.httpHeaders`: as many as a request may have. Browsers send some twenty.
pub const RISK_HEADERS: usize = HEADER_COUNT;

/// Characters of the value of one of them: more than servers take of a request.
pub const RISK_HEADER_CHARS: usize = HEADER_BYTES;

/// Bytes of all of them together, those aside that are not kept: browsers' headers have one or two thousand.
pub const RISK_HEADERS_BYTES: usize = 8_192;

/// Bytes of `customFields` as JSON. The definition has no limit; a list of a thousand instruments must have one.
pub const CUSTOM_FIELDS_BYTES: usize = 8_192;

/// Bytes that one number of a body has at most when it is written anew: `1e15` becomes `1000000000000000.0`, and no
/// number of 64 bits has more than 24.
pub const JSON_NUMBER_BYTES: usize = 24;

/// Bytes of the clear form of one sealed field. An instrument has what one body brought as a token, with its numbers
/// written anew and what was derived from headers and tables, the address out of another body, and fields of its own.
/// What was once sealed must always fit when it is changed: an instrument that does not could never be deactivated.
pub const SEALED_BYTES: usize = 262_144;

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

/// Seconds from the first byte of an answer to its last. Even the largest list then needs 1 MB a second, and who takes
/// an answer drop by drop holds its memory no longer.
pub const ANSWER_SECONDS: u64 = 60;

/// Open connections of one listener. Each costs a file handle and buffers; what comes beyond waits or is
/// refused.
pub const CONNECTIONS: usize = 4_096;

/// Open connections from one address. A proxy or a load test needs as many; one client must not take them
/// all.
pub const CONNECTIONS_PER_ADDRESS: usize = 1_024;

/// Connections that may wait until a listener takes them, as far as the system lets them (`net.core.somaxconn`). When
/// too many wait, the system drops what a client sends first: one that says nothing then waits for nobody.
pub const WAITING_CONNECTIONS: u32 = 4_096;

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

/// Seconds for which the write-ahead log may hold what was erased while commits go on. Without commits it is emptied
/// after one second.
pub const WAL_CLEAN_SECONDS: u64 = 60;

/// Rows that the sweeper removes in one commit, so that it never holds up the load.
pub const SWEEP_ROWS: u32 = 500;

/// Work of one filtered, sorted or searched list, in nanoseconds of one core as [`LIST_OUTLINE_WORK`] and
/// [`LIST_ROW_WORK`] estimate them: ten seconds, which is ten million rows looked at or 1.5 million opened. Who needs
/// more narrows the filter to a customer or to a time.
pub const LIST_WORK: u64 = 10_000_000_000;

/// Work of one page of a list that goes on from page to page, in nanoseconds as [`LIST_WORK`]: a fifth of a second,
/// which is some 30,000 rows opened. A page that has had its share ends, and the next begins behind it.
pub const LIST_PAGE_WORK: u64 = 200_000_000;

/// Work of looking at the clear columns of one row.
pub const LIST_OUTLINE_WORK: u64 = 1_000;

/// Work of reading and opening one row, beside that of its bytes.
pub const LIST_ROW_WORK: u64 = 4_000;

/// Work of opening a byte of a row and reading it.
pub const LIST_BYTE_WORK: u64 = 2;

/// Work that a list does before other requests of its thread come: a tenth of a millisecond.
pub const LIST_TURN_WORK: u64 = 100_000;

/// Instruments of one customer that a list looks through.
pub const LIST_CUSTOMER_ROWS: u32 = 200_000;

/// Seconds that a list waits for a place before it is refused with 503.
pub const LIST_WAIT_SECONDS: u64 = 5;

/// Rows that a list reads whole in one step: 8 MB of the largest, whatever the page.
pub const LIST_STEP_ROWS: u32 = 128;

/// Rows whose clear columns a list reads in one step: some 300 KB.
pub const LIST_STEP_OUTLINES: u32 = 4_096;

/// Lists that look through rows at a time on one node; others wait.
pub const LIST_WALKS: usize = 4;

/// The same of one tenant, so that no tenant has all of them.
pub const LIST_WALKS_PER_TENANT: usize = 2;

/// Answers of lists that are put together or on their way at a time. With [`LIST_SMALL_BYTES`] each, 128 MiB.
pub const LIST_ANSWERS: usize = 32;

/// The same of one tenant.
pub const LIST_ANSWERS_PER_TENANT: usize = 8;

/// Bytes of an answer past which it needs one of [`LIST_LARGE_ANSWERS`] as well: 4 MiB, a thousand common rows.
pub const LIST_SMALL_BYTES: usize = 4 * 1024 * 1024;

/// Larger answers of lists at a time. The largest, a thousand rows of 60 KB, has 54 MB, and was measured to take 125 MB
/// while it grows: a full node holds some 500 MB of lists.
pub const LIST_LARGE_ANSWERS: usize = 3;

/// The same of one tenant.
pub const LIST_LARGE_ANSWERS_PER_TENANT: usize = 1;

/// Lists that may wait for the threads that read them. More are refused with 503.
pub const LIST_QUEUE: usize = 64;

/// Threads that read lists. They must not take every core from the reads by key.
pub const LIST_THREADS: usize = 2;

// Moving a vault

/// Rows of one part of an export. A part is what is written, read and taken in at once.
pub const MOVE_PART_ROWS: u32 = 10_000;

/// Bytes of rows past which a part ends: 8 MiB. The row that passes it is still in.
pub const MOVE_PART_BYTES: usize = 8 * 1024 * 1024;

/// Bytes of rows past which a page of a table ends: 1 MiB, so that its snapshot lasts milliseconds.
pub const MOVE_PAGE_BYTES: usize = 1024 * 1024;

/// Bytes of the largest file of an export that is read: room for a part whose last row is a frame of a full batch.
pub const MOVE_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// Times that an export looks for records that were made meanwhile, before it goes on without the newest.
pub const MOVE_ROUNDS: usize = 16;

/// Differing rows that a comparison names.
pub const MOVE_DIFFERENCES: usize = 10;

/// Problems that a check of a store names; all are counted.
pub const FSCK_PROBLEMS: usize = 100;

/// Rows that a check of a store reads at once.
pub const FSCK_PAGE_ROWS: u32 = 500;

// Tenants

/// The highest tenant number: 24 bits, which is what a token has room for.
pub const TENANT_MAX: u32 = 0xFF_FFFF;

/// Characters of a tenant's name.
pub const TENANT_NAME_CHARS: usize = 50;

// What must hold between them; a wrong number stops the build.
const _: () = {
    // A character of a header may need an escape; so may one of the tables' names.
    let derived = 2 * HEADER_BYTES + RISK_HEADERS_BYTES;
    let bodies = 2 * BODY_BYTES + JSON_MEMBERS * JSON_NUMBER_BYTES;
    assert!(
        bodies + derived + CUSTOM_FIELDS_BYTES + BODY_BYTES / 4 <= SEALED_BYTES,
        "and room for the names of members"
    );
    assert!(SINGLE_USE_SECONDS <= 30 * 60, "security reference 2: thirty minutes is the hard cap");
    assert!(CONFLICT_SECONDS <= SINGLE_USE_SECONDS, "a conflict lies in the short-lived table");
    assert!(
        CARD_SESSION_SECONDS <= SINGLE_USE_SECONDS
            && CVV_SESSION_SECONDS <= SINGLE_USE_SECONDS
            && FIELDS_SESSION_SECONDS <= SINGLE_USE_SECONDS,
        "security reference 2: thirty minutes is the hard cap"
    );
    assert!(REPLY_UNDERWAY_SECONDS.cast_unsigned() > UPSTREAM_SECONDS_MAX, "an answer may come until then");
    assert!(TOKEN_READABLE_SECONDS >= SINGLE_USE_SECONDS, "a token is readable while it lives");
    assert!(
        PAN_DIGITS_MIN >= 12 && PAN_DIGITS_MIN <= PAN_DIGITS_MAX,
        "the mask shows eight digits, four stay hidden"
    );
    assert!(PAN_DIGITS_MAX <= 19, "ISO/IEC 7812");
    assert!(
        2 * CHIP_BYTES + TRACKS_CHARS <= BODY_BYTES / 4,
        "what a reader sends, in hex, leaves room in a body"
    );
    assert!(
        CONNECTIONS_PER_ADDRESS <= CONNECTIONS && BATCH_UNITS <= QUEUE_UNITS,
        "a part is not above its whole"
    );
    assert!(
        LIST_WALKS_PER_TENANT < LIST_WALKS
            && LIST_ANSWERS_PER_TENANT < LIST_ANSWERS
            && LIST_LARGE_ANSWERS_PER_TENANT < LIST_LARGE_ANSWERS,
        "no tenant's lists take every place"
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

/// Values whose velocity is kept at a time, all tenants together (Rebilly reference 6.2), unless the configuration says
/// otherwise. A token has five; so this is a day of 200,000 tokens of strangers. Each
/// takes 110 bytes, measured when all are there: some 110 MB.
pub const VELOCITY_ENTRIES: usize = 1_000_000;

/// Origins that one publishable key may list. A merchant has a few shops; each call looks through all of them.
pub const ORIGINS_PER_KEY: usize = 64;

/// Seconds that a browser may keep the answer to a preflight (security reference 9).
pub const CORS_PREFLIGHT_SECONDS: u64 = 600;

const _: () = {
    assert!(PAN_DIGITS_MIN >= TESTING_SERIES_DIGITS, "every card number has the digits of a series");
    assert!(TESTING_CALLER_CREATIONS <= TESTING_NETWORK_CREATIONS, "an address is part of its network");
};

// The upstream

/// Seconds from the beginning of a request to the upstream to the end of its answer, unless the configuration says
/// otherwise. A payment that asks a bank takes some seconds.
pub const UPSTREAM_SECONDS: u64 = 30;

/// The most that the configuration may allow: nobody waits longer for an answer, and memory is held for nothing.
pub const UPSTREAM_SECONDS_MAX: u64 = 120;

/// Requests to the upstream at a time: 128 payments a second when each takes two seconds. Each holds a connection and
/// buffers of at most some 200 KB.
pub const UPSTREAM_REQUESTS: usize = 256;

/// Bytes of the body of the upstream's answer: half as many again as a request may have, for an answer repeats parts of
/// its request and adds a few kilobytes.
pub const UPSTREAM_ANSWER_BYTES: usize = 98_304;

/// Addresses of the upstream's host that are tried one after the other. With more of them the time for each would be
/// too short to reach a distant one.
pub const UPSTREAM_ADDRESSES: usize = 4;

const _: () = {
    assert!(UPSTREAM_SECONDS <= UPSTREAM_SECONDS_MAX, "what holds by itself is allowed");
    assert!(UPSTREAM_ANSWER_BYTES > BODY_BYTES, "an answer may repeat its request");
    // In a text of JSON a letter may need an escape.
    assert!(2 * UPSTREAM_ANSWER_BYTES + BODY_BYTES / 2 <= SEALED_BYTES, "and is kept as it came");
};

mod nodes;

pub use nodes::*;

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
        assert_eq!(
            (REPLY_SECONDS, FIELDS_SESSION_SECONDS),
            (7 * 24 * 3_600, 600),
            "Payroc reference 1.3, 8.1"
        );
        assert_eq!((QUOTA_REQUESTS, QUOTA_SECONDS), (3_000, 600), "Rebilly reference 3.3");
    }
}
