//! A check that the example fault file can be parsed.

use geusemaker_testkit::Fault;

#[test]
fn example_fault_file_can_be_read() {
    let faults = Fault::parse_file(include_str!("../../examples/faults.toml"));
    assert_eq!(
        faults
            .map(|faults| faults.len())
            .map_err(|error| error.to_string()),
        Ok(7)
    );
}
