//! The HTTP protocol: persistent connections, pipelined requests, oversized bodies and lost answers.

use geusemaker_testkit::serve::AwsServer;
use geusemaker_testkit::{Aws, Fault, Outcome};

use super::connection::{Connection, call, head};

const SPEED: f64 = 10_000.0;

#[tokio::test(flavor = "multi_thread")]
async fn connection_serves_several_requests() {
    let aws = Aws::builder().speed(SPEED).build();
    let server = AwsServer::start(aws.clone()).await.unwrap();
    let mut connection = Connection::to(&server);
    for _ in 0..3 {
        connection.write(&call("ec2", "Action=DescribeVpcs"));
        let answer = connection.answer();
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.contains("<vpcId>vpc-"), "{}", answer.body);
    }
    assert_eq!(aws.calls().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_keep_their_order() {
    let aws = Aws::builder().speed(SPEED).build();
    let server = AwsServer::start(aws.clone()).await.unwrap();
    let mut connection = Connection::to(&server);
    let asked = [
        "DescribeVpcs",
        "DescribeSubnets",
        "Nothing",
        "DescribeKeyPairs",
    ];
    let all: String = asked
        .iter()
        .map(|operation| call("ec2", &format!("Action={operation}")))
        .collect();
    connection.write(&all);
    for operation in asked {
        let answer = connection.answer();
        let expected = match operation {
            "Nothing" => "<Code>SimulatorUnsupported</Code>".to_owned(),
            _ => format!("<{operation}Response"),
        };
        assert!(answer.body.contains(&expected), "{}", answer.body);
    }
    let operations: Vec<_> = aws.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(operations, asked);
}

/// The limit is one mebibyte, and the account does not see the request.
#[tokio::test(flavor = "multi_thread")]
async fn oversized_body_is_refused() {
    let aws = Aws::builder().speed(SPEED).build();
    let server = AwsServer::start(aws.clone()).await.unwrap();
    let size = (1 << 20) + 1;

    let mut announced = Connection::to(&server);
    announced.write(&format!("{}content-length: {size}\r\n\r\n", head("ec2")));
    assert_eq!(announced.answer().status, 413);
    assert_eq!(announced.rest(), b"");

    let mut chunked = Connection::to(&server);
    chunked.write(&format!(
        "{}transfer-encoding: chunked\r\n\r\n{size:x}\r\n{}",
        head("ec2"),
        "a".repeat(size)
    ));
    assert_eq!(chunked.answer().status, 413);
    assert_eq!(aws.calls(), []);

    let mut largest = Connection::to(&server);
    let parameters = format!("Action=DescribeVpcs&{}", "&".repeat((1 << 20) - 60));
    largest.write(&call("ec2", &parameters));
    assert_eq!(largest.answer().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn expect_header_gets_100_continue() {
    let aws = Aws::builder().speed(SPEED).build();
    let server = AwsServer::start(aws).await.unwrap();
    let mut connection = Connection::to(&server);
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    connection.write(&format!(
        "{}expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        head("sts"),
        body.len()
    ));
    assert_eq!(connection.answer().status, 100);
    connection.write(body);
    let answer = connection.answer();
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("<Account>123456789012</Account>"));
}

/// Other connections go on.
#[tokio::test(flavor = "multi_thread")]
async fn invalid_bytes_end_their_connection() {
    let aws = Aws::builder().speed(SPEED).build();
    let server = AwsServer::start(aws.clone()).await.unwrap();
    let mut strange = Connection::to(&server);
    strange.write("\u{16}\u{3}\u{1}\r\n\r\n");
    let rest = strange.rest();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 400 "));
    let mut unsigned = Connection::to(&server);
    unsigned.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert_eq!(unsigned.answer().status, 403);
}

/// The client gets no byte of the reply.
#[tokio::test(flavor = "multi_thread")]
async fn lost_reply_closes_connection() {
    let aws = Aws::builder()
        .speed(SPEED)
        .fault(Fault::on("CreateKeyPair").lose_reply())
        .fault(Fault::on("DescribeKeyPairs").reset())
        .build();
    let server = AwsServer::start(aws.clone()).await.unwrap();
    for parameters in [
        "Action=CreateKeyPair&KeyName=lost",
        "Action=DescribeKeyPairs",
    ] {
        let mut connection = Connection::to(&server);
        connection.write(&call("ec2", parameters));
        assert_eq!(connection.rest(), b"");
    }
    assert!(aws.calls().iter().all(|it| it.outcome == Outcome::Silence));
    assert_eq!(aws.unfired(), []);

    let mut connection = Connection::to(&server);
    connection.write(&call("ec2", "Action=DescribeKeyPairs"));
    let answer = connection.answer();
    assert!(
        answer.body.contains("<keyName>lost</keyName>"),
        "{}",
        answer.body
    );
}
