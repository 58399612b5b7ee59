//! `cargo xtask layers`: checks that the folders of a crate import each other in one direction only.

mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use self::imports::Source;
use crate::workspace::Workspace;

/// The crates that are checked. To move a module up or down, move its name in this table.
const CRATES: [Layers; 1] = [Layers {
    sources: "geusemaker-core/src",
    order: &[
        "words",
        "error_chain",
        "library_error",
        "mutex",
        "task",
        "timestamp",
        "id",
        "kind",
        "resource_key",
        "resource_ref",
        "leftover",
        "aws",
        "user_data",
        "price",
        "spec",
        "progress",
        "wait",
        "resource",
        "plan",
        "verify",
        "policy",
        "cost",
        "journal",
        "remote_error",
        "error",
        "account",
        "remote",
        "ledger",
        "deployment",
        "session",
        "graph",
    ],
    // A spec is turned into user data, and the limits of user data are checked where a spec is read.
    mutual: &[("spec", "user_data")],
}];

/// The most files that may import each other in a ring.
const LONGEST_RING: usize = 3;

/// The order of the modules of one crate. Tests and the root of the crate are free of it.
struct Layers {
    /// The folder of the sources, relative to the root of the workspace.
    sources: &'static str,
    /// The modules of the crate's root from the ground up: each imports only from those before it.
    order: &'static [&'static str],
    /// The pairs that may import each other.
    mutual: &'static [(&'static str, &'static str)],
}

/// The text of each file of a crate, by its path below the sources.
type Files = BTreeMap<String, String>;

pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    let mut faults = Vec::new();
    for layers in &CRATES {
        let files = read(&workspace.root.join(layers.sources))?;
        faults.extend(layers.check(&files));
    }
    for fault in &faults {
        eprintln!("{fault}\n");
    }
    ensure!(
        faults.is_empty(),
        "{} to fix; the order of the modules stands in xtask/src/layers/mod.rs",
        match faults.len() {
            1 => "1 fault".to_owned(),
            faults => format!("{faults} faults"),
        }
    );
    Ok(())
}

/// Reads all Rust files below a folder.
fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        let entries = std::fs::read_dir(&inner)
            .with_context(|| format!("cannot read the folder {}", inner.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                let name = path.strip_prefix(folder).unwrap_or(&path);
                files.insert(name.to_string_lossy().replace('\\', "/"), text);
            }
        }
    }
    Ok(files)
}

/// An import that the order does not allow.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    Upwards {
        file: String,
        line: usize,
        path: String,
        from: String,
        to: String,
    },
    Ring {
        files: Vec<String>,
        imports: Vec<String>,
    },
    NotInTable {
        module: String,
    },
    NotInCrate {
        module: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upwards {
                file,
                line,
                path,
                from,
                to,
            } => write!(
                f,
                "{file}:{line}: {from} imports crate::{path}, and {to} is the layer above\n  \
                 move the imported item down into {from} or below, or this code up into {to}"
            ),
            Self::Ring { files, imports } => write!(
                f,
                "{} files import each other in a ring, {LONGEST_RING} may: {}\n  {}\n  \
                 move the items that several of them need into a file that imports none of them",
                files.len(),
                files.join(", "),
                imports.join("\n  ")
            ),
            Self::NotInTable { module } => write!(
                f,
                "the module {module} has no place in the order\n  add its name to the table, above \
                 the modules that it imports"
            ),
            Self::NotInCrate { module } => write!(
                f,
                "the order names {module}, and the crate has no such module\n  remove it from the table"
            ),
        }
    }
}

/// An import of one file by another.
struct Edge {
    from: String,
    to: String,
    line: usize,
    path: Vec<String>,
    reexported: bool,
}

impl Layers {
    fn check(&self, files: &Files) -> Vec<Fault> {
        let tree = Tree::new(files);
        let edges = tree.edges();
        let mut faults = self.table_faults(&tree);
        for edge in &edges {
            let (from, to) = (tree.layer(&edge.from), tree.layer(&edge.to));
            if !self.allows(from, to) {
                faults.push(Fault::Upwards {
                    file: format!("{}/{}", self.sources, edge.from),
                    line: edge.line,
                    path: edge.path.join("::"),
                    from: from.to_owned(),
                    to: to.to_owned(),
                });
            }
        }
        faults.extend(self.rings(&edges));
        faults
    }

    /// Returns true if a module may import another, or if the order says nothing about one of the two.
    fn allows(&self, from: &str, to: &str) -> bool {
        let place = |module: &str| self.order.iter().position(|layer| *layer == module);
        let (Some(from_place), Some(to_place)) = (place(from), place(to)) else {
            return true;
        };
        to_place <= from_place
            || self.mutual.contains(&(from, to))
            || self.mutual.contains(&(to, from))
    }

