//! Several nodes on one store.

/// Seconds for which a node's number rests after its last use, so that no number of a record is drawn twice.
pub const NODE_REST_SECONDS: i64 = 3_600;

/// Seconds without a renewed lease after which a node counts as gone: nobody waits for it.
pub const PEER_LIVE_SECONDS: i64 = 15;

/// Milliseconds between two beats of a node.
pub const BEAT_MILLIS: u64 = 1_000;

/// Milliseconds between two beats of a sandbox, whose clock can be moved.
pub const SANDBOX_BEAT_MILLIS: u64 = 200;

/// Seconds by which a node's own clock may differ from the store's before the node is not ready.
pub const CLOCK_SKEW_SECONDS: i64 = 2;

/// Bytes of the key that a node announces.
pub const ANNOUNCED_KEY_BYTES: usize = 256;

/// Bytes of a key of the ring, sealed for one node.
pub const RING_SHARE_BYTES: usize = 256;

/// Bytes of the id of a root key.
pub const ROOT_ID_BYTES: usize = 16;

/// Shares that a sealed vault refuses in a minute before it looks at no more of them.
pub const SHARE_TRIES: usize = 10;

/// Seconds for which shares are kept while no other custodian comes; then all have to come again.
pub const SHARE_KEPT_SECONDS: u64 = 900;

/// Bytes of the body that brings a share.
pub const SHARE_BODY_BYTES: usize = 1_024;

/// Seconds until a new locator key names records, where one process has its store alone: more than a commit takes.
pub const LOCATOR_LEAD_SECONDS: i64 = 5;

/// Rows of keys that one unit writes.
pub const KEYS_PER_UNIT: usize = 100;

/// Records that one step of a walk over all of them looks at.
pub const WALK_ROWS: u32 = 256;

/// Seconds after which nothing of sensitive authentication data opens any more: half an hour, the half minute it came
/// in, and the sweep.
pub const SAD_WIPED_SECONDS: i64 = 1_860;

/// Seconds without a renewed lease after which a node writes nothing: before the others count it as gone, and take the
/// next step of a rotation without it. What it began just before and writes just after is found by the second look at
/// all records, before a key is destroyed.
pub const PEER_WRITES_SECONDS: u64 = 12;

/// Nodes of one store.
pub const NODES: u16 = 1_024;

/// Writers of a node, each with a connection of its own: one for units that expect nothing, the others for the rest.
pub const STORE_WRITERS: usize = 3;

/// Connections of a node for reads.
pub const STORE_CONNECTIONS: usize = 16;

/// Milliseconds for a connection to the store to be made, or to be waited for.
pub const STORE_CONNECT_MILLIS: u64 = 1_000;

/// Milliseconds for a read, and for each step of a commit.
pub const STORE_READ_MILLIS: u64 = 1_500;

/// Milliseconds from taking a unit to telling its caller how it ended.
pub const STORE_COMMIT_MILLIS: u64 = 2_500;

/// Milliseconds for a list.
pub const STORE_LIST_MILLIS: u64 = 3_000;

/// How many times as long a sandbox may be told to wait for its database.
pub const STORE_PATIENCE: u32 = 4;

// Importing cards

/// Rows of one file of cards. Of each some bytes are remembered, to find what stands twice: at most some 150 MB. Larger
/// files are cut.
pub const IMPORT_ROWS: u64 = 1_000_000;

/// Bytes of one line of a file of cards, or of one object: a card with its address has a few hundred.
pub const IMPORT_LINE_BYTES: usize = 16_384;

/// Columns of a file of cards, or members of one object.
pub const IMPORT_COLUMNS: usize = 64;

/// Characters of a card's reference at another provider.
pub const IMPORT_REFERENCE_CHARS: usize = 200;

/// Cards that are kept at a time, before the map is written: enough to share an fsync, few enough to be found again.
pub const IMPORT_BATCH: usize = 256;

/// Problems that a report tells one by one.
pub const IMPORT_PROBLEMS: usize = 20;

const _: () =
    assert!(PEER_LIVE_SECONDS < NODE_REST_SECONDS, "a number rests longer than its node is waited for");
