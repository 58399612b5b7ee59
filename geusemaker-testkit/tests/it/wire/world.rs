//! An account with resources of every kind, and a valid call of each kind.

use geusemaker_testkit::{Aws, Snapshot, Timings};

use super::Request;

/// An account to start from, and calls that it answers with success.
pub(crate) struct World {
    pub(crate) snapshot: Snapshot,
    pub(crate) calls: Vec<Request>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let aws = Aws::builder().timings(Timings::Instant).build();
        let ask = async |request: Request| {
            let answer = request.send(&aws).await;
            assert!(answer.status < 300, "{request:?}: {}", answer.body);
            answer
        };
        let element = async |request, name: &str| ask(request).await.element(name);
        let json = async |request, name: &str| {
            let answer = ask(request).await;
            let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            value[name].as_str().unwrap().to_owned()
        };

        let vpc = element(Request::ec2("Action=DescribeVpcs"), "vpcId").await;
        let subnet = async |zone: &str| {
            let parameters = format!(
                "Action=DescribeSubnets&Filter.1.Name=availability-zone&Filter.1.Value.1={zone}"
            );
            element(Request::ec2(&parameters), "subnetId").await
        };
        let subnets = [subnet("us-east-1a").await, subnet("us-east-1b").await];
        let image = element(
            Request::ec2(
                "Action=DescribeImages&Owner.1=amazon&Filter.1.Name=architecture&Filter.1.Value.1=x86_64",
            ),
            "imageId",
        )
        .await;
        let group = element(
            Request::ec2(&format!(
                "Action=CreateSecurityGroup&GroupName=a&GroupDescription=b&VpcId={vpc}"
            )),
            "groupId",
        )
        .await;
        let launch = format!(
            "Action=RunInstances&ImageId={image}&InstanceType=g5.xlarge&MinCount=1&MaxCount=1\
             &SubnetId={}&SecurityGroupId.1={group}&ClientToken=a&UserData=YQ%3D%3D\
             &TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v\
             &BlockDeviceMapping.1.DeviceName=%2Fdev%2Fsda1&BlockDeviceMapping.1.Ebs.VolumeSize=200",
            subnets[0]
        );
        let instance = element(Request::ec2(&launch), "instanceId").await;
        let file_system = json(
            Request::efs("POST", "file-systems", r#"{"CreationToken": "a"}"#),
            "FileSystemId",
        )
        .await;
        let mount_target = json(
            Request::efs(
                "POST",
                "mount-targets",
                format!(
                    r#"{{"FileSystemId": "{file_system}", "SubnetId": "{}"}}"#,
                    subnets[0]
                ),
            ),
            "MountTargetId",
        )
        .await;
        let encoded = |arn: String| arn.replace(':', "%3A").replace('/', "%2F");
        let load_balancer_request = Request::elb(&format!(
            "Action=CreateLoadBalancer&Name=a&Subnets.member.1={}&Subnets.member.2={}&SecurityGroups.member.1={group}",
            subnets[0], subnets[1]
        ));
        let load_balancer =
            encoded(element(load_balancer_request.clone(), "LoadBalancerArn").await);
        let target_group_request = Request::elb(&format!(
            "Action=CreateTargetGroup&Name=a&Protocol=HTTP&Port=80&VpcId={vpc}&HealthCheckIntervalSeconds=10"
        ));
        let target_group = encoded(element(target_group_request.clone(), "TargetGroupArn").await);
        let listener_request = Request::elb(&format!(
            "Action=CreateListener&LoadBalancerArn={load_balancer}&Protocol=HTTP&Port=80\
             &DefaultActions.member.1.Type=forward&DefaultActions.member.1.TargetGroupArn={target_group}"
        ));
        let listener = encoded(element(listener_request.clone(), "ListenerArn").await);
        let rule_request = Request::elb(&format!(
            "Action=CreateRule&ListenerArn={listener}&Priority=1&Conditions.member.1.Field=path-pattern\
             &Conditions.member.1.PathPatternConfig.Values.member.1=%2Fa\
             &Actions.member.1.Type=fixed-response&Actions.member.1.FixedResponseConfig.StatusCode=404"
        ));
        ask(rule_request.clone()).await;
        let distribution_request = Request::cloudfront("POST", "distribution", DISTRIBUTION);
        let distribution = element(distribution_request.clone(), "Id").await;

        let trust = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
        let role_request = format!(
            "RoleName=b&AssumeRolePolicyDocument={trust}&Tags.member.1.Key=k&Tags.member.1.Value=v"
        );
        let arn = "PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FAmazonSSMManagedInstanceCore";
        for action in [
            format!("CreateRole&RoleName=a&AssumeRolePolicyDocument={trust}"),
            "CreateInstanceProfile&InstanceProfileName=a".to_owned(),
            "AddRoleToInstanceProfile&InstanceProfileName=a&RoleName=a".to_owned(),
            format!("AttachRolePolicy&RoleName=a&{arn}"),
        ] {
            ask(Request::iam(&format!("Action={action}"))).await;
        }
        let managed = element(
            Request::ec2(&format!("Action=RunInstances&ImageId={image}&InstanceType=t3.micro&MinCount=1&MaxCount=1&IamInstanceProfile.Name=a")),
            "instanceId",
        )
        .await;
        let script = format!(
            r#"{{"InstanceIds": ["{managed}"], "DocumentName": "AWS-RunShellScript", "Parameters": {{"commands": ["true"]}}, "TimeoutSeconds": 60}}"#
        );
        let answer = ask(Request::ssm("SendCommand", script.clone())).await;
        let sent: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let command = sent["Command"]["CommandId"].as_str().unwrap().to_owned();
        let parameter =
            r#"{"Name": "/a/b", "Value": "v", "Type": "SecureString", "Overwrite": true}"#;
        ask(Request::ssm("PutParameter", parameter)).await;

        let mut calls = vec![
            Request::ec2(&launch),
            load_balancer_request,
            target_group_request,
            listener_request,
            Request::cloudfront(
                "POST",
                "distribution?WithTags",
                format!(
                    "<DistributionConfigWithTags>{}<Tags><Items><Tag><Key>k</Key><Value>v</Value></Tag></Items></Tags></DistributionConfigWithTags>",
                    DISTRIBUTION.replace("reference", "another")
                ),
            ),
            Request::cloudfront("GET", &format!("distribution/{distribution}"), ""),
            Request::cloudfront("GET", &format!("distribution/{distribution}/config"), ""),
            Request::cloudfront("GET", "distribution?MaxItems=1", ""),
            Request::sts("Action=GetCallerIdentity"),
            Request::efs("GET", "file-systems?MaxItems=1", ""),
            Request::efs(
                "GET",
                &format!("file-systems?FileSystemId={file_system}"),
                "",
            ),
            Request::efs(
                "POST",
                "file-systems",
                r#"{"CreationToken": "b", "Encrypted": true, "PerformanceMode": "generalPurpose", "Tags": [{"Key": "k", "Value": "v"}]}"#,
            ),
            Request::efs(
                "GET",
                &format!("mount-targets?MountTargetId={mount_target}"),
                "",
            ),
            Request::efs(
                "GET",
                &format!("mount-targets/{mount_target}/security-groups"),
                "",
            ),
            Request::efs(
                "POST",
                "mount-targets",
                format!(
                    r#"{{"FileSystemId": "{file_system}", "SubnetId": "{}", "SecurityGroups": ["{group}"]}}"#,
                    subnets[1]
                ),
            ),
            Request::efs(
                "POST",
                &format!("resource-tags/{file_system}"),
                r#"{"Tags": [{"Key": "k", "Value": "v"}]}"#,
            ),
            Request::efs("GET", &format!("resource-tags/{file_system}"), ""),
            Request::efs("DELETE", &format!("mount-targets/{mount_target}"), ""),
        ];
        for action in [
            format!("CreateRole&{role_request}"),
            "GetRole&RoleName=a".to_owned(),
            "ListRoles&PathPrefix=%2F&MaxItems=1".to_owned(),
            "GetInstanceProfile&InstanceProfileName=a".to_owned(),
            "TagRole&RoleName=a&Tags.member.1.Key=k&Tags.member.1.Value=v".to_owned(),
            "PutRolePolicy&RoleName=a&PolicyName=p&PolicyDocument={\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"ssm:*\",\"Resource\":\"*\"}}".to_owned(),
            format!("DetachRolePolicy&RoleName=a&{arn}"),
            "RemoveRoleFromInstanceProfile&InstanceProfileName=a&RoleName=a".to_owned(),
        ] {
            calls.push(Request::iam(&format!("Action={action}")));
        }
        for (operation, body) in [
            (
                "DescribeInstanceInformation",
                r#"{"Filters": [{"Key": "PingStatus", "Values": ["Online"]}], "MaxResults": 5}"#
                    .to_owned(),
            ),
            ("SendCommand", script),
            (
                "GetCommandInvocation",
                format!(r#"{{"CommandId": "{command}", "InstanceId": "{managed}"}}"#),
            ),
            (
                "ListCommandInvocations",
                format!(r#"{{"CommandId": "{command}", "Details": true}}"#),
            ),
            ("CancelCommand", format!(r#"{{"CommandId": "{command}"}}"#)),
            (
                "StartSession",
                format!(
                    r#"{{"Target": "{managed}", "Parameters": {{"portNumber": ["80"]}}, "DocumentName": "AWS-StartPortForwardingSession"}}"#
                ),
            ),
            ("DescribeSessions", r#"{"State": "Active"}"#.to_owned()),
            ("PutParameter", parameter.to_owned()),
            (
                "GetParameter",
                r#"{"Name": "/a/b", "WithDecryption": true}"#.to_owned(),
            ),
            ("GetParameters", r#"{"Names": ["/a/b", "c"]}"#.to_owned()),
            (
                "ListTagsForResource",
                r#"{"ResourceType": "Parameter", "ResourceId": "/a/b"}"#.to_owned(),
            ),
        ] {
            calls.push(Request::ssm(operation, body));
        }
        for action in [
            "DescribeAvailabilityZones",
            "DescribeInstanceTypes&InstanceType.1=g5.xlarge",
            "DescribeInstanceTypeOfferings&LocationType=availability-zone&Filter.1.Name=instance-type&Filter.1.Value.1=g5.xlarge",
            "DescribeInstances&Filter.1.Name=instance-state-name&Filter.1.Value.1=running",
            "DescribeInstances&MaxResults=5",
            "DescribeNetworkInterfaces",
            "DescribeManagedPrefixLists",
            "DescribeTags&Filter.1.Name=key&Filter.1.Value.1=k",
            "DescribeKeyPairs",
            "CreateKeyPair&KeyName=a&KeyType=ed25519",
            "CreateSecurityGroup&GroupName=b&GroupDescription=c",
        ] {
            calls.push(Request::ec2(&format!("Action={action}")));
        }
        for action in [
            format!("DescribeInstances&InstanceId.1={instance}"),
            format!("DescribeInstanceStatus&InstanceId.1={instance}&IncludeAllInstances=true"),
            format!("GetConsoleOutput&InstanceId={instance}&Latest=true"),
            format!("CreateTags&ResourceId.1={instance}&Tag.1.Key=a&Tag.1.Value=b"),
            format!("DescribeSecurityGroups&GroupId.1={group}"),
            format!("DescribeSecurityGroupRules&Filter.1.Name=group-id&Filter.1.Value.1={group}"),
            format!(
                "AuthorizeSecurityGroupIngress&GroupId={group}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=22\
                 &IpPermissions.1.ToPort=22&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0%2F8\
                 &IpPermissions.1.IpRanges.1.Description=d"
            ),
            format!("TerminateInstances&InstanceId.1={instance}"),
        ] {
            calls.push(Request::ec2(&format!("Action={action}")));
        }
        for action in [
            format!("DescribeLoadBalancers&LoadBalancerArns.member.1={load_balancer}"),
            "DescribeLoadBalancers&Names.member.1=a".to_owned(),
            format!("DescribeListeners&LoadBalancerArn={load_balancer}"),
            format!("DescribeRules&ListenerArn={listener}"),
            format!("DescribeTargetGroups&LoadBalancerArn={load_balancer}"),
            format!("DescribeTargetGroupAttributes&TargetGroupArn={target_group}"),
            format!(
                "ModifyTargetGroupAttributes&TargetGroupArn={target_group}\
                 &Attributes.member.1.Key=deregistration_delay.timeout_seconds&Attributes.member.1.Value=5"
            ),
            format!(
                "RegisterTargets&TargetGroupArn={target_group}&Targets.member.1.Id={instance}&Targets.member.1.Port=80"
            ),
            format!("DescribeTargetHealth&TargetGroupArn={target_group}"),
            format!(
                "AddTags&ResourceArns.member.1={load_balancer}&Tags.member.1.Key=k&Tags.member.1.Value=v"
            ),
            format!("DescribeTags&ResourceArns.member.1={load_balancer}"),
            format!("DeleteLoadBalancer&LoadBalancerArn={load_balancer}"),
        ] {
            calls.push(Request::elb(&format!("Action={action}")));
        }
        Self {
            snapshot: aws.snapshot(),
            calls,
        }
    }

    /// Returns the account as it was at the start.
    pub(crate) fn account(&self) -> Aws {
        Aws::builder()
            .restore(self.snapshot.clone())
            .unwrap()
            .build()
    }
}

const DISTRIBUTION: &str = "<DistributionConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
<CallerReference>reference</CallerReference><Origins><Quantity>1</Quantity><Items><Origin><Id>alb</Id>\
<DomainName>alb.us-east-1.elb.amazonaws.com</DomainName><CustomOriginConfig><HTTPPort>80</HTTPPort>\
<HTTPSPort>443</HTTPSPort><OriginProtocolPolicy>http-only</OriginProtocolPolicy></CustomOriginConfig>\
</Origin></Items></Origins><DefaultCacheBehavior><TargetOriginId>alb</TargetOriginId>\
<ViewerProtocolPolicy>redirect-to-https</ViewerProtocolPolicy>\
<CachePolicyId>4135ea2d-6df8-44a3-9df3-4b5a84be39ad</CachePolicyId></DefaultCacheBehavior>\
<Comment>of a test</Comment><Enabled>true</Enabled></DistributionConfig>";
