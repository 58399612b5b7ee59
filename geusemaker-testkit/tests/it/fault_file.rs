//! Fault files: their contents, and the errors in them.

use std::time::Duration;

use geusemaker_testkit::{BootFault, Fault, FaultFile};

#[test]
fn fault_file_matches_builder() {
    let text = r#"
        [[fault]]
        on = "RunInstances"
        nth = 2
        answer = "InsufficientInstanceCapacity"
        status = 503
        message = "none left"

        [[fault]]
        on = "CreateLoadBalancer"
        lose-reply = true

        [[fault]]
        on = "elasticloadbalancing:DescribeTags"
        throttled = true
        times = 20

        [[fault]]
        on = "ec2:*"
        after = "1h 30m"
        while-in = ["EC2::Instance", "running"]
        server-error = true
        after-effect = true
        forever = true
        optional = true

        [[fault]]
        on = "*"
        delay = "1500ms"

        [[fault]]
        on = "RegisterTargets"
        fails = "Target.Timeout"
        later = "10m"

        [[fault]]
        on = "CreateDistribution"
        stuck = true

        [[fault]]
        on = "CreateMountTarget"
        slow = "PT20M"

        [[fault]]
        on = "CreateVpc"
        reset = true

        [[fault]]
        on = "CreateVpc"
        stall = true

        [[fault]]
        on = "DeleteVpc"
        denied = true

        [[fault]]
        on = "RunInstances"
        instance-type = "g5.xlarge"
        zone = "us-east-1a"
        times = 3
        fails = "Server.InsufficientInstanceCapacity"
    "#;
    let minutes = |n: u64| Duration::from_secs(60 * n);
    let expected: [Fault; 12] = [
        Fault::on("RunInstances")
            .nth(2)
            .answer("InsufficientInstanceCapacity")
            .status(503)
            .message("none left")
            .into(),
        Fault::on("CreateLoadBalancer").lose_reply().into(),
        Fault::on("elasticloadbalancing:DescribeTags")
            .throttled()
            .times(20)
            .into(),
        Fault::on("ec2:*")
            .after(minutes(90))
            .while_in("EC2::Instance", "running")
            .server_error()
            .after_effect()
            .forever()
            .optional()
            .into(),
        Fault::on_any().delay(Duration::from_millis(1500)).into(),
        Fault::on("RegisterTargets")
            .fails("Target.Timeout")
            .later(minutes(10))
            .into(),
        Fault::on("CreateDistribution").stuck().into(),
        Fault::on("CreateMountTarget").slow(minutes(20)).into(),
        Fault::on("CreateVpc").reset().into(),
        Fault::on("CreateVpc").stall().into(),
        Fault::on("DeleteVpc").denied().into(),
        Fault::on("RunInstances")
            .of_type("g5.xlarge")
            .in_zone("us-east-1a")
            .times(3)
            .fails("Server.InsufficientInstanceCapacity")
            .into(),
    ];
    assert_eq!(Fault::parse_file(text).unwrap(), expected);
}

#[test]
fn empty_file_has_no_faults() {
    assert_eq!(Fault::parse_file("# none\n").unwrap(), []);
}

