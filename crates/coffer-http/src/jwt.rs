//! JWTs as bearers (RFC 7519, RFC 7515): who signed it, until when, and what it then may do.
//!
//! Algorithm and key are the issuer's, fixed in the configuration; the token's header only has to agree. Whatever is
//! missing, of another type, there twice or not understood refuses the token (`reference/security.md` section 9, RFC
//! 8725). Rebilly publishes no list of claims (`reference/rebilly.md` 2.2); ours is in docs/OPERATING.md.

mod issuer;
mod token;

#[cfg(test)]
mod tests;

use std::{collections::HashMap, fmt, net::IpAddr, sync::Arc};

use coffer_core::network;
use coffer_types::{Tenant, Timestamp};
pub use issuer::{
    Algorithm, IssuerFault, IssuerKey, IssuerKind, IssuerSettings, IssuersError, LEEWAY_SECONDS_MAX,
    LIFETIME_SECONDS, UnknownAlgorithm,
};
pub use token::looks_like_jwt;

use self::{
    issuer::Issuer,
    token::{Claims, Parts},
};
use crate::credentials::Acl;

/// Bytes of the longest token that is looked at.
pub const TOKEN_BYTES: usize = 4_096;

/// Who a token is from, once it has been checked. It is for this moment: nothing of it is kept.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The issuer's name in the configuration, which logs and the audit log show.
    pub name: Arc<str>,
    /// A merchant or one customer.
    pub kind: BearerKind,
    /// Whose data it opens, the default one first.
    pub tenants: Vec<Tenant>,
    /// Which operations it may do, of those that its kind may do at all.
    pub acl: Acl,
    /// Whether its issuer makes tokens for pages.
    pub browser: bool,
    /// The claim `sub`, at most 255 characters.
    pub subject: Option<String>,
    /// The claim `jti`, if it is a name: 1 to 64 letters, digits and `_.:~-`, and no card number.
    pub id: Option<Arc<str>>,
}

/// On whose behalf a token was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BearerKind {
    /// A merchant's own services.
    Merchant,
    /// One customer of a merchant (Rebilly's `CustomerJWT`): the storefront's operations, and this customer's data
    /// only.
    Customer {
        /// The claim `customerId`: 1 to 50 of the characters of a path (`reference/rebilly.md`).
        customer: String,
    },
}

impl Bearer {
    /// Whether the token is for this tenant.
    pub fn covers(&self, tenant: Tenant) -> bool {
        self.tenants.contains(&tenant)
    }

    /// Whether it may do this operation on this tenant's data. Whether its kind may do the operation, and on which
    /// customer's data, is the dialect's question.
    pub fn permits(&self, tenant: Tenant, operation: &str) -> bool {
        self.covers(tenant) && self.acl.permits(tenant, operation)
    }

    /// What the audit log tells of the caller's address. A customer's is personal data: only the network.
    pub fn told_origin(&self, address: IpAddr) -> IpAddr {
        match self.kind {
            BearerKind::Merchant => address,
            BearerKind::Customer { .. } => network(address),
        }
    }
}

/// Why a token is refused, in fixed words that the log may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Not three parts of base64url with JSON objects in the first two, or too long.
    #[error("jwt malformed")]
    Malformed,
    /// `iss` is missing, or no issuer of the configuration.
    #[error("jwt of an unknown issuer")]
    Issuer,
    /// `alg` is not the issuer's, `typ` is no JWT, or the header asks for what Coffer does not do.
    #[error("jwt with another algorithm or header than its issuer's")]
    Header,
    /// Not signed by the issuer's key.
    #[error("jwt with a bad signature")]
    Signature,
    /// `aud` is missing or another.
    #[error("jwt for another audience")]
    Audience,
    /// `nbf`, `exp` or `iat` is missing or no time, or `exp` is not after `nbf`.
    #[error("jwt without proper times")]
    Times,
    /// Before `nbf`.
    #[error("jwt not yet valid")]
    NotYetValid,
    /// At `exp` or later.
    #[error("jwt expired")]
    Expired,
    /// Longer than `longest_seconds`.
    #[error("jwt lives too long")]
    TooLong,
    /// `organizationId` is not one of the issuer's, or is needed and missing.
    #[error("jwt for another organization")]
    Organization,
    /// `permissions` is no list of names.
    #[error("jwt with malformed permissions")]
    Permissions,
    /// `customerId` is malformed, missing for a customer, or there for a merchant.
    #[error("jwt with a wrong or missing customer")]
    Customer,
}

