//! The KEK as an object of a token, and what is done with it.

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::types::Ulong;
use zeroize::{Zeroize, Zeroizing};

use super::device_kek::{Clear, DeviceMechanism};
use super::pkcs11::DeviceError;
use super::session::Failed;
use crate::primitives::{KEY_LEN, NONCE_LEN, TAG_LEN};

const TAG_BITS: Ulong = Ulong::new(8 * TAG_LEN as u64);

/// The one KEK with this label and id, if it is fit.
pub(super) fn find(
    session: &Session,
    id: &[u8],
    label: &str,
) -> Result<(ObjectHandle, DeviceMechanism), Failed> {
    let found = session.find_objects(&name(id, label))?;
    let [key] = found.as_slice() else { return Err(DeviceError::NoKey.into()) };
    Ok((*key, fit(session, *key)?))
}

/// Makes a KEK. The session may write.
pub(super) fn generate(
    session: &Session,
    id: &[u8],
    label: &str,
    mechanism: DeviceMechanism,
) -> Result<(), Failed> {
    if !session.find_objects(&name(id, label))?.is_empty() {
        return Err(DeviceError::KeyExists.into());
    }
    let gcm = mechanism == DeviceMechanism::Gcm;
    let mut template = name(id, label);
    template.extend([
        Attribute::KeyType(KeyType::AES),
        Attribute::ValueLen(Ulong::new(KEY_LEN as u64)),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        // One pair and nothing else: a key that wraps and decrypts gives out what it wraps.
        Attribute::Encrypt(gcm),
        Attribute::Decrypt(gcm),
        Attribute::Wrap(!gcm),
        Attribute::Unwrap(!gcm),
        Attribute::Sign(false),
        Attribute::Verify(false),
        Attribute::Derive(false),
    ]);
    let key = session.generate_key(&Mechanism::AesKeyGen, &template)?;
    match fit(session, key) {
        Ok(made) if made == mechanism => Ok(()),
        refused => {
            let _ = session.destroy_object(key);
            Err(refused.err().unwrap_or(DeviceError::Unfit("it was made for another mechanism").into()))
        }
    }
}

/// Destroys a KEK. The session may write.
pub(super) fn destroy(session: &Session, id: &[u8], label: &str) -> Result<(), Failed> {
    let found = session.find_objects(&name(id, label))?;
    let [key] = found.as_slice() else { return Err(DeviceError::NoKey.into()) };
    Ok(session.destroy_object(*key)?)
}

pub(super) fn encrypt(
    session: &Session,
    id: &[u8],
    label: &str,
    mut nonce: [u8; NONCE_LEN],
    aad: &[u8],
    clear: &Clear,
) -> Result<([u8; NONCE_LEN], Vec<u8>), Failed> {
    let (key, _) = find(session, id, label)?;
    let params = GcmParams::new(&mut nonce, aad, TAG_BITS)?;
    let sealed = session.encrypt(&Mechanism::AesGcm(params), key, clear)?;
    Ok((nonce, sealed))
}

pub(super) fn decrypt(
    session: &Session,
    id: &[u8],
    label: &str,
    mut nonce: [u8; NONCE_LEN],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Clear, Failed> {
    let (key, _) = find(session, id, label)?;
    let params = GcmParams::new(&mut nonce, aad, TAG_BITS)?;
    Ok(Zeroizing::new(session.decrypt(&Mechanism::AesGcm(params), key, sealed)?))
}

/// Key wrap takes an object: what is to be wrapped is one for this call, in the session alone.
pub(super) fn wrap(session: &Session, id: &[u8], label: &str, clear: &Clear) -> Result<Vec<u8>, Failed> {
    let (key, _) = find(session, id, label)?;
    let mut template = in_passing(true);
    template.push(Attribute::Value(clear.to_vec()));
    let object = session.create_object(&template);
    wipe(&mut template);
    let object = object?;
    let wrapped = session.wrap_key(&Mechanism::AesKeyWrapPad, key, object);
    let _ = session.destroy_object(object);
    Ok(wrapped?)
}

pub(super) fn unwrap(session: &Session, id: &[u8], label: &str, wrapped: &[u8]) -> Result<Clear, Failed> {
    let (key, _) = find(session, id, label)?;
    let object = session.unwrap_key(&Mechanism::AesKeyWrapPad, key, wrapped, &in_passing(false))?;
    let value = session.get_attributes(object, &[AttributeType::Value]);
    let _ = session.destroy_object(object);
    match value?.pop() {
        Some(Attribute::Value(value)) => Ok(Zeroizing::new(value)),
        _ => Err(Failed::Device),
    }
}

/// What both the search and the making of a KEK name.
fn name(id: &[u8], label: &str) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
    ]
}

/// An object that ends with the session, and sooner.
fn in_passing(sensitive: bool) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(sensitive),
        Attribute::Extractable(true),
    ]
}

fn wipe(template: &mut [Attribute]) {
    for attribute in template {
        if let Attribute::Value(value) = attribute {
            value.zeroize();
        }
    }
}

/// Whether a key has what a KEK must have, by what the device itself says of it. Gives the mechanism that it allows.
fn fit(session: &Session, key: ObjectHandle) -> Result<DeviceMechanism, Failed> {
    let told = session.get_attributes(
        key,
        &[
            AttributeType::KeyType,
            AttributeType::ValueLen,
            AttributeType::Token,
            AttributeType::Private,
            AttributeType::Sensitive,
            AttributeType::AlwaysSensitive,
            AttributeType::Extractable,
            AttributeType::NeverExtractable,
            AttributeType::Local,
            AttributeType::Encrypt,
            AttributeType::Decrypt,
            AttributeType::Wrap,
            AttributeType::Unwrap,
        ],
    )?;
    let has = |wanted: Attribute| told.contains(&wanted);
    let must = [
        (Attribute::KeyType(KeyType::AES), "it is not an AES key"),
        (Attribute::ValueLen(Ulong::new(KEY_LEN as u64)), "it has not 256 bits"),
        (Attribute::Token(true), "it is not kept in the token"),
        (Attribute::Private(true), "it can be seen without a login"),
        (Attribute::Extractable(false), "it is extractable"),
        (Attribute::NeverExtractable(true), "it was extractable once"),
        (Attribute::Sensitive(true), "its value can be read"),
        (Attribute::AlwaysSensitive(true), "its value could be read once"),
        (Attribute::Local(true), "it was not made in the device"),
    ];
    for (wanted, lacks) in must {
        if !has(wanted) {
            return Err(DeviceError::Unfit(lacks).into());
        }
    }
    let uses = [
        has(Attribute::Encrypt(true)),
        has(Attribute::Decrypt(true)),
        has(Attribute::Wrap(true)),
        has(Attribute::Unwrap(true)),
    ];
    match uses {
        [true, true, false, false] => Ok(DeviceMechanism::Gcm),
        [false, false, true, true] => Ok(DeviceMechanism::KeyWrapPad),
        _ => Err(DeviceError::Unfit(
            "it may not either encrypt and decrypt, or wrap and unwrap, and nothing else",
        )
        .into()),
    }
}