#[test]
fn parse_error_names_line_and_remedy() {
    for (line, key, text, part) in [
        (
            2,
            Some("on"),
            "[[fault]]\non = 'RunInstance'\nreset = true",
            "did you mean `RunInstances`?",
        ),
        (
            2,
            Some("on"),
            "[[fault]]\non = 'ec:RunInstances'\nreset = true",
            "did you mean `ec2:RunInstances`?",
        ),
        (
            2,
            Some("on"),
            "[[fault]]\non = 'elasticfilesystem:CreateVpc'\nreset = true",
            "no operation `elasticfilesystem:CreateVpc`",
        ),
        (
            2,
            Some("on"),
            "[[fault]]\non = 'Frobnicate'\nreset = true",
            "no operation `Frobnicate`",
        ),
        (
            4,
            None,
            "[[fault]]\non = '*'\n\nrest = true",
            "unknown field `rest`",
        ),
        (1, None, "[[faults]]\non = '*'", "unknown field `faults`"),
        (1, None, "[fault]\non = '*'", "sequence"),
        (1, None, "[[fault]]\nreset = true", "missing field `on`"),
        (
            1,
            None,
            "[[fault]]\non = '*'",
            "give one of `answer`, `denied`",
        ),
        (
            3,
            None,
            "\n\n[[fault]]\non = '*'\nreset = true\nstall = true",
            "`reset` and `stall` exclude",
        ),
        (
            4,
            Some("status"),
            "[[fault]]\non = '*'\nreset = true\nstatus = 500",
            "needs `answer`",
        ),
        (
            4,
            Some("message"),
            "[[fault]]\non = '*'\nstall = true\nmessage = 'no'",
            "needs `answer`",
        ),
        (
            4,
            Some("later"),
            "[[fault]]\non = '*'\nstuck = true\nlater = '5m'",
            "needs `fails`",
        ),
        (
            4,
            Some("after-effect"),
            "[[fault]]\non = '*'\nstuck = true\nafter-effect = true",
            "cannot be combined",
        ),
        (
            3,
            Some("instance-type"),
            "[[fault]]\non = 'RunInstances'\ninstance-type = 'g5.huge'\nreset = true",
            "no `g5.huge`",
        ),
        (
            3,
            Some("zone"),
            "[[fault]]\non = 'RunInstances'\nzone = 'us-west-1c'\nreset = true",
            "no `us-west-1c`",
        ),
        (
            1,
            None,
            "[[fault]]\non = '*'\nreset = true\ntimes = 2\nforever = true",
            "`times` and `forever`",
        ),
        (
            3,
            Some("nth"),
            "[[fault]]\non = '*'\nnth = 0\nreset = true",
            "counted from 1",
        ),
        (
            3,
            None,
            "[[fault]]\non = '*'\nnth = 'two'\nreset = true",
            "expected u32",
        ),
        (
            3,
            Some("status"),
            "[[fault]]\non = '*'\nstatus = 200\nanswer = 'X'",
            "400 to 599",
        ),
        (
            3,
            Some("delay"),
            "[[fault]]\non = '*'\ndelay = 'long'",
            "`90s`, `5m` or `1h 30m`",
        ),
        (
            3,
            Some("delay"),
            "[[fault]]\non = '*'\ndelay = '-5m'",
            "`90s`, `5m` or `1h 30m`",
        ),
        (
            3,
            Some("slow"),
            "[[fault]]\non = '*'\nslow = '99999999h'",
            "`99999999h` is longer than a century",
        ),
        (3, None, "[[fault]]\non = '*'\n= = 3", ""),
    ] {
        let error = Fault::parse_file(text).unwrap_err();
        assert_eq!((error.line, error.key), (line, key), "{text}\n{error}");
        assert!(error.to_string().contains(part), "{text}\n{error}");
    }
}

#[test]
fn parse_error_displays_line_and_key() {
    let error = Fault::parse_file("[[fault]]\non = '*'\nnth = 0\nreset = true").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 3: `nth`: must be at least 1; calls are counted from 1"
    );
}

#[test]
#[should_panic(expected = "did you mean `RunInstances`?")]
fn misspelt_operation_panics_at_once() {
    let _ = Fault::on("RunInstance");
}

