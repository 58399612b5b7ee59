//! Files that a person has written: they are short, so a longer one is a mistake, or a device that never ends.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The most bytes of a file.
const MAX: u64 = 1024 * 1024;

/// Reads a file of at most 1 MiB.
pub(super) fn read(path: &Path) -> io::Result<String> {
    read_from(File::open(path)?)
}

/// Reads a text of at most 1 MiB.
pub(super) fn read_from(source: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    source.take(MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX {
        let why = "it has more than 1 MiB";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not valid UTF-8"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, repeat};

    use super::{MAX, read_from};

    #[test]
    fn endless_text_is_refused() {
        assert!(read_from(repeat(0)).is_err());
        assert!(read_from(repeat(b' ').take(MAX + 1)).is_err());
    }

    #[test]
    fn text_of_limit_is_read() {
        let text = read_from(repeat(b' ').take(MAX)).unwrap();
        assert_eq!(text.len() as u64, MAX);
    }
}
