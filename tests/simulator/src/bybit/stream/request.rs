//! What a client may ask of an open stream, and how it is answered.
//!
//! Bybit's words where they are established; its answers to what is no request at all are not.

use serde::{Deserialize, Serialize};

/// A request as it comes.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    #[serde(default)]
    pub(super) req_id: Option<String>,
    pub(super) op: String,
    #[serde(default)]
    pub(super) args: Vec<String>,
}

impl Request {
    /// Reads a request; the error is what the client is told.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("error:request is invalid,{error}"))
    }
}

/// An answer, fields in Bybit's order.
#[derive(Debug, Serialize)]
pub(super) struct Answer<'a> {
    pub(super) success: bool,
    pub(super) ret_msg: &'a str,
    pub(super) conn_id: &'a str,
    pub(super) req_id: &'a str,
    pub(super) op: &'a str,
}

impl Answer<'_> {
    pub(super) fn text(&self) -> String {
        // These types have no value that JSON cannot express.
        serde_json::to_string(self).unwrap_or_default()
    }
}
