//! What the device's thread works on: a module, a session in it, and what is asked of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::device_kek::{Clear, DeviceMechanism};
use super::object;
use super::pkcs11::{DeviceConfig, DeviceError, Pin};
use crate::primitives::NONCE_LEN;

/// One call of PKCS#11 at a time in the whole program, and how often a module was started anew in it: that ends every
/// session, and numbers of sessions are given out again.
static CALLS: Mutex<u64> = Mutex::new(0);

/// A session, made anew when it has failed.
pub(super) struct Connection {
    config: DeviceConfig,
    pin: Pin,
    module: Option<Pkcs11>,
    open: Option<Open>,
    /// A login was refused: there is no second one.
    refused: bool,
}

/// A session, and the start of the modules that it belongs to. It is closed by hand, for its number may be another's
/// after a start.
struct Open {
    slot: Slot,
    session: Session,
    start: u64,
}

/// Of one try: the device's refusal, after which a new session is tried, or what we found out ourselves.
#[derive(Clone, Copy)]
pub(super) enum Failed {
    Device,
    Found(DeviceError),
}

impl From<Error> for Failed {
    fn from(_: Error) -> Self {
        Self::Device
    }
}

impl From<DeviceError> for Failed {
    fn from(found: DeviceError) -> Self {
        Self::Found(found)
    }
}

impl Connection {
    pub(super) fn new(config: DeviceConfig, pin: Pin) -> Self {
        Self { config, pin, module: None, open: None, refused: false }
    }

    /// The first connection.
    pub(super) fn connect(&mut self) -> Result<(), DeviceError> {
        let starts = calls();
        self.open = Some(self.login(*starts)?);
        Ok(())
    }

    /// Whether the KEK is there and fit, and how it wraps.
    pub(super) fn fit(&mut self, label: &str) -> Result<DeviceMechanism, DeviceError> {
        self.run(|session, id| object::find(session, id, label).map(|(_, mechanism)| mechanism))
    }

    pub(super) fn generate(&mut self, label: &str, mechanism: DeviceMechanism) -> Result<(), DeviceError> {
        self.write(|session, id| object::generate(session, id, label, mechanism))
    }

    pub(super) fn destroy(&mut self, label: &str) -> Result<(), DeviceError> {
        self.write(|session, id| object::destroy(session, id, label))
    }

    pub(super) fn encrypt(
        &mut self,
        label: &str,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        clear: &Clear,
    ) -> Result<([u8; NONCE_LEN], Vec<u8>), DeviceError> {
        self.run(|session, id| object::encrypt(session, id, label, nonce, aad, clear))
    }

    pub(super) fn decrypt(
        &mut self,
        label: &str,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Clear, DeviceError> {
        self.run(|session, id| object::decrypt(session, id, label, nonce, aad, sealed))
    }

    pub(super) fn wrap(&mut self, label: &str, clear: &Clear) -> Result<Vec<u8>, DeviceError> {
        self.run(|session, id| object::wrap(session, id, label, clear))
    }

    pub(super) fn unwrap(&mut self, label: &str, wrapped: &[u8]) -> Result<Clear, DeviceError> {
        self.run(|session, id| object::unwrap(session, id, label, wrapped))
    }

    /// Does it in the session, and where that fails once more in a new one: the device may have been away meanwhile,
    /// and a token that was taken out does not refuse, but has no keys any more. A key that does not open is tried
    /// twice too, for errors are not told apart.
    fn run<R>(&mut self, act: impl Fn(&Session, &[u8]) -> Result<R, Failed>) -> Result<R, DeviceError> {
        let mut starts = calls();
        let kept = self.open.take().filter(|open| open.start == *starts);
        if let Some(open) = kept {
            if let Ok(done) = act(&open.session, &self.config.key_id) {
                self.open = Some(open);
                return Ok(done);
            }
            close(open);
            self.restart(&mut starts);
        }
        let open = match self.login(*starts) {
            Err(DeviceError::Away | DeviceError::Token) => {
                self.restart(&mut starts);
                self.login(*starts)?
            }
            login => login?,
        };
        let done = act(&open.session, &self.config.key_id);
        if matches!(done, Err(Failed::Device)) {
            close(open);
        } else {
            self.open = Some(open);
        }
        done.map_err(told)
    }

    /// The same in a session that may write, which is there for this alone. The login is the program's.
    fn write(&mut self, act: impl Fn(&Session, &[u8]) -> Result<(), Failed>) -> Result<(), DeviceError> {
        self.run(|_, _| Ok(()))?;
        let _calls = calls();
        let (Some(module), Some(open)) = (&self.module, &self.open) else { return Err(DeviceError::Away) };
        let writing = module.open_rw_session_no_drop(open.slot).map_err(|_| DeviceError::Away)?;
        let done = act(&writing, &self.config.key_id).map_err(told);
        let _ = writing.close();
        done
    }

    /// Ends what the module knows of its tokens. It looks at them anew at the next login.
    fn restart(&mut self, starts: &mut u64) {
        if let Some(module) = self.module.take() {
            let _ = module.finalize();
        }
        *starts += 1;
    }

    fn login(&mut self, start: u64) -> Result<Open, DeviceError> {
        let module = self.module()?;
        let slot = slot(&module, &self.config.token)?;
        let info = module.get_token_info(slot).map_err(|_| DeviceError::Away)?;
        if self.refused {
            return Err(DeviceError::Login);
        }
        if info.user_pin_locked() || info.user_pin_final_try() {
            return Err(DeviceError::LastTry);
        }
        let session = module.open_ro_session_no_drop(slot).map_err(|_| DeviceError::Away)?;
        let open = Open { slot, session, start };
        // As long as it is, so that no growing leaves a copy behind; it wipes itself.
        let pin = AuthPin::from(String::from(self.pin.expose()));
        match open.session.login(UserType::User, Some(&pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(open),
            Err(_) => {
                self.refused = true;
                close(open);
                Err(DeviceError::Login)
            }
        }
    }

    fn module(&mut self) -> Result<Pkcs11, DeviceError> {
        if let Some(module) = &self.module {
            return Ok(module.clone());
        }
        let module = Pkcs11::new(&self.config.module).map_err(|_| DeviceError::Module)?;
        match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(_) => return Err(DeviceError::Module),
        }
        self.module = Some(module.clone());
        Ok(module)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let starts = calls();
        if let Some(open) = self.open.take().filter(|open| open.start == *starts) {
            close(open);
        }
    }
}

fn calls() -> MutexGuard<'static, u64> {
    CALLS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The token ends the login with the program's last session (PKCS#11 2.40, 5.6: `C_CloseSession`).
fn close(open: Open) {
    let _ = open.session.close();
}

fn told(failed: Failed) -> DeviceError {
    match failed {
        Failed::Device => DeviceError::Away,
        Failed::Found(found) => found,
    }
}

fn slot(module: &Pkcs11, label: &str) -> Result<Slot, DeviceError> {
    let slots = module.get_slots_with_token().map_err(|_| DeviceError::Away)?;
    let mut found = slots.into_iter().filter(|slot| {
        module
            .get_token_info(*slot)
            .is_ok_and(|info| info.token_initialized() && info.label().trim() == label)
    });
    match (found.next(), found.next()) {
        (Some(slot), None) => Ok(slot),
        _ => Err(DeviceError::Token),
    }
}
