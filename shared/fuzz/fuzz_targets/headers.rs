//! Values of request and response headers.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared_fuzz::text::headers(bytes);
});
