//! Secrets, from a variable or from the file that another variable names. Exactly one of the two
//! may be set.

use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::path::Path;

/// How much of a secret's file is read, bytes: more than any secret, and an end for a device.
const MAX_SECRET_FILE_BYTES: u64 = 4_096;

/// Reads a secret from the variable's `value` or from `file`; `None` where neither is set. Errors
/// never quote the text.
pub(super) fn secret_of<T, E: fmt::Display>(
    (variable, file_variable): (&str, &str),
    value: Option<OsString>,
    file: Option<&Path>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, String> {
    let parsed = |name: &str, text: &str| {
        parse(text)
            .map(Some)
            .map_err(|error| format!("{name} (not shown, for it is a secret): {error}\n"))
    };
    match (value, file) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(format!(
            "{variable} and {file_variable} are both set: unset one of them\n"
        )),
        // Text that is not Unicode is refused by `parse` at its first replacement character.
        (Some(text), None) => parsed(variable, &text.to_string_lossy()),
        (None, Some(path)) => {
            let text = read_secret_file(path).map_err(|error| {
                format!("{file_variable}: reading {}: {error}\n", path.display())
            })?;
            // Editors end a file with a line break.
            parsed(file_variable, text.trim_ascii_end())
        }
    }
}

fn read_secret_file(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(MAX_SECRET_FILE_BYTES)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
