//! Names for requests that come without one.

use shared::headers::request_id::RequestId;
use wasm_bindgen::JsCast;
use web_sys::WorkerGlobalScope;

/// The name that the client gave its request, or a new one where it has none that can be used.
#[must_use]
pub fn take_or_make(claimed: Option<&str>) -> RequestId {
    RequestId::take_or_make(claimed, || {
        let global: WorkerGlobalScope = js_sys::global().unchecked_into();
        global
            .crypto()
            .map(|crypto| crypto.random_uuid())
            .unwrap_or_default()
    })
}
