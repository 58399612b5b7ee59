//! A check that the example fault file can be parsed.

use geusemaker_testkit::FaultFile;

#[test]
fn example_fault_file_can_be_read() {
    let faults = FaultFile::parse(include_str!("../../examples/faults.toml"));
    assert_eq!(
        faults
            .map(|file| (file.faults.len(), file.boot_faults.len()))
            .map_err(|error| error.to_string()),
        Ok((7, 2))
    );
}
