//! Work that nobody waits for, but that must not be lost with the request that it belongs to.

use js_sys::{Array, Promise};
use std::cell::RefCell;
use std::future::Future;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

/// What one refresh has started on the side. The promise that keeps the refresh's request alive
/// waits for all of it.
#[derive(Debug, Default)]
pub(super) struct Background(RefCell<Vec<Promise>>);

impl Background {
    /// Starts something that ends by itself.
    pub(super) fn start(&self, work: impl Future<Output = ()> + 'static) {
        let promise = future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        });
        self.0.borrow_mut().push(promise);
    }

    /// Waits for all that was started.
    pub(super) async fn finish(&self) {
        let promises: Array = self.0.take().iter().collect();
        // None of them can be rejected.
        let _ = JsFuture::from(Promise::all(&promises)).await;
    }
}
