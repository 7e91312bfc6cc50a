//! Network tokens (section 10): a vault has no connection to the card schemes, so that it answers as an account that is
//! not set up for them.

use super::{
    Operation, auth,
    error::{self, Problem},
    media::{Family, Media},
    operation,
};
use crate::{app::App, call::Call, reply::Reply};

/// One operation, and what is said of it.
macro_rules! never {
    ($module:ident, $id:literal, $method:ident $path:literal, $problem:expr) => {
        pub(crate) mod $module {
            use super::*;

    pub(crate) const OPERATION: Operation = operation!($id, $method $path, [User]);

            /// Answers the operation.
            pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
                let refused = refuse(app, call, &OPERATION).await.err().unwrap_or($problem);
                error::answer(app, call, Family::Tokens, Err(refused)).await
            }
        }
    };
}

never!(provision, "provisionNetworkToken", POST "/tokens/network", Problem::NoNetworkTokens);
never!(cryptogram, "createCryptogram", POST "/tokens/network/cryptograms", Problem::NoNetworkTokens);
never!(read, "getNetworkToken", GET "/tokens/network/{reference}", Problem::NotFound);
never!(delete, "deleteNetworkToken", DELETE "/tokens/network/{reference}", Problem::NoNetworkTokens);

/// Everything that is asked before the answer: the caller, the media types, a body that can be read.
async fn refuse(app: &App, call: &mut Call, operation: &Operation) -> Result<(), Problem> {
    auth::caller(app, call, operation)?;
    if operation.method == hyper::Method::POST {
        Media::of_write(call, Family::Tokens)?;
        call.body().await?;
    } else {
        Media::of_read(call, Family::Tokens)?;
    }
    Ok(())
}
