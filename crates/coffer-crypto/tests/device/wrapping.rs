//! What lies under a KEK in a device, and what never leaves it.

use coffer_crypto::custody::DeviceError;
use coffer_crypto::custody::DeviceMechanism::{self, Gcm, KeyWrapPad};
use coffer_crypto::{
    Environment, ExportFile, Kek, KeyPurpose, KeyScope, KeyVersion, KeyringBuilder, KeyringError, OsEntropy,
    RewrapError, RootKey, UnwrapError, WrapError, WrappedKey,
};
use coffer_device_fixture::{Devices, alone};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};

use crate::fixture::{TOKEN, kek_object, open, session};

const HERE: Environment = Environment::Live;
const FIRST: KeyVersion = KeyVersion::FIRST;

fn generated(devices: &Devices, mechanism: DeviceMechanism) -> Kek {
    open(devices, mechanism).generate_kek(HERE, FIRST).unwrap()
}

fn add(kek: &Kek, purpose: KeyPurpose, version: u32, wrapped: &WrappedKey) -> Result<(), KeyringError> {
    let mut builder = KeyringBuilder::new(HERE, kek);
    builder.add(purpose, KeyScope::Deployment, KeyVersion::new(version), wrapped).map(drop)
}

fn locator(kek: &Kek) -> WrappedKey {
    kek.wrap_new(KeyPurpose::Locator, KeyScope::Deployment, FIRST, &OsEntropy).unwrap()
}

#[test]
fn the_kek_never_leaves_the_device() {
    alone("wrapping::the_kek_never_leaves_the_device", &[TOKEN], |devices| {
        for (version, mechanism) in [(1, Gcm), (2, KeyWrapPad)] {
            let kek = open(devices, mechanism).generate_kek(HERE, KeyVersion::new(version)).unwrap();
            let session = session(devices);
            let object = kek_object(&session, version);
            let value = session.get_attributes(object, &[AttributeType::Value]);
            assert!(value.is_err() || value.unwrap().is_empty(), "its value can be read");
            let wrapping = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen(32.into()),
                Attribute::Wrap(true),
                Attribute::Encrypt(true),
            ];
            let other = session.generate_key(&Mechanism::AesKeyGen, &wrapping).unwrap();
            for mechanism in [Mechanism::AesKeyWrap, Mechanism::AesKeyWrapPad] {
                assert!(session.wrap_key(&mechanism, other, object).is_err(), "it can be wrapped");
            }
            for opened in [Attribute::Extractable(true), Attribute::Sensitive(false)] {
                assert!(
                    session.update_attributes(object, std::slice::from_ref(&opened)).is_err(),
                    "{opened:?}"
                );
                if let Ok(copy) = session.copy_object(object, &[opened]) {
                    let value = session.get_attributes(copy, &[AttributeType::Value]);
                    assert!(value.is_err() || value.unwrap().is_empty(), "a copy's value can be read");
                    assert!(
                        session.wrap_key(&Mechanism::AesKeyWrap, other, copy).is_err(),
                        "a copy can be wrapped"
                    );
                }
            }
            let root = RootKey::generate(&OsEntropy).unwrap();
            assert_eq!(root.wrap_kek(&kek, &OsEntropy), Err(WrapError::Device));
            assert!(kek.is_in_device());
        }
    });
}

#[test]
fn a_key_opens_at_its_place_and_unchanged_alone() {
    alone("wrapping::a_key_opens_at_its_place_and_unchanged_alone", &[TOKEN], |devices| {
        for (version, mechanism, length) in [(1, Gcm, 62), (2, KeyWrapPad, 74)] {
            let device = open(devices, mechanism);
            let kek = device.generate_kek(HERE, KeyVersion::new(version)).unwrap();
            let wrapped = locator(&kek);
            assert_eq!(wrapped.0.len(), length);
            assert_ne!(locator(&kek), wrapped);
            assert_eq!(add(&kek, KeyPurpose::Locator, 1, &wrapped), Ok(()));
            let refused = Err(KeyringError::Unwrap(UnwrapError));
            assert_eq!(add(&kek, KeyPurpose::Ring, 1, &wrapped), refused, "another purpose");
            assert_eq!(add(&kek, KeyPurpose::Locator, 2, &wrapped), refused, "another version");
            let elsewhere = device.kek(Environment::Sandbox, KeyVersion::new(version)).unwrap();
            let mut builder = KeyringBuilder::new(Environment::Sandbox, &elsewhere);
            let added = builder.add(KeyPurpose::Locator, KeyScope::Deployment, FIRST, &wrapped).map(drop);
            assert_eq!(added, refused, "another environment");
            for at in 0..wrapped.0.len() {
                let mut bent = wrapped.clone();
                bent.0[at] ^= 1 << (at % 8);
                assert_eq!(add(&kek, KeyPurpose::Locator, 1, &bent), refused, "byte {at}");
                let cut = WrappedKey(wrapped.0[..at].to_vec());
                assert_eq!(add(&kek, KeyPurpose::Locator, 1, &cut), refused, "{at} bytes");
            }
            assert_eq!(add(&kek, KeyPurpose::Locator, 1, &wrapped), Ok(()), "and it still opens");
            let software = Kek::generate(HERE, KeyVersion::new(version), &OsEntropy).unwrap();
            assert_eq!(add(&kek, KeyPurpose::Locator, 1, &locator(&software)), refused);
            assert_eq!(add(&software, KeyPurpose::Locator, 1, &wrapped), refused);
        }
    });
}

