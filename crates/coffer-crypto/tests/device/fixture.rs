//! A device as the product opens it, and the same token as anybody opens it who has its PIN.

use std::sync::Arc;

use coffer_crypto::custody::{Device, DeviceConfig, DeviceError, DeviceMechanism, Pin};
use coffer_device_fixture::{Devices, PIN};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

pub(crate) const TOKEN: &str = "coffer";
pub(crate) const ID: &[u8] = b"test";

pub(crate) fn config(devices: &Devices, mechanism: DeviceMechanism) -> DeviceConfig {
    DeviceConfig { module: devices.module(), token: TOKEN.to_owned(), key_id: ID.to_vec(), mechanism }
}

pub(crate) fn pin(text: &str) -> Pin {
    Pin::new(Zeroizing::new(text.to_owned()))
}

pub(crate) fn open(devices: &Devices, mechanism: DeviceMechanism) -> Arc<Device> {
    Device::open(config(devices, mechanism), pin(PIN)).unwrap()
}

pub(crate) fn open_error(config: DeviceConfig, with: &str) -> Option<DeviceError> {
    Device::open(config, pin(with)).err()
}

/// The module without the product between. It may have been started already.
pub(crate) fn module(devices: &Devices) -> Pkcs11 {
    let module = Pkcs11::new(devices.module()).unwrap();
    let _ = module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    module
}

pub(crate) fn slot(module: &Pkcs11, label: &str) -> Slot {
    let slots = module.get_slots_with_token().unwrap();
    let found = slots.into_iter().find(|slot| module.get_token_info(*slot).unwrap().label().trim() == label);
    found.unwrap()
}

/// A session that may do all that the token's user may.
pub(crate) fn session(devices: &Devices) -> Session {
    let module = module(devices);
    let session = module.open_rw_session(slot(&module, TOKEN)).unwrap();
    // Logged in already where the product is.
    let _ = session.login(UserType::User, Some(&AuthPin::from(PIN)));
    session
}

pub(crate) fn kek_object(session: &Session, version: u32) -> ObjectHandle {
    let name = Attribute::Label(format!("coffer-kek-v{version}").into_bytes());
    let found = session.find_objects(&[name]).unwrap();
    assert_eq!(found.len(), 1);
    found[0]
}

/// What a fit KEK with this mechanism is made with.
pub(crate) fn kek_template(version: u32, mechanism: DeviceMechanism) -> Vec<Attribute> {
    let gcm = mechanism == DeviceMechanism::Gcm;
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::ValueLen(32.into()),
        Attribute::Label(format!("coffer-kek-v{version}").into_bytes()),
        Attribute::Id(ID.to_vec()),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(gcm),
        Attribute::Decrypt(gcm),
        Attribute::Wrap(!gcm),
        Attribute::Unwrap(!gcm),
    ]
}
