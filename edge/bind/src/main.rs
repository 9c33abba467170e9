//! `bind-edge WASM FOLDER` writes what loads a compiled Worker: `FOLDER/index.js` and
//! `FOLDER/index_bg.wasm`.
//!
//! This is wasm-bindgen's own library, called with the options that a Worker needs. Its command
//! line and `worker-build` would be two more programs to install, and the second of them needs
//! OpenSSL.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::{env, fs};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [wasm, folder] = arguments.as_slice() else {
        anyhow::bail!(
            "two arguments are needed, the compiled Worker and the folder to write to: bind-edge WASM FOLDER"
        );
    };
    bind(Path::new(wasm), Path::new(folder))
        .with_context(|| format!("cannot make bindings for {wasm}"))
}

fn bind(wasm: &Path, folder: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(wasm)
        .out_name("index")
        // A module that makes its instance when it is loaded, as a Worker starts.
        .module(true)?
        // After a crash the next call makes a new instance, and a crash is noticed where Rust
        // cannot.
        .reset_state_function(true)
        .force_enable_abort_handler(true)
        .generate(folder)?;
    import_as_workers_do(&folder.join("index.js"))
}

/// A Worker gets a compiled module by a plain import, where the standard says `import source`.
fn import_as_workers_do(module: &Path) -> Result<()> {
    const STANDARD: &str = "import source ";
    let text = fs::read_to_string(module)?;
    ensure!(
        text.contains(STANDARD),
        "{} has no '{STANDARD}', so it does not load the Worker",
        module.display()
    );
    Ok(fs::write(module, text.replace(STANDARD, "import "))?)
}