#[test]
fn keys_of_one_kek_are_noise_to_another() {
    alone("wrapping::keys_of_one_kek_are_noise_to_another", &[TOKEN], |devices| {
        let device = open(devices, Gcm);
        let first = device.generate_kek(HERE, FIRST).unwrap();
        let second = device.generate_kek(HERE, KeyVersion::new(2)).unwrap();
        let wrapped = locator(&first);
        assert!(add(&second, KeyPurpose::Locator, 1, &wrapped).is_err());
        device.destroy_kek(FIRST).unwrap();
        assert!(add(&first, KeyPurpose::Locator, 1, &wrapped).is_err(), "it is destroyed");
        assert_eq!(first.probe(), Err(DeviceError::Away));
        assert_eq!(device.kek(HERE, FIRST).err(), Some(DeviceError::NoKey));
        assert_eq!(second.probe(), Ok(()));
    });
}

/// From a root's KEK into a device, to the next KEK there, under the other mechanism, and out again: the keys stay.
#[test]
fn keys_move_into_a_device_and_out_of_it() {
    alone("wrapping::keys_move_into_a_device_and_out_of_it", &[TOKEN], |devices| {
        let software = Kek::generate(HERE, FIRST, &OsEntropy).unwrap();
        let scope = KeyScope::Deployment;
        let mut rows: Vec<_> = KeyPurpose::OF_DEPLOYMENT
            .map(|purpose| (purpose, software.wrap_new(purpose, scope, FIRST, &OsEntropy).unwrap()))
            .into();
        let mac = |kek: &Kek, rows: &[(KeyPurpose, WrappedKey)]| {
            let mut builder = KeyringBuilder::new(HERE, kek);
            for (purpose, wrapped) in rows {
                builder.add(*purpose, scope, FIRST, wrapped).unwrap();
            }
            let keyring = builder.build().unwrap();
            keyring.export_key(&[3; 16]).unwrap().mac(ExportFile::Keys, b"text")
        };
        let before = mac(&software, &rows);
        let in_gcm = open(devices, Gcm).generate_kek(HERE, KeyVersion::new(2)).unwrap();
        let in_key_wrap = open(devices, KeyWrapPad).generate_kek(HERE, KeyVersion::new(3)).unwrap();
        let again = Kek::generate(HERE, KeyVersion::new(4), &OsEntropy).unwrap();
        for (from, to) in [(&software, &in_gcm), (&in_gcm, &in_key_wrap), (&in_key_wrap, &again)] {
            for (purpose, wrapped) in &mut rows {
                let moved = to.rewrap(from, *purpose, scope, FIRST, wrapped, &OsEntropy).unwrap();
                let back = to.rewrap(from, *purpose, scope, FIRST, &moved, &OsEntropy).err();
                assert_eq!(back, Some(RewrapError::Unwrap(UnwrapError)), "it has moved");
                *wrapped = moved;
            }
            assert_eq!(mac(to, &rows), before);
        }
        assert_eq!(software.wrap_next(&in_gcm, &OsEntropy), Err(WrapError::Device));
        let upgrade = in_key_wrap.wrap_next(&again, &OsEntropy).unwrap();
        let learned = in_key_wrap.open_next(KeyVersion::new(4), &upgrade).unwrap();
        assert_eq!(mac(&learned, &rows), before, "the next KEK may leave: it never was in the device");
        assert!(in_key_wrap.open_next(KeyVersion::new(5), &upgrade).is_err());
        assert!(in_gcm.open_next(KeyVersion::new(4), &upgrade).is_err());
    });
}

#[test]
fn a_kek_is_there_after_a_restart() {
    alone("wrapping::a_kek_is_there_after_a_restart", &[TOKEN], |devices| {
        let wrapped = locator(&generated(devices, Gcm));
        // The mechanism of the configuration has changed: the key keeps its own.
        let kek = open(devices, KeyWrapPad).kek(HERE, FIRST).unwrap();
        assert_eq!(add(&kek, KeyPurpose::Locator, 1, &wrapped), Ok(()));
    });
}