    fn table_faults(&self, tree: &Tree) -> Vec<Fault> {
        let modules: BTreeSet<&str> = tree
            .modules
            .values()
            .map(|file| tree.layer(file))
            .filter(|module| !module.is_empty())
            .collect();
        let table: BTreeSet<&str> = self.order.iter().copied().collect();
        let missing = modules.difference(&table).map(|module| Fault::NotInTable {
            module: (*module).to_owned(),
        });
        let stale = table.difference(&modules).map(|module| Fault::NotInCrate {
            module: (*module).to_owned(),
        });
        missing.chain(stale).collect()
    }

    /// Finds the sets of files that import each other, directly or through one another. Re-exports do not count: a
    /// module that shows its children's items needs none of them.
    fn rings(&self, edges: &[Edge]) -> Vec<Fault> {
        let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for edge in edges.iter().filter(|edge| !edge.reexported) {
            next.entry(&edge.from).or_default().insert(&edge.to);
        }
        let reached: BTreeMap<&str, BTreeSet<&str>> = next
            .keys()
            .map(|file| (*file, reach(file, &next)))
            .collect();
        let mut seen = BTreeSet::new();
        let mut faults = Vec::new();
        for (file, others) in &reached {
            let ring: Vec<&str> = others
                .iter()
                .filter(|other| reached.get(*other).is_some_and(|back| back.contains(file)))
                .copied()
                .collect();
            if ring.len() > LONGEST_RING && seen.insert(ring.clone()) {
                let mut pairs = BTreeSet::new();
                let imports = edges
                    .iter()
                    .filter(|edge| !edge.reexported)
                    .filter(|edge| ring.contains(&edge.from.as_str()))
                    .filter(|edge| ring.contains(&edge.to.as_str()))
                    .filter(|edge| pairs.insert((&edge.from, &edge.to)))
                    .map(|edge| {
                        format!(
                            "{}/{}:{} imports {}",
                            self.sources, edge.from, edge.line, edge.to
                        )
                    })
                    .collect();
                let files = ring.into_iter().map(str::to_owned).collect();
                faults.push(Fault::Ring { files, imports });
            }
        }
        faults
    }
}

/// Returns the files that a file imports, directly or through others.
fn reach<'a>(file: &'a str, next: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file];
    while let Some(file) = open.pop() {
        for other in next.get(file).into_iter().flatten() {
            if reached.insert(*other) {
                open.push(other);
            }
        }
    }
    reached
}

/// The modules of a crate that are not compiled for tests only.
struct Tree {
    /// The file of each module.
    modules: BTreeMap<Vec<String>, String>,
    sources: BTreeMap<String, Source>,
}

impl Tree {
    fn new(files: &Files) -> Self {
        let mut modules: BTreeMap<Vec<String>, String> = files
            .keys()
            .map(|file| (module(file), file.clone()))
            .collect();
        let mut sources: BTreeMap<String, Source> = files
            .iter()
            .map(|(file, text)| (file.clone(), Source::read(text, &module(file))))
            .collect();
        let tests: Vec<Vec<String>> = sources
            .iter()
            .flat_map(|(file, source)| {
                source.test_modules.iter().map(|name| {
                    let mut path = module(file);
                    path.push(name.clone());
                    path
                })
            })
            .collect();
        let is_test = |module: &[String]| tests.iter().any(|test| module.starts_with(test));
        modules.retain(|module, _| !is_test(module));
        sources.retain(|file, _| !is_test(&module(file)));
        Self { modules, sources }
    }

    /// Returns the name of the module of the crate's root that a file belongs to, empty for the root itself.
    fn layer<'a>(&self, file: &'a str) -> &'a str {
        match file.split_once('/') {
            Some((folder, _)) => folder,
            None if is_root(file) => "",
            None => file.trim_end_matches(".rs"),
        }
    }

    /// Returns the imports between different files; those of the crate's root are left out.
    fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (file, source) in self.sources.iter().filter(|(file, _)| !is_root(file)) {
            for import in &source.imports {
                let to = self.file(&import.path);
                if to != file && !is_root(to) {
                    edges.push(Edge {
                        from: file.clone(),
                        to: to.to_owned(),
                        line: import.line,
                        path: import.path.clone(),
                        reexported: import.reexported,
                    });
                }
            }
        }
        edges
    }

    /// Returns the file that a path leads to: through the modules, and from there on through what they re-export.
    fn file(&self, path: &[String]) -> &str {
        let mut path = path.to_vec();
        // A chain of re-exports is short; the limit ends one that leads back to itself.
        for _ in 0..8 {
            let (file, items) = self.module_of(&path);
            let renamed = items.first().and_then(|item| {
                let target = self.sources.get(file)?.names.get(item)?;
                Some([target.as_slice(), &items[1..]].concat())
            });
            match renamed {
                Some(target) if target != path => path = target,
                _ => break,
            }
        }
        self.module_of(&path).0
    }

    /// Splits a path into the file of its innermost module and the items after that.
    fn module_of<'a>(&self, path: &'a [String]) -> (&str, &'a [String]) {
        (0..=path.len())
            .rev()
            .find_map(|length| {
                let file = self.modules.get(&path[..length])?;
                Some((file.as_str(), &path[length..]))
            })
            .unwrap_or(("lib.rs", path))
    }
}

