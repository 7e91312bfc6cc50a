//! What the configuration may say.

use coffer_types::limits;

use super::server::Authority;
use crate::upstream::{Upstream, UpstreamError, tls::AUTHORITIES_BYTES};

#[test]
fn the_time_has_bounds() {
    let mut settings = Authority::new().settings(1);
    for seconds in [1, limits::UPSTREAM_SECONDS, limits::UPSTREAM_SECONDS_MAX] {
        settings.seconds = seconds;
        assert!(Upstream::new(&settings).is_ok(), "{seconds}");
    }
    for seconds in [0, limits::UPSTREAM_SECONDS_MAX + 1, u64::MAX] {
        settings.seconds = seconds;
        assert_eq!(Upstream::new(&settings).err(), Some(UpstreamError::Seconds), "{seconds}");
    }
}

#[test]
fn an_address_that_nobody_named_is_refused_at_once() {
    let mut settings = Authority::new().settings(1);
    for (url, is_named) in [
        ("https://127.0.0.1", true),
        ("https://[::ffff:127.0.0.1]", true),
        ("https://8.8.8.8", true),
        ("https://10.0.0.1", false),
        ("https://169.254.169.254", false),
        ("https://[::1]", false),
        ("https://[::127.0.0.1]", false),
    ] {
        settings.url = url.to_owned();
        let error = Upstream::new(&settings).err();
        assert_eq!(error, (!is_named).then_some(UpstreamError::PrivateAddress), "{url}");
    }
}

#[test]
fn a_file_of_authorities_holds_certificates() {
    let pem = Authority::new().pem();
    let text = String::from_utf8(pem.clone()).unwrap();
    let broken = text.replace("\nMII", "\nMIA");
    assert_ne!(text, broken);
    let mut settings = Authority::new().settings(1);
    for (file, error) in [
        (pem.clone(), None),
        ([pem.clone(), Authority::new().pem()].concat(), None),
        (Vec::new(), Some(UpstreamError::Authorities)),
        (b"nothing of the kind".to_vec(), Some(UpstreamError::Authorities)),
        (broken.into_bytes(), Some(UpstreamError::Authorities)),
        (
            [pem.clone(), b"-----BEGIN CERTIFICATE-----\nAAAA\n".to_vec()].concat(),
            Some(UpstreamError::Authorities),
        ),
        (vec![b'\n'; AUTHORITIES_BYTES + 1], Some(UpstreamError::AuthoritiesSize)),
    ] {
        settings.authorities = Some(file);
        assert_eq!(Upstream::new(&settings).err(), error);
    }
}

#[test]
fn neither_an_error_nor_a_debug_form_repeats_a_url() {
    let mut settings = Authority::new().settings(1);
    settings.url = "https://name:hidden@pay.example/".to_owned();
    let error = Upstream::new(&settings).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hidden"));
    settings.url = "https://pay.example/base".to_owned();
    let shown = format!("{:?}", Upstream::new(&settings).unwrap());
    assert_eq!(shown, "Upstream { host: \"pay.example\", .. }");
}
