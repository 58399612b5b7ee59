//! Finds the LLVM tools that read the profiles of an instrumented program.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process;

/// `llvm-cov` and `llvm-profdata` of the compiler's LLVM version; other versions may not understand its format.
#[derive(Debug, PartialEq)]
pub(crate) struct LlvmTools {
    pub(crate) cov: PathBuf,
    pub(crate) profdata: PathBuf,
}

impl LlvmTools {
    /// Searches the places where rustup and Linux distributions install the tools.
    pub(crate) fn find() -> Result<Self> {
        if let (Some(cov), Some(profdata)) = (env::var_os("LLVM_COV"), env::var_os("LLVM_PROFDATA"))
        {
            return Ok(Self {
                cov: cov.into(),
                profdata: profdata.into(),
            });
        }
        let rustc = Rustc::ask()?;
        let path = env::var_os("PATH").unwrap_or_default();
        candidates(&rustc, env::split_paths(&path))
            .find(|tools| tools.cov.is_file() && tools.profdata.is_file())
            .with_context(|| {
                format!(
                    "llvm-cov and llvm-profdata of LLVM {0} are not installed: \
                     `rustup component add llvm-tools`, or `apt-get install llvm-{0}`",
                    rustc.llvm_major
                )
            })
    }
}

/// The facts about the compiler that decide which tools fit.
struct Rustc {
    sysroot: PathBuf,
    host: String,
    llvm_major: u32,
}

impl Rustc {
    fn ask() -> Result<Self> {
        let rustc = || Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        let version = process::output(rustc().arg("-vV"))?;
        let sysroot = process::output(rustc().args(["--print", "sysroot"]))?;
        Self::from_answers(&version, &sysroot).context("`rustc -vV` names no host or LLVM version")
    }

    fn from_answers(version: &str, sysroot: &str) -> Option<Self> {
        let field = |name| {
            version
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .map(str::trim)
        };
        Some(Self {
            sysroot: sysroot.trim().into(),
            host: field("host:")?.to_owned(),
            llvm_major: field("LLVM version:")?.split('.').next()?.parse().ok()?,
        })
    }
}

/// Returns the possible paths of the tools, best first: rustup's component, versioned names on the PATH, Debian's own
/// directory.
fn candidates(
    rustc: &Rustc,
    path: impl Iterator<Item = PathBuf>,
) -> impl Iterator<Item = LlvmTools> {
    let major = rustc.llvm_major;
    let in_directory = |directory: &Path, suffix: &str| LlvmTools {
        cov: directory.join(format!("llvm-cov{suffix}")),
        profdata: directory.join(format!("llvm-profdata{suffix}")),
    };
    let component = rustc
        .sysroot
        .join("lib/rustlib")
        .join(&rustc.host)
        .join("bin");
    let debian = PathBuf::from(format!("/usr/lib/llvm-{major}/bin"));
    [in_directory(&component, env::consts::EXE_SUFFIX)]
        .into_iter()
        .chain(path.map(move |directory| in_directory(&directory, &format!("-{major}"))))
        .chain([in_directory(&debian, "")])
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &str = "rustc 1.95.0\nhost: x86_64-unknown-linux-gnu\nLLVM version: 22.1.2\n";

    /// The version is the one of the compiler's LLVM.
    #[test]
    fn rustup_tools_are_preferred() {
        let rustc = Rustc::from_answers(VERSION, "/rust\n").unwrap();
        let all: Vec<_> = candidates(&rustc, ["/usr/bin".into()].into_iter())
            .map(|tools| (tools.cov, tools.profdata))
            .collect();
        let expected = [
            (
                "/rust/lib/rustlib/x86_64-unknown-linux-gnu/bin/llvm-cov",
                "/rust/lib/rustlib/x86_64-unknown-linux-gnu/bin/llvm-profdata",
            ),
            ("/usr/bin/llvm-cov-22", "/usr/bin/llvm-profdata-22"),
            (
                "/usr/lib/llvm-22/bin/llvm-cov",
                "/usr/lib/llvm-22/bin/llvm-profdata",
            ),
        ];
        assert_eq!(
            all,
            expected.map(|(cov, profdata)| (cov.into(), profdata.into()))
        );
    }

    #[test]
    fn compiler_without_llvm_is_not_misread() {
        assert!(Rustc::from_answers("rustc 1.95.0\nhost: x\n", "/rust").is_none());
    }
}