#[test]
fn fault_displays_sentence_and_code() {
    let minute = Duration::from_secs(60);
    let faults: [(Fault, &str, &str); 7] = [
        (
            Fault::on("RunInstances")
                .nth(2)
                .answer("Unavailable")
                .into(),
            "call 2 of RunInstances is refused with Unavailable",
            r#"Fault::on("RunInstances").nth(2).answer("Unavailable")"#,
        ),
        (
            Fault::on("ec2:DescribeTags").times(3).throttled().into(),
            "each of calls 1 to 3 of ec2:DescribeTags is throttled",
            r#"Fault::on("ec2:DescribeTags").nth(1).times(3).throttled()"#,
        ),
        (
            Fault::on_any()
                .forever()
                .after(minute)
                .server_error()
                .into(),
            "every call of * from 1m on fails with a server error",
            "Fault::on_any().nth(1).forever().after(Duration::from_secs(60)).server_error()",
        ),
        (
            Fault::on("CreateVpc")
                .while_in("EC2::Instance", "running")
                .lose_reply()
                .into(),
            "call 1 of CreateVpc while some EC2::Instance is running takes effect and its reply is lost",
            r#"Fault::on("CreateVpc").nth(1).while_in("EC2::Instance", "running").lose_reply()"#,
        ),
        (
            Fault::on("RegisterTargets")
                .fails("Target.Timeout")
                .later(minute)
                .optional()
                .into(),
            "call 1 of RegisterTargets makes its resource fail with Target.Timeout 1m after its start",
            r#"Fault::on("RegisterTargets").nth(1).fails("Target.Timeout").later(Duration::from_secs(60)).optional()"#,
        ),
        (
            Fault::on("RunInstances")
                .of_type("g5.xlarge")
                .in_zone("us-east-1a")
                .fails("Server.InternalError")
                .into(),
            "call 1 of RunInstances for g5.xlarge in us-east-1a makes its resource fail with Server.InternalError",
            r#"Fault::on("RunInstances").nth(1).of_type("g5.xlarge").in_zone("us-east-1a").fails("Server.InternalError")"#,
        ),
        (
            Fault::on("CreateVpc").panic().after_effect().into(),
            "call 1 of CreateVpc panics after it took effect",
            r#"Fault::on("CreateVpc").nth(1).panic().after_effect()"#,
        ),
    ];
    for (fault, sentence, rust) in faults {
        assert_eq!(fault.to_string(), sentence);
        assert_eq!(fault.to_rust(), rust);
    }
}

#[test]
fn boot_faults_match_constructors() {
    let text = r#"
        [[fault]]
        on = "CreateVpc"
        denied = true

        [[boot-fault]]
        fault = "image-not-found"
        service = "vllm"
        instance = 2
        optional = true

        [[boot-fault]]
        fault = "container-exits"
        service = "web"
        exit-code = 137
    "#;
    let file = FaultFile::parse(text).unwrap();
    assert_eq!(file.faults.len(), 1);
    assert_eq!(
        file.boot_faults,
        [
            BootFault::image_not_found("vllm").on_instance(2).optional(),
            BootFault::container_exits("web", 137),
        ]
    );
    for (word, fault) in [
        ("image-denied", BootFault::image_denied("a")),
        ("no-space-left", BootFault::no_space_left("a")),
        ("out-of-gpu-memory", BootFault::out_of_gpu_memory("a")),
        ("secret-unreadable", BootFault::secret_unreadable("a")),
        ("container-exits", BootFault::container_exits("a", 1)),
    ] {
        let text = format!("[[boot_fault]]\nfault = '{word}'\nservice = 'a'");
        assert_eq!(FaultFile::parse(&text).unwrap().boot_faults, [fault]);
    }
    for (word, fault) in [
        ("mount-refused", BootFault::mount_refused()),
        ("script-fails", BootFault::script_fails()),
    ] {
        let text = format!("[[boot_fault]]\nfault = '{word}'");
        assert_eq!(FaultFile::parse(&text).unwrap().boot_faults, [fault]);
    }
}

#[test]
fn wrong_boot_fault_is_an_error() {
    for (line, key, text, part) in [
        (
            2,
            None,
            "[[boot-fault]]\nfault = 'fire'",
            "unknown variant `fire`",
        ),
        (
            1,
            None,
            "[[boot-fault]]\nfault = 'image-denied'",
            "needs a `service`",
        ),
        (
            3,
            Some("service"),
            "[[boot-fault]]\nfault = 'mount-refused'\nservice = 'a'",
            "the whole instance",
        ),
        (
            4,
            Some("exit-code"),
            "[[boot-fault]]\nfault = 'image-denied'\nservice = 'a'\nexit-code = 1",
            "`container-exits`",
        ),
        (
            3,
            Some("instance"),
            "[[boot-fault]]\nfault = 'script-fails'\ninstance = 0",
            "counted from 1",
        ),
    ] {
        let error = FaultFile::parse(text).unwrap_err();
        assert_eq!((error.line, error.key), (line, key), "{text}\n{error}");
        assert!(error.to_string().contains(part), "{text}\n{error}");
    }
    let error = Fault::parse_file("\n[[boot-fault]]\nfault = 'script-fails'").unwrap_err();
    assert_eq!(error.line, 2);
    assert!(error.to_string().contains("`FaultFile::parse`"), "{error}");
}

