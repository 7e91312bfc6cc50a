//! An answer, before it becomes bytes on a socket.

use coffer_core::SavedReply;
use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER},
};
use serde::Serialize;

/// `X-Request-Id`: names the request in the answer, the log and the audit log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The media types of answers that are kept.
const JSON_TYPES: [&str; 2] = ["application/json", "application/problem+json"];

/// Status, body and the few headers that an endpoint decides.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    content_type: Option<&'static str>,
    body: Bytes,
    headers: Vec<(HeaderName, HeaderValue)>,
    is_decided: bool,
}

/// A body, and what is given back when it is gone.
struct Held<H> {
    body: Vec<u8>,
    _hold: H,
}

impl<H> AsRef<[u8]> for Held<H> {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Reply {
    /// JSON. A value that cannot be JSON is a fault of the program and becomes a bare 500.
    pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Self {
        let mut body = Vec::with_capacity(1024);
        match serde_json::to_writer(&mut body, value) {
            Ok(()) => Self::new(status, Some("application/json"), Bytes::from(body)),
            Err(_) => Self::empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// JSON with clear details in it: one buffer, which is wiped when the answer is sent.
    pub(crate) fn secret_json<T: Serialize>(status: StatusCode, value: &T) -> Self {
        match coffer_core::wiped_json(value) {
            Ok(body) => Self::new(status, Some("application/json"), Bytes::from_owner(body)),
            Err(_) => Self::empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// JSON that is written already. What `hold` holds is held until it is sent.
    pub(crate) fn held_json<H: Send + 'static>(status: StatusCode, body: Vec<u8>, hold: H) -> Self {
        Self::new(status, Some("application/json"), Bytes::from_owner(Held { body, _hold: hold }))
    }

    /// JSON that is written already.
    pub(crate) fn written_json(status: StatusCode, body: Bytes) -> Self {
        Self::new(status, Some("application/json"), body)
    }

    /// Text for people and scrapers.
    pub(crate) fn text(status: StatusCode, content_type: &'static str, body: String) -> Self {
        Self::new(status, Some(content_type), Bytes::from(body))
    }

    /// No body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::new(status, None, Bytes::new())
    }

    /// What is kept of it, to be given again.
    pub(crate) fn save(&self) -> SavedReply {
        let location = self.headers.iter().find(|(name, _)| *name == LOCATION);
        SavedReply {
            status: self.status.as_u16(),
            content_type: self.content_type.map(str::to_owned),
            location: location.and_then(|(_, value)| value.to_str().ok()).map(str::to_owned),
            body: String::from_utf8_lossy(&self.body).into_owned(),
        }
    }

    /// What was kept, given again.
    pub(crate) fn saved(saved: SavedReply) -> Self {
        let status = StatusCode::from_u16(saved.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let known = |text: String| JSON_TYPES.into_iter().find(|known| **known == *text);
        let reply = Self::new(status, saved.content_type.and_then(known), Bytes::from(saved.body)).decided();
        match saved.location {
            Some(location) => reply.location(&location),
            None => reply,
        }
    }

    fn new(status: StatusCode, content_type: Option<&'static str>, body: Bytes) -> Self {
        Self { status, content_type, body, headers: Vec::new(), is_decided: false }
    }

    /// Another media type for the same body.
    #[must_use]
    pub(crate) fn with_type(mut self, content_type: &'static str) -> Self {
        self.content_type = Some(content_type);
        self
    }

    /// Where the resource is. A location that no header can carry is left out.
    #[must_use]
    pub(crate) fn location(self, location: &str) -> Self {
        self.header(LOCATION, location)
    }

    /// When to try again, in seconds, in place of what was said of it before.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.headers.retain(|(name, _)| *name != RETRY_AFTER);
        self.header(RETRY_AFTER, &seconds.to_string())
    }

    /// The methods that this path has.
    #[must_use]
    pub(crate) fn allow(self, methods: &str) -> Self {
        self.header(ALLOW, methods)
    }

    /// Any other header.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Another one, where there is one.
    #[must_use]
    pub(crate) fn with(self, header: Option<(HeaderName, String)>) -> Self {
        match header {
            Some((name, value)) => self.header(name, &value),
            None => self,
        }
    }

    /// Says that a status of the 500s is what an operator decided, and no fault.
    #[must_use]
    pub(crate) fn decided(mut self) -> Self {
        self.is_decided = true;
        self
    }

    /// Whether we failed.
    pub(crate) fn is_fault(&self) -> bool {
        self.status.is_server_error() && self.status != StatusCode::SERVICE_UNAVAILABLE && !self.is_decided
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What hyper sends. Nothing that Coffer answers may be kept by a cache.
    pub(crate) fn into_response(self, request_id: &str) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(content_type) = self.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert(REQUEST_ID, id);
        }
        headers.extend(self.headers);
        response
    }
}