fn is_root(file: &str) -> bool {
    matches!(file, "lib.rs" | "main.rs")
}

/// Returns the module path of a file.
fn module(file: &str) -> Vec<String> {
    if is_root(file) {
        return Vec::new();
    }
    let mut path: Vec<String> = file
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: Layers = Layers {
        sources: "c/src",
        order: &["id", "spec", "user_data", "ledger"],
        mutual: &[("spec", "user_data")],
    };

    fn check(files: &[(&str, &str)]) -> Vec<Fault> {
        let ground = [
            ("lib.rs", "pub use ledger::Ledger; mod ledger;"),
            ("id.rs", ""),
            ("spec/mod.rs", ""),
            ("user_data.rs", ""),
            ("ledger/mod.rs", ""),
        ];
        let files = ground
            .iter()
            .chain(files)
            .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
            .collect();
        LAYERS.check(&files)
    }

    #[test]
    fn import_from_below_is_allowed() {
        let files = [(
            "ledger/mod.rs",
            "use crate::id::Id;\nuse crate::spec::Spec;",
        )];
        assert_eq!(check(&files), []);
    }

    #[test]
    fn import_from_above_is_named() {
        let files = [(
            "spec/text.rs",
            "use crate::id::Id;\n\nuse crate::ledger::Ledger;",
        )];
        let faults = check(&files);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(
            faults[0]
                .to_string()
                .starts_with("c/src/spec/text.rs:3: spec imports crate::ledger::Ledger, and ledger is the layer above")
        );
    }

    #[test]
    fn import_through_reexport_counts_where_item_is() {
        // The root re-exports Ledger.
        let files = [("id.rs", "use crate::Ledger;")];
        assert!(matches!(&check(&files)[..], [Fault::Upwards { to, .. }] if to == "ledger"));
    }

    #[test]
    fn mutual_pair_may_import_each_other() {
        let files = [
            ("spec/mod.rs", "use crate::user_data::UserData;"),
            ("user_data.rs", "use crate::spec::Spec;"),
        ];
        assert_eq!(check(&files), []);
    }

    #[test]
    fn test_module_is_free() {
        let files = [
            (
                "id.rs",
                "#[cfg(test)]\nmod race;\n#[cfg(test)]\nmod tests { use crate::ledger::Ledger; }",
            ),
            ("id/race.rs", "use crate::ledger::Ledger;"),
        ];
        assert_eq!(check(&files), []);
    }

    #[test]
    fn module_outside_table_is_named() {
        let faults = check(&[("orphans.rs", "")]);
        let module = "orphans".to_owned();
        assert_eq!(faults, [Fault::NotInTable { module }]);
    }

    #[test]
    fn ring_of_four_files_is_found() {
        let files = [
            ("ledger/a.rs", "use super::b::B;"),
            ("ledger/b.rs", "use super::c::C;"),
            ("ledger/c.rs", "use super::d::D;"),
            ("ledger/d.rs", "use super::a::A;"),
        ];
        let faults = check(&files);
        assert!(
            matches!(&faults[..], [Fault::Ring { files, imports }] if files.len() == 4 && imports.len() == 4)
        );
    }

    #[test]
    fn ring_of_three_files_is_allowed() {
        let files = [
            ("ledger/a.rs", "use super::b::B;"),
            ("ledger/b.rs", "use super::c::C;"),
            ("ledger/c.rs", "use super::a::A;"),
        ];
        assert_eq!(check(&files), []);
    }

    #[test]
    fn reexport_closes_no_ring() {
        let files = [
            (
                "ledger/mod.rs",
                "pub(crate) mod a; mod b; mod c; mod d; pub use b::B; pub use c::C; pub use d::D; pub use a::A;",
            ),
            ("ledger/a.rs", "use super::B;"),
            ("ledger/b.rs", "use super::C;"),
            ("ledger/c.rs", "use super::D;"),
            ("ledger/d.rs", ""),
        ];
        assert_eq!(check(&files), []);
    }
}
