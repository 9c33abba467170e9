//! Nothing: this package is its tests, benchmarks and examples, and cargo wants a library to put
//! them beside.
