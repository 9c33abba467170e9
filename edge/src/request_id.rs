//! The request ID: the client's own, or a random one.

use shared::headers::request_id::RequestId;
use wasm_bindgen::JsCast;
use web_sys::WorkerGlobalScope;

/// The ID that the client gave its request, or a new one where it gave none that is harmless in a
/// header and a log line.
#[must_use]
pub fn take_or_make(claimed: Option<&str>) -> RequestId {
    RequestId::take_or_make(claimed, || {
        let global: WorkerGlobalScope = js_sys::global().unchecked_into();
        global
            // Without it the ID is empty, and all such requests get one fixed ID: a small loss.
            .crypto()
            .map(|crypto| crypto.random_uuid())
            .unwrap_or_default()
    })
}
