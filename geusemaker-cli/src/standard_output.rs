//! Standard output, which carries the result and nothing else.

use std::io::{self, ErrorKind, Write as _};

use crate::failure::Failure;

/// Writes to standard output, and returns false if nobody reads it any more: that is no failure.
///
/// # Errors
/// Returns an error if the output cannot be written, as on a full disk.
pub(crate) fn write(bytes: &[u8]) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    is_read(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// Writes a line to standard output; see [`write()`].
pub(crate) fn write_line(line: &str) -> Result<bool, Failure> {
    write(format!("{line}\n").as_bytes())
}

/// Returns false for the error of an output that nobody reads.
pub(crate) fn is_read(written: io::Result<()>) -> Result<bool, Failure> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::unwritten(&error)),
    }
}
