//! The query protocols: actions, versions, and parameters that cannot be read.

use geusemaker_testkit::Aws;

use super::{Request, Service};

#[tokio::test(start_paused = true)]
async fn form_may_be_in_query_or_body() {
    let aws = Aws::new();
    let target = "/?Action=DescribeVpcs&Version=2016-11-15";
    for request in [
        Request::new(Service::Ec2, "GET", target, ""),
        Request::new(Service::Ec2, "POST", target, ""),
        Request::new(
            Service::Ec2,
            "POST",
            "/?Action=DescribeVpcs",
            "Version=2016-11-15",
        ),
    ] {
        let answer = request.send(&aws).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.contains("172.31.0.0/16"));
    }
    let deletion = Request::new(Service::Ec2, "DELETE", target, "");
    assert_eq!(
        deletion.send(&aws).await.refusal(),
        (501, "SimulatorUnsupported")
    );
}

#[tokio::test(start_paused = true)]
async fn form_without_action_is_refused() {
    let aws = Aws::new();
    for request in [
        Request::ec2("DryRun=true"),
        Request::elb(""),
        Request::sts("action=GetCallerIdentity"),
        Request::form(Service::Ec2, ""),
        Request::form(Service::Sts, "{\"Action\": \"GetCallerIdentity\"}"),
    ] {
        assert_eq!(request.send(&aws).await.refusal(), (400, "MissingAction"));
    }
}

#[tokio::test(start_paused = true)]
async fn unsupported_action_is_refused() {
    let aws = Aws::new();
    for request in [
        Request::ec2("Action=DescribeFlyingCarpets"),
        Request::ec2("Action="),
        Request::elb("Action=Describe%3CLoadBalancers%3E"),
        Request::sts("Action=GetSessionToken"),
    ] {
        assert_eq!(
            request.send(&aws).await.refusal(),
            (501, "SimulatorUnsupported")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn version_error_depends_on_service() {
    let aws = Aws::new();
    let refusal = async |service, form: &str| {
        let answer = Request::form(service, form).send(&aws).await;
        (answer.status, answer.code().to_owned(), answer.message)
    };
    let describe = "Action=DescribeVpcs";
    assert_eq!(
        refusal(Service::Ec2, &format!("{describe}&Version=2015-12-01x")).await,
        (
            400,
            "NoSuchVersion".to_owned(),
            "The requested version (2015-12-01x) of service AmazonEC2 does not exist".to_owned()
        )
    );
    let (status, code, _) = refusal(Service::Ec2, &format!("{describe}&Version=2014-10-01")).await;
    assert_eq!((status, &*code), (501, "SimulatorUnsupported"));
    let (status, code, _) = refusal(Service::Ec2, describe).await;
    assert_eq!((status, &*code), (400, "MissingParameter"));
    assert_eq!(
        refusal(
            Service::ElasticLoadBalancing,
            "Action=DescribeTargetGroups&Version=2012-06-02"
        )
        .await,
        (
            400,
            "InvalidAction".to_owned(),
            "Could not find operation DescribeTargetGroups for version 2012-06-02".to_owned()
        )
    );
    let classic = "Action=DescribeLoadBalancers&Version=2012-06-01";
    let (status, code, _) = refusal(Service::ElasticLoadBalancing, classic).await;
    assert_eq!((status, &*code), (501, "SimulatorUnsupported"));
    let (_, code, message) = refusal(Service::Sts, "Action=GetCallerIdentity").await;
    assert_eq!(code, "InvalidAction");
    assert!(message.ends_with("NO_VERSION_SPECIFIED"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn malformed_form_is_refused() {
    let aws = Aws::new();
    for value in [&b"%"[..], b"%4", b"%zz", b"%ff", b"\xff", b"%00", b"a%1Fb"] {
        for service in [
            Service::Ec2,
            Service::ElasticLoadBalancing,
            Service::Iam,
            Service::Sts,
        ] {
            let form = [b"Action=Any&Version=2016-11-15&Name=", value].concat();
            let answer = Request::form(service, form).send(&aws).await;
            assert_eq!(answer.refusal(), (404, "MalformedQueryString"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn repeated_parameter_is_refused() {
    let aws = Aws::new();
    for parameters in [
        "Action=DescribeVpcs&DryRun=true&DryRun=false",
        "Action=DescribeVpcs&Action=DeleteVpc",
        "Action=DescribeVpcs&VpcId.1=vpc-1&VpcId.1=vpc-1",
    ] {
        let answer = Request::ec2(parameters).send(&aws).await;
        assert_eq!(answer.refusal(), (501, "SimulatorUnsupported"));
        assert!(answer.message.contains("comes twice"), "{}", answer.message);
    }
}

#[tokio::test(start_paused = true)]
async fn list_numbers_may_have_gaps() {
    let aws = Aws::new();
    let filter = "Action=DescribeVpcs&Filter.7.Name=is-default&Filter.7.Value.3=true";
    let answer = Request::ec2(filter).send(&aws).await;
    assert_eq!(answer.element("isDefault"), "true");
}

#[tokio::test(start_paused = true)]
async fn invalid_list_number_is_refused() {
    let aws = Aws::new();
    for number in [
        "0",
        "-1",
        "+1",
        "01",
        "1a",
        "4294967296",
        "99999999999999999999",
        "",
    ] {
        let parameters = format!(
            "Action=DescribeVpcs&VpcId.{}=vpc-1",
            number.replace('+', "%2B")
        );
        let answer = Request::ec2(&parameters).send(&aws).await;
        assert_eq!(answer.refusal(), (501, "SimulatorUnsupported"), "{number}");
        let name = format!("VpcId.{number}");
        assert!(answer.message.contains(&name), "{}", answer.message);
    }
}

#[tokio::test(start_paused = true)]
async fn value_of_wrong_type_is_refused() {
    let aws = Aws::new();
    for parameters in [
        "Action=DescribeVpcs&DryRun=yes",
        "Action=DescribeVpcs&DryRun=",
        "Action=DescribeVpcs&DryRun=1",
        "Action=DescribeInstances&MaxResults=7.5",
        "Action=DescribeInstances&MaxResults=-7",
        "Action=DescribeInstances&MaxResults=99999999999999999999",
        "Action=DescribeInstances&MaxResults=seven",
    ] {
        let answer = Request::ec2(parameters).send(&aws).await;
        assert_eq!(
            answer.refusal(),
            (400, "InvalidParameterValue"),
            "{parameters}: {}",
            answer.body
        );
    }
}

#[tokio::test(start_paused = true)]
async fn error_message_is_escaped() {
    let aws = Aws::new();
    let id = "<b>&amp;\"'\r\n]]>\u{1F980}";
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "DescribeVpcs")
        .append_pair("VpcId.1", id)
        .finish();
    let answer = Request::ec2(&form).send(&aws).await;
    assert_eq!(answer.status, 400);
    assert!(answer.message.contains(id), "{}", answer.message);
}
