//! The path of a request.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared_fuzz::text::path(bytes);
});
