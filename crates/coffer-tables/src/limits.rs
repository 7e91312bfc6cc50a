//! The bounds of this crate, with their units and reasons.

/// Bytes of a file of card ranges. Four million lines of 64 bytes.
pub const BIN_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// Rows of a file of card ranges. Licensed tables have some 500,000; a row takes 16 bytes in memory, 64 MiB for
/// this many, and while a file is read as much again.
pub const BIN_RANGES: usize = 4_000_000;

/// Bytes of one line of that file. A bank of 255 characters of four bytes, quoted, is 1,022; the rest is room.
pub const BIN_LINE_BYTES: u64 = 4_096;

/// Characters of a bank's name.
pub const BANK_CHARS: usize = 255;

/// Problems of a file that are listed before the reading ends.
pub const PROBLEMS: usize = 20;

/// Bytes of a file of IP data. It is read to memory; the largest that `MaxMind` publishes have some 500 MB.
pub const IP_FILE_BYTES: u64 = 1024 * 1024 * 1024;

/// Characters of one text out of a file of IP data (a city, an organization). A longer one is left out.
pub const IP_TEXT_CHARS: usize = 255;

/// Postal codes and city names in the index of places. An entry takes 16 bytes and its share of a hash table: 71
/// MiB for this many, just below the size at which the table would double. A worldwide file gives about a million.
pub const PLACES: usize = 3_600_000;

/// Regions of one record (state, district) under which its city is found.
pub const REGIONS: usize = 3;

/// Kilometres: places of one name in one country that lie farther apart are two places, and the name alone says
/// nothing. A metropolis fits in.
pub const SAME_PLACE_KM: f64 = 100.0;
