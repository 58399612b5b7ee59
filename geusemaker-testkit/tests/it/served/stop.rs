//! The end of connections and of the server.

use std::net::TcpStream;
use std::time::Duration;

use geusemaker_testkit::serve::AwsServer;
use geusemaker_testkit::{Aws, Fault};

use super::connection::{Connection, call};

/// Other connections go on, and stopping the server ends the call.
#[tokio::test(flavor = "multi_thread")]
async fn stalled_call_blocks_its_connection() {
    let aws = Aws::builder()
        .speed(10_000.0)
        .fault(Fault::on("DescribeVpcs").stall())
        .build();
    let server = AwsServer::start(aws.clone()).await.unwrap();
    let mut stalled = Connection::to(&server);
    stalled.write(&call("ec2", "Action=DescribeVpcs"));
    let mut other = Connection::to(&server);
    while aws.calls().is_empty() {
        other.write(&call("sts", "Action=GetCallerIdentity"));
        assert_eq!(other.answer().status, 200);
    }
    server.shutdown().await;
    assert_eq!(stalled.rest(), b"");
    assert_eq!(other.rest(), b"");
    assert_eq!(aws.unfired(), []);
}

/// The port is free afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn stopping_server_answers_open_calls() {
    // Eight seconds of the account's time take a tenth of a second here.
    let aws = Aws::builder()
        .speed(80.0)
        .fault(Fault::on("CreateKeyPair").delay(Duration::from_secs(8)))
        .build();
    let server = AwsServer::start(aws.clone()).await.unwrap();
    let address = server.address();
    let mut idle = Connection::to(&server);
    idle.write(&call("sts", "Action=GetCallerIdentity"));
    assert_eq!(idle.answer().status, 200);
    let mut busy = Connection::to(&server);
    busy.write(&call("ec2", "Action=CreateKeyPair&KeyName=late"));
    while !aws.unfired().is_empty() {
        tokio::task::yield_now().await;
    }

    server.shutdown().await;
    assert_eq!(busy.answer().status, 200);
    assert_eq!(busy.rest(), b"");
    assert_eq!(idle.rest(), b"");
    assert!(TcpStream::connect(address).is_err());
    let again = AwsServer::bind(aws, address).await.unwrap();
    assert_eq!(again.address(), address);
}

#[tokio::test(flavor = "multi_thread")]
async fn address_in_use_is_refused() {
    let server = AwsServer::start(Aws::new()).await.unwrap();
    let error = AwsServer::bind(Aws::new(), server.address())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

/// A request takes effect although its caller has closed the connection.
#[tokio::test(flavor = "multi_thread")]
async fn request_outlives_its_caller() {
    let aws = Aws::builder()
        .speed(80.0)
        .fault(Fault::on("CreateKeyPair").delay(Duration::from_secs(8)))
        .build();
    let server = AwsServer::start(aws.clone()).await.unwrap();
    let mut gone = Connection::to(&server);
    gone.write(&call("ec2", "Action=CreateKeyPair&KeyName=unheard"));
    while !aws.unfired().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(gone);
    let mut connection = Connection::to(&server);
    loop {
        connection.write(&call("ec2", "Action=DescribeKeyPairs"));
        if connection.answer().body.contains("unheard") {
            break;
        }
        // A key pair that is not there after ten minutes never comes.
        assert!(aws.clock().elapsed() < Duration::from_secs(600));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wildcard_address_has_loopback_uri() {
    let server = AwsServer::bind(Aws::new(), ("0.0.0.0", 0)).await.unwrap();
    assert_eq!(
        server.uri(),
        format!("http://127.0.0.1:{}", server.address().port())
    );
}
