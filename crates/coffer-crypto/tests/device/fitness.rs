//! Which keys of a token are taken for a KEK, and which tokens for the device.

use coffer_crypto::custody::DeviceError;
use coffer_crypto::custody::DeviceMechanism::{Gcm, KeyWrapPad};
use coffer_crypto::{Environment, KeyVersion};
use coffer_device_fixture::{PIN, alone};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;

use crate::fixture::{ID, TOKEN, config, kek_template, open, open_error, session};

const HERE: Environment = Environment::Live;

/// A change of what a fit key is made with.
type Change = fn(&mut Vec<Attribute>);

fn replace(template: &mut [Attribute], with: Attribute) {
    let kind = with.attribute_type();
    let same = |attribute: &&mut Attribute| attribute.attribute_type() == kind;
    *template.iter_mut().find(same).unwrap() = with;
}

#[test]
fn a_key_that_could_leave_the_device_is_no_kek() {
    alone("fitness::a_key_that_could_leave_the_device_is_no_kek", &[TOKEN], |devices| {
        let changes: [(&str, Change); 7] = [
            ("it has not 256 bits", |template| replace(template, Attribute::ValueLen(16.into()))),
            ("it can be seen without a login", |template| replace(template, Attribute::Private(false))),
            ("it is extractable", |template| replace(template, Attribute::Extractable(true))),
            ("its value can be read", |template| replace(template, Attribute::Sensitive(false))),
            ("it may not", |template| replace(template, Attribute::Wrap(true))),
            ("it may not", |template| replace(template, Attribute::Unwrap(true))),
            ("it may not", |template| replace(template, Attribute::Decrypt(false))),
        ];
        let device = open(devices, Gcm);
        // A session of its own for each step: a key that is refused is looked for in a module that was started anew.
        let session = || session(devices);
        for (version, (why, change)) in (1..).zip(changes) {
            let mut template = kek_template(version, Gcm);
            change(&mut template);
            session().generate_key(&Mechanism::AesKeyGen, &template).unwrap();
            match device.kek(HERE, KeyVersion::new(version)).err() {
                Some(DeviceError::Unfit(told)) => assert!(told.starts_with(why), "{told}"),
                other => panic!("{why}: {other:?}"),
            }
        }
        for (version, mechanism) in [(20, Gcm), (21, KeyWrapPad)] {
            session().generate_key(&Mechanism::AesKeyGen, &kek_template(version, mechanism)).unwrap();
            assert!(device.kek(HERE, KeyVersion::new(version)).is_ok(), "nothing was changed");
        }
        // A key that came from outside: somebody has its bytes.
        let mut template = kek_template(30, Gcm);
        template.retain(|attribute| !matches!(attribute, Attribute::ValueLen(_)));
        template.push(Attribute::Value(vec![7; 32]));
        session().create_object(&template).unwrap();
        assert!(matches!(device.kek(HERE, KeyVersion::new(30)).err(), Some(DeviceError::Unfit(_))));
        // What was extractable once is for ever suspect, whatever it says now.
        let mut template = kek_template(31, Gcm);
        replace(&mut template, Attribute::Extractable(true));
        {
            let session = session();
            let key = session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
            session.update_attributes(key, &[Attribute::Extractable(false)]).unwrap();
        }
        let told = device.kek(HERE, KeyVersion::new(31)).err();
        assert_eq!(told, Some(DeviceError::Unfit("it was extractable once")));
    });
}

#[test]
fn a_kek_is_one_key_of_this_version_and_id() {
    alone("fitness::a_kek_is_one_key_of_this_version_and_id", &[TOKEN], |devices| {
        let device = open(devices, Gcm);
        assert_eq!(device.kek(HERE, KeyVersion::FIRST).err(), Some(DeviceError::NoKey));
        assert!(device.generate_kek(HERE, KeyVersion::FIRST).is_ok());
        assert_eq!(device.generate_kek(HERE, KeyVersion::FIRST).err(), Some(DeviceError::KeyExists));
        assert_eq!(device.kek(HERE, KeyVersion::new(2)).err(), Some(DeviceError::NoKey));

        let mut other = config(devices, Gcm);
        other.key_id = [ID, b"2"].concat();
        let other = coffer_crypto::custody::Device::open(other, crate::fixture::pin(PIN)).unwrap();
        assert_eq!(other.kek(HERE, KeyVersion::FIRST).err(), Some(DeviceError::NoKey), "another's");
        assert!(other.generate_kek(HERE, KeyVersion::FIRST).is_ok());

        session(devices).generate_key(&Mechanism::AesKeyGen, &kek_template(1, Gcm)).unwrap();
        assert_eq!(device.kek(HERE, KeyVersion::FIRST).err(), Some(DeviceError::NoKey), "there are two");
        assert_eq!(device.destroy_kek(KeyVersion::FIRST).err(), Some(DeviceError::NoKey));
    });
}

#[test]
fn a_device_is_one_token_of_this_label_behind_a_module() {
    let name = "fitness::a_device_is_one_token_of_this_label_behind_a_module";
    alone(name, &[TOKEN, "twice", "twice"], |devices| {
        for label in ["nobody", "coffe", "coffer2", "twice", ""] {
            let mut named = config(devices, Gcm);
            label.clone_into(&mut named.token);
            assert_eq!(open_error(named, PIN), Some(DeviceError::Token), "{label}");
        }
        let mut elsewhere = config(devices, Gcm);
        elsewhere.module = "/nonexistent/module.so".into();
        assert_eq!(open_error(elsewhere, PIN), Some(DeviceError::Module));
        let mut no_module = config(devices, Gcm);
        no_module.module = std::env::current_exe().unwrap();
        assert_eq!(open_error(no_module, PIN), Some(DeviceError::Module));
        assert_eq!(open_error(config(devices, Gcm), PIN), None);
    });
}
