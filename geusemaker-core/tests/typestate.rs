//! The order is a type: every wrong order does not compile, beside a twin that differs by one call and does.

#[test]
fn a_wrong_order_does_not_compile_and_the_right_one_does() {
    // One harness: its project, and with it the SDK, is built once.
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/typestate/*.fails.rs");
    cases.pass("tests/typestate/*.compiles.rs");
}
