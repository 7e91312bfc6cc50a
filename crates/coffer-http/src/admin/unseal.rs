//! `POST /admin/keys/unseal` on a vault that is open: nobody needs to come. (A sealed one answers in `sealed`.)

use hyper::StatusCode;

use super::failed;
use crate::{app::App, call::Call, reply::Reply};

pub(super) async fn post(_: &App, _: &mut Call) -> Reply {
    failed(StatusCode::CONFLICT, "the vault is open: no share is needed")
}
