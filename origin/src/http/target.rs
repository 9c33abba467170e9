//! What a request addresses: one host and a path (RFC 9112, 3.2). The HTTP library does not check
//! it.
//!
//! No answer depends on the host. But a request whose host can be read in two ways may have been
//! read differently by a proxy on its way (request smuggling), so it is refused.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, Version, header};

/// Whether a request is addressed as RFC 9112 demands.
pub(super) fn is_sound(request: &Parts) -> bool {
    has_sound_host(request.version, &request.headers) && has_path(&request.method, &request.uri)
}

/// Exactly one valid `Host`. None is allowed only in versions without that header, or with another
/// place for it.
fn has_sound_host(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host.as_bytes()),
        (None, _) => version != Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// The absolute form has a path as well. `*` addresses the whole server, which only `OPTIONS` may.
fn has_path(method: &Method, uri: &Uri) -> bool {
    uri.path().starts_with('/') || (uri.path() == "*" && method == Method::OPTIONS)
}

/// `uri-host [ ":" port ]` (RFC 3986, 3.2.2). An empty host is valid: it is that of a target
/// without one.
fn is_host(value: &[u8]) -> bool {
    let digits = value
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let before = value.get(..value.len() - digits).unwrap_or_default();
    // Digits at the end are a port only after a colon; otherwise they belong to the host.
    let host = before.strip_suffix(b":").unwrap_or(value);
    match host
        .strip_prefix(b"[")
        .and_then(|rest| rest.strip_suffix(b"]"))
    {
        Some(address) => {
            !address.is_empty()
                && address
                    .iter()
                    .all(|byte| is_name_byte(*byte) || *byte == b':')
        }
        None => is_name(host),
    }
}

/// A registered name or an IPv4 address; a percent sign introduces two hexadecimal digits.
fn is_name(name: &[u8]) -> bool {
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        let is_sound = match byte {
            b'%' => {
                bytes
                    .by_ref()
                    .take(2)
                    .filter(|digit| digit.is_ascii_hexdigit())
                    .count()
                    == 2
            }
            other => is_name_byte(*other),
        };
        if !is_sound {
            return false;
        }
    }
    true
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, Request};

    fn request(method: &str, target: &str, version: Version, hosts: &[&str]) -> Parts {
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .version(version)
            .body(())
            .unwrap();
        for host in hosts {
            request.headers_mut().append(
                header::HOST,
                HeaderValue::from_bytes(host.as_bytes()).unwrap(),
            );
        }
        request.into_parts().0
    }

    #[track_caller]
    fn check_host(host: &str, expected: bool) {
        let request = request("GET", "/", Version::HTTP_11, &[host]);
        assert_eq!(is_sound(&request), expected, "{host:?}");
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for host in [
            "",
            "a",
            "a.example.",
            "A_b-c~d",
            "127.0.0.1",
            "a:",
            "a:80",
            "127.0.0.1:65536",
            "%c3%bc.example",
            "a,b",
            "[::1]",
            "[::1]:",
            "[fe80::1]:80",
            "[v1.a:b]",
            ":80",
        ] {
            check_host(host, true);
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for host in [
            " ", "a b", "a/", "a/b", "u@a", "a?b", "a#b", "a\\b", "a:b", "a:80:80", "a:-1", "::1",
            "[::1", "[]", "[::1]80", "[::1]:x", "[a/b]", "]", "a[", "%", "%6", "%zz", "<a>",
            "\"a\"", "\u{fc}", "http://a",
        ] {
            check_host(host, false);
        }
    }

    #[test]
    fn there_is_one_host_where_the_version_wants_one() {
        for (version, hosts, expected) in [
            (Version::HTTP_11, &[][..], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_2, &[], true),
            (Version::HTTP_11, &["a", "a"], false),
            (Version::HTTP_10, &["a", "b"], false),
            (Version::HTTP_10, &["a b"], false),
        ] {
            assert_eq!(
                is_sound(&request("GET", "/", version, hosts)),
                expected,
                "{version:?} {hosts:?}"
            );
        }
    }

    #[test]
    fn there_is_a_path() {
        for (method, target, expected) in [
            ("GET", "/", true),
            ("GET", "http://b/mobile-data", true),
            ("GET", "http://b", true),
            ("GET", "*", false),
            ("GET", "b:80", false),
            ("CONNECT", "b:80", false),
            ("OPTIONS", "*", true),
        ] {
            assert_eq!(
                is_sound(&request(method, target, Version::HTTP_11, &["a"])),
                expected,
                "{method} {target}"
            );
        }
    }
}
