//! One request, as an endpoint sees it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use coffer_core::RequestId;
use coffer_types::limits;
use http_body_util::BodyExt;
use hyper::{
    Method,
    body::{Body, Incoming},
    header::{AUTHORIZATION, HeaderMap, HeaderName},
};
use zeroize::Zeroizing;

use crate::{query::path_part, reply::Reply, serve::Aside};

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// More than `limits::BODY_BYTES`, or than its reader takes.
    #[error("The body is larger than this server accepts.")]
    TooLarge,
    /// Not complete after `limits::BODY_READ_SECONDS`.
    #[error("The body did not arrive in time.")]
    TooSlow,
    /// The connection failed, or the body's framing is wrong.
    #[error("The body could not be read.")]
    Broken,
}

/// A request whose head was read and whose route is known. The body is read when an endpoint asks for it, after
/// the caller is known.
pub(crate) struct Call {
    pub(crate) request: RequestId,
    pub(crate) origin: IpAddr,
    method: Method,
    headers: HeaderMap,
    template: &'static str,
    params: Vec<(&'static str, String)>,
    query: Option<String>,
    body: Option<Incoming>,
    /// Where the bytes of the body are, if not in hyper's hands.
    aside: Option<Aside>,
    /// Headers that the answer gets, whatever it is.
    told: Vec<(HeaderName, String)>,
    /// The credential's name, once the caller is known.
    actor: Option<Arc<str>>,
}

impl Call {
    pub(crate) fn new(
        request: RequestId,
        origin: IpAddr,
        (method, headers): (Method, HeaderMap),
        (template, params): (&'static str, Vec<(&'static str, String)>),
        query: Option<String>,
        (body, aside): (Incoming, Option<Aside>),
    ) -> Self {
        Self {
            request,
            origin,
            method,
            headers,
            template,
            params,
            query,
            body: Some(body),
            aside,
            told: Vec::new(),
            actor: None,
        }
    }

    /// The route's path, with names for the parts that vary.
    pub(crate) fn template(&self) -> &'static str {
        self.template
    }

    /// Method, path and query as one text: route and parameters say the same for two requests that are one.
    pub(crate) fn target(&self) -> String {
        // However a part of the path is spelled, it is the same part. Their lengths keep them apart.
        let params = self.params.iter().map(|(name, value)| {
            let value = path_part(value).unwrap_or_else(|| value.clone());
            format!("{name}={}:{value}", value.len())
        });
        let params: Vec<String> = params.collect();
        format!("{} {} {} {}", self.method, self.template, params.join("/"), self.query())
    }

    /// Everything behind the question mark, as it was sent.
    pub(crate) fn query(&self) -> &str {
        self.query.as_deref().unwrap_or_default()
    }

    /// All headers.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Gives the answer a header, whatever the answer will be. The last word on a name counts.
    pub(crate) fn tell(&mut self, name: HeaderName, value: String) {
        self.told.retain(|(known, _)| *known != name);
        self.told.push((name, value));
    }

    /// The answer with the headers that it was given on the way.
    pub(crate) fn told(&self, reply: Reply) -> Reply {
        self.told.iter().fold(reply, |reply, (name, value)| reply.header(name.clone(), value))
    }

    /// Notes who calls, for what is refused later.
    pub(crate) fn know(&mut self, actor: &Arc<str>) {
        self.actor = Some(Arc::clone(actor));
    }

    /// Who calls, if that is known.
    pub(crate) fn actor(&self) -> Option<&Arc<str>> {
        self.actor.as_ref()
    }

    /// A header's text; none when it is absent, given twice, or not visible ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        value.to_str().ok()
    }

    /// Whether a header is there at all.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// The `Authorization` header's text.
    pub(crate) fn authorization(&self) -> Option<&str> {
        self.header(AUTHORIZATION.as_str())
    }

    /// A part of the path that the route names.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    /// The whole body, in one buffer that is wiped.
    pub(crate) async fn body(&mut self) -> Result<Zeroizing<Vec<u8>>, BodyError> {
        let Some(body) = self.body.take() else { return Ok(Zeroizing::new(Vec::new())) };
        let longest = Duration::from_secs(limits::BODY_READ_SECONDS);
        let read = tokio::time::timeout(longest, read_request(body, self.aside.take()));
        read.await.unwrap_or(Err(BodyError::TooSlow))
    }
}

impl Call {
    /// Takes in a body that nobody has read, so that the connection can serve the next request. True when it is gone,
    /// or there was none; false when it is too large or too slow, and the connection has to end.
    pub(crate) async fn discard_body(&mut self) -> bool {
        let Some(body) = self.body.take() else { return true };
        if body.is_end_stream() {
            return true;
        }
        let longest = Duration::from_secs(limits::BODY_DISCARD_SECONDS);
        let read = tokio::time::timeout(longest, read_request(body, self.aside.take()));
        matches!(read.await, Ok(Ok(_)))
    }
}

/// A whole body of a request. Of one that goes aside hyper has the count alone.
async fn read_request(mut body: Incoming, aside: Option<Aside>) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    let Some(aside) = aside else { return read(body, limits::BODY_BYTES).await };
    while let Some(frame) = body.frame().await {
        frame.map_err(|_| BodyError::Broken)?;
    }
    Ok(aside.take())
}

/// A whole body of at most `most` bytes, in one buffer that is wiped.
pub(crate) async fn read(mut body: Incoming, most: usize) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    let announced = body.size_hint();
    if announced.lower() > most as u64 {
        return Err(BodyError::TooLarge);
    }
    // Sized once: a buffer that grows leaves unwiped copies behind.
    let capacity = announced.exact().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(most);
    let mut buffer = Zeroizing::new(Vec::with_capacity(capacity.min(most)));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyError::Broken)?;
        if let Ok(data) = frame.into_data() {
            if buffer.len() + data.len() > most {
                return Err(BodyError::TooLarge);
            }
            buffer.extend_from_slice(&data);
        }
    }
    Ok(buffer)
}
