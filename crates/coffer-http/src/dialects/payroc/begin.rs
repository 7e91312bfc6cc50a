//! How every request of a merchant's server that makes or changes something begins, in the order of the reference
//! (section 9): who calls, for which terminal, what is spoken, the body, and the idempotency key.

use zeroize::Zeroizing;

use super::{
    auth::{self, At, Caller},
    error::Problem,
    media,
    once::Asking,
};
use crate::{app::App, call::Call};

/// A request that may be looked up and carried out.
pub(super) struct Begun {
    pub(super) caller: Caller,
    pub(super) body: Zeroizing<Vec<u8>>,
    pub(super) asking: Asking,
}

/// Of a request whose path names a terminal.
pub(super) async fn at_terminal<'a>(app: &'a App, call: &mut Call) -> Result<(Begun, At<'a>), Problem> {
    let caller = auth::caller(app, call)?;
    let at = caller.terminal(app, call)?;
    Ok((with(caller, call).await?, at))
}

/// Of a request whose body names it.
pub(super) async fn anywhere(app: &App, call: &mut Call) -> Result<Begun, Problem> {
    let caller = auth::caller(app, call)?;
    with(caller, call).await
}

async fn with(caller: Caller, call: &mut Call) -> Result<Begun, Problem> {
    call.know(&caller.act.actor);
    media::of_write(call)?;
    let body = call.body().await?;
    let asking = Asking::of(call, &body)?;
    Ok(Begun { caller, body, asking })
}
