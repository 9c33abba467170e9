//! A session of the stream.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|body: &[u8]| {
    shared_fuzz::streams::session(body);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    shared_fuzz::mutate::in_place(data, size, max_size, seed, libfuzzer_sys::fuzzer_mutate)
});
