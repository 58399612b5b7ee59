//! The example of a file of faults is one.

use geusemaker_testkit::Fault;

#[test]
fn the_example_of_a_file_of_faults_can_be_read() {
    let faults = Fault::parse_file(include_str!("../examples/faults.toml"));
    assert_eq!(
        faults
            .map(|faults| faults.len())
            .map_err(|error| error.to_string()),
        Ok(7)
    );
}
