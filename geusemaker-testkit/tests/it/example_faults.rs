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

#[cfg(feature = "traffic")]
#[test]
fn example_traffic_faults_can_be_read() {
    let text = include_str!("../../examples/traffic-faults.toml");
    let file = FaultFile::parse(text).unwrap();
    let sentences: Vec<_> = file
        .traffic_faults
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        sentences,
        [
            "every request to ollama on instance 1 from 10m on, without health checks, is never answered",
            "request 3 to ollama gets 2 pieces of a body that breaks off",
        ]
    );
}
