//! Where in a body of each service its data stand.

use serde_json::Value;

/// Where the services keep what they have to say, but for Binance, which says it without a frame.
const PAYLOADS: [&str; 2] = ["result", "data"];

/// The data of a body: the part within the frame of the service.
pub(super) fn payload(body: &mut Value) -> Option<&mut Value> {
    if body.is_array() {
        return Some(body);
    }
    let body = body.as_object_mut()?;
    let name = PAYLOADS.into_iter().find(|name| body.contains_key(*name))?;
    body.get_mut(name)
}
