//! Which roots open a vault, by the record of it: of a store, or of an export. Every command that is given a root, or
//! shares of one, judges it here, by its id and before it is used.

use coffer_core::{KekSource, roots_among, store::KeyRow};
use coffer_crypto::{Environment, KeyPurpose, KeyState, KeyVersion, RootId};

/// The roots that are wanted; none where the record names none: a store without a vault, or a KEK in a device.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) roots: Vec<RootId>,
    of: Of,
    environment: Environment,
    /// What the store holds; nothing of an export.
    rows: &'a [KeyRow],
}

#[derive(Clone, Copy, Debug)]
enum Of {
    Store,
    Export,
}

impl<'a> Wanted<'a> {
    /// By the keys in a store.
    pub(crate) fn of_store(environment: Environment, rows: &'a [KeyRow]) -> Self {
        Self { roots: roots_among(rows), of: Of::Store, environment, rows }
    }

    /// By the keys of an export.
    pub(crate) fn of_export(environment: Environment, roots: Vec<RootId>) -> Self {
        Self { roots, of: Of::Export, environment, rows: &[] }
    }

    /// Refuses a root that is not wanted. One that opens a KEK of the store all the same belongs to it: then the
    /// store's record of its root is damaged, which is for others to say.
    pub(crate) fn check(&self, source: &dyn KekSource) -> Result<(), String> {
        let Some(given) = source.root() else { return Ok(()) };
        if self.roots.is_empty() || self.roots.contains(&given) || self.opens_any(source) {
            return Ok(());
        }
        let wanted = self.named();
        Err(match self.of {
            Of::Store => {
                format!(
                    "this root key does not belong to this store: it is root {given}, the store's is {wanted}"
                )
            }
            Of::Export => format!(
                "this root key does not belong to this export: the export's keys are under root {wanted}; given was \
                 root {given}"
            ),
        })
    }

    /// Refuses a device that has none of the KEKs of a store. Waits for the device.
    pub(crate) fn check_device(&self, source: &dyn KekSource) -> Result<(), String> {
        if !self.roots.is_empty() {
            return Err(format!(
                "this vault is under root {}, and the configuration names a key device, which has no root",
                self.named()
            ));
        }
        if self.keks().next().is_none() || self.opens_any(source) {
            return Ok(());
        }
        Err("the key device has none of the key-encryption keys of this store: is it the right token?"
            .to_owned())
    }

    /// What is said of a share of another root.
    pub(crate) fn refuse_share(&self, given: RootId) -> String {
        let wanted = self.named();
        match self.of {
            Of::Store => {
                format!(
                    "this share is of root {given}, which does not open this store: the store's is {wanted}"
                )
            }
            Of::Export => format!(
                "this share is of root {given}, which does not open this export: the export's keys are under root \
                 {wanted}"
            ),
        }
    }

    /// Whose shares are asked for.
    pub(crate) fn asked(&self) -> String {
        let whose = match self.of {
            Of::Store => "vault's",
            Of::Export => "export's",
        };
        if self.roots.is_empty() {
            format!("the {whose} root")
        } else {
            format!("the {whose} root {}", self.named())
        }
    }

    fn named(&self) -> String {
        let ids: Vec<String> = self.roots.iter().map(RootId::to_string).collect();
        ids.join(" or ")
    }

    fn keks(&self) -> impl Iterator<Item = &KeyRow> {
        let kek = KeyPurpose::Kek.code();
        self.rows.iter().filter(move |row| row.purpose == kek && row.state != KeyState::Destroyed)
    }

    fn opens_any(&self, source: &dyn KekSource) -> bool {
        let opens =
            |row: &KeyRow| source.open(self.environment, KeyVersion::new(row.version), &row.wrapped).is_ok();
        self.keks().any(opens)
    }
}