/// All issuers of a node.
pub struct Issuers {
    /// By the claim `iss`.
    issuers: HashMap<String, Issuer>,
    organizations: HashMap<String, Tenant>,
}

impl Issuers {
    /// Takes the issuers after it has read each key, and has tried once whether signatures can be made and verified.
    /// `organizations` are those that the claim `organizationId` may name.
    pub fn new(
        settings: Vec<IssuerSettings>,
        organizations: HashMap<String, Tenant>,
    ) -> Result<Self, IssuersError> {
        issuer::test_backend()?;
        let mut issuers = HashMap::<String, Issuer>::new();
        for settings in settings {
            let wrong = |fault| IssuersError::Issuer { name: settings.name.to_string(), fault };
            if issuers.values().any(|issuer| issuer.name == settings.name) {
                return Err(wrong(IssuerFault::SameName));
            }
            if issuers.contains_key(&settings.issuer) {
                return Err(wrong(IssuerFault::SameIssuer));
            }
            let issuer = Issuer::new(&settings).map_err(wrong)?;
            issuers.insert(settings.issuer, issuer);
        }
        Ok(Self { issuers, organizations })
    }

    /// Checks a token at this moment. None refuses it; why is no caller's business.
    pub fn check(&self, token: &str, now: Timestamp) -> Option<Bearer> {
        self.examine(token, now).ok()
    }

    /// The same, with the reason for the operator. What a token says of itself is no reason before its signature is
    /// believed, but for the issuer by whose key that is done.
    pub fn examine(&self, token: &str, now: Timestamp) -> Result<Bearer, TokenFault> {
        let parts = Parts::split(token).ok_or(TokenFault::Malformed)?;
        let header = parts.header().ok_or(TokenFault::Malformed)?;
        let payload = parts.payload().ok_or(TokenFault::Malformed)?;
        let claims = Claims::of(&payload).ok_or(TokenFault::Malformed)?;
        let issuer = claims.text("iss").and_then(|issuer| self.issuers.get(issuer));
        let issuer = issuer.ok_or(TokenFault::Issuer)?;
        let holds = |holds: bool, fault| if holds { Ok(()) } else { Err(fault) };
        holds(header.is_understood(issuer.algorithm.name()), TokenFault::Header)?;
        holds(issuer.has_signed(&parts), TokenFault::Signature)?;
        holds(claims.is_for(&issuer.audience), TokenFault::Audience)?;
        issuer.timely(&claims.times().ok_or(TokenFault::Times)?, now)?;
        let tenants = self.tenants(issuer, &claims).ok_or(TokenFault::Organization)?;
        let acl = match claims.permissions().map_err(|_| TokenFault::Permissions)? {
            None => issuer.acl.clone(),
            Some(permissions) => issuer.acl.cut(&tenants, &permissions),
        };
        let kind = match (issuer.kind, claims.customer().map_err(|_| TokenFault::Customer)?) {
            (IssuerKind::Merchant, None) => BearerKind::Merchant,
            (IssuerKind::Customer, Some(customer)) => BearerKind::Customer { customer: customer.to_owned() },
            // A customer's token is no merchant's, whoever signed it, and the other way round.
            (IssuerKind::Merchant, Some(_)) | (IssuerKind::Customer, None) => {
                return Err(TokenFault::Customer);
            }
        };
        Ok(Bearer {
            name: Arc::clone(&issuer.name),
            kind,
            tenants,
            acl,
            browser: issuer.browser,
            subject: claims.subject().map(str::to_owned),
            id: claims.id().map(Arc::from),
        })
    }

    /// The issuer's tenants, or the one of them that the token names.
    fn tenants(&self, issuer: &Issuer, claims: &Claims<'_>) -> Option<Vec<Tenant>> {
        if !claims.has("organizationId") {
            // A customer's id means somebody else in another organization: which one is meant must be said.
            let one_customer = issuer.kind == IssuerKind::Customer && issuer.tenants.len() > 1;
            return (!one_customer).then(|| issuer.tenants.clone());
        }
        let named = *self.organizations.get(claims.text("organizationId")?)?;
        issuer.tenants.contains(&named).then(|| vec![named])
    }
}

impl fmt::Debug for Issuers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Issuers({})", self.issuers.len())
    }
}
