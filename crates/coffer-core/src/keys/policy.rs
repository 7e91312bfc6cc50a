//! How long keys live, and how much they may seal.

/// When keys are changed without being asked to, and how long what they sealed is kept elsewhere (PCI DSS 3.7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPolicy {
    /// Days after which a data key is replaced.
    pub data_days: u32,
    /// Days after which the KEK is replaced. Where custodians hold the root it is only said to be due.
    pub kek_days: u32,
    /// Days after which fingerprint keys are replaced: what merchants see as a card's fingerprint changes with them.
    /// None: when asked to.
    pub fingerprint_days: Option<u32>,
    /// Days after which another locator key names new records. None: when asked to.
    pub locator_days: Option<u32>,
    /// Days after which the root is said to be due.
    pub root_days: u32,
    /// Writes under one data key after which it is replaced.
    pub seals: u64,
    /// Days for which backups of the data are kept: a key stays for as long after it sealed last.
    pub data_backup_days: u32,
    /// Days for which backups of key records, and archives that hold them, are kept: erasure is complete so long after
    /// a key was destroyed.
    pub key_backup_days: u32,
    /// Records that the background work looks at in a second.
    pub walk_rows: u32,
    /// Seconds between a meeting of all nodes and the first look at records: what was planned with older keys is
    /// written by then. Ten, and less in a sandbox.
    pub settle_seconds: u64,
}

impl Default for KeyPolicy {
    fn default() -> Self {
        Self {
            data_days: 90,
            kek_days: 365,
            fingerprint_days: None,
            locator_days: None,
            root_days: 730,
            seals: 1 << 31,
            data_backup_days: 30,
            key_backup_days: 35,
            walk_rows: 2_000,
            settle_seconds: 10,
        }
    }
}
