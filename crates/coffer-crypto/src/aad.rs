//! What a seal is bound to. Every associated-data string and every HKDF info is one frame: parts of fixed
//! size, each behind its length, so that no two different lists of parts give the same bytes.

use coffer_types::{Generation, RecordNumber, Tenant};

use crate::key::{Class, KeyVersion};
use crate::sealed::{ALGORITHM, FORMAT, Field, Salt};
use crate::{Environment, KeyPurpose, KeyScope};

/// Parts, each behind its length in one byte. Part lengths are known to the compiler.
pub(crate) struct Frame(Vec<u8>);

impl Frame {
    /// A frame starts with a label that no other use shares.
    pub(crate) fn new<const N: usize>(label: &[u8; N]) -> Self {
        Self(Vec::with_capacity(128)).part(label)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the assertion bounds N at compile time")]
    pub(crate) fn part<const N: usize>(mut self, part: &[u8; N]) -> Self {
        const { assert!(N <= 255, "the length must fit one byte") };
        self.0.push(N as u8);
        self.0.extend_from_slice(part);
        self
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Where a sealed field lives: everything in its AAD but the field and the two format bytes.
#[derive(Clone, Copy)]
pub(crate) struct Context {
    pub(crate) environment: Environment,
    pub(crate) tenant: Tenant,
    pub(crate) record: RecordNumber,
    pub(crate) class: Class,
    pub(crate) key_version: KeyVersion,
    pub(crate) generation: Generation,
}

/// The AAD of a sealed field (`docs/FORMAT.md` 2.3; reference: security 7.3). The only place that builds it.
pub(crate) fn sealed_field(context: &Context, field: Field) -> Vec<u8> {
    sealed_field_as(FORMAT, ALGORITHM, context, field)
}

/// The same with the two format bytes as parameters, so that a test can show that they are bound.
fn sealed_field_as(format: u8, algorithm: u8, context: &Context, field: Field) -> Vec<u8> {
    Frame::new(b"coffer field")
        .part(&[format])
        .part(&[algorithm])
        .part(&[context.environment.code()])
        .part(&context.tenant.get().to_be_bytes())
        .part(&context.record.get().to_be_bytes())
        .part(&[field.code()])
        .part(&[context.class.code()])
        .part(&context.key_version.get().to_be_bytes())
        .part(&context.generation.get().to_be_bytes())
        .bytes()
}

/// The HKDF info of a record key (`docs/FORMAT.md` 2.2).
pub(crate) fn record_key(context: &Context, salt: &Salt) -> Vec<u8> {
    Frame::new(b"coffer record key")
        .part(&[context.class.code()])
        .part(&context.tenant.get().to_be_bytes())
        .part(&context.record.get().to_be_bytes())
        .part(salt.as_bytes())
        .bytes()
}

/// Which key wraps.
#[derive(Clone, Copy)]
pub(crate) enum Level {
    UnderRoot,
    UnderKek,
}

/// The AAD of a wrapped key (`docs/FORMAT.md` 3).
pub(crate) fn wrapped_key(
    level: Level,
    environment: Environment,
    purpose: KeyPurpose,
    scope: KeyScope,
    version: KeyVersion,
) -> Vec<u8> {
    let level = match level {
        Level::UnderRoot => 1,
        Level::UnderKek => 2,
    };
    let (kind, tenant) = match scope {
        KeyScope::Deployment => (1, 0),
        KeyScope::Tenant(tenant) => (2, tenant.get()),
    };
    Frame::new(b"coffer wrapped key")
        .part(&[level])
        .part(&[environment.code()])
        .part(&[purpose.code()])
        .part(&[kind])
        .part(&tenant.to_be_bytes())
        .part(&version.get().to_be_bytes())
        .bytes()
}

/// The AAD of the next KEK under the one before (`docs/FORMAT.md` 3.2). A label of its own: no wrapped key is one,
/// and both versions are named, so that no other step of the KEK is taken for this.
pub(crate) fn next_kek(environment: Environment, from: KeyVersion, to: KeyVersion) -> Vec<u8> {
    Frame::new(b"coffer next kek")
        .part(&[environment.code()])
        .part(&[KeyPurpose::KekUpgrade.code()])
        .part(&from.get().to_be_bytes())
        .part(&to.get().to_be_bytes())
        .bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::AeadKey;

    fn context() -> Context {
        Context {
            environment: Environment::Sandbox,
            tenant: Tenant::new(7).unwrap(),
            record: RecordNumber::from_u64(1_000).unwrap(),
            class: Class::Durable,
            key_version: KeyVersion::new(3),
            generation: Generation::FIRST,
        }
    }

    /// All key material equal, one part of the AAD different: only the AAD stands between.
    #[test]
    fn every_part_alone_keeps_a_seal_shut() {
        let original = context();
        let next = Generation::new(Generation::FIRST.get() + 1).unwrap();
        let others = [
            ("format", sealed_field_as(2, ALGORITHM, &original, Field::Protected)),
            ("algorithm", sealed_field_as(FORMAT, 2, &original, Field::Protected)),
            ("environment", with(|c| c.environment = Environment::Live)),
            ("tenant", with(|c| c.tenant = Tenant::new(8).unwrap())),
            ("record", with(|c| c.record = RecordNumber::from_u64(1_001).unwrap())),
            ("field", sealed_field(&original, Field::Details)),
            ("class", with(|c| c.class = Class::ShortLived)),
            ("key version", with(|c| c.key_version = KeyVersion::new(4))),
            ("generation", with(|c| c.generation = next)),
        ];
        let key = AeadKey::gcm(&[9; 32]).unwrap();
        let mut sealed = [0; 20];
        key.seal([0; 12], &sealed_field(&original, Field::Protected), b"4111", &mut sealed).unwrap();
        let opened = key.open([0; 12], &sealed_field(&original, Field::Protected), &sealed).unwrap();
        assert_eq!(opened.as_slice(), b"4111");
        for (part, aad) in others {
            assert!(key.open([0; 12], &aad, &sealed).is_none(), "{part} is not bound");
        }
    }

    fn with(change: impl FnOnce(&mut Context)) -> Vec<u8> {
        let mut context = context();
        change(&mut context);
        sealed_field(&context, Field::Protected)
    }

    #[test]
    fn a_frame_tells_where_a_part_ends() {
        let one = Frame::new(b"x").part(b"ab").part(b"c").bytes();
        let other = Frame::new(b"x").part(b"a").part(b"bc").bytes();
        assert_ne!(one, other);
        assert_eq!(one, b"\x01x\x02ab\x01c");
    }
}
