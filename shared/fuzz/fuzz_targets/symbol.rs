//! A symbol of a path, or of a venue.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared_fuzz::text::symbol(bytes);
});
