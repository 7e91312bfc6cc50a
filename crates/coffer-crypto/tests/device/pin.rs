//! A PIN that is not taken is tried once.

use coffer_crypto::custody::DeviceError;
use coffer_crypto::custody::DeviceMechanism::Gcm;
use coffer_crypto::{Environment, KeyVersion};
use coffer_device_fixture::{PIN, alone};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;

use crate::fixture::{TOKEN, config, module, open, open_error, pin, slot};

const HERE: Environment = Environment::Live;

#[test]
fn a_wrong_pin_is_told_and_takes_one_try() {
    alone("pin::a_wrong_pin_is_told_and_takes_one_try", &[TOKEN], |devices| {
        let told = open_error(config(devices, Gcm), "00000000");
        assert_eq!(told, Some(DeviceError::Login));
        assert!(!DeviceError::Login.to_string().contains("00000000"));
        assert_eq!(format!("{:?}", pin("00000000")), "Pin(..)");
        let module = module(devices);
        assert!(module.get_token_info(slot(&module, TOKEN)).unwrap().user_pin_count_low());
        assert_eq!(open_error(config(devices, Gcm), PIN), None);
    });
}

/// The PIN is changed while the program runs, and the device unplugged: it does not come back by itself, and not when
/// the PIN is the old one again, for nobody tries.
#[test]
fn a_login_that_was_refused_later_is_not_tried_again() {
    alone("pin::a_login_that_was_refused_later_is_not_tried_again", &[TOKEN], |devices| {
        let device = open(devices, Gcm);
        let kek = device.generate_kek(HERE, KeyVersion::FIRST).unwrap();
        change_pin(devices, PIN, "16180339");
        devices.unplug();
        assert_eq!(kek.probe(), Err(DeviceError::Away));
        devices.plug_in();
        assert_eq!(device.kek(HERE, KeyVersion::FIRST).err(), Some(DeviceError::Login));
        change_pin(devices, "16180339", PIN);
        assert_eq!(device.kek(HERE, KeyVersion::FIRST).err(), Some(DeviceError::Login), "nobody tried");
        assert!(open(devices, Gcm).kek(HERE, KeyVersion::FIRST).is_ok(), "a new one is told anew");
    });
}

fn change_pin(devices: &coffer_device_fixture::Devices, from: &str, to: &str) {
    let module = module(devices);
    let session = module.open_rw_session(slot(&module, TOKEN)).unwrap();
    let _ = session.login(UserType::User, Some(&AuthPin::from(from)));
    session.set_pin(&AuthPin::from(from), &AuthPin::from(to)).unwrap();
}
