//! File descriptors: clients must not take those that collecting, the store and the log need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are kept back: exchanges, Redis, listeners, the runtime, the log. About thirty
/// are open in operation.
const OWN: usize = 96;

/// The least number of client connections, whatever the limit.
const LEAST: usize = 16;

/// Raises the process's soft limit of open files to its hard limit. Returns how many of the
/// `wanted` connections fit into it.
#[must_use]
pub fn raise_limit(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            limit.current
        }
    };
    // No limit at all.
    let Some(files) = current.map(|files| usize::try_from(files).unwrap_or(usize::MAX)) else {
        return wanted;
    };
    let fitting = fitting(files, wanted);
    if fitting < wanted {
        tracing::warn!(
            files,
            wanted,
            fitting,
            "MAX_CONNECTIONS is more than the limit of open files (ulimit -n) allows"
        );
    }
    fitting
}

fn fitting(files: usize, wanted: usize) -> usize {
    wanted.min(files.saturating_sub(OWN).max(LEAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_never_take_what_the_process_needs_itself() {
        assert_eq!(fitting(65_536, 4_096), 4_096);
        assert_eq!(fitting(1_024, 4_096), 928);
        assert_eq!(fitting(200, 4_096), 104);
        assert_eq!(fitting(64, 4_096), LEAST);
        assert_eq!(fitting(usize::MAX, 4_096), 4_096);
    }
}
