//! What every user agent server answers by itself: OPTIONS, and what it can't
//! do (RFC 3261 §8.2, §11.2).

use crate::header::{HeaderName, Require};
use crate::message::{Message, Method, StatusCode};
use crate::stack::core::Core;
use crate::stack::reply::{Answer, Responder};
use crate::stack::request::Request;
use crate::uri::UriView;

/// The methods that are understood here.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS";

/// The extensions that are understood here.
const SUPPORTED: &str = "";

/// 200 with everything that we can (§11.2).
pub(crate) fn answer(core: &mut Core, responder: &Responder) {
    let accept = core.config.accept.join(", ");
    let headers = [
        ("Allow", ALLOW),
        ("Accept", &*accept),
        ("Accept-Encoding", "identity"),
        ("Accept-Language", "*"),
        ("Supported", SUPPORTED),
    ];
    core.respond(responder, &Answer { headers: &headers, ..Answer::new(StatusCode::OK) });
}

/// A method that has no place here: 405, or 501 if we never heard of it (§8.2.1).
pub(crate) fn refuse_method(core: &mut Core, responder: &Responder, method: &Method) {
    let code = match method {
        Method::Other(_) => StatusCode::NOT_IMPLEMENTED,
        _ => StatusCode::METHOD_NOT_ALLOWED,
    };
    let headers = [("Allow", ALLOW)];
    core.respond(responder, &Answer { headers: &headers, ..Answer::new(code) });
}

/// Answers what we can't do with this request, whatever its method; true if it
/// has been answered (§8.2.2, §8.2.3).
pub(crate) fn refuse(core: &mut Core, responder: &Responder, request: &Request<'_>) -> bool {
    let message = request.message;
    refuse_scheme(core, responder, request)
        || refuse_extensions(core, responder, message)
        || (*request.method == Method::Invite
            && (refuse_body(core, responder, message) || refuse_accept(core, responder, message)))
}

fn refuse_scheme(core: &mut Core, responder: &Responder, request: &Request<'_>) -> bool {
    match request.essentials.uri {
        Some(UriView::Sip(_)) => false,
        _ => {
            core.respond_code(responder, StatusCode::UNSUPPORTED_URI_SCHEME);
            true
        }
    }
}

fn refuse_extensions(core: &mut Core, responder: &Responder, request: &Message) -> bool {
    let mut unknown = String::new();
    for required in request.all::<Require<'_>>().flatten() {
        if !unknown.is_empty() {
            unknown.push_str(", ");
        }
        unknown.push_str(required.0);
    }
    if unknown.is_empty() {
        return false;
    }
    let headers = [("Unsupported", &*unknown)];
    core.respond(
        responder,
        &Answer { headers: &headers, ..Answer::new(StatusCode::BAD_EXTENSION) },
    );
    true
}

fn refuse_body(core: &mut Core, responder: &Responder, request: &Message) -> bool {
    if request.body().is_empty() {
        return false;
    }
    let plain = request
        .value(HeaderName::ContentEncoding)
        .is_none_or(|coding| coding.eq_ignore_ascii_case("identity"));
    let known = request.value(HeaderName::ContentType).is_some_and(|value| {
        media_type(value).is_some_and(|found| {
            core.config.accept.iter().any(|accept| accept.eq_ignore_ascii_case(&found))
        })
    });
    // A body that the sender does not insist on is no reason to refuse.
    let optional = request
        .value(HeaderName::ContentDisposition)
        .is_some_and(|value| value.to_ascii_lowercase().contains("handling=optional"));
    if (plain && known) || optional {
        return false;
    }
    let accept = core.config.accept.join(", ");
    let headers = [("Accept", &*accept), ("Accept-Encoding", "identity")];
    let code = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    core.respond(responder, &Answer { headers: &headers, ..Answer::new(code) });
    true
}

/// The peer takes no session description that we could answer with: 406.
fn refuse_accept(core: &mut Core, responder: &Responder, request: &Message) -> bool {
    let mut ranges = request.values(HeaderName::Accept).flat_map(|value| value.split(','));
    let fits = |range: &str| {
        let Some(range) = media_type(range) else { return true };
        core.config.accept.iter().any(|ours| {
            let kind = ours.split('/').next().unwrap_or_default();
            range == "*/*"
                || range.eq_ignore_ascii_case(ours)
                || range.strip_suffix("/*").is_some_and(|r| r.eq_ignore_ascii_case(kind))
        })
    };
    if !request.contains(HeaderName::Accept) || ranges.any(fits) {
        return false;
    }
    let warning = format!("399 - \"only {} here\"", core.config.accept.join(", "));
    let headers = [("Warning", &*warning)];
    let code = StatusCode::new(406).unwrap_or(StatusCode::NOT_ACCEPTABLE_HERE);
    core.respond(responder, &Answer { headers: &headers, ..Answer::new(code) });
    true
}

/// `type/subtype` without its parameters.
fn media_type(value: &str) -> Option<String> {
    let mut parts = value.split(';').next().unwrap_or_default().split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(kind), Some(subtype), None) => Some(format!("{}/{}", kind.trim(), subtype.trim())),
        _ => None,
    }
}