#[cfg(feature = "traffic")]
#[test]
fn traffic_faults_match_builder() {
    use geusemaker_testkit::traffic::{Place, TrafficFault};
    let text = r#"
        [[traffic-fault]]
        fault = "hangs"
        service = "vllm"

        [[traffic-fault]]
        fault = "answers"
        service = "web"
        instance = 2
        port = 80
        status = 503
        path = "/v1/"
        health-checks = "spared"
        after = "5m"
        nth = 3
        times = 2
        optional = true

        [[traffic-fault]]
        fault = "breaks-off"
        after-pieces = 2

        [[traffic-fault]]
        fault = "answers-late"
        delay = "10s"
        health-checks = "only"
    "#;
    let file = FaultFile::parse(text).unwrap();
    let second = Place::service("web").on_instance(2).on_port(80);
    let failing = TrafficFault::answers(second, 503)
        .on_path("/v1/")
        .spare_health_checks()
        .after(Duration::from_secs(300));
    let late = TrafficFault::answers_late(Place::anywhere(), Duration::from_secs(10));
    let expected = [
        TrafficFault::hangs("vllm"),
        failing.nth(3).times(2).optional(),
        TrafficFault::breaks_off_after_pieces(Place::anywhere(), 2),
        late.only_health_checks(),
    ];
    assert_eq!(file.traffic_faults, expected);
    let sentences: Vec<_> = expected.iter().map(ToString::to_string).collect();
    assert_eq!(
        sentences,
        [
            "every request to vllm is never answered",
            "each of requests 3 to 4 to web on port 80 of instance 2 for /v1/* from 5m on, without health checks, \
             is answered with 503",
            "every request to any instance gets 2 pieces of a body that breaks off",
            "every request to any instance, of health checks alone, is answered 10s late",
        ]
    );
}

#[cfg(feature = "traffic")]
#[test]
fn wrong_traffic_fault_says_what_is_right() {
    for (keys, says) in [
        (
            "fault = 'hang'",
            "unknown variant `hang`, expected one of `answers`",
        ),
        (
            "fault = 'hangs'\nstatus = 500",
            "line 3: `status`: needs the fault `answers`",
        ),
        (
            "fault = 'answers'\nstatus = 99",
            "line 3: `status`: must be from 200 to 599",
        ),
        (
            "fault = 'breaks-off'",
            "line 1: the fault needs `after-bytes` or `after-pieces`",
        ),
        (
            "fault = 'breaks-off'\nafter-bytes = 1\nafter-pieces = 1",
            "exclude each other",
        ),
        (
            "fault = 'answers-late'",
            "the fault needs a `delay`, such as `10s`",
        ),
        (
            "fault = 'hangs'\ndelay = '1s'",
            "needs the fault `answers-late` or `streams-slowly`",
        ),
        (
            "fault = 'hangs'\npath = 'v1'",
            "line 3: `path`: must begin with `/`",
        ),
        (
            "fault = 'hangs'\nservice = ''",
            "line 3: `service`: must not be empty",
        ),
        (
            "fault = 'hangs'\ninstance = 0",
            "line 3: `instance`: must be at least 1",
        ),
    ] {
        let error = FaultFile::parse(&format!("[[traffic-fault]]\n{keys}\n")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(says), "{keys}: {text}");
    }
    let error = Fault::parse_file("[[traffic-fault]]\nfault = 'hangs'\n").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("read it with `FaultFile::parse`")
    );
}
