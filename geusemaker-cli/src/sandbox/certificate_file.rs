//! The file with the certificate that viewers of the sandbox trust.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The file with the certificate that viewers trust. It goes when it is dropped.
pub(super) struct CertificateFile {
    pub(super) path: PathBuf,
}

impl CertificateFile {
    /// Writes a new file into the folder for temporary files.
    pub(super) fn write(port: u16, pem: &str) -> io::Result<Self> {
        let name = format!("gm-sandbox-{}-{port}.pem", std::process::id());
        let path = std::env::temp_dir().join(name);
        // One of a process that was killed may have the name. Nobody else's file is overwritten: it has to be new.
        remove(&path);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        let written = Self { path };
        file.write_all(pem.as_bytes())?;
        Ok(written)
    }
}

impl Drop for CertificateFile {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    // It may be gone already.
    let _ = fs::remove_file(path);
}
