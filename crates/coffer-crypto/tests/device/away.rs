//! A device that is unplugged, and comes back.

use coffer_crypto::custody::DeviceMechanism::{Gcm, KeyWrapPad};
use coffer_crypto::custody::{Device, DeviceError};
use coffer_crypto::{
    Environment, Kek, KeyPurpose, KeyScope, KeyVersion, KeyringBuilder, OsEntropy, WrapError, WrappedKey,
};
use coffer_device_fixture::{PIN, alone};
use cryptoki::session::SessionState;

use crate::fixture::{TOKEN, config, module, open, pin, slot};

const HERE: Environment = Environment::Sandbox;
const SCOPE: KeyScope = KeyScope::Deployment;

fn opens(kek: &Kek, wrapped: &WrappedKey) -> bool {
    let mut builder = KeyringBuilder::new(HERE, kek);
    builder.add(KeyPurpose::Ring, SCOPE, KeyVersion::FIRST, wrapped).is_ok()
}

#[test]
fn a_device_that_was_unplugged_works_when_it_is_back() {
    alone("away::a_device_that_was_unplugged_works_when_it_is_back", &[TOKEN], |devices| {
        for (version, mechanism) in [(1, Gcm), (2, KeyWrapPad)] {
            let device = open(devices, mechanism);
            let kek = device.generate_kek(HERE, KeyVersion::new(version)).unwrap();
            let new = || kek.wrap_new(KeyPurpose::Ring, SCOPE, KeyVersion::FIRST, &OsEntropy);
            let opens = |wrapped: &WrappedKey| opens(&kek, wrapped);
            let before = new().unwrap();
            for _ in 0..2 {
                devices.unplug();
                assert_eq!(kek.probe(), Err(DeviceError::Away));
                assert_eq!(new(), Err(WrapError::Failed));
                assert!(!opens(&before));
                assert!(device.kek(HERE, KeyVersion::new(version)).is_err());
                assert!(device.generate_kek(HERE, KeyVersion::new(9)).is_err());
                devices.plug_in();
                assert_eq!(kek.probe(), Ok(()));
                assert!(opens(&before), "and what lay under it opens");
                assert!(opens(&new().unwrap()));
            }
        }
    });
}

#[test]
fn the_login_ends_with_the_device() {
    alone("away::the_login_ends_with_the_device", &[TOKEN], |devices| {
        let state = || {
            let module = module(devices);
            let session = module.open_ro_session(slot(&module, TOKEN)).unwrap();
            session.get_session_info().unwrap().session_state()
        };
        let kek = open(devices, Gcm).generate_kek(HERE, KeyVersion::FIRST).unwrap();
        assert!(matches!(state(), SessionState::RoUser), "while the KEK is there, so is the device");
        drop(kek);
        assert!(matches!(state(), SessionState::RoPublic), "whoever comes next must log in");
    });
}

/// When one of two devices of a process starts the module anew, the other's session is gone: it must neither go on in a
/// session that is now the first one's, nor stay away.
#[test]
fn two_devices_behind_one_module_do_not_meet() {
    alone("away::two_devices_behind_one_module_do_not_meet", &[TOKEN, "other"], |devices| {
        let one = open(devices, Gcm).generate_kek(HERE, KeyVersion::FIRST).unwrap();
        let mut config = config(devices, Gcm);
        "other".clone_into(&mut config.token);
        let other = Device::open(config, pin(PIN)).unwrap().generate_kek(HERE, KeyVersion::FIRST).unwrap();
        let keys = [&one, &other]
            .map(|kek| kek.wrap_new(KeyPurpose::Ring, SCOPE, KeyVersion::FIRST, &OsEntropy).unwrap());
        for _ in 0..3 {
            assert!(opens(&one, &keys[0]) && opens(&other, &keys[1]));
            assert!(!opens(&one, &keys[1]), "this starts the module anew");
            assert!(opens(&other, &keys[1]) && opens(&one, &keys[0]));
            assert!(!opens(&other, &keys[0]), "and this once more");
            // Its session has the number now that the first one's had.
            let late = one.wrap_new(KeyPurpose::Ring, SCOPE, KeyVersion::FIRST, &OsEntropy).unwrap();
            assert!(opens(&one, &late) && !opens(&other, &late), "it was wrapped in the other device");
        }
    });
}
